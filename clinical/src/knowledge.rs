//! The knowledge base: passages with their sources, and nothing an answer could not cite.
//!
//! `assets/knowledge.json` is one JSON object:
//! ```json
//! {"format":1,"version":"…","sha256":"…",
//!  "passages":[{"id":"…","title":"…","text":"…",
//!               "source":{"organisation":"…","title":"…","year":2024,"licence":"…","url":"https://…"}}],
//!  "licences":[{"name":"…","licence":"…","attribution":"…"}]}
//! ```
//! `sha256` is the hash of everything else in the file (the compact JSON of format, version, passages and licences), so
//! that a damaged copy is known by itself. Every text in it has collapsed white space ([`crate::text::whitespace::collapse`]): byte ranges of citations,
//! tokens and sentences all refer to the same string, so the reader refuses a file in which it is not so.
//! [`pack`] makes such a file from a list of passages, byte for byte the same from the same list in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::integrity::{self, HashMismatch, json_sha256_hex};
use crate::text::sentences::sentences;
use crate::text::whitespace::{collapse, is_visible};

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// The most passages in a file.
pub const MAX_PASSAGES: usize = 50_000;
/// The longest passage text, in bytes.
pub const MAX_TEXT_BYTES: usize = 8_000;
/// The longest title, in bytes.
pub const MAX_TITLE_BYTES: usize = 400;
/// The longest of all other fields, in bytes.
pub const MAX_FIELD_BYTES: usize = 1_000;

/// Where a passage comes from.
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
    /// Where it comes from.
    pub source: Source,
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

/// The file as it stands on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    version: String,
    sha256: String,
    passages: Vec<Passage>,
    licences: Vec<Licence>,
}

impl File {
    /// What `sha256` must be.
    fn content_sha256(&self) -> Result<String, serde_json::Error> {
        json_sha256_hex(&(self.format, &self.version, &self.passages, &self.licences))
    }
}

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
    /// No passages, or too many.
    #[error("the knowledge base has {found} passages, 1 to {MAX_PASSAGES} are taken")]
    PassageCount {
        /// How many there are.
        found: usize,
    },
    /// A field that is empty.
    #[error("`{field}` of passage `{id}` is empty; give it a text or leave the passage out")]
    Empty {
        /// The passage.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// A field that is too long.
    #[error("`{field}` of passage `{id}` has {found_bytes} bytes, at most {limit_bytes} are taken; split the passage")]
    FieldTooLong {
        /// The passage.
        id: String,
        /// The field.
        field: &'static str,
        /// The limit in bytes.
        limit_bytes: usize,
        /// What was found, in bytes.
        found_bytes: usize,
    },
    /// A field whose bytes a citation could not refer to.
    #[error(
        "`{field}` of passage `{id}` holds repeated or invisible white space or control characters; make the file with `cargo xtask knowledge`"
    )]
    NotCollapsed {
        /// The passage.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// Two passages of one name.
    #[error("two passages have the id `{id}`; ids must be unique")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A link that is not one.
    #[error(
        "the address `{url}` of passage `{id}` does not begin with https:// or http://; correct it or leave it empty"
    )]
    Url {
        /// The passage.
        id: String,
        /// The address.
        url: String,
    },
}

/// A knowledge base in memory: checked, and cut into sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnowledgeBase {
    version: String,
    sha256: String,
    passages: Vec<Passage>,
    /// `[passages][sentences]`
    sentences: Vec<Vec<Range<usize>>>,
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
        let file: File = serde_json::from_slice(bytes)?;
        if file.format != FORMAT {
            return Err(KnowledgeError::Format { found: file.format });
        }
        let found = file.content_sha256()?;
        if found != file.sha256 {
            let expected = file.sha256.chars().take(64).collect();
            return Err(HashMismatch { file: "the knowledge base", expected, found, bytes: bytes.len() }.into());
        }
        check(&file.passages)?;
        Ok(KnowledgeBase {
            version: file.version,
            sha256: file.sha256,
            sentences: file.passages.iter().map(|passage| sentences(&passage.text)).collect(),
            passages: file.passages,
            licences: file.licences,
        })
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

    /// All passages, in the file's order. Indices of hits refer to it.
    #[must_use]
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// The passage at `index`.
    #[must_use]
    pub fn passage(&self, index: usize) -> Option<&Passage> {
        self.passages.get(index)
    }

    /// Byte ranges of the sentences in the text of passage `index`; empty where there is no such passage.
    #[must_use]
    pub fn sentences(&self, index: usize) -> &[Range<usize>] {
        self.sentences.get(index).map_or(&[], Vec::as_slice)
    }

    /// The licences to be named wherever passages are shown.
    #[must_use]
    pub fn licences(&self) -> &[Licence] {
        &self.licences
    }
}

