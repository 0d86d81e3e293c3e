//! `cargo xtask convert`: Hugging Face checkpoints become a model folder: T5 and Mamba a MambaFormer, BERT a sentence encoder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mambaformer_model::convert::{Conversion, SentenceEncoderConversion};
use mambaformer_model::kind::ModelConfig;
use mambaformer_model::manifest::ManifestOf;
use mambaformer_model::weights::{Recipe, Scheme, Written};

use crate::report;

/// Converts a T5 v1.1 or Flan-T5, with a Mamba-1 beside it or alone; or a BERT-type sentence encoder.
#[derive(clap::Args)]
pub struct Args {
    /// Hugging Face folder of the T5: config.json, safetensors, tokenizer.json.
    #[arg(long, required_unless_present = "sentence_encoder")]
    t5: Option<PathBuf>,
    /// Folder of the Mamba, in Hugging Face's or the original naming. Without it all tokens go to ET5.
    #[arg(long)]
    mamba: Option<PathBuf>,
    /// Hugging Face folder of a BERT-type sentence encoder: config.json, safetensors (with `projection.weight` where vectors are
    /// projected), tokenizer.json.
    #[arg(long, conflicts_with_all = ["t5", "mamba", "tokenizer"])]
    sentence_encoder: Option<PathBuf>,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// A tokenizer.json in place of the T5 folder's.
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// Name of the model; by default those of the folders.
    #[arg(long)]
    name: Option<String>,
    /// The most encoder tokens; by default 1024, for a sentence encoder 128.
    #[arg(long)]
    max_tokens: Option<usize>,
    /// Seed of gate and adapters, which no checkpoint brings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// f32, q8, q4 or mixed.
    #[arg(long, default_value = "f32")]
    quantise: Scheme,
    /// Tensors that stay in f32 (sentence encoders); `*` stands for any run of characters.
    #[arg(long, value_name = "PATTERN", num_args = 1.., requires = "sentence_encoder")]
    keep_f32: Vec<String>,
    /// Tensors that go into 4 bits (sentence encoders), such as `embeddings.token.weight`.
    #[arg(long, value_name = "PATTERN", num_args = 1.., requires = "sentence_encoder")]
    q4: Vec<String>,
}

/// Converts and says what was not needed and what was made up.
pub fn run(args: Args) -> Result<()> {
    let name = args.name.clone().map_or_else(|| name_of(&args), Ok)?;
    if let Some(from) = args.sentence_encoder {
        let conversion = SentenceEncoderConversion {
            from,
            name,
            max_tokens: args.max_tokens.unwrap_or(128),
            recipe: Recipe { scheme: args.quantise, keep_f32: args.keep_f32, in_q4: args.q4 },
            licences: Vec::new(),
        };
        let converted = conversion.run(&args.out)?;
        tell(&converted.notes, &converted.manifest, &converted.written, &args.out);
        return Ok(());
    }
    let conversion = Conversion {
        name,
        t5: args.t5.context("give --t5 or --sentence-encoder")?,
        mamba: args.mamba,
        tokenizer: args.tokenizer,
        max_tokens: args.max_tokens.unwrap_or(1024),
        seed: args.seed,
        recipe: Recipe::new(args.quantise),
        licences: Vec::new(),
    };
    let converted = conversion.run(&args.out)?;
    tell(&converted.notes, &converted.manifest, &converted.written, &args.out);
    Ok(())
}

fn tell<C: ModelConfig>(notes: &[String], manifest: &ManifestOf<C>, written: &Written, out: &Path) {
    for note in notes {
        println!("note: {note}");
    }
    report::totals(manifest, &written.tensors);
    print!("wrote {}", out.display());
    if manifest.licences.is_empty() {
        print!("; the checkpoints' licences are not known to this program, add them to manifest.json");
    }
    println!();
}

fn name_of(args: &Args) -> Result<String> {
    let names: Vec<String> = [args.t5.as_ref(), args.mamba.as_ref(), args.sentence_encoder.as_ref()]
        .into_iter()
        .flatten()
        .map(|folder| {
            let folder = folder.canonicalize().with_context(|| format!("`{}` cannot be opened", folder.display()))?;
            Ok(folder.file_name().map_or_else(|| "checkpoint".to_owned(), |name| name.to_string_lossy().into_owned()))
        })
        .collect::<Result<_>>()?;
    Ok(names.join("+"))
}
