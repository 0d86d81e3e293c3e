//! What there is, counted: for the table of `check`, the page of `report` and the data card.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use mambaformer_clinical::records::{Discipline, Facts};

use super::authored::Tag;
use super::corpus::Corpus;
use super::dentalqa::{Built, DentalQa};
use super::rules;
use super::safety::Safety;
use super::split::{Bond, Split};
use super::syllabus::Topic;
use super::words;

/// What issue 4 asks for.
const TARGETS: [(&str, usize); 10] = [
    ("passages", 1_500),
    ("dose records", 150),
    ("questions", 4_000),
    ("questions with two or more sources", 500),
    ("questions with a note", 250),
    ("out of scope", 400),
    ("red flags", 350),
    ("near misses", 350),
    ("identified spans", 2_000),
    ("topics without a passage", 0),
];

/// One discipline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) topics: usize,
    /// Topics with at least one passage.
    pub(crate) covered: usize,
    /// Topics with at least one question.
    pub(crate) asked: usize,
    pub(crate) passages: usize,
    pub(crate) sentences: usize,
    pub(crate) records: usize,
    pub(crate) notes: usize,
    pub(crate) clusters: usize,
    pub(crate) questions: usize,
    by_split: BTreeMap<Split, usize>,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicCount {
    pub(crate) topic: Topic,
    pub(crate) passages: usize,
    pub(crate) questions: usize,
}

/// Counts by name, in the order of names.
pub(crate) type Counts = BTreeMap<String, usize>;

/// Everything counted.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows: BTreeMap<Discipline, Row>,
    pub(crate) topics: Vec<TopicCount>,
    pub(crate) level: Counts,
    pub(crate) style: Counts,
    pub(crate) kind: Counts,
    pub(crate) tags: Counts,
    pub(crate) split: Counts,
    pub(crate) records: Counts,
    pub(crate) strength: Counts,
    pub(crate) region: Counts,
    pub(crate) organisations: Counts,
    pub(crate) safety: Vec<(String, usize)>,
    /// Words of each answer.
    pub(crate) answer_words: Vec<usize>,
    /// Copied share of each answer, in per cent.
    pub(crate) shares: Vec<f64>,
    /// Copied share of all answers, in per cent.
    pub(crate) share: f64,
    pub(crate) multi: usize,
    pub(crate) unused_passages: usize,
    pub(crate) groups: usize,
    pub(crate) largest_group: usize,
    pub(crate) bonds: Counts,
    pub(crate) left_out: usize,
}

impl Summary {
    /// Counts everything.
    pub(crate) fn new(corpus: &Corpus, set: &DentalQa<'_>, safety: &Safety) -> Summary {
        let mut summary = Summary { safety: safety.counts(), left_out: set.left_out.len(), ..Summary::default() };
        summary.count_authored(corpus);
        summary.count_built(set);
        summary.count_topics(corpus, set);
        let used = rules::used(set);
        summary.unused_passages = corpus.passages.iter().filter(|entry| !used.contains(&entry.passage.id)).count();
        summary
    }

    fn count_authored(&mut self, corpus: &Corpus) {
        for discipline in Discipline::ALL {
            self.rows.entry(discipline).or_default();
        }
        for entry in &corpus.passages {
            let row = self.rows.entry(entry.passage.discipline).or_default();
            row.passages += 1;
            row.sentences += entry.marked.sentences().len();
            *self.strength.entry(entry.passage.strength.to_string()).or_default() += 1;
            *self.region.entry(entry.passage.region.to_string()).or_default() += 1;
            *self.organisations.entry(entry.passage.source.organisation.clone()).or_default() += 1;
        }
        for entry in &corpus.records {
            self.rows.entry(entry.record.discipline).or_default().records += 1;
            let kind = match &entry.record.facts {
                Facts::Dose(_) => "dose",
                Facts::LocalAnaesthetic(_) => "local anaesthetic",
                Facts::Prophylaxis(_) => "prophylaxis",
                Facts::EmergencyDrug(_) => "emergency drug",
                Facts::Classification(_) => "classification",
                Facts::Threshold(_) => "threshold",
            };
            *self.records.entry(kind.to_owned()).or_default() += 1;
        }
        for entry in &corpus.notes {
            if let Ok(discipline) = entry.place.stem().parse() {
                self.rows.entry(discipline).or_default().notes += 1;
            }
        }
    }

