//! Hashes of files before they are used.

use std::io::BufWriter;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The bytes are not the ones that were expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file} does not match its hash: expected {expected}, found {found} ({bytes} bytes); \
     delete the cached copy and load it again"
)]
pub struct HashMismatch {
    /// The file, as its reader calls it.
    pub file: &'static str,
    /// The expected SHA-256 in lower-case hexadecimal.
    pub expected: String,
    /// The SHA-256 of what was read.
    pub found: String,
    /// How many bytes were read.
    pub bytes: usize,
}

/// SHA-256 of `bytes` in lower-case hexadecimal (64 characters).
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of the compact JSON of `value`, without keeping that JSON.
pub fn json_sha256_hex(value: &impl Serialize) -> Result<String, serde_json::Error> {
    // The serializer writes a few bytes at a time; hashing larger pieces is several times faster.
    let mut writer = BufWriter::with_capacity(1 << 16, Sha256::new());
    serde_json::to_writer(&mut writer, value)?;
    let digest = writer.into_inner().map_err(|error| serde_json::Error::io(error.into_error()))?;
    Ok(hex(&digest.finalize()))
}

/// Lower-case hexadecimal of a digest.
pub(crate) fn hex(digest: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    digest.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Checks `bytes` against an expected SHA-256 (hexadecimal, either case).
pub fn verify_sha256(file: &'static str, bytes: &[u8], expected: &str) -> Result<(), HashMismatch> {
    let found = sha256_hex(bytes);
    if found.eq_ignore_ascii_case(expected.trim()) {
        return Ok(());
    }
    Err(HashMismatch { file, expected: expected.trim().to_owned(), found, bytes: bytes.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // FIPS 180-2, appendix B.
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn json_is_hashed_as_it_would_be_written() {
        let value = vec!["tooth".repeat(40_000), "é\n".to_owned()];
        let written = serde_json::to_vec(&value).expect("writes");
        assert_eq!(json_sha256_hex(&value).expect("hashes"), sha256_hex(&written));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let bytes = b"chlorhexidine 0.12 %".to_vec();
        let expected = sha256_hex(&bytes);
        assert_eq!(verify_sha256("f", &bytes, &expected), Ok(()));
        assert_eq!(verify_sha256("f", &bytes, &expected.to_uppercase()), Ok(()));
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(verify_sha256("f", &altered, &expected).is_err(), "bit {bit}");
        }
    }
}
