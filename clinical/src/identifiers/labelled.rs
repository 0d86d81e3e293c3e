//! The labelled notes of `data/`: what must be found, and what must survive.

use std::path::PathBuf;

use serde::Deserialize;

use super::*;

pub(super) const LISTS: &[u8] = include_bytes!("../../../assets/names.json");

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

fn data(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn notes() -> Vec<Note> {
    data("safety/built/identified_notes.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a note"))
        .collect()
}

/// Whether every letter and digit of the span is covered.
fn covered(text: &str, span: &Span, found: &[Identifier]) -> bool {
    text[span.start..span.end].char_indices().filter(|(_, c)| c.is_alphanumeric()).all(|(at, _)| {
        let at = span.start + at;
        found.iter().any(|identifier| identifier.bytes.contains(&at))
    })
}

/// Prints the misses of the splits for work on the rules.
#[test]
#[ignore = "prints for work on the rules"]
fn misses() {
    let identifiers = Identifiers::from_bytes(LISTS).expect("lists");
    let wanted = std::env::var("SPLITS").unwrap_or_else(|_| "train validation".to_owned());
    let mut table: std::collections::BTreeMap<String, [usize; 4]> = std::collections::BTreeMap::new();
    for note in notes().iter().filter(|note| wanted.contains(&note.split)) {
        let found = identifiers.find(&note.text);
        for span in &note.spans {
            let row = table.entry(span.class.clone()).or_default();
            row[0] += 1;
            if covered(&note.text, span, &found) {
                row[1] += 1;
            } else {
                let from = (0..span.start.saturating_sub(40) + 1)
                    .rev()
                    .find(|at| note.text.is_char_boundary(*at))
                    .unwrap_or(0);
                let to = (span.end + 20..)
                    .find(|at| *at >= note.text.len() || note.text.is_char_boundary(*at))
                    .unwrap_or(0)
                    .min(note.text.len());
                println!(
                    "MISS {} {} [[{}]] {:?}",
                    note.id,
                    span.class,
                    &note.text[span.start..span.end],
                    &note.text[from..to]
                );
            }
            let same: Vec<Identifier> = found.iter().filter(|i| i.class.tag() == span.class).cloned().collect();
            let right = covered(&note.text, span, &same);
            row[2] += usize::from(right);
            if !right {
                let classes: Vec<_> = found
                    .iter()
                    .filter(|i| span.start < i.bytes.end && i.bytes.start < span.end)
                    .map(|i| i.class.tag())
                    .collect();
                println!(
                    "WRONG {} {} {classes:?} [[{}]] {:?}",
                    note.id,
                    span.class,
                    &note.text[span.start..span.end],
                    note.text[..span.start]
                        .chars()
                        .rev()
                        .take(60)
                        .collect::<Vec<_>>()
                        .into_iter()
                        .rev()
                        .collect::<String>()
                );
            }
        }
        for identifier in &found {
            let row = table.entry(identifier.class.tag().to_owned()).or_default();
            let overlaps = note.spans.iter().any(|s| s.start < identifier.bytes.end && identifier.bytes.start < s.end);
            if !overlaps {
                row[3] += 1;
                let from = (0..identifier.bytes.start.saturating_sub(30) + 1)
                    .rev()
                    .find(|at| note.text.is_char_boundary(*at))
                    .unwrap_or(0);
                println!(
                    "FALSE {} {} [[{}]] {:?}",
                    note.id,
                    identifier.class.tag(),
                    &note.text[identifier.bytes.clone()],
                    &note.text[from..identifier.bytes.end]
                );
            }
        }
    }
    for (class, [of, any, right, wrong]) in table {
        println!(
            "ROW {class:10} {of:4} any {:6.2} % right {:6.2} % false {wrong}",
            100.0 * any as f64 / of as f64,
            100.0 * right as f64 / of as f64
        );
    }
}

/// Prints what is found where nothing is.
#[test]
#[ignore = "prints for work on the rules"]
fn over_redaction() {
    let identifiers = Identifiers::from_bytes(LISTS).expect("lists");
    for folder in ["notes", "knowledge", "dentalqa"] {
        let (mut all, mut taken) = (0, 0);
        let mut paths: Vec<_> =
            std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data").join(folder))
                .expect("folder")
                .map(|e| e.expect("entry").path())
                .collect();
        paths.sort();
        for path in paths {
            for line in std::fs::read_to_string(path).expect("text").lines() {
                let value: serde_json::Value = serde_json::from_str(line).expect("json");
                let text = value["text"].as_str().or(value["question"].as_str()).expect("text");
                if folder == "dentalqa" && value["split"] != "test" {
                    continue;
                }
                all += text.chars().filter(|c| c.is_alphanumeric()).count();
                for identifier in identifiers.find(text) {
                    let words = &text[identifier.bytes.clone()];
                    taken += words.chars().filter(|c| c.is_alphanumeric()).count();
                    let from = (0..identifier.bytes.start.saturating_sub(30) + 1)
                        .rev()
                        .find(|at| text.is_char_boundary(*at))
                        .unwrap_or(0);
                    let to = (identifier.bytes.end + 15..)
                        .find(|at| *at >= text.len() || text.is_char_boundary(*at))
                        .unwrap_or(0)
                        .min(text.len());
                    println!("OVER {folder} {} [[{words}]] {:?}", identifier.class.tag(), &text[from..to]);
                }
            }
        }
        println!("SHARE {folder} {taken} of {all} = {:.3} %", 100.0 * taken as f64 / all as f64);
    }
}
