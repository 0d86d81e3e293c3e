//! The calculators through the protocol, JSON in and JSON out, on the knowledge base that ships.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml's allowance covers only functions with `#[test]`; these helpers belong to them.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod shipped;

use mambaformer_wasm::pipeline::{Clinic, ClinicFiles};
use mambaformer_wasm::protocol::Request;
use serde_json::{Value, json};

use shipped::clinic;

const US_LIDOCAINE: &str = "lidocaine 2 % with adrenaline (epinephrine) 1:100,000, 1.8 mL";

/// The worker's reply to a message of the page.
fn reply(clinic: &Clinic, calculation: &Value) -> Value {
    let message = json!({"type": "calculate", "id": "c7", "calculation": calculation}).to_string();
    let request: Request = serde_json::from_str(&message).expect(&message);
    let Request::Calculate(request) = request else { panic!("not a calculation: {message}") };
    serde_json::to_value(clinic.calculate(&request)).expect("serialises")
}

fn maximum(changes: &Value) -> Value {
    let mut entries = json!({"kind": "maximum", "product": US_LIDOCAINE, "group": "adult", "weight": {"text": "150", "unit": "lb"},
        "age": {"text": "", "unit": "years"}, "heart": false});
    merge(&mut entries, changes);
    entries
}

fn dose(changes: &Value) -> Value {
    let mut entries = json!({"kind": "dose", "drug": "amoxicillin", "age": {"text": "6", "unit": "years"},
        "weight": {"text": "20", "unit": "kg"}});
    merge(&mut entries, changes);
    entries
}

fn merge(entries: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().expect("an object") {
        entries[name] = value.clone();
    }
}

#[test]
fn the_lists_hold_what_can_be_asked_for() {
    let clinic = clinic();
    let choices = clinic.calculator_choices();
    assert!(choices.products.iter().any(|product| product == US_LIDOCAINE));
    assert!(choices.plain_product.as_ref().is_some_and(|plain| choices.products.contains(plain)));
    for product in &choices.products {
        let found = reply(&clinic, &maximum(&json!({"product": product})));
        assert_eq!(found["type"], "calculated", "{found}");
    }
    assert!(choices.drugs.iter().any(|drug| drug == "amoxicillin"));
    let empty = Clinic::new(&ClinicFiles::default().with(
        mambaformer_wasm::pipeline::clinic::GROUNDING,
        r#"{"format":1,"boundary":"sentence","openings":[],"connectives":[],"max_sentences":3}"#,
    ));
    let empty = empty.expect("a clinic without a knowledge base");
    assert!(empty.calculator_choices().products.is_empty());
    assert_eq!(reply(&empty, &maximum(&json!({})))["kind"], "badOption");
}

#[test]
fn the_ready_vector() {
    let found = reply(&clinic(), &maximum(&json!({})));
    assert_eq!((&found["type"], &found["id"]), (&json!("calculated"), &json!("c7")));
    let sheet = &found["sheets"][0];
    assert_eq!(sheet["result"], "At most 8 cartridges");
    assert_eq!(sheet["amounts"], json!(["288 mg of lidocaine", "14.4 mL"]));
    assert_eq!(sheet["limitedBy"], "lidocaine by body weight");
    assert_eq!(sheet["sources"].as_array().map(Vec::len), Some(3));
    let last = sheet["remarks"].as_array().and_then(|remarks| remarks.last()).and_then(Value::as_str);
    assert!(last.is_some_and(|last| last.starts_with("Check against")), "{sheet}");
}

#[test]
fn a_childs_doses_come_with_their_records() {
    let found = reply(&clinic(), &dose(&json!({"strength": "250 mg/5 mL"})));
    let sheets = found["sheets"].as_array().expect("sheets");
    assert!(sheets.iter().any(|sheet| sheet["result"] == "One dose: 1,000 mg = 20 mL"), "{found}");
    assert!(sheets.iter().all(|sheet| sheet["record"][0].is_string() && sheet["sources"][0].is_string()), "{found}");
    assert_eq!(found["leftOut"], json!([]));
}

#[test]
fn what_cannot_be_meant_is_refused_in_words_and_by_kind() {
    let clinic = clinic();
    let child = |text: &str| json!({"group": "child", "age": {"text": text, "unit": "years"}, "weight": {"text": "20", "unit": "kg"}});
    let given = |text: &str| json!({"given": [{"product": US_LIDOCAINE, "cartridges": text}]});
    let kg = |text: &str| json!({"weight": {"text": text, "unit": "kg"}});
    for (calculation, kind, words) in [
        (maximum(&kg("")), "badWeight", "the body weight is missing"),
        (maximum(&kg("0")), "badWeight", "is no body weight"),
        (maximum(&kg("-70")), "badWeight", "below zero"),
        (maximum(&kg("150 lb")), "badWeight", "`lb` and `kg` do not go together"),
        (maximum(&kg("1,250")), "badWeight", "more than one way"),
        (maximum(&kg("\u{202e}70")), "badWeight", "is not understood"),
        (maximum(&kg(&"9".repeat(100_000))), "badWeight", "at most 40 are taken"),
        (maximum(&kg("30")), "unusualWeight", "unusual for an adult"),
        (maximum(&child("30")), "badAge", "a patient of 30 years is an adult"),
        (maximum(&child("four")), "badAge", "`four` is no unit"),
        (maximum(&given("many")), "badCartridges", "not understood"),
        (maximum(&given("99")), "badCartridges", "cannot have been given"),
        (maximum(&given("20")), "noResult", "give no more"),
        (maximum(&json!({"product": "<b>cocaine</b>"})), "badOption", "choose one of the list"),
        (dose(&kg("")), "badWeight", "weigh the patient"),
        (dose(&kg("60")), "unusualWeight", "unusual for a child of 6 years"),
        (dose(&json!({"age": {"text": "", "unit": "months"}})), "badAge", "the age is missing"),
        (dose(&json!({"age": {"text": "6 years", "unit": "months"}})), "badAge", "`years` and `months`"),
        (dose(&json!({"strength": "strong"})), "badStrength", "not understood"),
        (dose(&json!({"strength": "0.1 mg/5 mL"})), "badStrength", "choose another strength"),
        (dose(&json!({"drug": "warfarin"})), "badOption", "choose one of the"),
    ] {
        let found = reply(&clinic, &calculation);
        assert_eq!(
            (&found["type"], &found["id"], &found["kind"]),
            (&json!("error"), &json!("c7"), &json!(kind)),
            "{found}"
        );
        assert!(found["message"].as_str().is_some_and(|message| message.contains(words)), "{found}");
    }
    // The question is answered once it is confirmed.
    let mut confirmed = maximum(&kg("30"));
    confirmed["confirmed"] = json!(true);
    assert_eq!(reply(&clinic, &confirmed)["type"], "calculated");
}
