//! How the page writes numbers. What the worker writes (doses, results) is not touched.

use crate::language::{self, Locale};

/// A number with a decimal point as the language writes it.
fn decimal(number: &str) -> String {
    match language::now() {
        Locale::en => number.to_owned(),
        Locale::de => number.replace('.', ","),
    }
}

/// Hundred thousands as millions, one decimal.
fn tenths(count: u64) -> String {
    let tenths = (count + 50_000) / 100_000;
    decimal(&format!("{}.{}", tenths / 10, tenths % 10))
}

/// Bytes as megabytes, one decimal (a megabyte is a million bytes, as in a download).
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    tenths(bytes)
}

/// A count with thousands separators.
#[must_use]
pub fn grouped(count: u64) -> String {
    let separator = match language::now() {
        Locale::en => ',',
        Locale::de => '.',
    };
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// Milliseconds as people read them.
#[must_use]
pub fn duration(ms: f64) -> String {
    decimal(&if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    })
}

/// A number with so many decimals.
#[must_use]
pub fn decimals(number: f64, places: usize) -> String {
    decimal(&format!("{number:.places$}"))
}

/// A number with one decimal.
#[must_use]
pub fn one_decimal(number: f64) -> String {
    decimals(number, 1)
}

/// Parameters in millions.
#[must_use]
pub fn parameters(count: u64) -> String {
    if count < 1_000_000 {
        return say!(model.parameters, count = grouped(count));
    }
    say!(model.million_parameters, count = tenths(count))
}

/// Share of `part` in `whole`, in whole per cent.
#[must_use]
pub fn share(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    format!("{:.0} %", 100.0 * f64::from(part) / f64::from(whole))
}

/// A probability, two decimals.
#[must_use]
pub fn probability(p: f32) -> String {
    decimal(&format!("{p:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(megabytes(0), "0.0");
        assert_eq!(megabytes(35_949_999), "35.9");
        assert_eq!(megabytes(35_950_000), "36.0");
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(123_456_789), "123,456,789");
        assert_eq!(duration(3.06), "3.1 ms");
        assert_eq!(duration(77.4), "77 ms");
        assert_eq!(duration(1234.0), "1.23 s");
        assert_eq!(share(1, 3), "33 %");
        assert_eq!(share(0, 0), "0 %");
    }

    #[test]
    fn in_german_with_a_decimal_comma() {
        language::speak(Locale::de);
        assert_eq!(megabytes(35_950_000), "36,0");
        assert_eq!(grouped(1_234_567), "1.234.567");
        assert_eq!(duration(3.06), "3,1 ms");
        assert_eq!(duration(1234.0), "1,23 s");
        assert_eq!(probability(0.7), "0,70");
        assert_eq!(parameters(27_400_000), "27,4 Millionen Parameter");
    }
}
