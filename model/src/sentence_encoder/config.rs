//! The sizes of a sentence encoder, and the tensors that follow from them.

use serde::{Deserialize, Serialize};

use super::reading::LineScore;
use crate::config::{ConfigError, HeadWidth, PARAMETER_LIMIT, Role, TensorSpec, positive, range};
use crate::kind::{ModelConfig, ModelKind};

/// A BERT-type sentence encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentenceEncoderConfig {
    /// Name of the checkpoint.
    pub name: String,
    /// Rows of the table of tokens. May exceed the tokenizer's size.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// The most tokens of a text, start and end included; rows of the table of positions.
    pub max_tokens: usize,
    /// Layers.
    pub num_layers: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Width of one head.
    pub d_kv: usize,
    /// Width of the feed-forward layers.
    pub d_ff: usize,
    /// Added to the variance in every norm.
    pub layer_norm_epsilon: f32,
    /// Put before a text (`[CLS]`).
    pub start_token_id: u32,
    /// Put behind a text (`[SEP]`).
    pub end_token_id: u32,
    /// The map from the pooled state to the vector; `None`: the pooled state is the vector.
    #[serde(deserialize_with = "Option::deserialize")]
    pub projection: Option<HeadWidth>,
    /// Where the encoder was taught to read a question together with a passage; `None`: it only makes vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingConfig>,
}

/// How a question is read together with a passage, see [`super::Reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingConfig {
    /// The layers that read; lines are scored by the states after the last of them.
    pub layers: usize,
    /// The most tokens of the question and the note behind it.
    pub max_asked: usize,
    /// The most tokens of a reading, all marks included.
    pub max_tokens: usize,
}

impl SentenceEncoderConfig {
    /// Width of the vectors.
    #[must_use]
    pub fn d_out(&self) -> usize {
        self.projection.map_or(self.d_model, |projection| projection.width)
    }
}

impl ModelConfig for SentenceEncoderConfig {
    const KIND: ModelKind = ModelKind::SentenceEncoder;

    fn validate(&self) -> Result<(), ConfigError> {
        range("vocab_size", self.vocab_size, 3..=1_000_000)?;
        range("d_model", self.d_model, 1..=16_384)?;
        // Start, end, and one token between them.
        range("max_tokens", self.max_tokens, 3..=8_192)?;
        range("num_layers", self.num_layers, 1..=256)?;
        range("num_heads", self.num_heads, 1..=256)?;
        range("d_kv", self.d_kv, 1..=1_024)?;
        range("d_ff", self.d_ff, 1..=131_072)?;
        positive("layer_norm_epsilon", self.layer_norm_epsilon)?;
        for (field, id) in [("start_token_id", self.start_token_id), ("end_token_id", self.end_token_id)] {
            if usize::try_from(id).map_or(true, |id| id >= self.vocab_size) {
                return Err(ConfigError::Token { field, id, vocab_size: self.vocab_size });
            }
        }
        if let Some(projection) = self.projection {
            range("projection.width", projection.width, 1..=16_384)?;
        }
        if let Some(reading) = self.reading {
            range("reading.layers", reading.layers, 1..=self.num_layers)?;
            range("reading.max_tokens", reading.max_tokens, 5..=self.max_tokens)?;
            // Start, two ends and a token of a line have to fit beside what is asked.
            range("reading.max_asked", reading.max_asked, 1..=reading.max_tokens - 4)?;
        }
        let parameters = self.parameters();
        if parameters > PARAMETER_LIMIT {
            return Err(ConfigError::TooManyParameters { parameters });
        }
        Ok(())
    }

