//! The one way a record is shown: one line, or one for each entry of a table. Each line is one sentence.

use super::facts::{
    Ages, Comparison, Dose, EmergencyDrug, Facts, Limit, LocalAnaesthetic, Population, Prophylaxis, Vasoconstrictor,
};
use super::number::Number;
use super::{Amount, Record, Region, check};

/// Hours of a day.
const DAY: f64 = 24.0;

impl Record {
    /// The record as it is shown: one line for a drug or solution, one for each entry of a classification or threshold.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match &self.facts {
            Facts::Dose(dose) => vec![dose_line(dose, self.region)],
            Facts::LocalAnaesthetic(solution) => vec![solution_line(solution, self.region)],
            Facts::Prophylaxis(regimen) => vec![prophylaxis_line(regimen, self.region)],
            Facts::EmergencyDrug(drug) => vec![emergency_line(drug, self.region)],
            Facts::Classification(table) => {
                let name = placed(&table.name, self.region);
                let entry = |label: &str, criteria: &str| sentence(&format!("{name}, {label}: {criteria}"));
                table.entries.iter().map(|class| entry(&class.label, &class.criteria)).collect()
            }
            Facts::Threshold(table) => {
                let name = placed(&table.name, self.region);
                table.entries.iter().map(|limit| limit_line(&name, limit)).collect()
            }
        }
    }

    /// What a clinician must heed besides the line, each with its heading: "Pregnancy: avoid".
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let (flags, interactions, cautions): ([Option<&String>; 3], &[String], &[String]) = match &self.facts {
            Facts::Dose(dose) => (
                [dose.renal.as_ref(), dose.hepatic.as_ref(), dose.pregnancy.as_ref()],
                &dose.interactions,
                &dose.cautions,
            ),
            Facts::Prophylaxis(dose) => (
                [dose.renal.as_ref(), dose.hepatic.as_ref(), dose.pregnancy.as_ref()],
                &dose.interactions,
                &dose.cautions,
            ),
            Facts::LocalAnaesthetic(solution) => ([None; 3], &[], &solution.cautions),
            Facts::EmergencyDrug(drug) => ([None; 3], &[], &drug.cautions),
            Facts::Classification(_) | Facts::Threshold(_) => ([None; 3], &[], &[]),
        };
        let headings = ["Renal impairment", "Hepatic impairment", "Pregnancy"];
        let flagged = headings.into_iter().zip(flags).filter_map(|(heading, flag)| Some((heading, flag?)));
        flagged
            .chain(interactions.iter().map(|text| ("Interaction", text)))
            .chain(cautions.iter().map(|text| ("Caution", text)))
            .map(|(heading, text)| sentence(&format!("{heading}: {text}")))
            .collect()
    }
}

fn dose_line(dose: &Dose, region: Region) -> String {
    let head = head(&dose.drug, &dose.indication, dose.population, dose.age_years, region);
    let (route, amount, frequency) = (by_route(&dose.route), dose.dose, frequency(dose));
    let duration = optional(dose.duration_days, |(low, high)| format!(" for {}", range(low, high, "day")));
    let limits = limits(&dose.dose, dose.max_single, dose.max_day);
    sentence(&format!("{head}, {route}: {amount}{frequency}{duration}{limits}"))
}

fn prophylaxis_line(regimen: &Prophylaxis, region: Region) -> String {
    let head = head(&regimen.drug, &regimen.indication, regimen.population, regimen.age_years, region);
    let (route, limits) = (by_route(&regimen.route), limits(&regimen.dose, regimen.max_single, regimen.max_day));
    sentence(&format!("{head}, {route}: {}, {}{limits}", regimen.dose, regimen.timing))
}

