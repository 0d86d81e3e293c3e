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
