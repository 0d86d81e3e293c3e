//! The knowledge base to be looked through: its contents by subject, and single entries, as they go between page and worker.

use serde::{Deserialize, Serialize};

use crate::answer::{Evidence, EvidenceKind};

/// Asks for the contents; answered by `contents`, or `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Browse {
    /// Chosen by the page, different from every question's; comes back in the reply.
    pub id: String,
}

/// Asks for one entry; answered by `opened`, or `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Open {
    /// Chosen by the page, different from every question's; comes back in the reply.
    pub id: String,
    /// [`EntryTitle::passage`].
    pub passage: String,
}

/// Everything there is, by subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// In the order of the syllabus.
    pub subjects: Vec<Subject>,
}

/// A discipline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// In words.
    pub name: String,
    /// In alphabetical order of their titles; never empty.
    pub entries: Vec<EntryTitle>,
}

/// An entry of the contents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryTitle {
    /// Identifier, unique in the knowledge base.
    pub passage: String,
    /// Heading.
    pub title: String,
    /// What it is.
    #[serde(default)]
    pub kind: EvidenceKind,
}

/// One entry, whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Title, text and source.
    pub evidence: Evidence,
    /// The lines of the text, as byte ranges: sentences, or lines of a record.
    pub lines: Vec<(usize, usize)>,
    /// Whom it is about, where it holds, when it was last worked on: in words.
    pub about: Vec<String>,
    /// On the same matter, and the records of its numbers.
    pub see_also: Vec<EntryTitle>,
}
