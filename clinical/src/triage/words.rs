//! Words with their places: what the rules read.
//!
//! Lower case without accents, hyphens taken apart ("knocked-out" is two words), apostrophes dropped ("can't" is "cant",
//! "patient's" is "patient"), number words as digits ("two" is "2"). Clinical shorthand is kept where it carries meaning:
//! "4/52" is the words `4`, `/`, `52`, and a lone `#` is the word `fracture`.

use std::ops::Range;

use crate::retrieval::analyze::fold;

/// Longer words are cut here, in bytes of folded text: no rule holds one.
const MAX_WORD_BYTES: usize = 32;

/// Number words. Sorted.
const NUMBERS: &[(&str, &str)] = &[
    ("eight", "8"),
    ("eleven", "11"),
    ("fifteen", "15"),
    ("fifty", "50"),
    ("five", "5"),
    ("forty", "40"),
    ("four", "4"),
    ("nine", "9"),
    ("ninety", "90"),
    ("seven", "7"),
    ("six", "6"),
    ("sixty", "60"),
    ("ten", "10"),
    ("thirty", "30"),
    ("three", "3"),
    ("twelve", "12"),
    ("twenty", "20"),
    ("two", "2"),
];

/// What stands between a word and the one before it. Ordered by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Nothing but space or a hyphen.
    Space,
    /// A comma.
    Comma,
    /// A semicolon, colon, dash or bracket.
    Clause,
    /// The end of a sentence or line.
    Sentence,
}

/// One word of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    /// Folded.
    pub(super) text: String,
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    /// What stands before it.
    pub(super) gap: Gap,
    /// Its value, where it is a number.
    pub(super) number: Option<f64>,
}

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut reader = Reader { words: Vec::new(), gap: Gap::Sentence };
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((start, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, next)| next);
        if c.is_alphanumeric() {
            let mut end = start + c.len_utf8();
            let mut word = String::new();
            fold(c, &mut word);
            let mut apostrophe = None;
            let mut last = c;
            while let Some(&(at, c)) = chars.peek() {
                let mut ahead = chars.clone();
                ahead.next();
                let following = ahead.peek().map_or(' ', |&(_, c)| c);
                let digits = last.is_ascii_digit() && following.is_ascii_digit();
                if c.is_alphanumeric() {
                    // "500mg" is a number and a unit; "T1DM" and "SpO2" are words.
                    let number = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                    if number && !c.is_ascii_digit() {
                        break;
                    }
                    if word.len() < MAX_WORD_BYTES {
                        fold(c, &mut word);
                    }
                } else if matches!(c, '\'' | '\u{2019}') && following.is_alphanumeric() {
                    apostrophe = Some(word.len());
                } else if c == '.' && digits {
                    word.push('.');
                } else if !(c == ',' && digits || is_combining(c)) {
                    break;
                }
                last = c;
                end = at + c.len_utf8();
                chars.next();
            }
            if let Some(at) = apostrophe
                && word.get(at..) == Some("s")
            {
                word.truncate(at);
            }
            before = last;
            reader.push(&word, start..end);
            continue;
        }
        match c {
            '/' if before.is_ascii_digit() && next.is_ascii_digit() => reader.push("/", start..start + 1),
            // A fracture, as clinicians write it; "#11" is a tooth.
            '#' if !next.is_alphanumeric() => reader.push("fracture", start..start + 1),
            ',' => reader.separate(Gap::Comma),
            ';' | '(' | ')' | '–' | '—' | '[' | ']' => reader.separate(Gap::Clause),
            ':' if !(before.is_ascii_digit() && next.is_ascii_digit()) => reader.separate(Gap::Clause),
            '-' if before == ' ' && next == ' ' => reader.separate(Gap::Clause),
            // "?sepsis" asks for nothing: it is a suspicion.
            '?' if next.is_alphanumeric() && !before.is_alphanumeric() => {}
            '.' if !next.is_whitespace() => {}
            '.' | '!' | '?' | '\n' | '•' | '。' | '？' | '！' => reader.separate(Gap::Sentence),
            _ => {}
        }
        before = c;
    }
    reader.words
}

struct Reader {
    words: Vec<Word>,
    gap: Gap,
}

impl Reader {
    fn separate(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn push(&mut self, word: &str, range: Range<usize>) {
        let word = NUMBERS.binary_search_by(|(name, _)| (*name).cmp(word)).map_or(word, |at| NUMBERS[at].1);
        let number = word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.parse().ok()).flatten();
        self.words.push(Word { text: word.to_owned(), range, gap: self.gap, number });
        self.gap = Gap::Space;
    }
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_shorthand() {
        assert!(NUMBERS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let cases: [(&str, &str); 9] = [
            ("Pt can't breathe; SpO2 88 %", "pt cant breathe | spo2 88"),
            ("?GCA: jaw pain. Why?", "gca | jaw pain || why"),
            ("ulcer FOM 4/52, T 38.5C", "ulcer fom 4 / 52 , t 38.5 c"),
            ("BP 75/40 at 14:02", "bp 75 / 40 at 14 02"),
            ("mand body # today, tooth #11", "mand body fracture today , tooth 11"),
            ("T1DM 500mg 1:80,000", "t1dm 500 mg 1 80000"),
            ("knocked-out - two teeth", "knocked out | 2 teeth"),
            ("Sjo\u{0308}gren’s", "sjogren"),
            ("", ""),
        ];
        for (text, expected) in cases {
            let mut shown = String::new();
            for (at, word) in words(text).iter().enumerate() {
                let gap = if at == 0 { Gap::Space } else { word.gap };
                shown.push_str(match gap {
                    Gap::Space => " ",
                    Gap::Comma => " , ",
                    Gap::Clause => " | ",
                    Gap::Sentence => " || ",
                });
                shown.push_str(&word.text);
            }
            assert_eq!(shown.trim_start(), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text(text in proptest::collection::vec(any::<char>(), 0..100)) {
            let text: String = text.into_iter().collect();
            let mut covered = 0;
            for word in words(&text) {
                prop_assert!(word.range.start >= covered && text.get(word.range.clone()).is_some());
                covered = word.range.end;
            }
        }
    }
}
