//! Identifiers in notes: how many of the labelled ones are found, and how much of other texts is taken for one.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context as _, Result};
use mambaformer_clinical::identifiers::{Class, Identifier, Identifiers};
use serde::Deserialize;

use super::labelled::{folder, lines};
use super::{Context, Figure, Goal, Report};

/// The share of each class that must be covered.
const RECALL: f64 = 0.99;

#[derive(Deserialize)]
struct Note {
    id: String,
    text: String,
    spans: Vec<Span>,
    split: String,
}

#[derive(Deserialize)]
struct Span {
    start: usize,
    end: usize,
    class: String,
}

/// A text that holds no identifiers, or a question.
#[derive(Deserialize)]
struct Plain {
    id: String,
    #[serde(alias = "question")]
    text: String,
    #[serde(default)]
    split: Option<String>,
}

/// What happened to the spans of a class.
#[derive(Default, Clone, Copy)]
struct Row {
    spans: usize,
    covered: usize,
    right: usize,
    /// Identifiers that were found with this class.
    found: usize,
    /// Those of them that meet no labelled span at all.
    false_alarms: usize,
}

/// Whether every letter and digit of `span` is covered by what `counts`.
fn covered(text: &str, span: &Range<usize>, found: &[Identifier], counts: impl Fn(Class) -> bool) -> bool {
    text.get(span.clone()).into_iter().flat_map(str::char_indices).filter(|(_, c)| c.is_alphanumeric()).all(
        |(at, _)| {
            found.iter().any(|identifier| counts(identifier.class) && identifier.bytes.contains(&(span.start + at)))
        },
    )
}

pub(super) fn measure(context: &Context) -> Result<Report> {
    let path = context.data.join("../assets/names.json");
    let lists = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let identifiers = Identifiers::from_bytes(&lists)?;
    let notes: Vec<Note> = lines(&context.data.join("safety/built/identified_notes.jsonl"))?;
    let mut report = Report::default();
    for (name, test) in [("train and validation", false), ("test", true)] {
        let part: Vec<&Note> = notes.iter().filter(|note| (note.split == "test") == test).collect();
        labelled(&identifiers, name, &part, &mut report);
    }
    for (name, only_test) in [("notes", false), ("knowledge", false), ("dentalqa", true)] {
        let mut texts: Vec<Plain> = folder(&context.data.join(name))?;
        texts.retain(|text| !only_test || text.split.as_deref() == Some("test"));
        plain(&identifiers, name, &texts, &mut report);
    }
    Ok(report)
}

fn labelled(identifiers: &Identifiers, name: &str, notes: &[&Note], report: &mut Report) {
    let mut rows: BTreeMap<&str, Row> = Class::ALL.iter().map(|class| (class.tag(), Row::default())).collect();
    let (mut outside, mut outside_taken) = (0, 0);
    for note in notes {
        let found = identifiers.find(&note.text);
        for span in &note.spans {
            let row = rows.entry(span.class.as_str()).or_default();
            let bytes = span.start..span.end;
            row.spans += 1;
            row.right += usize::from(covered(&note.text, &bytes, &found, |class| class.tag() == span.class));
            if covered(&note.text, &bytes, &found, |_| true) {
                row.covered += 1;
            } else {
                let words = note.text.get(bytes).unwrap_or_default();
                report.failures.push(format!("{name} {}: {} `{words}` is not covered", note.id, span.class));
            }
        }
        for identifier in &found {
            let row = rows.entry(identifier.class.tag()).or_default();
            let meets = |span: &Span| span.start < identifier.bytes.end && identifier.bytes.start < span.end;
            row.found += 1;
            row.false_alarms += usize::from(!note.spans.iter().any(meets));
        }
        for (at, _) in note.text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            if !note.spans.iter().any(|span| (span.start..span.end).contains(&at)) {
                outside += 1;
                outside_taken += usize::from(found.iter().any(|identifier| identifier.bytes.contains(&at)));
            }
        }
    }
    for (class, row) in rows {
        let rate = |hits, of| Figure::Rate { hits, of };
        report.goals.push(Goal::at_least(
            format!("{name}, {class}: covered, any class"),
            RECALL,
            rate(row.covered, row.spans),
        ));
        report.goals.push(Goal::only(format!("{name}, {class}: covered, right class"), rate(row.right, row.spans)));
        report.goals.push(Goal::only(
            format!("{name}, {class}: found ones that meet a labelled span"),
            rate(row.found - row.false_alarms, row.found),
        ));
    }
    report.goals.push(Goal::only(
        format!("{name}: letters and digits outside labelled spans that are taken"),
        Figure::Rate { hits: outside_taken, of: outside },
    ));
}

fn plain(identifiers: &Identifiers, name: &str, texts: &[Plain], report: &mut Report) {
    let (mut all, mut taken) = (0, 0);
    for text in texts {
        all += text.text.chars().filter(|c| c.is_alphanumeric()).count();
        for identifier in identifiers.find(&text.text) {
            let words = text.text.get(identifier.bytes).unwrap_or_default();
            taken += words.chars().filter(|c| c.is_alphanumeric()).count();
            report.failures.push(format!("{name} {}: `{words}` is taken for {}", text.id, identifier.class.tag()));
        }
    }
    report.goals.push(Goal::only(format!("{name}: letters and digits taken"), Figure::Rate { hits: taken, of: all }));
}
