//! The ET5 decoder: causal self-attention with a key-value cache, cross-attention over the memory M.

use candle_core::Tensor;

use super::attention::{Attention, KeyValues};
use super::feed_forward::FeedForward;
use super::relative_bias::RelativeBias;
use crate::config::Et5Config;
use crate::error::ModelError;
use crate::nn::RmsNorm;
use crate::parameters::Parameters;

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

/// What the decoder remembers of one answer: per layer the memory's keys and values (made once) and the answer's own (growing).
#[derive(Clone)]
pub(crate) struct DecoderCache {
    cross: Vec<KeyValues>,
    own: Vec<Option<KeyValues>>,
    tokens: u32,
}

impl Decoder {
    pub(crate) fn load(parameters: &mut Parameters, config: &Et5Config) -> Result<Self, ModelError> {
        let epsilon = config.layer_norm_epsilon;
        let blocks = (0..config.num_decoder_layers)
            .map(|index| {
                let layer = format!("et5.decoder.block.{index}.layer");
                Ok(Block {
                    self_norm: RmsNorm::new(parameters.vector(&format!("{layer}.0.layer_norm.weight"))?, epsilon),
                    self_attention: Attention::load(parameters, &format!("{layer}.0.SelfAttention"), config)?,
                    cross_norm: RmsNorm::new(parameters.vector(&format!("{layer}.1.layer_norm.weight"))?, epsilon),
                    cross_attention: Attention::load(parameters, &format!("{layer}.1.EncDecAttention"), config)?,
                    feed_forward_norm: RmsNorm::new(
                        parameters.vector(&format!("{layer}.2.layer_norm.weight"))?,
                        epsilon,
                    ),
                    feed_forward: FeedForward::load(parameters, &format!("{layer}.2.DenseReluDense"))?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        let table = parameters.values("et5.decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight")?;
        Ok(Self {
            bias: RelativeBias::new(table, config, false),
            blocks,
            final_norm: RmsNorm::new(parameters.vector("et5.decoder.final_layer_norm.weight")?, epsilon),
        })
    }

    /// An empty cache over `memory [L, d_model]`.
    pub(crate) fn cache(&self, memory: &Tensor) -> candle_core::Result<DecoderCache> {
        let cross = self
            .blocks
            .iter()
            .map(|block| block.cross_attention.key_values(memory))
            .collect::<candle_core::Result<_>>()?;
        Ok(DecoderCache { cross, own: vec![None; self.blocks.len()], tokens: 0 })
    }

    /// Reads the next tokens' embeddings `[n, d_model]` into the cache and returns their final hidden states `z [n, d_model]`.
    pub(crate) fn forward(&self, embeddings: &Tensor, cache: &mut DecoderCache) -> Result<Tensor, ModelError> {
        let count =
            u32::try_from(embeddings.dim(0)?).map_err(|_| candle_core::Error::Msg("more than 2^32 tokens".into()))?;
        let keys: Vec<u32> = (0..cache.tokens + count).collect();
        let bias = self.bias.between(&keys[cache.tokens as usize..], &keys)?;
        let mut hidden = embeddings.clone();
        for ((block, cross), own) in self.blocks.iter().zip(&cache.cross).zip(&mut cache.own) {
            let normed = block.self_norm.forward(&hidden)?;
            let new = block.self_attention.key_values(&normed)?;
            let all = match own.take() {
                Some(earlier) => earlier.append(&new)?,
                None => new,
            };
            hidden = (&hidden + block.self_attention.attend(&normed, &all, Some(&bias))?)?;
            *own = Some(all);
            let normed = block.cross_norm.forward(&hidden)?;
            hidden = (&hidden + block.cross_attention.attend(&normed, cross, None)?)?;
            let forwarded = block.feed_forward.forward(&block.feed_forward_norm.forward(&hidden)?)?;
            hidden = (&hidden + forwarded)?;
        }
        cache.tokens += count;
        Ok(self.final_norm.forward(&hidden)?)
    }
}
