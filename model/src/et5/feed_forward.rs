//! T5 v1.1's gated feed-forward layer: `wo(gelu(wi_0 x) * wi_1 x)` (Shazeer 2020, GEGLU).

use candle_core::Tensor;

use crate::error::ModelError;
use crate::nn::{Linear, gelu_tanh, matrix, values};
use crate::parameters::Parameters;

/// The three projections of one feed-forward layer.
pub(crate) struct FeedForward {
    wi_0: Linear,
    wi_1: Linear,
    wo: Linear,
}

impl FeedForward {
    pub(crate) fn load(parameters: &mut Parameters, prefix: &str) -> Result<Self, ModelError> {
        Ok(Self {
            wi_0: parameters.linear(&format!("{prefix}.wi_0"))?,
            wi_1: parameters.linear(&format!("{prefix}.wi_1"))?,
            wo: parameters.linear(&format!("{prefix}.wo"))?,
        })
    }

    /// `[tokens, d_model] -> [tokens, d_model]`.
    pub(crate) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let width = self.wi_0.forward(x)?;
        let d_ff = width.dim(1)?;
        let mut hidden = values(&width)?;
        let gate = values(&self.wi_1.forward(x)?)?;
        for (value, gate) in hidden.iter_mut().zip(&gate) {
            *value = gelu_tanh(*value) * gate;
        }
        self.wo.forward(&matrix(hidden, d_ff)?)
    }
}
