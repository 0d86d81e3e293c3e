//! Every dose of the records for children and by weight: calculated or refused for a reason, never above a maximum.

use uom::si::mass::milligram;
use uom::si::volume::milliliter;

use super::*;
use crate::records::Facts;

/// The doses and prophylactic doses that are for children, for all, or by weight.
fn of_children(records: &[Record]) -> impl Iterator<Item = &Record> {
    use crate::records::Population;
    records.iter().filter(|record| match &record.facts {
        Facts::Dose(dose) => dose.population != Population::Adult || dose.dose.per_kg,
        Facts::Prophylaxis(dose) => dose.population != Population::Adult || dose.dose.per_kg,
        _ => false,
    })
}

fn regimen<'a>(records: &'a [Record], id: &str) -> Regimen<'a> {
    let record = records.iter().find(|record| record.id == id).expect(id);
    Regimen::of(record, records).expect(id)
}

#[test]
fn every_record_is_read() {
    let records = records();
    let mut read = 0;
    for record in &records {
        match (Regimen::of(record, &records), &record.facts) {
            (Ok(_), Facts::Dose(_) | Facts::Prophylaxis(_)) => read += 1,
            (Err(DoseError::NotCalculable { reason, .. }), Facts::Dose(_) | Facts::Prophylaxis(_)) => {
                panic!("{}: {reason}", record.id)
            }
            (found, _) => assert!(found.is_err(), "{}", record.id),
        }
    }
    assert!(read > 200, "{read}");
}

#[test]
fn worked_examples() {
    let records = records();
    let cases = [
        // US acetaminophen 10 to 15 mg/kg, at most 5 doses: 75 mg/kg and the adult's 4,000 mg in 24 hours.
        ("rec-pharm-028", child(6.0, 20.0), "200 mg to 300 mg", None),
        ("rec-pharm-028", child(11.0, 65.0), "650 mg to 800 mg", Some("an adult has 4 g in 24 hours, rec-pharm-025")),
        // UK ibuprofen by age, but 30 mg/kg in 24 hours in three doses.
        ("rec-pharm-012", child(1.0, 10.0), "100 mg", None),
        ("rec-pharm-012", child(1.0, 7.0), "70 mg", Some("30 mg/kg in 24 hours")),
        // Prophylaxis 50 mg/kg, at most 2 g.
        ("rec-pharm-136", child(5.0, 23.0), "1,150 mg", None),
        ("rec-pharm-136", child(12.0, 50.0), "2,000 mg", Some("2 g at once")),
        // Bands of age and weight.
        ("rec-pharm-033", child(3.0, 14.0), "250 mg", None),
        ("rec-pharm-052", child(4.0, 19.9), "125 mg", None),
        ("rec-pharm-050", child(0.5, 7.3), "54 mg", None),
        ("rec-la-036", child(4.0, 17.5), "8.7 mg", None),
        ("rec-la-037", child(4.0, 20.0), "4 mg to 5 mg", Some("5 mg at once")),
        ("rec-paed-032", child(7.0, 22.0), "0.4 mL", None),
    ];
    for (id, patient, expected, limited_by) in cases {
        let found = regimen(&records, id).calculate(&patient, None).expect(id);
        let shown = found.high.map_or_else(|| found.low.to_string(), |high| format!("{} to {high}", found.low));
        assert_eq!((shown.as_str(), found.limited_by.as_deref()), (expected, limited_by), "{id}");
        assert_eq!(found.remarks().last().map(String::as_str), Some(working::CHECK));
    }
}

#[test]
fn the_working_is_shown() {
    let records = records();
    let strength = Strength::new(Mass::new::<milligram>(160.0), Volume::new::<milliliter>(5.0)).expect("a strength");
    let found = regimen(&records, "rec-pharm-028").calculate(&child(4.0, 16.5), Some(&strength)).expect("a dose");
    assert_eq!(
        found.lines()[1..],
        [
            "Weight: 16.5 kg.",
            "Age: 4 years.",
            "10 mg/kg is 165 mg.",
            "15 mg/kg is 247.5 mg.",
            "At most 247.5 mg at once (75 mg/kg in 24 hours).",
            "One dose: 165 mg = 5.1 mL to 247 mg = 7.7 mL of 160 mg/5 mL, at most 5 in 24 hours (American Academy of Pediatric Dentistry, Useful medications for oral conditions, 2023)."
        ]
    );
}

