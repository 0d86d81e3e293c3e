//! From what is typed to what is shown.

use super::*;
use crate::calculator::entry::{AgeUnit, WeightUnit};

const US_LIDOCAINE: &str = "lidocaine 2 % with adrenaline (epinephrine) 1:100,000, 1.8 mL";
const UK_LIDOCAINE: &str = "lidocaine 2 % with adrenaline (epinephrine) 1:80,000, 2.2 mL";

fn adult(weight: &str, unit: WeightUnit) -> PatientEntries<'_> {
    PatientEntries {
        group: Group::Adult,
        weight: (weight, unit),
        age: ("", AgeUnit::Year),
        heart: false,
        plausibility: Plausibility::Ask,
    }
}

fn of_child<'a>(age: &'a str, weight: &'a str) -> PatientEntries<'a> {
    PatientEntries { group: Group::Child, age: (age, AgeUnit::Year), ..adult(weight, WeightUnit::Kilogram) }
}

/// 150 lb adult, lidocaine 2 % with 1:100,000, 1.8 mL: 8 cartridges, 288 mg, limited by the drug.
#[test]
fn the_ready_vector_as_it_is_shown() {
    let records = records();
    let desk = Desk::new(&records);
    let patient = adult("150", WeightUnit::Pound);
    let sheet = desk.maximum(&MaximumEntries { product: US_LIDOCAINE, patient, given: &[] }).expect("a maximum");
    assert_eq!((sheet.title.as_str(), sheet.result.as_str()), (US_LIDOCAINE, "At most 8 cartridges"));
    assert_eq!(sheet.amounts, ["288 mg of lidocaine", "14.4 mL"]);
    assert_eq!(sheet.limited_by.as_deref(), Some("lidocaine by body weight"));
    assert_eq!((sheet.working.len(), sheet.working[1].as_str()), (8, "Weight: 68.03 kg."));
    assert_eq!(sheet.sources.len(), 3);
    assert!(sheet.sources[0].starts_with("By body weight: Medicines and Healthcare products"), "{:?}", sheet.sources);
    assert!(sheet.sources[2].starts_with("adrenaline (epinephrine): Malamed SF: "), "{:?}", sheet.sources);

    let cardiac = PatientEntries { heart: true, ..patient };
    let sheet = desk.maximum(&MaximumEntries { product: US_LIDOCAINE, patient: cardiac, given: &[] }).expect("two");
    assert_eq!((sheet.result.as_str(), sheet.amounts[0].as_str()), ("At most 2 cartridges", "72 mg of lidocaine"));
    assert_eq!(sheet.limited_by.as_deref(), Some("adrenaline (epinephrine)"));
}

#[test]
fn what_was_given_is_taken_off_and_said() {
    let records = records();
    let desk = Desk::new(&records);
    let patient = of_child("6", "20");
    for (given, expected) in [
        (&[(UK_LIDOCAINE, "1")][..], "At most 1 more cartridge"),
        (&[(UK_LIDOCAINE, "1,5")], "No more whole cartridge"),
        (&[(UK_LIDOCAINE, "")], "At most 2 cartridges"),
        (&[(UK_LIDOCAINE, "0")], "At most 2 cartridges"),
    ] {
        let sheet = desk.maximum(&MaximumEntries { product: UK_LIDOCAINE, patient, given }).expect("a maximum");
        assert_eq!(sheet.result, expected, "{given:?}");
    }
}

