//! T5 v1.1 and Flan-T5 (gated GELU) as ET5.

use std::path::Path;

use serde::Deserialize;

use crate::config::{Et5Config, TensorSpec};

use super::checkpoint::{Checkpoint, read_json};
use super::error::ConvertError;

/// The fields of a T5's `config.json` that matter here; it has many more.
#[derive(Debug, Deserialize)]
struct T5Config {
    model_type: Option<String>,
    vocab_size: usize,
    d_model: usize,
    d_kv: usize,
    d_ff: usize,
    num_layers: usize,
    num_decoder_layers: Option<usize>,
    num_heads: usize,
    #[serde(default = "default_buckets")]
    relative_attention_num_buckets: usize,
    #[serde(default = "default_distance")]
    relative_attention_max_distance: usize,
    #[serde(default = "default_epsilon")]
    layer_norm_epsilon: f32,
    /// Absent means "relu", the first T5.
    feed_forward_proj: Option<String>,
    tie_word_embeddings: Option<bool>,
    /// Written since transformers 5, where `tie_word_embeddings` no longer says whether the logits are scaled.
    scale_decoder_outputs: Option<bool>,
    pad_token_id: Option<u32>,
    eos_token_id: Option<u32>,
    decoder_start_token_id: Option<u32>,
}

fn default_buckets() -> usize {
    32
}

fn default_distance() -> usize {
    128
}

fn default_epsilon() -> f32 {
    1e-6
}

const SHARED: &str = "shared.weight";
const HEAD: &str = "lm_head.weight";
/// Other names of the shared table; checkpoints may hold any of them, and `shared.weight` may be missing if one is there.
const ALIASES: [&str; 2] = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
/// Stands in the oldest checkpoints and was never used: cross-attention has no positions.
const UNUSED: &str = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

/// A T5 checkpoint, read and understood.
pub(super) struct T5 {
    checkpoint: Checkpoint,
    pub(super) vocab_size: usize,
    pub(super) d_model: usize,
    pub(super) pad_token_id: u32,
    pub(super) eos_token_id: u32,
    pub(super) decoder_start_token_id: u32,
    pub(super) et5: Et5Config,
    /// Tensors that are there and not needed, with the reason.
    pub(super) notes: Vec<String>,
    /// Name of the shared table in the checkpoint.
    table: &'static str,
    /// Name of the untied head's tensor in the checkpoint.
    head: &'static str,
}

impl T5 {
    pub(super) fn open(folder: &Path) -> Result<Self, ConvertError> {
        let path = folder.join("config.json");
        let config: T5Config = read_json(&path)?;
        let unsupported = |field, found: String, supported| ConvertError::Unsupported {
            path: path.display().to_string(),
            field,
            found,
            supported,
        };
        if let Some(kind) = &config.model_type
            && !matches!(kind.as_str(), "t5" | "mt5")
        {
            return Err(unsupported("model_type", kind.clone(), "t5 or mt5"));
        }
        let activation = config.feed_forward_proj.as_deref().unwrap_or("relu");
        if activation != "gated-gelu" {
            let supported = "gated-gelu (T5 v1.1 and Flan-T5); the first T5 with its plain relu is not";
            return Err(unsupported("feed_forward_proj", activation.to_owned(), supported));
        }
        let checkpoint = Checkpoint::open(folder)?;
        let table =
            [SHARED, ALIASES[0], ALIASES[1]].into_iter().find(|name| checkpoint.contains(name)).unwrap_or(SHARED);
        let mut t5 = Self {
            checkpoint,
            vocab_size: config.vocab_size,
            d_model: config.d_model,
            pad_token_id: config.pad_token_id.unwrap_or(0),
            eos_token_id: config.eos_token_id.unwrap_or(1),
            decoder_start_token_id: config.decoder_start_token_id.or(config.pad_token_id).unwrap_or(0),
            et5: Et5Config {
                num_layers: config.num_layers,
                num_decoder_layers: config.num_decoder_layers.unwrap_or(config.num_layers),
                num_heads: config.num_heads,
                d_kv: config.d_kv,
                d_ff: config.d_ff,
                relative_attention_num_buckets: config.relative_attention_num_buckets,
                relative_attention_max_distance: config.relative_attention_max_distance,
                layer_norm_epsilon: config.layer_norm_epsilon,
                tie_word_embeddings: true,
            },
            notes: Vec::new(),
            table,
            head: HEAD,
        };
        t5.settle_head(&config)?;
        Ok(t5)
    }

    /// Decides whether the head is tied. The first T5 ties its head and scales its input by d^-0.5, v1.1 does neither; old
    /// configs say both by `tie_word_embeddings`, those of transformers 5 say the scale by `scale_decoder_outputs`, have
    /// `tie_word_embeddings` always true, and drop a head that equals the table.
    fn settle_head(&mut self, config: &T5Config) -> Result<(), ConvertError> {
        let claimed_tied = config.tie_word_embeddings.unwrap_or(true);
        let scaled = config.scale_decoder_outputs.unwrap_or(claimed_tied);
        self.et5.tie_word_embeddings = scaled;
        if scaled {
            if self.checkpoint.contains(HEAD) {
                self.expect_copy(HEAD)?;
                self.notes.push(format!("{HEAD}: a copy of {}, not stored twice", self.table));
            }
        } else if claimed_tied && !self.checkpoint.contains(HEAD) {
            self.head = self.table;
            self.notes
                .push(format!("{HEAD}: absent; the head is {} without scale, stored as a head of its own", self.table));
        }
        Ok(())
    }

    /// Checks that a second copy of the shared table is one.
    fn expect_copy(&self, name: &str) -> Result<(), ConvertError> {
        let shape = [self.vocab_size, self.d_model];
        if self.checkpoint.read(name, &shape)? == self.checkpoint.read(self.table, &shape)? {
            return Ok(());
        }
        let (name, original) = (name.to_owned(), self.table.to_owned());
        Err(ConvertError::NotTied { folder: self.checkpoint.name(), name, original })
    }

    /// Name in the checkpoint of a tensor of ours, if T5 brings it.
    pub(super) fn source(&self, spec: &TensorSpec) -> Option<String> {
        match spec.name.as_str() {
            "shared.weight" => Some(self.table.to_owned()),
            "et5.lm_head.weight" => Some(self.head.to_owned()),
            name => name.strip_prefix("et5.").map(str::to_owned),
        }
    }

    /// Holds the checkpoint's names against the tensors of our config.
    pub(super) fn check(&mut self, specs: &[TensorSpec]) -> Result<(), ConvertError> {
        let wanted: Vec<String> = specs.iter().filter_map(|spec| self.source(spec)).collect();
        let tied = self.et5.tie_word_embeddings;
        self.checkpoint.check_names(wanted.iter().map(String::as_str), |name| {
            ALIASES.contains(&name) || name == UNUSED || (tied && name == HEAD)
        })?;
        for alias in ALIASES {
            if alias != self.table && self.checkpoint.contains(alias) {
                self.expect_copy(alias)?;
                self.notes.push(format!("{alias}: a copy of {}, not stored twice", self.table));
            }
        }
        if self.checkpoint.contains(UNUSED) {
            self.notes.push(format!("{UNUSED}: left by old checkpoints, never used by T5"));
        }
        Ok(())
    }

    /// The values of a tensor of ours, or `None` where T5 does not bring it.
    pub(super) fn read(&self, spec: &TensorSpec) -> Option<Result<Vec<f32>, ConvertError>> {
        self.source(spec).map(|name| self.checkpoint.read(&name, &spec.shape))
    }
}
