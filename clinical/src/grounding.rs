//! What an answer may say besides the words of its sources: `assets/grounding.json`.
//!
//! ```json
//! {"format":1,"comment":"…","boundary":"sentence","openings":["Yes.","No."],"connectives":["and","but"],"max_sentences":4}
//! ```
//! Grounded decoding copies spans of the sources; only the strings of this closed list may stand between them. None of
//! them can carry a fact: the reader refuses digits, line breaks and anything longer than a few words.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::text::whitespace::collapse;

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;
/// The most strings in each list.
pub const MAX_STRINGS: usize = 32;
/// The longest string, in characters.
pub const MAX_STRING_CHARS: usize = 40;
/// The highest limit of sentences in an answer.
pub const MAX_SENTENCES: u32 = 16;

/// Where a copied span may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Only whole sentences are copied.
    Sentence,
    /// Clauses may be copied on their own.
    Clause,
}

/// The file as it stands on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    comment: String,
    boundary: Boundary,
    openings: Vec<String>,
    connectives: Vec<String>,
    max_sentences: u32,
}

/// The rules of grounded decoding that are data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounding {
    boundary: Boundary,
    openings: Vec<String>,
    connectives: Vec<String>,
    max_sentences: u32,
}

/// Why a list of openings and connectives cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GroundingError {
    /// Too large to be one.
    #[error("grounding.json has {found_bytes} bytes, at most {MAX_FILE_BYTES} are read; it should be a short list")]
    TooLarge {
        /// The size in bytes.
        found_bytes: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("grounding.json is not valid ({0}); correct it or load it again")]
    Syntax(#[from] serde_json::Error),
    /// A file of another time.
    #[error("grounding.json has format {found}, this version reads format {FORMAT}; take the file of this version")]
    Format {
        /// The format the file names.
        found: u32,
    },
    /// A list that is too long.
    #[error(
        "`{list}` of grounding.json has {found} strings, at most {MAX_STRINGS} are taken; keep the list closed and short"
    )]
    TooMany {
        /// The list.
        list: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A string that could say something of its own.
    #[error(
        "`{value}` in `{list}` of grounding.json {fault}; only short phrases without a fact of their own are taken"
    )]
    Unfit {
        /// The list.
        list: &'static str,
        /// The string, shortened.
        value: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A limit that makes no answer or an endless one.
    #[error("`max_sentences` of grounding.json is {found}, 1 to {MAX_SENTENCES} are taken")]
    SentenceLimit {
        /// What the file says.
        found: u32,
    },
}

impl Grounding {
    /// Reads `grounding.json`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Grounding, GroundingError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(GroundingError::TooLarge { found_bytes: bytes.len() });
        }
        let file: File = serde_json::from_slice(bytes)?;
        if file.format != FORMAT {
            return Err(GroundingError::Format { found: file.format });
        }
        check("openings", &file.openings)?;
        check("connectives", &file.connectives)?;
        if !(1..=MAX_SENTENCES).contains(&file.max_sentences) {
            return Err(GroundingError::SentenceLimit { found: file.max_sentences });
        }
        let (openings, connectives) = match file.boundary {
            // Before a whole sentence only a whole sentence can stand: "Only if The tooth is vital." is no English.
            Boundary::Sentence => {
                (file.openings.into_iter().filter(|opening| opening.ends_with(['.', '!', '?'])).collect(), Vec::new())
            }
            Boundary::Clause => (file.openings, file.connectives),
        };
        Ok(Grounding { boundary: file.boundary, openings, connectives, max_sentences: file.max_sentences })
    }

    /// Where spans may begin and end.
    #[must_use]
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// What may stand at the start of an answer. With [`Boundary::Sentence`] only the openings that are sentences.
    #[must_use]
    pub fn openings(&self) -> &[String] {
        &self.openings
    }

    /// What may stand between two clauses; empty with [`Boundary::Sentence`].
    #[must_use]
    pub fn connectives(&self) -> &[String] {
        &self.connectives
    }

    /// The most sentences (or clauses) an answer may copy; at least 1.
    #[must_use]
    pub fn max_sentences(&self) -> u32 {
        self.max_sentences
    }
}

fn check(list: &'static str, values: &[String]) -> Result<(), GroundingError> {
    if values.len() > MAX_STRINGS {
        return Err(GroundingError::TooMany { list, found: values.len() });
    }
    let mut seen = BTreeSet::new();
    for value in values {
        let fault = if value.is_empty() {
            "is empty"
        } else if value.chars().count() > MAX_STRING_CHARS {
            "is longer than 40 characters"
        } else if value.chars().any(char::is_control) || collapse(value) != *value {
            "holds repeated or invisible white space or control characters"
        } else if value.chars().any(char::is_numeric) {
            "holds a number"
        } else if !seen.insert(value) {
            "stands there twice"
        } else {
            continue;
        };
        return Err(GroundingError::Unfit { list, value: value.chars().take(MAX_STRING_CHARS).collect(), fault });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHIPPED: &[u8] = include_bytes!("../../assets/grounding.json");
    const SMALL: &str =
        r#"{"format":1,"boundary":"clause","openings":["Yes.","Only if"],"connectives":["and"],"max_sentences":2}"#;

    #[test]
    fn the_shipped_file_is_valid() {
        let grounding = Grounding::from_bytes(SHIPPED).expect("valid");
        assert!(grounding.openings().iter().any(|opening| opening == "Yes."));
        assert!(grounding.max_sentences() >= 1);
    }

    #[test]
    fn only_sentences_open_where_sentences_are_copied() {
        let clause = Grounding::from_bytes(SMALL.as_bytes()).expect("valid");
        assert_eq!((clause.openings().len(), clause.connectives().len()), (2, 1));
        let sentence = Grounding::from_bytes(SMALL.replace("\"clause\"", "\"sentence\"").as_bytes()).expect("valid");
        assert_eq!(sentence.openings(), ["Yes."]);
        assert!(sentence.connectives().is_empty());
        assert_eq!(sentence.boundary(), Boundary::Sentence);
    }

    #[test]
    fn what_is_refused() {
        let many = format!("[{}]", (0..40).map(|_| "\"a\"").collect::<Vec<_>>().join(","));
        let cases = [
            (SMALL.replace(":1,", ":7,"), "has format 7"),
            (SMALL.replace("\"clause\"", "\"word\""), "not valid"),
            (SMALL.replace("Only if", "Take 500 mg"), "holds a number"),
            (SMALL.replace("Only if", "Yes."), "stands there twice"),
            (SMALL.replace("Only if", ""), "is empty"),
            (SMALL.replace("Only if", &"a".repeat(41)), "longer than 40"),
            (SMALL.replace("Only if", "a  b"), "repeated or invisible"),
            (SMALL.replace("[\"and\"]", &many), "has 40 strings, at most 32"),
            (SMALL.replace(":2}", ":0}"), "is 0, 1 to 16"),
            (SMALL.replace("openings", "opening"), "unknown field"),
            (" ".repeat(MAX_FILE_BYTES + 1), "at most 65536"),
        ];
        for (text, expected) in cases {
            let message = Grounding::from_bytes(text.as_bytes()).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn altered_bytes(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = SMALL.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(grounding) = Grounding::from_bytes(&bytes) {
                prop_assert!(grounding.openings().iter().all(|opening| !opening.chars().any(char::is_numeric)));
            }
            prop_assert!(Grounding::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
        }
    }
}