/// Makes the bytes of a `knowledge.json`: white space collapsed, passages sorted by id, checked, licences gathered.
///
/// Without `version` the file is named after its content (the first twelve digits of the passages' SHA-256).
pub fn pack(passages: Vec<Passage>, version: Option<&str>) -> Result<Vec<u8>, KnowledgeError> {
    let mut passages: Vec<Passage> = passages.into_iter().map(cleaned).collect();
    passages.sort_by(|a, b| a.id.cmp(&b.id));
    check(&passages)?;
    let version = match version {
        Some(version) => version.to_owned(),
        None => json_sha256_hex(&passages)?.chars().take(12).collect(),
    };
    let licences = licences_of(&passages);
    let mut file = File { format: FORMAT, version, sha256: String::new(), passages, licences };
    file.sha256 = file.content_sha256()?;
    let bytes = serde_json::to_vec(&file)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(KnowledgeError::TooLarge { limit_bytes: MAX_FILE_BYTES, found_bytes: bytes.len() });
    }
    Ok(bytes)
}

fn cleaned(passage: Passage) -> Passage {
    let source = passage.source;
    Passage {
        id: collapse(&passage.id),
        title: collapse(&passage.title),
        text: collapse(&passage.text),
        source: Source {
            organisation: collapse(&source.organisation),
            title: collapse(&source.title),
            year: source.year,
            licence: collapse(&source.licence),
            url: collapse(&source.url),
        },
    }
}

fn licences_of(passages: &[Passage]) -> Vec<Licence> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for passage in passages {
        *counts.entry((&passage.source.organisation, &passage.source.licence)).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|((organisation, licence), count)| Licence {
            name: organisation.to_owned(),
            licence: licence.to_owned(),
            attribution: format!(
                "{count} {} by {organisation}, used under {licence}; each is cited where it is shown",
                if count == 1 { "passage" } else { "passages" }
            ),
        })
        .collect()
}

