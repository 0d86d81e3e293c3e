//! The copy (pointer-generator) head (See et al. 2017): a pointer attention from the decoder's state to the memory, and a gate
//! between generating and copying.

use candle_core::Tensor;

use crate::config::HeadWidth;
use crate::error::ModelError;
use crate::nn::{Linear, sigmoid, softmax_in_place, values};
use crate::parameters::Parameters;

pub(crate) struct CopyHead {
    query: Linear,
    key: Linear,
    gate: Linear,
    width: usize,
}

/// The pointer's keys of one memory, `[L, width]`.
pub(crate) struct CopyKeys(Vec<f32>);

/// Where the answer's next token may be copied from.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointer {
    /// `a [L]`, sums to 1.
    pub attention: Vec<f32>,
    /// `g`, the share of the language model; `1 - g` is copied.
    pub generate: f32,
}

impl CopyHead {
    pub(crate) fn load(parameters: &mut Parameters, config: HeadWidth) -> Result<Self, ModelError> {
        Ok(Self {
            query: parameters.linear("heads.copy.query")?,
            key: parameters.linear("heads.copy.key")?,
            gate: parameters.linear_with_bias("heads.copy.gate")?,
            width: config.width,
        })
    }

    /// The keys of `memory [L, d_model]`, made once per question.
    pub(crate) fn keys(&self, memory: &Tensor) -> candle_core::Result<CopyKeys> {
        Ok(CopyKeys(values(&self.key.forward(memory)?)?))
    }

    /// The pointer of one decoder state `z [1, d_model]`.
    pub(crate) fn point(&self, z: &Tensor, keys: &CopyKeys) -> candle_core::Result<Pointer> {
        let query = values(&self.query.forward(z)?)?;
        let scale = 1.0 / (self.width as f32).sqrt();
        let mut attention: Vec<f32> = keys
            .0
            .chunks_exact(self.width)
            .map(|key| key.iter().zip(&query).map(|(k, q)| k * q).sum::<f32>() * scale)
            .collect();
        softmax_in_place(&mut attention);
        let gate = values(&self.gate.forward(z)?)?;
        Ok(Pointer { attention, generate: sigmoid(gate.first().copied().unwrap_or(0.0)) })
    }
}
