//! What the abbreviations of the knowledge base stand for: shown to whoever points at one. Only those with one meaning in dentistry are listed.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The layout this code reads.
const FORMAT: u32 = 1;
/// The longest list.
const MAX_ABBREVIATIONS: usize = 1_000;
/// The longest abbreviation and the longest meaning, in bytes.
const MAX_BYTES: [usize; 2] = [24, 200];

/// `abbreviations.json` is not what this code reads.
#[derive(Debug, thiserror::Error)]
pub enum AbbreviationsError {
    /// No JSON of this shape.
    #[error("abbreviations.json is not a list of abbreviations ({0}); ship the file that belongs to this version")]
    Json(#[from] serde_json::Error),
    /// Of another version.
    #[error(
        "abbreviations.json has format {found}, this version reads format {FORMAT}; ship the file that belongs to it"
    )]
    Format {
        /// What it says.
        found: u32,
    },
    /// Too many.
    #[error("abbreviations.json lists {found} abbreviations, at most {MAX_ABBREVIATIONS} are taken; shorten it")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// An entry that cannot be shown.
    #[error(
        "`{abbreviation}` in abbreviations.json is empty or too long ({} and {} bytes are taken), or its meaning is; mend it", MAX_BYTES[0], MAX_BYTES[1]
    )]
    Entry {
        /// The abbreviation.
        abbreviation: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    abbreviations: BTreeMap<String, String>,
}

/// Reads `abbreviations.json`: each abbreviation, as it stands in the texts, and its meaning.
pub fn from_bytes(bytes: &[u8]) -> Result<BTreeMap<String, String>, AbbreviationsError> {
    let file: File = serde_json::from_slice(bytes)?;
    if file.format != FORMAT {
        return Err(AbbreviationsError::Format { found: file.format });
    }
    if file.abbreviations.len() > MAX_ABBREVIATIONS {
        return Err(AbbreviationsError::TooMany { found: file.abbreviations.len() });
    }
    let fits = |text: &str, limit: usize| !text.trim().is_empty() && text.len() <= limit;
    let unfit =
        file.abbreviations.iter().find(|(name, meaning)| !fits(name, MAX_BYTES[0]) || !fits(meaning, MAX_BYTES[1]));
    match unfit {
        Some((name, _)) => Err(AbbreviationsError::Entry { abbreviation: name.clone() }),
        None => Ok(file.abbreviations),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::knowledge::KnowledgeBase;
    use crate::text::phrases::whole;

    fn shipped(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets").join(name)).expect(name)
    }

    #[test]
    fn every_abbreviation_that_ships_stands_in_the_knowledge_base() {
        let base = KnowledgeBase::from_bytes(&shipped("knowledge.json"), None).expect("reads");
        for name in from_bytes(&shipped("abbreviations.json")).expect("reads").keys() {
            let used = base
                .passages()
                .iter()
                .any(|passage| whole(&passage.title, name).or(whole(&passage.text, name)).is_some());
            assert!(used, "{name} stands nowhere");
        }
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_its_name() {
        for (file, told) in [
            ("[]".to_owned(), "not a list"),
            (r#"{"format": 2, "abbreviations": {}}"#.to_owned(), "format 2"),
            (r#"{"format": 1, "abbreviations": {"INR": " "}}"#.to_owned(), "`INR`"),
            (format!(r#"{{"format": 1, "abbreviations": {{"{}": "x"}}}}"#, "A".repeat(25)), "24 and 200"),
            (
                format!(
                    r#"{{"format": 1, "abbreviations": {{{}}}}}"#,
                    (0..1_001).map(|n| format!(r#""A{n}": "x""#)).collect::<Vec<_>>().join(",")
                ),
                "1001 abbreviations",
            ),
        ] {
            let error = from_bytes(file.as_bytes()).expect_err(told).to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
