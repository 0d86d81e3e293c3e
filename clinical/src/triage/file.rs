//! `assets/triage.json` as it stands on disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Urgency;
use crate::integrity::{HashMismatch, json_sha256_hex};

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 512 << 10;
/// The most lists of words, rules, and patterns of a rule.
pub const MAX_ENTRIES: usize = 256;
/// The most phrases in a list.
pub const MAX_PHRASES: usize = 512;
/// The longest text shown, in characters.
pub const MAX_TEXT_CHARS: usize = 600;
/// The widest window of a pattern, in words.
pub const MAX_WITHIN_WORDS: usize = 200;

/// Lists of phrases by name.
pub(super) type Lists = BTreeMap<String, Vec<String>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) format: u32,
    pub(super) sha256: String,
    #[serde(default)]
    pub(super) comment: Vec<String>,
    /// What a patient has, feels or says; counts when it is so now.
    pub(super) signs: Lists,
    /// What is true of a patient, whether old or new: illnesses, drugs, age.
    pub(super) background: Lists,
    /// Words that change what other words mean: denials, the past, other people, questions.
    pub(super) context: Lists,
    /// Words that are right as they are, although they look like a misspelling of a word above.
    pub(super) real_words: Vec<String>,
    pub(super) rules: Vec<RuleEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) urgency: Urgency,
    /// What to do first; `{number}` is the emergency number.
    pub(super) text: String,
    /// What to do first where a pattern is less urgent than the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text_if_less_urgent: Option<String>,
    /// The guideline that the text follows.
    pub(super) source: String,
    pub(super) patterns: Vec<PatternEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternEntry {
    /// All of these must be there; `a | b` is met by either.
    pub(super) all: Vec<String>,
    /// How many words they may be apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) within: Option<usize>,
    /// None of these may be there: `a | b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unless: Option<String>,
    /// Where it differs from the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) urgency: Option<Urgency>,
    /// Counts although it is over, like a transient ischaemic attack.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) even_if_over: bool,
    /// Makes a note and never an alarm: the subject is named, no patient is described.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) note_only: bool,
}

/// Why `triage.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TriageError {
    /// Too large to be one.
    #[error("triage.json has {found_bytes} bytes, at most {MAX_FILE_BYTES} are read; load it again")]
    TooLarge {
        /// The size in bytes.
        found_bytes: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("triage.json is not valid ({0}); correct it or load it again")]
    Syntax(#[from] serde_json::Error),
    /// A file of another time.
    #[error("triage.json has format {found}, this version reads format {FORMAT}; take the file of this version")]
    Format {
        /// The format the file names.
        found: u32,
    },
    /// Altered on the way, or edited without being sealed.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// More or longer than a reader could check.
    #[error("{what} of triage.json has {found}, 1 to {limit} are taken; make it shorter or divide it")]
    Size {
        /// The place in the file.
        what: String,
        /// The limit.
        limit: usize,
        /// What was found.
        found: usize,
    },
    /// A phrase that cannot be read.
    #[error(
        "`{phrase}` in `{list}` of triage.json {fault}; write words with spaces between them, as the comment of the file says"
    )]
    Phrase {
        /// The list.
        list: String,
        /// The phrase.
        phrase: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A name without a list, or a list that is needed and missing.
    #[error("{place} of triage.json needs a list `{name}` that is not there; add the list or correct the name")]
    NoSuchList {
        /// Where it is named.
        place: String,
        /// The name.
        name: String,
    },
    /// Two things of one name.
    #[error("triage.json has two entries named `{name}`; give each a name of its own")]
    Twice {
        /// The name.
        name: String,
    },
}

impl File {
    /// Reads and checks everything but the phrases and the names of lists.
    pub(super) fn read(bytes: &[u8]) -> Result<File, TriageError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(TriageError::TooLarge { found_bytes: bytes.len() });
        }
        let file: File = serde_json::from_slice(bytes)?;
        if file.format != FORMAT {
            return Err(TriageError::Format { found: file.format });
        }
        for (what, lists) in
            [("`signs`", &file.signs), ("`background`", &file.background), ("`context`", &file.context)]
        {
            size(what, MAX_ENTRIES, lists.len())?;
            for (name, phrases) in lists {
                size(&format!("list `{name}`"), MAX_PHRASES, phrases.len())?;
            }
        }
        size("`rules`", MAX_ENTRIES, file.rules.len())?;
        for rule in &file.rules {
            size(&format!("`patterns` of rule `{}`", rule.id), MAX_ENTRIES, rule.patterns.len())?;
            for text in [&rule.id, &rule.name, &rule.text, &rule.source].into_iter().chain(&rule.text_if_less_urgent) {
                size(&format!("a text of rule `{}`", rule.id), MAX_TEXT_CHARS, text.chars().count())?;
            }
            for pattern in &rule.patterns {
                let place = format!("a pattern of rule `{}`", rule.id);
                size(&format!("`all` in {place}"), super::pattern::MAX_ITEMS, pattern.all.len())?;
                if let Some(within) = pattern.within {
                    size(&format!("`within` in {place}"), MAX_WITHIN_WORDS, within)?;
                }
            }
        }
        Ok(file)
    }

    /// The hash that the file should name.
    pub(super) fn hash(&self) -> Result<String, TriageError> {
        let File { format: _, sha256: _, comment, signs, background, context, real_words, rules } = self;
        Ok(json_sha256_hex(&(comment, signs, background, context, real_words, rules))?)
    }

    /// Compares the hash with what the file names.
    pub(super) fn verify(&self, bytes: usize) -> Result<(), TriageError> {
        let found = self.hash()?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(HashMismatch { file: "triage.json", expected: self.sha256.clone(), found, bytes }.into())
    }
}

fn size(what: &str, limit: usize, found: usize) -> Result<(), TriageError> {
    if (1..=limit).contains(&found) {
        return Ok(());
    }
    Err(TriageError::Size { what: what.to_owned(), limit, found })
}
