//! Which tokens belong to an identifier: each to at most one, first come, first served.

use std::ops::Range;

use super::Class;
use super::token::{Kind, Token};

/// Tokens that are taken.
pub(super) struct Claims {
    /// The number of the claim that holds the token, counted from 1; 0 where it is free.
    holders: Vec<u32>,
    /// The claims, as ranges of tokens.
    found: Vec<(Range<usize>, Class)>,
}

impl Claims {
    pub(super) fn new(tokens: usize) -> Claims {
        Claims { holders: vec![0; tokens], found: Vec::new() }
    }

    /// Whether no claim holds the token; tokens beyond the end are not free.
    pub(super) fn is_free(&self, index: usize) -> bool {
        self.holders.get(index) == Some(&0)
    }

    /// The class of the claim that holds the token.
    pub(super) fn class_at(&self, index: usize) -> Option<Class> {
        let holder = usize::try_from(*self.holders.get(index)?).ok()?;
        Some(self.found.get(holder.checked_sub(1)?)?.1)
    }

    /// Takes the tokens for `class`. Marks at either end stay outside, as do tokens that are held already: a claim with some of those in
    /// its middle becomes several.
    pub(super) fn take(&mut self, tokens: &[Token<'_>], range: Range<usize>, class: Class) {
        let mut index = range.start;
        while index < range.end.min(self.holders.len()) {
            if !self.is_free(index) {
                index += 1;
                continue;
            }
            let start = index;
            while index < range.end && self.is_free(index) {
                index += 1;
            }
            self.take_free(tokens, start..index, class);
        }
    }

    fn take_free(&mut self, tokens: &[Token<'_>], mut range: Range<usize>, class: Class) {
        let opening =
            |token: &Token<'_>| token.kind == Kind::Mark && !matches!(token.text, "(" | "+" | "#" | "'" | "’");
        while range.start < range.end && opening(&tokens[range.start]) {
            range.start += 1;
        }
        // A bracket that closes one of the claim belongs to it: "(555) 0123" and "Kentish Town (NW5)".
        let balanced = |range: &Range<usize>| {
            tokens[range.clone()].iter().filter(|token| token.is('(')).count()
                == tokens[range.clone()].iter().filter(|token| token.is(')')).count()
        };
        while range.start < range.end
            && tokens[range.end - 1].kind == Kind::Mark
            && !(tokens[range.end - 1].is(')') && balanced(&range))
        {
            range.end -= 1;
        }
        if range.start < range.end && tokens[range.start].is('(') && !balanced(&range) {
            range.start += 1;
        }
        let Ok(number) = u32::try_from(self.found.len() + 1) else { return };
        if range.start < range.end {
            self.holders[range.clone()].fill(number);
            self.found.push((range, class));
        }
    }

    /// The claims in the order of the text.
    pub(super) fn into_sorted(mut self) -> Vec<(Range<usize>, Class)> {
        self.found.sort_by_key(|(range, _)| range.start);
        self.found
    }
}
