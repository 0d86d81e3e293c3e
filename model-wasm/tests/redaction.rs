//! Identifiers through the protocol, JSON in and JSON out, with the lists that ship.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml's allowance covers only functions with `#[test]`; these helpers belong to them.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use mambaformer_clinical::identifiers::Identifiers;
use mambaformer_wasm::pipeline::redaction;
use mambaformer_wasm::protocol::Request;
use serde_json::{Value, json};

fn identifiers() -> Identifiers {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/names.json");
    Identifiers::from_bytes(&std::fs::read(path).expect("the lists")).expect("lists")
}

/// The worker's reply to a message of the page.
fn reply(identifiers: &Identifiers, texts: &Value) -> Value {
    let message = json!({"type": "redact", "id": "r1", "texts": texts}).to_string();
    let request: Request = serde_json::from_str(&message).expect(&message);
    let Request::Redact(request) = request else { panic!("no redaction: {message}") };
    serde_json::to_value(redaction::reply(identifiers, &request)).expect("serialises")
}

#[test]
fn question_and_note_come_back_without_identifiers() {
    let note = "Mrs Brackwell, born 12/03/1948, 4 Elm Road, Leeds LS1 4AP. Tel. 020 7946 0958. NHS 943 476 5919. Warfarin, INR 2.8.";
    let found = reply(&identifiers(), &json!(["Can Brackwell have amoxicillin?", note]));
    assert_eq!((&found["type"], &found["id"]), (&json!("redacted"), &json!("r1")));
    let texts = [&found["texts"][0], &found["texts"][1]].map(|text| text.as_str().expect("a text"));
    assert_eq!(texts[0], "Can [NAME 1] have amoxicillin?");
    for gone in ["Brackwell", "1948", "Elm", "7946", "943"] {
        assert!(!texts[1].contains(gone), "{gone} is left in: {}", texts[1]);
    }
    assert!(texts[1].ends_with("Warfarin, INR 2.8."), "{}", texts[1]);
    assert_eq!(found["placeholders"][0], json!({"text": "[NAME 1]", "class": "name"}));
    let tags: Vec<&str> =
        found["placeholders"].as_array().expect("a list").iter().filter_map(|p| p["text"].as_str()).collect();
    assert_eq!(tags.iter().filter(|tag| **tag == "[NAME 1]").count(), 1, "{tags:?}");
    assert!(tags.len() >= 5 && tags.iter().all(|tag| texts[1].contains(tag)), "{tags:?}");
    assert!(found["notice"].as_str().is_some_and(|notice| notice.contains("can miss some")), "{found}");
}

#[test]
fn what_is_too_much_is_refused_and_anything_else_comes_back() {
    let identifiers = identifiers();
    for (texts, expected) in [(json!(["x".repeat(20_001)]), "noteTooLong"), (json!(vec!["x"; 9]), "badOption")] {
        let found = reply(&identifiers, &texts);
        assert_eq!((&found["type"], &found["kind"], &found["id"]), (&json!("error"), &json!(expected), &json!("r1")));
        assert!(found["message"].as_str().is_some_and(|message| message.contains("at most")), "{found}");
    }
    for texts in [json!([]), json!([""]), json!(["\u{0}🦷\u{202e}", "<b>x</b>"]), json!(["a".repeat(20_000)])] {
        let found = reply(&identifiers, &texts);
        assert_eq!((&found["type"], &found["texts"]), (&json!("redacted"), &texts));
        assert_eq!(found["placeholders"], json!([]));
    }
}
