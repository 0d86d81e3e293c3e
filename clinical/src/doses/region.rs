//! The region a question names.

use super::words::listed;
use crate::records::Region;

const UK: &str = "uk britain british england english scotland scottish wales bnf bnfc sdcep nice nhs fgdp mhra";
const US: &str = "usa american america fda ada aapd aha americans";
const EUROPE: &str = "europe european esc efp eapd ese eu";
/// Behind these, and before those, "us" in small letters is the country: "for us adult", "us dose".
const US_BEHIND: &str = "in the";
const US_BEFORE: &str = "adult child dose dosing guidance label practice dental limit max office";
/// Behind these it is a pronoun: "tell us".
const PRONOUN_BEHIND: &str = "tell let give gives show help of for to with by both all";

/// The regions that a text names; `words` are its words.
pub(super) fn regions(text: &str, words: &[String]) -> Vec<Region> {
    let has = |list: &str| words.iter().any(|word| listed(list, word));
    let united = |other: &str| words.windows(2).any(|pair| pair[0] == "united" && pair[1] == other);
    let mut found = Vec::new();
    if has(UK) || united("kingdom") {
        found.push(Region::Uk);
    }
    if has(US) || united("states") || names_us(text, words) {
        found.push(Region::Us);
    }
    if has(EUROPE) {
        found.push(Region::Europe);
    }
    found
}

/// Whether "US" is the country.
fn names_us(text: &str, words: &[String]) -> bool {
    let shouted = !text.chars().any(char::is_lowercase);
    let capital = text.split(|c: char| !c.is_alphanumeric() && c != '.').any(|word| {
        let word = word.trim_end_matches('.');
        word == "US" && !shouted || word == "U.S"
    });
    capital
        || words.iter().enumerate().any(|(at, word)| {
            let before = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", String::as_str);
            let next = words.get(at + 1).map_or("", String::as_str);
            word == "us" && (listed(US_BEFORE, next) || listed(US_BEHIND, before) || !listed(PRONOUN_BEHIND, before))
        })
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn countries_and_pronouns() {
        for (text, expected) in [
            ("UK dose", &[Region::Uk][..]),
            ("what does the BNF say", &[Region::Uk]),
            ("US dose of naproxen", &[Region::Us]),
            ("naproxin dose for toothache us adult", &[Region::Us]),
            ("in the U.S. and in Europe", &[Region::Us, Region::Europe]),
            ("in the United States", &[Region::Us]),
            ("can you tell us the dose", &[]),
            ("amoxicillin dose", &[]),
        ] {
            assert_eq!(regions(text, &words(text)), expected, "{text}");
        }
    }
}
