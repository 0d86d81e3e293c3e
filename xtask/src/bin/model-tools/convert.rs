//! `cargo xtask convert`: Hugging Face checkpoints of T5 and Mamba become a model folder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use mambaformer_model::convert::Conversion;
use mambaformer_model::weights::{Recipe, Scheme};

use crate::report;

/// Converts a T5 v1.1 or Flan-T5, with a Mamba-1 beside it or alone.
#[derive(clap::Args)]
pub struct Args {
    /// Hugging Face folder of the T5: config.json, safetensors, tokenizer.json.
    #[arg(long)]
    t5: PathBuf,
    /// Folder of the Mamba, in Hugging Face's or the original naming. Without it all tokens go to ET5.
    #[arg(long)]
    mamba: Option<PathBuf>,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// A tokenizer.json in place of the T5 folder's.
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// Name of the model; by default those of the folders.
    #[arg(long)]
    name: Option<String>,
    /// The most encoder tokens.
    #[arg(long, default_value_t = 1024)]
    max_tokens: usize,
    /// Seed of gate and adapters, which no checkpoint brings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// f32, q8, q4 or mixed.
    #[arg(long, default_value = "f32")]
    quantise: Scheme,
}

/// Converts and says what was not needed and what was made up.
pub fn run(args: Args) -> Result<()> {
    let conversion = Conversion {
        name: args.name.clone().map_or_else(|| name_of(&args), Ok)?,
        t5: args.t5,
        mamba: args.mamba,
        tokenizer: args.tokenizer,
        max_tokens: args.max_tokens,
        seed: args.seed,
        recipe: Recipe::new(args.quantise),
        licences: Vec::new(),
    };
    let converted = conversion.run(&args.out)?;
    for note in &converted.notes {
        println!("note: {note}");
    }
    report::totals(&converted.manifest, &converted.written.tensors);
    println!(
        "wrote {}; the checkpoints' licences are not known to this program, add them to manifest.json",
        args.out.display()
    );
    Ok(())
}

fn name_of(args: &Args) -> Result<String> {
    let names: Vec<String> = [Some(&args.t5), args.mamba.as_ref()]
        .into_iter()
        .flatten()
        .map(|folder| {
            let folder = folder.canonicalize().with_context(|| format!("`{}` cannot be opened", folder.display()))?;
            Ok(folder.file_name().map_or_else(|| "checkpoint".to_owned(), |name| name.to_string_lossy().into_owned()))
        })
        .collect::<Result<_>>()?;
    Ok(names.join("+"))
}
