//! How numbers are shown (ISMP): leading zero, no trailing zero, a space before the unit, `mcg`, `mL` and `units`, commas in
//! thousands, `to` in ranges, no Latin.

use crate::data::findings::{Findings, Place};

/// Units that stand behind a number with a space between.
const UNITS: &[&str] = &[
    "%", "mg", "mcg", "g", "kg", "mL", "dL", "L", "mm", "cm", "nm", "ppm", "mmol", "mmHg", "mSv", "kV", "mA", "units",
    "days", "weeks", "months", "years", "hours", "minutes", "seconds", "mg/kg", "mcg/kg", "mL/kg", "mg/mL", "L/min",
];

/// What is written otherwise: as it must not stand behind a number, and as it is shown.
const OTHERWISE: &[(&str, &str)] = &[
    ("µg", "mcg"),
    ("μg", "mcg"),
    ("ug", "mcg"),
    ("mcgs", "mcg"),
    ("mgs", "mg"),
    ("gm", "g"),
    ("gms", "g"),
    ("ml", "mL"),
    ("mls", "mL"),
    ("mLs", "mL"),
    ("cc", "mL"),
    ("ml/min", "mL/min"),
    ("mg/ml", "mg/mL"),
    ("IU", "units"),
    ("iu", "units"),
    ("U", "units"),
    ("u", "units"),
    ("percent", "%"),
    ("pct", "%"),
    ("hrs", "hours"),
    ("yrs", "years"),
    ("wks", "weeks"),
    ("mins", "minutes"),
    ("secs", "seconds"),
];

/// Latin of prescriptions, which is misread.
const LATIN: &[&str] = &[
    "bid", "b.i.d", "tid", "t.i.d", "tds", "t.d.s", "qid", "q.i.d", "qds", "q.d.s", "qd", "qod", "prn", "p.r.n", "bd",
    "b.d", "od", "o.d", "po", "p.o", "q4h", "q6h", "q8h", "q12h",
];

/// Checks one shown text.
pub(super) fn check(what: &str, text: &str, place: &Place, findings: &mut Findings) {
    for fault in faults(text) {
        findings.error(place, "display", format!("{what}: {fault}"));
    }
}

/// What is wrong with the numbers of `text`, each with the remedy.
fn faults(text: &str) -> Vec<String> {
    let tokens: Vec<&str> = text.split_whitespace().map(bare).collect();
    let mut faults = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index)).copied().unwrap_or_default();
        let after = tokens.get(index + 1).copied().unwrap_or_default();
        if let Some(fault) = fault(token, before, after) {
            faults.push(fault);
        }
    }
    faults
}

fn fault(token: &str, before: &str, after: &str) -> Option<String> {
    if token.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return Some(format!("`{token}` has no leading zero; write `0{token}`"));
    }
    if LATIN.contains(&token.to_lowercase().as_str()) && token.to_lowercase() == *token {
        return Some(format!("`{token}` is misread; write it in words, such as `twice a day`"));
    }
    let is_number = is_number(before);
    if let Some((_, shown)) = OTHERWISE.iter().find(|(written, _)| *written == token).filter(|_| is_number) {
        return Some(format!("`{before} {token}`; write `{before} {shown}`"));
    }
    if is_number && token == "per" && after == "cent" {
        return Some(format!("`{before} per cent`; write `{before} %`"));
    }
    let digits = token.len() - token.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')).len();
    let (number, rest) = token.split_at(digits);
    let number = number.trim_end_matches(['.', ',']);
    if number.is_empty() {
        return None;
    }
    if UNITS.contains(&rest) || OTHERWISE.iter().any(|(written, _)| *written == rest && rest.len() > 1) {
        return Some(format!("`{token}` has no space before its unit; write `{number} {rest}`"));
    }
    if let Some(end) = rest.strip_prefix(['-', '\u{2013}', '\u{2014}']).filter(|end| is_number_start(end)) {
        // Sutures are sized 3-0 and 4-0.
        return (end != "0").then(|| format!("`{token}` reads as a minus; write `{number} to {end}`"));
    }
    if !rest.is_empty() {
        return None;
    }
    if number.contains('.') && number.ends_with('0') {
        let short = number.trim_end_matches('0').trim_end_matches('.');
        return Some(format!("`{number}` has a trailing zero; write `{short}`"));
    }
    let whole = number.split('.').next().unwrap_or_default();
    if whole.len() >= 4 && !whole.contains(',') && !is_year(whole, after) && !names_a_standard(before) {
        return Some(format!("`{number}` has no comma in thousands; write `{}`", grouped(number)));
    }
    None
}

/// The word without the punctuation around it; a leading point stays with its digits.
fn bare(word: &str) -> &str {
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '\u{201D}', '\u{2019}']);
    word.trim_start_matches(['(', '[', '"', '\'', '\u{201C}', '\u{2018}', '\u{2265}', '\u{2264}', '<', '>', '='])
}

fn is_number(token: &str) -> bool {
    is_number_start(token) && token.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
}

fn is_number_start(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn is_year(number: &str, after: &str) -> bool {
    number.len() == 4 && matches!(number.parse(), Ok(1900..=2099)) && !UNITS.contains(&after)
}

/// "ISO 13485", "EN 13060".
fn names_a_standard(before: &str) -> bool {
    before.len() >= 2 && before.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

fn grouped(number: &str) -> String {
    number
        .parse::<f64>()
        .ok()
        .and_then(|value| mambaformer_clinical::records::Number::try_from(value).ok())
        .map_or_else(|| number.to_owned(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_ismp_asks() {
        for good in [
            "Give 0.5 mg, 5 mg or 1,000 mg.",
            "Use lidocaine 2 % with adrenaline 1:80,000 and a 2.2 mL cartridge.",
            "Wait 3 to 5 days (or 12 weeks).",
            "Suture with 4-0 silk since 2019, as ISO 13485 asks.",
            "A 24-hour course for a 10-year-old at grade C in 2017.",
            "Vitamin B12, COVID-19, pH 5.5 and 10 mg/kg; eGFR below 30 mL/min.",
            "Type 1c.",
        ] {
            assert_eq!(faults(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn numbers_that_are_misread() {
        for (bad, expected) in [
            ("Give .5 mg.", "write `0.5`"),
            ("Give 5.0 mg.", "write `5`"),
            ("Use 0.50 % gel", "write `0.5`"),
            ("Give 5mg.", "write `5 mg`"),
            ("Use 2% gel.", "write `2 %`"),
            ("Use (2%).", "write `2 %`"),
            ("Give 5 µg of it.", "write `5 mcg`"),
            ("Give 5µg of it.", "no space before its unit"),
            ("Give 5 ml.", "write `5 mL`"),
            ("Give 5 IU of it.", "write `5 units`"),
            ("About 5 percent of them", "write `5 %`"),
            ("About 5 per cent of them", "write `5 %`"),
            ("Give 1000 mg.", "write `1,000`"),
            ("Use 2000 ppm.", "write `2,000`"),
            ("Use 1450 ppm.", "write `1,450`"),
            ("Wait 3-5 days.", "write `3 to 5`"),
            ("Wait 3–5 days.", "write `3 to 5`"),
            ("Give it tds.", "`tds` is misread"),
            ("Give it q8h, prn.", "`q8h` is misread"),
            ("Give 15mg/kg.", "write `15 mg/kg`"),
            ("Give 10 mg/ml.", "write `10 mg/mL`"),
        ] {
            let found = faults(bad).join(" ");
            assert!(found.contains(expected), "{bad}: {found:?}");
        }
    }
}
