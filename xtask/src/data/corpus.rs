//! Everything under `data/`, read and looked up by id.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mambaformer_clinical::records::Record;
use mambaformer_clinical::text::marked::Marked;
use mambaformer_clinical::text::sentences::sentences;

use super::authored::{Cluster, Note, Passage, Practice};
use super::findings::{Findings, Place};
use super::read::{self, Located};
use super::syllabus::Syllabus;
use super::words;

/// A passage with its text in sentences.
#[derive(Debug)]
pub(crate) struct PassageEntry {
    pub(crate) place: Place,
    pub(crate) passage: Passage,
    /// The clean text; empty where the marks are wrong.
    pub(crate) marked: Marked,
    /// Its words as rules compare them.
    pub(crate) words: Vec<String>,
}

/// A record with what it shows.
#[derive(Debug)]
pub(crate) struct RecordEntry {
    pub(crate) place: Place,
    pub(crate) record: Record,
    pub(crate) lines: Vec<String>,
}

/// A note in sentences.
#[derive(Debug)]
pub(crate) struct NoteEntry {
    pub(crate) place: Place,
    pub(crate) note: Note,
    pub(crate) sentences: Vec<String>,
}

/// The authored data.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    pub(crate) syllabus: Syllabus,
    pub(crate) passages: Vec<PassageEntry>,
    pub(crate) records: Vec<RecordEntry>,
    pub(crate) notes: Vec<NoteEntry>,
    pub(crate) clusters: Vec<Located<Cluster>>,
    pub(crate) practice: Vec<Located<Practice>>,
    /// Notes that practice questions alone are about.
    pub(crate) practice_notes: Vec<Located<Note>>,
    passage_by_id: BTreeMap<String, usize>,
    record_by_id: BTreeMap<String, usize>,
    note_by_id: BTreeMap<String, usize>,
    /// Words that stand in lower case inside a sentence somewhere: their capital marks the begin of a sentence.
    common: BTreeSet<String>,
}

impl Corpus {
    /// Reads `data`.
    pub(crate) fn read(data: &Path, findings: &mut Findings) -> Corpus {
        let syllabus = Syllabus::read(data, findings);
        let passages = read::folder(data, "knowledge", findings);
        let records = read::folder(data, "records", findings);
        let notes = read::folder(data, "notes", findings);
        let clusters = read::folder(data, "clusters", findings);
        let practice = read::folder(data, "practice", findings);
        let practice_notes = read::folder(data, "practice_notes", findings);
        Corpus { practice, practice_notes, ..Corpus::new(syllabus, passages, records, notes, clusters, findings) }
    }

    /// Puts together what was read; what is wrong with marks and ids becomes a finding.
    pub(crate) fn new(
        syllabus: Syllabus,
        passages: Vec<Located<Passage>>,
        records: Vec<Located<Record>>,
        notes: Vec<Located<Note>>,
        clusters: Vec<Located<Cluster>>,
        findings: &mut Findings,
    ) -> Corpus {
        let mut corpus = Corpus { syllabus, clusters, ..Corpus::default() };
        let mut ids = Ids::default();
        for Located { place, value: passage } in passages {
            ids.note(&passage.id, &place, findings);
            let marked = Marked::read(&passage.text).or_else(|error| {
                findings.error(&place, "marks", format!("{}: {error}", passage.id));
                Marked::read("")
            });
            let Ok(marked) = marked else { continue };
            corpus.passage_by_id.entry(passage.id.clone()).or_insert(corpus.passages.len());
            let words = words::words(marked.text());
            corpus.passages.push(PassageEntry { place, passage, marked, words });
        }
        for Located { place, value: record } in records {
            ids.note(&record.id, &place, findings);
            corpus.record_by_id.entry(record.id.clone()).or_insert(corpus.records.len());
            let lines = record.lines();
            corpus.records.push(RecordEntry { place, record, lines });
        }
        for Located { place, value: note } in notes {
            ids.note(&note.id, &place, findings);
            corpus.note_by_id.entry(note.id.clone()).or_insert(corpus.notes.len());
            let sentences = sentences(&note.text).into_iter().map(|range| note.text[range].to_owned()).collect();
            corpus.notes.push(NoteEntry { place, note, sentences });
        }
        for Located { place, value: cluster } in &corpus.clusters {
            ids.note(&cluster.id, place, findings);
        }
        corpus.common = common_words(&corpus.passages);
        corpus
    }

    /// The passage with this id.
    pub(crate) fn passage(&self, id: &str) -> Option<&PassageEntry> {
        self.passage_by_id.get(id).and_then(|index| self.passages.get(*index))
    }

    /// The record with this id.
    pub(crate) fn record(&self, id: &str) -> Option<&RecordEntry> {
        self.record_by_id.get(id).and_then(|index| self.records.get(*index))
    }

    /// The note with this id.
    pub(crate) fn note(&self, id: &str) -> Option<&NoteEntry> {
        self.note_by_id.get(id).and_then(|index| self.notes.get(*index))
    }

    /// Whether a text that begins like this begins a sentence: its first word has a capital that it does not have elsewhere.
    pub(crate) fn begins_sentence(&self, text: &str) -> bool {
        let word = first_word(text);
        word.starts_with(char::is_uppercase) && self.common.contains(&word.to_lowercase())
    }
}

/// Ids of all kinds, each once.
#[derive(Default)]
struct Ids(BTreeMap<String, Place>);

impl Ids {
    fn note(&mut self, id: &str, place: &Place, findings: &mut Findings) {
        if let Some(first) = self.0.get(id) {
            findings.error(
                place,
                "id",
                format!("the id `{id}` is taken by {first}; give this item the next free number"),
            );
        } else {
            self.0.insert(id.to_owned(), place.clone());
        }
    }
}

fn common_words(passages: &[PassageEntry]) -> BTreeSet<String> {
    let mut common = BTreeSet::new();
    for entry in passages {
        for word in entry.marked.text().split(|c: char| !c.is_alphanumeric() && c != '-') {
            if word.starts_with(char::is_lowercase) && !common.contains(word) {
                common.insert(word.to_owned());
            }
        }
    }
    common
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default()
}
