//! What can be cited: passages, what they rest on, and records as passages.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::records::{Citation, Discipline, Record, Region, Review, Strength};

/// Who wrote the passages and records.
pub(super) const CONTRIBUTORS: &str = "MambaFormer Chairside contributors";
/// The licence of their words.
pub(super) const LICENCE: &str = "CC BY 4.0";
/// What they wrote.
const WORK: &str = "Dental knowledge base";

/// Who published the words of a passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Who published it.
    pub organisation: String,
    /// The document's title.
    pub title: String,
    /// The year of publication, where it is known.
    #[serde(default)]
    pub year: Option<u16>,
    /// The licence of the text, such as "CC BY 4.0".
    pub licence: String,
    /// Where the document can be read (`https://…` or `http://…`), or empty.
    pub url: String,
}

impl Source {
    /// The source of this project's own words. What they rest on is another thing ([`About::rests_on`]).
    pub(super) fn ours() -> Source {
        Source {
            organisation: CONTRIBUTORS.to_owned(),
            title: WORK.to_owned(),
            year: None,
            licence: LICENCE.to_owned(),
            url: String::new(),
        }
    }
}

/// A passage: the unit of retrieval, and of what an answer cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Unique in the file.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
    /// The text, white space collapsed.
    pub text: String,
    /// Whose words it is.
    pub source: Source,
}

/// What is known about a passage of this project besides its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The discipline it belongs to.
    pub discipline: Discipline,
    /// The line of the syllabus, such as "perio/furcation".
    pub topic: String,
    /// Whom it is about: "adult", "child", "pregnancy".
    pub population: String,
    /// Where it holds.
    pub region: Region,
    /// How strong the document is that it rests on.
    pub strength: Strength,
    /// The month in which it was last worked on, `YYYY-MM`.
    pub updated: String,
    /// Passages on the same matter, by id.
    pub see_also: Vec<String>,
    /// Records that hold its numbers, by id.
    pub records: Vec<String>,
    /// The guideline or textbook it rests on. The words are not that document's.
    pub rests_on: Citation,
    /// A clinician's review, once there is one.
    pub reviewed: Option<Review>,
}

/// A passage of this project as the file holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields of Passage and About, in one object")]
pub struct Authored {
    pub id: String,
    pub title: String,
    pub text: String,
    pub discipline: Discipline,
    pub topic: String,
    pub population: String,
    pub region: Region,
    pub strength: Strength,
    pub updated: String,
    pub see_also: Vec<String>,
    pub records: Vec<String>,
    pub rests_on: Citation,
    #[serde(deserialize_with = "Option::deserialize")]
    pub reviewed: Option<Review>,
}

impl Authored {
    /// The passage, and what is known about it.
    pub(super) fn divide(self) -> (Passage, About) {
        let passage = Passage { id: self.id, title: self.title, text: self.text, source: Source::ours() };
        let about = About {
            discipline: self.discipline,
            topic: self.topic,
            population: self.population,
            region: self.region,
            strength: self.strength,
            updated: self.updated,
            see_also: self.see_also,
            records: self.records,
            rests_on: self.rests_on,
            reviewed: self.reviewed,
        };
        (passage, about)
    }
}

/// A record as a passage: its name, and its lines joined by spaces with the bytes of each.
pub(super) fn of_record(record: &Record) -> (Passage, Vec<Range<usize>>) {
    let mut text = String::new();
    let mut lines = Vec::new();
    for line in record.lines() {
        if !text.is_empty() {
            text.push(' ');
        }
        lines.push(text.len()..text.len() + line.len());
        text.push_str(&line);
    }
    (Passage { id: record.id.clone(), title: record.title(), text, source: Source::ours() }, lines)
}

/// A licence under which passages are used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// The work or its publisher.
    pub name: String,
    /// The licence.
    pub licence: String,
    /// Who has to be named, and how.
    pub attribution: String,
}
