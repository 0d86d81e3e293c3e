//! Data files that carry their own hash: JSON with a field `"sha256"` over the file's own bytes, its 64 digits left out.
//!
//! The bytes are hashed and not the values, so that a file can be laid out for readers and be sealed by any language.

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::integrity::{self, HashMismatch};

/// What stands before the digits.
const FIELD: &str = "\"sha256\": \"";
/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// Too large to be one.
    #[error("{file} has {found_bytes} bytes, at most {limit_bytes} are read; take entries out")]
    TooLarge {
        /// The file.
        file: &'static str,
        /// The limit in bytes.
        limit_bytes: usize,
        /// The size in bytes.
        found_bytes: usize,
    },
    /// No text, or no hash in it.
    #[error("{file} holds no field {FIELD}<{DIGITS} hexadecimal digits>\"; load it again, or seal it anew")]
    NoHash {
        /// The file.
        file: &'static str,
    },
    /// Other bytes than were sealed.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// No JSON, or JSON of another shape.
    #[error("{file} is not valid ({error}); load it again, or correct it and seal it anew")]
    Syntax {
        /// The file.
        file: &'static str,
        /// What the reader says.
        error: serde_json::Error,
    },
    /// A file of another time.
    #[error("{file} has format {found}, this version reads format {known}; take the file that came with this version")]
    Format {
        /// The file.
        file: &'static str,
        /// The format the file names.
        found: u32,
        /// The format this version reads.
        known: u32,
    },
}

/// Reads `bytes` as a `T` if they are what was sealed.
pub(crate) fn read<T: DeserializeOwned>(
    file: &'static str,
    bytes: &[u8],
    limit_bytes: usize,
) -> Result<T, SealedError> {
    if bytes.len() > limit_bytes {
        return Err(SealedError::TooLarge { file, limit_bytes, found_bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SealedError::NoHash { file })?;
    let (before, expected, after) = parts(text).ok_or(SealedError::NoHash { file })?;
    let found = hash(before, after);
    if found != expected {
        return Err(HashMismatch { file, expected: expected.to_owned(), found, bytes: bytes.len() }.into());
    }
    serde_json::from_str(text).map_err(|error| SealedError::Syntax { file, error })
}

/// `text` with the hash it should carry; `None` where it has no field for one (64 characters, of any kind but `"`).
#[must_use]
pub fn seal(text: &str) -> Option<String> {
    let (before, _, after) = parts(text)?;
    Some(format!("{before}{}{after}", hash(before, after)))
}

fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(FIELD)? + FIELD.len();
    let digits = text.get(start..start + DIGITS)?;
    let after = text.get(start + DIGITS..)?;
    (!digits.contains('"') && after.starts_with('"')).then_some((&text[..start], digits, after))
}

fn hash(before: &str, after: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(before.as_bytes());
    hasher.update(after.as_bytes());
    integrity::hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed() -> String {
        let blank = "0".repeat(DIGITS);
        seal(&format!("{{\"format\": 1, {FIELD}{blank}\", \"words\": [\"tooth\"]}}")).expect("has a field")
    }

    #[test]
    fn what_was_sealed_is_read() {
        let value: serde_json::Value = read("f", sealed().as_bytes(), 1_000).expect("reads");
        assert_eq!(value["words"][0], "tooth");
        assert_eq!(seal(&sealed()), Some(sealed()), "sealing twice changes nothing");
        assert_eq!(seal("{}"), None);
    }

    #[test]
    fn what_was_not_sealed_is_refused() {
        for (text, expected) in [
            (sealed().replace("tooth", "teeth"), "does not match its hash"),
            (sealed().replace("sha256", "sha512"), "holds no field"),
            (seal(&sealed().replace("]}", "]")).expect("has a field"), "is not valid"),
            (String::new(), "holds no field"),
        ] {
            let error = read::<serde_json::Value>("f", text.as_bytes(), 1_000).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = read::<serde_json::Value>("f", sealed().as_bytes(), 10).expect_err("too large").to_string();
        assert!(error.contains("at most 10 are read"), "{error}");
    }

    proptest! {
        #[test]
        fn altered_bytes_are_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = sealed().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            prop_assert!(read::<serde_json::Value>("f", &bytes, 1_000).is_err());
        }

        #[test]
        fn any_text_is_sealed_or_not(text in "(.|\\s){0,200}") {
            prop_assert_eq!(seal(&text), None);
        }
    }
}
