//! The few layers both experts share. Activations are row-major f32, shapes `[tokens, width]`.

mod activation;
mod causal_conv;
mod linear;
mod rms_norm;

pub(crate) use activation::{exp2, gelu_tanh, sigmoid, silu, softmax_in_place, softplus};
pub(crate) use causal_conv::CausalConv;
pub(crate) use linear::Linear;
pub(crate) use rms_norm::RmsNorm;

use candle_core::{Device, Tensor};

/// Wraps row-major values as a `[rows, width]` tensor without copying them.
pub(crate) fn matrix(values: Vec<f32>, width: usize) -> candle_core::Result<Tensor> {
    let rows = values.len() / width;
    Tensor::from_vec(values, (rows, width), &Device::Cpu)
}

/// The values of a tensor in row-major order.
pub(crate) fn values(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1::<f32>()
}