    fn count_built(&mut self, set: &DentalQa<'_>) {
        let (mut copied, mut all) = (0, 0);
        let mut groups: BTreeMap<usize, usize> = BTreeMap::new();
        for built in &set.clusters {
            let Built { cluster, answer, assignment, .. } = built;
            let questions = cluster.questions.len();
            let row = self.rows.entry(cluster.discipline).or_default();
            row.clusters += 1;
            row.questions += questions;
            *row.by_split.entry(assignment.split).or_default() += questions;
            for (counts, name) in [
                (&mut self.level, cluster.level.to_string()),
                (&mut self.kind, cluster.kind.to_string()),
                (&mut self.split, assignment.split.to_string()),
            ] {
                *counts.entry(name).or_default() += questions;
            }
            if assignment.held_out {
                *self.split.entry("test, held-out passage".to_owned()).or_default() += questions;
            }
            for tag in &cluster.tags {
                *self.tags.entry(tag.to_string()).or_default() += questions;
            }
            for question in &cluster.questions {
                *self.style.entry(question.style.to_string()).or_default() += 1;
            }
            if answer.sources().len() > 1 || cluster.tags.contains(&Tag::Multi) {
                self.multi += questions;
            }
            let (own_copied, own_all) = answer.copied();
            (copied, all) = (copied + own_copied, all + own_all);
            self.shares.push(own_copied as f64 * 100.0 / own_all.max(1) as f64);
            self.answer_words.push(words::count(&answer.text()));
            *groups.entry(assignment.group).or_default() += 1;
        }
        self.share = copied as f64 * 100.0 / all.max(1) as f64;
        self.groups = groups.len();
        self.largest_group = groups.values().copied().max().unwrap_or(0);
        let bond = |bond: &Bond| match bond {
            Bond::Answer => "same answer",
            Bond::Note => "same note",
            Bond::Run => "shared run of words",
            Bond::Near => "near copy of a question",
        };
        self.bonds = set.assignments.bonds.iter().map(|(kind, count)| (bond(kind).to_owned(), *count)).collect();
    }

