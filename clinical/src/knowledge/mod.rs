//! The knowledge base: passages and records with what they rest on, and nothing an answer could not cite.
//!
//! `assets/knowledge.json` is one JSON object on one line:
//! ```json
//! {"format":2,"sha256":"…","version":"…",
//!  "passages":[{"id":"…","title":"…","text":"…","discipline":"perio","topic":"…","population":"adult","region":"UK",
//!               "strength":"guideline","updated":"2026-11","see_also":["…"],"records":["…"],
//!               "rests_on":{"organisation":"…","title":"…","year":2020},"reviewed":null}],
//!  "records":[{"id":"…","type":"dose",…}],
//!  "drugs":[{"name":"paracetamol","names":["acetaminophen","…"]}],
//!  "quoted":[{"id":"…","title":"…","text":"…",
//!             "source":{"organisation":"…","title":"…","year":2024,"licence":"…","url":"https://…"}}],
//!  "licences":[{"name":"…","licence":"…","attribution":"…"}]}
//! ```
//! `passages` and `records` are worded by this project and rest on a document ([`About`]); `quoted` passages are the words of
//! a publication under its own licence. `sha256` is the hash of every byte behind it, so that a damaged copy is known by
//! itself and nothing has to be written again to check it. Every text has collapsed white space
//! ([`crate::text::whitespace::collapse`]): byte ranges of citations, tokens and sentences all refer to the same string, so
//! the reader refuses a file in which it is not so. [`pack()`] makes such a file, byte for byte the same from the same
//! contents in any order.
//!
//! A record is evidence, too: its lines ([`Record::lines`]), joined by spaces, are the text of a [`Passage`] of the record's
//! id, each line a sentence. So one list ([`KnowledgeBase::passages`]) is searched, shown and cited.

mod check;
mod credit;
mod drug;
mod error;
mod file;
mod pack;
mod passage;
#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;

use crate::integrity;
use crate::records::Record;
use crate::text::sentences::sentences;

pub use credit::Credit;
pub use drug::Drug;
pub use error::KnowledgeError;
pub use pack::{Contents, pack, pack_contents};
pub use passage::{About, Authored, Licence, Passage, Source};

/// The format this reader knows.
pub const FORMAT: u32 = 2;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// The most passages and records in a file.
pub const MAX_ENTRIES: usize = 50_000;
/// The most drugs in a file.
pub const MAX_DRUGS: usize = 2_000;
/// The longest passage text, in bytes.
pub const MAX_TEXT_BYTES: usize = 8_000;
/// The longest title, in bytes.
pub const MAX_TITLE_BYTES: usize = 400;
/// The longest of all other fields, in bytes.
pub const MAX_FIELD_BYTES: usize = 1_000;
/// The most ids or names in a list.
pub const MAX_LIST: usize = 64;

/// What an entry of the knowledge base is.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// A passage worded by this project.
    Passage(&'a About),
    /// A record; its passage is made of its lines.
    Record(&'a Record),
    /// A passage in the words of its source.
    Quoted,
}

/// Where the rest of an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    About(usize),
    Record(usize),
    Quoted,
}

/// A knowledge base in memory: checked, and cut into sentences.
#[derive(Debug, Clone, PartialEq)]
pub struct KnowledgeBase {
    version: String,
    sha256: String,
    passages: Vec<Passage>,
    /// `[passages][sentences]`
    sentences: Vec<Vec<Range<usize>>>,
    /// `[passages]`
    places: Vec<Place>,
    about: Vec<About>,
    records: Vec<Record>,
    drugs: Vec<Drug>,
    licences: Vec<Licence>,
}

