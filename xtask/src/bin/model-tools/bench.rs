//! `cargo xtask bench`: what the kernels and the whole model reach on this machine's graphics processor, side by side in one run.
//!
//! Figures of one run compare with each other and with nothing else: a software adapter says how kernels relate, not how fast
//! they are.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result};
use mambaformer_model::MambaFormer;
use mambaformer_model::config::Config;
use mambaformer_model::generate::{GroundedDecoder, GroundedStep};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, byte_tokenizer, question};
use mambaformer_model::weights::{NewModel, Recipe, Scheme, Weights, WeightsError};
use mambaformer_wasm::gpu::Gpu;
use mambaformer_wasm::gpu::variants::Variants;
use mambaformer_wasm::kernels::matmul::Form;
use mambaformer_wasm::measure::loss::{Loss, losses};
use mambaformer_wasm::measure::model::Subject;
use mambaformer_wasm::measure::{OPTIONS, Run, kernels, routings};
use pollster::block_on;
use serde_json::{Value, json};

/// Measures kernels and model.
#[derive(clap::Args)]
pub struct Args {
    /// The model's folder.
    #[arg(long, default_value = "assets/model", conflicts_with = "presets")]
    model: PathBuf,
    /// Instead of a folder, presets with random weights (nano, chairside, base, t5-large), which take prompts of any of the sizes; `base` and
    /// `t5-large` take minutes and up to 4 GB.
    #[arg(long, value_delimiter = ',')]
    presets: Vec<Preset>,
    /// How the presets' weights are stored: f32, q8, q4 or mixed.
    #[arg(long, default_value = "q8")]
    quantise: Scheme,
    /// Prompt lengths of the whole model in tokens; 8192 takes minutes on an emulated graphics processor.
    #[arg(long, alias = "tokens", value_delimiter = ',', default_values_t = [256, 1024])]
    sizes: Vec<usize>,
    /// Runs of each measurement; the best counts for kernels, the median for the model.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Writes the figures as JSON, too.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Instead of all else, take the graphics processor away in every stage so many times, and measure until it serves again.
    #[arg(long, conflicts_with_all = ["presets", "no_gpu"])]
    losses: Option<usize>,
    /// Leave the kernels out.
    #[arg(long)]
    no_kernels: bool,
    /// Leave the graphics processor out: the model on the processor alone.
    #[arg(long)]
    no_gpu: bool,
    /// The optional forms of products to use where the device offers them (shader-f16, dot4I8Packed, subgroups), instead of plain f32.
    #[arg(long, value_delimiter = ',', value_parser = form)]
    forms: Vec<Form>,
    /// Leave the processor out.
    #[arg(long, conflicts_with = "no_gpu")]
    no_cpu: bool,
}

/// Measures and prints.
pub fn run(args: &Args) -> Result<()> {
    if let Some(repeats) = args.losses {
        return lost(args, repeats);
    }
    let mut report = json!({ "rounds": args.rounds, "models": [] });
    let gpu = if args.no_gpu { None } else { Some(Rc::new(block_on(Gpu::open())?)) };
    if let Some(gpu) = &gpu {
        println!("{} ({:?}, {})", gpu.info.name, gpu.info.backend, gpu.info.driver_info);
        report["adapter"] = json!({ "name": gpu.info.name, "driver": gpu.info.driver_info });
    }
    let subjects: Vec<Option<Preset>> =
        if args.presets.is_empty() { vec![None] } else { args.presets.iter().copied().map(Some).collect() };
    let mut totals = Vec::new();
    // One after the other: the large ones fill the memory.
    for (index, subject) in subjects.into_iter().enumerate() {
        let weights = match subject {
            None => Weights::open(&args.model)?,
            Some(preset) => random(preset, args)?,
        };
        let config = weights.config().clone();
        println!("\n== {}, {:.1} M parameters", config.name, config.parameters() as f64 / 1e6);
        let mut model = json!({ "model": config.name, "parameters": config.parameters() });
        let mut runs = Vec::new();
        if let Some(gpu) = &gpu {
            if index == 0 && !args.no_kernels {
                report["kernels"] = measured(gpu, &config, args.rounds)?;
            }
            model["gpu"] = model_on_gpu(gpu, &weights, args, &mut runs)?;
        }
        if !args.no_cpu {
            model_on_cpu(weights, &config, args, &mut runs)?;
        }
        model["growth"] = growth(&runs);
        model["runs"] = serde_json::to_value(&runs)?;
        if let Some(models) = report["models"].as_array_mut() {
            models.push(model);
        }
        totals.push((config.name, runs));
    }
    report["slower_than"] = compared(&totals);
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("writing `{}` failed", path.display()))?;
    }
    Ok(())
}

