//! What a model is made of: every size that decides a tensor's shape, and the list of tensors that follows from it.
//!
//! [`Config::tensors`] is the one place that knows which tensors a model has. The reader checks files against it, the
//! random initialiser and the converter fill it, the packer quantises along it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::tensor_list;
pub use crate::tensor_list::{Role, TensorSpec};

/// The most parameters a config may describe. T5-XXL with a Mamba of 2.8 B stays below; a config that asks for more is a typing error.
pub const PARAMETER_LIMIT: u64 = 20_000_000_000;

/// With the start token it is read in one decoder call.
pub const MAX_DECODER_PREFIX: usize = 63;

/// A MambaFormer: shared embedding, gate, ET5, EMamba, heads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the preset or of the converted checkpoint.
    pub name: String,
    /// `V`: rows of the shared embedding. May exceed the tokenizer's size (checkpoints pad their tables).
    pub vocab_size: usize,
    /// `d`: width of the shared embedding, of ET5 and of the memory.
    pub d_model: usize,
    /// `L_max`: the most encoder tokens, also the normaliser of the gate's length feature.
    pub max_tokens: usize,
    /// Token that fills up batches.
    pub pad_token_id: u32,
    /// Token that ends prompt and answer.
    pub eos_token_id: u32,
    /// First decoder input.
    pub decoder_start_token_id: u32,
    /// So many of the question's first tokens stand before the start token in the decoder's input, so that its state there knows what is
    /// asked; 0: none, as in plain T5.
    #[serde(default)]
    pub decoder_prefix: usize,
    /// Width of the causal depthwise convolution on the shared embedding, before the gate; `None` for no such layer.
    #[serde(deserialize_with = "Option::deserialize")]
    pub stem_conv: Option<usize>,
    /// The token router.
    pub gate: GateConfig,
    /// The Transformer expert and the decoder.
    pub et5: Et5Config,
    /// The state-space expert; `None` sends every token to ET5.
    #[serde(deserialize_with = "Option::deserialize")]
    pub emamba: Option<EMambaConfig>,
    /// How an expert's output becomes memory.
    pub combine: Combine,
    /// Output heads besides the language-model head.
    pub heads: HeadsConfig,
}

/// The two-layer router over `d_model + 4` features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Tokens on each side of the window round a token.
    pub window: usize,
    /// `K`: learned domain prototypes.
    pub prototypes: usize,
    /// Divides the logits before the softmax; positive.
    pub temperature: f32,
}

/// T5 v1.1 / Flan-T5: gated GELU, no biases, bucketed relative positions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Et5Config {
    /// Encoder blocks.
    pub num_layers: usize,
    /// Decoder blocks.
    pub num_decoder_layers: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Width of one head; `num_heads * d_kv` need not equal `d_model`.
    pub d_kv: usize,
    /// Width of the gated feed-forward layer.
    pub d_ff: usize,
    /// Buckets of the relative-position bias; even, shared by both directions in the encoder.
    pub relative_attention_num_buckets: usize,
    /// Distance from which on all positions fall into the last bucket.
    pub relative_attention_max_distance: usize,
    /// Added to the mean square in every RMSNorm of ET5.
    pub layer_norm_epsilon: f32,
    /// `true`: logits are `z * d^-0.5 @ shared^T`; `false`: a separate `et5.lm_head.weight`.
    pub tie_word_embeddings: bool,
}

impl Et5Config {
    /// Width of queries, keys and values: `num_heads * d_kv`.
    #[must_use]
    pub fn d_inner(&self) -> usize {
        self.num_heads * self.d_kv
    }
}

