//! The few layers that several models share. Activations are row-major f32, shapes `[tokens, width]`.

mod activation;
mod attention;
mod causal_conv;
mod dense;
mod layer_norm;
mod linear;
mod quantised;
mod rms_norm;
mod rows;

pub(crate) use activation::{
    dot, exp, exp2, gelu_erf, gelu_tanh, ln, sigmoid, silu, softmax_in_place, softplus, sum, sum_of_squares,
};
pub(crate) use attention::{Attention, AttentionScratch, KeyValues, Projections, ScoreBias};
pub(crate) use causal_conv::CausalConv;
pub(crate) use dense::{DenseMatrix, PANEL, TILE_ROWS, tile};
pub(crate) use layer_norm::LayerNorm;
pub(crate) use linear::Linear;
pub(crate) use rms_norm::RmsNorm;
pub(crate) use rows::Rows;

use candle_core::{Device, Tensor};

/// A copy of row-major values as a `[rows, width]` tensor, the form in which the model hands them out.
pub(crate) fn tensor(values: &[f32], width: usize) -> candle_core::Result<Tensor> {
    Tensor::from_slice(values, (values.len() / width, width), &Device::Cpu)
}

/// Adds `y` to `x`, element by element.
pub(crate) fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
