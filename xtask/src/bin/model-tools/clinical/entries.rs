//! The entries of the knowledge base as they are authored in `data/`, and DentalQA's questions with the entries that answer them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mambaformer_clinical::records::{Facts, Record};
use mambaformer_clinical::retrieval::index::{Entry, SearchIndex};
use mambaformer_clinical::retrieval::lexicon::Lexicon;
use mambaformer_clinical::retrieval::parameters::Parameters;
use mambaformer_clinical::retrieval::topics::topic_texts;
use mambaformer_clinical::text::marked::Marked;
use mambaformer_clinical::text::sentences::sentences;
use serde::Deserialize;

use super::labelled;

/// What retrieval needs of a passage.
#[derive(Deserialize)]
struct Passage {
    id: String,
    topic: String,
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Note {
    id: String,
    text: String,
}

/// One entry with what it owns.
struct Owned {
    id: String,
    title: String,
    topic: String,
    text: String,
    sentences: Vec<Range<usize>>,
}

/// Passages and records, in the order of their ids.
pub(crate) struct Entries {
    list: Vec<Owned>,
    by_id: BTreeMap<String, usize>,
    notes: BTreeMap<String, String>,
}

/// A question of DentalQA.
#[derive(Deserialize)]
pub(crate) struct Question {
    pub(crate) id: String,
    #[serde(rename = "question")]
    pub(crate) text: String,
    pub(crate) style: String,
    pub(crate) split: String,
    pub(crate) cluster: String,
    #[serde(default)]
    pub(crate) note: Option<String>,
    pub(crate) heldout_passage: bool,
    sentences: Vec<Sentence>,
}

#[derive(Deserialize)]
struct Sentence {
    passages: Vec<String>,
}

impl Entries {
    /// Reads `data`.
    pub(crate) fn read(data: &Path) -> Result<Entries> {
        let mut entries = Vec::new();
        let passages: Vec<Passage> = labelled::folder(&data.join("knowledge"))?;
        for Passage { id, topic, title, text } in passages {
            let text = Marked::read(&text).with_context(|| format!("the marks of {id}"))?.text().to_owned();
            entries.push(Owned { sentences: sentences(&text), id, title, topic, text });
        }
        let records: Vec<Record> = labelled::folder(&data.join("records"))?;
        for record in records {
            let text = record.lines().join(" ");
            entries.push(Owned {
                id: record.id.clone(),
                title: title(&record.facts),
                topic: record.discipline.prefix().to_owned(),
                sentences: sentences(&text),
                text,
            });
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        let by_id = entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
        let notes: Vec<Note> = labelled::folder(&data.join("notes"))?;
        Ok(Entries { list: entries, by_id, notes: notes.into_iter().map(|note| (note.id, note.text)).collect() })
    }

    /// The index over them, and how long it took to build.
    pub(crate) fn index(&self, lexicon: &Lexicon, parameters: &Parameters) -> (SearchIndex, std::time::Duration) {
        let started = std::time::Instant::now();
        let items: Vec<(&str, &str)> =
            self.list.iter().map(|entry| (entry.topic.as_str(), entry.title.as_str())).collect();
        let topics = topic_texts(&items);
        let entries = self.list.iter().zip(&topics).map(|(entry, topic)| Entry {
            title: &entry.title,
            topic,
            text: &entry.text,
            sentences: &entry.sentences,
        });
        let index = SearchIndex::build(entries, lexicon, parameters.ranking);
        (index, started.elapsed())
    }

    /// The id of an entry.
    pub(crate) fn id(&self, entry: usize) -> &str {
        self.list.get(entry).map_or("", |entry| &entry.id)
    }

    /// The text of a note.
    pub(crate) fn note(&self, id: &str) -> Option<&str> {
        self.notes.get(id).map(String::as_str)
    }

    /// The entries of the first sentence of the answer that has any, and those of all sentences. The patient's note is none.
    pub(crate) fn sources(&self, question: &Question) -> Option<(Vec<usize>, Vec<usize>)> {
        let mut found = question
            .sentences
            .iter()
            .map(|sentence| {
                sentence.passages.iter().filter_map(|id| self.by_id.get(id).copied()).collect::<Vec<usize>>()
            })
            .filter(|entries| !entries.is_empty());
        let first = found.next()?;
        let mut all: Vec<usize> = first.iter().copied().chain(found.flatten()).collect();
        all.sort_unstable();
        all.dedup();
        Some((first, all))
    }
}

/// The lexicon and the parameters that ship, from the folder beside `data`.
pub(crate) fn shipped(data: &Path) -> Result<(Lexicon, Parameters)> {
    let lexicon = Lexicon::from_bytes(&asset(data, "lexicon.json")?)?;
    Ok((lexicon, Parameters::from_bytes(&asset(data, "retrieval.json")?)?))
}

/// A file of `assets/`.
pub(crate) fn asset(data: &Path, name: &str) -> Result<Vec<u8>> {
    let path = data.join("../assets").join(name);
    std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
}

/// All questions of DentalQA.
pub(crate) fn questions(data: &Path) -> Result<Vec<Question>> {
    let questions: Vec<Question> = labelled::folder(&data.join("dentalqa"))?;
    if questions.is_empty() {
        bail!("{} holds no questions; run `cargo xtask data build`", data.join("dentalqa").display());
    }
    Ok(questions)
}

fn title(facts: &Facts) -> String {
    match facts {
        Facts::Dose(dose) => format!("{}: {}", dose.drug, dose.indication),
        Facts::Prophylaxis(dose) => format!("{}: {}", dose.drug, dose.indication),
        Facts::EmergencyDrug(drug) => format!("{}: {}", drug.drug, drug.indication),
        Facts::LocalAnaesthetic(solution) => solution.drug.clone(),
        Facts::Classification(table) => table.name.clone(),
        Facts::Threshold(table) => table.name.clone(),
    }
}
