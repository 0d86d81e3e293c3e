//! EMamba, the state-space expert: Mamba-1 blocks over the tokens routed to it.
//!
//! Gu & Dao 2023 (selective state spaces). Tensor names are Hugging Face's `mamba`, under `emamba.`; the second scan direction's
//! tensors are under `mixer.backward.`.

mod block;
mod selective_scan;

use candle_core::Tensor;

pub use block::LayerState;

use self::block::Block;
use crate::config::EMambaConfig;
use crate::error::ModelError;
use crate::nn::{Linear, RmsNorm};
use crate::parameters::Parameters;

/// The EMamba stack with its adapters.
pub(crate) struct EMamba {
    adapter_in: Option<Linear>,
    blocks: Vec<Block>,
    final_norm: RmsNorm,
    adapter_out: Option<Linear>,
}

impl EMamba {
    /// `d_model` is the width of the shared embedding.
    pub(crate) fn load(parameters: &mut Parameters, config: &EMambaConfig, d_model: usize) -> Result<Self, ModelError> {
        let adapted = config.d_model != d_model;
        let adapter = |parameters: &mut Parameters, name: &str| adapted.then(|| parameters.linear(name)).transpose();
        Ok(Self {
            adapter_in: adapter(parameters, "emamba.adapter_in")?,
            blocks: (0..config.num_layers)
                .map(|index| Block::load(parameters, index, config))
                .collect::<Result<_, _>>()?,
            final_norm: RmsNorm::new(parameters.vector("emamba.norm_f.weight")?, config.layer_norm_epsilon),
            adapter_out: adapter(parameters, "emamba.adapter_out")?,
        })
    }

    /// Layers of the stack.
    pub(crate) fn layers(&self) -> usize {
        self.blocks.len()
    }

    /// The state before the first token.
    pub(crate) fn initial_state(&self) -> Vec<LayerState> {
        (0..self.blocks.len()).map(|index| self.initial_layer_state(index)).collect()
    }

    /// The state of layer `index` before the first token.
    pub(crate) fn initial_layer_state(&self, index: usize) -> LayerState {
        self.blocks[index].initial_state()
    }

    /// The stack's input from embeddings `[tokens, d_model]`.
    pub(crate) fn begin(&self, embeddings: &Tensor) -> candle_core::Result<Tensor> {
        self.adapter_in.as_ref().map_or_else(|| Ok(embeddings.clone()), |adapter| adapter.forward(embeddings))
    }

    /// Layer `index` on `hidden [tokens, width]`; `state` moves on by these tokens.
    pub(crate) fn layer(&self, index: usize, hidden: &Tensor, state: &mut LayerState) -> Result<Tensor, ModelError> {
        self.blocks[index].forward(hidden, state)
    }

    /// The final-norm output `[tokens, width]`, before the adapter: what Hugging Face calls the last hidden state.
    pub(crate) fn normalise(&self, hidden: &Tensor) -> candle_core::Result<Tensor> {
        self.final_norm.forward(hidden)
    }

    /// The expert's output `[tokens, d_model]` from the last layer's.
    pub(crate) fn finish(&self, hidden: &Tensor) -> candle_core::Result<Tensor> {
        let normed = self.normalise(hidden)?;
        self.adapter_out.as_ref().map_or_else(|| Ok(normed.clone()), |adapter| adapter.forward(&normed))
    }
}
