//! From stored tensors to layers: picks each weight by name and puts it into the form the layer computes with.

use candle_core::{Device, Tensor};

use crate::error::ModelError;
use crate::nn::Linear;
use crate::weights::{Matrix, Weights};

/// Hands out weights by name while a model is built.
pub(crate) struct Parameters<'w> {
    weights: &'w mut Weights,
}

impl<'w> Parameters<'w> {
    pub(crate) fn new(weights: &'w mut Weights) -> Self {
        Self { weights }
    }

    /// The linear map `{prefix}.weight` without bias.
    pub(crate) fn linear(&mut self, prefix: &str) -> Result<Linear, ModelError> {
        self.map(prefix, None)
    }

    /// The linear map `{prefix}.weight` with `{prefix}.bias`.
    pub(crate) fn linear_with_bias(&mut self, prefix: &str) -> Result<Linear, ModelError> {
        let bias = self.vector(&format!("{prefix}.bias"))?;
        self.map(prefix, Some(bias))
    }

    /// A one-dimensional weight as a tensor.
    pub(crate) fn vector(&mut self, name: &str) -> Result<Tensor, ModelError> {
        let values = self.values(name)?;
        let count = values.len();
        Ok(Tensor::from_vec(values, count, &Device::Cpu)?)
    }

    /// A weight's values in row-major order.
    pub(crate) fn values(&mut self, name: &str) -> Result<Vec<f32>, ModelError> {
        Ok(self.weights.take_f32(name)?)
    }

    fn map(&mut self, prefix: &str, bias: Option<Tensor>) -> Result<Linear, ModelError> {
        let matrix = self.weights.take_matrix(&format!("{prefix}.weight"))?;
        Ok(match matrix {
            Matrix::F32 { rows, columns, values } => {
                Linear::dense(&Tensor::from_vec(values, (rows, columns), &Device::Cpu)?, bias)?
            }
            quantised => Linear::quantised(quantised.into_qtensor()?, bias)?,
        })
    }
}
