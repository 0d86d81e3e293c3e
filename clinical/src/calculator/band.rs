//! Ages and body weights that a record states in words: "not under 4 years", "body weight 12 to 19 kg".
//!
//! Read as words, since the records have no fields for them. The tests hold every record with such words against what is
//! read from it.

use super::exact::KG;
use super::patient::{Age, Weight};

/// The words of a text, without the punctuation round them.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect()
}

/// The age from which a drug may be used, where a caution says "not under 4 years" or "not recommended under 12 years".
pub(super) fn youngest(caution: &str) -> Option<Age> {
    let words = words(caution);
    words.windows(3).enumerate().find_map(|(at, window)| {
        let [under, number, years] = window else { return None };
        let forbids = words[..at].iter().rev().take(2).any(|word| word.eq_ignore_ascii_case("not"));
        if !forbids || !matches!(*under, "under" | "below") || !years.starts_with("year") {
            return None;
        }
        Age::years(number.parse().ok()?).ok()
    })
}

/// Body weights for which a dose holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WeightBand {
    /// From this weight, in nanograms.
    from: u64,
    /// Below this weight, in nanograms.
    below: Option<u64>,
}

impl WeightBand {
    /// Whether it ends somewhere, so that a dose by weight cannot rise for ever.
    pub(super) fn has_end(self) -> bool {
        self.below.is_some()
    }

    /// Whether the weight lies in it.
    pub(super) fn holds(self, weight: Weight) -> bool {
        let weight = weight.nanograms();
        weight >= self.from && self.below.is_none_or(|below| weight < below)
    }
}

/// The weights of an indication: "under 8 kg", "8 to 11 kg" (whole kilograms, so up to 12), "15 kg to under 30 kg",
/// "25 kg or more", "above 70 kg".
pub(super) fn weight_band(text: &str) -> Option<WeightBand> {
    // "(less below 50 kg)" changes the dose, it is no band: only "body weight" opens one.
    let (_, after) = text.split_once("body weight")?;
    let words = words(after.split([',', '(', ';']).next().unwrap_or(after));
    let mut words = words.into_iter().skip_while(|word| *word == "of").peekable();
    let kilograms = |word: &str| word.parse::<u64>().ok().filter(|&kilograms| kilograms <= 300);
    let first = words.next()?;
    if matches!(first, "under" | "below") {
        return Some(WeightBand { from: 0, below: Some(kilograms(words.next()?)? * KG) });
    }
    if matches!(first, "above" | "over") {
        return Some(WeightBand { from: kilograms(words.next()?)? * KG + 1, below: None });
    }
    let from = kilograms(first)? * KG;
    let rest: Vec<&str> = words.filter(|word| *word != "kg").collect();
    match rest.as_slice() {
        ["or", "more", ..] => Some(WeightBand { from, below: None }),
        ["to", "under" | "below", high, ..] => Some(WeightBand { from, below: Some(kilograms(high)? * KG) }),
        // Bands of whole kilograms: the next one begins at 12 where this one ends at 11.
        ["to", high, ..] => Some(WeightBand { from, below: Some((kilograms(high)? + 1) * KG) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ages_of_cautions() {
        let cases = [
            ("not under 4 years", Some(4.0)),
            ("not under 4 years (about 20 kg)", Some(4.0)),
            ("not recommended under 12 years (self-injury)", Some(12.0)),
            ("not under 3 years or below 15 kg", Some(3.0)),
            ("4 to 11 years; from 12 years as an adult (500 mg)", None),
            ("product licensed from 4 years", None),
            ("the UK limit for a child is lower: 3 mg/kg and not under 4 years", Some(4.0)),
            ("use a lower dose under 16 years", None),
            ("not under", None),
        ];
        for (caution, expected) in cases {
            assert_eq!(youngest(caution), expected.map(|years| Age::years(years).expect("an age")), "{caution}");
        }
    }

    #[test]
    fn weights_of_indications() {
        let band = |from, below: Option<u64>| Some(WeightBand { from, below: below.map(|below| below * KG) });
        let cases = [
            ("in a child under 12 years, body weight under 8 kg", band(0, Some(8))),
            ("body weight 8 to 11 kg", band(8 * KG, Some(12))),
            ("reversal, body weight 15 kg to under 30 kg,", band(15 * KG, Some(30))),
            ("severe hypoglycaemia at a body weight of 25 kg or more", band(25 * KG, None)),
            ("anaphylaxis at a body weight of 15 to 30 kg", band(15 * KG, Some(31))),
            ("toxicity, body weight above 70 kg, bolus", band(70 * KG + 1, None)),
            ("odontogenic infection, body weight below 40 kg (no penicillin allergy),", band(0, Some(40))),
            ("dental pain (less below 50 kg)", None),
            ("body weight unknown", None),
            ("body weight", None),
        ];
        for (text, expected) in cases {
            assert_eq!(weight_band(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,40}", number in "[0-9]{0,25}") {
            let _ = youngest(&format!("not under {number} years {text}"));
            let _ = weight_band(&format!("{text} body weight {number} to {number} kg {text}"));
            let _ = (youngest(&text), weight_band(&text));
        }
    }
}