fn emergency_line(drug: &EmergencyDrug, region: Region) -> String {
    let head = head(&drug.drug, &drug.indication, drug.population, drug.age_years, region);
    let concentration = optional(drug.concentration.as_ref(), |text| {
        // No brackets in brackets: "1 mg/mL (1 in 1,000)".
        if text.contains('(') { format!(", {text}") } else { format!(" ({text})") }
    });
    let repeat = optional(drug.repeat.as_ref(), |repeat| {
        let bare = ["after ", "every ", "once "].iter().any(|word| repeat.starts_with(word));
        format!("; {}{}", if bare { "repeat " } else { "" }, without_stop(repeat))
    });
    sentence(&format!("{head}, {}: {}{concentration}{repeat}", by_route(&drug.route), drug.dose))
}

fn solution_line(solution: &LocalAnaesthetic, region: Region) -> String {
    let LocalAnaesthetic { drug, concentration_percent, mg_per_ml, mg_per_cartridge, cartridge_ml, .. } = solution;
    let constrictor = solution.vasoconstrictor.as_ref();
    let with = optional(constrictor, |Vasoconstrictor { drug, ratio }| {
        format!(" with {drug}{}", optional(*ratio, |ratio| format!(" 1:{ratio}")))
    });
    let dose = optional(constrictor.zip(solution.vasoconstrictor_mcg_per_cartridge), |(constrictor, mcg)| {
        format!(" with {mcg} mcg of {}", constrictor.drug)
    });
    let (who, place) = (people(solution.population, None), place(region));
    let most = optional(solution.absolute_max_mg, |most| format!(" and {most} mg in all"));
    sentence(&format!(
        "{drug} {concentration_percent} %{with} in {who}{place}: {mg_per_ml} mg/mL, {mg_per_cartridge} mg in a \
         {cartridge_ml} mL cartridge{dose}; at most {} mg/kg{most}",
        solution.max_mg_per_kg
    ))
}

fn limit_line(name: &str, limit: &Limit) -> String {
    let unit = unit_of(limit);
    let value = match (limit.comparison, limit.high) {
        (Comparison::Range, Some(high)) => format!("{} to {high}", limit.value),
        (Comparison::Range | Comparison::Equal, _) => limit.value.to_string(),
        (Comparison::Below, _) => format!("below {}", limit.value),
        (Comparison::AtMost, _) => format!("at most {}", limit.value),
        (Comparison::AtLeast, _) => format!("at least {}", limit.value),
        (Comparison::Above, _) => format!("above {}", limit.value),
    };
    let action = if limit.action.is_empty() { String::new() } else { format!("; {}", limit.action) };
    sentence(&format!("{name}, {}: {value}{unit}{action}", limit.condition))
}

/// " years", " year" behind 1; nothing for a ratio.
fn unit_of(limit: &Limit) -> String {
    let is_word = limit.unit.bytes().all(|byte| byte.is_ascii_lowercase());
    let one = limit.value == Number::ONE && limit.high.is_none() && is_word;
    let unit = if one { limit.unit.trim_end_matches('s') } else { &limit.unit };
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

fn head(drug: &str, indication: &str, population: Population, ages: Option<Ages>, region: Region) -> String {
    let place = place(region);
    // "caries in adults" needs no "in an adult".
    if ages.is_none() && population != Population::All && indication.contains(population.noun()) {
        return format!("{drug} for {indication}{place}");
    }
    format!("{drug} for {indication} in {}{place}", people(population, ages))
}

/// "an adult", "a child aged 6 to under 12 years", "a patient aged 13 years or over".
pub(super) fn people(population: Population, ages: Option<Ages>) -> String {
    let Some(Ages { from, below }) = ages else { return whom(population).to_owned() };
    match (from, below) {
        (None, None) => whom(population).to_owned(),
        (Some(from), None) if population == Population::Adult && from.get() >= 16.0 && from.get() <= 18.0 => {
            whom(population).to_owned()
        }
        (from, below) => {
            // An "adult dose" from 12 or 13 years on is no dose for "an adult aged 13".
            let young = from.is_none_or(|from| from.get() < 18.0);
            let who = if population == Population::Adult && young { whom(Population::All) } else { whom(population) };
            format!("{who} {}", aged(from, below))
        }
    }
}

fn whom(population: Population) -> &'static str {
    match population {
        Population::Adult => "an adult",
        Population::Child => "a child",
        Population::All => "a patient",
    }
}