impl KnowledgeBase {
    /// Reads a knowledge base and checks it against the hash it carries. With `expected_sha256` (hexadecimal, of the
    /// whole file) the bytes are checked before they are parsed, too.
    pub fn from_bytes(bytes: &[u8], expected_sha256: Option<&str>) -> Result<KnowledgeBase, KnowledgeError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(KnowledgeError::TooLarge { limit_bytes: MAX_FILE_BYTES, found_bytes: bytes.len() });
        }
        if let Some(expected) = expected_sha256 {
            integrity::verify_sha256("the knowledge base", bytes, expected)?;
        }
        let (file, sha256) = file::read(bytes)?;
        check::check(&file.contents())?;
        Ok(KnowledgeBase::of(file, sha256))
    }

    /// Puts checked contents in order: everything that can be cited in one list, sorted by id.
    fn of(file: file::File, sha256: String) -> KnowledgeBase {
        let file::File { version, passages, records, drugs, quoted, licences, .. } = file;
        let mut about = Vec::with_capacity(passages.len());
        let mut entries: Vec<(Passage, Vec<Range<usize>>, Place)> = Vec::new();
        for authored in passages {
            let (passage, rest) = authored.divide();
            let cut = sentences(&passage.text);
            entries.push((passage, cut, Place::About(about.len())));
            about.push(rest);
        }
        for (index, record) in records.iter().enumerate() {
            let (passage, lines) = passage::of_record(record);
            entries.push((passage, lines, Place::Record(index)));
        }
        for passage in quoted {
            let cut = sentences(&passage.text);
            entries.push((passage, cut, Place::Quoted));
        }
        entries.sort_by(|(a, ..), (b, ..)| a.id.cmp(&b.id));
        let mut base = KnowledgeBase {
            version,
            sha256,
            passages: Vec::with_capacity(entries.len()),
            sentences: Vec::with_capacity(entries.len()),
            places: Vec::with_capacity(entries.len()),
            about,
            records,
            drugs,
            licences,
        };
        for (passage, sentences, place) in entries {
            base.passages.push(passage);
            base.sentences.push(sentences);
            base.places.push(place);
        }
        base
    }

    /// The version the file names.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 of its content, in hexadecimal: what the file calls `sha256`.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Everything that can be cited, sorted by id: passages, and the lines of each record as one passage. Indices of hits
    /// refer to it.
    #[must_use]
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// The passage at `index`.
    #[must_use]
    pub fn passage(&self, index: usize) -> Option<&Passage> {
        self.passages.get(index)
    }

    /// The place of the passage or record `id` among [`Self::passages`].
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.passages.binary_search_by(|passage| passage.id.as_str().cmp(id)).ok()
    }

    /// Byte ranges of the sentences in the text of passage `index`, or of a record's lines; empty where there is no such
    /// passage.
    #[must_use]
    pub fn sentences(&self, index: usize) -> &[Range<usize>] {
        self.sentences.get(index).map_or(&[], Vec::as_slice)
    }

    /// What passage `index` is, with what is known about it.
    #[must_use]
    pub fn kind(&self, index: usize) -> Option<Kind<'_>> {
        match self.places.get(index)? {
            Place::About(at) => self.about.get(*at).map(Kind::Passage),
            Place::Record(at) => self.records.get(*at).map(Kind::Record),
            Place::Quoted => Some(Kind::Quoted),
        }
    }

    /// Whose words passage `index` is, what it rests on and whether it was reviewed: its `Display` is the line of evidence.
    #[must_use]
    pub fn credit(&self, index: usize) -> Option<Credit<'_>> {
        Some(match self.kind(index)? {
            Kind::Passage(about) => Credit::Ours {
                rests_on: &about.rests_on,
                strength: Some(about.strength),
                reviewed: about.reviewed.as_ref(),
            },
            Kind::Record(record) => Credit::of(record),
            Kind::Quoted => Credit::Quoted(&self.passages.get(index)?.source),
        })
    }

    /// All records, sorted by id.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The record `id`.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<&Record> {
        let at = self.records.binary_search_by(|record| record.id.as_str().cmp(id)).ok()?;
        self.records.get(at)
    }

    /// The drugs that questions can name, sorted by name.
    #[must_use]
    pub fn drugs(&self) -> &[Drug] {
        &self.drugs
    }

    /// The licences to be named wherever passages are shown.
    #[must_use]
    pub fn licences(&self) -> &[Licence] {
        &self.licences
    }
}
