//! `assets/index.json`: every file an assistant is loaded from, with its size and hash.
//!
//! ```json
//! {"format":1,"files":[{"path":"knowledge.json","bytes":1234,"sha256":"…"},…]}
//! ```
//! The build writes it; the worker fetches it first, knows from it how much will be downloaded, and takes no byte that does not match
//! it. Files of a model folder are listed, too, but checked piece by piece against the folder's own manifest, whose hash stands here.

use std::collections::BTreeMap;

use crate::integrity::sha256_hex;
use serde::{Deserialize, Serialize};

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest index, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;
/// The largest file it may list, in bytes.
pub const MAX_ASSET_BYTES: u64 = 256 << 20;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Relative to the index.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Asset {
    /// Describes the bytes of a file.
    #[must_use]
    pub fn of(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.to_owned(), bytes: bytes.len() as u64, sha256: sha256_hex(bytes) }
    }

    /// Checks the whole file.
    pub fn verify(&self, bytes: &[u8]) -> Result<(), AssetError> {
        if bytes.len() as u64 != self.bytes {
            return Err(AssetError::Length {
                path: self.path.clone(),
                expected: self.bytes,
                found: bytes.len() as u64,
            });
        }
        let found = sha256_hex(bytes);
        if found != self.sha256 {
            return Err(AssetError::Hash { path: self.path.clone(), expected: self.sha256.clone(), found });
        }
        Ok(())
    }
}

/// The file as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    files: Vec<Asset>,
}

/// Why an index or a file of it cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// Too large to be an index.
    #[error(
        "the list of files index.json has {found} bytes, at most {MAX_FILE_BYTES} are read; the site is not complete, tell whoever runs it"
    )]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("the list of files index.json cannot be read ({reason}); the site is not complete, tell whoever runs it")]
    Syntax {
        /// Where and why.
        reason: String,
    },
    /// An index of another time.
    #[error("the list of files index.json has format {found}, this version reads format {FORMAT}; reload the page")]
    Format {
        /// The format it names.
        found: u32,
    },
    /// An entry that cannot be fetched.
    #[error("the list of files index.json lists `{path}`, which {fault}; build the site anew")]
    Entry {
        /// The path, shortened.
        path: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A file the assistant needs is not listed.
    #[error("the list of files index.json does not list {path}; the site is of another version, reload the page")]
    Missing {
        /// The file.
        path: String,
    },
    /// A file of another size.
    #[error("{path} has {found} bytes and should have {expected}; clear the browser's copy and load it again")]
    Length {
        /// The file.
        path: String,
        /// Bytes by the index.
        expected: u64,
        /// Bytes received.
        found: u64,
    },
    /// A file of other bytes.
    #[error(
        "{path} does not match its hash (expected {expected}, found {found}); clear the browser's copy and load it again"
    )]
    Hash {
        /// The file.
        path: String,
        /// SHA-256 by the index.
        expected: String,
        /// SHA-256 of what was received.
        found: String,
    },
}

/// The files by their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetIndex {
    files: BTreeMap<String, Asset>,
}

