//! A model small enough to flip every bit of, and ways to spoil it.
#![allow(dead_code)] // each test binary uses its part

use mambaformer_model::config::{Combine, Config, EMambaConfig, Et5Config, GateConfig, HeadWidth, HeadsConfig};
use mambaformer_model::manifest::{FileEntry, Manifest};
use mambaformer_model::random::{RandomWeights, byte_tokenizer};
use mambaformer_model::weights::{NewModel, Recipe, Scheme, WEIGHTS_FILE, Weights, WeightsError};

/// Every kind of tensor once, some 20 kB.
pub fn tiny_config() -> Config {
    Config {
        name: "tiny".into(),
        vocab_size: 16,
        d_model: 32,
        max_tokens: 64,
        pad_token_id: 0,
        eos_token_id: 1,
        decoder_start_token_id: 0,
        decoder_prefix: 3,
        stem_conv: Some(4),
        gate: GateConfig { hidden: 4, window: 1, prototypes: 2, temperature: 1.0 },
        et5: Et5Config {
            num_layers: 1,
            num_decoder_layers: 1,
            num_heads: 2,
            d_kv: 4,
            d_ff: 32,
            relative_attention_num_buckets: 8,
            relative_attention_max_distance: 16,
            layer_norm_epsilon: 1e-6,
            tie_word_embeddings: false,
        },
        emamba: Some(EMambaConfig {
            d_model: 16,
            num_layers: 1,
            d_inner: 32,
            d_state: 4,
            d_conv: 4,
            dt_rank: 2,
            bidirectional: true,
            layer_norm_epsilon: 1e-5,
        }),
        combine: Combine::Residual,
        heads: HeadsConfig {
            copy: Some(HeadWidth { width: 4 }),
            decision: true,
            answerable: true,
            embedding: Some(HeadWidth { width: 4 }),
        },
    }
}

/// The bytes of a model's three files.
#[derive(Clone)]
pub struct Model {
    pub manifest: Manifest,
    pub weights: Vec<u8>,
    pub tokenizer: Vec<u8>,
}

impl Model {
    pub fn of(config: &Config, scheme: Scheme) -> Self {
        // The reader checks the tokenizer's bytes by hash alone; a vocabulary of 16 is too small for a real one.
        let tokenizer = byte_tokenizer(config.vocab_size).unwrap_or_else(|_| b"{\"no\":\"tokenizer\"}".to_vec());
        let model = NewModel {
            name: config.name.clone(),
            version: "test".into(),
            config: config.clone(),
            recipe: Recipe::new(scheme),
            tokenizer: tokenizer.clone(),
            provenance: serde_json::Map::from_iter([("seed".to_owned(), 7.into())]),
            licences: Vec::new(),
        };
        let random = RandomWeights::new(config, 7);
        let (manifest, weights) = model.build(|spec| Ok::<_, WeightsError>(random.values(spec))).unwrap();
        Self { manifest, weights, tokenizer }
    }

    pub fn tiny(scheme: Scheme) -> Self {
        Self::of(&tiny_config(), scheme)
    }

    pub fn load(&self) -> Result<Weights, WeightsError> {
        Weights::from_parts(self.manifest.to_json().unwrap().as_bytes(), &self.weights, &self.tokenizer)
    }

    /// Puts other weights in and makes the hashes right again, so that what lies behind the hashes is tested.
    pub fn with_weights(&self, weights: Vec<u8>) -> Self {
        let mut model = self.clone();
        model.manifest.files.weights = FileEntry::describe(WEIGHTS_FILE, &weights);
        model.weights = weights;
        model
    }

    /// The header's JSON and the data.
    pub fn split(&self) -> (String, Vec<u8>) {
        let length = usize::try_from(u64::from_le_bytes(self.weights[..8].try_into().unwrap())).unwrap();
        (String::from_utf8(self.weights[8..8 + length].to_vec()).unwrap(), self.weights[8 + length..].to_vec())
    }

    /// The model with another header before the same data.
    pub fn with_header(&self, header: &str) -> Self {
        let (_, data) = self.split();
        self.with_weights(join(header.as_bytes(), &data))
    }

    /// The model with its header edited as JSON.
    pub fn edit(&self, change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) -> Self {
        let (header, _) = self.split();
        let mut json = serde_json::from_str(&header).unwrap();
        change(&mut json);
        self.with_header(&serde_json::to_string(&json).unwrap())
    }
}

/// A safetensors file of header and data.
pub fn join(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}
