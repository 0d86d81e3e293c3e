//! The file as it stands on disk: a head of fixed shape with the hash of all that follows, then JSON.

use serde::{Deserialize, Serialize};

use super::check::Parts;
use super::{Authored, Drug, FORMAT, KnowledgeError, Licence, Passage};
use crate::integrity::{HashMismatch, sha256_hex};
use crate::records::Record;

/// Before the number of the format.
const FORMAT_KEY: &[u8] = b"{\"format\":";
/// Between it and the hash.
const HASH_KEY: &[u8] = b",\"sha256\":\"";
/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// The whole object. `format` and `sha256` stand first; they are looked at before it is parsed, and written by [`sealed`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(skip_serializing, rename = "format")]
    _format: u32,
    #[serde(skip_serializing, rename = "sha256")]
    _sha256: String,
    pub(super) version: String,
    pub(super) passages: Vec<Authored>,
    pub(super) records: Vec<Record>,
    pub(super) drugs: Vec<Drug>,
    pub(super) quoted: Vec<Passage>,
    pub(super) licences: Vec<Licence>,
}

impl File {
    /// A file that is not sealed yet.
    pub(super) fn new(
        version: String,
        (passages, records, drugs, quoted): (Vec<Authored>, Vec<Record>, Vec<Drug>, Vec<Passage>),
        licences: Vec<Licence>,
    ) -> File {
        File { _format: FORMAT, _sha256: String::new(), version, passages, records, drugs, quoted, licences }
    }

    /// What the check looks at.
    pub(super) fn contents(&self) -> Parts<'_> {
        Parts { passages: &self.passages, records: &self.records, drugs: &self.drugs, quoted: &self.quoted }
    }
}

/// Reads a file and the hash in its head, which its bytes have.
pub(super) fn read(bytes: &[u8]) -> Result<(File, String), KnowledgeError> {
    let (format, behind) = format_of(bytes).ok_or(KnowledgeError::Head)?;
    if format != FORMAT {
        return Err(KnowledgeError::Format { found: format });
    }
    let digits = behind.strip_prefix(HASH_KEY).and_then(|rest| rest.get(..HASH_DIGITS)).ok_or(KnowledgeError::Head)?;
    let body = &behind[HASH_KEY.len() + HASH_DIGITS..];
    let expected = std::str::from_utf8(digits).map_err(|_| KnowledgeError::Head)?;
    let found = sha256_hex(body);
    if found != expected {
        let expected = expected.to_owned();
        return Err(HashMismatch { file: "the knowledge base", expected, found, bytes: bytes.len() }.into());
    }
    Ok((serde_json::from_slice(bytes)?, found))
}

/// The number of the format, and what stands behind it.
fn format_of(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let rest = bytes.strip_prefix(FORMAT_KEY)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, behind) = rest.split_at_checked(digits)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, behind))
}

/// The bytes of a file with its head.
pub(super) fn sealed(file: &File) -> Result<Vec<u8>, serde_json::Error> {
    let written = serde_json::to_vec(file)?;
    // `{"version":…}` becomes `","version":…}` behind the digits of the hash.
    let mut body = b"\",".to_vec();
    body.extend_from_slice(written.get(1..).unwrap_or_default());
    Ok(sealed_body(&body))
}

/// The head of `body`, and the body.
pub(super) fn sealed_body(body: &[u8]) -> Vec<u8> {
    let mut bytes = FORMAT_KEY.to_vec();
    bytes.extend_from_slice(FORMAT.to_string().as_bytes());
    bytes.extend_from_slice(HASH_KEY);
    bytes.extend_from_slice(sha256_hex(body).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}