    fn tensors(&self) -> Vec<TensorSpec> {
        let (d, inner) = (self.d_model, self.num_heads * self.d_kv);
        let mut list = Vec::new();
        let mut add = |name: String, shape: &[usize], role| {
            list.push(TensorSpec { name, shape: shape.to_vec(), role });
        };
        add("embeddings.token.weight".to_owned(), &[self.vocab_size, d], Role::Embedding);
        add("embeddings.position.weight".to_owned(), &[self.max_tokens, d], Role::Embedding);
        add("embeddings.norm.weight".to_owned(), &[d], Role::Norm);
        add("embeddings.norm.bias".to_owned(), &[d], Role::Bias);
        for layer in 0..self.num_layers {
            for (name, outputs, inputs) in [
                ("attention.q", inner, d),
                ("attention.k", inner, d),
                ("attention.v", inner, d),
                ("attention.o", d, inner),
                ("feed_forward.up", self.d_ff, d),
                ("feed_forward.down", d, self.d_ff),
            ] {
                add(format!("layers.{layer}.{name}.weight"), &[outputs, inputs], Role::Projection);
                add(format!("layers.{layer}.{name}.bias"), &[outputs], Role::Bias);
            }
            for name in ["attention.norm", "feed_forward.norm"] {
                add(format!("layers.{layer}.{name}.weight"), &[d], Role::Norm);
                add(format!("layers.{layer}.{name}.bias"), &[d], Role::Bias);
            }
        }
        if let Some(projection) = self.projection {
            add("projection.weight".to_owned(), &[projection.width, d], Role::HeadProjection);
        }
        if self.reading.is_some() {
            add("reading.weight".to_owned(), &[LineScore::COUNT, d], Role::HeadProjection);
            add("reading.bias".to_owned(), &[LineScore::COUNT], Role::Bias);
            add("reading.similarity".to_owned(), &[LineScore::COUNT], Role::Bias);
        }
        list
    }

    fn parameters(&self) -> u64 {
        self.tensors().iter().fold(0, |sum, spec| sum.saturating_add(spec.elements()))
    }

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> SentenceEncoderConfig {
        SentenceEncoderConfig {
            name: "small".to_owned(),
            vocab_size: 30,
            d_model: 32,
            max_tokens: 16,
            num_layers: 2,
            num_heads: 2,
            d_kv: 16,
            d_ff: 64,
            layer_norm_epsilon: 1e-12,
            start_token_id: 1,
            end_token_id: 2,
            projection: Some(HeadWidth { width: 8 }),
            reading: Some(ReadingConfig { layers: 1, max_asked: 6, max_tokens: 16 }),
        }
    }

    #[test]
    fn parameters_are_those_of_bert_without_token_types_and_pooler() {
        let bert = SentenceEncoderConfig {
            vocab_size: 30_522,
            d_model: 384,
            max_tokens: 512,
            num_layers: 6,
            num_heads: 12,
            d_kv: 32,
            d_ff: 1_536,
            projection: None,
            reading: None,
            ..small()
        };
        assert_eq!(bert.validate(), Ok(()));
        // 22,713,216 of the published checkpoint, less two token types and the pooler.
        assert_eq!(bert.parameters(), 22_713_216 - 2 * 384 - (384 * 384 + 384));
        assert_eq!((bert.d_out(), small().d_out()), (384, 8));
    }

    #[test]
    fn every_bad_size_is_named() {
        type Alter = fn(&mut SentenceEncoderConfig);
        const READ_BY_NONE: Option<ReadingConfig> = Some(ReadingConfig { layers: 0, max_asked: 6, max_tokens: 16 });
        const TOO_LONG: Option<ReadingConfig> = Some(ReadingConfig { layers: 1, max_asked: 6, max_tokens: 17 });
        const ALL_ASKED: Option<ReadingConfig> = Some(ReadingConfig { layers: 1, max_asked: 13, max_tokens: 16 });
        let cases: [(Alter, &str); 11] = [
            (|config| config.vocab_size = 2, "`vocab_size` is 2"),
            (|config| config.max_tokens = 2, "`max_tokens` is 2"),
            (|config| config.num_layers = 0, "`num_layers` is 0"),
            (|config| config.d_kv = 0, "`d_kv` is 0"),
            (|config| config.layer_norm_epsilon = f32::NAN, "`layer_norm_epsilon` is NaN"),
            (|config| config.end_token_id = 30, "`end_token_id` is 30"),
            (|config| config.projection = Some(HeadWidth { width: 0 }), "`projection.width` is 0"),
            (|config| config.reading = READ_BY_NONE, "`reading.layers` is 0"),
            (|config| config.reading = TOO_LONG, "`reading.max_tokens` is 17"),
            (|config| config.reading = ALL_ASKED, "`reading.max_asked` is 13"),
            (
                |config| {
                    (config.vocab_size, config.d_model, config.d_ff, config.num_layers) =
                        (1_000_000, 16_384, 131_072, 256);
                },
                "parameters, the limit",
            ),
        ];
        for (alter, expected) in cases {
            let mut config = small();
            alter(&mut config);
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
