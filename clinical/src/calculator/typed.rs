//! What a person types into a field: a body weight, an age, the strength of a suspension. Each with its unit, or refused.
//!
//! A number without a unit is never guessed at: 23 kg and 23 lb are a factor of 2.2 apart.

use uom::si::mass::{gram, kilogram, microgram, milligram};
use uom::si::volume::milliliter;

use super::dose::{DoseError, Strength};
use super::exact::{Mass, Volume, pounds};
use super::patient::{Age, PatientError, Weight};

/// The longest text of a field, in characters.
pub const MAX_CHARS: usize = 40;
/// The most digits of a number.
const MAX_DIGITS: usize = 9;
/// Pounds of a stone.
const STONE_LB: f64 = 14.0;
/// Ounces of a pound.
const POUND_OZ: f64 = 16.0;

/// Why a text is no quantity.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TypedError {
    /// Nothing is there.
    #[error("nothing is entered; write {example}")]
    Empty {
        /// What would be taken.
        example: &'static str,
    },
    /// Too long for a quantity.
    #[error(
        "the entry has {found} characters, at most {MAX_CHARS} are taken; write only the quantity, such as {example}"
    )]
    TooLong {
        /// How many characters there are.
        found: usize,
        /// What would be taken.
        example: &'static str,
    },
    /// A number without a unit.
    #[error("`{number}` has no unit; write {example}")]
    NoUnit {
        /// The number.
        number: String,
        /// What would be taken.
        example: &'static str,
    },
    /// A unit that is not taken here.
    #[error("`{unit}` is no unit that is taken here; write {example}")]
    UnknownUnit {
        /// What stands in its place.
        unit: String,
        /// What would be taken.
        example: &'static str,
    },
    /// A number with several separators, too many digits or three digits behind a comma.
    #[error("`{number}` can be read in more than one way or is too long; write it with a decimal point, such as 12.5")]
    Ambiguous {
        /// The number.
        number: String,
    },
    /// A number below zero.
    #[error("the number is below zero; write {example}")]
    Negative {
        /// What would be taken.
        example: &'static str,
    },
    /// Two units that do not go together, or in the wrong order.
    #[error("`{first}` and `{second}` do not go together; write one of them, such as {example}")]
    Mixed {
        /// The first unit.
        first: String,
        /// The second unit.
        second: String,
        /// What would be taken.
        example: &'static str,
    },
    /// 3 st 15 lb, 4 years 13 months, 3.5 st 2 lb.
    #[error("`{small}` behind a larger unit must be below {limit}, and the larger one a whole number; write {example}")]
    Remainder {
        /// The number in the smaller unit.
        small: f64,
        /// How many of the smaller units make the larger one.
        limit: f64,
        /// What would be taken.
        example: &'static str,
    },
    /// Anything else.
    #[error("`{found}` is not understood; write {example}")]
    NotUnderstood {
        /// What stands there.
        found: String,
        /// What would be taken.
        example: &'static str,
    },
    /// A quantity, but not a patient's.
    #[error(transparent)]
    Patient(#[from] PatientError),
    /// A quantity, but no strength.
    #[error(transparent)]
    Strength(#[from] DoseError),
}

pub(super) const WEIGHT: &str = "23 kg, 50 lb or 3 st 9 lb";
pub(super) const AGE: &str = "4 years, 18 months or 6 weeks";
const STRENGTH: &str = "250 mg/5 mL";

/// A piece of an entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Word(String),
    Symbol(char),
}

