//! `assets/retrieval.json`: the numbers of the ranking, measured on DentalQA's validation questions and not set by hand.

use serde::Deserialize;

use super::lines::LineWeights;
use super::read::ReadWeights;
use super::sealed::{self, SealedError};

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;

const NAME: &str = "the retrieval parameters";

/// How a field of an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWeight {
    /// What one occurrence counts.
    pub weight: f32,
    /// How much the field's length matters: 0 to 1.
    pub length: f32,
}

/// The numbers of the lexical ranking.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranking {
    /// Titles.
    pub title: FieldWeight,
    /// Words of the topic.
    pub topic: FieldWeight,
    /// Texts.
    pub text: FieldWeight,
    /// Saturation of repeated words.
    pub k1: f32,
    /// What the best sentence adds.
    pub sentence: f32,
    /// How much a sentence's length matters: 0 to 1.
    pub sentence_length: f32,
    /// How much of the score is lost by an entry that covers nothing of the question: 0 to 1.
    pub coverage: f32,
    /// How fast a correction loses weight with its distance.
    pub typo_decay: f32,
    /// The most corrections of one word that are tried.
    pub typo_candidates: usize,
}

/// How the lexical and the dense side are put together.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "by")]
pub enum Fusion {
    /// `(1 − dense) · lexical + dense · similarity`, both scaled to 0..1 within a question.
    Scores {
        /// What the dense side counts: 0 to 1.
        dense: f32,
    },
    /// Reciprocal ranks (Cormack, Clarke & Buettcher 2009): `(1 − dense) / (k + rank) + dense / (k + rank)`.
    Ranks {
        /// What the dense side counts: 0 to 1.
        dense: f32,
        /// How little the first ranks are preferred.
        k: f32,
    },
}

/// A logistic function that turns what is known of a hit into how likely it is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The constant.
    pub intercept: f32,
    /// Of the score as a share of the best one of this question.
    pub share: f32,
    /// Of the coverage.
    pub coverage: f32,
    /// Of the first hit's lead over the second, as a share of the first's score.
    pub margin: f32,
}

/// All numbers of retrieval.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    format: u32,
    #[serde(rename = "sha256", deserialize_with = "ignore")]
    _sha256: (),
    /// Of the lexical side.
    pub ranking: Ranking,
    /// Of both sides together.
    pub fusion: Fusion,
    /// Of a hit's confidence.
    pub calibration: Calibration,
    /// Of a line's prior.
    pub lines: LineWeights,
    /// Of lines that were read together with the question.
    pub reading: ReadWeights,
    /// Of a question that comes with a note.
    pub note: NoteWeights,
}

/// How a pasted note is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteWeights {
    /// What its words count beside the question's: 0 to 1.
    pub expansion: f32,
    /// What the sense of question and note, read as one text, counts beside that of the question alone.
    pub sense: f32,
    /// What the dense side counts where there is a note, in place of [`Fusion`]'s own share: words that question and passage share tell
    /// less of "can she have it today?".
    pub dense: f32,
}

impl Fusion {
    /// The same with another share for the dense side.
    fn with_dense(self, share: f32) -> Fusion {
        match self {
            Fusion::Scores { .. } => Fusion::Scores { dense: share },
            Fusion::Ranks { k, .. } => Fusion::Ranks { dense: share, k },
        }
    }
}

/// Why the parameters cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ParametersError {
    /// The file is not what was sealed.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A number outside its range.
    #[error(
        "`{name}` in the retrieval parameters is {found}, {low} to {high} is taken; correct it and seal the file anew"
    )]
    Range {
        /// The parameter.
        name: &'static str,
        /// What was found.
        found: f32,
        /// The lowest.
        low: f32,
        /// The highest.
        high: f32,
    },
}

impl Parameters {
    /// How the two sides are put together for a question with or without a note.
    #[must_use]
    pub fn fusion(&self, noted: bool) -> Fusion {
        if noted { self.fusion.with_dense(self.note.dense) } else { self.fusion }
    }

