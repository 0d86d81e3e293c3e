//! Records that are well-formed but cannot be meant.

use super::facts::{Ages, Comparison, Facts, Limit, LocalAnaesthetic, Vasoconstrictor};
use super::number::Number;
use super::{Amount, Dose, Record};
use crate::text::sentences::sentences;
use crate::text::whitespace::collapse;

/// The longest course of a drug, in days.
const MAX_DAYS: f64 = 366.0;
/// The longest time between two doses, in hours: four weeks.
const MAX_INTERVAL_HOURS: f64 = 672.0;
/// The most doses a day.
const MAX_TIMES_PER_DAY: f64 = 12.0;
/// How far a product of two rounded numbers may lie from the rounded number that is given for it.
const PRODUCT_TOLERANCE: f64 = 0.03;

/// Words of a route by which the clinician gives a drug at a visit, so that no interval is needed.
const AT_A_VISIT: &[&str] = &[
    "topical",
    "subgingival",
    "applied",
    "application",
    "dental",
    "intracanal",
    "varnish",
    "inject",
    "intravenous",
    "intramuscular",
    "submucosal",
    "intranasal",
    "inhal",
    "buccal",
    "oromucosal",
];
/// Words that say a dose is given once.
const ONCE: &[&str] =
    &["single dose", "single application", "once", "one dose", "stat", "before the procedure", "first dose"];

/// Why a record cannot be meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// A text that says nothing.
    #[error("`{field}` is empty; fill it or, where the format allows it, write null")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A text with line breaks, double spaces or invisible characters.
    #[error("`{field}` holds line breaks, repeated or invisible white space; write it as one line")]
    NotOneLine {
        /// The field.
        field: &'static str,
    },
    /// An amount of nothing.
    #[error("`{field}` is {found}, it must be above 0; correct it")]
    NotPositive {
        /// The field.
        field: &'static str,
        /// The number.
        found: Number,
    },
    /// A range that does not go up.
    #[error(
        "`{field}` goes from {low} to {high}; write the lower number first, or null for `high` if it is one number"
    )]
    Range {
        /// The field.
        field: &'static str,
        /// Its lower end.
        low: Number,
        /// Its upper end.
        high: Number,
    },
    /// More than anyone means.
    #[error("`{field}` is {found}, at most {limit} is taken; correct it")]
    TooMuch {
        /// The field.
        field: &'static str,
        /// The number.
        found: Number,
        /// The limit.
        limit: f64,
    },
    /// A unit that does not go with body weight.
    #[error("`{field}` is in `{unit}` per kilogram; only mg, mcg, g, mL and units go by weight")]
    NotByWeight {
        /// The field.
        field: &'static str,
        /// The unit.
        unit: &'static str,
    },
    /// A dose above its own maximum.
    #[error("`dose` {dose} is above `{field}` {limit}; correct one of them")]
    AboveMaximum {
        /// The dose as shown.
        dose: String,
        /// The field of the maximum.
        field: &'static str,
        /// The maximum as shown.
        limit: String,
    },
    /// A child's weight-based dose without a ceiling.
    #[error("`dose` is per kilogram and there is neither `max_single` nor `max_day`; give the ceiling")]
    NoCeiling,
    /// Nobody knows how often.
    #[error(
        "neither `interval_hours` nor `times_per_day` is given; give one, or say \"single dose\" in `indication` or `cautions`"
    )]
    NoFrequency,
    /// More doses than a day has room for.
    #[error(
        "{times} doses a day every {hours} hours make more than 24 hours; correct `times_per_day` or `interval_hours`"
    )]
    DayTooShort {
        /// Doses a day.
        times: Number,
        /// Hours between them.
        hours: Number,
    },
    /// Two numbers and their product do not agree.
    #[error("`{field}` is {found}, the other fields make it {expected:.2}; correct the one that is wrong")]
    Product {
        /// The field.
        field: &'static str,
        /// What it says.
        found: Number,
        /// What follows from the others.
        expected: f64,
    },
    /// A vasoconstrictor in one field and none in another.
    #[error("`vasoconstrictor` and `vasoconstrictor_mcg_per_cartridge` do not belong together; give both or neither")]
    Vasoconstrictor,
    /// A table without rows.
    #[error("`entries` is empty; a {what} has at least one")]
    NoEntries {
        /// The type of the record.
        what: &'static str,
    },
    /// A range without its end, or an end without a range.
    #[error("`comparison` is \"range\" if and only if `high` is a number (entry {entry}); correct one of them")]
    HighWithoutRange {
        /// The entry, counted from 1.
        entry: usize,
    },
    /// The same entry again.
    #[error("the entry `{label}` stands there twice with the same criteria; take one out")]
    DuplicateEntry {
        /// The name.
        label: String,
    },
    /// A line that is cut into several sentences, or does not read as one.
    #[error("its line `{line}` reads as {found} sentences; leave full stops out of the short texts, use semicolons")]
    NotOneSentence {
        /// The line.
        line: String,
        /// How many sentences it is.
        found: usize,
    },
}

