//! Target-specific output heads: the answer (language model with copying), the decision, answerability, the embedding.

mod copy;
mod language_model;
mod pooled;

pub use copy::Pointer;
pub(crate) use copy::{CopyHead, CopyKeys};
pub(crate) use language_model::{HeadRows, LanguageModelHead};
pub(crate) use pooled::PooledHeads;
pub use pooled::Verdict;
