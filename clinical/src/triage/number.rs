//! The emergency number that the fixed texts name.

use std::fmt;

/// What the texts say where nobody has set a number.
pub const DEFAULT_NUMBER: &str = "the emergency number (999, 112 or 911)";
/// The fewest digits of an emergency number.
pub const MIN_DIGITS: usize = 3;
/// The most digits of a telephone number (ITU-T E.164).
pub const MAX_DIGITS: usize = 15;

/// The number the practice calls in an emergency, or words that stand for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyNumber(String);

/// Why something cannot be the emergency number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmergencyNumberError {
    /// A character that no number has.
    #[error(
        "the emergency number contains `{found}`; only digits, spaces and a leading + are taken: type it like 112 or +44 20 7946 0999"
    )]
    Character {
        /// The first character that is not taken.
        found: char,
    },
    /// Too short or too long.
    #[error("the emergency number has {found} digits, {MIN_DIGITS} to {MAX_DIGITS} are taken; type it like 112")]
    Digits {
        /// How many there are.
        found: usize,
    },
}

impl EmergencyNumber {
    /// Takes 3 to 15 digits with spaces between them and an optional leading `+`; spaces are made single.
    pub fn parse(text: &str) -> Result<EmergencyNumber, EmergencyNumberError> {
        let text = text.trim();
        let digits = text.strip_prefix('+').unwrap_or(text);
        if let Some(found) = digits.chars().find(|c| !(c.is_ascii_digit() || *c == ' ')) {
            return Err(EmergencyNumberError::Character { found });
        }
        let found = digits.bytes().filter(u8::is_ascii_digit).count();
        if !(MIN_DIGITS..=MAX_DIGITS).contains(&found) {
            return Err(EmergencyNumberError::Digits { found });
        }
        Ok(EmergencyNumber(text.split_whitespace().collect::<Vec<_>>().join(" ")))
    }
}

impl Default for EmergencyNumber {
    fn default() -> EmergencyNumber {
        EmergencyNumber(DEFAULT_NUMBER.to_owned())
    }
}

impl fmt::Display for EmergencyNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_that_are_taken_and_not() {
        for (typed, shown) in [("112", "112"), (" 999 ", "999"), ("+44 20  7946 0999", "+44 20 7946 0999")] {
            assert_eq!(EmergencyNumber::parse(typed).map(|number| number.to_string()), Ok(shown.to_owned()));
        }
        for (typed, error) in [
            ("", EmergencyNumberError::Digits { found: 0 }),
            ("11", EmergencyNumberError::Digits { found: 2 }),
            ("1234567890123456", EmergencyNumberError::Digits { found: 16 }),
            ("11+2", EmergencyNumberError::Character { found: '+' }),
            ("<b>112", EmergencyNumberError::Character { found: '<' }),
            ("١١٢", EmergencyNumberError::Character { found: '١' }),
        ] {
            assert_eq!(EmergencyNumber::parse(typed), Err(error), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_number(text in "\\PC{0,24}|[+0-9 ]{0,24}") {
            if let Ok(number) = EmergencyNumber::parse(&text) {
                prop_assert!(number.to_string().chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '+'));
                prop_assert_eq!(EmergencyNumber::parse(&number.to_string()), Ok(number));
            }
        }
    }
}
