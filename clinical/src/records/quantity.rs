//! Doses in running text: numbers with a unit of mass, volume or activity, as comparable quantities.
//!
//! `400 to 600 mg` is two quantities, `1 g` equals `1,000 mg`. Flow rates, concentrations in blood and the like
//! (`30 mL/min`, `7 mmol/L`, `5 mg/dL`) are no doses and are left out.

use super::Record;

/// What a dose is measured in, each with one base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Mass, in micrograms.
    Mass,
    /// Mass by body weight, in micrograms per kilogram.
    MassPerKg,
    /// Mass in a volume, in micrograms per millilitre.
    MassPerMl,
    /// Volume, in millilitres.
    Volume,
    /// Volume by body weight, in millilitres per kilogram.
    VolumePerKg,
    /// Activity, in units.
    Activity,
    /// Activity by body weight, in units per kilogram.
    ActivityPerKg,
    /// Activity in a volume, in units per millilitre.
    ActivityPerMl,
}

/// A dose found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// What it measures.
    pub measure: Measure,
    /// How much, in the measure's base unit.
    pub value: f64,
    /// As it stands in the text, for messages: "400 to 600 mg".
    pub shown: String,
}

impl Quantity {
    /// Whether both are the same amount, however it is written.
    #[must_use]
    pub fn equals(&self, other: &Quantity) -> bool {
        self.measure == other.measure && (self.value - other.value).abs() <= 1e-9 * self.value.abs().max(1.0)
    }
}

impl Record {
    /// Every dose its lines and remarks show.
    #[must_use]
    pub fn quantities(&self) -> Vec<Quantity> {
        self.lines().iter().chain(&self.remarks()).flat_map(|line| quantities(line)).collect()
    }
}

/// Units as they are written, longer ones first, with their measure and size in its base unit.
const UNITS: &[(&str, Measure, f64)] = &[
    ("milligrams", Measure::Mass, 1e3),
    ("milligram", Measure::Mass, 1e3),
    ("micrograms", Measure::Mass, 1.0),
    ("microgram", Measure::Mass, 1.0),
    ("millilitres", Measure::Volume, 1.0),
    ("millilitre", Measure::Volume, 1.0),
    ("grams", Measure::Mass, 1e6),
    ("gram", Measure::Mass, 1e6),
    ("units", Measure::Activity, 1.0),
    ("unit", Measure::Activity, 1.0),
    ("mcg", Measure::Mass, 1.0),
    ("mg", Measure::Mass, 1e3),
    ("mL", Measure::Volume, 1.0),
    ("g", Measure::Mass, 1e6),
];

/// What makes a quantity one by weight.
const PER_KG: &[&str] = &["/kg", " per kg", " per kilogram", " for each kilogram", " a kilogram"];
/// What makes a quantity one in a volume.
const PER_ML: &[&str] = &["/mL", " per mL", " per millilitre", " in a millilitre", " a millilitre"];
/// Behind a unit these make it something else than a dose.
const NO_DOSE: &[&str] = &[
    "/L",
    "/dL",
    "/min",
    "/h",
    "/g",
    "/mm",
    "/cm",
    " per minute",
    " a minute",
    " per min",
    " per litre",
    " per hour",
    " an hour",
    " per decilitre",
    " per gram",
];
/// Between two numbers of which the second one carries the unit.
const LINKS: &[&str] = &[" to ", " or ", " and ", "-", "\u{2013}"];

/// The doses in `text`, in order.
#[must_use]
pub fn quantities(text: &str) -> Vec<Quantity> {
    let mut found = Vec::new();
    // Numbers that wait for the unit of the next one, with where the first of them begins.
    let mut waiting: Vec<f64> = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some((start, end, value)) = next_number(text, at) {
        if waiting.is_empty() {
            from = start;
        }
        waiting.push(value);
        at = end;
        let rest = &text[end..];
        let behind = rest.strip_prefix([' ', '\u{A0}']).unwrap_or(rest);
        if let Some((measure, size, unit)) = unit_at(behind) {
            let shown = &text[from..text.len() - behind.len() + unit];
            found.extend(waiting.drain(..).map(|value| Quantity {
                measure,
                value: value * size,
                shown: shown.to_owned(),
            }));
        } else if !LINKS
            .iter()
            .any(|link| rest.strip_prefix(link).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())))
        {
            waiting.clear();
        }
    }
    found
}

/// The next number at or behind `from`: its bytes and value. Digits inside a word ("B12") and ratios ("1:80,000") are none.
fn next_number(text: &str, from: usize) -> Option<(usize, usize, f64)> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_inside_number(bytes, at) {
            at += 1;
        }
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == ':' || c == '.') {
            continue;
        }
        if let Ok(value) = text[start..at].replace(',', "").parse() {
            return Some((start, at, value));
        }
    }
    None
}

