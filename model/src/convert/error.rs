//! What can be wrong with a checkpoint.

use crate::config::ConfigError;
use crate::tokenizer::TokenizerError;
use crate::weights::WeightsError;

/// A checkpoint that cannot be converted or packed.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The safetensors files, or the model to be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The config the checkpoint amounts to.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The tokenizer beside the checkpoint.
    #[error("`{path}`: {source}")]
    Tokenizer {
        /// The file.
        path: String,
        /// Why.
        source: TokenizerError,
    },
    /// Reading failed.
    #[error(
        "reading `{path}` failed: {source}; the folder must hold config.json, safetensors and tokenizer.json (`convert` takes another by --tokenizer)"
    )]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A JSON file that is not what it should be.
    #[error("`{path}` cannot be read: {detail}")]
    Json {
        /// The file.
        path: String,
        /// What the parser found.
        detail: String,
    },
    /// A folder without safetensors.
    #[error(
        "`{folder}` holds neither model.safetensors nor model.safetensors.index.json; save the checkpoint with \
         `safe_serialization=True` first (pickled .bin files are not read)"
    )]
    NoWeights {
        /// The folder.
        folder: String,
    },
    /// An index that names files elsewhere, or tensors its files do not hold.
    #[error("the index of `{folder}` is wrong about {what}; download the checkpoint again")]
    Index {
        /// The folder.
        folder: String,
        /// The file or tensors.
        what: String,
    },
    /// An architecture that is not one of ours.
    #[error("`{path}`: `{field}` is {found}, supported is {supported}")]
    Unsupported {
        /// The config.
        path: String,
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// What could be converted.
        supported: &'static str,
    },
    /// Tensors that do not make up the architecture. All are listed.
    #[error("`{folder}` does not hold the tensors of its config: missing {missing:?}, unknown {unknown:?}")]
    Names {
        /// The folder.
        folder: String,
        /// Tensors the config asks for.
        missing: Vec<String>,
        /// Tensors nobody asked for.
        unknown: Vec<String>,
    },
    /// A tensor of another shape than its config says.
    #[error("`{folder}`: tensor `{name}` is {found:?}, its config asks for {expected:?}")]
    Shape {
        /// The folder.
        folder: String,
        /// The tensor's name there.
        name: String,
        /// Shape by the config.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<u64>,
    },
    /// A tensor of integers, or of a float nobody trains in.
    #[error("`{folder}`: tensor `{name}` is of type {found}, supported are F32, F16 and BF16")]
    Dtype {
        /// The folder.
        folder: String,
        /// The tensor's name there.
        name: String,
        /// Its type.
        found: String,
    },
    /// A second copy of the embedding that is not a copy.
    #[error(
        "`{folder}`: `{name}` should be the same as `{original}` by the config and is not; which of the two is meant cannot be known"
    )]
    NotTied {
        /// The folder.
        folder: String,
        /// The copy.
        name: String,
        /// What it should be a copy of.
        original: String,
    },
    /// Source and target are one folder.
    #[error("`{folder}` is both source and target; give another folder to write to")]
    SameFolder {
        /// The folder.
        folder: String,
    },
    /// A pattern that names no tensor.
    #[error("no tensor of the model matches {patterns:?}; `model-tools inspect` lists the names")]
    IdlePatterns {
        /// The patterns.
        patterns: Vec<String>,
    },
}
