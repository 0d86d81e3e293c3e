//! A weight matrix applied from the right, `y = x W^T (+ b)`, in f32 or in candle's block-quantised formats.

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

use super::values;

enum Weight {
    /// `[inputs, outputs]`, transposed once at load so that the matrix product reads it in order.
    Dense(Tensor),
    Quantised(QMatMul),
}

/// A linear map with weight `[outputs, inputs]` and an optional bias `[outputs]`.
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
}

impl Linear {
    /// From an f32 weight `[outputs, inputs]`.
    pub(crate) fn dense(weight: &Tensor, bias: Option<Tensor>) -> candle_core::Result<Self> {
        Ok(Self { weight: Weight::Dense(weight.t()?.contiguous()?), bias })
    }

    /// From a block-quantised weight `[outputs, inputs]`.
    pub(crate) fn quantised(weight: QTensor, bias: Option<Tensor>) -> candle_core::Result<Self> {
        Ok(Self { weight: Weight::Quantised(QMatMul::from_qtensor(weight)?), bias })
    }

    /// `[rows, inputs] -> [rows, outputs]`.
    pub(crate) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let y = match &self.weight {
            Weight::Dense(weight) => x.matmul(weight)?,
            Weight::Quantised(weight) => weight.forward(x)?,
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// [`Self::forward`] on row-major values.
    pub(crate) fn forward_values(&self, x: Vec<f32>, inputs: usize) -> candle_core::Result<Vec<f32>> {
        values(&self.forward(&super::matrix(x, inputs)?)?)
    }

    /// The weight's rows of the given indices, widened to f32: `[ids, inputs]`.
    pub(crate) fn rows(&self, ids: &[u32]) -> candle_core::Result<Tensor> {
        let ids = Tensor::from_slice(ids, ids.len(), &Device::Cpu)?;
        match &self.weight {
            Weight::Dense(weight) => weight.index_select(&ids, 1)?.t()?.contiguous(),
            Weight::Quantised(weight) => weight.embedding(&ids),
        }
    }
}