/// Takes an entry apart; a dash before the first number makes it negative.
pub(super) fn tokens(text: &str, example: &'static str) -> Result<Vec<Token>, TypedError> {
    let found = text.chars().count();
    if found > MAX_CHARS {
        return Err(TypedError::TooLong { found, example });
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        let length = |holds: &dyn Fn(char) -> bool| rest.find(|c| !holds(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let length = length(&is_number);
            tokens.push(Token::Number(number(rest[..length].trim_end_matches(['.', ',']))?));
            length
        } else if first.is_alphabetic() {
            let length = length(&char::is_alphabetic);
            tokens.push(Token::Word(rest[..length].to_lowercase()));
            length
        } else {
            if !(first.is_whitespace() || matches!(first, '.' | ',') && !tokens.is_empty()) {
                tokens.push(Token::Symbol(first));
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    match tokens.first() {
        None => Err(TypedError::Empty { example }),
        Some(Token::Symbol('-' | '\u{2212}' | '\u{2013}')) => Err(TypedError::Negative { example }),
        _ => Ok(tokens),
    }
}

/// A number with a decimal point or comma. "1,250" is refused: it is 1.25 to one reader and 1250 to another.
fn number(text: &str) -> Result<f64, TypedError> {
    let ambiguous = || TypedError::Ambiguous { number: text.to_owned() };
    let thousands = text.split_once(',').is_some_and(|(_, decimals)| decimals.len() == 3);
    if text.matches([',', '.']).count() > 1 || text.len() > MAX_DIGITS + 1 || thousands {
        return Err(ambiguous());
    }
    text.replace(',', ".").parse().map_err(|_| ambiguous())
}

/// The units of a body weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum WeightWord {
    Kilogram,
    Gram,
    Stone,
    Pound,
    Ounce,
}

pub(super) fn weight_unit(word: &str) -> Option<WeightWord> {
    Some(match word {
        "kg" | "kgs" | "kilo" | "kilos" | "kilogram" | "kilograms" | "kilogramme" | "kilogrammes" => {
            WeightWord::Kilogram
        }
        "g" | "gram" | "grams" | "gramme" | "grammes" => WeightWord::Gram,
        "st" | "stone" | "stones" => WeightWord::Stone,
        "lb" | "lbs" | "pound" | "pounds" => WeightWord::Pound,
        "oz" | "ounce" | "ounces" => WeightWord::Ounce,
        _ => return None,
    })
}

/// A body weight: `23 kg`, `12,5 kg`, `3500 g`, `50lb`, `3 st 9`, `7 lb 4 oz`.
pub fn weight(text: &str) -> Result<Weight, TypedError> {
    let pairs = pairs(&tokens(text, WEIGHT)?, weight_unit, WEIGHT)?;
    let mass = match pairs.as_slice() {
        [(value, Some(unit))] => one_mass(*value, *unit),
        [(stones, Some(WeightWord::Stone)), (rest, Some(WeightWord::Pound) | None)] => {
            remainder(*stones, *rest, STONE_LB, WEIGHT)?;
            pounds(stones * STONE_LB + rest)
        }
        [(whole, Some(WeightWord::Pound)), (ounces, Some(WeightWord::Ounce))] => {
            remainder(*whole, *ounces, POUND_OZ, WEIGHT)?;
            pounds(whole + ounces / POUND_OZ)
        }
        other => return Err(unpaired(other, WEIGHT)),
    };
    Ok(Weight::new(mass)?)
}

fn one_mass(value: f64, unit: WeightWord) -> Mass {
    match unit {
        WeightWord::Kilogram => Mass::new::<kilogram>(value),
        WeightWord::Gram => Mass::new::<gram>(value),
        WeightWord::Stone => pounds(value * STONE_LB),
        WeightWord::Pound => pounds(value),
        WeightWord::Ounce => pounds(value / POUND_OZ),
    }
}

/// The units of an age.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AgeWord {
    Year,
    Month,
    Week,
    Day,
}

pub(super) fn age_unit(word: &str) -> Option<AgeWord> {
    Some(match word {
        "y" | "yr" | "yrs" | "yo" | "year" | "years" => AgeWord::Year,
        "m" | "mo" | "mos" | "mth" | "mths" | "month" | "months" => AgeWord::Month,
        "w" | "wk" | "wks" | "week" | "weeks" => AgeWord::Week,
        "d" | "day" | "days" => AgeWord::Day,
        _ => return None,
    })
}

/// An age: `4 y`, `4.5 years`, `18 months`, `4 years and 6 months`, `4-year-old`, `6 weeks`.
pub fn age(text: &str) -> Result<Age, TypedError> {
    let mut tokens = tokens(text, AGE)?;
    tokens.retain(|token| !matches!(token, Token::Word(word) if matches!(word.as_str(), "old" | "and" | "aged")));
    let pairs = pairs(&tokens, age_unit, AGE)?;
    Ok(match pairs.as_slice() {
        [(value, Some(AgeWord::Year))] => Age::years(*value)?,
        [(value, Some(AgeWord::Month))] => Age::months(*value)?,
        [(value, Some(AgeWord::Week))] => Age::weeks(*value)?,
        [(value, Some(AgeWord::Day))] => Age::days(*value)?,
        [(years, Some(AgeWord::Year)), (months, Some(AgeWord::Month))] => {
            remainder(*years, *months, 12.0, AGE)?;
            Age::months(years * 12.0 + months)?
        }
        other => return Err(unpaired(other, AGE)),
    })
}

/// The strength of a suspension or solution: `250 mg/5 mL`, `100 mg per mL`, `125mg in 5ml`.
pub fn strength(text: &str) -> Result<Strength, TypedError> {
    let tokens = tokens(text, STRENGTH)?;
    let not_understood = || TypedError::NotUnderstood { found: text.trim().to_owned(), example: STRENGTH };
    let (drug, unit, divider, volume) = match tokens.as_slice() {
        [Token::Number(drug), Token::Word(unit), divider, Token::Number(volume), Token::Word(ml)] if is_ml(ml) => {
            (*drug, unit, divider, *volume)
        }
        [Token::Number(drug), Token::Word(unit), divider, Token::Word(ml)] if is_ml(ml) => (*drug, unit, divider, 1.0),
        [Token::Number(number)] => {
            return Err(TypedError::NoUnit { number: number.to_string(), example: STRENGTH });
        }
        _ => return Err(not_understood()),
    };
    let divides = match divider {
        Token::Symbol(symbol) => *symbol == '/',
        Token::Word(word) => matches!(word.as_str(), "per" | "in"),
        Token::Number(_) => false,
    };
    if !divides {
        return Err(not_understood());
    }
    let mass = match unit.as_str() {
        "mg" | "milligram" | "milligrams" => Mass::new::<milligram>(drug),
        "mcg" | "microgram" | "micrograms" => Mass::new::<microgram>(drug),
        "g" | "gram" | "grams" => Mass::new::<gram>(drug),
        _ => return Err(TypedError::UnknownUnit { unit: unit.clone(), example: STRENGTH }),
    };
    Ok(Strength::new(mass, Volume::new::<milliliter>(volume))?)
}

fn is_ml(word: &str) -> bool {
    matches!(word, "ml" | "mls" | "millilitre" | "millilitres" | "milliliter" | "milliliters")
}

/// Numbers with their units; only the last number may be without one.
fn pairs<U: Copy>(
    tokens: &[Token],
    unit_of: fn(&str) -> Option<U>,
    example: &'static str,
) -> Result<Vec<(f64, Option<U>)>, TypedError> {
    let mut pairs: Vec<(f64, Option<U>)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Number(value) => {
                if let Some((before, None)) = pairs.last() {
                    return Err(TypedError::NoUnit { number: before.to_string(), example });
                }
                pairs.push((*value, None));
            }
            Token::Word(word) => {
                let unit = unit_of(word);
                match (pairs.last_mut(), unit) {
                    (Some((_, slot @ None)), Some(unit)) => *slot = Some(unit),
                    _ => return Err(TypedError::UnknownUnit { unit: word.clone(), example }),
                }
            }
            // "4-year-old", but not "3-4 years".
            Token::Symbol('-') if matches!(tokens.get(at + 1), Some(Token::Word(_)) | None) => {}
            Token::Symbol(symbol) => {
                return Err(TypedError::NotUnderstood { found: symbol.to_string(), example });
            }
        }
    }
    Ok(pairs)
}

