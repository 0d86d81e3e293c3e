//! What a line of evidence says: whose words, resting on what, reviewed or not.

use std::fmt;

use super::Source;
use super::passage::{CONTRIBUTORS, LICENCE};
use crate::records::{Citation, Record, Review, Strength};

/// Whose words something is. An organisation is never named for a sentence that it did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit<'a> {
    /// Worded by this project.
    Ours {
        /// The document whose content it gives.
        rests_on: &'a Citation,
        /// How strong that document is; records do not say.
        strength: Option<Strength>,
        /// A clinician's review, once there is one.
        reviewed: Option<&'a Review>,
    },
    /// The words of a publication.
    Quoted(&'a Source),
}

impl<'a> Credit<'a> {
    /// What is to be said beside a record.
    #[must_use]
    pub fn of(record: &'a Record) -> Credit<'a> {
        Credit::Ours { rests_on: &record.source, strength: None, reviewed: record.reviewed.as_ref() }
    }
}

impl fmt::Display for Credit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credit::Ours { rests_on, strength, reviewed } => {
                write!(f, "Rests on {rests_on}")?;
                if let Some(strength) = strength {
                    write!(f, ", a {strength}")?;
                }
                write!(f, "; wording by {CONTRIBUTORS}, {LICENCE}; ")?;
                match reviewed {
                    None => f.write_str("not yet reviewed by a clinician"),
                    Some(Review { by, date, verdict }) => write!(f, "reviewed by {by} on {date}: {verdict}"),
                }
            }
            Credit::Quoted(source) => {
                write!(f, "{}", source.organisation)?;
                if !source.title.is_empty() {
                    write!(f, ": {}", source.title)?;
                }
                if let Some(year) = source.year {
                    write!(f, " ({year})")?;
                }
                write!(f, "; quoted under {}", source.licence)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_credited_with_words_of_another() {
        let rests_on =
            Citation { organisation: "SDCEP".to_owned(), title: "Drug Prescribing".to_owned(), year: 2016, url: None };
        let review =
            Review { by: "A. Dentist".to_owned(), date: "2026-11-30".to_owned(), verdict: "correct".to_owned() };
        let ours = |strength, reviewed| Credit::Ours { rests_on: &rests_on, strength, reviewed }.to_string();
        assert_eq!(
            ours(Some(Strength::Guideline), None),
            "Rests on SDCEP: Drug Prescribing (2016), a guideline; wording by MambaFormer Chairside contributors, CC BY 4.0; not yet reviewed by a clinician"
        );
        assert_eq!(
            ours(None, Some(&review)),
            "Rests on SDCEP: Drug Prescribing (2016); wording by MambaFormer Chairside contributors, CC BY 4.0; reviewed by A. Dentist on 2026-11-30: correct"
        );
        let mut source = Source {
            organisation: "NIH".to_owned(),
            title: "Gum disease".to_owned(),
            year: Some(2024),
            licence: "public domain".to_owned(),
            url: String::new(),
        };
        assert_eq!(Credit::Quoted(&source).to_string(), "NIH: Gum disease (2024); quoted under public domain");
        (source.title, source.year) = (String::new(), None);
        assert_eq!(Credit::Quoted(&source).to_string(), "NIH; quoted under public domain");
    }
}
