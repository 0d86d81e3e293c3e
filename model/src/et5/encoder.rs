//! The ET5 encoder stack over the tokens dispatched to it.

use candle_core::Tensor;

use super::attention::Attention;
use super::feed_forward::FeedForward;
use super::relative_bias::RelativeBias;
use crate::config::Et5Config;
use crate::dispatch::Positions;
use crate::error::ModelError;
use crate::nn::RmsNorm;
use crate::parameters::Parameters;

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
}

impl Encoder {
    pub(crate) fn load(parameters: &mut Parameters, config: &Et5Config) -> Result<Self, ModelError> {
        let epsilon = config.layer_norm_epsilon;
        let blocks = (0..config.num_layers)
            .map(|index| {
                let layer = format!("et5.encoder.block.{index}.layer");
                Ok(Block {
                    attention_norm: RmsNorm::new(parameters.vector(&format!("{layer}.0.layer_norm.weight"))?, epsilon),
                    attention: Attention::load(parameters, &format!("{layer}.0.SelfAttention"), config)?,
                    feed_forward_norm: RmsNorm::new(
                        parameters.vector(&format!("{layer}.1.layer_norm.weight"))?,
                        epsilon,
                    ),
                    feed_forward: FeedForward::load(parameters, &format!("{layer}.1.DenseReluDense"))?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        let table = parameters.values("et5.encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight")?;
        Ok(Self {
            bias: RelativeBias::new(table, config, true),
            blocks,
            final_norm: RmsNorm::new(parameters.vector("et5.encoder.final_layer_norm.weight")?, epsilon),
        })
    }

    /// Layers of the stack.
    pub(crate) fn layers(&self) -> usize {
        self.blocks.len()
    }

    /// The bias `[heads, tokens, tokens]` every layer shares.
    pub(crate) fn position_bias(&self, positions: &Positions) -> candle_core::Result<Tensor> {
        self.bias.between(positions.as_slice(), positions.as_slice())
    }

    /// Layer `index` on `hidden [tokens, d_model]`.
    pub(crate) fn layer(&self, index: usize, hidden: &Tensor, position_bias: &Tensor) -> candle_core::Result<Tensor> {
        let block = &self.blocks[index];
        let normed = block.attention_norm.forward(hidden)?;
        let attended = block.attention.attend(&normed, &block.attention.key_values(&normed)?, Some(position_bias))?;
        let hidden = (hidden + attended)?;
        let forwarded = block.feed_forward.forward(&block.feed_forward_norm.forward(&hidden)?)?;
        hidden + forwarded
    }

    /// The stack's output from its last layer's: `[tokens, d_model]`.
    pub(crate) fn finish(&self, hidden: &Tensor) -> candle_core::Result<Tensor> {
        self.final_norm.forward(hidden)
    }
}
