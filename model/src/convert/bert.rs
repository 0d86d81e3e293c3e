//! A BERT-type sentence encoder of Hugging Face becomes a model folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::config::{HeadWidth, TensorSpec};
use crate::kind::ModelConfig as _;
use crate::manifest::{Licence, ManifestOf};
use crate::sentence_encoder::{ReadingConfig, SentenceEncoderConfig};
use crate::tokenizer::Tokenizer;
use crate::weights::{NewModel, Recipe, TOKENIZER_FILE, Written, write_folder};

use super::checkpoint::{Checkpoint, read_file, read_json};
use super::error::ConvertError;
use super::pack::{Training, check_patterns, different_folders};

/// The fields of a BERT's `config.json` that matter here; it has many more.
#[derive(Debug, Deserialize)]
struct BertConfig {
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    /// Absent means "absolute", the only kind since transformers 5.
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    /// Ours, no other BERT has it: how a question and a passage are read together.
    #[serde(default)]
    reading: Option<ReadingConfig>,
}

/// Names of the final projection; where there is none the pooled state is the vector.
const PROJECTION: &str = "projection.weight";
/// The scores of lines, named as here.
const READING: &str = "reading.";
const POSITIONS: &str = "embeddings.position_embeddings.weight";
const TYPES: &str = "embeddings.token_type_embeddings.weight";
/// What exports put before BERT's names.
const PREFIXES: [&str; 2] = ["", "bert."];

/// What to convert, and how.
#[derive(Debug, Clone)]
pub struct SentenceEncoderConversion {
    /// Folder with `config.json`, safetensors, `tokenizer.json` and, where there is one, `training.json`.
    pub from: PathBuf,
    /// Name of the new model.
    pub name: String,
    /// The most tokens of a text, start and end included.
    pub max_tokens: usize,
    /// How tensors are stored.
    pub recipe: Recipe,
    /// Licences of the checkpoint, as the caller knows them; those of `training.json` follow.
    pub licences: Vec<Licence>,
}

/// A finished conversion of a sentence encoder.
#[derive(Debug)]
pub struct ConvertedSentenceEncoder {
    /// As written.
    pub manifest: ManifestOf<SentenceEncoderConfig>,
    /// Each tensor's storage and error.
    pub written: Written,
    /// Tensors of the checkpoint that were not needed, and what was folded together.
    pub notes: Vec<String>,
}

impl SentenceEncoderConversion {
    /// Reads the checkpoint, checks it against its config and writes the model folder `out`.
    pub fn run(&self, out: &Path) -> Result<ConvertedSentenceEncoder, ConvertError> {
        different_folders(&self.from, out)?;
        let bert = Bert::open(&self.from)?;
        let tokenizer = Frame::read(&self.from.join(TOKENIZER_FILE), bert.config.vocab_size)?;
        let config = bert.understand(self, &tokenizer)?;
        config.validate()?;
        let specs = config.tensors();
        check_patterns(&self.recipe, &specs)?;
        let notes = bert.check(&specs)?;
        let Training { mut provenance, version, licences } = Training::read(&self.from)?;
        provenance.extend(self.provenance(&notes));
        let model = NewModel {
            name: self.name.clone(),
            version,
            recipe: self.recipe.clone(),
            tokenizer: tokenizer.bytes,
            provenance,
            licences: self.licences.iter().cloned().chain(licences).collect(),
            config,
        };
        let (manifest, written) = write_folder(out, &model, |spec| bert.read(spec))?;
        Ok(ConvertedSentenceEncoder { manifest, written, notes })
    }

    fn provenance(&self, notes: &[String]) -> Map<String, Value> {
        let folder = self.from.file_name().map(|name| name.to_string_lossy().into_owned());
        Map::from_iter([
            ("converter".to_owned(), json!(format!("mambaformer-model {} convert", env!("CARGO_PKG_VERSION")))),
            ("checkpoint".to_owned(), json!(folder)),
            ("notes".to_owned(), json!(notes)),
        ])
    }
}

/// The tokenizer, and what it puts round a text.
struct Frame {
    bytes: Vec<u8>,
    start: u32,
    end: u32,
}

impl Frame {
    fn read(path: &Path, vocab_size: usize) -> Result<Self, ConvertError> {
        let bytes = read_file(path)?;
        let failed = |source| ConvertError::Tokenizer { path: path.display().to_string(), source };
        let frame =
            Tokenizer::from_bytes(&bytes, vocab_size).and_then(|tokenizer| tokenizer.frame()).map_err(failed)?;
        match *frame.as_slice() {
            [start, end] => Ok(Self { bytes, start, end }),
            _ => Err(ConvertError::Unsupported {
                path: path.display().to_string(),
                field: "post_processor",
                found: format!("{} tokens round a text", frame.len()),
                supported: "one before and one behind it, as BERT's [CLS] and [SEP]",
            }),
        }
    }
}

/// A checkpoint, opened.
struct Bert {
    checkpoint: Checkpoint,
    config: BertConfig,
    prefix: &'static str,
    path: String,
}

impl Bert {
    fn open(folder: &Path) -> Result<Self, ConvertError> {
        let path = folder.join("config.json");
        let config = read_json(&path)?;
        let checkpoint = Checkpoint::open(folder)?;
        let holds = |prefix: &&str| checkpoint.contains(&format!("{prefix}{POSITIONS}"));
        let prefix = PREFIXES.into_iter().find(holds).unwrap_or_default();
        Ok(Self { checkpoint, config, prefix, path: path.display().to_string() })
    }

