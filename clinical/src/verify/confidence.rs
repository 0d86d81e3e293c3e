//! How sure an answer is, as one of three bands whose accuracy was measured: `confidence.json`.
//!
//! ```json
//! {"format":1,"comment":"…","sha256":"…","intercept":-0.4,
//!  "features":[{"name":"coverage","weight":1.2,"mean":0.8,"deviation":0.15}],
//!  "thresholds":{"medium":0.6,"high":0.85},
//!  "measured":{"low":{"right":41,"of":90},"medium":{"right":160,"of":200},"high":{"right":285,"of":300}}}
//! ```
//! The score is `1 / (1 + exp(-(intercept + sum of weight * (value - mean) / deviation)))` (logistic regression); from the thresholds
//! on an answer is in the medium and the high band. The reader of an answer sees the band and what was counted in it, never a bare
//! percentage. `sha256` is the hash of everything else but the comment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::integrity::{HashMismatch, json_sha256_hex};

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;
/// The largest size of a weight, mean or intercept.
pub const MAX_NUMBER: f64 = 1e3;
/// The fewest answers that a band's accuracy is measured on.
pub const MIN_MEASURED: u32 = 20;

/// What the score is made of. Each is given by the pipeline at the end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// The best passage's retrieval score.
    RetrievalScore,
    /// How far the best passage is above the second.
    RetrievalMargin,
    /// Share of the question's content words in the best passage, 0 to 1.
    Coverage,
    /// The model's probability that the passages answer the question.
    Answerable,
    /// Mean probability of the model's decisions in the answer.
    DecisionMean,
    /// The least probable of them.
    DecisionLowest,
    /// Share of the cited sentences that come from the best passage.
    FromBestPassage,
    /// Sentences in the answer.
    Sentences,
    /// Share of the sentences that the check repaired or withheld.
    Faulted,
    /// Whether a dose record answers, 0 or 1.
    Record,
    /// How likely the knowledge base covers the question, 0 to 1.
    InScope,
    /// How likely, by what was read, the answer's first line is the one it begins with, 0 to 1.
    ReadFirst,
    /// Of all lines that the answer could use, each counted by how likely it does, the share that is told: 0 to 1.
    LineShare,
    /// How evenly those are spread: the entropy of what each counts, in nats.
    LineSpread,
    /// How much of the question the told line covers that covers most of it, 0 to 1.
    LineCoverage,
    /// The cosine of the line that is nearest to the question.
    LineNearest,
    /// Words of the question.
    Asked,
}

/// The number of features.
const FEATURES: usize = 17;

impl Feature {
    /// All of them.
    const ALL: [Feature; FEATURES] = [
        Feature::RetrievalScore,
        Feature::RetrievalMargin,
        Feature::Coverage,
        Feature::Answerable,
        Feature::DecisionMean,
        Feature::DecisionLowest,
        Feature::FromBestPassage,
        Feature::Sentences,
        Feature::Faulted,
        Feature::Record,
        Feature::InScope,
        Feature::ReadFirst,
        Feature::LineShare,
        Feature::LineSpread,
        Feature::LineCoverage,
        Feature::LineNearest,
        Feature::Asked,
    ];

    fn index(self) -> usize {
        self as usize
    }
}

/// The features of one answer; what is not set counts as average.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Features([Option<f64>; FEATURES]);

impl Features {
    /// Sets one. A value that is no number is not set.
    #[must_use]
    pub fn with(mut self, feature: Feature, value: f64) -> Features {
        if let Some(own) = self.0.get_mut(feature.index()) {
            *own = value.is_finite().then_some(value);
        }
        self
    }

    /// All that are set, by the names they have in the file.
    #[must_use]
    pub fn named(&self) -> BTreeMap<String, f64> {
        let name = |feature: Feature| serde_json::to_value(feature).ok()?.as_str().map(str::to_owned);
        Feature::ALL.into_iter().filter_map(|feature| Some((name(feature)?, self.get(feature)?))).collect()
    }

    /// The value, where it is set.
    #[must_use]
    pub fn get(&self, feature: Feature) -> Option<f64> {
        self.0.get(feature.index()).copied().flatten()
    }
}

/// How sure an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Read the passages before relying on it.
    Low,
    /// In between.
    Medium,
    /// As sure as this assistant gets.
    High,
}

impl Band {
    /// The band's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Band::Low => "low",
            Band::Medium => "medium",
            Band::High => "high",
        }
    }
}

/// What was counted in a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Right answers.
    pub right: u32,
    /// All answers of the band.
    pub of: u32,
}

