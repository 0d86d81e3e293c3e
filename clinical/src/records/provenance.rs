//! Where a fact comes from, where it holds, and who has reviewed it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The guideline or textbook a fact rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// Who published it.
    pub organisation: String,
    /// The document's title.
    pub title: String,
    /// The year of publication.
    pub year: u16,
    /// Where it can be read (`https://…`), where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.organisation, self.title, self.year)
    }
}

/// What kind of document a fact rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// A guideline.
    Guideline,
    /// A consensus of experts.
    Consensus,
    /// A textbook.
    Textbook,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strength::Guideline => "guideline",
            Strength::Consensus => "consensus",
            Strength::Textbook => "textbook",
        })
    }
}

/// Where the guidance holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Region {
    /// The United Kingdom.
    #[serde(rename = "UK")]
    Uk,
    /// The United States of America.
    #[serde(rename = "US")]
    Us,
    /// Europe.
    Europe,
    /// No region's own.
    #[serde(rename = "international")]
    International,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::Uk => "UK",
            Region::Us => "US",
            Region::Europe => "Europe",
            Region::International => "international",
        })
    }
}

/// A clinician's review of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who reviewed it.
    pub by: String,
    /// When, as `YYYY-MM-DD`.
    pub date: String,
    /// What came of it.
    pub verdict: String,
}