    /// Reads `assets/retrieval.json` and checks it against the hash it carries.
    pub fn from_bytes(bytes: &[u8]) -> Result<Parameters, ParametersError> {
        let read: Parameters = sealed::read(NAME, bytes, MAX_FILE_BYTES)?;
        if read.format != FORMAT {
            return Err(SealedError::Format { file: NAME, found: read.format, known: FORMAT }.into());
        }
        let Ranking { title, topic, text, .. } = read.ranking;
        let ranking = read.ranking;
        let (dense, k) = match read.fusion {
            Fusion::Scores { dense } => (dense, 1.0),
            Fusion::Ranks { dense, k } => (dense, k),
        };
        for (name, found, low, high) in [
            ("title.weight", title.weight, 0.0, 20.0),
            ("topic.weight", topic.weight, 0.0, 20.0),
            ("text.weight", text.weight, 0.0, 20.0),
            ("title.length", title.length, 0.0, 1.0),
            ("topic.length", topic.length, 0.0, 1.0),
            ("text.length", text.length, 0.0, 1.0),
            ("k1", ranking.k1, 0.01, 10.0),
            ("sentence", ranking.sentence, 0.0, 10.0),
            ("sentence_length", ranking.sentence_length, 0.0, 1.0),
            ("coverage", ranking.coverage, 0.0, 1.0),
            ("typo_decay", ranking.typo_decay, 0.0, 10.0),
            ("typo_candidates", ranking.typo_candidates as f32, 0.0, 20.0),
            ("fusion.dense", dense, 0.0, 1.0),
            ("fusion.k", k, 1.0, 1_000.0),
            ("lines.intercept", read.lines.intercept, -100.0, 100.0),
            ("lines.lead", read.lines.lead, 0.0, 100.0),
            ("lines.enough", read.lines.enough, 0.001, 0.999),
            ("reading.first.prior", read.reading.first.prior, 0.0, 20.0),
            ("reading.first.read", read.reading.first.read, 0.0, 20.0),
            ("reading.used.intercept", read.reading.used.intercept, -20.0, 20.0),
            ("reading.used.prior", read.reading.used.prior, 0.0, 20.0),
            ("reading.used.read", read.reading.used.read, 0.0, 20.0),
            ("reading.enough", read.reading.enough, 0.001, 0.999),
            ("note.expansion", read.note.expansion, 0.0, 1.0),
            ("note.sense", read.note.sense, 0.0, 100.0),
            ("note.dense", read.note.dense, 0.0, 1.0),
        ]
        .into_iter()
        .chain(read.lines.weights().map(|weight| ("lines", weight, -100.0, 100.0)))
        {
            if !(low..=high).contains(&found) {
                return Err(ParametersError::Range { name, found, low, high });
            }
        }
        Ok(read)
    }
}

fn ignore<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| ())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::retrieval::sealed::seal;

    const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/retrieval.json"));

    /// The parameters that ship.
    pub(crate) fn shipped() -> Parameters {
        Parameters::from_bytes(FILE.as_bytes()).expect("assets/retrieval.json is sealed and valid")
    }

    #[test]
    fn a_note_changes_the_share_of_the_dense_side() {
        let mut parameters = shipped();
        parameters.note.dense = 0.75;
        for (fusion, noted) in [
            (Fusion::Scores { dense: 0.5 }, Fusion::Scores { dense: 0.75 }),
            (Fusion::Ranks { dense: 0.5, k: 60.0 }, Fusion::Ranks { dense: 0.75, k: 60.0 }),
        ] {
            parameters.fusion = fusion;
            assert_eq!((parameters.fusion(false), parameters.fusion(true)), (fusion, noted));
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let altered = |from: &str, to: &str| seal(&FILE.replacen(from, to, 1)).expect("has a hash");
        for (text, expected) in [
            (FILE.replacen("\"k1\"", "\"k2\"", 1), "does not match its hash"),
            (altered("\"k1\"", "\"k2\""), "unknown field `k2`"),
            (altered("\"format\": 1", "\"format\": 2"), "has format 2"),
            (altered("\"coverage\": 0.", "\"coverage\": 7."), "`coverage` in the retrieval parameters is 7"),
            (altered("\"lead\": ", "\"lead\": 900"), "`lines.lead` in the retrieval parameters is 900"),
            (altered("\"leading\": ", "\"leading\": 900"), "`lines` in the retrieval parameters is 900"),
            (altered("\"enough\": 0.", "\"enough\": 1."), "enough` in the retrieval parameters is 1"),
            (altered("\"expansion\": 0.", "\"expansion\": 9."), "0 to 1 is taken"),
        ] {
            let error = Parameters::from_bytes(text.as_bytes()).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
