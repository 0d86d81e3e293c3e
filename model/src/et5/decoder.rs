//! The ET5 decoder: causal self-attention with a key-value cache, cross-attention over the memory M.

use super::attention;
use super::feed_forward::{FeedForward, FeedForwardScratch};
use super::relative_bias::{Placed, RelativeBias};
use crate::config::Et5Config;
use crate::error::ModelError;
use crate::nn::{Attention, AttentionScratch, KeyValues, RmsNorm, Rows};
use crate::parameters::Parameters;

/// Answer tokens that the cache has room for from the start; longer answers make it grow.
const EXPECTED_TOKENS: usize = 256;

struct Block {
    self_norm: RmsNorm,
    self_attention: Attention,
    cross_norm: RmsNorm,
    cross_attention: Attention,
    feed_forward_norm: RmsNorm,
    feed_forward: FeedForward,
}

/// T5 v1.1's decoder without its head.
pub(crate) struct Decoder {
    bias: RelativeBias,
    blocks: Vec<Block>,
    final_norm: RmsNorm,
}

/// What the decoder remembers of one answer: per layer the memory's keys and values (made once) and the answer's own (growing);
/// and the buffers it works in.
#[derive(Clone)]
pub(crate) struct DecoderCache {
    cross: Vec<KeyValues>,
    own: Vec<KeyValues>,
    /// `0..tokens`
    positions: Vec<u32>,
    hidden: Vec<f32>,
    normed: Rows,
    attention: AttentionScratch,
    feed_forward: FeedForwardScratch,
}

impl Decoder {
    pub(crate) fn load(parameters: &mut Parameters, config: &Et5Config) -> Result<Self, ModelError> {
        let epsilon = config.layer_norm_epsilon;
        let blocks = (0..config.num_decoder_layers)
            .map(|index| {
                let layer = format!("et5.decoder.block.{index}.layer");
                Ok(Block {
                    self_norm: RmsNorm::new(parameters.values(&format!("{layer}.0.layer_norm.weight"))?, epsilon),
                    self_attention: attention(parameters, &format!("{layer}.0.SelfAttention"), config)?,
                    cross_norm: RmsNorm::new(parameters.values(&format!("{layer}.1.layer_norm.weight"))?, epsilon),
                    cross_attention: attention(parameters, &format!("{layer}.1.EncDecAttention"), config)?,
                    feed_forward_norm: RmsNorm::new(
                        parameters.values(&format!("{layer}.2.layer_norm.weight"))?,
                        epsilon,
                    ),
                    feed_forward: FeedForward::load(parameters, &format!("{layer}.2.DenseReluDense"))?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        let table = parameters.values("et5.decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight")?;
        Ok(Self {
            bias: RelativeBias::new(&table, config, false),
            blocks,
            final_norm: RmsNorm::new(parameters.values("et5.decoder.final_layer_norm.weight")?, epsilon),
        })
    }

    /// An empty cache over `memory [L, d_model]`.
    pub(crate) fn cache(&self, memory: &mut Rows) -> DecoderCache {
        let mut attention = AttentionScratch::default();
        let tokens = memory.count();
        let cross = self.blocks.iter().map(|block| {
            let mut keys = block.cross_attention.no_keys(tokens);
            block.cross_attention.add_keys(memory, &mut keys, &mut attention);
            keys
        });
        DecoderCache {
            cross: cross.collect(),
            own: self.blocks.iter().map(|block| block.self_attention.no_keys(EXPECTED_TOKENS)).collect(),
            positions: Vec::with_capacity(EXPECTED_TOKENS),
            hidden: Vec::new(),
            normed: Rows::default(),
            attention,
            feed_forward: FeedForwardScratch::default(),
        }
    }

    /// Reads the next tokens' embeddings `[n, d_model]` into the cache and makes `z [n, d_model]` their final hidden states.
    pub(crate) fn forward(&self, embeddings: &[f32], cache: &mut DecoderCache, z: &mut Rows) {
        let DecoderCache { cross, own, positions, hidden, normed, attention, feed_forward } = cache;
        let read = positions.len();
        let width = self.final_norm.width();
        positions.extend((read..read + embeddings.len() / width).map_while(|position| u32::try_from(position).ok()));
        hidden.clear();
        hidden.extend_from_slice(embeddings);
        for ((block, cross), own) in self.blocks.iter().zip(cross).zip(own) {
            block.self_norm.forward(hidden, normed);
            block.self_attention.add_keys(normed, own, attention);
            let placed = Placed { bias: &self.bias, queries: &positions[read..], keys: positions };
            block.self_attention.attend(normed, own, Some(&placed), hidden, attention);
            block.cross_norm.forward(hidden, normed);
            block.cross_attention.attend(normed, cross, None, hidden, attention);
            block.feed_forward_norm.forward(hidden, normed);
            block.feed_forward.forward(normed, hidden, feed_forward);
        }
        self.final_norm.forward(hidden, z);
    }
}
