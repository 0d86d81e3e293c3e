//! The labelled notes of `data/`: what must be found, and what must survive. `cargo xtask eval clinical identifiers` says it in full.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::*;

pub(super) const LISTS: &[u8] = include_bytes!("../../../assets/names.json");

/// At least this share of each class is covered, whatever class it was given.
const RECALL: f64 = 0.99;
/// At most this share of the letters and digits of notes without identifiers is taken.
const OVER_REDACTION: f64 = 0.002;

fn lines(path: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Whether every letter and digit of the span is covered.
fn covered(text: &str, span: &Range<usize>, found: &[Identifier]) -> bool {
    text.char_indices()
        .filter(|(at, c)| span.contains(at) && c.is_alphanumeric())
        .all(|(at, _)| found.iter().any(|identifier| identifier.bytes.contains(&at)))
}

fn offset(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("an offset")).expect("small")
}

#[test]
fn identifiers_are_found() {
    let identifiers = Identifiers::from_bytes(LISTS).expect("lists");
    let mut classes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut misses = Vec::new();
    for note in lines("safety/built/identified_notes.jsonl") {
        let text = note["text"].as_str().expect("a text");
        let found = identifiers.find(text);
        for span in note["spans"].as_array().expect("spans") {
            let bytes = offset(&span["start"])..offset(&span["end"]);
            let row = classes.entry(span["class"].as_str().expect("a class").to_owned()).or_default();
            row.1 += 1;
            if covered(text, &bytes, &found) {
                row.0 += 1;
            } else {
                misses.push(format!("{} {} {:?}", note["id"], span["class"], &text[bytes]));
            }
        }
    }
    for (class, (hits, of)) in &classes {
        assert!(*hits as f64 >= RECALL * *of as f64, "{class}: {hits} of {of}\n{}", misses.join("\n"));
    }
    assert_eq!(classes.len(), Class::ALL.len());
}

#[test]
fn notes_without_identifiers_survive() {
    let identifiers = Identifiers::from_bytes(LISTS).expect("lists");
    let (mut all, mut taken) = (0_u32, 0_u32);
    for discipline in ["caries", "endo", "la", "medcomp", "omed", "paed", "perio", "pharm", "prosth", "surg", "trauma"]
    {
        for note in lines(&format!("notes/{discipline}.jsonl")) {
            let text = note["text"].as_str().expect("a text");
            let found = identifiers.find(text);
            for (at, _) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
                all += 1;
                taken += u32::from(found.iter().any(|identifier| identifier.bytes.contains(&at)));
            }
        }
    }
    assert!(f64::from(taken) <= OVER_REDACTION * f64::from(all), "{taken} of {all}");
}
