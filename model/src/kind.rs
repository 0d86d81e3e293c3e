//! The kinds of models that are stored in one format: what a manifest's config may be.

use std::fmt::{self, Debug};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Config, ConfigError, TensorSpec};

/// What a model folder holds; named in `manifest.json`, so that one kind is never read as another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// The assistant's model; what a manifest without a kind is.
    #[default]
    Mambaformer,
    /// A sentence encoder for retrieval ([`crate::sentence_encoder`]).
    SentenceEncoder,
}

impl ModelKind {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mambaformer => "mambaformer",
            Self::SentenceEncoder => "sentence_encoder",
        })
    }
}

/// The sizes of one kind of model, and the tensors that follow from them.
pub trait ModelConfig: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// The kind it describes.
    const KIND: ModelKind;

    /// Checks every size; what passes can be multiplied out without overflow on 64 bits.
    fn validate(&self) -> Result<(), ConfigError>;

    /// Every tensor of a model of this config, in the order in which they are written.
    fn tensors(&self) -> Vec<TensorSpec>;

    /// Trained parameters.
    fn parameters(&self) -> u64;

    /// Rows of the embedding table: the most tokens its tokenizer may know.
    fn vocab_size(&self) -> usize;
}

impl ModelConfig for Config {
    const KIND: ModelKind = ModelKind::Mambaformer;

    fn validate(&self) -> Result<(), ConfigError> {
        self.validate()
    }

    fn tensors(&self) -> Vec<TensorSpec> {
        self.tensors()
    }

    fn parameters(&self) -> u64 {
        self.parameters()
    }

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }
}
