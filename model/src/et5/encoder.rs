//! The ET5 encoder stack over the tokens dispatched to it.

use super::attention;
use super::feed_forward::{FeedForward, FeedForwardScratch};
use super::relative_bias::{Placed, RelativeBias};
use crate::config::Et5Config;
use crate::dispatch::Positions;
use crate::error::ModelError;
use crate::nn::{Attention, AttentionScratch, KeyValues, RmsNorm, Rows};
use crate::parameters::Parameters;

/// Tokens that go through a layer in one step: with 1,024 keys some milliseconds of work, so that a `stop` is soon seen.
const STEP_TOKENS: usize = 128;

struct Block {
    attention_norm: RmsNorm,
    attention: Attention,
    feed_forward_norm: RmsNorm,
    feed_forward: FeedForward,
}

/// T5 v1.1's encoder.
pub(crate) struct Encoder {
    bias: RelativeBias,
    blocks: Vec<Block>,
    final_norm: RmsNorm,
    d_model: usize,
}

/// The stack on its way through a sequence: layer by layer, and in each first the keys of all tokens, then the tokens themselves.
pub(crate) struct EncoderRun {
    /// `[tokens, d_model]`
    hidden: Vec<f32>,
    positions: Positions,
    layer: usize,
    /// Tokens of the layer that are done; `None` before its keys are.
    done: Option<usize>,
    keys: KeyValues,
    normed: Rows,
    attention: AttentionScratch,
    feed_forward: FeedForwardScratch,
}

impl Encoder {
    pub(crate) fn load(parameters: &mut Parameters, config: &Et5Config, d_model: usize) -> Result<Self, ModelError> {
        let epsilon = config.layer_norm_epsilon;
        let blocks = (0..config.num_layers)
            .map(|index| {
                let layer = format!("et5.encoder.block.{index}.layer");
                Ok(Block {
                    attention_norm: RmsNorm::new(parameters.values(&format!("{layer}.0.layer_norm.weight"))?, epsilon),
                    attention: attention(parameters, &format!("{layer}.0.SelfAttention"), config)?,
                    feed_forward_norm: RmsNorm::new(
                        parameters.values(&format!("{layer}.1.layer_norm.weight"))?,
                        epsilon,
                    ),
                    feed_forward: FeedForward::load(parameters, &format!("{layer}.1.DenseReluDense"))?,
                })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        let table = parameters.values("et5.encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight")?;
        Ok(Self {
            bias: RelativeBias::new(&table, config, true),
            blocks,
            final_norm: RmsNorm::new(parameters.values("et5.encoder.final_layer_norm.weight")?, epsilon),
            d_model,
        })
    }

    /// Starts on `hidden [tokens, d_model]`, the embeddings of tokens at these positions.
    pub(crate) fn begin(&self, hidden: Vec<f32>, positions: Positions) -> EncoderRun {
        EncoderRun {
            keys: self.blocks.first().map_or_else(KeyValues::none, |block| block.attention.no_keys(positions.len())),
            hidden,
            positions,
            layer: 0,
            done: None,
            normed: Rows::default(),
            attention: AttentionScratch::default(),
            feed_forward: FeedForwardScratch::default(),
        }
    }

    /// Goes on by at most [`STEP_TOKENS`] tokens of one layer, or the keys of a layer; `false` when all layers are done.
    pub(crate) fn step(&self, run: &mut EncoderRun) -> bool {
        let Some(block) = self.blocks.get(run.layer) else { return false };
        let EncoderRun { hidden, positions, keys, normed, attention, feed_forward, .. } = run;
        let Some(done) = run.done else {
            block.attention_norm.forward(hidden, normed);
            keys.clear();
            block.attention.add_keys(normed, keys, attention);
            run.done = Some(0);
            return true;
        };
        let to = (done + STEP_TOKENS).min(positions.len());
        let hidden = &mut hidden[done * self.d_model..to * self.d_model];
        block.attention_norm.forward(hidden, normed);
        let all = positions.as_slice();
        let placed = Placed { bias: &self.bias, queries: &all[done..to], keys: all };
        block.attention.attend(normed, keys, Some(&placed), hidden, attention);
        block.feed_forward_norm.forward(hidden, normed);
        block.feed_forward.forward(normed, hidden, feed_forward);
        if to == all.len() {
            run.layer += 1;
            run.done = None;
        } else {
            run.done = Some(to);
        }
        true
    }

    /// The stack's output, `[tokens, d_model]`, when all layers are done.
    pub(crate) fn finish(&self, run: &EncoderRun) -> Rows {
        let mut out = Rows::default();
        self.final_norm.forward(&run.hidden, &mut out);
        out
    }
}