/// A preset with random weights that takes prompts of the sizes asked for.
fn random(preset: Preset, args: &Args) -> Result<Weights> {
    let mut config = preset.config();
    config.max_tokens = config.max_tokens.max(args.sizes.iter().copied().max().unwrap_or_default());
    let model = NewModel {
        name: config.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        recipe: Recipe::new(args.quantise),
        tokenizer: byte_tokenizer(config.vocab_size)?,
        provenance: serde_json::Map::new(),
        licences: Vec::new(),
        config: config.clone(),
    };
    let random = RandomWeights::new(&config, 1);
    let (manifest, weights) = model.build(|spec| Ok::<_, WeightsError>(random.values(spec)))?;
    Ok(Weights::from_parts(&serde_json::to_vec(&manifest)?, &weights, &model.tokenizer)?)
}

fn form(name: &str) -> Result<Form, String> {
    let known = || Form::OPTIONAL.map(Form::name).join(", ");
    Form::OPTIONAL.into_iter().find(|form| form.name() == name).ok_or_else(|| format!("known are {}", known()))
}

fn told(run: &Run) {
    let Run { engine, tokens, routing, prompt_ms, answer_ms, calls, .. } = run;
    println!(
        "{engine:<10} {tokens:>6} tokens {routing:<14} prompt {prompt_ms:>9.1} ms, answer {answer_ms:>8.1} ms, {calls} decoder calls"
    );
}

/// How the time of a prompt grows from the smallest of the sizes to the largest, for each engine and routing.
fn growth(runs: &[Run]) -> Value {
    let mut rows = Vec::new();
    let smallest = runs.iter().map(|run| run.tokens).min().unwrap_or_default();
    let largest = runs.iter().map(|run| run.tokens).max().unwrap_or_default();
    for small in runs.iter().filter(|run| run.tokens == smallest && smallest < largest) {
        let same = |run: &&Run| (run.engine, run.routing, run.tokens) == (small.engine, small.routing, largest);
        let Some(large) = runs.iter().find(same) else { continue };
        let times = large.prompt_ms / small.prompt_ms;
        println!(
            "{:<10} {:<14} a prompt of {largest} tokens takes {times:.1} times that of {smallest} ({:.1} times the tokens)",
            small.engine,
            small.routing,
            largest as f64 / smallest as f64,
        );
        rows.push(
            json!({ "engine": small.engine, "routing": small.routing, "tokens": [smallest, largest], "times": times }),
        );
    }
    Value::Array(rows)
}

/// How many times as long as the routed first model the others take for the same tokens on the same engine.
fn compared(totals: &[(String, Vec<Run>)]) -> Value {
    let mut rows = Vec::new();
    let Some(((first, own), others)) = totals.split_first() else { return Value::Array(rows) };
    for (name, runs) in others {
        for run in runs {
            let same = |own: &&Run| (own.engine, own.tokens, own.routing) == (run.engine, run.tokens, "routed");
            let Some(own) = own.iter().find(same) else { continue };
            let times = (run.prompt_ms + run.answer_ms) / (own.prompt_ms + own.answer_ms);
            println!(
                "{:<10} {:>6} tokens: {name} {} takes {times:.1} times as long as {first} routed",
                run.engine, run.tokens, run.routing
            );
            rows.push(json!({ "engine": run.engine, "tokens": run.tokens, "model": name, "routing": run.routing, "times": times }));
        }
    }
    Value::Array(rows)
}

fn measured(gpu: &Gpu, config: &Config, rounds: usize) -> Result<Value> {
    println!("\n{:<52} {:>9} {:>8} {:>7} {:>9} {:>7}", "kernel", "us", "GB/s", "of copy", "GFLOP/s", "of GEMM");
    let rows = block_on(kernels::speeds(gpu, config, rounds, true, &mut |row| {
        println!(
            "{:<52} {:>9.1} {:>8.2} {:>6.0}% {:>9.2} {:>6.0}%",
            row.kernel,
            row.us,
            row.gb_per_s,
            100.0 * row.of_copy,
            row.gflop_per_s,
            100.0 * row.of_gemm,
        );
    }))?;
    Ok(serde_json::to_value(rows)?)
}

