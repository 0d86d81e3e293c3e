//! The language-model head: logits of the whole vocabulary, or only of the tokens an answer can hold.

use candle_core::Tensor;

use crate::config::Config;
use crate::error::ModelError;
use crate::nn::{Linear, values};
use crate::parameters::Parameters;

/// Tied to the shared embedding (then the state is scaled by `d_model^-0.5`) or with a weight of its own.
pub(crate) struct LanguageModelHead {
    own: Option<Linear>,
    scale: f64,
}

/// The head's rows of a few tokens, gathered once per question: `[d_model, ids]`.
pub(crate) struct HeadRows(Tensor);

impl LanguageModelHead {
    pub(crate) fn load(parameters: &mut Parameters, config: &Config) -> Result<Self, ModelError> {
        if config.et5.tie_word_embeddings {
            return Ok(Self { own: None, scale: (config.d_model as f64).powf(-0.5) });
        }
        Ok(Self { own: Some(parameters.linear("et5.lm_head")?), scale: 1.0 })
    }

    fn weight<'a>(&'a self, shared: &'a Linear) -> &'a Linear {
        self.own.as_ref().unwrap_or(shared)
    }

    /// Logits `[n, vocab_size]` of states `z [n, d_model]`.
    pub(crate) fn forward(&self, z: &Tensor, shared: &Linear) -> candle_core::Result<Tensor> {
        self.weight(shared).forward(&(z * self.scale)?)
    }

    /// The rows of `ids`, for [`Self::score`].
    pub(crate) fn gather(&self, ids: &[u32], shared: &Linear) -> candle_core::Result<HeadRows> {
        Ok(HeadRows((self.weight(shared).rows(ids)?.t()? * self.scale)?.contiguous()?))
    }

    /// Logits of the gathered ids for one state `z [1, d_model]`.
    pub(crate) fn score(z: &Tensor, rows: &HeadRows) -> candle_core::Result<Vec<f32>> {
        values(&z.matmul(&rows.0)?)
    }
}
