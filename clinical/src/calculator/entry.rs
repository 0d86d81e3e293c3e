//! A number typed beside a choice of units: 150 beside "lb", 18 beside "months".
//!
//! A unit that is typed all the same must agree with the chosen one. "70 lb" beside "kg" is refused: one of both is wrong, and
//! nothing says which.

use std::fmt;

use super::patient::{Age, Weight};
use super::typed::{self, AgeWord, Token, TypedError, WeightWord};
use crate::records::Number;

/// What would be taken as a number of cartridges.
const CARTRIDGES: &str = "1 or 1.5";

/// The units a body weight is chosen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightUnit {
    /// Kilograms.
    Kilogram,
    /// Pounds.
    Pound,
}

impl WeightUnit {
    /// Whether a typed unit belongs to the same system: "3 st 9" is a weight in pounds.
    fn takes(self, word: WeightWord) -> bool {
        match word {
            WeightWord::Kilogram | WeightWord::Gram => self == WeightUnit::Kilogram,
            WeightWord::Stone | WeightWord::Pound | WeightWord::Ounce => self == WeightUnit::Pound,
        }
    }
}

impl fmt::Display for WeightUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WeightUnit::Kilogram => "kg",
            WeightUnit::Pound => "lb",
        })
    }
}

/// The units an age is chosen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeUnit {
    /// Years.
    Year,
    /// Months.
    Month,
}

impl fmt::Display for AgeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AgeUnit::Year => "years",
            AgeUnit::Month => "months",
        })
    }
}

/// A body weight; `None` where nothing is typed.
pub fn weight(text: &str, unit: WeightUnit) -> Result<Option<Weight>, TypedError> {
    let Some(words) = words(text, typed::WEIGHT)? else { return Ok(None) };
    let other = words.iter().find(|word| typed::weight_unit(word).is_some_and(|typed| !unit.takes(typed)));
    if let Some(other) = other {
        return Err(mixed(other, unit, typed::WEIGHT));
    }
    let own = !words.is_empty();
    let text = if own { text.to_owned() } else { format!("{text} {unit}") };
    typed::weight(&text).map(Some)
}

/// An age; `None` where nothing is typed. "4 years 6 months" is taken beside either unit.
pub fn age(text: &str, unit: AgeUnit) -> Result<Option<Age>, TypedError> {
    let Some(words) = words(text, typed::AGE)? else { return Ok(None) };
    let units: Vec<(&String, AgeWord)> = words.iter().filter_map(|word| Some((word, typed::age_unit(word)?))).collect();
    let chosen = match unit {
        AgeUnit::Year => AgeWord::Year,
        AgeUnit::Month => AgeWord::Month,
    };
    if let Some((other, _)) = units.first()
        && !units.iter().any(|(_, typed)| *typed == chosen)
    {
        return Err(mixed(other, unit, typed::AGE));
    }
    let text = if words.is_empty() { format!("{text} {unit}") } else { text.to_owned() };
    typed::age(&text).map(Some)
}

/// A number of cartridges, parts of one included; `None` where nothing is typed.
pub fn cartridges(text: &str) -> Result<Option<Number>, TypedError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let not_understood = || TypedError::NotUnderstood { found: text.trim().to_owned(), example: CARTRIDGES };
    match typed::tokens(text, CARTRIDGES)?.as_slice() {
        [Token::Number(number)] => Number::try_from(*number).map(Some).map_err(|_| not_understood()),
        _ => Err(not_understood()),
    }
}

/// The words of an entry; `None` where nothing is typed.
fn words(text: &str, example: &'static str) -> Result<Option<Vec<String>>, TypedError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let tokens = typed::tokens(text, example)?;
    let words = tokens.into_iter().filter_map(|token| match token {
        Token::Word(word) => Some(word),
        Token::Number(_) | Token::Symbol(_) => None,
    });
    Ok(Some(words.collect()))
}

