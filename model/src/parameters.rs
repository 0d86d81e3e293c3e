//! From stored tensors to layers: picks each weight by name and puts it into the form the layer computes with.

use crate::error::ModelError;
use crate::kind::ModelConfig;
use crate::nn::Linear;
use crate::weights::{Matrix, Tensors, WeightsError, WeightsOf};

/// Hands out weights by name while a model is built.
pub(crate) struct Parameters<'w> {
    weights: &'w mut Tensors,
}

impl<'w> Parameters<'w> {
    pub(crate) fn new<C: ModelConfig>(weights: &'w mut WeightsOf<C>) -> Self {
        Self { weights: weights.tensors_mut() }
    }

    /// The linear map `{prefix}.weight` without bias.
    pub(crate) fn linear(&mut self, prefix: &str) -> Result<Linear, ModelError> {
        self.map(prefix, None)
    }

    /// The linear map `{prefix}.weight` with `{prefix}.bias`.
    pub(crate) fn linear_with_bias(&mut self, prefix: &str) -> Result<Linear, ModelError> {
        let bias = self.values(&format!("{prefix}.bias"))?;
        self.map(prefix, Some(bias))
    }

    /// A weight's values in row-major order.
    pub(crate) fn values(&mut self, name: &str) -> Result<Vec<f32>, ModelError> {
        Ok(self.weights.take_f32(name)?)
    }

    /// A weight in its storage.
    pub(crate) fn matrix(&mut self, name: &str) -> Result<Matrix, ModelError> {
        Ok(self.weights.take_matrix(name)?)
    }

    fn map(&mut self, prefix: &str, bias: Option<Vec<f32>>) -> Result<Linear, ModelError> {
        let name = format!("{prefix}.weight");
        let matrix = self.weights.take_matrix(&name)?;
        Linear::new(&matrix, bias).map_err(|source| WeightsError::Quant { name, source }.into())
    }
}
