//! The line an answer begins with, on DentalQA: whether it is the likeliest line of the passages that the model reads.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use mambaformer_clinical::retrieval::fusion::fuse;
use mambaformer_clinical::retrieval::lines::{FEATURES, Line, Wanted};
use serde::Serialize;

use super::entries::{self, Entries};
use super::{Context, Figure, Goal, Report};

/// Passages that the model reads (model-wasm, `EVIDENCE_PASSAGES`).
const PASSAGES: usize = 4;
/// Questions that the encoder was tuned on: nothing is fitted to them.
const TRAIN: &str = "train";
/// Hits of the search by words, as in the pipeline.
const CANDIDATES: usize = 50;

/// A question's lines, as `python -m mambaformer_training lines` reads them.
#[derive(Serialize)]
struct Dumped<'a> {
    id: &'a str,
    split: &'a str,
    /// Which lines of which entries.
    places: Vec<(&'a str, usize)>,
    /// What is weighed of each.
    lines: Vec<[f32; FEATURES]>,
    /// What the reader says of each: first, used; nothing of lines that it did not read, and nothing where there is no reader.
    read: Vec<Option<[f32; 2]>>,
    /// The line the answer begins with, if it is among them.
    first: Option<usize>,
    /// All lines it is made of.
    used: Vec<usize>,
}

#[derive(Default)]
struct Tally {
    asked: usize,
    there: usize,
    first: usize,
    used: usize,
}

/// Measures.
pub(super) fn measure(context: &Context) -> Result<Report> {
    let entries = Entries::read(context)?;
    let (lexicon, parameters) = entries::shipped(&context.data)?;
    let (index, _) = entries.index(&lexicon, &parameters);
    let mut dump = match &context.dump {
        Some(path) => Some(std::io::BufWriter::new(
            std::fs::File::create(path).with_context(|| format!("{} cannot be written", path.display()))?,
        )),
        None => None,
    };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for question in &entries::questions(&context.data)? {
        let wanted_lines = entries.lines(question);
        let Some(first) = wanted_lines.first() else { continue };
        let note = question.note.as_deref().and_then(|id| entries.note(id));
        let facts = entries.facts(question)?;
        let weighed = |weight| facts.as_deref().map(|facts| (facts, weight));
        let context = weighed(parameters.note.expansion);
        let wanted = Wanted::of(&question.text, &index);
        let found = index.search_for(&wanted, context, CANDIDATES);
        let near = entries.similarities(&question.text, &lexicon, weighed(parameters.note.sense))?;
        let near_entries = near.as_ref().map(|near| near.entries.as_slice());
        let evidence = fuse(&found.hits, near_entries, parameters.fusion(facts.is_some()), parameters.calibration);
        let best = evidence.first().map_or(0.0, |found| found.score);
        let dumped = dump.as_mut().filter(|_| question.split != TRAIN);
        let (mut places, mut lines, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for found in evidence.iter().take(PASSAGES) {
            if dumped.is_some() {
                read.extend(entries.read_lines(&question.text, note, found.entry)?);
            }
            let similarity = |line| near.as_ref().and_then(|near| near.line(found.entry, line));
            let texts = entries.texts(found.entry).enumerate().map(|(line, text)| (text, similarity(line)));
            let own = wanted.lines(texts, best - found.score);
            places.extend((0..own.len()).map(|line| (found.entry, line)));
            lines.extend(own);
        }
        let parts = [question.split.clone()].into_iter().chain(question.heldout_passage.then(|| "held-out".to_owned()));
        let at = places.iter().position(|place| place == first);
        let likeliest = (0..lines.len())
            .max_by(|a, b| parameters.lines.logit(&lines[*a]).total_cmp(&parameters.lines.logit(&lines[*b])));
        for part in parts {
            let tally = tallies.entry(part).or_default();
            tally.asked += 1;
            tally.there += usize::from(at.is_some());
            tally.first += usize::from(at.is_some() && likeliest == at);
            tally.used += usize::from(likeliest.is_some_and(|line| wanted_lines.contains(&places[line])));
        }
        if let Some(out) = dumped {
            let used = (0..places.len()).filter(|at| wanted_lines.contains(&places[*at])).collect();
            let lines = lines.iter().map(Line::features).collect();
            let places = places.iter().map(|(entry, line)| (entries.id(*entry), *line)).collect();
            serde_json::to_writer(
                &mut *out,
                &Dumped { id: &question.id, split: &question.split, places, lines, read, first: at, used },
            )?;
            out.write_all(b"\n")?;
        }
    }
    if let Some(mut out) = dump {
        out.flush()?;
    }
    let mut report = Report::default();
    for (part, tally) in &tallies {
        let rate = |hits| Figure::Rate { hits, of: tally.asked };
        report.goals.push(Goal::only(format!("the first line is there, {part}"), rate(tally.there)));
        report.goals.push(Goal::only(format!("the likeliest line is the first, {part}"), rate(tally.first)));
        report.goals.push(Goal::only(format!("the likeliest line is one of the answer's, {part}"), rate(tally.used)));
    }
    Ok(report)
}
