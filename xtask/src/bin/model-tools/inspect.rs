//! `cargo xtask inspect`: what a model folder holds, after every hash was checked.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use mambaformer_model::config::Config;
use mambaformer_model::kind::{ModelConfig, ModelKind};
use mambaformer_model::manifest::{FileEntry, FileHasher, ModelFile, is_of_kind};
use mambaformer_model::sentence_encoder::SentenceEncoderConfig;
use mambaformer_model::tokenizer::Tokenizer;
use mambaformer_model::weights::{TensorReport, WeightsOf, read_manifest};

use crate::report;

/// Verifies a model folder and prints its config, sizes and tensors.
#[derive(clap::Args)]
pub struct Args {
    /// Model folder.
    folder: PathBuf,
}

/// Verifies and prints.
pub fn run(args: &Args) -> Result<()> {
    if is_of_kind(&read_manifest(&args.folder)?, ModelKind::SentenceEncoder)? {
        inspect::<SentenceEncoderConfig>(args)
    } else {
        inspect::<Config>(args)
    }
}

fn inspect<C: ModelConfig>(args: &Args) -> Result<()> {
    let weights = WeightsOf::<C>::open(&args.folder)?;
    let manifest = weights.manifest().clone();
    for file in [ModelFile::Weights, ModelFile::Tokenizer] {
        check_whole(&args.folder, manifest.files.entry(file))?;
    }
    let tokenizer = Tokenizer::from_bytes(weights.tokenizer(), manifest.config.vocab_size())?;
    println!("{}", serde_json::to_string_pretty(&manifest.config)?);
    let tensors: Vec<TensorReport> = manifest
        .config
        .tensors()
        .into_iter()
        .filter_map(|spec| {
            let (_, matrix) = weights.tensors().find(|(name, _)| *name == spec.name)?;
            let stored = manifest.quantization.tensors.get(&spec.name);
            Some(TensorReport {
                name: spec.name,
                shape: spec.shape,
                storage: matrix.storage(),
                bytes: matrix.bytes() as u64,
                relative_rms_error: stored.map_or(0.0, |stored| stored.relative_rms_error),
            })
        })
        .collect();
    report::tensors(&tensors);
    report::totals(&manifest, &tensors);
    println!(
        "tokenizer: {} bytes, marks of the prompt: {}",
        weights.tokenizer().len(),
        if tokenizer.marks().is_some() { "yes" } else { "no" }
    );
    println!("provenance: {}", serde_json::to_string_pretty(&manifest.provenance)?);
    for licence in &manifest.licences {
        println!("licence: {}: {} ({})", licence.name, licence.licence, licence.attribution);
    }
    println!("every chunk and both files match their hashes");
    Ok(())
}

/// The readers check chunks; the hash of the whole file is for download tools and is checked here.
fn check_whole(folder: &std::path::Path, entry: &FileEntry) -> Result<()> {
    let path = folder.join(&entry.path);
    let mut file = std::fs::File::open(&path).with_context(|| format!("`{}` cannot be opened", path.display()))?;
    let mut hasher = FileHasher::default();
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = std::io::Read::read(&mut file, &mut piece)?;
        if length == 0 {
            break;
        }
        hasher.update(&piece[..length]);
    }
    let found = hasher.finish(&entry.path).sha256;
    ensure!(
        found == entry.sha256,
        "`{}` has the SHA-256 {found}, manifest.json says {}; load the model again from its source",
        path.display(),
        entry.sha256
    );
    Ok(())
}
