//! A text as the words and signs that the checks compare.
//!
//! Unlike the search terms of [`crate::retrieval::analyze`], signs that change a number ("%", "<", "/") are kept, every word
//! keeps its place, and nothing is stemmed: "5 mg" and "5 %" are different here.

use std::ops::Range;

/// Signs that carry meaning beside a number.
const SIGNS: &[char] = &['%', '<', '>', '\u{2264}', '\u{2265}', '=', '/', '+', '\u{B1}', '~', '\u{2248}'];

/// Numbers that are written as words.
const SPELLED: &[&str] = &[
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "once", "twice",
    "half", "double", "triple", "quarter", "third",
];

/// A word, number or sign in lower case with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case; a number without the commas of its thousands.
    pub(super) text: String,
    /// Its bytes.
    pub(super) bytes: Range<usize>,
}

impl Word {
    /// Whether it is a number, in digits or spelled.
    pub(super) fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit()) || SPELLED.contains(&self.text.as_str())
    }
}

/// The words of `text` in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut open = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let next_is_digit = chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        let next_is_letter = chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        let last = found.last_mut().filter(|_| open);
        if c.is_alphanumeric() {
            match last {
                Some(word) => {
                    word.text.extend(c.to_lowercase());
                    word.bytes.end = end;
                }
                None => found.push(Word { text: c.to_lowercase().collect(), bytes: at..end }),
            }
            open = true;
        } else if let Some(word) = last
            && word.text.ends_with(|c: char| c.is_ascii_digit())
            && matches!(c, '.' | ',')
            && next_is_digit
        {
            if c == '.' {
                word.text.push(c);
            }
        } else if matches!(c, '\'' | '\u{2019}') && open && next_is_letter {
            // "don't" is one word, "patient's" as well.
        } else {
            open = false;
            if SIGNS.contains(&c) {
                found.push(Word { text: c.to_string(), bytes: at..end });
            }
        }
    }
    found
}

/// Whether `words` go on with `phrase` at `at`.
pub(super) fn holds_at(words: &[Word], at: usize, phrase: &[Word]) -> bool {
    words
        .get(at..)
        .and_then(|rest| rest.get(..phrase.len()))
        .is_some_and(|part| part.iter().zip(phrase).all(|(a, b)| a.text == b.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_numbers_and_signs() {
        let cases: [(&str, &[&str]); 6] = [
            ("Give 1,000 mg, then 0.5 g.", &["give", "1000", "mg", "then", "0.5", "g"]),
            ("Don\u{2019}t exceed 5 mg/kg.", &["dont", "exceed", "5", "mg", "/", "kg"]),
            ("SpO2 <92 %", &["spo2", "<", "92", "%"]),
            ("well-fitting 1:80,000", &["well", "fitting", "1", "80000"]),
            ("Über 3.", &["über", "3"]),
            ("'' . ,", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest! {
        /// Places are in order and on character boundaries.
        #[test]
        fn any_text(text in "\\PC{0,60}|.{0,60}") {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(word.bytes.start >= end && !word.text.is_empty());
                prop_assert!(text.get(word.bytes.clone()).is_some());
                end = word.bytes.end;
            }
        }
    }
}
