//! `assets/triage_net.json` as it stands on disk.
//!
//! ```json
//! {"format": 1, "sha256": "…", "encoder": "…", "dimensions": 384, "alarm": 0.95, "note": 0.8,
//!  "rules": [
//!   {"rule": "anaphylaxis", "bias": -3.1, "scale": 0.04, "weights": [12, -7, …]},
//!   …]}
//! ```
//! `weights` are integers of 8 bits, one for each dimension of the vector; a weight is its integer times `scale`. `encoder` is the SHA-256 of the
//! `manifest.json` of the encoder whose vectors the net was fitted to.

use serde::Deserialize;

use crate::retrieval::sealed::{self, SealedError};

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;
/// The most dimensions of a vector, and the most rules.
const MAX_DIMENSIONS: usize = 1_024;
const MAX_RULES: usize = 256;
/// The greatest bias, and the greatest scale of a weight.
const MAX_NUMBER: f32 = 1_000.0;

const NAME: &str = "the second net of triage";
const REMEDY: &str = "`python -m mambaformer_training triage` fits one";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    format: u32,
    #[serde(rename = "sha256")]
    _sha256: String,
    pub(super) encoder: String,
    pub(super) dimensions: usize,
    pub(super) alarm: f32,
    pub(super) note: f32,
    pub(super) rules: Vec<Row>,
}

/// The weights of one rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) rule: String,
    pub(super) bias: f32,
    pub(super) scale: f32,
    /// `[dimensions]`
    pub(super) weights: Vec<i8>,
}

/// Why a second net cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The file is not what was sealed.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A number outside its range.
    #[error("{place} of the second net of triage is {found}, {low} to {high} is taken; {REMEDY}")]
    Range {
        /// Which number.
        place: String,
        /// What was found.
        found: f32,
        /// The lowest.
        low: f32,
        /// The highest.
        high: f32,
    },
    /// Too few or too many of something.
    #[error("{what} of the second net of triage has {found}, {low} to {high} are taken; {REMEDY}")]
    Count {
        /// Of what.
        what: String,
        /// What was found.
        found: usize,
        /// The least.
        low: usize,
        /// The most.
        high: usize,
    },
    /// A rule that the rules of triage do not have: there is no text to show.
    #[error(
        "the second net of triage has weights for `{rule}`, which triage.json does not have; {REMEDY} for these rules"
    )]
    NoSuchRule {
        /// The rule.
        rule: String,
    },
    /// A rule that stands there more than once.
    #[error("the second net of triage has weights for `{rule}` twice; {REMEDY}")]
    Twice {
        /// The rule.
        rule: String,
    },
    /// A net for the vectors of another encoder.
    #[error(
        "the second net of triage was fitted to the encoder {found} ({found_dimensions} dimensions), here is \
         {expected} ({expected_dimensions}); {REMEDY} for this encoder"
    )]
    Encoder {
        /// The SHA-256 of the manifest that the net names.
        found: String,
        /// The dimensions of its weights.
        found_dimensions: usize,
        /// That of the encoder that is there.
        expected: String,
        /// The dimensions of its vectors.
        expected_dimensions: usize,
    },
}

impl File {
    /// Reads and checks everything but the names of the rules.
    pub(super) fn read(bytes: &[u8]) -> Result<File, NetError> {
        let file: File = sealed::read(NAME, bytes, MAX_FILE_BYTES)?;
        if file.format != FORMAT {
            return Err(SealedError::Format { file: NAME, found: file.format, known: FORMAT }.into());
        }
        count("`dimensions`", file.dimensions, 1, MAX_DIMENSIONS)?;
        count("`rules`", file.rules.len(), 1, MAX_RULES)?;
        range("`note`", file.note, 0.0, 1.0)?;
        range("`alarm`", file.alarm, file.note, 1.0)?;
        for (at, Row { rule, bias, scale, weights }) in file.rules.iter().enumerate() {
            count(&format!("`weights` of rule `{rule}`"), weights.len(), file.dimensions, file.dimensions)?;
            range(&format!("`bias` of rule `{rule}`"), *bias, -MAX_NUMBER, MAX_NUMBER)?;
            range(&format!("`scale` of rule `{rule}`"), *scale, 0.0, MAX_NUMBER)?;
            if file.rules.iter().take(at).any(|other| other.rule == *rule) {
                return Err(NetError::Twice { rule: rule.clone() });
            }
        }
        Ok(file)
    }
}

fn count(what: &str, found: usize, low: usize, high: usize) -> Result<(), NetError> {
    if (low..=high).contains(&found) {
        return Ok(());
    }
    Err(NetError::Count { what: what.to_owned(), found, low, high })
}

fn range(place: &str, found: f32, low: f32, high: f32) -> Result<(), NetError> {
    if (low..=high).contains(&found) {
        return Ok(());
    }
    Err(NetError::Range { place: place.to_owned(), found, low, high })
}
