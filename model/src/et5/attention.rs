//! T5's multi-head attention: no scaling, no biases, an additive relative-position bias.

use candle_core::Tensor;

use crate::config::Et5Config;
use crate::error::ModelError;
use crate::nn::Linear;
use crate::parameters::Parameters;

/// The four projections of one attention layer.
pub(crate) struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    heads: usize,
    d_kv: usize,
}

/// Keys and values of a sequence: `k` is `[heads, tokens, d_kv]`, `v` likewise.
#[derive(Clone)]
pub(crate) struct KeyValues {
    k: Tensor,
    v: Tensor,
}

impl Attention {
    pub(crate) fn load(parameters: &mut Parameters, prefix: &str, config: &Et5Config) -> Result<Self, ModelError> {
        Ok(Self {
            q: parameters.linear(&format!("{prefix}.q"))?,
            k: parameters.linear(&format!("{prefix}.k"))?,
            v: parameters.linear(&format!("{prefix}.v"))?,
            o: parameters.linear(&format!("{prefix}.o"))?,
            heads: config.num_heads,
            d_kv: config.d_kv,
        })
    }

    /// Keys and values of `x [tokens, d_model]`.
    pub(crate) fn key_values(&self, x: &Tensor) -> candle_core::Result<KeyValues> {
        Ok(KeyValues { k: self.split_heads(&self.k.forward(x)?)?, v: self.split_heads(&self.v.forward(x)?)? })
    }

    /// Attention of `x [tokens, d_model]` over the given keys; `bias` is `[heads, tokens, keys]`. Returns `[tokens, d_model]`.
    pub(crate) fn attend(&self, x: &Tensor, memory: &KeyValues, bias: Option<&Tensor>) -> candle_core::Result<Tensor> {
        let q = self.split_heads(&self.q.forward(x)?)?;
        let mut scores = q.matmul(&memory.k.t()?)?;
        if let Some(bias) = bias {
            scores = (scores + bias)?;
        }
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        let mixed = weights.matmul(&memory.v)?;
        let tokens = x.dim(0)?;
        self.o.forward(&mixed.transpose(0, 1)?.reshape((tokens, self.heads * self.d_kv))?)
    }

    fn split_heads(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        x.reshape((x.dim(0)?, self.heads, self.d_kv))?.transpose(0, 1)?.contiguous()
    }
}

impl KeyValues {
    /// These keys and values followed by those of later tokens.
    pub(crate) fn append(&self, later: &Self) -> candle_core::Result<Self> {
        Ok(Self { k: Tensor::cat(&[&self.k, &later.k], 1)?, v: Tensor::cat(&[&self.v, &later.v], 1)? })
    }
}