impl Population {
    /// The word by which a text names it.
    fn noun(self) -> &'static str {
        match self {
            Population::Adult => "adult",
            Population::Child => "child",
            Population::All => "patient",
        }
    }
}

fn aged(from: Option<Number>, below: Option<Number>) -> String {
    match (from, below) {
        (Some(from), Some(below)) if in_months(from) && !in_months(below) => {
            format!("aged {} to under {}", age(from), age(below))
        }
        (Some(from), Some(below)) if in_months(from) => {
            format!("aged {} to under {}", months(from), age(below))
        }
        (Some(from), Some(below)) => format!("aged {from} to under {}", age(below)),
        (Some(from), None) => format!("aged {} or over", age(from)),
        (None, Some(below)) => format!("under {}", age(below)),
        (None, None) => String::new(),
    }
}

/// Ages below two years that are no whole number of years are told in months.
fn in_months(age: Number) -> bool {
    age.get() < 2.0 && age.get().fract() != 0.0
}

fn months(age: Number) -> String {
    format!("{:.0}", age.get() * 12.0)
}

fn age(age: Number) -> String {
    if in_months(age) {
        let months = months(age);
        return format!("{months} month{}", if months == "1" { "" } else { "s" });
    }
    format!("{age} year{}", if age == Number::ONE { "" } else { "s" })
}

/// " (UK)"; nothing where it holds everywhere.
fn place(region: Region) -> String {
    if region == Region::International { String::new() } else { format!(" ({region})") }
}

/// The name of a table with its region, unless it names it already.
fn placed(name: &str, region: Region) -> String {
    if name.contains(&region.to_string()) {
        return name.to_owned();
    }
    match name.strip_suffix(')') {
        Some(open) if region != Region::International => format!("{open}, {region})"),
        _ => format!("{name}{}", place(region)),
    }
}

pub(super) fn by_route(route: &str) -> &str {
    if route.eq_ignore_ascii_case("oral") { "by mouth" } else { route }
}

/// " 3 times a day (every 8 hours)", " every 4 hours, at most 4 times a day".
pub(super) fn frequency(dose: &Dose) -> String {
    match (dose.times_per_day, dose.interval_hours) {
        (Some(times), Some(hours)) if times.get() * hours.get() < DAY => {
            format!(" {}, at most {} a day", every(hours), times_a(times))
        }
        (Some(times), Some(hours)) => format!(" {} a day ({})", times_a(times), every(hours)),
        (Some(times), None) => format!(" {} a day", times_a(times)),
        (None, Some(hours)) => format!(" {}", every(hours)),
        (None, None) if check::is_given_at_a_visit(dose) => String::new(),
        (None, None) => " as a single dose".to_owned(),
    }
}

fn times_a(times: Number) -> String {
    match times.to_string().as_str() {
        "1" => "once".to_owned(),
        "2" => "twice".to_owned(),
        times => format!("{times} times"),
    }
}

fn every(hours: Number) -> String {
    let days = hours.get() / DAY;
    match hours.to_string().as_str() {
        "1" => "every hour".to_owned(),
        "168" => "once a week".to_owned(),
        _ if days > 1.0 && days.fract() == 0.0 => format!("every {days:.0} days"),
        hours => format!("every {hours} hours"),
    }
}

pub(super) fn range(low: Number, high: Number, unit: &str) -> String {
    if low == high {
        format!("{low} {unit}{}", if low == Number::ONE { "" } else { "s" })
    } else {
        format!("{low} to {high} {unit}s")
    }
}

fn limits(dose: &Amount, max_single: Option<Amount>, max_day: Option<Amount>) -> String {
    // "1 drop; at most 1 drop at once" says one thing twice.
    let single = optional(max_single.filter(|limit| limit != dose), |limit| format!("; at most {limit} at once"));
    let day = optional(max_day, |limit| format!("; at most {limit} in 24 hours"));
    single + &day
}

