//! Notes with identifiers: `seen by [[NAME:Ann Lee]] on [[DATE:3 May]]` as text and labelled bytes.

use serde::{Serialize, Serializer};

/// The identifiers of the Safe Harbor method (45 CFR 164.514(b)(2)), by the name used in marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(&'static str);

const CLASSES: [&str; 18] = [
    "NAME",
    "LOCATION",
    "DATE",
    "PHONE",
    "FAX",
    "EMAIL",
    "SSN",
    "MRN",
    "INSURANCE",
    "ACCOUNT",
    "LICENCE",
    "VEHICLE",
    "DEVICE",
    "URL",
    "IP",
    "BIOMETRIC",
    "PHOTO",
    "OTHER_ID",
];

const OPEN: &str = "[[";
const CLOSE: &str = "]]";

/// Bytes of a text that identify a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: Class,
}

/// A mark that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentifierError {
    #[error("the mark `{near}` is not closed; write `[[CLASS:text]]`")]
    Open { near: String },
    #[error("`]]` in `{near}` closes no mark; write `[[CLASS:text]]`")]
    Close { near: String },
    #[error("the mark `[[{mark}]]` has no class, or no text, or another mark in it; write `[[CLASS:text]]`")]
    Shape { mark: String },
    #[error("the class `{class}` of the mark is unknown; the classes are {}", CLASSES.join(", "))]
    Class { class: String },
    #[error("the text `{text}` of the mark has white space at its ends; put it outside")]
    Space { text: String },
}

impl Class {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        self.0
    }

    fn parse(name: &str) -> Option<Class> {
        CLASSES.iter().find(|class| **class == name).map(|class| Class(class))
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// The text without marks, and what they marked, in order.
pub(crate) fn read(marked: &str) -> Result<(String, Vec<Span>), IdentifierError> {
    let mut text = String::with_capacity(marked.len());
    let mut spans = Vec::new();
    let mut rest = marked;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        push(&mut text, before)?;
        let (mark, behind) = behind.split_once(CLOSE).ok_or_else(|| IdentifierError::Open { near: short(behind) })?;
        let (class, marked) = mark
            .split_once(':')
            .filter(|(_, marked)| !(marked.trim().is_empty() || marked.contains(OPEN)))
            .ok_or_else(|| IdentifierError::Shape { mark: short(mark) })?;
        let class = Class::parse(class).ok_or_else(|| IdentifierError::Class { class: short(class) })?;
        if marked.trim() != marked {
            return Err(IdentifierError::Space { text: short(marked) });
        }
        let start = text.len();
        text.push_str(marked);
        spans.push(Span { start, end: text.len(), class });
        rest = behind;
    }
    push(&mut text, rest)?;
    Ok((text, spans))
}

fn push(text: &mut String, plain: &str) -> Result<(), IdentifierError> {
    if plain.contains(CLOSE) {
        return Err(IdentifierError::Close { near: short(plain) });
    }
    text.push_str(plain);
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_spans() {
        let (text, spans) = read("é [[NAME:Ann Lee]] ([[PHONE:020 7946 0000]])[[OTHER_ID:x]]").expect("well marked");
        assert_eq!(text, "é Ann Lee (020 7946 0000)x");
        let shown: Vec<(&str, &str)> =
            spans.iter().map(|span| (span.class.name(), &text[span.start..span.end])).collect();
        assert_eq!(shown, [("NAME", "Ann Lee"), ("PHONE", "020 7946 0000"), ("OTHER_ID", "x")]);
        assert_eq!(read("URL [[URL:https://a.org:80/b]]").expect("well marked").1.len(), 1);
        assert_eq!(read("no mark [1]"), Ok(("no mark [1]".to_owned(), Vec::new())));
    }

    #[test]
    fn marks_that_cannot_be_read() {
        for (marked, expected) in [
            ("[[NAME:Ann", "is not closed"),
            ("Ann]] here", "closes no mark"),
            ("[[NAME:Ann]] ]]", "closes no mark"),
            ("[[Ann]]", "has no class"),
            ("[[NAME:]]", "no text"),
            ("[[NAME:a [[DATE:b]]", "another mark"),
            ("[[PERSON:Ann]]", "`PERSON` of the mark is unknown; the classes are NAME, LOCATION"),
            ("[[NAME: Ann]]", "white space at its ends"),
        ] {
            let message = read(marked).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
