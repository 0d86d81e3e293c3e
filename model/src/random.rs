//! Seeded random weights for any config, and a tokenizer to go with them: models for tests and speed measurements, and the
//! start of what a converted checkpoint does not bring along (gate, adapters).
//!
//! Each tensor has its own stream, seeded by the model's seed and the tensor's name, so that the order in which tensors are
//! made does not matter and a config with one tensor more leaves the others as they were. The numbers are made by integer
//! arithmetic and so are the same on every machine; only the two Mamba parameters that need a logarithm may differ in the
//! last bit.

use serde_json::{Map, Value, json};

use crate::config::{Config, Role, TensorSpec};
use crate::generate::{SourceUnit, Sources, UnitOrigin};

/// The generator: `SplitMix64` (Steele, Lea & Flood 2014).
#[derive(Debug, Clone)]
pub struct Stream(u64);

impl Stream {
    /// A stream of its own for each seed and name.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a over the name; the seed goes through one step first so that seeds 1 and 2 share no stretch of the sequence.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(Self(seed).next_u64() ^ hash)
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    fn four(&mut self) -> [u16; 4] {
        let [a, b, c, d, e, f, g, h] = self.next_u64().to_le_bytes();
        [[a, b], [c, d], [e, f], [g, h]].map(u16::from_le_bytes)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f32 {
        let [a, b, ..] = self.four();
        (f32::from(a) + f32::from(b >> 8) / 256.0) / 65_536.0
    }

    /// Near normal with mean 0 and variance 1: the sum of four uniform 16-bit numbers (Irwin–Hall), never beyond 3.47.
    pub fn normal(&mut self) -> f32 {
        // 4 * (2^32 - 1) / 12 is the sum's variance.
        const DEVIATION: f32 = 37_837.227;
        let sum: u32 = self.four().map(u32::from).into_iter().sum();
        (sum as f32 - 131_070.0) / DEVIATION
    }
}

/// Tokens of a sentence of [`question`].
const SENTENCE: usize = 24;

/// A prompt of `tokens` random tokens, the end token behind them, and its sentences of 24 tokens as what may be answered: for measurements.
#[must_use]
pub fn question(config: &Config, tokens: usize) -> (Vec<u32>, Sources) {
    let mut stream = Stream::new(7, "bench");
    let vocabulary = config.vocab_size as u64 - 2;
    let mut ids: Vec<u32> =
        (1..tokens).map(|_| 2 + u32::try_from(stream.next_u64() % vocabulary).unwrap_or(0)).collect();
    ids.push(config.eos_token_id);
    let units = ids[..ids.len() - 1]
        .chunks_exact(SENTENCE)
        .enumerate()
        .map(|(index, ids)| SourceUnit {
            origin: UnitOrigin::Text { text: 0, position: SENTENCE * index },
            ids: ids.to_vec(),
            bytes: 0..1,
            prior: 1.0,
        })
        .collect();
    (ids, Sources::new(units))
}

/// What [`spoil`] puts in: brings an input past the first check of syntax, or has broken a reader somewhere.
const PIECES: [&str; 37] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "-1",
    "0",
    "1",
    "2",
    "32",
    "4194304",
    "18446744073709551615",
    "1e309",
    "-0.0",
    "\"F32\"",
    "\"U32\"",
    "\"q4\"",
    "\"shape\"",
    "\"data_offsets\"",
    "\"__metadata__\"",
    "\\u0000",
    "\\ud800",
    "\u{1F9B7}",
    "e\u{301}",
    "\u{202e}",
    "\u{df}",
    " mg/kg ",
    " 4,000.5 ",
    "<p>",
    "**",
    "\n\n",
    "{{",
    "|",
];

