//! The language-model head: logits of the whole vocabulary, or only of the tokens an answer can hold.

use super::HeadScratch;
use crate::config::Config;
use crate::error::ModelError;
use crate::nn::{DenseMatrix, Linear, Rows};
use crate::parameters::Parameters;

/// Tied to the shared embedding (then the state is scaled by `d_model^-0.5`) or with a weight of its own.
pub(crate) struct LanguageModelHead {
    own: Option<Linear>,
    scale: f32,
}

/// The head's rows of a few tokens, `[ids, d_model]`, gathered once per question.
pub(crate) struct HeadRows(DenseMatrix);

impl LanguageModelHead {
    pub(crate) fn load(parameters: &mut Parameters, config: &Config) -> Result<Self, ModelError> {
        if config.et5.tie_word_embeddings {
            return Ok(Self { own: None, scale: 1.0 / (config.d_model as f32).sqrt() });
        }
        Ok(Self { own: Some(parameters.linear("et5.lm_head")?), scale: 1.0 })
    }

    fn weight<'a>(&'a self, shared: &'a Linear) -> &'a Linear {
        self.own.as_ref().unwrap_or(shared)
    }

    /// Makes `logits [n, vocab_size]` those of states `z [n, d_model]`.
    pub(crate) fn forward(&self, z: &[f32], d_model: usize, shared: &Linear, scratch: &mut HeadScratch) {
        let input = scratch.input.reset(z.len() / d_model, d_model);
        for (input, z) in input.iter_mut().zip(z) {
            *input = z * self.scale;
        }
        self.weight(shared).forward(&mut scratch.input, &mut scratch.output);
    }

    /// The rows of `ids`, for [`Self::score`].
    pub(crate) fn gather(&self, ids: &[u32], d_model: usize, shared: &Linear) -> HeadRows {
        let mut rows = Vec::with_capacity(ids.len() * d_model);
        self.weight(shared).gather(ids, &mut rows);
        for value in &mut rows {
            *value *= self.scale;
        }
        HeadRows(DenseMatrix::new(&rows, d_model))
    }

    /// Makes `logits` those of the gathered ids for one state `z [d_model]`.
    pub(crate) fn score(z: &[f32], rows: &HeadRows, logits: &mut Vec<f32>) {
        logits.resize(rows.0.outputs(), 0.0);
        rows.0.multiply(z, logits);
    }
}

/// The logits that [`LanguageModelHead::forward`] made.
impl HeadScratch {
    pub(crate) fn logits(&self) -> &Rows {
        &self.output
    }
}