#[test]
fn what_is_refused() {
    let records = records();
    let unknown_age = patient(Group::Child, 20.0, &[]);
    let weightless = Patient::new(Group::Child, None, Age::years(4.0).ok(), &[], Plausibility::Ask).expect("a patient");
    let adult = patient(Group::Adult, 70.0, &[]);
    let cases = [
        ("rec-pharm-033", &unknown_age, "the age is missing"),
        (
            "rec-pharm-033",
            &child(7.0, 22.0),
            "at 7 years the patient is outside the ages of the record rec-pharm-033 (1 to under 5 years)",
        ),
        ("rec-pharm-028", &weightless, "the weight is missing"),
        ("rec-pharm-136", &adult, "is for a child, the patient is an adult"),
        ("rec-pharm-052", &child(7.0, 20.0), "20 kg is outside the body weights"),
    ];
    for (id, patient, expected) in cases {
        let message = regimen(&records, id).calculate(patient, None).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}");
    }
    let thin = Strength::new(Mass::new::<milligram>(1.0), Volume::new::<milliliter>(5.0)).expect("a strength");
    let message = regimen(&records, "rec-pharm-033").calculate(&child(3.0, 14.0), Some(&thin)).expect_err("too much");
    assert!(message.to_string().contains("1,250 mL of this strength, outside"), "{message}");
    let message = regimen(&records, "rec-paed-032").calculate(&child(7.0, 22.0), Some(&thin)).expect_err("no mass");
    assert!(message.to_string().contains("is not a mass"), "{message}");
    // Without the records of adults nothing holds 15 mg/kg down.
    let alone: Vec<Record> = records.iter().filter(|record| record.id == "rec-pharm-028").cloned().collect();
    let message = regimen(&alone, "rec-pharm-028").calculate(&child(4.0, 16.0), None).expect_err("no ceiling");
    assert!(message.to_string().contains("without a ceiling"), "{message}");
}

/// Without a weight a dose by age is given, and the maximum by weight is left to the clinician.
#[test]
fn a_dose_by_age_needs_no_weight() {
    let records = records();
    let weightless = Patient::new(Group::Child, None, Age::years(2.0).ok(), &[], Plausibility::Ask).expect("a patient");
    let found = regimen(&records, "rec-pharm-012").calculate(&weightless, None).expect("a dose");
    assert_eq!(found.low.to_string(), "100 mg");
    assert!(found.remarks().iter().any(|remark| remark == "Weigh the patient: at most 30 mg/kg in 24 hours."));
}

#[test]
fn the_regimens_of_a_drug() {
    let records = records();
    let ids = |drug: &str, patient: &Patient| -> Vec<String> {
        Regimen::for_patient(drug, &records, patient).iter().map(|regimen| regimen.record().id.clone()).collect()
    };
    let found = ids("Paracetamol", &child(4.0, 16.0));
    assert_eq!(found, ["rec-paed-004", "rec-paed-016", "rec-pharm-004", "rec-pharm-028"]);
    assert!(ids("snake oil", &child(4.0, 16.0)).is_empty() && ids("", &child(4.0, 16.0)).is_empty());
}

/// Every record at half-yearly ages and every plausible weight, by arithmetic on floats: never above any maximum of the record, at most a
/// rounding step below the lowest of them, and never less for a heavier child of the same age.
#[test]
fn never_above_a_maximum() {
    use crate::records::{Amount, Number, Unit};
    let records = records();
    let size = |unit: Unit| match unit {
        Unit::Mg => Some(1.0),
        Unit::Mcg => Some(0.001),
        Unit::G => Some(1_000.0),
        _ => None,
    };
    let (mut calculated, mut seen) = (0_usize, std::collections::BTreeSet::new());
    for record in of_children(&records) {
        let regimen = Regimen::of(record, &records).expect("a regimen");
        let (dose, single, day, times, hours) = match &record.facts {
            Facts::Dose(dose) => (dose.dose, dose.max_single, dose.max_day, dose.times_per_day, dose.interval_hours),
            Facts::Prophylaxis(dose) => (dose.dose, dose.max_single, dose.max_day, None, None),
            _ => continue,
        };
        for half_years in 0..36_i32 {
            let age = Age::months(f64::from(half_years) * 6.0 + 3.0).expect("an age");
            let mut before = 0.0_f64;
            for kilograms in 2..=130_i32 {
                let weight = Some(kg(f64::from(kilograms)));
                let Ok(patient) = Patient::new(Group::Child, weight, Some(age), &[], Plausibility::Ask) else {
                    continue;
                };
                let Ok(found) = regimen.calculate(&patient, None) else { continue };
                calculated += 1;
                seen.insert(record.id.clone());
                let Some(high) = found.high.unwrap_or(found.low).mass() else { continue };
                let high = high.get::<milligram>();
                let milligrams = |amount: Amount, number: Number| {
                    let per = if amount.per_kg { f64::from(kilograms) } else { 1.0 };
                    size(amount.unit).map(|size| number.get() * size * per)
                };
                let top = |amount: Amount| milligrams(amount, amount.high.unwrap_or(amount.low));
                let doses = times.map(Number::get).or(hours.map(|hours| (24.0 / hours.get()).floor())).unwrap_or(1.0);
                let limits = [Some(top(dose)), single.map(top), day.map(|day| top(day).map(|most| most / doses))];
                let least = limits.into_iter().flatten().flatten().fold(f64::INFINITY, f64::min);
                let name = format!("{} at {age}, {kilograms} kg: {high} of {least}", record.id);
                assert!(high <= least * (1.0 + 1e-9), "{name}");
                // Only an adult's dose may hold it further down.
                let by_adult = found.limited_by.as_ref().is_some_and(|words| words.starts_with("an adult"));
                assert!(by_adult || high > least - 1.0 - 1e-6, "{name}");
                assert!(high >= before, "{name}, {before} before");
                before = high;
            }
        }
    }
    assert!(calculated > 25_000, "{calculated}");
    // Doses in a month's or an adult's age, or for adults by weight, are not for children of these ages.
    let all: Vec<&str> =
        of_children(&records).map(|record| record.id.as_str()).filter(|id| !seen.contains(*id)).collect();
    assert_eq!(all, [""; 0]);
}
