//! T5 v1.1's gated feed-forward layer: `wo(gelu(wi_0 x) * wi_1 x)` (Shazeer 2020, GEGLU).

use crate::error::ModelError;
use crate::nn::{Linear, Rows, add, gelu_tanh};
use crate::parameters::Parameters;

/// The three projections of one feed-forward layer.
pub(crate) struct FeedForward {
    wi_0: Linear,
    wi_1: Linear,
    wo: Linear,
}

/// Buffers of one call, kept for the next.
#[derive(Clone, Default)]
pub(crate) struct FeedForwardScratch {
    wide: Rows,
    gate: Rows,
    out: Rows,
}

impl FeedForward {
    pub(crate) fn load(parameters: &mut Parameters, prefix: &str) -> Result<Self, ModelError> {
        Ok(Self {
            wi_0: parameters.linear(&format!("{prefix}.wi_0"))?,
            wi_1: parameters.linear(&format!("{prefix}.wi_1"))?,
            wo: parameters.linear(&format!("{prefix}.wo"))?,
        })
    }

    /// Adds to `hidden [tokens, d_model]` the layer's output on `x [tokens, d_model]`.
    pub(crate) fn forward(&self, x: &mut Rows, hidden: &mut [f32], scratch: &mut FeedForwardScratch) {
        let FeedForwardScratch { wide, gate, out } = scratch;
        self.wi_0.forward(x, wide);
        self.wi_1.forward(x, gate);
        for (value, gate) in wide.values_mut().iter_mut().zip(gate.values()) {
            *value = gelu_tanh(*value) * gate;
        }
        self.wo.forward(wide, out);
        add(hidden, out.values());
    }
}
