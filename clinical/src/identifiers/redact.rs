//! Placeholders in the place of identifiers.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::token::{Gap, Kind, Token};
use super::{Class, Identifier};

/// A text without the chosen identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with placeholders.
    pub text: String,
    /// What was replaced, in the order of the text.
    pub replaced: Vec<Replaced>,
}

/// An identifier that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// What it was, and where in the original text.
    pub identifier: Identifier,
    /// The placeholder: `[NAME 1]`.
    pub placeholder: String,
}

/// The numbers of placeholders: the same words of a class get the same one wherever they stand.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    known: FxHashMap<(Class, String), usize>,
    last: FxHashMap<Class, usize>,
}

impl Numbers {
    fn of(&mut self, class: Class, words: &str) -> usize {
        let key = words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        *self.known.entry((class, key)).or_insert_with(|| {
            let last = self.last.entry(class).or_insert(0);
            *last += 1;
            *last
        })
    }
}

/// Replaces `identifiers` in `text`. The same words of a class get the same number wherever they stand. Ranges that do not fit the text
/// or overlap an earlier one are left out.
#[must_use]
pub fn redact(text: &str, identifiers: &[Identifier]) -> Redacted {
    redact_with(text, identifiers, &mut Numbers::default())
}

/// [`redact`] with the numbers of texts before this one.
pub(super) fn redact_with(text: &str, identifiers: &[Identifier], numbers: &mut Numbers) -> Redacted {
    let mut out = String::with_capacity(text.len());
    let mut replaced = Vec::with_capacity(identifiers.len());
    let mut at = 0;
    for identifier in identifiers {
        let Range { start, end } = identifier.bytes;
        let (Some(before), Some(words)) = (text.get(at..start), text.get(start..end)) else { continue };
        let number = numbers.of(identifier.class, words);
        let placeholder = format!("[{} {number}]", identifier.class.tag());
        out.push_str(before);
        out.push_str(&placeholder);
        replaced.push(Replaced { identifier: identifier.clone(), placeholder });
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Redacted { text: out, replaced }
}

/// The placeholders that stand in a text already, as ranges of tokens.
pub(super) fn placeholders(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for open in 0..tokens.len() {
        if !tokens[open].is('[') {
            continue;
        }
        let Some(length) = tokens[open..].iter().take(7).position(|token| token.is(']')) else { continue };
        let inside = &tokens[open + 1..open + length];
        let Some((number, words)) = inside.split_last() else { continue };
        let tag: String = words.iter().map(|token| token.text).collect();
        if number.kind == Kind::Number && number.gap == Gap::Space && Class::ALL.iter().any(|class| class.tag() == tag)
        {
            found.push(open..open + length + 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: Range<usize>) -> Identifier {
        Identifier { class: Class::Name, bytes }
    }

    #[test]
    fn the_same_words_get_the_same_number() {
        let text = "Zoë saw Tom; zoë left.";
        let redacted = redact(text, &[name(0..4), name(9..12), name(14..18)]);
        assert_eq!(redacted.text, "[NAME 1] saw [NAME 2]; [NAME 1] left.");
        assert_eq!(redacted.replaced[1].placeholder, "[NAME 2]");
    }

    #[test]
    fn ranges_that_do_not_fit_are_left_out() {
        let text = "Zoë saw Tom.";
        let redacted = redact(text, &[name(0..3), name(3..4), name(9..12), name(10..12), name(9..90)]);
        assert_eq!(redacted.text, "Zoë saw [NAME 1].");
        assert_eq!(redacted.replaced.len(), 1);
    }
}