/// Why these numbers and units are no quantity.
fn unpaired<U: std::fmt::Debug>(pairs: &[(f64, Option<U>)], example: &'static str) -> TypedError {
    let lower = |unit: &U| format!("{unit:?}").to_lowercase();
    match pairs {
        [(number, None)] | [(_, Some(_)), (number, None)] => TypedError::NoUnit { number: number.to_string(), example },
        [(_, Some(first)), (_, Some(second)), ..] => {
            TypedError::Mixed { first: lower(first), second: lower(second), example }
        }
        _ => TypedError::NotUnderstood { found: "this".to_owned(), example },
    }
}

/// Refuses parts that should have been carried over.
fn remainder(large: f64, small: f64, limit: f64, example: &'static str) -> Result<(), TypedError> {
    if large.fract() != 0.0 || !(0.0..limit).contains(&small) {
        return Err(TypedError::Remainder { small, limit, example });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculator::exact::{G, LB, nanograms};
    use proptest::prelude::*;

    #[test]
    fn weights_that_are_taken() {
        let cases = [
            ("23 kg", 23_000 * G),
            ("23kg.", 23_000 * G),
            (" 12,5 Kg ", 12_500 * G),
            ("12.5 kilos", 12_500 * G),
            ("3500 g", 3_500 * G),
            ("50lb", 50 * LB),
            ("50 lbs.", 50 * LB),
            ("150 pounds", 150 * LB),
            ("3 st 9", 51 * LB),
            ("3 st, 9 lb", 51 * LB),
            ("3st9lb", 51 * LB),
            ("11 stone", 154 * LB),
            ("7 lb 8 oz", 15 * LB / 2),
        ];
        for (text, expected) in cases {
            assert_eq!(weight(text).map(|weight| nanograms(weight.mass())), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn weights_that_are_refused() {
        let cases = [
            ("", "nothing is entered"),
            ("  ", "nothing is entered"),
            ("23", "`23` has no unit; write 23 kg, 50 lb or 3 st 9 lb"),
            ("kg", "`kg` is no unit"),
            ("23 cm", "`cm` is no unit"),
            ("23 kg 50 lb", "`kilogram` and `pound` do not go together"),
            ("9 lb 3 st", "`pound` and `stone` do not go together"),
            ("23 kg 5", "`5` has no unit"),
            ("23 (kg)", "`(` is not understood"),
            ("3 st 14 lb", "must be below 14"),
            ("3.5 st 2 lb", "the larger one a whole number"),
            ("-5 kg", "below zero"),
            ("\u{2212}5 kg", "below zero"),
            ("0 kg", "is no body weight"),
            ("1 kg", "outside 2 to 300 kg"),
            ("700 lb", "outside 2 to 300 kg"),
            ("1,250 kg", "more than one way"),
            ("1.2.5 kg", "more than one way"),
            ("99999999999999 kg", "more than one way or is too long"),
            ("1e2 kg", "`e` is no unit"),
            ("20-25 kg", "`-` is not understood"),
            ("twenty kg", "`twenty` is no unit"),
            ("½ st", "`½` is not understood"),
            ("NaN kg", "`nan` is no unit"),
            ("20 25 kg", "`20` has no unit"),
        ];
        for (text, expected) in cases {
            let message = weight(text).expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(weight(&"9".repeat(10_000)).expect_err("long").to_string().contains("at most 40"));
    }

    #[test]
    fn ages() {
        let cases = [
            ("4 y", Age::years(4.0)),
            ("4y", Age::years(4.0)),
            ("4-year-old", Age::years(4.0)),
            ("aged 4.5 years", Age::years(4.5)),
            ("18 months", Age::months(18.0)),
            ("18m", Age::months(18.0)),
            ("4 years and 6 months", Age::months(54.0)),
            ("2y 3m", Age::months(27.0)),
            ("6 weeks old", Age::weeks(6.0)),
            ("10 days", Age::days(10.0)),
            ("0 days", Age::days(0.0)),
        ];
        for (text, expected) in cases {
            assert_eq!(age(text).expect(text), expected.expect(text), "{text}");
        }
        for (text, expected) in [
            ("4", "`4` has no unit; write 4 years, 18 months or 6 weeks"),
            ("3-4 years", "`-` is not understood"),
            ("4 kg", "`kg` is no unit"),
            ("4 years 13 months", "must be below 12"),
            ("6 months 2 years", "`month` and `year` do not go together"),
            ("130 years", "outside 0 to 120 years"),
            ("-1 y", "below zero"),
            ("old", "not understood"),
        ] {
            let message = age(text).expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn strengths() {
        let expected = Strength::new(Mass::new::<milligram>(250.0), Volume::new::<milliliter>(5.0));
        for text in ["250 mg/5 mL", "250mg/5ml", "250 mg per 5 mL", "0.25 g in 5 ml"] {
            assert_eq!(strength(text).expect(text), expected.clone().expect("a strength"), "{text}");
        }
        let of_one = Strength::new(Mass::new::<microgram>(500.0), Volume::new::<milliliter>(1.0));
        assert_eq!(strength("500 mcg/mL").expect("a strength"), of_one.expect("a strength"));
        for (text, expected) in [
            ("250", "`250` has no unit; write 250 mg/5 mL"),
            ("250 mg", "`250 mg` is not understood"),
            ("250 ug/mL", "`ug` is no unit"),
            ("250 mg 5 mL", "not understood"),
            ("0 mg/5 mL", "is no strength"),
            ("250 mg/0 mL", "is no strength"),
            ("5 g/mL", "is no strength"),
        ] {
            let message = strength(text).expect_err(text).to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Arbitrary text never panics, and whatever is taken is a patient's.
        #[test]
        fn any_text(text in proptest::collection::vec(any::<char>(), 0..50)) {
            let text: String = text.into_iter().collect();
            let _ = (weight(&text), age(&text), strength(&text));
        }

        /// The same with the characters that matter.
        #[test]
        fn near_quantities(text in "[0-9.,/ \\-]{0,6}(kg|lb|st|g|y|m|mg|ml|)[0-9.,/ \\-]{0,6}(kg|lb|oz|months|mL|½|é|)") {
            if let Ok(weight) = weight(&text) {
                let kilograms = weight.mass().get::<kilogram>();
                prop_assert!((2.0..=300.0).contains(&kilograms), "{text}: {kilograms}");
            }
            let _ = (age(&text), strength(&text));
        }

        /// What is written with a unit is read as it was meant, with a point and with a comma.
        #[test]
        fn written_is_read(tenths in 20_u64..3_000) {
            for text in [format!("{}.{} kg", tenths / 10, tenths % 10), format!("{},{}kg", tenths / 10, tenths % 10)] {
                let found = weight(&text).ok().and_then(|weight| nanograms(weight.mass()));
                prop_assert_eq!(found, Some(tenths * 100 * G));
            }
        }
    }
}
