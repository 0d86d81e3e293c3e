//! The answers of DentalQA with their sources, as the check sees an answer.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use mambaformer_clinical::records::{Facts, Population, Record, Region};
use mambaformer_clinical::text::marked::Marked;
use mambaformer_clinical::text::sentences::sentences;
use mambaformer_clinical::verify::{Draft, Group, Kind, Source, Span};
use serde::Deserialize;

use crate::clinical::labelled;

/// Openings of DentalQA's answers (`data/AUTHORING.md`).
pub(super) const OPENINGS: [&str; 7] =
    ["Yes.", "No.", "It depends.", "Not always.", "Not routinely.", "Usually.", "The premise is not correct."];

/// A source with its sentences.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) sentences: Vec<Range<usize>>,
    pub(crate) kind: Kind,
    pub(crate) group: Group,
    pub(crate) region: Region,
}

impl Owned {
    pub(crate) fn new(id: &str, text: &str, kind: Kind, group: Group, region: Region) -> Rc<Owned> {
        let ranges = match kind {
            Kind::Record => std::iter::once(0..text.len()).collect(),
            Kind::Passage | Kind::Note => sentences(text),
        };
        Rc::new(Owned { id: id.to_owned(), text: text.to_owned(), sentences: ranges, kind, group, region })
    }

    /// The sentence at `index` as a piece of an answer.
    pub(crate) fn piece(self: &Rc<Owned>, index: usize) -> Option<Piece> {
        let range = self.sentences.get(index)?.clone();
        Some(Piece { text: self.text.get(range.clone())?.to_owned(), spans: vec![(Rc::clone(self), range)] })
    }
}

/// A sentence of an answer with the spans it cites.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) spans: Vec<(Rc<Owned>, Range<usize>)>,
}

impl Piece {
    /// Where it is one whole sentence of a passage: the passage and the sentence's index.
    pub(super) fn whole_sentence(&self) -> Option<(&Rc<Owned>, usize)> {
        let [(source, range)] = self.spans.as_slice() else { return None };
        let index = source.sentences.iter().position(|sentence| sentence == range)?;
        (source.kind == Kind::Passage).then_some((source, index))
    }
}

/// An answer and where it belongs.
pub(super) struct Gold {
    pub(super) id: String,
    pub(super) question: String,
    pub(super) test: bool,
    pub(super) pieces: Vec<Piece>,
}

/// What the figures are made of.
pub(crate) struct Corpus {
    pub(super) gold: Vec<Gold>,
    /// Passages, in the order of their files.
    pub(crate) passages: Vec<Rc<Owned>>,
    /// The `drug` fields of the records, each once.
    pub(crate) drugs: Vec<String>,
    /// Passages of two sentences of which one names a drug and the other its dose, with the drug.
    pub(super) split_doses: Vec<(Rc<Owned>, String)>,
    /// Titles of passages by id.
    pub(crate) titles: HashMap<String, String>,
    /// Answers with a sentence that was not found in its source.
    pub(super) lost: Vec<String>,
}

#[derive(Deserialize)]
struct PassageLine {
    id: String,
    title: String,
    text: String,
    population: String,
    region: Region,
}

