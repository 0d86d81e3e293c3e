//! A note as tokens: words, numbers, codes of letters and digits, and single marks.

use std::ops::Range;

use crate::retrieval::analyze::fold;

/// Longer words are cut here, in bytes, before they are looked up: no name is that long.
const MAX_FOLDED_BYTES: usize = 64;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, with apostrophes inside.
    Word,
    /// ASCII digits.
    Number,
    /// Letters and digits.
    Code,
    /// One character that is neither.
    Mark,
}

/// What stands before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing: it touches the token before.
    None,
    /// White space without a line break.
    Space,
    /// The start of the text or of a line.
    Line,
}

/// A token.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    /// Its text.
    pub text: &'a str,
    /// Its first byte.
    pub start: usize,
    /// What it is made of.
    pub kind: Kind,
    /// What stands before it.
    pub gap: Gap,
    /// Lower case without accents and apostrophes; for a mark its text.
    pub folded: String,
    /// Whether a sentence, a line, or what follows a colon begins here, so that a capital letter says nothing.
    pub opens: bool,
}

impl Token<'_> {
    /// The byte behind it.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether its first letter is a capital, or the one behind a particle: "d'Alembert".
    pub(super) fn is_capital(&self) -> bool {
        let elided = || {
            let mut chars = self.text.chars().skip(1);
            chars.next().is_some_and(is_apostrophe) && chars.next().is_some_and(char::is_uppercase)
        };
        self.kind == Kind::Word && (self.text.chars().next().is_some_and(char::is_uppercase) || elided())
    }

    /// Whether it is a word of two or more letters, all capitals.
    pub(super) fn is_shouted(&self) -> bool {
        self.kind == Kind::Word
            && self.text.chars().filter(|c| c.is_alphabetic()).count() >= 2
            && !self.text.chars().any(char::is_lowercase)
    }

    /// Whether it is this mark.
    pub(super) fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }

    /// Its value where it is a number of up to nine digits.
    pub(super) fn value(&self) -> Option<u32> {
        if self.kind == Kind::Number && self.text.len() <= 9 { self.text.parse().ok() } else { None }
    }
}

/// Words behind which a full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "apt", "art", "ave", "blvd", "ca", "cert", "col", "dept", "dott", "dr", "dra", "drs", "ext", "frl", "geb", "hosp",
    "ing", "jr", "med", "mgr", "miss", "mr", "mrs", "ms", "mt", "mx", "nr", "no", "p", "prof", "rd", "ref", "reg",
    "rev", "sen", "sig", "soc", "sr", "sra", "st", "ste", "str", "tel", "ul", "ur", "zam",
];

/// Cuts `text` into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::with_capacity(text.len() / 4);
    let mut gap = Gap::Line;
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() {
            gap = match (gap, c) {
                (Gap::Line, _) | (_, '\n' | '\r') => Gap::Line,
                _ => Gap::Space,
            };
            continue;
        }
        let (kind, end) = if is_alnum(c) {
            let (mut letters, mut digits) = (!c.is_ascii_digit(), c.is_ascii_digit());
            let mut end = start + c.len_utf8();
            while let Some(&(at, next)) = chars.peek() {
                if is_alnum(next) {
                    letters |= !next.is_ascii_digit();
                    digits |= next.is_ascii_digit();
                } else if !(is_apostrophe(next) && !digits && joins(&text[at + next.len_utf8()..])) {
                    break;
                }
                end = at + next.len_utf8();
                chars.next();
            }
            (
                if !digits {
                    Kind::Word
                } else if letters {
                    Kind::Code
                } else {
                    Kind::Number
                },
                end,
            )
        } else {
            (Kind::Mark, start + c.len_utf8())
        };
        let opens = gap == Gap::Line || opens_after(&tokens, gap);
        tokens.push(Token { text: &text[start..end], start, kind, gap, folded: folded(&text[start..end]), opens });
        gap = Gap::None;
    }
    tokens
}

fn is_alnum(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{0300}'..='\u{036F}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

/// Whether the word goes on behind an apostrophe: "O'Brien", but not "Brien's".
fn joins(behind: &str) -> bool {
    let mut chars = behind.chars();
    let first = chars.next();
    let second = chars.next();
    match first {
        Some('s' | 'S') => second.is_some_and(char::is_alphabetic),
        Some(c) => c.is_alphabetic(),
        None => false,
    }
}

fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_FOLDED_BYTES));
    let alone = text.chars().nth(1).is_none();
    for c in text.chars().filter(|c| !is_apostrophe(*c) || alone) {
        if out.len() >= MAX_FOLDED_BYTES {
            break;
        }
        fold(c, &mut out);
    }
    out
}

/// Whether a sentence begins behind these tokens.
fn opens_after(tokens: &[Token<'_>], gap: Gap) -> bool {
    let Some((last, before)) = tokens.split_last() else { return true };
    if last.kind != Kind::Mark {
        return false;
    }
    match last.text {
        "!" | "?" | ":" | ";" | "•" | "→" => gap != Gap::None,
        "\"" | "“" | "(" | "/" => last.opens || (gap != Gap::None && last.text == "/"),
        "-" | "–" | "*" => last.opens,
        "." => {
            gap != Gap::None
                && !before.last().is_some_and(|word| {
                    // An initial, or an abbreviation that always goes on.
                    (word.is_capital() && word.text.chars().count() == 1)
                        || ABBREVIATIONS.contains(&word.folded.as_str())
                })
        }
        _ => false,
    }
}

/// The tokens that touch each other around `index`, as a range of indices.
pub(super) fn chunk(tokens: &[Token<'_>], index: usize) -> Range<usize> {
    let mut start = index;
    while start > 0 && tokens[start].gap == Gap::None {
        start -= 1;
    }
    let mut end = index + 1;
    while end < tokens.len() && tokens[end].gap == Gap::None {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts() {
        let cases: [(&str, &[&str]); 5] = [
            ("O'Brien's #14", &["O'Brien", "'", "s", "#", "14"]),
            ("B7430A, 2.2 mL", &["B7430A", ",", "2", ".", "2", "mL"]),
            ("", &[]),
            ("'t Hart", &["'", "t", "Hart"]),
            ("Zsófia\u{2019}s", &["Zsófia", "\u{2019}", "s"]),
        ];
        for (text, expected) in cases {
            assert_eq!(tokens(text).iter().map(|token| token.text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn sentences_open() {
        let opening = |text| tokens(text).into_iter().filter(|t| t.opens && t.kind == Kind::Word).count();
        assert_eq!(opening("Seen by Dr. Who. He left.\n- One: two"), 4);
        assert_eq!(opening("Seen by J. Who."), 1);
    }

    proptest! {
        #[test]
        fn tokens_are_the_text(text in "\\PC{0,60}|.{0,60}|[A-Za-z0-9 .'\n-]{0,60}") {
            let tokens = tokens(&text);
            let visible: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(tokens.iter().map(|token| token.text).collect::<String>(), visible);
            for token in &tokens {
                prop_assert_eq!(text.get(token.start..token.end()), Some(token.text));
            }
        }
    }
}
