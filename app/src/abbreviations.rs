//! Finding abbreviations in a text, so that what they stand for can be shown.

use std::collections::BTreeMap;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// As it is.
    Plain(&'t str),
    /// An abbreviation and its meaning.
    Abbreviation(&'t str, &'t str),
}

/// `text` in pieces that together are exactly `text`. Each abbreviation is explained where it stands first: one explanation is help, five are
/// in the way of whoever goes through the page by keyboard.
#[must_use]
pub fn pieces<'t>(text: &'t str, known: &'t BTreeMap<String, String>) -> Vec<Piece<'t>> {
    let mut found: Vec<(usize, &str, &str)> = known
        .iter()
        .filter_map(|(name, meaning)| Some((first(text, name)?, name.as_str(), meaning.as_str())))
        .collect();
    // "DC/TMD" before the "TMD" in it.
    found.sort_by_key(|(at, name, _)| (*at, std::cmp::Reverse(name.len())));
    let mut pieces = Vec::new();
    let mut end = 0;
    for (at, name, meaning) in found {
        if at < end {
            continue;
        }
        pieces.extend(text.get(end..at).filter(|before| !before.is_empty()).map(Piece::Plain));
        end = at + name.len();
        pieces.extend(text.get(at..end).map(|name| Piece::Abbreviation(name, meaning)));
    }
    pieces.extend(text.get(end..).filter(|rest| !rest.is_empty()).map(Piece::Plain));
    pieces
}

/// Where `name` first stands as a word of its own.
fn first(text: &str, name: &str) -> Option<usize> {
    let ends = |next: Option<char>| next.is_none_or(|next| !next.is_alphanumeric());
    let is_word = |at: &usize| {
        let (before, after) = (text.get(..*at), text.get(*at + name.len()..));
        ends(before.and_then(|before| before.chars().next_back())) && ends(after.and_then(|after| after.chars().next()))
    };
    text.match_indices(name).map(|(at, _)| at).find(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeMap<String, String> {
        [("INR", "ratio"), ("TMD", "disorder"), ("DC/TMD", "criteria"), ("US", "states")]
            .map(|(name, meaning)| (name.to_owned(), meaning.to_owned()))
            .into()
    }

    #[test]
    fn the_first_of_each_is_explained_and_nothing_is_lost() {
        use Piece::{Abbreviation, Plain};
        let known = known();
        for (text, expected) in [
            ("", vec![]),
            ("Nothing here.", vec![Plain("Nothing here.")]),
            ("INR", vec![Abbreviation("INR", "ratio")]),
            ("The INR (INR) is 4.", vec![Plain("The "), Abbreviation("INR", "ratio"), Plain(" (INR) is 4.")]),
            ("DC/TMD axis", vec![Abbreviation("DC/TMD", "criteria"), Plain(" axis")]),
            ("VIRUS and USA, ÜUS", vec![Plain("VIRUS and USA, ÜUS")]),
            ("INRs, then INR.", vec![Plain("INRs, then "), Abbreviation("INR", "ratio"), Plain(".")]),
        ] {
            assert_eq!(pieces(text, &known), expected, "{text}");
        }
    }
}