impl Record {
    /// Refuses what cannot be meant. A record that passes can be shown.
    pub fn check(&self) -> Result<(), RecordError> {
        text("source.organisation", &self.source.organisation)?;
        text("source.title", &self.source.title)?;
        match &self.facts {
            Facts::Dose(dose) => check_dose(dose)?,
            Facts::LocalAnaesthetic(solution) => check_solution(solution)?,
            Facts::Prophylaxis(regimen) => {
                check_drug(&regimen.drug, &regimen.indication, &regimen.route, regimen.age_years)?;
                text("timing", &regimen.timing)?;
                check_amounts(&regimen.indication, &regimen.dose, regimen.max_single, regimen.max_day, None)?;
                texts("interactions", &regimen.interactions)?;
                texts("cautions", &regimen.cautions)?;
            }
            Facts::EmergencyDrug(drug) => {
                check_drug(&drug.drug, &drug.indication, &drug.route, drug.age_years)?;
                drug.dose.check("dose")?;
                optional("concentration", drug.concentration.as_deref())?;
                optional("repeat", drug.repeat.as_deref())?;
                texts("cautions", &drug.cautions)?;
            }
            Facts::Classification(table) => {
                text("name", &table.name)?;
                distinct(
                    "classification",
                    table.entries.iter().map(|class| (class.label.as_str(), class.criteria.as_str())),
                )?;
                for class in &table.entries {
                    text("label", &class.label)?;
                    text("criteria", &class.criteria)?;
                }
            }
            Facts::Threshold(table) => {
                text("name", &table.name)?;
                if table.entries.is_empty() {
                    return Err(RecordError::NoEntries { what: "threshold" });
                }
                for (index, limit) in table.entries.iter().enumerate() {
                    check_limit(index + 1, limit)?;
                }
            }
        }
        for line in self.lines() {
            let found = sentences(&line).len();
            if found != 1 {
                return Err(RecordError::NotOneSentence { line, found });
            }
        }
        Ok(())
    }
}

fn check_dose(dose: &Dose) -> Result<(), RecordError> {
    check_drug(&dose.drug, &dose.indication, &dose.route, dose.age_years)?;
    for (field, value) in [("renal", &dose.renal), ("hepatic", &dose.hepatic), ("pregnancy", &dose.pregnancy)] {
        optional(field, value.as_deref())?;
    }
    texts("interactions", &dose.interactions)?;
    texts("cautions", &dose.cautions)?;
    within("interval_hours", dose.interval_hours, MAX_INTERVAL_HOURS)?;
    within("times_per_day", dose.times_per_day, MAX_TIMES_PER_DAY)?;
    check_amounts(&dose.indication, &dose.dose, dose.max_single, dose.max_day, dose.times_per_day)?;
    if let Some((low, high)) = dose.duration_days {
        within("duration_days", Some(low), MAX_DAYS)?;
        within("duration_days", Some(high), MAX_DAYS)?;
        if high < low {
            return Err(RecordError::Range { field: "duration_days", low, high });
        }
    }
    match (dose.times_per_day, dose.interval_hours) {
        (Some(times), Some(hours)) if times.get() * hours.get() > 24.0 => {
            Err(RecordError::DayTooShort { times, hours })
        }
        (None, None) if !(is_given_at_a_visit(dose) || is_given_once(dose)) => Err(RecordError::NoFrequency),
        _ => Ok(()),
    }
}

