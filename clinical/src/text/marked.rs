//! Authored text with clause marks: `Extract the tooth if it is unrestorable,| but defer it after an infarction.`
//!
//! A `|` stands behind a comma or semicolon and before a space, between two clauses that each make sense alone. It is
//! never shown. [`Marked::read`] takes the marks out and keeps where the sentences ([`super::sentences`]) and the marked
//! clauses lie in the clean text.

use std::ops::Range;

use super::sentences::sentences;

/// A marked clause must have this many words: less is a fragment, not a statement.
pub const MIN_CLAUSE_WORDS: usize = 3;

/// How much of the text an error shows on either side of a mark, in characters.
const SHOWN_CHARS: usize = 24;

/// Text without its marks, cut into sentences and clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    text: String,
    sentences: Vec<Sentence>,
}

/// A sentence of the clean text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its bytes in the clean text.
    pub bytes: Range<usize>,
    /// The bytes of its marked clauses, trimmed; empty where it has no mark.
    pub clauses: Vec<Range<usize>>,
}

/// A mark that does not divide clauses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// Before the mark stands something else.
    #[error("the mark in `{near}` does not stand behind a comma or semicolon; write `first clause,| second clause`")]
    NotBehindComma {
        /// The text around the mark.
        near: String,
    },
    /// Behind the mark there is no space, or more than one.
    #[error("the mark in `{near}` is not followed by one space; write `first clause,| second clause`")]
    NoSpace {
        /// The text around the mark.
        near: String,
    },
    /// A clause of one or two words.
    #[error(
        "the clause `{clause}` has {words} words, a marked clause has at least {MIN_CLAUSE_WORDS}; take the mark out"
    )]
    TooShort {
        /// The clause.
        clause: String,
        /// How many words it has.
        words: usize,
    },
}

impl Marked {
    /// Takes the marks out of `authored`.
    pub fn read(authored: &str) -> Result<Marked, MarkError> {
        let mut text = String::with_capacity(authored.len());
        let mut marks = Vec::new();
        for (at, c) in authored.char_indices() {
            if c != '|' {
                text.push(c);
                continue;
            }
            if !text.ends_with([',', ';']) {
                return Err(MarkError::NotBehindComma { near: near(authored, at) });
            }
            let mut behind = authored[at + 1..].chars();
            if behind.next() != Some(' ') || behind.next().is_none_or(char::is_whitespace) {
                return Err(MarkError::NoSpace { near: near(authored, at) });
            }
            marks.push(text.len());
        }
        let sentences =
            sentences(&text).into_iter().map(|bytes| cut(&text, bytes, &marks)).collect::<Result<_, _>>()?;
        Ok(Marked { text, sentences })
    }

    /// The text as it is shown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its sentences in order.
    #[must_use]
    pub fn sentences(&self) -> &[Sentence] {
        &self.sentences
    }

    /// The text of sentence `index`, counted from 0.
    #[must_use]
    pub fn sentence(&self, index: usize) -> Option<&str> {
        self.sentences.get(index).and_then(|sentence| self.text.get(sentence.bytes.clone()))
    }

    /// The text of marked clause `clause` of sentence `index`, both counted from 0.
    #[must_use]
    pub fn clause(&self, index: usize, clause: usize) -> Option<&str> {
        self.sentences.get(index)?.clauses.get(clause).and_then(|bytes| self.text.get(bytes.clone()))
    }
}

/// The clauses of the sentence at `bytes`.
fn cut(text: &str, bytes: Range<usize>, marks: &[usize]) -> Result<Sentence, MarkError> {
    let inside: Vec<usize> = marks.iter().copied().filter(|mark| bytes.start < *mark && *mark < bytes.end).collect();
    if inside.is_empty() {
        return Ok(Sentence { bytes, clauses: Vec::new() });
    }
    let starts = std::iter::once(bytes.start).chain(inside.iter().copied());
    let ends = inside.iter().copied().chain(std::iter::once(bytes.end));
    let mut clauses = Vec::with_capacity(inside.len() + 1);
    for (start, end) in starts.zip(ends) {
        let clause = text[start..end].trim();
        let words = clause.split_whitespace().count();
        if words < MIN_CLAUSE_WORDS {
            return Err(MarkError::TooShort { clause: clause.to_owned(), words });
        }
        let lead = text[start..end].len() - text[start..end].trim_start().len();
        clauses.push(start + lead..start + lead + clause.len());
    }
    Ok(Sentence { bytes, clauses })
}

fn near(text: &str, at: usize) -> String {
    let before: Vec<char> = text[..at].chars().rev().take(SHOWN_CHARS).collect();
    before.into_iter().rev().chain(text[at..].chars().take(SHOWN_CHARS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clauses_are_where_the_marks_are() {
        let marked = Marked::read(
            "Rinse with saline. Extract the tooth if it is loose,| but wait six weeks after an infarction;| ask first if unsure. Stop.",
        )
        .expect("well marked");
        assert!(!marked.text().contains('|'));
        assert_eq!(marked.sentences().len(), 3);
        assert_eq!(marked.sentence(0), Some("Rinse with saline."));
        assert_eq!(marked.clause(0, 0), None);
        assert_eq!(marked.clause(1, 0), Some("Extract the tooth if it is loose,"));
        assert_eq!(marked.clause(1, 1), Some("but wait six weeks after an infarction;"));
        assert_eq!(marked.clause(1, 2), Some("ask first if unsure."));
        assert_eq!(marked.clause(1, 3), None);
        assert_eq!(marked.sentence(3), None);
    }

    #[test]
    fn marks_that_divide_nothing_are_named() {
        let cases = [
            ("Rinse with it| and then stop it.", "does not stand behind a comma"),
            ("Rinse it now.| Then stop it.", "does not stand behind a comma"),
            ("| Rinse it now.", "does not stand behind a comma"),
            ("Rinse with it,|| and then stop it.", "is not followed by one space"),
            ("Rinse with it,|and then stop it.", "is not followed by one space"),
            ("Rinse with it now,|", "is not followed by one space"),
            ("Rinse with it now,|  and then stop.", "is not followed by one space"),
            ("Rinse it,| and then stop it.", "`Rinse it,` has 2 words"),
            ("Rinse it with saline,| then stop.", "`then stop.` has 2 words"),
        ];
        for (text, expected) in cases {
            let message = Marked::read(text).expect_err(expected).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    proptest! {
        /// Marks change nothing but themselves, and the clauses of a sentence make up the sentence.
        #[test]
        fn any_text(text in "([A-Z]?[a-zé]{1,4}(,\\||;\\||,|\\.|) ){0,12}|.{0,40}") {
            if let Ok(marked) = Marked::read(&text) {
                prop_assert_eq!(marked.text(), &text.replace('|', ""));
                for (index, sentence) in marked.sentences().iter().enumerate() {
                    let clauses: Vec<&str> = (0..sentence.clauses.len()).filter_map(|c| marked.clause(index, c)).collect();
                    prop_assert!(clauses.is_empty() || clauses.join(" ") == marked.sentence(index).unwrap_or_default());
                }
            }
        }
    }
}
