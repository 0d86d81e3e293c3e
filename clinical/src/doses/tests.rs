//! The questions of DentalQA against the records that answer them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::knowledge::tests::data;
use crate::knowledge::{KnowledgeBase, pack_contents};

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

fn read<T: serde::de::DeserializeOwned>(folder: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(folder);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let text: String = paths.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
#[ignore = "development"]
fn explore() {
    #[derive(Deserialize)]
    struct Note {
        id: String,
        text: String,
    }
    let base = KnowledgeBase::from_bytes(&pack_contents(data(), None).expect("packs"), None).expect("reads");
    let index = DoseIndex::of(&base);
    let notes: std::collections::BTreeMap<String, String> =
        read::<Note>("notes").into_iter().map(|n| (n.id, n.text)).collect();
    let (mut n, mut r1, mut r3, mut r6, mut eq1, mut untriggered, mut none, mut falses) = (0, 0, 0, 0, 0, 0, 0, 0);
    let mut wrong = 0;
    let mut told = 0;
    let test = std::env::var("SPLIT").is_ok_and(|s| s == "test");
    for item in read::<Item>("dentalqa") {
        if (item.split == "test") != test {
            continue;
        }
        let gold: BTreeSet<&str> = item
            .sentences
            .iter()
            .flat_map(|s| &s.passages)
            .map(String::as_str)
            .filter(|p| base.record(p).is_some_and(|r| r.drug().is_some()))
            .collect();
        let any_record = item.sentences.iter().flat_map(|s| &s.passages).any(|p| p.starts_with("rec-"));
        let note = item.note.as_deref().and_then(|n| notes.get(n)).map(String::as_str);
        let parsed = index.parse(&item.question, note);
        if gold.is_empty() {
            if !any_record {
                none += 1;
                if parsed.is_some() {
                    falses += 1;
                    if !crate::records::quantities(&item.answer).is_empty() {
                        told += 1;
                    } else if falses % 2 == 0 {
                        println!(
                            "FALSE {} {} -> {:?}",
                            item.id,
                            item.question,
                            index.answer(&base, parsed.as_ref().unwrap()).rows.first().map(|r| &r.line)
                        );
                    }
                }
            }
            continue;
        }
        n += 1;
        let Some(parsed) = parsed else {
            untriggered += 1;
            println!("UNTRIGGERED {} {} ({:?})", item.id, item.question, gold);
            continue;
        };
        let answer = index.answer(&base, &parsed);
        let rank = answer.rows.iter().position(|row| {
            gold.contains(row.record.as_str()) || row.also.iter().any(|also| gold.contains(also.as_str()))
        });
        let same = |row: &DoseRow| {
            gold.iter().any(|id| {
                let g = base.record(id).unwrap().row().unwrap();
                g.dose == row.columns.dose
                    && g.region == row.columns.region
                    && g.maximum == row.columns.maximum
                    && g.population == row.columns.population
                    && index.lexicon().drugs_of(base.record(id).unwrap().drug().unwrap())
                        == index.lexicon().drugs_of(base.record(&row.record).unwrap().drug().unwrap())
            })
        };
        if answer.rows.first().is_some_and(same) {
            eq1 += 1;
        }
        let gold_drugs: BTreeSet<usize> =
            gold.iter().flat_map(|id| index.lexicon().drugs_of(base.record(id).unwrap().drug().unwrap())).collect();
        if let Some(row) = answer.rows.iter().find(|row| {
            !index
                .lexicon()
                .drugs_of(base.record(&row.record).unwrap().drug().unwrap())
                .iter()
                .any(|d| gold_drugs.contains(d))
        }) {
            wrong += 1;
            println!("OTHERDRUG {} {} gold {:?} row {}", item.id, item.question, gold, row.line);
        }
        if let Some(rank) = rank {
            if rank < 1 {
                r1 += 1
            }
            if rank < 3 {
                r3 += 1
            }
            r6 += 1;
        }
        if rank != Some(0) && !answer.rows.first().is_some_and(same) {
            println!(
                "RANK {:?} {} {} ({:?})\n    {:?} {:?}",
                rank,
                item.id,
                item.question,
                gold.iter().map(|g| base.record(g).unwrap().lines().remove(0)).collect::<Vec<_>>(),
                parsed.patient(),
                answer.missing
            );
            for row in answer.rows.iter().take(2) {
                println!("      {}", row.line);
            }
        }
    }
    println!(
        "n {n} untriggered {untriggered} @1 {r1} @3 {r3} @6 {r6} same@1 {eq1} otherdrug {wrong}; false {falses} of {none}, of these {told} with a dose"
    );
}