    fn count_topics(&mut self, corpus: &Corpus, set: &DentalQa<'_>) {
        let count = |keys: Vec<(&str, usize)>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for (key, number) in keys {
                *counts.entry(key.to_owned()).or_default() += number;
            }
            counts
        };
        let passages = count(corpus.passages.iter().map(|entry| (entry.passage.topic.as_str(), 1)).collect());
        let questions = count(
            set.clusters.iter().map(|built| (built.cluster.topic.as_str(), built.cluster.questions.len())).collect(),
        );
        for topic in corpus.syllabus.topics() {
            let of = |counts: &Counts| counts.get(&topic.key).copied().unwrap_or(0);
            let (passages, questions) = (of(&passages), of(&questions));
            let row = self.rows.entry(topic.discipline).or_default();
            row.topics += 1;
            row.covered += usize::from(passages > 0);
            row.asked += usize::from(questions > 0);
            self.topics.push(TopicCount { topic: topic.clone(), passages, questions });
        }
    }

    /// Sums over the disciplines.
    pub(crate) fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values() {
            total.topics += row.topics;
            total.covered += row.covered;
            total.asked += row.asked;
            total.passages += row.passages;
            total.sentences += row.sentences;
            total.records += row.records;
            total.notes += row.notes;
            total.clusters += row.clusters;
            total.questions += row.questions;
            for (split, count) in &row.by_split {
                *total.by_split.entry(*split).or_default() += count;
            }
        }
        total
    }

    /// Topics that `missing` says are empty, by key.
    pub(crate) fn empty_topics(&self, missing: impl Fn(&TopicCount) -> bool) -> Vec<&str> {
        self.topics.iter().filter(|count| missing(count)).map(|count| count.topic.key.as_str()).collect()
    }

    /// What issue 4 asks for: name, target, what there is.
    pub(crate) fn targets(&self) -> Vec<(&'static str, usize, usize)> {
        let total = self.total();
        let of = |name: &str| self.safety.iter().find(|(own, _)| own == name).map_or(0, |(_, count)| *count);
        let found = |name: &str| match name {
            "passages" => total.passages,
            "dose records" => self.records.get("dose").copied().unwrap_or(0),
            "questions" => total.questions,
            "questions with two or more sources" => self.multi,
            "questions with a note" => self.kind.get("note").copied().unwrap_or(0),
            "topics without a passage" => total.topics - total.covered,
            other => of(other),
        };
        TARGETS.map(|(name, target)| (name, target, found(name))).to_vec()
    }

    /// The table of `check`, of one discipline or of all.
    pub(crate) fn table(&self, only: Option<&str>) -> Result<String, fmt::Error> {
        let mut out = String::new();
        writeln!(
            out,
            "{:<10} {:>11} {:>11} {:>8} {:>9} {:>7} {:>5} {:>8} {:>9} {:>17}",
            "",
            "topics",
            "asked",
            "passages",
            "sentences",
            "records",
            "notes",
            "clusters",
            "questions",
            "train/val/test"
        )?;
        for (discipline, row) in
            self.rows.iter().filter(|(discipline, _)| only.is_none_or(|only| discipline.prefix() == only))
        {
            row.write(discipline.prefix(), &mut out)?;
        }
        if only.is_none() {
            self.total().write("all", &mut out)?;
            for (name, counts) in [
                ("level", &self.level),
                ("style", &self.style),
                ("kind", &self.kind),
                ("tags", &self.tags),
                ("split", &self.split),
                ("records", &self.records),
            ] {
                let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
                writeln!(out, "{name}: {}", counts.join(", "))?;
            }
            let bonds: Vec<String> = self.bonds.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(out, "groups: {} (largest {} clusters; {})", self.groups, self.largest_group, bonds.join(", "))?;
            writeln!(
                out,
                "clusters that cannot be built: {}; source text: {:.1} % of all answers; passages in no answer: {}",
                self.left_out, self.share, self.unused_passages
            )?;
            for (name, target, found) in self.targets() {
                writeln!(out, "{name}: {found} (asked: {target})")?;
            }
        }
        let of = |key: &str| only.is_none_or(|only| key.split('/').next() == Some(only));
        for (what, topics) in [
            ("no passage", self.empty_topics(|count| count.passages == 0)),
            ("no question", self.empty_topics(|count| count.questions == 0)),
        ] {
            let topics: BTreeSet<&str> = topics.into_iter().filter(|key| of(key)).collect();
            if !topics.is_empty() {
                let shown: Vec<&str> =
                    topics.iter().copied().take(if only.is_some() { usize::MAX } else { 12 }).collect();
                let more = if shown.len() < topics.len() { ", …" } else { "" };
                writeln!(out, "topics with {what}: {} ({}{more})", topics.len(), shown.join(", "))?;
            }
        }
        Ok(out)
    }
}

impl Row {
    /// Questions of a split.
    pub(crate) fn of(&self, split: Split) -> usize {
        self.by_split.get(&split).copied().unwrap_or(0)
    }

    fn write(&self, name: &str, out: &mut String) -> fmt::Result {
        let splits = format!("{}/{}/{}", self.of(Split::Train), self.of(Split::Validation), self.of(Split::Test));
        let (covered, asked) = (format!("{}/{}", self.covered, self.topics), format!("{}/{}", self.asked, self.topics));
        writeln!(
            out,
            "{name:<10} {covered:>11} {asked:>11} {:>8} {:>9} {:>7} {:>5} {:>8} {:>9} {splits:>17}",
            self.passages, self.sentences, self.records, self.notes, self.clusters, self.questions
        )
    }
}