/// Whether the clinician gives it.
pub(super) fn is_given_at_a_visit(dose: &Dose) -> bool {
    let route = dose.route.to_lowercase();
    AT_A_VISIT.iter().any(|word| route.contains(word))
}

fn is_given_once(dose: &Dose) -> bool {
    let texts = dose.cautions.iter().chain([&dose.indication, &dose.route]);
    texts.map(|text| text.to_lowercase()).any(|text| ONCE.iter().any(|word| text.contains(word)))
}

fn check_drug(drug: &str, indication: &str, route: &str, ages: Option<Ages>) -> Result<(), RecordError> {
    text("drug", drug)?;
    text("indication", indication)?;
    text("route", route)?;
    match ages {
        Some(Ages { from: Some(low), below: Some(high) }) if high <= low => {
            Err(RecordError::Range { field: "age_years", low, high })
        }
        _ => Ok(()),
    }
}

fn check_amounts(
    indication: &str,
    dose: &Amount,
    max_single: Option<Amount>,
    max_day: Option<Amount>,
    times: Option<Number>,
) -> Result<(), RecordError> {
    dose.check("dose")?;
    for (field, limit, doses) in
        [("max_single", max_single, 1.0), ("max_day", max_day, 1.0_f64.max(times_or_one(times)))]
    {
        let Some(limit) = limit else { continue };
        limit.check(field)?;
        let same = limit.unit == dose.unit && limit.per_kg == dose.per_kg;
        // The upper end of a range may exceed the day's limit when it is taken at every dose; the lower end may not.
        let asked = if field == "max_single" { dose.high.unwrap_or(dose.low) } else { dose.low };
        let most = limit.high.unwrap_or(limit.low);
        if same && asked.get() * doses > most.get() * (1.0 + PRODUCT_TOLERANCE) {
            return Err(RecordError::AboveMaximum { dose: dose.to_string(), field, limit: limit.to_string() });
        }
    }
    // "body weight under 8 kg" is a ceiling, too.
    if dose.per_kg && max_single.is_none() && max_day.is_none() && !indication.contains(" kg") {
        return Err(RecordError::NoCeiling);
    }
    Ok(())
}

fn times_or_one(times: Option<Number>) -> f64 {
    times.map_or(1.0, Number::get)
}

fn check_solution(solution: &LocalAnaesthetic) -> Result<(), RecordError> {
    text("drug", &solution.drug)?;
    texts("cautions", &solution.cautions)?;
    for (field, number) in [
        ("concentration_percent", Some(solution.concentration_percent)),
        ("mg_per_ml", Some(solution.mg_per_ml)),
        ("cartridge_ml", Some(solution.cartridge_ml)),
        ("mg_per_cartridge", Some(solution.mg_per_cartridge)),
        ("max_mg_per_kg", Some(solution.max_mg_per_kg)),
        ("absolute_max_mg", solution.absolute_max_mg),
    ] {
        if let Some(found) = number.filter(|number| !number.is_positive()) {
            return Err(RecordError::NotPositive { field, found });
        }
    }
    let millilitres = solution.cartridge_ml.get();
    product("mg_per_ml", solution.mg_per_ml, solution.concentration_percent.get() * 10.0)?;
    product("mg_per_cartridge", solution.mg_per_cartridge, solution.mg_per_ml.get() * millilitres)?;
    match (&solution.vasoconstrictor, solution.vasoconstrictor_mcg_per_cartridge) {
        (Some(Vasoconstrictor { ratio: Some(ratio), .. }), Some(found)) if ratio.is_positive() => {
            product("vasoconstrictor_mcg_per_cartridge", found, 1e6 / ratio.get() * millilitres)
        }
        (Some(Vasoconstrictor { ratio: Some(found), .. }), Some(_)) => {
            Err(RecordError::NotPositive { field: "vasoconstrictor.ratio", found: *found })
        }
        (Some(Vasoconstrictor { ratio: None, .. }), _) | (None, None) => Ok(()),
        (Some(_), None) | (None, Some(_)) => Err(RecordError::Vasoconstrictor),
    }
}

