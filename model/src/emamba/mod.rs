//! EMamba, the state-space expert: Mamba-1 blocks over the tokens routed to it.
//!
//! Gu & Dao 2023 (selective state spaces). Tensor names are Hugging Face's `mamba`, under `emamba.`; the second scan direction's
//! tensors are under `mixer.backward.`.

mod block;
mod selective_scan;

pub use block::LayerState;

use self::block::{Block, BlockScratch};
use crate::config::EMambaConfig;
use crate::error::ModelError;
use crate::nn::{Linear, RmsNorm, Rows};
use crate::parameters::Parameters;

/// Tokens that go through a layer in one step, where the expert reads in one direction.
const STEP_TOKENS: usize = 128;

/// The EMamba stack with its adapters.
pub(crate) struct EMamba {
    adapter_in: Option<Linear>,
    blocks: Vec<Block>,
    final_norm: RmsNorm,
    adapter_out: Option<Linear>,
}

/// The stack on its way through a sequence, layer by layer.
pub(crate) struct EMambaRun {
    /// `[tokens, width]`
    hidden: Vec<f32>,
    layer: usize,
    /// Tokens of the layer that are done, and its state after them.
    done: usize,
    state: Option<LayerState>,
    scratch: BlockScratch,
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
            final_norm: RmsNorm::new(parameters.values("emamba.norm_f.weight")?, config.layer_norm_epsilon),
            adapter_out: adapter(parameters, "emamba.adapter_out")?,
        })
    }

    /// The state before the first token.
    pub(crate) fn initial_state(&self) -> Vec<LayerState> {
        self.blocks.iter().map(Block::initial_state).collect()
    }

    /// Starts on `embeddings [tokens, d_model]`.
    pub(crate) fn begin(&self, mut embeddings: Rows) -> EMambaRun {
        let mut adapted = Rows::default();
        let hidden = match &self.adapter_in {
            Some(adapter) => {
                adapter.forward(&mut embeddings, &mut adapted);
                adapted
            }
            None => embeddings,
        };
        EMambaRun { hidden: hidden.values().to_vec(), layer: 0, done: 0, state: None, scratch: BlockScratch::default() }
    }

    /// Goes on by some tokens of one layer; `false` when all layers are done.
    pub(crate) fn step(&self, run: &mut EMambaRun) -> Result<bool, ModelError> {
        let Some(block) = self.blocks.get(run.layer) else { return Ok(false) };
        // Within one sequence an expert sees all its tokens, so each layer starts from the empty state.
        let state = run.state.get_or_insert_with(|| block.initial_state());
        let width = self.final_norm.width();
        let tokens = run.hidden.len() / width;
        let to = if block.needs_all_tokens() { tokens } else { (run.done + STEP_TOKENS).min(tokens) };
        block.forward(&mut run.hidden[run.done * width..to * width], state, &mut run.scratch)?;
        run.done = to;
        if to == tokens {
            (run.layer, run.done, run.state) = (run.layer + 1, 0, None);
        }
        Ok(true)
    }

    /// Runs all layers on `hidden [tokens, width]` from `state`, which moves on. Returns the final-norm output, before the adapter:
    /// what Hugging Face calls the last hidden state.
    pub(crate) fn scan(&self, hidden: &[f32], state: &mut [LayerState]) -> Result<Rows, ModelError> {
        let mut hidden = hidden.to_vec();
        let mut scratch = BlockScratch::default();
        for (block, state) in self.blocks.iter().zip(state) {
            block.forward(&mut hidden, state, &mut scratch)?;
        }
        Ok(self.normalise(&hidden))
    }

    /// The expert's output `[tokens, d_model]` when all layers are done.
    pub(crate) fn finish(&self, run: &EMambaRun) -> Rows {
        let mut normed = self.normalise(&run.hidden);
        let Some(adapter) = &self.adapter_out else { return normed };
        let mut out = Rows::default();
        adapter.forward(&mut normed, &mut out);
        out
    }

    fn normalise(&self, hidden: &[f32]) -> Rows {
        let mut out = Rows::default();
        self.final_norm.forward(hidden, &mut out);
        out
    }
}
