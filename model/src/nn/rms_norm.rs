//! Root-mean-square normalisation (Zhang & Sennrich 2019; `T5LayerNorm`, `MambaRMSNorm`).

use candle_core::Tensor;

/// `y = x / sqrt(mean(x^2) + epsilon) * weight` for each row of `[rows, width]`.
pub(crate) struct RmsNorm {
    /// `[width]`
    weight: Tensor,
    epsilon: f32,
}

impl RmsNorm {
    pub(crate) fn new(weight: Tensor, epsilon: f32) -> Self {
        Self { weight, epsilon }
    }

    /// `[rows, width] -> [rows, width]`.
    pub(crate) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        candle_nn::ops::rms_norm(&x.contiguous()?, &self.weight, self.epsilon)
    }
}
