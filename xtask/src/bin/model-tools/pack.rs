//! `cargo xtask pack`: an exported model, or a model folder, becomes a quantised model folder.

use std::path::PathBuf;

use anyhow::Result;
use mambaformer_model::convert;
use mambaformer_model::kind::ModelKind;
use mambaformer_model::manifest::is_of_kind;
use mambaformer_model::sentence_encoder::SentenceEncoderConfig;
use mambaformer_model::weights::{MANIFEST_FILE, Recipe, Scheme, read_manifest};

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
    /// Tensors that go into 4 bits whatever the rest does, such as `embeddings.token.weight` of a sentence encoder.
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    q4: Vec<String>,
}

/// Packs and prints the table of errors.
pub fn run(args: Args) -> Result<()> {
    let recipe = Recipe { scheme: args.quantise, keep_f32: args.keep_f32, in_q4: args.q4 };
    let is_encoder =
        args.from.join(MANIFEST_FILE).is_file() && is_of_kind(&read_manifest(&args.from)?, ModelKind::SentenceEncoder)?;
    if is_encoder {
        let (manifest, written) = convert::repack::<SentenceEncoderConfig>(&args.from, &args.out, &recipe)?;
        report::tensors(&written.tensors);
        report::totals(&manifest, &written.tensors);
    } else {
        let (manifest, written) = convert::pack(&args.from, &args.out, &recipe)?;
        report::tensors(&written.tensors);
        report::totals(&manifest, &written.tensors);
    }
    println!("wrote {}", args.out.display());
    Ok(())
}
