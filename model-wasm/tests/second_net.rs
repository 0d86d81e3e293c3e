//! The second net of triage on its way through the pipeline, with everything that ships but the model.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml's allowance covers only functions with `#[test]`; these helpers belong to them.
#![allow(clippy::expect_used, clippy::panic)]

mod shipped;

use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_clinical::retrieval::sealed::seal;
use mambaformer_model::sentence_encoder::SentenceEncoderWeights;
use mambaformer_model::weights::read_manifest;
use mambaformer_wasm::answer::{Alarm, AlarmKind, AnswerState, FoundBy};
use mambaformer_wasm::pipeline::{Clinic, ClinicFiles, PipelineError, RetrieverParts, clinic};
use mambaformer_wasm::protocol::{Ask, Event};

use shipped::{assets, files};

/// Words that no rule has; from the training split of `data/safety`, so that the net has seen it.
const UNKNOWN_TO_THE_RULES: &str =
    "She won't rouse to a trapezius squeeze after the triazolam, deep snoring and her lips have a bluish look.";

fn retriever() -> RetrieverParts {
    let folder = assets().join("retriever");
    RetrieverParts {
        weights: SentenceEncoderWeights::open(&folder).expect("the encoder that ships"),
        manifest_sha256: sha256_hex(&read_manifest(&folder).expect("its manifest")),
        vectors: std::fs::read(folder.join("vectors.bin")).expect("its vectors"),
    }
}

fn alarms(clinic: &Clinic, question: &str) -> (Vec<Alarm>, AnswerState) {
    let ask = Ask { id: "q".to_owned(), question: question.to_owned(), ..Ask::default() };
    let events = clinic.look_up(&ask).expect("is looked up");
    let Some(Event::Done { answer, .. }) = events.last() else { panic!("no end: {events:?}") };
    let told = events.iter().find_map(|event| match event {
        Event::Emergency { alarms, .. } => Some(alarms.clone()),
        _ => None,
    });
    let told = told.unwrap_or_default();
    assert_eq!(answer.emergency, told, "the record holds what was told");
    (told, answer.state)
}

#[test]
fn what_no_rule_has_words_for_is_raised_as_possible_once_there_is_a_vector() {
    let clinic = Clinic::new(&files()).expect("a clinic");
    let (told, state) = alarms(&clinic, UNKNOWN_TO_THE_RULES);
    assert!(told.is_empty() && state != AnswerState::EmergencyFirst, "the rules alone: {told:?}");

    clinic.add_retriever(retriever()).expect("the net is for the encoder that ships");
    let (told, state) = alarms(&clinic, UNKNOWN_TO_THE_RULES);
    let [alarm] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((alarm.rule.as_str(), alarm.kind, alarm.found_by), ("oversedation", AlarmKind::Alarm, FoundBy::Net));
    assert!(alarm.words.is_empty() && alarm.text.contains("112"), "{alarm:?}");
    assert_eq!(state, AnswerState::EmergencyFirst);

    // What the rules see stays theirs, and ordinary questions stay calm.
    let (told, _) = alarms(&clinic, "Patient is unresponsive and not breathing");
    assert!(told.iter().any(|alarm| alarm.rule == "cardiac-arrest" && alarm.found_by == FoundBy::Rule), "{told:?}");
    let (told, _) = alarms(&clinic, "What is the shelf life of alginate powder?");
    assert_eq!(told, []);
}

#[test]
fn without_a_net_the_rules_work_alone() {
    let without = ClinicFiles::NAMES.into_iter().filter(|name| *name != clinic::TRIAGE_NET);
    let files = without
        .fold(ClinicFiles::default(), |files, name| files.with(name, std::fs::read(assets().join(name)).expect(name)));
    let clinic = Clinic::new(&files).expect("a clinic");
    clinic.add_retriever(retriever()).expect("nothing to refuse");
    assert_eq!(alarms(&clinic, UNKNOWN_TO_THE_RULES).0, []);
    assert!(!alarms(&clinic, "Patient is unresponsive and not breathing").0.is_empty());
}

#[test]
fn a_net_for_another_encoder_is_refused() {
    let net = std::fs::read_to_string(assets().join(clinic::TRIAGE_NET)).expect("the net");
    let other = net.replacen("\"encoder\": \"", "\"encoder\": \"0", 1);
    let files = files().with(clinic::TRIAGE_NET, seal(&other).expect("has a hash"));
    let clinic = Clinic::new(&files).expect("a clinic");
    let error = clinic.add_retriever(retriever()).expect_err("another encoder");
    assert!(matches!(error, PipelineError::TriageNet(_)), "{error}");
    assert!(error.to_string().contains("fitted to the encoder 0"), "{error}");
}
