//! A part of an authored answer: a reference to source text, or one of the closed list of words between.

use std::fmt;

/// Openings: a sentence of their own, or before the first sentence.
pub(crate) const OPENINGS: &[&str] = &[
    "Yes.",
    "No.",
    "It depends.",
    "Not always.",
    "Not routinely.",
    "Usually.",
    "The premise is not correct.",
    "Only if",
];
/// Connectives between two parts.
pub(crate) const CONNECTIVES: &[&str] = &[
    "and", "but", "or", "so", "because", "if", "when", "then", "also", "however", "unless", "while", ",", ";", ":", ".",
];

/// One part of an answer sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// `Yes.`
    Opening(&'static str),
    /// `but`
    Connective(&'static str),
    /// `perio-0017#2b`: sentence 2 of a passage, its second clause.
    Passage { id: String, sentence: usize, clause: Option<usize> },
    /// `rec-perio-002#3`: the line of a record's third entry; its only line without a number.
    Record { id: String, entry: Option<usize> },
    /// `note#4`: the fourth sentence of the cluster's note.
    Note { sentence: usize },
}

/// A part that is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReferenceError {
    #[error(
        "`{part}` is neither a reference (perio-0017#2, perio-0017#2b, rec-perio-001, rec-perio-002#3, note#4) nor one of the openings ({}) or connectives ({})",
        OPENINGS.join(" "), CONNECTIVES.join(" ")
    )]
    Unknown { part: String },
    #[error("`{part}` names a whole passage; name the sentence, such as `{part}#1`")]
    NoSentence { part: String },
    #[error("`{part}` does not name a sentence or entry by its number; they are counted from 1")]
    Number { part: String },
}

impl Part {
    /// Reads one part.
    pub(crate) fn parse(part: &str) -> Result<Part, ReferenceError> {
        if let Some(opening) = OPENINGS.iter().find(|opening| **opening == part) {
            return Ok(Part::Opening(opening));
        }
        if let Some(connective) = CONNECTIVES.iter().find(|connective| **connective == part) {
            return Ok(Part::Connective(connective));
        }
        let (id, number) = part.split_once('#').map_or((part, None), |(id, number)| (id, Some(number)));
        let not_a_number = || ReferenceError::Number { part: part.to_owned() };
        if id == "note" {
            let sentence = number.and_then(position).ok_or_else(not_a_number)?;
            return Ok(Part::Note { sentence });
        }
        if id.starts_with("rec-") && is_id(id) {
            let entry = number.map(|number| position(number).ok_or_else(not_a_number)).transpose()?;
            return Ok(Part::Record { id: id.to_owned(), entry });
        }
        if !(is_id(id) && id.contains('-') && id.ends_with(|c: char| c.is_ascii_digit())) {
            return Err(ReferenceError::Unknown { part: part.to_owned() });
        }
        let number = number.ok_or_else(|| ReferenceError::NoSentence { part: part.to_owned() })?;
        let letter = number.bytes().next_back().filter(u8::is_ascii_lowercase);
        let digits = if letter.is_some() { &number[..number.len() - 1] } else { number };
        let sentence = position(digits).ok_or_else(not_a_number)?;
        let clause = letter.map(|letter| usize::from(letter - b'a'));
        Ok(Part::Passage { id: id.to_owned(), sentence, clause })
    }

    /// Whether it is text of a source.
    pub(crate) fn is_source(&self) -> bool {
        !matches!(self, Part::Opening(_) | Part::Connective(_))
    }
}

/// As it is written.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Opening(text) | Part::Connective(text) => f.write_str(text),
            Part::Passage { id, sentence, clause: None } => write!(f, "{id}#{}", sentence + 1),
            Part::Passage { id, sentence, clause: Some(clause) } => {
                let letter = u8::try_from(*clause).map_or('?', |clause| char::from(b'a'.saturating_add(clause)));
                write!(f, "{id}#{}{letter}", sentence + 1)
            }
            Part::Record { id, entry: None } => f.write_str(id),
            Part::Record { id, entry: Some(entry) } => write!(f, "{id}#{}", entry + 1),
            Part::Note { sentence } => write!(f, "note#{}", sentence + 1),
        }
    }
}

fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A number counted from 1 as an index from 0.
fn position(digits: &str) -> Option<usize> {
    digits.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_and_write() {
        for part in [
            "Yes.",
            "Only if",
            "but",
            ",",
            "perio-0017#2",
            "perio-0017#2b",
            "rec-perio-001",
            "rec-perio-002#3",
            "note#4",
        ] {
            assert_eq!(Part::parse(part).expect(part).to_string(), part);
        }
        assert_eq!(
            Part::parse("perio-0017#12c"),
            Ok(Part::Passage { id: "perio-0017".into(), sentence: 11, clause: Some(2) })
        );
        assert!(!Part::parse("but").expect("a connective").is_source());
    }

    #[test]
    fn what_is_no_part() {
        for (part, expected) in [
            ("yes", "is neither a reference"),
            ("although", "is neither a reference"),
            ("", "is neither a reference"),
            ("perio-0017", "names a whole passage"),
            ("perio-0017#", "does not name a sentence"),
            ("perio-0017#0", "does not name a sentence"),
            ("perio-0017#b", "does not name a sentence"),
            ("perio-0017#2B", "does not name a sentence"),
            ("note", "does not name a sentence"),
            ("note#x", "does not name a sentence"),
            ("rec-perio-001#a", "does not name a sentence"),
        ] {
            let message = Part::parse(part).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