/// One to five edits, for inputs that a reader has to survive: flip a bit, write a digit, leave out, repeat or put in something.
pub fn spoil(stream: &mut Stream, bytes: &mut Vec<u8>) {
    let mut below = |limit: usize| usize::try_from(stream.next_u64() % limit.max(1) as u64).unwrap_or_default();
    for _ in 0..=below(4) {
        let at = below(bytes.len() + 1);
        let to = (at + below(24)).min(bytes.len());
        let piece = PIECES[below(PIECES.len())];
        match below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << below(8),
            1 if at < bytes.len() => bytes[at] = b"0123456789"[below(10)],
            2 => drop(bytes.drain(at..to)),
            3 => {
                let stretch = bytes[at..to].to_vec();
                let target = below(bytes.len() + 1);
                bytes.splice(target..target, stretch);
            }
            4 => drop(bytes.splice(at..at, piece.bytes())),
            _ => drop(bytes.splice(at..to, piece.bytes())),
        }
    }
}

/// Random weights of a config.
#[derive(Debug, Clone)]
pub struct RandomWeights<'config> {
    config: &'config Config,
    seed: u64,
}

impl<'config> RandomWeights<'config> {
    /// The same seed and config give the same weights.
    #[must_use]
    pub fn new(config: &'config Config, seed: u64) -> Self {
        Self { config, seed }
    }

    /// The values of one tensor of the config, row-major. Scaled so that activations neither vanish nor grow: projections
    /// by the root of their inputs, T5's unscaled queries by the head's width as well, Mamba's step sizes from 0.001 to 0.1.
    #[must_use]
    pub fn values(&self, spec: &TensorSpec) -> Vec<f32> {
        let (rows, columns) = spec.rows_and_columns();
        let count = rows * columns;
        let mut stream = Stream::new(self.seed, &spec.name);
        let inputs = (columns as f32).sqrt().recip();
        let mut normal = |scale: f32| -> Vec<f32> { (0..count).map(|_| scale * stream.normal()).collect() };
        match spec.role {
            Role::Embedding | Role::Prototypes => normal(1.0),
            Role::Query => normal(inputs / (self.config.et5.d_kv as f32).sqrt()),
            Role::OutputHead | Role::Projection | Role::ScanInput | Role::HeadProjection | Role::SmallMatrix => {
                normal(inputs)
            }
            Role::RelativeBias => normal(0.5),
            Role::Norm => normal(0.05).into_iter().map(|value| 1.0 + value).collect(),
            Role::Bias => normal(0.05),
            Role::Convolution => normal(0.5 * inputs),
            Role::Surprisal => (0..count).map(|_| stream.uniform()).collect(),
            Role::TableMeanSquareNorm => vec![self.table_mean_square_norm()],
            Role::StepWeight => (0..count).map(|_| (2.0 * stream.uniform() - 1.0) * inputs).collect(),
            Role::StepBias => (0..count).map(|_| step_bias(stream.uniform())).collect(),
            Role::StateDecay => {
                let row: Vec<f32> = (1..=columns).map(|state| (state as f32).ln()).collect();
                row.repeat(rows)
            }
            Role::Skip => vec![1.0; count],
        }
    }

    fn table_mean_square_norm(&self) -> f32 {
        let table = self.config.tensors().into_iter().find(|spec| spec.role == Role::Embedding);
        table.map_or(1.0, |spec| mean_square_norm(&self.values(&spec), self.config.d_model))
    }
}

/// Mean over the rows `[rows, width]` of their squared norm.
#[must_use]
pub fn mean_square_norm(table: &[f32], width: usize) -> f32 {
    let rows = (table.len() / width.max(1)).max(1);
    let sum: f64 = table.iter().map(|&value| f64::from(value).powi(2)).sum();
    #[allow(clippy::cast_possible_truncation)] // a mean for an f32 buffer
    {
        (sum / rows as f64) as f32
    }
}

/// The inverse softplus of a step size between 0.001 and 0.1, spread evenly on the logarithm (as Mamba starts).
fn step_bias(uniform: f32) -> f32 {
    let step = (uniform * (0.1f32 / 0.001).ln() + 0.001f32.ln()).exp();
    step + (-(-step).exp_m1()).ln()
}

/// Pieces every tokenizer of ours starts with.
pub const SPECIAL_PIECES: [&str; 7] = ["<pad>", "</s>", "<unk>", "<q>", "<p>", "<t>", "<n>"];

/// The smallest vocabulary that can hold any text: the special pieces and 256 bytes.
pub const SMALLEST_VOCABULARY: usize = SPECIAL_PIECES.len() + 256;