fn mixed(typed: &str, chosen: impl fmt::Display, example: &'static str) -> TypedError {
    TypedError::Mixed { first: typed.to_owned(), second: chosen.to_string(), example }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_chosen_unit_counts() {
        use WeightUnit::{Kilogram as Kg, Pound as Lb};
        for (text, unit, expected) in [
            ("150", Lb, Ok(Some("68.03"))),
            ("23", Kg, Ok(Some("23"))),
            (" 12,5 ", Kg, Ok(Some("12.5"))),
            ("23 kg", Kg, Ok(Some("23"))),
            ("3500 g", Kg, Ok(Some("3.5"))),
            ("3 st 9", Lb, Ok(Some("23.13"))),
            ("", Kg, Ok(None)),
            (" \u{a0}", Lb, Ok(None)),
            ("150 lb", Kg, Err("`lb` and `kg` do not go together")),
            ("70 kg", Lb, Err("`kg` and `lb` do not go together")),
            ("3 st 9", Kg, Err("`st` and `kg` do not go together")),
            ("70 cm", Kg, Err("`cm` is no unit")),
            ("1.2.5", Kg, Err("more than one way")),
            ("-70", Kg, Err("below zero")),
            ("0", Kg, Err("is no body weight")),
            ("700", Kg, Err("outside 2 to 300 kg")),
            ("1e3", Kg, Err("`e` is no unit")),
            ("seventy", Kg, Err("`seventy` is no unit")),
            ("70 80", Kg, Err("`70` has no unit")),
            (&"7".repeat(50), Kg, Err("at most 40 are taken")),
        ] {
            match (weight(text, unit), expected) {
                (Ok(found), Ok(expected)) => {
                    let shown = found.map(|weight| weight.kilograms().to_string());
                    assert_eq!(shown.as_deref(), expected, "{text} {unit}");
                }
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{text}: {error}"),
                (found, _) => panic!("{text} {unit}: {found:?}"),
            }
        }
    }

    #[test]
    fn ages_and_cartridges() {
        let months = |text, unit| age(text, unit).map(|age| age.map(|age| age.in_months().round()));
        for (text, unit, expected) in [
            ("4", AgeUnit::Year, Some(48.0)),
            ("18", AgeUnit::Month, Some(18.0)),
            ("4 years 6 months", AgeUnit::Year, Some(54.0)),
            ("4 years 6 months", AgeUnit::Month, Some(54.0)),
            ("4-year-old", AgeUnit::Year, Some(48.0)),
            ("", AgeUnit::Year, None),
        ] {
            assert_eq!(months(text, unit).expect(text), expected, "{text}");
        }
        for (text, unit, expected) in [
            ("18 months", AgeUnit::Year, "`months` and `years` do not go together"),
            ("6 weeks", AgeUnit::Month, "`weeks` and `months` do not go together"),
            ("130", AgeUnit::Year, "outside 0 to 120 years"),
            ("-1", AgeUnit::Year, "below zero"),
            ("four", AgeUnit::Year, "`four` is no unit"),
        ] {
            let message = months(text, unit).expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
        for (text, expected) in [("2", Some(2.0)), ("1,5", Some(1.5)), ("0", Some(0.0)), (" ", None)] {
            assert_eq!(cartridges(text).expect(text).map(Number::get), expected, "{text}");
        }
        for (text, expected) in
            [("-1", "below zero"), ("two", "write 1 or 1.5"), ("1 2", "not understood"), ("0.00001", "not understood")]
        {
            let message = cartridges(text).expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    proptest! {
        /// Arbitrary text never panics, and what is taken beside a unit is what the number and the unit together say.
        #[test]
        fn any_text(text in "\\PC{0,20}", tenths in 50_u32..3_000) {
            let _ = (weight(&text, WeightUnit::Pound), age(&text, AgeUnit::Month), cartridges(&text));
            let number = format!("{}.{}", tenths / 10, tenths % 10);
            prop_assert_eq!(weight(&number, WeightUnit::Kilogram), typed::weight(&format!("{number} kg")).map(Some));
        }
    }
}
