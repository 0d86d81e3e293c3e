//! Numbers as they are shown: leading zero, no trailing zero, comma in thousands (ISMP).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest number of a record, on either side of zero.
pub const MAX: f64 = 1e9;
/// The most digits behind the decimal point.
pub const MAX_DECIMALS: usize = 4;

/// A finite number of at most [`MAX_DECIMALS`] decimals.
///
/// Its `Display` is the only way a number of a record is shown: `0.5`, `5`, `1,000`, `12,500.25`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Number(f64);

/// A number that cannot be shown to a clinician.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum NumberError {
    /// Infinite, not a number, or beyond [`MAX`].
    #[error("{found} is no number between -{MAX} and {MAX}; correct it")]
    OutOfRange {
        /// The number.
        found: f64,
    },
    /// More decimals than a person reads.
    #[error("{found} has {decimals} decimals, at most {MAX_DECIMALS} are shown; round it")]
    TooFine {
        /// The number.
        found: f64,
        /// How many decimals it has.
        decimals: usize,
    },
}

impl Number {
    /// What a unit in the singular stands behind.
    pub(super) const ONE: Number = Number(1.0);

    /// So many hundredths, for what is calculated and rounded down: 833 is shown as `8.33`.
    pub(crate) fn hundredths(count: u32) -> Number {
        Number(f64::from(count) / 100.0)
    }

    /// The number as a float.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether it is above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > 0.0
    }
}

impl TryFrom<f64> for Number {
    type Error = NumberError;

    fn try_from(value: f64) -> Result<Number, NumberError> {
        if !value.is_finite() || value.abs() > MAX {
            return Err(NumberError::OutOfRange { found: value });
        }
        // The shortest decimal that reads back as the same float: what the author wrote.
        let decimals = value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
        if decimals > MAX_DECIMALS {
            return Err(NumberError::TooFine { found: value, decimals });
        }
        // -0 is shown as 0.
        Ok(Number(if value == 0.0 { 0.0 } else { value }))
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> f64 {
        number.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.abs().to_string();
        let (whole, decimals) = shown.split_once('.').unwrap_or((&shown, ""));
        if self.0 < 0.0 {
            f.write_str("-")?;
        }
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        if decimals.is_empty() { Ok(()) } else { write!(f, ".{decimals}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shown_as_ismp_asks() {
        let cases = [
            (0.5, "0.5"),
            (5.0, "5"),
            (-0.0, "0"),
            (999.0, "999"),
            (1_000.0, "1,000"),
            (100_000.0, "100,000"),
            (1_234_567.5, "1,234,567.5"),
            (0.0001, "0.0001"),
            (-2.5, "-2.5"),
            (MAX, "1,000,000,000"),
        ];
        for (value, expected) in cases {
            assert_eq!(Number::try_from(value).expect(expected).to_string(), expected);
        }
    }

    #[test]
    fn numbers_that_cannot_be_shown() {
        for (value, expected) in [
            (f64::NAN, "no number between"),
            (f64::INFINITY, "no number between"),
            (-2e9, "no number between"),
            (2.2 * 12.5 + 1e-12, "decimals, at most 4"),
            (0.1 + 0.2, "has 17 decimals"),
        ] {
            let message = Number::try_from(value).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(serde_json::from_str::<Number>("0.30000000000000004").is_err());
        assert!(serde_json::from_str::<Number>("\"5\"").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// What is shown reads back as the same number, with a leading zero, without a trailing zero, grouped by three.
        #[test]
        fn any_number(ten_thousandths in -10_000_000_000_000_i64..=10_000_000_000_000, decimals in 0_u32..=4) {
            let rounded = ten_thousandths / 10_i64.pow(4 - decimals) * 10_i64.pow(4 - decimals);
            let value = rounded as f64 / 10_000.0;
            let shown = Number::try_from(value).expect("in range").to_string();
            prop_assert_eq!(shown.replace(',', "").parse::<f64>().expect("a number").to_bits(), value.to_bits());
            prop_assert!(!shown.trim_start_matches('-').starts_with('.'));
            let (whole, decimals) = shown.split_once('.').unwrap_or((&shown, "1"));
            prop_assert!(!decimals.ends_with('0') && decimals.len() <= MAX_DECIMALS);
            let groups: Vec<&str> = whole.trim_start_matches('-').split(',').collect();
            prop_assert!((1..=3).contains(&groups[0].len()));
            prop_assert!(groups[1..].iter().all(|group| group.len() == 3));
            prop_assert!(groups.len() == 1 || !groups[0].starts_with('0'));
        }
    }
}
