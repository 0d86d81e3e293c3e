//! One layer of BERT: attention and a feed-forward layer, each added to what it read and then normed.

use super::config::SentenceEncoderConfig;
use crate::error::ModelError;
use crate::nn::{Attention, AttentionScratch, KeyValues, LayerNorm, Linear, Projections, Rows, add, gelu_erf};
use crate::parameters::Parameters;

pub(super) struct Layer {
    attention: Attention,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    feed_forward_norm: LayerNorm,
}

/// What a layer computes in, kept for the next one.
pub(super) struct Scratch {
    /// `[tokens, d_model]`: what the norm reads.
    sum: Vec<f32>,
    keys: KeyValues,
    attention: AttentionScratch,
    wide: Rows,
    out: Rows,
}

impl Layer {
    pub(super) fn load(
        parameters: &mut Parameters,
        index: usize,
        config: &SentenceEncoderConfig,
    ) -> Result<Self, ModelError> {
        let name = |part: &str| format!("layers.{index}.{part}");
        let projections = Projections {
            q: parameters.linear_with_bias(&name("attention.q"))?,
            k: parameters.linear_with_bias(&name("attention.k"))?,
            v: parameters.linear_with_bias(&name("attention.v"))?,
            o: parameters.linear_with_bias(&name("attention.o"))?,
        };
        Ok(Self {
            attention: Attention::scaled(projections, config.num_heads, config.d_kv),
            attention_norm: norm(parameters, &name("attention.norm"), config)?,
            up: parameters.linear_with_bias(&name("feed_forward.up"))?,
            down: parameters.linear_with_bias(&name("feed_forward.down"))?,
            feed_forward_norm: norm(parameters, &name("feed_forward.norm"), config)?,
        })
    }

    /// Buffers for so many tokens.
    pub(super) fn scratch(&self, tokens: usize) -> Scratch {
        Scratch {
            sum: Vec::new(),
            keys: self.attention.no_keys(tokens),
            attention: AttentionScratch::default(),
            wide: Rows::default(),
            out: Rows::default(),
        }
    }

    /// Replaces `hidden [tokens, d_model]` by the layer's output on it.
    pub(super) fn forward(&self, hidden: &mut Rows, scratch: &mut Scratch) {
        let Scratch { sum, keys, attention, wide, out } = scratch;
        sum.clear();
        sum.extend_from_slice(hidden.values());
        keys.clear();
        self.attention.add_keys(hidden, keys, attention);
        self.attention.attend(hidden, keys, None, sum, attention);
        self.attention_norm.forward(sum, hidden);

        sum.clear();
        sum.extend_from_slice(hidden.values());
        self.up.forward(hidden, wide);
        for value in wide.values_mut() {
            *value = gelu_erf(*value);
        }
        self.down.forward(wide, out);
        add(sum, out.values());
        self.feed_forward_norm.forward(sum, hidden);
    }
}

/// The norm `{prefix}.weight`, `{prefix}.bias`.
pub(super) fn norm(
    parameters: &mut Parameters,
    prefix: &str,
    config: &SentenceEncoderConfig,
) -> Result<LayerNorm, ModelError> {
    let weight = parameters.values(&format!("{prefix}.weight"))?;
    let bias = parameters.values(&format!("{prefix}.bias"))?;
    Ok(LayerNorm::new(weight, bias, config.layer_norm_epsilon))
}
