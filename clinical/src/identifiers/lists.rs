//! The lists of `assets/names.json`: names, towns, and the words that are neither.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::integrity::{HashMismatch, json_sha256_hex};
use crate::retrieval::analyze::fold;

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// The most entries in a list.
pub const MAX_ENTRIES: usize = 40_000;
/// The longest entry, in bytes.
pub const MAX_ENTRY_BYTES: usize = 60;

/// The file as it stands on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    comment: String,
    sha256: String,
    given: Vec<String>,
    surnames: Vec<String>,
    places: Vec<String>,
    words: Vec<String>,
    terms: Vec<String>,
}

/// Why the lists cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// Too large to be one.
    #[error("names.json has {found_bytes} bytes, at most {MAX_FILE_BYTES} are read; take the file of this version")]
    TooLarge {
        /// The size in bytes.
        found_bytes: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("names.json is not valid ({0}); correct it or load it again")]
    Syntax(#[from] serde_json::Error),
    /// A file of another time.
    #[error("names.json has format {found}, this version reads format {FORMAT}; take the file of this version")]
    Format {
        /// The format the file names.
        found: u32,
    },
    /// Other content than the file says.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// A list that is too long.
    #[error("`{list}` of names.json has {found} entries, at most {MAX_ENTRIES} are taken; shorten it")]
    TooMany {
        /// The list.
        list: &'static str,
        /// How many there are.
        found: usize,
    },
    /// An entry that is no word.
    #[error(
        "`{entry}` in `{list}` of names.json is empty, longer than {MAX_ENTRY_BYTES} bytes or has other characters than letters; correct it"
    )]
    Entry {
        /// The list.
        list: &'static str,
        /// The entry, shortened.
        entry: String,
    },
}

/// What is known about words. All of it is lower case without accents.
#[derive(Debug)]
pub(super) struct Lists {
    given: FxHashSet<String>,
    surnames: FxHashSet<String>,
    /// The words of a town's name joined by spaces.
    places: FxHashSet<String>,
    words: FxHashSet<String>,
    terms: FxHashSet<String>,
}

impl Lists {
    /// Reads `names.json` and checks it against the hash it carries.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Lists, ListsError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ListsError::TooLarge { found_bytes: bytes.len() });
        }
        let file: File = serde_json::from_slice(bytes)?;
        if file.format != FORMAT {
            return Err(ListsError::Format { found: file.format });
        }
        let content = (file.format, &file.comment, &file.given, &file.surnames, &file.places, &file.words, &file.terms);
        let found = json_sha256_hex(&content)?;
        if found != file.sha256 {
            return Err(HashMismatch { file: "names.json", expected: file.sha256, found, bytes: bytes.len() }.into());
        }
        Ok(Lists {
            given: set("given", file.given)?,
            surnames: set("surnames", file.surnames)?,
            places: set("places", file.places)?,
            words: set("words", file.words)?,
            terms: set("terms", file.terms)?,
        })
    }

    /// A given name.
    pub(super) fn is_given(&self, folded: &str) -> bool {
        self.given.contains(folded)
    }

    /// A given name or a surname.
    pub(super) fn is_name(&self, folded: &str) -> bool {
        self.given.contains(folded) || self.surnames.contains(folded)
    }

    /// A town; its words joined by spaces.
    pub(super) fn is_place(&self, folded: &str) -> bool {
        self.places.contains(folded)
    }

    /// An eponym, a brand, a nation, a day of the week: written with a capital, but nobody's name here.
    pub(super) fn is_term(&self, folded: &str) -> bool {
        self.terms.contains(folded)
    }

    /// An ordinary word, or one with an ordinary ending.
    pub(super) fn is_word(&self, folded: &str) -> bool {
        if self.words.contains(folded) {
            return true;
        }
        // "James" is not the plural of "jam".
        !self.is_name(folded)
            && ENDINGS.iter().any(|(ending, drops_e)| {
                folded.strip_suffix(ending).is_some_and(|stem| {
                    stem.len() >= 3
                        && (self.words.contains(stem) || (*drops_e && self.words.contains(&format!("{stem}e"))))
                })
            })
    }
}

/// Endings that the list leaves out, and whether an "e" may be lost before them.
const ENDINGS: &[(&str, bool)] = &[
    ("s", false),
    ("es", true),
    ("ed", true),
    ("d", false),
    ("ing", true),
    ("ly", false),
    ("er", true),
    ("ers", true),
];

fn set(list: &'static str, entries: Vec<String>) -> Result<FxHashSet<String>, ListsError> {
    if entries.len() > MAX_ENTRIES {
        return Err(ListsError::TooMany { list, found: entries.len() });
    }
    let mut set = FxHashSet::default();
    for entry in entries {
        let letters = entry.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '-' | '.'));
        if entry.is_empty() || entry.len() > MAX_ENTRY_BYTES || !letters {
            return Err(ListsError::Entry { list, entry: entry.chars().take(40).collect() });
        }
        let mut folded = String::with_capacity(entry.len());
        for c in entry.chars() {
            match c {
                '-' => folded.push(' '),
                '\'' | '.' => {}
                c => fold(c, &mut folded),
            }
        }
        set.insert(folded);
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHIPPED: &[u8] = include_bytes!("../../../assets/names.json");

    fn file(given: &str) -> String {
        let lists = format!(r#""given":[{given}],"surnames":[],"places":["St. Paul"],"words":["tooth"],"terms":[]"#);
        let content = format!(r#"[1,"",[{given}],[],["St. Paul"],["tooth"],[]]"#);
        let hash = crate::integrity::sha256_hex(content.as_bytes());
        format!(r#"{{"format":1,"comment":"","sha256":"{hash}",{lists}}}"#)
    }

    #[test]
    fn the_shipped_file_is_valid() {
        let lists = Lists::from_bytes(SHIPPED).expect("valid");
        assert!(lists.is_given("maria") && lists.is_name("smith") && lists.is_place("st paul"));
        assert!(lists.is_word("teeth") && lists.is_word("extracted") && !lists.is_word("smith"));
        assert!(lists.is_term("hawley") || lists.is_word("hawley"));
    }

    #[test]
    fn what_is_refused() {
        let good = file("\"Zoë\"");
        assert!(Lists::from_bytes(good.as_bytes()).expect("valid").is_given("zoe"));
        let cases = [
            (good.replace("Zoë", "Eve"), "does not match its hash"),
            (good.replace("\"format\":1", "\"format\":2"), "has format 2"),
            (good.replace("given", "first"), "not valid"),
            (file("\"\""), "is empty"),
            (file("\"R2D2\""), "other characters than letters"),
            (file(&format!("\"{}\"", "a".repeat(61))), "longer than 60"),
            (" ".repeat(MAX_FILE_BYTES + 1), "at most 1048576"),
        ];
        for (text, expected) in cases {
            let message = Lists::from_bytes(text.as_bytes()).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn altered_bytes(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = file("\"Zoë\"").into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Lists::from_bytes(&bytes);
        }
    }
}
