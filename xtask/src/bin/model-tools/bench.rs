//! `cargo xtask bench`: what the kernels and the whole model reach on this machine's graphics processor, side by side in one run.
//!
//! Figures of one run compare with each other and with nothing else: a software adapter says how kernels relate, not how fast
//! they are.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result};
use mambaformer_model::config::Config;
use mambaformer_model::generate::{GroundedDecoder, GroundedOptions, GroundedStep, ModelWeight, Sampling};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, byte_tokenizer, question};
use mambaformer_model::weights::{NewModel, Recipe, Scheme, Weights, WeightsError};
use mambaformer_model::{Expert, MambaFormer, Routing};
use mambaformer_wasm::gpu::counts::Count;
use mambaformer_wasm::gpu::shader::Pipelines;
use mambaformer_wasm::gpu::variants::Quarantine;
use mambaformer_wasm::gpu::{Capacity, Gpu, GpuModel};
use mambaformer_wasm::kernels::attention_row::{self, AttentionRow};
use mambaformer_wasm::kernels::attention_tile::{self, AttentionTile};
use mambaformer_wasm::kernels::case::Case;
use mambaformer_wasm::kernels::copy::{self, Copy};
use mambaformer_wasm::kernels::matmul::{self, Epilogue, Matmul, Rows};
use mambaformer_wasm::kernels::scan::{self, CHUNK, Scan, ScanApply};
use mambaformer_wasm::kernels::weights::Format;
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
    /// Leave the kernels out.
    #[arg(long)]
    no_kernels: bool,
    /// Leave the graphics processor out: the model on the processor alone.
    #[arg(long)]
    no_gpu: bool,
    /// Leave the processor out.
    #[arg(long, conflicts_with = "no_gpu")]
    no_cpu: bool,
}

/// Measures and prints.
pub fn run(args: &Args) -> Result<()> {
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
                report["kernels"] = kernels(gpu, &config, args.rounds)?;
            }
            model["gpu"] = model_on_gpu(gpu, &weights, &config, args, &mut runs)?;
        }
        if !args.no_cpu {
            model_on_cpu(weights, &config, args, &mut runs)?;
        }
        model["growth"] = growth(&runs);
        model["runs"] = runs.iter().map(Run::json).collect();
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

/// A question of one size, routed one way, on one engine.
struct Run {
    engine: &'static str,
    tokens: usize,
    routing: &'static str,
    /// Median of `n` rounds.
    prompt_ms: f64,
    /// Of a grounded answer of 48 tokens.
    answer_ms: f64,
    /// Decoder calls of it.
    calls: usize,
    n: usize,
}

impl Run {
    fn new(engine: &'static str, tokens: usize, routing: &'static str, times: &[(f64, f64)], calls: usize) -> Self {
        let prompt_ms = median(times.iter().map(|(prompt, _)| *prompt).collect());
        let answer_ms = median(times.iter().map(|(_, answer)| *answer).collect());
        println!(
            "{engine:<10} {tokens:>6} tokens {routing:<14} prompt {prompt_ms:>9.1} ms, answer {answer_ms:>8.1} ms, {calls} decoder calls"
        );
        Self { engine, tokens, routing, prompt_ms, answer_ms, calls, n: times.len() }
    }