/// Mamba-1 blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EMambaConfig {
    /// Width of the residual stream; where it differs from the model's, adapters stand on both ends.
    pub d_model: usize,
    /// Blocks.
    pub num_layers: usize,
    /// Channels of the scan.
    pub d_inner: usize,
    /// States per channel.
    pub d_state: usize,
    /// Width of the causal depthwise convolution inside a block.
    pub d_conv: usize,
    /// Rank of the step-size projection.
    pub dt_rank: usize,
    /// `true`: a second set of scan weights runs over the reversed tokens.
    pub bidirectional: bool,
    /// Added to the mean square in every RMSNorm of EMamba.
    pub layer_norm_epsilon: f32,
}

/// How the memory `M` is made from the experts' outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// `M_t = rmsnorm(e_t + p_t * y_t)`: trained models.
    Residual,
    /// `M_t = y_t`: converted checkpoints, where all tokens on ET5 must equal plain T5.
    Expert,
}

/// Which heads exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadsConfig {
    /// Pointer-generator head.
    #[serde(deserialize_with = "Option::deserialize")]
    pub copy: Option<HeadWidth>,
    /// Yes / no / maybe.
    pub decision: bool,
    /// Supported / not supported.
    pub answerable: bool,
    /// Pooled, normalised vector for retrieval.
    #[serde(deserialize_with = "Option::deserialize")]
    pub embedding: Option<HeadWidth>,
}

/// Width of a head's projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadWidth {
    /// Output width.
    pub width: usize,
}

/// A config that no model can be built from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON, a field missing, unknown or of the wrong type.
    #[error("the config cannot be read: {detail}; compare it with docs/FORMAT.md")]
    Json {
        /// What the parser found, with line and column.
        detail: String,
    },
    /// A size outside its range.
    #[error("config field `{field}` is {value}, allowed are {low} to {high}; correct the config")]
    Range {
        /// Path of the field.
        field: &'static str,
        /// The value found.
        value: usize,
        /// Least allowed.
        low: usize,
        /// Most allowed.
        high: usize,
    },
    /// A number that must be finite and positive.
    #[error("config field `{field}` is {value}, it must be a finite number above 0; correct the config")]
    Positive {
        /// Path of the field.
        field: &'static str,
        /// The value found.
        value: f32,
    },
    /// A special token outside the vocabulary.
    #[error("config field `{field}` is {id}, the vocabulary ends at {vocab_size}; correct the config")]
    Token {
        /// Path of the field.
        field: &'static str,
        /// The id found.
        id: u32,
        /// Rows of the embedding.
        vocab_size: usize,
    },
    /// Relative-position buckets that leave no room for distances.
    #[error(
        "config: {buckets} relative buckets with max distance {max_distance} cannot be laid out; the number of buckets must be even and at least 4, \
         the max distance above half of it"
    )]
    Buckets {
        /// `relative_attention_num_buckets`.
        buckets: usize,
        /// `relative_attention_max_distance`.
        max_distance: usize,
    },
    /// Sizes that are fine one by one and absurd together.
    #[error("config: {parameters} parameters, the limit is {PARAMETER_LIMIT}; make the model smaller")]
    TooManyParameters {
        /// What the config multiplies out to.
        parameters: u64,
    },
}

impl Config {
    /// What the decoder reads before an answer to `question`: its first tokens, and the start token.
    #[must_use]
    pub fn decoder_start(&self, question: &[u32]) -> Vec<u32> {
        let read = question.len().min(self.decoder_prefix);
        question[..read].iter().copied().chain([self.decoder_start_token_id]).collect()
    }