impl Measured {
    /// The share of right answers.
    #[must_use]
    pub fn accuracy(self) -> f64 {
        f64::from(self.right) / f64::from(self.of.max(1))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    name: Feature,
    weight: f64,
    mean: f64,
    deviation: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    medium: f64,
    high: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bands {
    low: Measured,
    medium: Measured,
    high: Measured,
}

/// The file as it stands on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    comment: String,
    sha256: String,
    intercept: f64,
    features: Vec<Term>,
    thresholds: Thresholds,
    measured: Bands,
}

impl File {
    fn content_sha256(&self) -> Result<String, serde_json::Error> {
        json_sha256_hex(&(self.format, self.intercept, &self.features, self.thresholds, self.measured))
    }
}

/// The fitted function, its bands, and how often each was right.
#[derive(Debug, Clone, PartialEq)]
pub struct Confidence(File);

/// Why a file of confidence bands cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfidenceError {
    /// Too large to be one.
    #[error(
        "confidence.json has {found_bytes} bytes, at most {MAX_FILE_BYTES} are read; take the file of this version"
    )]
    TooLarge {
        /// The size in bytes.
        found_bytes: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("confidence.json is not valid ({0}); load it again or fit it anew")]
    Syntax(#[from] serde_json::Error),
    /// A file of another time.
    #[error("confidence.json has format {found}, this version reads format {FORMAT}; take the file of this version")]
    Format {
        /// The format the file names.
        found: u32,
    },
    /// Other content than the hash says.
    #[error(transparent)]
    Hash(#[from] HashMismatch),
    /// A number that no fit gives.
    #[error("`{field}` of confidence.json is {found}, {allowed}; fit it anew")]
    Number {
        /// Where it stands.
        field: String,
        /// What stands there.
        found: f64,
        /// What may stand there.
        allowed: &'static str,
    },
    /// A feature named twice.
    #[error("the feature `{feature:?}` stands in confidence.json twice; take one out")]
    Twice {
        /// The feature.
        feature: Feature,
    },
    /// A band measured on too little, or with more right answers than answers.
    #[error(
        "the band `{band}` of confidence.json was measured with {right} right of {of} answers; at least {MIN_MEASURED} answers are needed, and no more right ones than answers"
    )]
    Measured {
        /// The band.
        band: &'static str,
        /// Right answers.
        right: u32,
        /// Answers.
        of: u32,
    },
    /// A higher band that was right less often.
    #[error(
        "the band `{band}` of confidence.json was right less often than the one below it; move the thresholds and measure again"
    )]
    Order {
        /// The higher band.
        band: &'static str,
    },
}

impl Confidence {
    /// Reads `confidence.json` and checks it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Confidence, ConfidenceError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ConfidenceError::TooLarge { found_bytes: bytes.len() });
        }
        let file: File = serde_json::from_slice(bytes)?;
        if file.format != FORMAT {
            return Err(ConfidenceError::Format { found: file.format });
        }
        let found = file.content_sha256()?;
        if found != file.sha256 {
            let expected = file.sha256.chars().take(64).collect();
            return Err(HashMismatch { file: "confidence.json", expected, found, bytes: bytes.len() }.into());
        }
        check(&file)?;
        Ok(Confidence(file))
    }

    /// The fitted score, 0 to 1. For measuring; a reader is shown the band.
    #[must_use]
    pub fn score(&self, features: &Features) -> f64 {
        let terms = self.0.features.iter().filter_map(|term| {
            let value = features.get(term.name)?;
            Some(term.weight * (value - term.mean) / term.deviation)
        });
        let sum: f64 = self.0.intercept + terms.sum::<f64>();
        1.0 / (1.0 + (-sum).exp())
    }

    /// The band of an answer.
    #[must_use]
    pub fn band(&self, features: &Features) -> Band {
        let score = self.score(features);
        if score >= self.0.thresholds.high {
            Band::High
        } else if score >= self.0.thresholds.medium {
            Band::Medium
        } else {
            Band::Low
        }
    }

    /// What was counted in a band.
    #[must_use]
    pub fn measured(&self, band: Band) -> Measured {
        match band {
            Band::Low => self.0.measured.low,
            Band::Medium => self.0.measured.medium,
            Band::High => self.0.measured.high,
        }
    }
}