/// Whether the byte at `at` belongs to the number before it: a digit, or a point or comma between digits.
fn is_inside_number(bytes: &[u8], at: usize) -> bool {
    bytes[at].is_ascii_digit() || matches!(bytes[at], b'.' | b',') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// The unit of a dose at the start of `text`: measure, size in the base unit, and its length in bytes.
fn unit_at(text: &str) -> Option<(Measure, f64, usize)> {
    let &(name, measure, size) = UNITS.iter().find(|(name, ..)| is_word(text, name))?;
    let rest = &text[name.len()..];
    let suffix =
        |suffixes: &[&'static str]| suffixes.iter().find(|suffix| is_word(rest, suffix)).map(|suffix| suffix.len());
    if let Some(length) = suffix(PER_KG) {
        let measure = match measure {
            Measure::Mass => Measure::MassPerKg,
            Measure::Volume => Measure::VolumePerKg,
            _ => Measure::ActivityPerKg,
        };
        return Some((measure, size, name.len() + length));
    }
    if let Some(length) = suffix(PER_ML) {
        let measure = match measure {
            Measure::Mass => Measure::MassPerMl,
            Measure::Activity => Measure::ActivityPerMl,
            _ => return None,
        };
        return Some((measure, size, name.len() + length));
    }
    suffix(NO_DOSE).is_none().then_some((measure, size, name.len()))
}

/// Whether `text` begins with `word` and goes on with something else than a letter or digit.
fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::check::tests::{DOSE, SOLUTION};
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<(Measure, f64)> {
        quantities(text).into_iter().map(|quantity| (quantity.measure, quantity.value)).collect()
    }

    #[test]
    fn doses_are_found() {
        use Measure::{Activity, ActivityPerMl, Mass, MassPerKg, MassPerMl, Volume, VolumePerKg};
        let cases: [(&str, &[(Measure, f64)]); 20] = [
            ("Give 500 mg.", &[(Mass, 5e5)]),
            ("Give 400 to 600 mg of it.", &[(Mass, 4e5), (Mass, 6e5)]),
            ("Give 1 g or 1,000 mg.", &[(Mass, 1e6), (Mass, 1e6)]),
            ("either 400 or 600 mg", &[(Mass, 4e5), (Mass, 6e5)]),
            ("At most 7 mg/kg and 500 mg in all.", &[(MassPerKg, 7e3), (Mass, 5e5)]),
            ("15 mg per kilogram of body weight", &[(MassPerKg, 15e3)]),
            ("0.1 mL/kg", &[(VolumePerKg, 0.1)]),
            ("a 2.2 mL cartridge of 20 mg/mL", &[(Volume, 2.2), (MassPerMl, 2e4)]),
            ("nystatin 100,000 units/mL", &[(ActivityPerMl, 1e5)]),
            ("10 units of insulin", &[(Activity, 10.0)]),
            ("500 mcg", &[(Mass, 500.0)]),
            ("eGFR below 30 mL/min", &[]),
            ("a flow of 0.1 mL per minute", &[]),
            ("glucose of 70 mg/dL or 4 mmol/L", &[]),
            ("adrenaline 1:80,000 with 5 mm and 3 days", &[]),
            ("vitamin B12 mg", &[]),
            ("in 2 to 3 days give 5 mg", &[(Mass, 5e3)]),
            ("3 doses and 500 mg", &[(Mass, 5e5)]),
            ("5 grammar points", &[]),
            ("2 % gel, 5 g", &[(Mass, 5e6)]),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(quantities("from 400 to 600 mg/kg a day")[1].shown, "400 to 600 mg/kg");
    }

    #[test]
    fn a_records_numbers_are_its_quantities() {
        let has = |json: &str, text: &str| {
            let record: Record = serde_json::from_str(json).expect(json);
            quantities(text).iter().all(|asked| record.quantities().iter().any(|own| own.equals(asked)))
        };
        assert!(has(DOSE, "0.5 to 1 g, at most 3 g"));
        assert!(!has(DOSE, "750 mg"));
        assert!(!has(DOSE, "500 mg/kg"));
        assert!(has(SOLUTION, "4.4 mg/kg, 300 mg, 44 mg, 2.2 mL, 20 mg/mL, 27.5 mcg"));
        assert!(!has(SOLUTION, "36 mg"));
    }

    proptest! {
        /// Never a panic; and an amount is found however it stands among other words.
        #[test]
        fn any_text(before in "\\PC{0,20}", value in 1_u32..100_000, after in "\\PC{0,20}") {
            let _ = quantities(&format!("{before}{value} mg{after}"));
            let text = format!("{before} ; {value} mg ; {after}");
            let expected = f64::from(value) * 1e3;
            prop_assert!(quantities(&text).iter().any(|found| found.measure == Measure::Mass && found.value.to_bits() == expected.to_bits()));
        }
    }
}
