//! The copy (pointer-generator) head (See et al. 2017): a pointer attention from the decoder's state to the memory, and a gate
//! between generating and copying.

use super::HeadScratch;
use crate::config::HeadWidth;
use crate::error::ModelError;
use crate::nn::{Linear, Rows, dot, sigmoid, softmax_in_place};
use crate::parameters::Parameters;

pub(crate) struct CopyHead {
    query: Linear,
    key: Linear,
    gate: Linear,
    width: usize,
}

/// The pointer's keys of one memory, `[L, width]`.
pub(crate) struct CopyKeys(Rows);

/// Where the answer's next token may be copied from.
#[derive(Clone, Debug, Default, PartialEq)]
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
    pub(crate) fn keys(&self, memory: &mut Rows) -> CopyKeys {
        let mut keys = Rows::default();
        self.key.forward(memory, &mut keys);
        CopyKeys(keys)
    }

    /// Makes `pointer` that of one decoder state `z [d_model]`.
    pub(crate) fn point(&self, z: &[f32], keys: &CopyKeys, scratch: &mut HeadScratch, pointer: &mut Pointer) {
        let query = scratch.apply(&self.query, z);
        let scale = 1.0 / (self.width as f32).sqrt();
        pointer.attention.clear();
        pointer.attention.extend(keys.0.values().chunks_exact(self.width).map(|key| dot(key, query) * scale));
        softmax_in_place(&mut pointer.attention);
        pointer.generate = sigmoid(scratch.apply(&self.gate, z).first().copied().unwrap_or(0.0));
    }
}
