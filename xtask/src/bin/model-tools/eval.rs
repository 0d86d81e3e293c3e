//! `cargo xtask eval --input F.jsonl --output G.jsonl`: the worker's own pipeline over many questions, natively.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use mambaformer_wasm::answer::{AnswerRecord, AnswerState, Evidence, EvidenceKind};
use mambaformer_wasm::pipeline::{Assistant, Measures};
use mambaformer_wasm::protocol::{Ask, AskOptions, Event};
use serde::Deserialize;

use crate::assistant::{Files, Manner};

/// Answers every line of a file.
#[derive(clap::Args)]
pub struct Args {
    /// Questions: `{"id","question","note"?,"passages"?:[{"id","title","text","source"?}]}` a line.
    #[arg(long)]
    input: PathBuf,
    /// Answers, one record a line.
    #[arg(long)]
    output: PathBuf,
    /// Ask the model at every token, to measure what jump-forward saves.
    #[arg(long)]
    no_jump_forward: bool,
    /// Stop after so many lines.
    #[arg(long)]
    limit: Option<usize>,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    files: Files,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    question: String,
    note: Option<String>,
    passages: Option<Vec<Given>>,
}

#[derive(Deserialize)]
struct Given {
    id: String,
    title: String,
    text: String,
    #[serde(default)]
    source: serde_json::Value,
}

impl From<Given> for Evidence {
    fn from(given: Given) -> Self {
        let source = match given.source {
            serde_json::Value::String(source) => source,
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        Self {
            passage: given.id,
            title: given.title,
            text: given.text,
            source,
            score: 0.0,
            kind: EvidenceKind::Passage,
        }
    }
}

/// Sums over the answered questions, for the closing line.
#[derive(Default)]
struct Totals {
    answers: usize,
    covered: usize,
    failed: usize,
    tokens: usize,
    decisions: usize,
    model_calls: usize,
    encode_ms: Vec<f64>,
    first_token_ms: Vec<f64>,
    total_ms: Vec<f64>,
}

/// Answers the file.
pub fn run(args: &Args) -> Result<()> {
    let assistant = args.manner.load(&args.files)?;
    let input = File::open(&args.input).with_context(|| format!("cannot read {}", args.input.display()))?;
    let mut output =
        BufWriter::new(File::create(&args.output).with_context(|| format!("cannot write {}", args.output.display()))?);
    let measures = Measures { jump_forward: !args.no_jump_forward, ..args.manner.measures() };
    let options = args.manner.options();
    let mut totals = Totals::default();
    for (number, line) in BufReader::new(input).lines().enumerate().take(args.limit.unwrap_or(usize::MAX)) {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let item: Item =
            serde_json::from_str(&line).with_context(|| format!("line {} of {}", number + 1, args.input.display()))?;
        let record = answer(&assistant, item, &options, measures, &mut totals);
        serde_json::to_writer(&mut output, &record)?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    if totals.answers + totals.failed == 0 {
        bail!("{} holds no question", args.input.display());
    }
    totals.print();
    Ok(())
}

/// One line of the output. A question that cannot be answered becomes a `failed` record whose answer is the reason.
fn answer(
    assistant: &Assistant,
    item: Item,
    options: &AskOptions,
    measures: Measures,
    totals: &mut Totals,
) -> AnswerRecord {
    let ask =
        Ask { id: item.id.clone(), question: item.question, note: item.note, follows: None, options: options.clone() };
    let given = item.passages.map(|passages| passages.into_iter().map(Evidence::from).collect());
    let outcome = assistant.start_with(&ask, given, measures).and_then(|mut answering| {
        let mut record = None;
        while let Some(events) = pollster::block_on(answering.step())? {
            record = events
                .into_iter()
                .find_map(|event| if let Event::Done { answer, .. } = event { Some(*answer) } else { None })
                .or(record);
        }
        Ok((record, answering.statistics()))
    });
    match outcome {
        Ok((Some(record), statistics)) => {
            totals.answers += 1;
            totals.covered += usize::from(record.state != AnswerState::NotCovered);
            totals.tokens += statistics.tokens;
            totals.decisions += statistics.decisions;
            totals.model_calls += statistics.model_calls;
            totals.encode_ms.extend(record.timings_ms.encode);
            totals.first_token_ms.extend(record.timings_ms.first_token);
            totals.total_ms.extend(record.timings_ms.total);
            record
        }
        Ok((None, _)) => failed(item.id, "the pipeline ended without a record", totals),
        Err(error) => failed(item.id, &error.to_string(), totals),
    }
}

fn failed(id: String, reason: &str, totals: &mut Totals) -> AnswerRecord {
    totals.failed += 1;
    eprintln!("{id}: {reason}");
    AnswerRecord::empty(id, AnswerState::Failed)
}

impl Totals {
    fn print(&self) {
        let per = |sum: usize| sum as f64 / self.covered.max(1) as f64;
        println!("{} answered, {} of them with text, {} failed", self.answers, self.covered, self.failed);
        println!(
            "per answer with text: {:.1} tokens, {:.2} decisions, {:.2} decoder calls",
            per(self.tokens),
            per(self.decisions),
            per(self.model_calls)
        );
        for (name, values) in
            [("encode", &self.encode_ms), ("first token", &self.first_token_ms), ("total", &self.total_ms)]
        {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let at = |share: usize| {
                sorted
                    .get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1)))
                    .copied()
                    .unwrap_or(f64::NAN)
            };
            println!("{name:>12}: p50 {:.1} ms, p95 {:.1} ms (n = {})", at(50), at(95), sorted.len());
        }
    }
}