#[derive(Deserialize)]
struct NoteLine {
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct AnswerLine {
    id: String,
    question: String,
    sentences: Vec<SentenceLine>,
    note: Option<String>,
    split: String,
}

#[derive(Deserialize)]
struct SentenceLine {
    text: String,
    passages: Vec<String>,
}

impl Corpus {
    /// Reads `data`; of the wordings of a question only the first, since they share their answer.
    pub(crate) fn read(data: &Path) -> Result<Corpus> {
        let mut corpus = Corpus {
            gold: Vec::new(),
            passages: Vec::new(),
            drugs: Vec::new(),
            split_doses: Vec::new(),
            titles: HashMap::new(),
            lost: Vec::new(),
        };
        let mut sources: HashMap<String, Vec<Rc<Owned>>> = HashMap::new();
        for line in labelled::folder::<PassageLine>(&data.join("knowledge"))? {
            let text = Marked::read(&line.text)?.text().to_owned();
            let source = Owned::new(&line.id, &text, Kind::Passage, Group::from_name(&line.population), line.region);
            corpus.passages.push(Rc::clone(&source));
            corpus.titles.insert(line.id.clone(), line.title);
            sources.insert(line.id, vec![source]);
        }
        for record in labelled::folder::<Record>(&data.join("records"))? {
            let (drug, population) = match &record.facts {
                Facts::Dose(dose) => (Some(&dose.drug), dose.population),
                Facts::LocalAnaesthetic(solution) => (Some(&solution.drug), solution.population),
                Facts::Prophylaxis(regimen) => (Some(&regimen.drug), regimen.population),
                Facts::EmergencyDrug(drug) => (Some(&drug.drug), drug.population),
                Facts::Classification(_) | Facts::Threshold(_) => (None, Population::All),
            };
            corpus.drugs.extend(drug.filter(|drug| !corpus.drugs.contains(drug)).cloned());
            let group = match population {
                Population::Adult => Group::Adult,
                Population::Child => Group::Child,
                Population::All => Group::All,
            };
            let lines = record.lines();
            let owned = lines.iter().enumerate().map(|(index, line)| {
                Owned::new(&format!("{}#{}", record.id, index + 1), line, Kind::Record, group, record.region)
            });
            sources.insert(record.id.clone(), owned.collect());
        }
        for line in labelled::folder::<NoteLine>(&data.join("notes"))? {
            let source = Owned::new(&line.id, &line.text, Kind::Note, Group::All, Region::International);
            sources.insert(line.id, vec![source]);
        }
        for line in labelled::folder::<AnswerLine>(&data.join("dentalqa"))? {
            if !line.id.ends_with("-1") {
                continue;
            }
            match pieces(&line, &sources) {
                Some(pieces) => {
                    corpus.gold.push(Gold { id: line.id, question: line.question, test: line.split == "test", pieces });
                }
                None => corpus.lost.push(line.id),
            }
        }
        corpus.split_doses = super::changes::split_doses(&corpus);
        Ok(corpus)
    }

    /// Single-word names of drugs, for changes of a text.
    pub(super) fn drug_words(&self) -> Vec<&str> {
        let mut words: Vec<&str> = self
            .drugs
            .iter()
            .map(String::as_str)
            .filter(|drug| drug.len() >= 6 && drug.chars().all(char::is_alphabetic))
            .collect();
        words.extend(["acetaminophen", "adrenaline", "epinephrine", "paracetamol", "prednisolone"]);
        words.sort_unstable();
        words.dedup();
        words
    }
}

fn pieces(line: &AnswerLine, sources: &HashMap<String, Vec<Rc<Owned>>>) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    for sentence in &line.sentences {
        let mut rest = sentence.text.as_str();
        if let Some(opening) = OPENINGS.iter().find(|opening| rest.starts_with(**opening)) {
            pieces.push(Piece { text: (*opening).to_owned(), spans: Vec::new() });
            rest = rest[opening.len()..].trim_start();
        }
        if rest.is_empty() {
            continue;
        }
        let candidates = sentence
            .passages
            .iter()
            .filter_map(|id| sources.get(if id == "note" { line.note.as_deref().unwrap_or_default() } else { id }))
            .flatten();
        let span = candidates.into_iter().find_map(|source| Some((Rc::clone(source), find(&source.text, rest)?)))?;
        pieces.push(Piece { text: rest.to_owned(), spans: vec![span] });
    }
    Some(pieces)
}

/// Where `sentence` stands in `text`, but for its first capital and the full stop that composing gave it.
fn find(text: &str, sentence: &str) -> Option<Range<usize>> {
    let bare = sentence.trim_end_matches('.');
    let mut chars = bare.chars();
    let first = chars.next()?;
    let lower = format!("{}{}", first.to_lowercase(), chars.as_str());
    [sentence, bare, &lower].into_iter().find_map(|wanted| {
        let start = text.find(wanted)?;
        Some(start..start + wanted.len())
    })
}

/// The pieces as the check takes them.
pub(crate) fn drafts(pieces: &[Piece]) -> Vec<Draft<'_>> {
    pieces
        .iter()
        .map(|piece| Draft {
            text: &piece.text,
            spans: piece
                .spans
                .iter()
                .map(|(source, range)| Span {
                    source: Source {
                        id: &source.id,
                        text: &source.text,
                        sentences: &source.sentences,
                        kind: source.kind,
                        group: source.group,
                        region: source.region,
                    },
                    range: range.clone(),
                })
                .collect(),
        })
        .collect()
}