fn product(field: &'static str, found: Number, expected: f64) -> Result<(), RecordError> {
    if (found.get() - expected).abs() > expected * PRODUCT_TOLERANCE {
        return Err(RecordError::Product { field, found, expected });
    }
    Ok(())
}

fn check_limit(entry: usize, limit: &Limit) -> Result<(), RecordError> {
    text("condition", &limit.condition)?;
    if !limit.action.is_empty() {
        text("action", &limit.action)?;
    }
    match (limit.comparison, limit.high) {
        (Comparison::Range, Some(high)) if high <= limit.value => {
            Err(RecordError::Range { field: "value", low: limit.value, high })
        }
        (Comparison::Range, None) => Err(RecordError::HighWithoutRange { entry }),
        (comparison, Some(_)) if comparison != Comparison::Range => Err(RecordError::HighWithoutRange { entry }),
        _ => Ok(()),
    }
}

fn distinct<'a>(what: &'static str, entries: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), RecordError> {
    let mut seen = std::collections::BTreeSet::new();
    for (label, criteria) in entries {
        if !seen.insert((label, criteria)) {
            return Err(RecordError::DuplicateEntry { label: label.to_owned() });
        }
    }
    if seen.is_empty() { Err(RecordError::NoEntries { what }) } else { Ok(()) }
}

fn within(field: &'static str, number: Option<Number>, limit: f64) -> Result<(), RecordError> {
    match number {
        Some(found) if !found.is_positive() => Err(RecordError::NotPositive { field, found }),
        Some(found) if found.get() > limit => Err(RecordError::TooMuch { field, found, limit }),
        _ => Ok(()),
    }
}

fn texts(field: &'static str, values: &[String]) -> Result<(), RecordError> {
    values.iter().try_for_each(|value| text(field, value))
}

fn optional(field: &'static str, value: Option<&str>) -> Result<(), RecordError> {
    value.map_or(Ok(()), |value| text(field, value))
}

