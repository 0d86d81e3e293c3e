//! `cargo xtask make`: a model of any preset with seeded random weights.

use std::path::PathBuf;

use anyhow::{Context, Result};
use mambaformer_model::config::Config;
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, byte_tokenizer};
use mambaformer_model::tokenizer::Tokenizer;
use mambaformer_model::weights::{NewModel, Recipe, Scheme, WeightsError, write_folder};
use serde_json::{Map, json};

use crate::report;

/// Makes a model with random weights.
#[derive(clap::Args)]
pub struct Args {
    /// nano, chairside, base or t5-large.
    #[arg(long, required_unless_present = "config", conflicts_with = "config")]
    preset: Option<Preset>,
    /// A config.json in place of a preset.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The same seed gives the same weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// f32, q8, q4 or mixed.
    #[arg(long, default_value = "f32")]
    quantise: Scheme,
    /// A tokenizer.json; without one, a tokenizer of bytes and ASCII characters is made.
    #[arg(long)]
    tokenizer: Option<PathBuf>,
}

/// Makes the model, tensor by tensor.
pub fn run(args: &Args) -> Result<()> {
    let config = match (&args.config, args.preset) {
        (Some(path), _) => {
            let bytes = std::fs::read(path).with_context(|| format!("reading `{}` failed", path.display()))?;
            Config::from_json(&bytes)?
        }
        (None, Some(preset)) => preset.config(),
        (None, None) => anyhow::bail!("give --preset or --config"),
    };
    let tokenizer = match &args.tokenizer {
        Some(path) => std::fs::read(path).with_context(|| format!("reading `{}` failed", path.display()))?,
        None => byte_tokenizer(config.vocab_size)?,
    };
    Tokenizer::from_bytes(&tokenizer, config.vocab_size)?;
    let provenance = Map::from_iter([
        ("tool".to_owned(), json!(format!("mambaformer-model {} make", env!("CARGO_PKG_VERSION")))),
        ("seed".to_owned(), json!(args.seed)),
        ("notes".to_owned(), json!(["random weights, not trained"])),
    ]);
    let model = NewModel {
        name: config.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: config.clone(),
        recipe: Recipe::new(args.quantise),
        tokenizer,
        provenance,
        licences: Vec::new(),
    };
    let random = RandomWeights::new(&config, args.seed);
    let (manifest, written) = write_folder(&args.out, &model, |spec| Ok::<_, WeightsError>(random.values(spec)))?;
    report::totals(&manifest, &written.tensors);
    println!("wrote {}", args.out.display());
    Ok(())
}