fn check(file: &File) -> Result<(), ConfidenceError> {
    let size = |field: String, found: f64| {
        if found.abs() <= MAX_NUMBER {
            Ok(())
        } else {
            Err(ConfidenceError::Number { field, found, allowed: "numbers from -1,000 to 1,000 are taken" })
        }
    };
    size("intercept".to_owned(), file.intercept)?;
    let mut seen: Vec<Feature> = Vec::new();
    for term in &file.features {
        if seen.contains(&term.name) {
            return Err(ConfidenceError::Twice { feature: term.name });
        }
        seen.push(term.name);
        size(format!("{:?}.weight", term.name), term.weight)?;
        size(format!("{:?}.mean", term.name), term.mean)?;
        if !(1e-9..=MAX_NUMBER).contains(&term.deviation) {
            let field = format!("{:?}.deviation", term.name);
            return Err(ConfidenceError::Number {
                field,
                found: term.deviation,
                allowed: "numbers above 0 up to 1,000 are taken",
            });
        }
    }
    let Thresholds { medium, high } = file.thresholds;
    if !(medium > 0.0 && medium < 1.0) {
        let field = "thresholds.medium".to_owned();
        return Err(ConfidenceError::Number { field, found: medium, allowed: "a number between 0 and 1 is taken" });
    }
    if !(high > medium && high < 1.0) {
        let field = "thresholds.high".to_owned();
        return Err(ConfidenceError::Number {
            field,
            found: high,
            allowed: "a number between the medium threshold and 1 is taken",
        });
    }
    let Bands { low, medium, high } = file.measured;
    for (band, Measured { right, of }) in [("low", low), ("medium", medium), ("high", high)] {
        if of < MIN_MEASURED || right > of {
            return Err(ConfidenceError::Measured { band, right, of });
        }
    }
    for (band, below, above) in [("medium", low, medium), ("high", medium, high)] {
        if above.accuracy() < below.accuracy() {
            return Err(ConfidenceError::Order { band });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file as a fit would write it; the numbers are made up.
    const EXAMPLE: &str = r#"{"format":1,"comment":"made up, for tests","sha256":"","intercept":0.5,
        "features":[{"name":"coverage","weight":1.5,"mean":0.75,"deviation":0.25},
                    {"name":"decision_lowest","weight":0.5,"mean":0.6,"deviation":0.2}],
        "thresholds":{"medium":0.5,"high":0.8},
        "measured":{"low":{"right":41,"of":90},"medium":{"right":160,"of":200},"high":{"right":285,"of":300}}}"#;

    fn sealed(text: &str) -> Vec<u8> {
        let mut file: File = serde_json::from_str(text).expect("JSON");
        file.sha256 = file.content_sha256().expect("hashes");
        serde_json::to_vec(&file).expect("writes")
    }

    #[test]
    fn the_score_is_logistic_and_falls_into_bands() {
        let confidence = Confidence::from_bytes(&sealed(EXAMPLE)).expect("valid");
        let at = |coverage| Features::default().with(Feature::Coverage, coverage);
        assert!((confidence.score(&at(0.75)) - 1.0 / (1.0 + (-0.5_f64).exp())).abs() < 1e-12);
        assert_eq!(confidence.band(&at(0.75)), Band::Medium);
        assert_eq!(confidence.band(&at(1.0)), Band::High);
        assert_eq!(confidence.band(&at(0.25)), Band::Low);
        assert_eq!(confidence.band(&at(1.0).with(Feature::DecisionLowest, 0.0)), Band::Medium);
        assert_eq!(confidence.measured(Band::High), Measured { right: 285, of: 300 });
        // What is not known or no number counts as average; what has no weight counts nothing.
        assert_eq!(confidence.band(&Features::default()), Band::Medium);
        assert_eq!(confidence.band(&at(f64::NAN).with(Feature::Sentences, 900.0)), Band::Medium);
        assert_eq!((Band::Low.name(), Band::Medium.name(), Band::High.name()), ("low", "medium", "high"));
    }

    #[test]
    fn what_is_refused() {
        let cases = [
            ("\"format\":1", "\"format\":2", "has format 2"),
            ("0.5,\n", "1e9,\n", "`intercept` of confidence.json is 1000000000"),
            ("decision_lowest", "coverage", "`Coverage` stands in confidence.json twice"),
            ("\"deviation\":0.25", "\"deviation\":0", "`Coverage.deviation`"),
            ("\"medium\":0.5", "\"medium\":0", "`thresholds.medium`"),
            ("\"high\":0.8", "\"high\":0.4", "`thresholds.high`"),
            ("\"of\":90", "\"of\":9", "measured with 41 right of 9"),
            ("\"right\":160", "\"right\":201", "measured with 201 right of 200"),
            ("\"right\":285", "\"right\":200", "`high` of confidence.json was right less often"),
        ];
        for (from, to, expected) in cases {
            let text = EXAMPLE.replacen(from, to, 1);
            assert_ne!(text, EXAMPLE, "{from}");
            let message = Confidence::from_bytes(&sealed(&text)).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
        for (text, expected) in [
            (EXAMPLE.to_owned(), "does not match its hash"),
            (EXAMPLE.replace("coverage", "luck"), "unknown variant `luck`"),
            (EXAMPLE.replace("intercept", "bias"), "unknown field `bias`"),
            (" ".repeat(MAX_FILE_BYTES + 1), "at most 65536"),
            (String::new(), "not valid"),
        ] {
            let message = Confidence::from_bytes(text.as_bytes()).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// An altered byte is an error or changes nothing but the comment.
        #[test]
        fn altered_bytes(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let good = sealed(EXAMPLE);
            let mut bytes = good.clone();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(found) = Confidence::from_bytes(&bytes) {
                let expected = Confidence::from_bytes(&good).expect("valid");
                prop_assert_eq!(found.0.features, expected.0.features);
                prop_assert_eq!(found.0.measured, expected.0.measured);
            }
            prop_assert!(Confidence::from_bytes(&good[..cut.index(good.len())]).is_err());
        }

        #[test]
        fn any_value(value in any::<f64>()) {
            let confidence = Confidence::from_bytes(&sealed(EXAMPLE)).expect("valid");
            let score = confidence.score(&Features::default().with(Feature::Coverage, value));
            prop_assert!((0.0..=1.0).contains(&score));
        }
    }
}