fn check(passages: &[Passage]) -> Result<(), KnowledgeError> {
    if passages.is_empty() || passages.len() > MAX_PASSAGES {
        return Err(KnowledgeError::PassageCount { found: passages.len() });
    }
    let mut ids = BTreeSet::new();
    for passage in passages {
        let Passage { id, title, text, source } = passage;
        // (name, value, limit in bytes, may be empty)
        let fields = [
            ("id", id, MAX_FIELD_BYTES, false),
            ("title", title, MAX_TITLE_BYTES, false),
            ("text", text, MAX_TEXT_BYTES, false),
            ("source.organisation", &source.organisation, MAX_FIELD_BYTES, false),
            ("source.title", &source.title, MAX_FIELD_BYTES, true),
            ("source.licence", &source.licence, MAX_FIELD_BYTES, false),
            ("source.url", &source.url, MAX_FIELD_BYTES, true),
        ];
        for (field, value, limit_bytes, may_be_empty) in fields {
            if value.len() > limit_bytes {
                let id = id.chars().take(80).collect();
                return Err(KnowledgeError::FieldTooLong { id, field, limit_bytes, found_bytes: value.len() });
            }
            if !may_be_empty && !value.chars().any(is_visible) {
                return Err(KnowledgeError::Empty { id: id.clone(), field });
            }
            if value.chars().any(char::is_control) || collapse(value) != *value {
                return Err(KnowledgeError::NotCollapsed { id: id.clone(), field });
            }
        }
        if !(source.url.is_empty() || source.url.starts_with("https://") || source.url.starts_with("http://")) {
            return Err(KnowledgeError::Url { id: id.clone(), url: source.url.clone() });
        }
        if !ids.insert(id) {
            return Err(KnowledgeError::DuplicateId { id: id.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::integrity::sha256_hex;
    use proptest::prelude::*;

    /// A passage for tests.
    pub(crate) fn passage(id: &str, title: &str, text: &str) -> Passage {
        Passage {
            id: id.to_owned(),
            title: title.to_owned(),
            text: text.to_owned(),
            source: Source {
                organisation: "Example".to_owned(),
                title: "Leaflet".to_owned(),
                year: Some(2024),
                licence: "CC BY 4.0".to_owned(),
                url: "https://example.org/a".to_owned(),
            },
        }
    }

    /// The file with the hash its content has now.
    fn resealed(text: &str) -> String {
        let mut file: File = serde_json::from_str(text).expect("JSON");
        file.sha256 = file.content_sha256().expect("hashes");
        serde_json::to_string(&file).expect("writes")
    }

    fn two() -> Vec<Passage> {
        vec![passage("b", "Dry  socket", "It hurts.\n\nRinse  it. "), passage("a", "Caries", "Sugar feeds it.")]
    }

    #[test]
    fn packs_and_reads_back() {
        let bytes = pack(two(), None).expect("packs");
        let base = KnowledgeBase::from_bytes(&bytes, Some(&sha256_hex(&bytes))).expect("reads");
        assert_eq!(base.passages().iter().map(|passage| passage.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(base.passages()[1].text, "It hurts. Rinse it.");
        assert_eq!(base.passages()[1].title, "Dry socket");
        assert_eq!(base.sentences(1), [0..9, 10..19]);
        assert!(base.sentences(2).is_empty());
        assert_eq!(base.licences().len(), 1);
        assert_eq!(base.version().len(), 12);
    }

    #[test]
    fn the_same_passages_in_any_order_make_the_same_bytes() {
        let mut reversed = two();
        reversed.reverse();
        assert_eq!(pack(two(), None).expect("packs"), pack(reversed, None).expect("packs"));
        let named = pack(two(), Some("2026-11")).expect("packs");
        assert_eq!(KnowledgeBase::from_bytes(&named, None).expect("reads").version(), "2026-11");
    }

    #[test]
    fn what_cannot_be_packed() {
        type Alter = fn(&mut Passage);
        let cases: [(Alter, &str); 6] = [
            (|p| p.text = " \u{200B}".to_owned(), "`text` of passage `a` is empty"),
            (|p| p.text = "x".repeat(MAX_TEXT_BYTES + 1), "`text` of passage `a` has 8001 bytes, at most 8000"),
            (|p| p.title = "a\0b".to_owned(), "control characters"),
            (|p| p.source.url = "javascript:alert(1)".to_owned(), "does not begin with https://"),
            (|p| p.id = "b".to_owned(), "two passages have the id `b`"),
            (|p| p.source.licence = String::new(), "`source.licence` of passage `a` is empty"),
        ];
        for (alter, expected) in cases {
            let mut passages = two();
            alter(&mut passages[1]);
            let message = pack(passages, None).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(matches!(pack(Vec::new(), None), Err(KnowledgeError::PassageCount { found: 0 })));
    }

    #[test]
    fn what_cannot_be_read() {
        let good = String::from_utf8(pack(two(), None).expect("packs")).expect("UTF-8");
        let hash = sha256_hex(good.as_bytes());
        let cases = [
            (good.replace("\"format\":1", "\"format\":2"), "has format 2"),
            (good.replace("\"licences\"", "\"licenses\""), "unknown field `licenses`"),
            (good.replace("Sugar feeds", "Sugar heals"), "does not match its hash"),
            (good.replace("2024", "2025"), "does not match its hash"),
            (good.replace("under CC", "under no"), "does not match its hash"),
            (resealed(&good.replace("\"text\":\"Sugar", "\"text\":\"  Sugar")), "repeated or invisible white space"),
            (good.replace("2024", "-1"), "not valid"),
            (good[..good.len() - 5].to_owned(), "not valid"),
            (String::new(), "not valid"),
            ("[".repeat(100_000), "not valid"),
        ];
        for (text, expected) in cases {
            let message = KnowledgeBase::from_bytes(text.as_bytes(), None).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
            assert!(matches!(KnowledgeBase::from_bytes(text.as_bytes(), Some(&hash)), Err(KnowledgeError::Hash(_))));
        }
        assert!(matches!(
            KnowledgeBase::from_bytes(&vec![b' '; MAX_FILE_BYTES + 1], None),
            Err(KnowledgeError::TooLarge { .. })
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// One byte changed anywhere: an error, or the same content (a changed case inside an escape), never a panic.
        #[test]
        fn altered_bytes(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = pack(two(), None).expect("packs");
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(base) = KnowledgeBase::from_bytes(&bytes, None) {
                let original = KnowledgeBase::from_bytes(&pack(two(), None).expect("packs"), None).expect("reads");
                prop_assert_eq!(base, original);
            }
            let cut = cut.index(bytes.len());
            prop_assert!(KnowledgeBase::from_bytes(&bytes[..cut], None).is_err());
        }

        #[test]
        fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(KnowledgeBase::from_bytes(&bytes, None).is_err());
        }

        /// What can be packed can be read, with the same visible text.
        #[test]
        fn any_text(title in "\\PC{1,30}", text in "(.|\\s){1,80}") {
            if let Ok(bytes) = pack(vec![passage("a", &title, &text)], None) {
                let base = KnowledgeBase::from_bytes(&bytes, None).expect("reads what it packed");
                prop_assert_eq!(&base.passages()[0].text, &collapse(&text));
            }
        }
    }
}
