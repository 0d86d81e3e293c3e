//! What can go wrong while a loaded model runs.

use crate::config::ConfigError;
use crate::weights::WeightsError;

/// Why the model could not be built or could not process its input.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A weight is missing, damaged or of the wrong shape.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A tensor operation failed; with validated weights and input this is a defect of the program.
    #[error("a tensor operation failed ({0}); please report it with the question's length")]
    Tensor(#[from] candle_core::Error),
    /// No token was given.
    #[error("the input holds no token; give at least one")]
    EmptyInput,
    /// More tokens than the model was made for.
    #[error("the input has {found} tokens, the model takes at most {limit}; shorten the note or give fewer passages")]
    TooManyTokens {
        /// Tokens given.
        found: usize,
        /// `max_tokens` of the configuration.
        limit: usize,
    },
    /// A token id that the embedding table does not hold.
    #[error(
        "token id {id} is outside the vocabulary of {vocab_size}; the tokenizer and the weights do not belong together"
    )]
    UnknownToken {
        /// The offending id.
        id: u32,
        /// Rows of the embedding table.
        vocab_size: usize,
    },
    /// The configuration has no such expert or head.
    #[error("this model has no {0}; choose a model whose config.json contains it")]
    Absent(&'static str),
    /// A sequence scanned in both directions was cut into chunks.
    #[error(
        "an EMamba expert that scans both directions needs the whole sequence at once; it cannot be prefilled in chunks"
    )]
    ChunkedBidirectional,
    /// The model produced a number that is not finite.
    #[error("the model produced {0} that are not finite; the weights are damaged, load them again")]
    NotFinite(&'static str),
}