/// What is shown of a field that may be absent.
fn optional<T>(value: Option<T>, shown: impl FnOnce(T) -> String) -> String {
    value.map(shown).unwrap_or_default()
}

/// Begins with a capital letter and ends with one full stop.
fn sentence(line: &str) -> String {
    let line = without_stop(line);
    let mut chars = line.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

fn without_stop(text: &str) -> &str {
    text.trim_end().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use crate::records::Record;
    use crate::records::check::tests::{CLASSIFICATION, DOSE, EMERGENCY, PROPHYLAXIS, SOLUTION, THRESHOLD};

    fn lines(json: &str) -> Vec<String> {
        serde_json::from_str::<Record>(json).expect(json).lines()
    }

    #[test]
    fn each_kind_has_its_line() {
        let cases: [(&str, &[&str]); 6] = [
            (
                DOSE,
                &[
                    "Amoxicillin for a dental abscess with fever in an adult (UK), by mouth: 500 to 1,000 mg 3 times a day (every 8 hours) for 5 days; at most 3,000 mg in 24 hours.",
                ],
            ),
            (
                SOLUTION,
                &[
                    "Lidocaine 2 % with adrenaline (epinephrine) 1:80,000 in an adult (UK): 20 mg/mL, 44 mg in a 2.2 mL cartridge with 27.5 mcg of adrenaline (epinephrine); at most 4.4 mg/kg and 300 mg in all.",
                ],
            ),
            (
                PROPHYLAXIS,
                &[
                    "Amoxicillin for prevention of infective endocarditis in a child (US), by mouth: 50 mg/kg, 30 to 60 minutes before the procedure; at most 2,000 mg at once.",
                ],
            ),
            (
                EMERGENCY,
                &[
                    "Adrenaline (epinephrine) for anaphylaxis in a child aged 6 months to under 6 years (UK), into the thigh muscle: 150 mcg (1 mg/mL, 0.15 mL); repeat after 5 minutes if there is no improvement.",
                ],
            ),
            (
                CLASSIFICATION,
                &[
                    "Periodontitis stage, Stage I: interdental attachment loss of 1 to 2 mm.",
                    "Periodontitis stage, Stage II: interdental attachment loss of 3 to 4 mm.",
                ],
            ),
            (
                THRESHOLD,
                &[
                    "INR before an extraction (UK), warfarin: below 4; go on with local measures.",
                    "INR before an extraction (UK), healing: 7 to 14 days; review.",
                ],
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(lines(json), expected);
        }
    }

    #[test]
    fn frequencies_ages_and_limits() {
        let cases = [
            (r#""interval_hours":8"#, r#""interval_hours":4"#, "mg every 4 hours, at most 3 times a day for"),
            (r#""interval_hours":8"#, r#""interval_hours":null"#, "mg 3 times a day for"),
            (r#""times_per_day":3"#, r#""times_per_day":null"#, "mg every 8 hours for"),
            (r#""interval_hours":8,"times_per_day":3"#, r#""interval_hours":null,"times_per_day":1"#, "mg once a day"),
            (
                r#""interval_hours":8,"times_per_day":3"#,
                r#""interval_hours":168,"times_per_day":null"#,
                "mg once a week",
            ),
            (r#""interval_hours":8,"times_per_day":3"#, r#""interval_hours":48,"times_per_day":null"#, "every 2 days"),
            (
                r#""interval_hours":8,"times_per_day":3"#,
                r#""interval_hours":null,"times_per_day":null"#,
                "mg as a single dose",
            ),
            (r#""duration_days":[5,5]"#, r#""duration_days":[1,1]"#, "for 1 day;"),
            (r#""duration_days":[5,5]"#, r#""duration_days":[3,5]"#, "for 3 to 5 days;"),
            (r#""age_years":null"#, r#""age_years":{"from":18,"below":null}"#, "in an adult (UK)"),
            (
                r#""age_years":null"#,
                r#""age_years":{"from":12,"below":null}"#,
                "in a patient aged 12 years or over (UK)",
            ),
            (
                r#""age_years":null"#,
                r#""age_years":{"from":65,"below":null}"#,
                "in an adult aged 65 years or over (UK)",
            ),
            (
                r#""adult","age_years":null"#,
                r#""child","age_years":{"from":0.25,"below":0.5}"#,
                "in a child aged 3 to under 6 months (UK)",
            ),
            (
                r#""adult","age_years":null"#,
                r#""child","age_years":{"from":1,"below":5}"#,
                "in a child aged 1 to under 5 years (UK)",
            ),
            (
                r#""adult","age_years":null"#,
                r#""child","age_years":{"from":null,"below":1}"#,
                "in a child under 1 year",
            ),
            (r#""region":"UK""#, r#""region":"international""#, "in an adult, by mouth"),
            ("abscess with fever", "abscess in adults", "for a dental abscess in adults (UK), by mouth"),
            (
                r#""max_single":null"#,
                r#""max_single":{"low":1500,"high":null,"unit":"mg","per_kg":false}"#,
                "; at most 1,500 mg at once; at most 3,000 mg in 24 hours",
            ),
            (
                r#""max_single":null"#,
                r#""max_single":{"low":500,"high":1000,"unit":"mg","per_kg":false}"#,
                "for 5 days; at most 3,000 mg in 24 hours",
            ),
        ];
        for (from, to, expected) in cases {
            let altered = DOSE.replacen(from, to, 1);
            assert_ne!(altered, DOSE, "{from} is not in the example");
            let line = lines(&altered).remove(0);
            assert!(line.contains(expected), "{line} has no `{expected}`");
        }
    }

    #[test]
    fn tables_are_placed_and_counted() {
        for (from, to, expected) in [
            (
                r#""name":"INR before an extraction""#,
                r#""name":"INR (warfarin)""#,
                "INR (warfarin, UK), warfarin: below 4;",
            ),
            (r#""name":"INR before an extraction""#, r#""name":"UK INR""#, "UK INR, warfarin: below 4;"),
            (r#""region":"UK""#, r#""region":"international""#, "INR before an extraction, warfarin: below 4;"),
            (r#""value":4.0,"unit":"""#, r#""value":1,"unit":"years""#, "warfarin: below 1 year;"),
            (r#""value":4.0,"unit":"""#, r#""value":1,"unit":"mmol/L""#, "warfarin: below 1 mmol/L;"),
            (r#""value":4.0,"unit":"""#, r#""value":2,"unit":"years""#, "warfarin: below 2 years;"),
            (r#""action":"go on with local measures""#, r#""action":"""#, "warfarin: below 4."),
        ] {
            let altered = THRESHOLD.replacen(from, to, 1);
            assert_ne!(altered, THRESHOLD, "{from} is not in the example");
            let line = lines(&altered).remove(0);
            assert!(line.contains(expected), "{line} has no `{expected}`");
        }
    }

    #[test]
    fn emergency_drugs_say_what_is_repeated() {
        for (from, to, expected) in [
            ("repeat after 5", "after 5", "0.15 mL); repeat after 5 minutes if"),
            ("repeat after 5 minutes if there is no improvement.", "not repeated", "0.15 mL); not repeated."),
            ("1 mg/mL, 0.15 mL", "1 mg/mL (1 in 1,000)", "150 mcg, 1 mg/mL (1 in 1,000); repeat"),
        ] {
            let altered = EMERGENCY.replacen(from, to, 1);
            assert_ne!(altered, EMERGENCY, "{from} is not in the example");
            let line = lines(&altered).remove(0);
            assert!(line.contains(expected), "{line} has no `{expected}`");
        }
    }

    #[test]
    fn remarks_have_headings() {
        let record: Record = serde_json::from_str(DOSE).expect("a record");
        assert_eq!(
            record.remarks(),
            ["Pregnancy: suitable.", "Interaction: warfarin, check the INR.", "Caution: not in penicillin allergy."]
        );
    }
}
