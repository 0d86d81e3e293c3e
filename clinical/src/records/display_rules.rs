//! The display rules of the Institute for Safe Medication Practices, over every line and remark of every record of `data/`.

use std::path::Path;

use super::Record;

/// Units that stand behind a number with a space between.
const UNITS: &[&str] = &["mg", "mcg", "g", "mL", "units", "kg", "ppm", "mmol", "mm", "cm", "%"];
/// Short forms that are misread: "U" as 0, "µg" as mg, "q8h", "bid".
const MISREAD: &[&str] = &[
    "µg", "μg", "ug", "U", "IU", "iu", "cc", "ml", "q4h", "q6h", "q8h", "q12h", "bid", "tid", "qid", "tds", "qds",
    "bd", "od", "prn", "hs", "qd", "MgSO4", "Mg", "MG", "gm",
];

fn shown() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/records");
    let mut shown = Vec::new();
    for entry in std::fs::read_dir(folder).expect("data/records") {
        let text = std::fs::read_to_string(entry.expect("a file").path()).expect("text");
        for line in text.lines() {
            let record: Record = serde_json::from_str(line).expect(line);
            let row = record.row().map(|row| [Some(row.dose), row.frequency, row.duration, row.maximum]);
            let columns = row.into_iter().flatten().flatten();
            shown.extend(
                record.lines().into_iter().chain(record.remarks()).chain(columns).map(|text| (record.id.clone(), text)),
            );
        }
    }
    shown
}

/// What breaks a rule in `text`.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for token in text.split(|c: char| c.is_whitespace() || "();".contains(c)) {
        let token = token.trim_end_matches(['.', ',', ':']);
        if MISREAD.contains(&token) {
            faults.push(format!("`{token}` is misread"));
        }
        let number: String = token.chars().take_while(|c| c.is_ascii_digit() || *c == '.' || *c == ',').collect();
        let unit = &token[number.len()..];
        if token.starts_with('.') && number.len() > 1 {
            faults.push(format!("`{token}` has no leading zero"));
        }
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            if number.split_once('.').is_some_and(|(_, decimals)| decimals.ends_with('0')) {
                faults.push(format!("`{token}` has a trailing zero"));
            }
            if UNITS.contains(&unit.split('/').next().unwrap_or_default()) && !unit.is_empty() {
                faults.push(format!("`{token}` has no space before its unit"));
            }
            let whole = number.split('.').next().unwrap_or_default();
            // Four digits without a comma are a year.
            let is_year = whole.len() == 4 && (whole.starts_with("19") || whole.starts_with("20"));
            if unit.is_empty() && whole.len() >= 4 && !whole.contains(',') && !is_year {
                faults.push(format!("`{token}` has no comma in its thousands"));
            }
        }
    }
    faults
}

#[test]
fn every_record_keeps_them() {
    let shown = shown();
    assert!(shown.len() > 1_000, "only {} texts", shown.len());
    let broken: Vec<String> = (shown.iter())
        .flat_map(|(id, text)| faults(text).into_iter().map(move |fault| format!("{id}: {fault} in `{text}`")))
        .collect();
    assert!(broken.is_empty(), "{} faults:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn each_rule_is_noticed() {
    for (text, fault) in [
        ("give .5 mg", "no leading zero"),
        ("give 5.0 mg", "trailing zero"),
        ("give 5mg", "no space before"),
        ("give 10000 units", "no comma"),
        ("give 10 U", "misread"),
        ("give 5 µg", "misread"),
        ("give 1 g bid", "misread"),
    ] {
        let found = faults(text);
        assert!(found.len() == 1 && found[0].contains(fault), "{text}: {found:?}");
    }
    assert_eq!(faults("0.5 mg, 1,000 mg; 5 mg/kg (2018), 10,000 units."), Vec::<String>::new());
}
