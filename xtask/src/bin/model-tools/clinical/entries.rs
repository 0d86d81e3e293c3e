//! The entries of the knowledge base that ships, and DentalQA's questions with the entries that answer them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::Similarities;
use mambaformer_clinical::retrieval::index::SearchIndex;
use mambaformer_clinical::retrieval::lexicon::Lexicon;
use mambaformer_clinical::retrieval::parameters::Parameters;
use serde::Deserialize;

use super::near::Near;
use super::{Context, labelled};

#[derive(Deserialize)]
struct Note {
    id: String,
    text: String,
}

/// The knowledge base that ships, with the notes of the questions.
pub(crate) struct Entries {
    base: KnowledgeBase,
    near: Option<Near>,
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
    text: String,
    passages: Vec<String>,
}

impl Entries {
    /// Reads what ships, and the notes of `data`.
    pub(crate) fn read(context: &Context) -> Result<Entries> {
        let base = KnowledgeBase::from_bytes(&asset(&context.data, "knowledge.json")?, None)?;
        let near = context.retriever.as_ref().map(|folder| Near::open(folder, &base)).transpose()?;
        let notes: Vec<Note> = labelled::folder(&context.data.join("notes"))?;
        Ok(Entries { base, near, notes: notes.into_iter().map(|note| (note.id, note.text)).collect() })
    }

    /// The index over them, and how long it took to build.
    pub(crate) fn index(&self, lexicon: &Lexicon, parameters: &Parameters) -> (SearchIndex, std::time::Duration) {
        let started = std::time::Instant::now();
        let index = SearchIndex::of(&self.base, lexicon, parameters.ranking);
        (index, started.elapsed())
    }

    /// How near every entry is to a question, where there is an encoder.
    pub(crate) fn near(&self, question: &str, lexicon: &Lexicon) -> Result<Option<Vec<f32>>> {
        Ok(self.similarities(question, lexicon, None)?.map(|near| near.entries))
    }

    /// How near every entry and line is to a question and the facts of its note, weighed, where there is an encoder.
    pub(crate) fn similarities(
        &self,
        question: &str,
        lexicon: &Lexicon,
        facts: Option<(&str, f32)>,
    ) -> Result<Option<Similarities>> {
        let in_full = lexicon.in_full(question);
        let entries = self.base.passages().len();
        self.near.as_ref().map(|near| near.read(question, in_full.as_deref(), facts, entries)).transpose()
    }

    /// What a question's note says without orders, where it has one that says anything.
    pub(crate) fn facts(&self, question: &Question) -> Result<Option<String>> {
        let note = question.note.as_deref().and_then(|id| self.note(id));
        let parsed = mambaformer_clinical::question::Question::parse(&question.text, note)?;
        Ok(parsed.facts().map(|facts| facts.text().to_owned()))
    }

    /// What the encoder says of each line of an entry when it reads it together with a question and its note; `None` for what it did not read.
    pub(crate) fn read_lines(&self, question: &str, note: Option<&str>, entry: usize) -> Result<Vec<Option<[f32; 2]>>> {
        let lines: Vec<&str> = self.texts(entry).collect();
        let title = self.base.passage(entry).map_or("", |passage| passage.title.as_str());
        let scores = match &self.near {
            Some(near) => near.encoder.read(question, note, title, &lines)?,
            None => Vec::new(),
        };
        let mut read: Vec<_> = scores.into_iter().map(|score| Some([score.first, score.used])).collect();
        read.resize(lines.len(), None);
        Ok(read)
    }

    /// The lines of an entry.
    pub(crate) fn texts(&self, entry: usize) -> impl Iterator<Item = &str> {
        let text = self.base.passage(entry).map_or("", |passage| passage.text.as_str());
        self.base.sentences(entry).iter().map(|bytes| text.get(bytes.clone()).unwrap_or_default())
    }

    /// The lines (entry, place) that the answer is made of, in its order; those of the note and parts of lines are none.
    pub(crate) fn lines(&self, question: &Question) -> Vec<(usize, usize)> {
        let mut lines = Vec::new();
        for sentence in &question.sentences {
            for entry in sentence.passages.iter().filter_map(|id| self.base.index_of(id)) {
                let holds = |(_, line): &(usize, &str)| sentence.text.contains(line.trim());
                lines.extend(self.texts(entry).enumerate().filter(holds).map(|(at, _)| (entry, at)));
            }
        }
        lines
    }

    /// The id of an entry.
    pub(crate) fn id(&self, entry: usize) -> &str {
        self.base.passage(entry).map_or("", |passage| &passage.id)
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
            .map(|sentence| sentence.passages.iter().filter_map(|id| self.base.index_of(id)).collect::<Vec<usize>>())
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
