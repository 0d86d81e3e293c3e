//! The authored files as types; their format is `data/AUTHORING.md`.

use mambaformer_clinical::records::{Citation, Discipline, Region, Review, Strength};
use serde::{Deserialize, Serialize};

use super::variants::names;

/// A line of `knowledge/<discipline>.jsonl`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passage {
    pub(crate) id: String,
    pub(crate) discipline: Discipline,
    pub(crate) topic: String,
    pub(crate) title: String,
    /// With clause marks.
    pub(crate) text: String,
    pub(crate) source: Citation,
    pub(crate) strength: Strength,
    pub(crate) population: String,
    pub(crate) region: Region,
    pub(crate) updated: String,
    pub(crate) see_also: Vec<String>,
    pub(crate) records: Vec<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) reviewed: Option<Review>,
}

/// A line of `notes/<discipline>.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Short, combined, or with a clinical note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Short,
    Complex,
    Note,
}

/// How a question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Style {
    Terse,
    Full,
    Typo,
    Student,
}

/// What makes a question more than a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tag {
    FalsePremise,
    Depends,
    Multi,
}

/// A paraphrase.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) style: Style,
    pub(crate) text: String,
}

/// A line of `clusters/<discipline>.jsonl`: one question in several wordings, and its answer by reference.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) discipline: Discipline,
    pub(crate) topic: String,
    pub(crate) kind: Kind,
    pub(crate) level: u8,
    pub(crate) tags: Vec<Tag>,
    #[serde(default)]
    pub(crate) note: Option<String>,
    pub(crate) questions: Vec<Question>,
    pub(crate) answer: Vec<Vec<String>>,
    pub(crate) key_facts: Vec<Vec<String>>,
    pub(crate) forbidden: Vec<String>,
}

/// A line of `practice/<discipline>.jsonl`: a question that sentences of one passage answer, for training alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Practice {
    pub(crate) passage: String,
    /// Sentences of the answer in its order, counted from 1.
    pub(crate) sentences: Vec<usize>,
    /// How it is put; for those who train.
    #[serde(rename = "style")]
    pub(crate) _style: Style,
    pub(crate) text: String,
    /// The practice note it is about.
    #[serde(default)]
    pub(crate) note: Option<String>,
}

names!(Kind { Short => "short", Complex => "complex", Note => "note" });
names!(Style { Terse => "terse", Full => "full", Typo => "typo", Student => "student" });
names!(Tag { FalsePremise => "false_premise", Depends => "depends", Multi => "multi" });
