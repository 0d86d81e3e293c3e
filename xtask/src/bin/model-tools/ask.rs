//! `cargo xtask ask "…"`: one answer on the terminal.

use std::io::Write as _;

use anyhow::Result;
use mambaformer_wasm::answer::AnswerRecord;
use mambaformer_wasm::protocol::{Ask, AskOptions, Event};

use crate::assistant::{Files, Manner};

/// Asks one question.
#[derive(clap::Args)]
pub struct Args {
    /// The question.
    question: String,
    /// A clinical note to answer with.
    #[arg(long)]
    note: Option<String>,
    /// Sample (free generation only) with this temperature.
    #[arg(long)]
    temperature: Option<f32>,
    /// Sample among so many of the likeliest tokens.
    #[arg(long)]
    top_k: Option<u32>,
    /// The question before, where this one follows it.
    #[arg(long)]
    follows: Option<String>,
    /// Seed of the sampler.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    files: Files,
}

/// Prints evidence, answer, citations and times.
pub fn run(args: Args) -> Result<()> {
    let assistant = args.manner.load(&args.files)?;
    let ask = Ask {
        id: "ask".to_owned(),
        question: args.question,
        note: args.note,
        follows: args.follows,
        options: AskOptions {
            temperature: args.temperature,
            top_k: args.top_k,
            seed: args.seed,
            ..args.manner.options()
        },
    };
    let mut answering = assistant.start_with(&ask, None, args.manner.measures())?;
    let mut out = std::io::stdout().lock();
    while let Some(events) = pollster::block_on(answering.step())? {
        for event in events {
            match event {
                Event::Emergency { alarms, .. } => {
                    for alarm in &alarms {
                        writeln!(
                            out,
                            "{:?}, {:?}: {}\n  {}\n  ({})\n",
                            alarm.kind, alarm.urgency, alarm.name, alarm.text, alarm.source
                        )?;
                    }
                }
                Event::Evidence { passages, doses, .. } => {
                    for (index, passage) in passages.iter().enumerate() {
                        writeln!(out, "[{}] {:.2}  {} — {}", index + 1, passage.score, passage.title, passage.source)?;
                    }
                    for row in doses.iter().flat_map(|doses| &doses.rows) {
                        writeln!(out, "record: {}", row.line)?;
                    }
                    for said in doses.iter().flat_map(|doses| doses.missing.iter().chain(&doses.assumed)) {
                        writeln!(out, "  {said}")?;
                    }
                    writeln!(out)?;
                }
                Event::Routing { et5, emamba, .. } => {
                    writeln!(out, "prompt tokens: {et5} on ET5, {emamba} on EMamba\n")?;
                }
                Event::Text { text, .. } => {
                    write!(out, "{text}")?;
                    out.flush()?;
                }
                Event::Done { answer, .. } => conclude(&mut out, &answer)?,
                Event::Progress { .. }
                | Event::Held { .. }
                | Event::Library(_)
                | Event::Ready(_)
                | Event::Engine(_)
                | Event::Calculators(_)
                | Event::Calculated { .. }
                | Event::Contents { .. }
                | Event::Opened { .. }
                | Event::Redacted { .. }
                | Event::Error { .. }
                | Event::Stored(_) => {}
            }
        }
    }
    let statistics = answering.statistics();
    let verdict = answering.verdict();
    writeln!(
        out,
        "{} tokens, {} decisions, {} decoder calls",
        statistics.tokens, statistics.decisions, statistics.model_calls
    )?;
    if let Some(answerable) = verdict.answerable {
        writeln!(out, "answerable from these passages: {answerable:.2}")?;
    }
    if let Some([yes, no, maybe]) = verdict.decision {
        writeln!(out, "decision head: yes {yes:.2}, no {no:.2}, maybe {maybe:.2}")?;
    }
    Ok(())
}

/// State, gaps, nearest topics, confidence, citations and times of a finished answer.
fn conclude(out: &mut impl std::io::Write, answer: &AnswerRecord) -> Result<()> {
    writeln!(out, "\n\nstate: {:?}", answer.state)?;
    for (what, said) in
        [("gaps", &answer.gaps), ("withheld", &answer.checked.withheld), ("repaired", &answer.checked.repaired)]
    {
        if !said.is_empty() {
            writeln!(out, "{what}: {}", said.join("; "))?;
        }
    }
    for topic in &answer.topics {
        writeln!(out, "nearest: {}", topic.title)?;
    }
    if let Some(confidence) = answer.confidence {
        writeln!(
            out,
            "confidence: {:?}, {} of {} right when measured",
            confidence.band, confidence.right, confidence.of
        )?;
    }
    for sentence in &answer.sentences {
        for citation in &sentence.citations {
            let index = answer.evidence.iter().position(|passage| passage.passage == citation.passage);
            let number = index.map_or_else(|| "note".to_owned(), |index| (index + 1).to_string());
            writeln!(out, "  [{number}] bytes {}..{}: {}", citation.start, citation.end, sentence.text)?;
        }
    }
    writeln!(out, "{}", serde_json::to_string(&answer.timings_ms)?)?;
    Ok(())
}