impl AssetIndex {
    /// Reads an index.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AssetError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(AssetError::TooLarge { found: bytes.len() });
        }
        let file: File =
            serde_json::from_slice(bytes).map_err(|error| AssetError::Syntax { reason: error.to_string() })?;
        if file.format != FORMAT {
            return Err(AssetError::Format { found: file.format });
        }
        let mut files = BTreeMap::new();
        for asset in file.files {
            let fault = |fault| AssetError::Entry { path: asset.path.chars().take(80).collect(), fault };
            let inside = asset.path.split('/').all(|part| {
                !part.is_empty()
                    && part != ".."
                    && part != "."
                    && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            });
            if !inside {
                return Err(fault("is no plain path below the index"));
            }
            if asset.bytes > MAX_ASSET_BYTES {
                return Err(fault("is larger than any file of an assistant"));
            }
            let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            if asset.sha256.len() != 64 || !asset.sha256.chars().all(hexadecimal) {
                return Err(fault("has no SHA-256 of 64 small hexadecimal digits"));
            }
            if files.insert(asset.path.clone(), asset.clone()).is_some() {
                return Err(fault("is listed twice"));
            }
        }
        Ok(Self { files })
    }

    /// The index of these files, in the order of their paths.
    pub fn write(mut files: Vec<Asset>) -> Result<Vec<u8>, serde_json::Error> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        serde_json::to_vec_pretty(&File { format: FORMAT, files })
    }

    /// A file that must be there.
    pub fn get(&self, path: &str) -> Result<&Asset, AssetError> {
        self.files.get(path).ok_or_else(|| AssetError::Missing { path: path.to_owned() })
    }

    /// All files, by path.
    pub fn files(&self) -> impl Iterator<Item = &Asset> {
        self.files.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Check = fn(&AssetError) -> bool;

    fn written(files: &[(&str, &[u8])]) -> Vec<u8> {
        AssetIndex::write(files.iter().map(|(path, bytes)| Asset::of(path, bytes)).collect()).expect("writes")
    }

    #[test]
    fn what_is_written_is_read_and_held_to() {
        let bytes = written(&[("model/manifest.json", b"{}"), ("knowledge.json", b"abc")]);
        let index = AssetIndex::from_bytes(&bytes).expect("reads");
        let paths: Vec<&str> = index.files().map(|asset| asset.path.as_str()).collect();
        assert_eq!(paths, ["knowledge.json", "model/manifest.json"]);
        let asset = index.get("knowledge.json").expect("listed");
        assert_eq!(asset.verify(b"abc"), Ok(()));
        assert!(matches!(asset.verify(b"abd"), Err(AssetError::Hash { .. })));
        assert!(matches!(asset.verify(b"abcd"), Err(AssetError::Length { expected: 3, found: 4, .. })));
        assert!(matches!(index.get("other.json"), Err(AssetError::Missing { .. })));
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let entry = |path: &str, sha256: &str| {
            format!(r#"{{"format":1,"files":[{{"path":"{path}","bytes":1,"sha256":"{sha256}"}}]}}"#)
        };
        let hash = "0".repeat(64);
        let cases: [(String, Check); 9] = [
            (String::new(), |e| matches!(e, AssetError::Syntax { .. })),
            (r#"{"format":2,"files":[]}"#.to_owned(), |e| matches!(e, AssetError::Format { found: 2 })),
            (" ".repeat(MAX_FILE_BYTES + 1), |e| matches!(e, AssetError::TooLarge { .. })),
            (entry("../secret", &hash), |e| matches!(e, AssetError::Entry { .. })),
            (entry("/knowledge.json", &hash), |e| matches!(e, AssetError::Entry { .. })),
            (entry("https://elsewhere/a", &hash), |e| matches!(e, AssetError::Entry { .. })),
            (entry("", &hash), |e| matches!(e, AssetError::Entry { .. })),
            (entry("a.json", "00"), |e| matches!(e, AssetError::Entry { .. })),
            (entry("a.json", &"A".repeat(64)), |e| matches!(e, AssetError::Entry { .. })),
        ];
        for (text, expected) in cases {
            let error = AssetIndex::from_bytes(text.as_bytes()).expect_err("refused");
            assert!(expected(&error), "{error} for {}", text.chars().take(60).collect::<String>());
        }
        let twice = format!(
            r#"{{"format":1,"files":[{{"path":"a","bytes":1,"sha256":"{hash}"}},{{"path":"a","bytes":1,"sha256":"{hash}"}}]}}"#
        );
        assert!(matches!(
            AssetIndex::from_bytes(twice.as_bytes()),
            Err(AssetError::Entry { fault: "is listed twice", .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_index_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = AssetIndex::from_bytes(&bytes);
        }

        #[test]
        fn a_damaged_index_is_no_other_index(at in 0_usize..400, value in any::<u8>()) {
            let mut bytes = written(&[("model/manifest.json", b"{}"), ("knowledge.json", b"abc")]);
            let whole = AssetIndex::from_bytes(&bytes).expect("reads");
            let at = at % bytes.len();
            bytes[at] = value;
            if let Ok(read) = AssetIndex::from_bytes(&bytes) {
                // A changed digit of a hash or size makes files be refused; nothing else may come of it.
                for (old, new) in whole.files().zip(read.files()) {
                    prop_assert!(old.path != new.path || old == new || new.verify(b"abc").is_err() || old.path != "knowledge.json");
                }
            }
        }
    }
}