#[test]
fn a_childs_dose_is_shown_record_by_record() {
    let records = records();
    let desk = Desk::new(&records);
    let patient = of_child("6", "20");
    let doses = desk.dose(&DoseEntries { drug: "amoxicillin", patient, strength: "250 mg/5 mL" }).expect("doses");
    assert_eq!(doses.left_out, []);
    let sheet = doses.sheets.iter().find(|sheet| sheet.result == "One dose: 1,000 mg = 20 mL").expect("50 mg/kg");
    assert!(sheet.record[0].contains("50 mg/kg"), "{:?}", sheet.record);
    assert!(sheet.working.iter().any(|line| line == "50 mg/kg is 1,000 mg."), "{:?}", sheet.working);
    let by_age = doses.sheets.iter().find(|sheet| sheet.result == "One dose: 500 mg = 10 mL").expect("by age");
    assert!(by_age.title.ends_with("(UK)") && by_age.amounts == ["at most 3 in 24 hours"], "{by_age:?}");
    for sheet in &doses.sheets {
        assert!(!sheet.sources.is_empty() && !sheet.record.is_empty() && !sheet.working.is_empty(), "{sheet:?}");
        assert!(!sheet.title.contains(", (") && !sheet.working.contains(&sheet.record[0]), "{sheet:?}");
    }
    // Every drug of the list can be asked for, under every name it is listed by.
    let drugs = desk.drugs();
    assert!(drugs.len() > 20 && drugs.contains(&"paracetamol (acetaminophen)"), "{drugs:?}");
    assert!(drugs.contains(&"acetaminophen (paracetamol)") && !drugs.contains(&"aciclovir"), "{drugs:?}");
    for drug in drugs {
        let asked = desk.dose(&DoseEntries { drug, patient, strength: "" });
        assert!(!matches!(asked, Err(DeskError::UnknownDrug { .. })), "{drug}");
    }
}

#[test]
fn what_is_refused() {
    let records = records();
    let desk = Desk::new(&records);
    let plain = desk.plain_product().expect("a plain product");
    assert_eq!(plain, "lidocaine 2 % without vasoconstrictor, 1.8 mL");
    let kg = WeightUnit::Kilogram;
    let many = [(plain, "1"); 7];
    for (product, patient, given, expected) in [
        (plain, adult("", kg), &[][..], "the body weight is missing; weigh the patient"),
        (plain, adult("0", kg), &[], "body weight: a weight of 0 kg is no body weight"),
        (plain, adult("150 lb", kg), &[], "body weight: `lb` and `kg` do not go together"),
        (plain, adult("70", WeightUnit::Pound), &[], "31.8 kg (70 lb) is unusual for an adult"),
        (plain, of_child("30", "20"), &[], "a patient of 30 years is an adult"),
        (plain, of_child("x", "20"), &[], "age: `x` is no unit"),
        (plain, adult("70", kg), &[(plain, "one")], "cartridges given: `one` is not understood"),
        (plain, adult("70", kg), &[(plain, "51")], "51 cartridges of lidocaine"),
        (plain, adult("70", kg), &[("cocaine", "1")], "there is no product `cocaine`"),
        (plain, adult("70", kg), &many, "7 products are entered as given, at most 6"),
        ("", adult("70", kg), &[], "there is no product ``"),
    ] {
        let message = desk.maximum(&MaximumEntries { product, patient, given }).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}");
    }
    let confirmed = PatientEntries { plausibility: Plausibility::Confirmed, ..adult("70", WeightUnit::Pound) };
    let sheet = desk.maximum(&MaximumEntries { product: plain, patient: confirmed, given: &[] }).expect("confirmed");
    assert!(sheet.remarks.iter().any(|remark| remark.contains("unusual and was confirmed")), "{:?}", sheet.remarks);

    for (drug, patient, strength, expected) in [
        ("amoxicillin", of_child("", "20"), "", "the age is missing"),
        ("amoxicillin", of_child("6", ""), "", "the weight is missing; weigh the patient"),
        ("amoxicillin", of_child("6", "20"), "250", "strength: `250` has no unit; write 250 mg/5 mL"),
        ("amoxicillin", of_child("6", "20"), "0.1 mg/5 mL", "choose another strength"),
        ("amoxicillin", of_child("6", "44"), "", "44.0 kg (97 lb) is unusual for a child of 6 years"),
        ("amoxicillin", of_child("20", "60"), "", "is an adult, not a child"),
        ("warfarin", of_child("6", "20"), "", "no record gives a child's dose of `warfarin`"),
        ("", of_child("6", "20"), "", "no record gives a child's dose of ``"),
    ] {
        let message = desk.dose(&DoseEntries { drug, patient, strength }).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}");
    }
}
