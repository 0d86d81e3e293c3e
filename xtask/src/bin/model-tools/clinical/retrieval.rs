//! Retrieval on DentalQA: whether the entries that an answer cites are found, by wording style, with and without the patient's note.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use mambaformer_clinical::retrieval::fusion::fuse;
use serde::Serialize;

use super::entries::{self, Entries, Question};
use super::{Context, Figure, Goal, Report};

/// Entries that are looked at for each question.
const DEPTH: usize = 20;
/// Ranks that recall is reported at; the pipeline answers from the first four.
const RANKS: [usize; 4] = [1, 4, 5, 10];

/// A question's ranking, as training reads it.
#[derive(Serialize)]
struct Ranking<'a> {
    id: &'a str,
    /// (entry, score), best first.
    entries: Vec<(&'a str, f32)>,
}

/// Counts over questions.
#[derive(Default)]
struct Tally {
    of: usize,
    first: [usize; RANKS.len()],
    all: [usize; RANKS.len()],
    reciprocal: f64,
}

impl Tally {
    fn add(&mut self, ranked: &[usize], first: &[usize], all: &[usize]) {
        self.of += 1;
        let rank = ranked.iter().position(|entry| first.contains(entry));
        for (at, limit) in RANKS.into_iter().enumerate() {
            self.first[at] += usize::from(rank.is_some_and(|rank| rank < limit));
            let shown = &ranked[..ranked.len().min(limit)];
            self.all[at] += usize::from(all.iter().all(|entry| shown.contains(entry)));
        }
        if let Some(rank) = rank.filter(|rank| *rank < 10) {
            self.reciprocal += 1.0 / (rank + 1) as f64;
        }
    }

    fn rate(&self, hits: usize) -> Figure {
        Figure::Rate { hits, of: self.of }
    }

    fn mean_reciprocal_rank(&self) -> Figure {
        Figure::Value { value: self.reciprocal / self.of.max(1) as f64, of: self.of }
    }

    fn line(&self, name: &str) -> String {
        let share = |hits: usize| hits as f64 / self.of.max(1) as f64;
        let [r1, r4, r5, r10] = self.first.map(share);
        let mrr = self.reciprocal / self.of.max(1) as f64;
        format!(
            "{name:26} n = {:4}  recall@1 {r1:.3}  @4 {r4:.3}  @5 {r5:.3}  @10 {r10:.3}  MRR@10 {mrr:.3}  all sources @5 {:.3}",
            self.of,
            share(self.all[2])
        )
    }
}

/// Measures.
pub(super) fn measure(context: &Context) -> Result<Report> {
    let entries = Entries::read(context)?;
    let (lexicon, parameters) = entries::shipped(&context.data)?;
    let (index, built) = entries.index(&lexicon, &parameters);
    let questions = entries::questions(&context.data)?;
    let mut dump = match &context.dump {
        Some(path) => Some(std::io::BufWriter::new(
            std::fs::File::create(path).with_context(|| format!("{} cannot be written", path.display()))?,
        )),
        None => None,
    };

    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut calibration: Vec<(f32, bool)> = Vec::new();
    let mut slowest = Duration::ZERO;
    for question in &questions {
        let Some((first, all)) = entries.sources(question) else { continue };
        let facts = entries.facts(question)?;
        let weighed = |weight| facts.as_deref().map(|facts| (facts, weight));
        let started = std::time::Instant::now();
        let found = index.search_with(&question.text, weighed(parameters.note.expansion), DEPTH);
        let near = entries.similarities(&question.text, &lexicon, weighed(parameters.note.sense))?;
        let near_entries = near.as_ref().map(|near| near.entries.as_slice());
        let evidence = fuse(&found.hits, near_entries, parameters.fusion(facts.is_some()), parameters.calibration);
        slowest = slowest.max(started.elapsed());
        let ranked: Vec<usize> = evidence.iter().map(|found| found.entry).collect();
        for kind in kinds(question) {
            tallies.entry((question.split.clone(), kind)).or_default().add(&ranked, &first, &all);
        }
        if question.split == "test" {
            calibration.extend(evidence.first().map(|best| (best.confidence, first.contains(&best.entry))));
            if !ranked.iter().take(5).any(|entry| first.contains(entry)) {
                let shown: Vec<&str> = ranked.iter().take(3).map(|entry| entries.id(*entry)).collect();
                let wanted: Vec<&str> = first.iter().map(|entry| entries.id(*entry)).collect();
                failures.push(format!("{}: \"{}\" asks for {wanted:?}, found {shown:?}", question.id, question.text));
            }
        }
        if let Some(out) = &mut dump {
            let entries = evidence.iter().map(|found| (entries.id(found.entry), found.score)).collect();
            serde_json::to_writer(&mut *out, &Ranking { id: &question.id, entries })?;
            out.write_all(b"\n")?;
        }
    }
    if let Some(mut out) = dump {
        out.flush()?;
    }

    let mut report = Report { failures, ..Report::default() };
    if let Some(test) = tallies.get(&("test".to_owned(), "all".to_owned())) {
        report.goals.push(Goal::at_least(
            "recall@5 of the first source, test, words only",
            0.95,
            test.rate(test.first[2]),
        ));
        report.goals.push(Goal::at_least("MRR@10, test, words only", 0.85, test.mean_reciprocal_rank()));
        report.goals.push(Goal::only("recall@4, test", test.rate(test.first[1])));
        report.goals.push(Goal::only("all sources within 5, test", test.rate(test.all[2])));
    }
    report.goals.push(Goal::at_most(
        "calibration error of the first hit's confidence, test",
        0.05,
        Figure::Value { value: expected_calibration_error(&calibration), of: calibration.len() },
    ));
    for ((split, kind), tally) in &tallies {
        report.remarks.push(tally.line(&format!("{split}, {kind}")));
    }
    report.remarks.push(format!(
        "{} entries, index built in {built:?}, slowest question {slowest:?} (times are of this machine as it was loaded)",
        index.entries()
    ));
    Ok(report)
}

fn kinds(question: &Question) -> Vec<String> {
    let mut kinds = vec!["all".to_owned(), question.style.clone()];
    if question.note.is_some() {
        kinds.push("with a note".to_owned());
    }
    if question.heldout_passage {
        kinds.push("held-out passage".to_owned());
    }
    kinds
}

/// Mean distance of confidence and accuracy over ten bands of equal width, weighted by their sizes.
fn expected_calibration_error(pairs: &[(f32, bool)]) -> f64 {
    const BANDS: usize = 10;
    let mut bands = [(0.0_f64, 0_usize, 0_usize); BANDS];
    for (confidence, right) in pairs {
        let at = (0..BANDS).rev().find(|band| f64::from(*confidence) >= *band as f64 / BANDS as f64).unwrap_or(0);
        bands[at].0 += f64::from(*confidence);
        bands[at].1 += usize::from(*right);
        bands[at].2 += 1;
    }
    let distance: f64 = bands.iter().map(|(sum, right, _)| (sum - *right as f64).abs()).sum();
    distance / pairs.len().max(1) as f64
}
