//! `cargo xtask logits`: everything the model computes for given tokens, for anyone's own comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use mambaformer_model::weights::Weights;
use mambaformer_model::{Expert, MambaFormer, Routing};

use crate::assistant::Force;

/// Writes the model's intermediate values.
#[derive(clap::Args)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// Encoder tokens: a JSON array of ids.
    #[arg(long)]
    input_ids: PathBuf,
    /// Decoder tokens: a JSON array of ids; the start token alone where absent.
    #[arg(long)]
    decoder_ids: Option<PathBuf>,
    /// Every token to this expert.
    #[arg(long, value_enum)]
    force: Option<Force>,
    /// Safetensors file to write, all f32.
    #[arg(long)]
    output: PathBuf,
}

/// Computes and writes.
pub fn run(args: &Args) -> Result<()> {
    let mut weights = Weights::open(&args.model)?;
    let config = weights.manifest().config.clone();
    let model = MambaFormer::load(&config, &mut weights)?;
    let ids = read_ids(&args.input_ids)?;
    let decoder_ids = match &args.decoder_ids {
        Some(path) => read_ids(path)?,
        None => vec![config.decoder_start_token_id],
    };
    let routing = args.force.map_or_else(Routing::default, |force| Routing::Force(force.into()));
    let encoded = model.encode(&ids, routing)?;
    let mut state = model.begin_decoding(&encoded)?;
    let z = model.decode(&mut state, &decoder_ids)?;

    let device = Device::Cpu;
    let length = ids.len();
    let none = || Tensor::zeros((0, config.d_model), candle_core::DType::F32, &device);
    let experts: Vec<f32> =
        encoded.decisions.experts.iter().map(|expert| if *expert == Expert::EMamba { 1.0 } else { 0.0 }).collect();
    let mut tensors = BTreeMap::from([
        ("embeddings", encoded.trace.embeddings.clone()),
        ("gate_logits", Tensor::from_vec(encoded.decisions.logits.concat(), (length, 2), &device)?),
        ("expert", Tensor::from_vec(experts, length, &device)?),
        ("gate_weight", Tensor::from_vec(encoded.decisions.weights.clone(), length, &device)?),
        ("et5_hidden", encoded.trace.et5_hidden.clone().map_or_else(none, Ok)?),
        ("emamba_hidden", encoded.trace.emamba_hidden.clone().map_or_else(none, Ok)?),
        ("memory", encoded.memory.clone()),
        ("logits", model.logits(&z)?),
    ]);
    if model.has_copy_head() {
        let rows = (0..decoder_ids.len())
            .map(|row| Ok(model.mixture(&z.narrow(0, row, 1)?, &state, &ids)?.probabilities))
            .collect::<Result<Vec<_>>>()?;
        tensors
            .insert("probabilities", Tensor::from_vec(rows.concat(), (decoder_ids.len(), config.vocab_size), &device)?);
    }
    let data: Vec<(&str, Tensor)> =
        tensors.into_iter().map(|(name, tensor)| Ok((name, tensor.contiguous()?))).collect::<Result<_>>()?;
    safetensors::serialize_to_file(data, None, &args.output)?;
    println!("{} tokens in, {} out -> {}", length, decoder_ids.len(), args.output.display());
    Ok(())
}

fn read_ids(path: &Path) -> Result<Vec<u32>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON array of token ids", path.display()))
}
