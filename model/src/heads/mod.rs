//! Target-specific output heads: the answer (language model with copying), the decision, answerability, the embedding.

mod copy;
mod language_model;
mod pooled;

pub use copy::Pointer;
pub(crate) use copy::{CopyHead, CopyKeys};
pub(crate) use language_model::{HeadRows, LanguageModelHead};
pub(crate) use pooled::PooledHeads;
pub use pooled::Verdict;

use crate::nn::{Linear, Rows};

/// Buffers of the heads, kept from token to token.
#[derive(Default)]
pub(crate) struct HeadScratch {
    input: Rows,
    output: Rows,
}

impl HeadScratch {
    /// The map of one row.
    fn apply(&mut self, map: &Linear, x: &[f32]) -> &[f32] {
        self.input.reset(1, x.len()).copy_from_slice(x);
        map.forward(&mut self.input, &mut self.output);
        self.output.values()
    }
}
