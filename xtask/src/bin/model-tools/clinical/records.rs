//! Questions about doses against the records that DentalQA answers them with.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use mambaformer_clinical::doses::{DoseAnswer, DoseIndex, DoseRow};
use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::records::quantities;
use serde::Deserialize;

use super::{Context, Figure, Goal, Report, labelled};

/// A line of `dentalqa`.
#[derive(Deserialize)]
struct Item {
    id: String,
    question: String,
    answer: String,
    sentences: Vec<Sentence>,
    split: String,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Deserialize)]
struct Sentence {
    passages: Vec<String>,
}

/// A line of `notes`.
#[derive(Deserialize)]
struct Note {
    id: String,
    text: String,
}

/// What is counted in a part of the questions.
#[derive(Default)]
struct Counts {
    /// Questions answered by a drug's record.
    asked: usize,
    triggered: usize,
    first: usize,
    first_three: usize,
    /// The first row is of the record or says its dose.
    same_dose: usize,
    /// Questions answered by no record.
    others: usize,
    false_triggers: usize,
    /// Those among them whose answer tells no dose either.
    without_dose: usize,
    /// Rows, and those of a drug that the question does not name though it names one.
    rows: usize,
    wrong: usize,
}

/// Measures recall of the right record, false triggers and rows of other drugs, by split.
pub(super) fn measure(context: &Context) -> Result<Report> {
    let path = context.data.with_file_name("assets").join("knowledge.json");
    let bytes = std::fs::read(&path)
        .with_context(|| format!("{} cannot be read; `cargo xtask knowledge` makes it", path.display()))?;
    let base = KnowledgeBase::from_bytes(&bytes, None)?;
    let index = DoseIndex::of(&base);
    let notes: BTreeMap<String, String> =
        labelled::folder::<Note>(&context.data.join("notes"))?.into_iter().map(|note| (note.id, note.text)).collect();
    let mut report = Report::default();
    let (mut seen, mut test) = (Counts::default(), Counts::default());
    for item in labelled::folder::<Item>(&context.data.join("dentalqa"))? {
        let counts = if item.split == "test" { &mut test } else { &mut seen };
        let note = item.note.as_ref().and_then(|id| notes.get(id)).map(String::as_str);
        judge(&base, &index, &item, note, counts, &mut report.failures);
    }
    for (split, counts) in [("train + validation", &seen), ("test", &test)] {
        let Counts { asked, others, .. } = *counts;
        let rate = |hits, of| Figure::Rate { hits, of };
        let name = |what: &str| format!("{split}: {what}");
        report.goals.extend([
            Goal::only(name("dose questions recognised"), rate(counts.triggered, asked)),
            Goal::only(name("right record first"), rate(counts.first, asked)),
            Goal::only(name("right record or its dose first"), rate(counts.same_dose, asked)),
            Goal::only(name("right record among three"), rate(counts.first_three, asked)),
            Goal::only(name("triggered, answer without a record"), rate(counts.false_triggers, others)),
            Goal::only(name("triggered, answer without any dose"), rate(counts.without_dose, others)),
            Goal::at_most(name("rows of a drug not named"), 0.0, rate(counts.wrong, counts.rows)),
        ]);
    }
    Ok(report)
}

fn judge(
    base: &KnowledgeBase,
    index: &DoseIndex,
    item: &Item,
    note: Option<&str>,
    counts: &mut Counts,
    failures: &mut Vec<String>,
) {
    let sources: BTreeSet<&str> =
        item.sentences.iter().flat_map(|sentence| &sentence.passages).map(String::as_str).collect();
    let right: Vec<&str> =
        sources.iter().copied().filter(|id| base.record(id).is_some_and(|record| record.drug().is_some())).collect();
    let asked = index.parse(&item.question, note);
    let answer = asked.as_ref().map(|question| index.answer(base, question));
    if let (Some(question), Some(answer)) = (&asked, &answer)
        && question.names_a_drug()
    {
        counts.rows += answer.rows.len();
        for row in answer.rows.iter().filter(|row| !index.names(base, &item.question, &row.columns.drug)) {
            counts.wrong += 1;
            failures.push(format!("{}: `{}` does not name the drug of `{}`", item.id, item.question, row.line));
        }
    }
    if right.is_empty() {
        if !sources.iter().any(|id| id.starts_with("rec-")) {
            counts.others += 1;
            counts.false_triggers += usize::from(answer.is_some());
            counts.without_dose += usize::from(answer.is_some() && quantities(&item.answer).is_empty());
        }
        return;
    }
    counts.asked += 1;
    counts.triggered += usize::from(answer.is_some());
    let place = answer.as_ref().and_then(|answer| place(answer, &right));
    counts.first += usize::from(place == Some(0));
    counts.first_three += usize::from(place.is_some_and(|place| place < 3));
    let first = answer.as_ref().and_then(|answer| answer.rows.first());
    let same = place == Some(0) || first.is_some_and(|row| tells_the_dose_of(base, row, &right));
    counts.same_dose += usize::from(same);
    if !same {
        let found = match (&answer, first) {
            (None, _) => "not recognised".to_owned(),
            (Some(answer), None) => answer.missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            (_, Some(row)) => format!("{} first", row.record),
        };
        failures.push(format!("{} ({}): `{}` wants {}: {found}", item.id, item.split, item.question, right.join(", ")));
    }
}

/// The row that is of one of the right records.
fn place(answer: &DoseAnswer, right: &[&str]) -> Option<usize> {
    let is_right = |row: &DoseRow| {
        right.contains(&row.record.as_str()) || row.also.iter().any(|also| right.contains(&also.as_str()))
    };
    answer.rows.iter().position(is_right)
}

/// Whether a row tells the dose of a right record, for the same people in the same region.
fn tells_the_dose_of(base: &KnowledgeBase, row: &DoseRow, right: &[&str]) -> bool {
    right.iter().filter_map(|id| base.record(id)?.row()).any(|wanted| {
        wanted.drug == row.columns.drug
            && wanted.dose == row.columns.dose
            && wanted.population == row.columns.population
            && wanted.region == row.columns.region
    })
}