    /// Reads and validates a config from JSON text.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        let config: Self =
            serde_json::from_slice(bytes).map_err(|error| ConfigError::Json { detail: error.to_string() })?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every size; what passes can be multiplied out without overflow on 64 bits.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let Self { gate, et5, heads, .. } = self;
        range("vocab_size", self.vocab_size, 2..=1_000_000)?;
        range("d_model", self.d_model, 1..=16_384)?;
        range("max_tokens", self.max_tokens, 1..=65_536)?;
        range("decoder_prefix", self.decoder_prefix, 0..=MAX_DECODER_PREFIX)?;
        for (field, id) in [
            ("pad_token_id", self.pad_token_id),
            ("eos_token_id", self.eos_token_id),
            ("decoder_start_token_id", self.decoder_start_token_id),
        ] {
            if usize::try_from(id).map_or(true, |id| id >= self.vocab_size) {
                return Err(ConfigError::Token { field, id, vocab_size: self.vocab_size });
            }
        }
        if let Some(width) = self.stem_conv {
            range("stem_conv", width, 1..=64)?;
        }
        range("gate.hidden", gate.hidden, 1..=4_096)?;
        range("gate.window", gate.window, 0..=1_024)?;
        range("gate.prototypes", gate.prototypes, 1..=4_096)?;
        positive("gate.temperature", gate.temperature)?;
        range("et5.num_layers", et5.num_layers, 1..=256)?;
        range("et5.num_decoder_layers", et5.num_decoder_layers, 1..=256)?;
        range("et5.num_heads", et5.num_heads, 1..=256)?;
        range("et5.d_kv", et5.d_kv, 1..=1_024)?;
        range("et5.d_ff", et5.d_ff, 1..=131_072)?;
        range("et5.relative_attention_num_buckets", et5.relative_attention_num_buckets, 4..=1_024)?;
        range("et5.relative_attention_max_distance", et5.relative_attention_max_distance, 3..=65_536)?;
        // The decoder's exact half is buckets / 2; the logarithm of the rest divides by ln(max_distance / that).
        if !et5.relative_attention_num_buckets.is_multiple_of(2)
            || et5.relative_attention_max_distance <= et5.relative_attention_num_buckets / 2
        {
            return Err(ConfigError::Buckets {
                buckets: et5.relative_attention_num_buckets,
                max_distance: et5.relative_attention_max_distance,
            });
        }
        positive("et5.layer_norm_epsilon", et5.layer_norm_epsilon)?;
        if let Some(emamba) = &self.emamba {
            range("emamba.d_model", emamba.d_model, 1..=16_384)?;
            range("emamba.num_layers", emamba.num_layers, 1..=256)?;
            range("emamba.d_inner", emamba.d_inner, 1..=65_536)?;
            range("emamba.d_state", emamba.d_state, 1..=256)?;
            range("emamba.d_conv", emamba.d_conv, 1..=64)?;
            range("emamba.dt_rank", emamba.dt_rank, 1..=4_096)?;
            positive("emamba.layer_norm_epsilon", emamba.layer_norm_epsilon)?;
        }
        if let Some(copy) = heads.copy {
            range("heads.copy.width", copy.width, 1..=4_096)?;
        }
        if let Some(embedding) = heads.embedding {
            range("heads.embedding.width", embedding.width, 1..=16_384)?;
        }
        let parameters = self.parameters();
        if parameters > PARAMETER_LIMIT {
            return Err(ConfigError::TooManyParameters { parameters });
        }
        Ok(())
    }

    /// Every tensor of a model of this config, in the order in which they are written.
    #[must_use]
    pub fn tensors(&self) -> Vec<TensorSpec> {
        tensor_list::of(self)
    }

    /// Trained parameters: all tensors but the gate's two buffers (surprisal and the table's mean square norm).
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors()
            .iter()
            .filter(|spec| !spec.role.is_buffer())
            .fold(0, |sum, spec| sum.saturating_add(spec.elements()))
    }

    /// Features of the gate per token: the normed embedding and four numbers.
    #[must_use]
    pub fn gate_features(&self) -> usize {
        self.d_model + 4
    }
}

pub(crate) fn range(field: &'static str, value: usize, allowed: RangeInclusive<usize>) -> Result<(), ConfigError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (low, high) = allowed.into_inner();
    Err(ConfigError::Range { field, value, low, high })
}

pub(crate) fn positive(field: &'static str, value: f32) -> Result<(), ConfigError> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(ConfigError::Positive { field, value }) }
}