    /// Our config, or the field that keeps it from being one.
    fn understand(
        &self,
        conversion: &SentenceEncoderConversion,
        tokenizer: &Frame,
    ) -> Result<SentenceEncoderConfig, ConvertError> {
        let config = &self.config;
        let require = |holds: bool, field, found: &dyn ToString, supported| {
            let refusal =
                || ConvertError::Unsupported { path: self.path.clone(), field, found: found.to_string(), supported };
            if holds { Ok(()) } else { Err(refusal()) }
        };
        let kind = config.model_type.as_deref().unwrap_or("bert");
        require(kind == "bert", "model_type", &kind, "bert")?;
        require(config.hidden_act == "gelu", "hidden_act", &config.hidden_act, "gelu (the exact one)")?;
        let positions = config.position_embedding_type.as_deref().unwrap_or("absolute");
        require(positions == "absolute", "position_embedding_type", &positions, "absolute")?;
        require(!config.is_decoder, "is_decoder", &config.is_decoder, "false")?;
        let (heads, width) = (config.num_attention_heads, config.hidden_size);
        require(
            heads > 0 && width.is_multiple_of(heads),
            "num_attention_heads",
            &heads,
            "a number that divides hidden_size",
        )?;
        require(config.type_vocab_size > 0, "type_vocab_size", &config.type_vocab_size, "1 or more")?;
        require(
            conversion.max_tokens <= config.max_position_embeddings,
            "max_position_embeddings",
            &config.max_position_embeddings,
            "at least the tokens asked for; give a smaller --max-tokens",
        )?;
        let projection = match self.checkpoint.shape(PROJECTION) {
            None => None,
            Some(shape) => {
                let outputs = shape.first().and_then(|outputs| usize::try_from(*outputs).ok());
                Some(HeadWidth { width: outputs.unwrap_or(0) })
            }
        };
        Ok(SentenceEncoderConfig {
            name: conversion.name.clone(),
            vocab_size: config.vocab_size,
            d_model: width,
            max_tokens: conversion.max_tokens,
            num_layers: config.num_hidden_layers,
            num_heads: heads,
            d_kv: width / heads,
            d_ff: config.intermediate_size,
            layer_norm_epsilon: config.layer_norm_eps,
            start_token_id: tokenizer.start,
            end_token_id: tokenizer.end,
            projection,
            reading: config.reading,
        })
    }

    /// Name in the checkpoint of a tensor of ours.
    fn source(&self, name: &str) -> String {
        if name == PROJECTION || name.starts_with(READING) {
            return name.to_owned();
        }
        let mut renamed = name.to_owned();
        for (ours, theirs) in [
            ("embeddings.token.", "embeddings.word_embeddings."),
            ("embeddings.position.", "embeddings.position_embeddings."),
            ("embeddings.norm.", "embeddings.LayerNorm."),
            (".attention.q.", ".attention.self.query."),
            (".attention.k.", ".attention.self.key."),
            (".attention.v.", ".attention.self.value."),
            (".attention.o.", ".attention.output.dense."),
            (".attention.norm.", ".attention.output.LayerNorm."),
            (".feed_forward.up.", ".intermediate.dense."),
            (".feed_forward.down.", ".output.dense."),
            (".feed_forward.norm.", ".output.LayerNorm."),
        ] {
            renamed = renamed.replace(ours, theirs);
        }
        let layer = if renamed.starts_with("layers.") { "encoder.layer." } else { "" };
        format!("{}{layer}{}", self.prefix, renamed.trim_start_matches("layers."))
    }

    /// Holds the checkpoint's names against the tensors of our config, and says what else it holds.
    fn check(&self, specs: &[TensorSpec]) -> Result<Vec<String>, ConvertError> {
        let types = format!("{}{TYPES}", self.prefix);
        let wanted: Vec<String> = specs.iter().map(|spec| self.source(&spec.name)).chain([types.clone()]).collect();
        let unused = [
            ("embeddings.position_ids", "numbers from 0, left by old checkpoints"),
            ("pooler.dense.weight", "BERT's own pooler; vectors here are means"),
            ("pooler.dense.bias", "BERT's own pooler; vectors here are means"),
        ]
        .map(|(name, reason)| (format!("{}{name}", self.prefix), reason));
        self.checkpoint
            .check_names(wanted.iter().map(String::as_str), |name| unused.iter().any(|(unused, _)| unused == name))?;
        let mut notes = vec![format!("{types}: the first row is added to the positions, texts have no second part")];
        notes.extend(
            unused
                .iter()
                .filter(|(name, _)| self.checkpoint.contains(name))
                .map(|(name, reason)| format!("{name}: not used ({reason})")),
        );
        Ok(notes)
    }

    /// The values of a tensor of ours. Positions beyond `max_tokens` are left out, and token type 0 is added to the others.
    fn read(&self, spec: &TensorSpec) -> Result<Vec<f32>, ConvertError> {
        let source = self.source(&spec.name);
        if spec.name != "embeddings.position.weight" {
            return self.checkpoint.read(&source, &spec.shape);
        }
        let width = self.config.hidden_size;
        let mut values = self.checkpoint.read(&source, &[self.config.max_position_embeddings, width])?;
        let types = self.checkpoint.read(&format!("{}{TYPES}", self.prefix), &[self.config.type_vocab_size, width])?;
        let rows = spec.shape.first().copied().unwrap_or(0);
        values.truncate(rows * width);
        for row in values.chunks_exact_mut(width) {
            crate::nn::add(row, &types);
        }
        Ok(values)
    }
}