    fn json(&self) -> Value {
        json!({
            "engine": self.engine, "tokens": self.tokens, "routing": self.routing, "prompt_ms": self.prompt_ms,
            "answer_ms": self.answer_ms, "calls": self.calls, "n": self.n,
        })
    }
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

/// What one dispatch moves and computes.
struct Work {
    name: String,
    case: Case,
    repeats: usize,
    /// Bytes that have to be read or written at least once.
    bytes: f64,
    /// Multiplications and additions.
    operations: f64,
}

fn kernels(gpu: &Gpu, config: &Config, rounds: usize) -> Result<Value> {
    let mut pipelines = Pipelines::default();
    let mut rows = Vec::new();
    let mut mark = (0.0, 0.0);
    println!("\n{:<44} {:>9} {:>8} {:>7} {:>9} {:>7}", "kernel", "us", "GB/s", "of copy", "GFLOP/s", "of GEMM");
    for work in works(config) {
        let ms = block_on(work.case.time(gpu, &mut pipelines, work.repeats, rounds))?;
        let (gigabytes, gigaflops) = (work.bytes / ms / 1e6, work.operations / ms / 1e6);
        if work.name == "copy" {
            mark.0 = gigabytes;
        } else if work.name == "plain GEMM f32" {
            mark.1 = gigaflops;
        }
        println!(
            "{:<44} {:>9.1} {:>8.2} {:>6.0}% {:>9.2} {:>6.0}%",
            work.name,
            ms * 1e3,
            gigabytes,
            100.0 * gigabytes / mark.0,
            gigaflops,
            if mark.1 > 0.0 { 100.0 * gigaflops / mark.1 } else { 0.0 },
        );
        rows.push(json!({ "kernel": work.name, "us": ms * 1e3, "gb_per_s": gigabytes, "gflop_per_s": gigaflops }));
    }
    Ok(Value::Array(rows))
}

fn works(config: &Config) -> Vec<Work> {
    let et5 = &config.et5;
    let (d, inner) = (config.d_model, et5.num_heads * et5.d_kv);
    let mut works = Vec::new();
    let copied = Copy { values: 4 << 20 };
    works.push(Work {
        name: "copy".to_owned(),
        case: copy::case(&copied),
        repeats: 8,
        bytes: 8.0 * copied.values as f64,
        operations: 0.0,
    });
    let product = |name: String, kernel: Matmul, rows: usize, repeats: usize, bits: f64| {
        let weights = (kernel.inputs * kernel.outputs) as f64;
        let activations = (rows * (kernel.inputs + kernel.columns())) as f64;
        matmul::case(&kernel, rows).map(|case| Work {
            name,
            case,
            repeats,
            bytes: weights * bits / 8.0 + 4.0 * activations,
            operations: 2.0 * weights * rows as f64,
        })
    };
    works.extend(product(
        "plain GEMM f32".to_owned(),
        Matmul::new(Rows::Many, Format::F32, 512, 512, Count::Tokens),
        512,
        2,
        32.0,
    ));
    for (format, bits) in [(Format::F32, 32.0), (Format::Q8, 8.5), (Format::Q4, 4.5)] {
        let many =
            Matmul::new(Rows::Many, format, d, 2 * et5.d_ff, Count::Tokens).normed(1e-6).with(Epilogue::GatedGelu);
        works.extend(product(format!("matmul_tile {format:?}, wi of 1,024 rows"), many, 1024, 1, bits));
        let few = Matmul { rows: Rows::Few, ..many };
        works.extend(product(format!("matmul_rows {format:?}, wi of 1 row"), few, 1, 64, bits));
        works.extend(product(format!("matmul_rows {format:?}, wi of 32 rows"), few, 32, 8, bits));
    }
    let attention = AttentionTile {
        heads: et5.num_heads,
        d_kv: et5.d_kv,
        max_distance: et5.relative_attention_max_distance,
        rows_at: Count::Et5,
    };
    works.push(Work {
        name: "attention_tile, 512 tokens".to_owned(),
        case: attention_tile::case(&attention, 512),
        repeats: 1,
        bytes: 4.0 * (512 * 4 * inner) as f64,
        operations: 4.0 * (512 * 512 * inner) as f64,
    });
    let row = AttentionRow { cross: true, heads: et5.num_heads, d_kv: et5.d_kv, max_distance: attention.max_distance };
    works.push(Work {
        name: "attention_row, 1,024 keys".to_owned(),
        case: attention_row::case(&row, 1024, 1),
        repeats: 32,
        bytes: 8.0 * (1024 * inner) as f64,
        operations: 4.0 * (1024 * inner) as f64,
    });
    if let Some(emamba) = &config.emamba {
        for tokens in [1024, 8192] {
            for chunk in [CHUNK, tokens] {
                let scan = Scan {
                    d_inner: emamba.d_inner,
                    d_state: emamba.d_state,
                    dt_rank: emamba.dt_rank,
                    chunk,
                    backward: false,
                    rows_at: Count::Emamba,
                };
                let operations = (tokens * emamba.d_inner * emamba.d_state) as f64;
                let how = if chunk == tokens { "sequential" } else { "in chunks" };
                // The summaries and the outputs; both together are the scan.
                let cases = scan::cases_of(&ScanApply { scan, add: false, gate: true }, tokens);
                for (half, case) in ["scan_chunk", "scan_apply"].into_iter().zip(cases.into_iter().skip(1)) {
                    works.push(Work {
                        name: format!("{half} {how}, {tokens} tokens"),
                        case,
                        repeats: 1,
                        bytes: 4.0 * (tokens * emamba.d_inner * 3) as f64,
                        operations: 5.0 * operations,
                    });
                }
            }
        }
    }
    works
}

/// Two sentences: 48 tokens.
const OPTIONS: GroundedOptions = GroundedOptions {
    max_tokens: 48,
    max_units: 2,
    jump_forward: true,
    end_prior: 1.0,
    model_weight: ModelWeight::even(1.0),
};

fn routings(config: &Config) -> Vec<(&'static str, Routing)> {
    let all = ("all on ET5", Routing::Force(Expert::Et5));
    if config.emamba.is_none() {
        return vec![all];
    }
    vec![("routed", Routing::default()), all, ("all on EMamba", Routing::Force(Expert::EMamba))]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn model_on_gpu(gpu: &Rc<Gpu>, weights: &Weights, config: &Config, args: &Args, runs: &mut Vec<Run>) -> Result<Value> {
    let most = args.sizes.iter().copied().max().unwrap_or(256).min(config.max_tokens);
    let capacity = Capacity { prompt: most, answer: 64 };
    let started = Instant::now();
    let model = Rc::new(block_on(GpuModel::load(Rc::clone(gpu), weights, capacity, &Quarantine::default()))?);
    let (prompt, call) = model.dispatches();
    let (weight_bytes, activation_bytes) = model.bytes();
    println!(
        "loaded in {:.0} ms, {} pipelines; {prompt} dispatches a prompt, {call} a decoder call; {:.1} MB weights, {:.1} MB activations",
        started.elapsed().as_secs_f64() * 1e3,
        model.pipelines(),
        weight_bytes as f64 / 1e6,
        activation_bytes as f64 / 1e6,
    );
    let mut submits_of = Vec::new();
    let mut free = Vec::new();
    for &tokens in args.sizes.iter().filter(|tokens| **tokens <= config.max_tokens) {
        let (ids, sources) = question(config, tokens);
        for (name, routing) in routings(config) {
            let (mut times, mut calls, mut submits) = (Vec::new(), 0, 0);
            for round in 0..=args.rounds {
                let (encode, answer) = block_on(async {
                    let started = Instant::now();
                    let mut encoding = model.begin(&ids, routing)?;
                    while encoding.step().await? {}
                    let encode = started.elapsed().as_secs_f64() * 1e3;
                    let started = Instant::now();
                    let mut answer = encoding.answer(&ids, &[], sources.clone(), OPTIONS, &[])?;
                    while answer.step().await?.is_some() {}
                    (calls, submits) = (answer.statistics().model_calls, answer.submits());
                    anyhow::Ok((encode, started.elapsed().as_secs_f64() * 1e3))
                })?;
                // The first run warms up.
                if round > 0 {
                    times.push((encode, answer));
                }
            }
            runs.push(Run::new("GPU", tokens, name, &times, calls));
            submits_of.push(json!({ "tokens": tokens, "routing": name, "submits": submits }));
        }
        free.extend(free_on_gpu(&model, &ids)?);
    }
    Ok(json!({
        "dispatches": [prompt, call], "free_dispatches": model.free_dispatches(), "bytes": [weight_bytes, activation_bytes],
        "submits": submits_of, "free": free,
    }))
}

/// Free generation of up to 48 tokens after a prompt.
fn free_on_gpu(model: &Rc<GpuModel>, ids: &[u32]) -> Result<Option<Value>> {
    block_on(async {
        let mut encoding = model.begin(ids, Routing::Force(Expert::Et5))?;
        while encoding.step().await? {}
        let Some(mut answer) = encoding.generate(ids, &[], Sampling::Greedy, OPTIONS.max_tokens, &[])? else {
            return Ok(None);
        };
        let started = Instant::now();
        let mut tokens = 0;
        while let Some(new) = answer.step().await? {
            tokens += new.len();
        }
        let ms = started.elapsed().as_secs_f64() * 1e3;
        let (calls, submits) = (answer.calls(), answer.submits());
        println!(
            "GPU        {:>6} tokens free: {tokens} tokens in {ms:.1} ms, {calls} decoder calls in {submits} submits",
            ids.len()
        );
        Ok(Some(json!({ "prompt": ids.len(), "tokens": tokens, "ms": ms, "calls": calls, "submits": submits })))
    })
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
            runs.push(Run::new("processor", tokens, name, &times, calls));
        }
    }
    Ok(())
}
