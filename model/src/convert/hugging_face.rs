//! A T5 checkpoint, with or without a Mamba beside it, becomes a model folder.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::config::{Config, Role, TensorSpec};
use crate::manifest::{Licence, Manifest};
use crate::preset;
use crate::random::{RandomWeights, mean_square_norm};
use crate::tokenizer::Tokenizer;
use crate::weights::{NewModel, Recipe, TOKENIZER_FILE, Written, write_folder};

use super::checkpoint::read_file;
use super::error::ConvertError;
use super::mamba::Mamba;
use super::pack::different_folders;
use super::t5::T5;

/// What to convert, and how.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// Hugging Face folder of a T5 v1.1 or Flan-T5.
    pub t5: PathBuf,
    /// Folder of a Mamba-1; `None` makes a model with ET5 alone.
    pub mamba: Option<PathBuf>,
    /// A tokenizer to use in place of the T5 folder's.
    pub tokenizer: Option<PathBuf>,
    /// Name of the new model.
    pub name: String,
    /// The most encoder tokens.
    pub max_tokens: usize,
    /// Seed of the gate and the adapters, which no checkpoint brings.
    pub seed: u64,
    /// How tensors are stored.
    pub recipe: Recipe,
    /// Licences of the checkpoints, as the caller knows them.
    pub licences: Vec<Licence>,
}

/// A finished conversion.
#[derive(Debug)]
pub struct Converted {
    /// As written.
    pub manifest: Manifest,
    /// Each tensor's storage and error.
    pub written: Written,
    /// Tensors of the checkpoints that were not needed, and what was made up.
    pub notes: Vec<String>,
}

impl Conversion {
    /// Reads the checkpoints, checks them against each other and writes the model folder `out`.
    pub fn run(&self, out: &Path) -> Result<Converted, ConvertError> {
        different_folders(&self.t5, out)?;
        let mut t5 = T5::open(&self.t5)?;
        let mut mamba = self.mamba.as_deref().map(Mamba::open).transpose()?;
        let mut config = preset::converted(
            &self.name,
            t5.vocab_size,
            t5.d_model,
            t5.et5.clone(),
            mamba.as_ref().map(|mamba| mamba.emamba.clone()),
        );
        config.max_tokens = self.max_tokens;
        config.pad_token_id = t5.pad_token_id;
        config.eos_token_id = t5.eos_token_id;
        config.decoder_start_token_id = t5.decoder_start_token_id;
        config.validate()?;
        let specs = config.tensors();
        t5.check(&specs)?;
        if let Some(mamba) = &mut mamba {
            different_folders(mamba.folder(), out)?;
            mamba.check(&specs)?;
        }
        let path = self.tokenizer.clone().unwrap_or_else(|| self.t5.join(TOKENIZER_FILE));
        let tokenizer = checked_tokenizer(&path, &config)?;
        let surprisal = Surprisal::of(&tokenizer, config.vocab_size);
        let notes = notes(&config, &t5, mamba.as_ref(), &surprisal);
        let model = NewModel {
            name: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: config.clone(),
            recipe: self.recipe.clone(),
            tokenizer,
            provenance: self.provenance(&notes),
            licences: self.licences.clone(),
        };
        let random = RandomWeights::new(&config, self.seed);
        let mut table_norm = 0.0;
        let (manifest, written) = write_folder(out, &model, |spec: &TensorSpec| {
            if let Some(values) = t5.read(spec).or_else(|| mamba.as_ref().and_then(|mamba| mamba.read(spec))) {
                let values = values?;
                if spec.role == Role::Embedding {
                    table_norm = mean_square_norm(&values, config.d_model);
                }
                return Ok::<_, ConvertError>(values);
            }
            Ok(match spec.role {
                // The table is the first tensor of every config, so its norm is known by now.
                Role::TableMeanSquareNorm => vec![table_norm],
                Role::Surprisal => surprisal.values.clone(),
                _ => random.values(spec),
            })
        })?;
        Ok(Converted { manifest, written, notes })
    }

    fn provenance(&self, notes: &[String]) -> Map<String, Value> {
        let folder = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut provenance = Map::new();
        provenance.insert("tool".into(), json!(format!("mambaformer-model {} convert", env!("CARGO_PKG_VERSION"))));
        provenance.insert("t5".into(), json!(folder(&self.t5)));
        provenance.insert("mamba".into(), json!(self.mamba.as_deref().map(folder)));
        provenance.insert("seed".into(), json!(self.seed));
        provenance.insert("notes".into(), json!(notes));
        provenance
    }
}

fn notes(config: &Config, t5: &T5, mamba: Option<&Mamba>, surprisal: &Surprisal) -> Vec<String> {
    let mut notes = t5.notes.clone();
    notes.push("gate: seeded random, no checkpoint brings one; the routing means nothing until it is trained".into());
    notes.push(surprisal.origin.into());
    if let Some(mamba) = mamba {
        notes.extend(mamba.notes.iter().cloned());
        notes.push("emamba: runs on T5's embedding, on which it was not trained".into());
        if mamba.emamba.d_model != config.d_model {
            notes.push(format!(
                "emamba.adapter_in, emamba.adapter_out: seeded random, the widths differ ({} and {})",
                config.d_model, mamba.emamba.d_model
            ));
        }
    }
    notes
}

/// Reads a tokenizer and makes sure that the program can use it with this config.
pub(super) fn checked_tokenizer(path: &Path, config: &Config) -> Result<Vec<u8>, ConvertError> {
    let bytes = read_file(path)?;
    Tokenizer::from_bytes(&bytes, config.vocab_size)
        .map_err(|source| ConvertError::Tokenizer { path: path.display().to_string(), source })?;
    Ok(bytes)
}

/// The gate's surprisal of each token, 0 to 1.
struct Surprisal {
    values: Vec<f32>,
    origin: &'static str,
}

impl Surprisal {
    /// T5's tokenizer is a unigram model: its scores are log-probabilities, that is, negative surprisals. Without scores
    /// every token counts as equally surprising.
    fn of(tokenizer: &[u8], vocab_size: usize) -> Self {
        let scores = unigram_scores(tokenizer).unwrap_or_default();
        let largest = scores.iter().fold(0.0f32, |largest, score| largest.max(-score));
        if largest > 0.0 && largest.is_finite() {
            let mut values: Vec<f32> = scores.iter().map(|score| (-score / largest).clamp(0.0, 1.0)).collect();
            values.resize(vocab_size, 1.0);
            return Self { values, origin: "gate.surprisal: from the tokenizer's unigram scores" };
        }
        Self { values: vec![1.0; vocab_size], origin: "gate.surprisal: 1 for every token, the tokenizer has no scores" }
    }
}

fn unigram_scores(tokenizer: &[u8]) -> Option<Vec<f32>> {
    let json: Value = serde_json::from_slice(tokenizer).ok()?;
    let model = json.get("model")?;
    let pieces = model.get("vocab")?.as_array()?;
    #[allow(clippy::cast_possible_truncation)] // a score for an f32 buffer
    let score = |piece: &Value| Some(piece.get(1)?.as_f64()? as f32);
    pieces.iter().map(score).collect()
}