/// A vocabulary too small for the byte tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a vocabulary of {found} cannot hold any text, it needs {SMALLEST_VOCABULARY} pieces at least; choose a larger vocab_size or give a tokenizer"
)]
pub struct VocabularyTooSmall {
    /// Pieces asked for.
    pub found: usize,
}

/// A `tokenizer.json` of exactly `vocab_size` pieces that can hold any text without training: the special pieces, 256
/// bytes, the printable ASCII characters, and unused names for the rest.
pub fn byte_tokenizer(vocab_size: usize) -> Result<Vec<u8>, VocabularyTooSmall> {
    if vocab_size < SMALLEST_VOCABULARY {
        return Err(VocabularyTooSmall { found: vocab_size });
    }
    let special = SPECIAL_PIECES.into_iter().map(str::to_owned);
    let bytes = (0..=255u8).map(|byte| format!("<0x{byte:02X}>"));
    let characters = std::iter::once('\u{2581}').chain('!'..='~').map(String::from);
    let unused = (0..vocab_size).map(|number| format!("<unused_{number}>"));
    let pieces = special.chain(bytes).chain(characters).chain(unused).take(vocab_size);
    let vocabulary: Map<String, Value> = pieces.enumerate().map(|(id, piece)| (piece, json!(id))).collect();
    let added: Vec<Value> = SPECIAL_PIECES
        .into_iter()
        .enumerate()
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    let metaspace = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
    let tokenizer = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            metaspace,
            {"type": "Punctuation", "behavior": "Isolated"},
            {"type": "Digits", "individual_digits": true},
        ]},
        "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, metaspace]},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocabulary, "merges": [],
        },
    });
    Ok(tokenizer.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;
    use crate::tokenizer::Tokenizer;

    #[test]
    fn streams_have_the_moments_they_claim() {
        let mut stream = Stream::new(1, "x");
        let count = 200_000;
        let normal: Vec<f64> = (0..count).map(|_| f64::from(stream.normal())).collect();
        let uniform: Vec<f64> = (0..count).map(|_| f64::from(stream.uniform())).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let square = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        assert!(mean(&normal).abs() < 0.01 && (square(&normal) - 1.0).abs() < 0.01);
        assert!((mean(&uniform) - 0.5).abs() < 0.005 && (square(&uniform) - 1.0 / 3.0).abs() < 0.005);
        assert!(uniform.iter().all(|value| (0.0..1.0).contains(value)));
    }

    #[test]
    fn weights_depend_on_seed_and_name_alone_and_are_finite() {
        let config = Preset::Nano.config();
        let first = RandomWeights::new(&config, 1);
        for spec in config.tensors() {
            let values = first.values(&spec);
            assert_eq!(values.len() as u64, spec.elements(), "{}", spec.name);
            assert!(values.iter().all(|value| value.is_finite()), "{}", spec.name);
            assert_eq!(values, RandomWeights::new(&config, 1).values(&spec));
            if spec.role == Role::Projection {
                assert_ne!(values, RandomWeights::new(&config, 2).values(&spec));
            }
            if spec.role == Role::StepBias {
                let softplus = |x: f32| x.exp().ln_1p();
                assert!(values.iter().all(|&bias| (0.000_99..0.101).contains(&softplus(bias))));
            }
            if spec.role == Role::TableMeanSquareNorm {
                assert!((values[0] / 64.0 - 1.0).abs() < 0.02, "{}", values[0]);
            }
        }
    }

    #[test]
    fn the_byte_tokenizer_holds_any_text() {
        let tokenizer = Tokenizer::from_bytes(&byte_tokenizer(512).unwrap(), 512).unwrap();
        assert!(tokenizer.marks().is_some());
        for text in ["Is 0.2 % fine?", "Zähne ß 歯 \u{1F9B7}", "<q> ~"] {
            let ids: Vec<u32> = tokenizer.encode(text).unwrap().iter().map(|token| token.id).collect();
            assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        }
        assert_eq!(byte_tokenizer(262), Err(VocabularyTooSmall { found: 262 }));
    }
}