fn model_on_gpu(gpu: &Rc<Gpu>, weights: &Weights, args: &Args, runs: &mut Vec<Run>) -> Result<Value> {
    let config = weights.config();
    let sizes: Vec<usize> = args.sizes.iter().copied().filter(|tokens| *tokens <= config.max_tokens).collect();
    let mut variants = Variants::default();
    for form in args.forms.iter().filter(|form| gpu.offers.contains(form)) {
        variants.choose(*form);
    }
    let most = sizes.iter().copied().max().unwrap_or(256);
    let subject = block_on(Subject::load(gpu, weights, most, &variants))?;
    let loaded = &subject.loaded;
    println!(
        "loaded in {:.0} ms, {} pipelines; {} dispatches a prompt, {} a decoder call; {:.1} MB weights, {:.1} MB activations; {:.2} MB of weights read by a decoder call",
        loaded.load_ms,
        loaded.pipelines,
        loaded.dispatches[0],
        loaded.dispatches[1],
        loaded.bytes[0] as f64 / 1e6,
        loaded.bytes[1] as f64 / 1e6,
        loaded.bytes_per_call as f64 / 1e6,
    );
    let (mut all, mut free) = (Vec::new(), Vec::new());
    for tokens in sizes {
        all.extend(block_on(subject.run("GPU", tokens, args.rounds, &mut |run| told(&run.run)))?);
        if let Some(run) = block_on(subject.free(tokens))? {
            println!(
                "GPU        {:>6} tokens free: {} tokens in {:.1} ms, {} decoder calls in {} submits",
                run.prompt, run.tokens, run.ms, run.calls, run.submits
            );
            free.push(run);
        }
    }
    runs.extend(all.iter().map(|run| run.run.clone()));
    Ok(json!({ "loaded": subject.loaded, "runs": all, "free": free }))
}

fn lost(args: &Args, repeats: usize) -> Result<()> {
    let load = || Ok(Weights::open(&args.model)?);
    let losses = block_on(losses(&load, repeats, &mut |loss| {
        let Loss { stage, reopened_ms, answered_ms, same } = loss;
        println!(
            "{stage:?}: serves again after {reopened_ms:.0} ms, answered after {answered_ms:.0} ms, same answer: {same}"
        );
    }))?;
    let mut times: Vec<f64> = losses.iter().map(|loss| loss.reopened_ms).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied();
    println!(
        "{} losses, {} same answers; serves again: p50 {:.0} ms, p95 {:.0} ms",
        losses.len(),
        losses.iter().filter(|loss| loss.same).count(),
        at(50).unwrap_or(f64::NAN),
        at(95).unwrap_or(f64::NAN)
    );
    if let Some(path) = &args.output {
        std::fs::write(path, serde_json::to_string_pretty(&losses)?)
            .with_context(|| format!("writing `{}` failed", path.display()))?;
    }
    Ok(())
}

fn model_on_cpu(mut weights: Weights, config: &Config, args: &Args, runs: &mut Vec<Run>) -> Result<()> {
    let model = MambaFormer::load(config, &mut weights)?;
    for &tokens in args.sizes.iter().filter(|tokens| **tokens <= config.max_tokens) {
        let (ids, sources) = question(config, tokens);
        for (name, routing) in routings(config) {
            let (mut times, mut calls) = (Vec::new(), 0);
            for round in 0..=args.rounds {
                let started = Instant::now();
                let encoded = model.encode(&ids, routing)?;
                let encode = started.elapsed().as_secs_f64() * 1e3;
                let started = Instant::now();
                let mut decoder = GroundedDecoder::new(&model, &encoded, &[], sources.clone(), OPTIONS)?;
                while decoder.step()? != GroundedStep::Done {}
                calls = decoder.statistics().model_calls;
                if round > 0 {
                    times.push((encode, started.elapsed().as_secs_f64() * 1e3));
                }
            }
            let run = Run::new("processor", tokens, name, &times, calls);
            told(&run);
            runs.push(run);
        }
    }
    Ok(())
}
