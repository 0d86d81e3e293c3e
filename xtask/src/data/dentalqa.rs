//! DentalQA as it is used: one line for each question, made from the clusters.

use std::collections::BTreeMap;

use mambaformer_clinical::records::{Discipline, Review};
use serde::Serialize;

use super::authored::{Cluster, Kind, Question, Style, Tag};
use super::compose::{self, Answer};
use super::corpus::Corpus;
use super::findings::Place;
use super::read::Located;
use super::reference::Part;
use super::split::{self, Assignment, Assignments, Member, Split};
use super::words::words;

/// The folder below `data/`.
pub(crate) const FOLDER: &str = "dentalqa";

/// A cluster with its answer and its place in the set.
#[derive(Debug)]
pub(crate) struct Built<'a> {
    pub(crate) place: &'a Place,
    pub(crate) cluster: &'a Cluster,
    pub(crate) answer: Answer,
    pub(crate) assignment: Assignment,
    /// Its questions in words.
    pub(crate) asked: Vec<Vec<String>>,
}

/// All clusters that could be built.
#[derive(Debug, Default)]
pub(crate) struct DentalQa<'a> {
    /// In the order of files and lines.
    pub(crate) clusters: Vec<Built<'a>>,
    /// Which of them are near copies, and why clusters go together.
    pub(crate) assignments: Assignments,
    /// Clusters that cannot be put together, by id, each with the reason.
    pub(crate) left_out: Vec<(String, String)>,
}

/// A line of `dentalqa/<discipline>.jsonl`.
#[derive(Debug, Serialize)]
struct Item<'a> {
    id: String,
    question: &'a str,
    answer: &'a str,
    sentences: &'a [Cited<'a>],
    key_facts: &'a [Vec<String>],
    forbidden: &'a [String],
    discipline: Discipline,
    topic: &'a str,
    level: u8,
    kind: Kind,
    style: Style,
    tags: &'a [Tag],
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    cluster: &'a str,
    split: Split,
    heldout_passage: bool,
    reviewed: Option<Review>,
}

/// A sentence with the ids of what it copies.
#[derive(Debug, Serialize)]
struct Cited<'a> {
    text: &'a str,
    passages: &'a [String],
}

impl<'a> DentalQa<'a> {
    /// Puts all answers together and assigns the splits.
    pub(crate) fn build(corpus: &'a Corpus) -> DentalQa<'a> {
        let mut left_out = Vec::new();
        let mut answered = Vec::new();
        for Located { place, value: cluster } in &corpus.clusters {
            match compose::compose(cluster, corpus) {
                Ok(answer) => answered.push((place, cluster, answer)),
                Err(errors) => {
                    let reason = errors.first().map(ToString::to_string).unwrap_or_default();
                    left_out.push((cluster.id.clone(), reason));
                }
            }
        }
        let mut members: Vec<Member> =
            answered.iter().map(|(_, cluster, answer)| member(cluster, answer, corpus)).collect();
        let mut assignments = split::assign(&members);
        let clusters = answered
            .into_iter()
            .zip(std::mem::take(&mut assignments.members))
            .zip(members.iter_mut().map(|member| std::mem::take(&mut member.questions)))
            .map(|(((place, cluster, answer), assignment), asked)| Built { place, cluster, answer, assignment, asked })
            .collect();
        DentalQa { clusters, assignments, left_out }
    }

    /// The files as they are written: name below `data/`, content.
    pub(crate) fn files(&self) -> Result<BTreeMap<String, String>, serde_json::Error> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for built in &self.clusters {
            let text = files.entry(format!("{FOLDER}/{}.jsonl", built.place.stem())).or_default();
            built.write(text)?;
        }
        Ok(files)
    }
}

impl Built<'_> {
    /// The questions with their ids in the set.
    pub(crate) fn questions(&self) -> impl Iterator<Item = (String, &Question)> {
        let cluster = &self.cluster;
        cluster
            .questions
            .iter()
            .enumerate()
            .map(|(index, question)| (format!("{}-{}", cluster.id, index + 1), question))
    }

    fn write(&self, text: &mut String) -> Result<(), serde_json::Error> {
        let cluster = self.cluster;
        let answer = self.answer.text();
        let sentences: Vec<Cited<'_>> = self
            .answer
            .sentences
            .iter()
            .map(|sentence| Cited { text: &sentence.text, passages: &sentence.passages })
            .collect();
        for (id, question) in self.questions() {
            let item = Item {
                id,
                question: &question.text,
                answer: &answer,
                sentences: &sentences,
                key_facts: &cluster.key_facts,
                forbidden: &cluster.forbidden,
                discipline: cluster.discipline,
                topic: &cluster.topic,
                level: cluster.level,
                kind: cluster.kind,
                style: question.style,
                tags: &cluster.tags,
                note: cluster.note.as_deref(),
                cluster: &cluster.id,
                split: self.assignment.split,
                heldout_passage: self.assignment.held_out,
                reviewed: None,
            };
            text.push_str(&serde_json::to_string(&item)?);
            text.push('\n');
        }
        Ok(())
    }
}

fn member(cluster: &Cluster, answer: &Answer, corpus: &Corpus) -> Member {
    let note = cluster.note.as_deref().unwrap_or_default();
    let references: Vec<String> = answer
        .references()
        .into_iter()
        .map(|part| match part {
            // `note#4` is another sentence in every note.
            Part::Note { .. } => format!("{note}:{part}"),
            part => part.to_string(),
        })
        .collect();
    let passages = answer.sources().into_iter().filter(|id| corpus.passage(id).is_some()).map(str::to_owned).collect();
    Member {
        id: cluster.id.clone(),
        questions: cluster.questions.iter().map(|question| words(&question.text)).collect(),
        answers: [references.join(" "), answer.text()],
        note: cluster.note.clone(),
        passages,
    }
}
