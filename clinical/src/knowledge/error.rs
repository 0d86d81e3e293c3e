//! Why a knowledge base cannot be used.

use super::{FORMAT, MAX_DRUGS, MAX_ENTRIES, MAX_LIST};
use crate::integrity::HashMismatch;
use crate::records::RecordError;

/// Why a knowledge base cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// Too large to be one.
    #[error("the knowledge base has {found_bytes} bytes, at most {limit_bytes} are read; pack fewer passages")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
        /// The size in bytes.
        found_bytes: usize,
    },
    /// Other bytes than expected.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// Something else than a knowledge base.
    #[error(
        "the knowledge base is not valid (it does not begin with `{{\"format\":{FORMAT},\"sha256\":\"…`); load it again, or make it anew with `cargo xtask knowledge`"
    )]
    Head,
    /// No JSON, or JSON of another shape.
    #[error("the knowledge base is not valid ({0}); load it again, or make it anew with `cargo xtask knowledge`")]
    Syntax(#[from] serde_json::Error),
    /// A file of another time.
    #[error(
        "the knowledge base has format {found}, this version reads format {FORMAT}; make it anew with `cargo xtask knowledge`"
    )]
    Format {
        /// The format the file names.
        found: u32,
    },
    /// No passages and records, or too many.
    #[error("the knowledge base has {found} passages and records, 1 to {MAX_ENTRIES} are taken; pack others")]
    EntryCount {
        /// How many there are.
        found: usize,
    },
    /// Too many names.
    #[error("the knowledge base names {found} drugs, at most {MAX_DRUGS} are taken; name fewer")]
    DrugCount {
        /// How many there are.
        found: usize,
    },
    /// A field that is empty.
    #[error("`{field}` of `{id}` is empty; give it a text or leave the entry out")]
    Empty {
        /// The entry.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// A field that is too long.
    #[error("`{field}` of `{id}` has {found_bytes} bytes, at most {limit_bytes} are taken; shorten or split it")]
    FieldTooLong {
        /// The entry.
        id: String,
        /// The field.
        field: &'static str,
        /// The limit in bytes.
        limit_bytes: usize,
        /// What was found, in bytes.
        found_bytes: usize,
    },
    /// A list that is too long.
    #[error("`{field}` of `{id}` has {found} items, at most {MAX_LIST} are taken; take some out")]
    ListTooLong {
        /// The entry.
        id: String,
        /// The field.
        field: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A field whose bytes a citation could not refer to.
    #[error(
        "`{field}` of `{id}` holds repeated or invisible white space or control characters; make the file with `cargo xtask knowledge`"
    )]
    NotCollapsed {
        /// The entry.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// Two entries of one name.
    #[error("two entries have the id `{id}`; ids must be unique")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// Records that cannot be looked up.
    #[error("the {what} of the knowledge base are not sorted by id; make the file with `cargo xtask knowledge`")]
    Unsorted {
        /// What is not sorted.
        what: &'static str,
    },
    /// A reference into nothing.
    #[error("`{id}` refers to `{target}`, which is not there; correct the id or pack what it names")]
    Dangling {
        /// The entry.
        id: String,
        /// What it refers to.
        target: String,
    },
    /// A link that is not one.
    #[error("the address `{url}` of `{id}` does not begin with https:// or http://; correct it or leave it empty")]
    Url {
        /// The entry.
        id: String,
        /// The address.
        url: String,
    },
    /// A record that cannot be meant.
    #[error("the record `{id}` cannot be used: {error}")]
    Record {
        /// The record.
        id: String,
        /// What is wrong with it.
        error: Box<RecordError>,
    },
    /// A name of two drugs, or one without a letter.
    #[error("the drug name `{name}` is that of two drugs or has no letter; give each name to one drug")]
    DrugName {
        /// The name.
        name: String,
    },
    /// A record about a drug nobody can ask for.
    #[error("no name of a drug stands in `{drug}`, the drug of record `{id}`; add it to data/drugs.jsonl")]
    UnknownDrug {
        /// The record.
        id: String,
        /// Its drug.
        drug: String,
    },
}
