//! `cargo xtask pack`: an exported model, or a model folder, becomes a quantised model folder.

use std::path::PathBuf;

use anyhow::Result;
use mambaformer_model::convert;
use mambaformer_model::weights::{Recipe, Scheme};

use crate::report;

/// Quantises an export of the training or a model folder and prints each tensor's error.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with config.json, model.safetensors, tokenizer.json and, where there is one, training.json; or a model folder.
    #[arg(long)]
    from: PathBuf,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// f32, q8, q4 or mixed (4 bits for the experts' projections, 8 for tables and heads).
    #[arg(long, default_value = "mixed")]
    quantise: Scheme,
    /// Tensors that stay in f32; `*` stands for any run of characters.
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    keep_f32: Vec<String>,
}

/// Packs and prints the table of errors.
pub fn run(args: Args) -> Result<()> {
    let recipe = Recipe { scheme: args.quantise, keep_f32: args.keep_f32, in_q4: args.q4 };
    let (manifest, written) = convert::pack(&args.from, &args.out, &recipe)?;
    report::tensors(&written.tensors);
    report::totals(&manifest, &written.tensors);
    println!("wrote {}", args.out.display());
    Ok(())
}