fn text(field: &'static str, value: &str) -> Result<(), RecordError> {
    if value.trim().is_empty() {
        Err(RecordError::Empty { field })
    } else if collapse(value) != value || value.chars().any(char::is_control) {
        Err(RecordError::NotOneLine { field })
    } else {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const DOSE: &str = r#"{"id":"rec-pharm-001","type":"dose","discipline":"pharm","region":"UK","source":{"organisation":"FGDP","title":"Antimicrobial prescribing","year":2020},"reviewed":null,"drug":"amoxicillin","indication":"a dental abscess with fever","population":"adult","age_years":null,"route":"oral","dose":{"low":500,"high":1000,"unit":"mg","per_kg":false},"max_single":null,"max_day":{"low":3000,"high":null,"unit":"mg","per_kg":false},"interval_hours":8,"times_per_day":3,"duration_days":[5,5],"renal":null,"hepatic":null,"pregnancy":"suitable","interactions":["warfarin, check the INR"],"cautions":["not in penicillin allergy"]}"#;
    pub(crate) const SOLUTION: &str = r#"{"id":"rec-la-001","type":"local_anaesthetic","discipline":"la","region":"UK","source":{"organisation":"Malamed","title":"Handbook of Local Anesthesia","year":2019},"reviewed":null,"drug":"lidocaine","concentration_percent":2,"vasoconstrictor":{"drug":"adrenaline (epinephrine)","ratio":80000},"mg_per_ml":20,"cartridge_ml":2.2,"mg_per_cartridge":44,"max_mg_per_kg":4.4,"absolute_max_mg":300,"vasoconstrictor_mcg_per_cartridge":27.5,"population":"adult","cautions":[]}"#;
    pub(crate) const PROPHYLAXIS: &str = r#"{"id":"rec-medcomp-001","type":"prophylaxis","discipline":"medcomp","region":"US","source":{"organisation":"AHA","title":"Prevention of endocarditis","year":2021},"reviewed":null,"drug":"amoxicillin","indication":"prevention of infective endocarditis","population":"child","age_years":null,"route":"oral","dose":{"low":50,"high":null,"unit":"mg","per_kg":true},"max_single":{"low":2000,"high":null,"unit":"mg","per_kg":false},"max_day":null,"timing":"30 to 60 minutes before the procedure","renal":null,"hepatic":null,"pregnancy":null,"interactions":[],"cautions":[]}"#;
    pub(crate) const EMERGENCY: &str = r#"{"id":"rec-emerg-001","type":"emergency_drug","discipline":"emerg","region":"UK","source":{"organisation":"Resuscitation Council UK","title":"Anaphylaxis","year":2021},"reviewed":null,"drug":"adrenaline (epinephrine)","indication":"anaphylaxis","population":"child","age_years":{"from":0.5,"below":6},"route":"into the thigh muscle","dose":{"low":150,"high":null,"unit":"mcg","per_kg":false},"concentration":"1 mg/mL, 0.15 mL","repeat":"repeat after 5 minutes if there is no improvement.","cautions":[]}"#;
    pub(crate) const CLASSIFICATION: &str = r#"{"id":"rec-perio-001","type":"classification","discipline":"perio","region":"international","source":{"organisation":"EFP","title":"2017 classification","year":2018},"reviewed":null,"name":"Periodontitis stage","entries":[{"label":"Stage I","criteria":"interdental attachment loss of 1 to 2 mm"},{"label":"Stage II","criteria":"interdental attachment loss of 3 to 4 mm"}]}"#;
    pub(crate) const THRESHOLD: &str = r#"{"id":"rec-medcomp-002","type":"threshold","discipline":"medcomp","region":"UK","source":{"organisation":"SDCEP","title":"Anticoagulants","year":2022},"reviewed":null,"name":"INR before an extraction","entries":[{"condition":"warfarin","value":4.0,"unit":"","comparison":"below","high":null,"action":"go on with local measures"},{"condition":"healing","value":7,"unit":"days","comparison":"range","high":14,"action":"review"}]}"#;

    fn check(json: &str) -> Result<(), RecordError> {
        serde_json::from_str::<Record>(json).expect(json).check()
    }

    #[test]
    fn the_examples_pass() {
        for json in [DOSE, SOLUTION, PROPHYLAXIS, EMERGENCY, CLASSIFICATION, THRESHOLD] {
            assert_eq!(check(json), Ok(()));
        }
    }

    #[test]
    fn what_cannot_be_meant() {
        let cases = [
            (DOSE, r#""drug":"amoxicillin""#, r#""drug":" ""#, "`drug` is empty"),
            (DOSE, r#""drug":"amoxicillin""#, r#""drug":"amoxi\ncillin""#, "`drug` holds line breaks"),
            (DOSE, r#""pregnancy":"suitable""#, r#""pregnancy":"""#, "`pregnancy` is empty"),
            (DOSE, r#""low":500,"#, r#""low":0,"#, "`dose` is 0"),
            (DOSE, r#""high":1000,"#, r#""high":400,"#, "`dose` goes from 500 to 400"),
            (DOSE, r#""low":3000,"#, r#""low":1200,"#, "`dose` 500 to 1,000 mg is above `max_day` 1,200 mg"),
            (
                DOSE,
                r#""max_single":null"#,
                r#""max_single":{"low":750,"high":null,"unit":"mg","per_kg":false}"#,
                "above `max_single` 750 mg",
            ),
            (DOSE, r#""interval_hours":8"#, r#""interval_hours":12"#, "3 doses a day every 12 hours"),
            (DOSE, r#""interval_hours":8"#, r#""interval_hours":0"#, "`interval_hours` is 0"),
            (DOSE, r#""times_per_day":3"#, r#""times_per_day":50"#, "`times_per_day` is 50, at most 12"),
            (
                DOSE,
                r#""interval_hours":8,"times_per_day":3"#,
                r#""interval_hours":null,"times_per_day":null"#,
                "neither `interval_hours` nor `times_per_day`",
            ),
            (DOSE, r#""duration_days":[5,5]"#, r#""duration_days":[5,3]"#, "`duration_days` goes from 5 to 3"),
            (DOSE, r#""duration_days":[5,5]"#, r#""duration_days":[5,500]"#, "`duration_days` is 500, at most 366"),
            (DOSE, r#""age_years":null"#, r#""age_years":{"from":12,"below":6}"#, "`age_years` goes from 12 to 6"),
            (DOSE, "a dental abscess with fever", "pain. Then an abscess", "reads as 2 sentences"),
            (
                PROPHYLAXIS,
                r#""max_single":{"low":2000,"high":null,"unit":"mg","per_kg":false}"#,
                r#""max_single":null"#,
                "neither `max_single` nor `max_day`",
            ),
            (SOLUTION, r#""mg_per_ml":20"#, r#""mg_per_ml":2"#, "`mg_per_ml` is 2, the other fields make it 20"),
            (SOLUTION, r#""mg_per_cartridge":44"#, r#""mg_per_cartridge":36"#, "make it 44"),
            (SOLUTION, r#""ratio":80000"#, r#""ratio":100000"#, "make it 22"),
            (SOLUTION, r#""ratio":80000"#, r#""ratio":0"#, "`vasoconstrictor.ratio` is 0"),
            (SOLUTION, r#"_per_cartridge":27.5"#, r#"_per_cartridge":null"#, "give both or neither"),
            (SOLUTION, r#""max_mg_per_kg":4.4"#, r#""max_mg_per_kg":-1"#, "`max_mg_per_kg` is -1"),
            (
                CLASSIFICATION,
                r#"{"label":"Stage II","criteria":"interdental attachment loss of 3 to 4 mm"}"#,
                r#"{"label":"Stage I","criteria":"interdental attachment loss of 1 to 2 mm"}"#,
                "the entry `Stage I` stands there twice",
            ),
            (THRESHOLD, r#""high":14"#, r#""high":null"#, "if and only if `high` is a number (entry 2)"),
            (THRESHOLD, r#""high":14"#, r#""high":5"#, "`value` goes from 7 to 5"),
            (THRESHOLD, r#""comparison":"below","high":null"#, r#""comparison":"below","high":5"#, "(entry 1)"),
            (THRESHOLD, r#""action":"review""#, r#""action":" ""#, "`action` is empty"),
        ];
        for (json, from, to, expected) in cases {
            let altered = json.replacen(from, to, 1);
            assert_ne!(altered, json, "{from} is not in the example");
            let message = check(&altered).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn one_dose_needs_no_interval() {
        let without =
            DOSE.replace(r#""interval_hours":8,"times_per_day":3"#, r#""interval_hours":null,"times_per_day":null"#);
        for (from, to) in [
            (r#""route":"oral""#, r#""route":"topical""#),
            ("not in penicillin allergy", "single dose only"),
            ("a dental abscess with fever", "a dental abscess, given once"),
        ] {
            assert_eq!(check(&without.replace(from, to)), Ok(()), "{to}");
        }
    }
}
