//! A question that follows another, on what ships: what the first was about counts on, and what the second says counts before it.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml's allowance covers only functions with `#[test]`; these helpers belong to them.
#![allow(clippy::expect_used, clippy::panic)]

mod shipped;

use mambaformer_wasm::answer::{Doses, Evidence};
use mambaformer_wasm::pipeline::Clinic;
use mambaformer_wasm::protocol::{Ask, Event};

use shipped::clinic;

const FIRST: &str = "What are the treatments for dry mouth?";

fn found(clinic: &Clinic, question: &str, follows: Option<&str>) -> (Vec<Evidence>, Option<Doses>) {
    let ask = Ask { question: question.to_owned(), follows: follows.map(str::to_owned), ..Ask::default() };
    let events = clinic.look_up(&ask).expect("is looked up");
    let evidence = events.into_iter().find_map(|event| match event {
        Event::Evidence { passages, doses, .. } => Some((passages, doses)),
        _ => None,
    });
    evidence.unwrap_or_else(|| panic!("no evidence for {question}"))
}

#[test]
fn a_dose_is_asked_for_somebody_else() {
    const ADULT: &str = "amoxicillin dose for an adult with a dental abscess, UK";
    let clinic = clinic();
    let titles = |question: &str, follows| {
        let (_, doses) = found(&clinic, question, follows);
        doses.map(|doses| {
            doses
                .rows
                .iter()
                .map(|row| format!("{} | {}", row.columns.drug, row.columns.population))
                .collect::<Vec<_>>()
        })
    };
    let adult = titles(ADULT, None).expect("a dose");
    assert!(adult[0].starts_with("amoxicillin | an adult"), "{adult:?}");
    for (next, drug, population) in [
        ("and for a child of 20 kg?", "amoxicillin", "child"),
        ("and metronidazole?", "metronidazole", "adult"),
        ("and in the US?", "amoxicillin", "adult"),
    ] {
        let rows = titles(next, Some(ADULT)).unwrap_or_else(|| panic!("no dose: {next}"));
        assert!(rows[0].starts_with(drug) && rows[0].contains(population), "{next}: {rows:?}");
    }
    assert_eq!(titles("and for a child of 20 kg?", None), None, "alone it asks for nothing");
    let child = titles("and for a child of 20 kg?", Some(ADULT)).unwrap_or_default();
    assert!(child[0].contains("5 to under 12 years") || child[0].contains("5 to 11"), "the usual age first: {child:?}");
    assert!(child.iter().all(|row| !row.contains("months to under 1 year")), "no infant weighs 20 kg: {child:?}");
    assert_eq!(titles("and when is the patient seen again?", Some(ADULT)), None, "a question about something else");
}

#[test]
fn the_subject_of_the_question_before_is_searched_for() {
    let clinic = clinic();
    let mouths = |passages: &[Evidence]| {
        passages
            .iter()
            .filter(|piece| format!("{} {}", piece.title, piece.text).to_lowercase().contains("dry mouth"))
            .count()
    };
    let (alone, _) = found(&clinic, "and which side effects do they have?", None);
    let (after, _) = found(&clinic, "and which side effects do they have?", Some(FIRST));
    assert!(mouths(&after) > mouths(&alone) && mouths(&after) >= 2, "{after:#?}");
    // White space is no question before.
    let (blank, _) = found(&clinic, "and which side effects do they have?", Some(" \n"));
    assert_eq!(blank, alone);
}

#[test]
fn the_question_before_is_held_to_the_same_limits() {
    let ask = Ask { question: "why?".to_owned(), follows: Some("ж".repeat(2_001)), ..Ask::default() };
    let error = clinic().look_up(&ask).expect_err("too long").to_string();
    assert!(error.contains("at most 2000") || error.contains("at most 2,000"), "{error}");
}
