//! What can be wrong with a model's files.

use std::fmt::Write as _;

use crate::config::ConfigError;
use crate::manifest::{ManifestError, Storage};

use super::header::HEADER_LIMIT_BYTES;
use super::quant::QuantError;

/// A model whose files cannot be used. Every message can be shown as it is.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// `manifest.json` itself.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A config outside a manifest.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A chunk number past the end of the file.
    #[error("`{file}` has {chunks} chunks, chunk {index} was handed in; load the model again")]
    NoSuchChunk {
        /// The file.
        file: String,
        /// The number handed in.
        index: usize,
        /// Chunks of the file.
        chunks: usize,
    },
    /// A chunk of the wrong length.
    #[error(
        "chunk {index} of `{file}` has {found} bytes, the manifest asks for {expected}; the file is cut short or of another model, load it again"
    )]
    ChunkLength {
        /// The file.
        file: String,
        /// The chunk.
        index: usize,
        /// Its length.
        found: u64,
        /// Its length by the manifest.
        expected: u64,
    },
    /// Bytes that are not those the manifest describes.
    #[error("chunk {index} of `{file}` does not match its hash; delete the cached model and load it again")]
    Corrupt {
        /// The file.
        file: String,
        /// The chunk.
        index: usize,
    },
    /// More or fewer bytes than the manifest says.
    #[error(
        "`{file}` has {found} bytes, the manifest asks for {expected}; the file is cut short or of another model, load it again"
    )]
    FileLength {
        /// The file.
        file: String,
        /// Its length.
        found: u64,
        /// Its length by the manifest.
        expected: u64,
    },
    /// `finish` before every chunk was there.
    #[error("{missing} chunks of `{file}` are missing; the download stopped early, load the model again")]
    Incomplete {
        /// The file.
        file: String,
        /// Chunks not yet handed in.
        missing: usize,
    },
    /// Fewer than 8 bytes, or fewer than the header's length says.
    #[error("the weights file has {found} bytes, its header needs {needed}; the file is cut short, load it again")]
    HeaderCut {
        /// Bytes there are.
        found: u64,
        /// Bytes needed.
        needed: u64,
    },
    /// A header over the cap.
    #[error(
        "the weights file claims a header of {found} bytes, the limit is {HEADER_LIMIT_BYTES}; it is not a model of this program"
    )]
    HeaderTooLong {
        /// The length claimed.
        found: u64,
    },
    /// A header that is not the JSON of a safetensors file.
    #[error("the header of the weights file cannot be read: {detail}; load the model again from its source")]
    Header {
        /// What the parser found.
        detail: String,
    },
    /// A tensor whose offsets leave the file, leave a gap or overlap another's.
    #[error(
        "tensor `{name}` claims bytes {start} to {end} of {length}, expected is a start at {expected}; the header of the weights file is damaged"
    )]
    Offsets {
        /// The tensor.
        name: String,
        /// First byte claimed.
        start: u64,
        /// End claimed.
        end: u64,
        /// Where the tensor must start: the end of the one before it.
        expected: u64,
        /// Bytes of data in the file.
        length: u64,
    },
    /// A tensor whose bytes are not its shape times its element size.
    #[error(
        "tensor `{name}` has {found} bytes, its shape {shape:?} of {dtype} asks for {expected}; the header of the weights file is damaged"
    )]
    Size {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: String,
        /// Its shape.
        shape: Vec<u64>,
        /// Bytes claimed.
        found: u64,
        /// Bytes by shape and type; `u64::MAX` where that overflows.
        expected: u64,
    },
    /// Bytes behind the last tensor.
    #[error("the weights file has {length} bytes of data, its tensors end at {end}; the file is damaged")]
    Trailing {
        /// End of the last tensor.
        end: u64,
        /// Bytes of data.
        length: u64,
    },
    /// Names that do not fit the config.
    #[error("the weights do not fit the config:{}", lists(missing, unexpected))]
    Names {
        /// Tensors of the config that the file lacks.
        missing: Vec<String>,
        /// Tensors of the file that the config lacks.
        unexpected: Vec<String>,
    },
    /// A type the config or the storage does not allow.
    #[error(
        "tensor `{name}` is of type {found}, allowed is {expected}; the weights were written by another program, pack them again"
    )]
    Dtype {
        /// The tensor.
        name: String,
        /// Type in the file.
        found: String,
        /// Types allowed.
        expected: &'static str,
    },
    /// A shape the config does not ask for.
    #[error(
        "tensor `{name}` is {found:?}, the config asks for {expected:?}; the weights and manifest.json do not belong together"
    )]
    Shape {
        /// The tensor.
        name: String,
        /// Shape by the config.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<u64>,
    },
    /// The file and the manifest disagree about a tensor's storage.
    #[error(
        "tensor `{name}` is stored as {found}, manifest.json says {expected}; the weights and manifest.json do not belong together"
    )]
    Storage {
        /// The tensor.
        name: String,
        /// Storage in the file.
        found: Storage,
        /// Storage by the manifest.
        expected: Storage,
    },
    /// A value that is infinite or not a number.
    #[error("tensor `{name}` holds a value that is not finite; the weights are damaged or the training diverged")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// A tensor that was taken before, or that the config does not have.
    #[error(
        "tensor `{name}` is not there: it was taken before or is not part of this config; this is a defect of the program"
    )]
    NotHeld {
        /// The tensor.
        name: String,
    },
    /// Blocks that cannot be made.
    #[error("tensor `{name}`: {source}")]
    Quant {
        /// The tensor.
        name: String,
        /// Why.
        source: QuantError,
    },
    /// The writer was given tensors in another order than the config's.
    #[error("the weights writer expects tensor `{expected}`, it was given `{found}`; this is a defect of the program")]
    WriteOrder {
        /// Next in the config, or "no more".
        expected: String,
        /// The one given.
        found: String,
    },
    /// Reading or writing failed.
    #[error("{action} `{path}` failed: {source}")]
    Io {
        /// "reading", "writing" …
        action: &'static str,
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Names listed in a message; the error's fields hold all.
const LISTED: usize = 64;

fn lists(missing: &[String], unexpected: &[String]) -> String {
    let mut text = String::new();
    for (title, names) in [("missing", missing), ("unexpected", unexpected)] {
        if names.is_empty() {
            continue;
        }
        let shown = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
        // Writing into a String cannot fail.
        let _ = write!(text, " {} {title} ({shown}", names.len());
        if names.len() > LISTED {
            let _ = write!(text, ", and {} more", names.len() - LISTED);
        }
        text.push(')');
    }
    text
}
