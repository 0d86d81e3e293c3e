//! Looking through the knowledge base that ships, through the protocol, JSON in and JSON out.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml's allowance covers only functions with `#[test]`; these helpers belong to them.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod shipped;

use std::collections::BTreeSet;

use mambaformer_wasm::pipeline::{Clinic, ClinicFiles};
use mambaformer_wasm::protocol::Request;
use serde_json::{Value, json};

use shipped::{assets, clinic};

/// The worker's reply to a message of the page.
fn reply(clinic: &Clinic, message: &Value) -> Value {
    let event = match serde_json::from_value::<Request>(message.clone()).expect("a request") {
        Request::Browse(request) => clinic.browse(&request),
        Request::Open(request) => clinic.open(&request),
        other => panic!("{other:?}"),
    };
    serde_json::to_value(event).expect("serialises")
}

fn open(clinic: &Clinic, passage: &str) -> Value {
    reply(clinic, &json!({"type": "open", "id": "b2", "passage": passage}))
}

#[test]
fn every_entry_stands_in_the_contents_once_and_opens() {
    let clinic = clinic();
    let found = reply(&clinic, &json!({"type": "browse", "id": "b1"}));
    assert_eq!((&found["type"], &found["id"]), (&json!("contents"), &json!("b1")));
    let subjects = found["contents"]["subjects"].as_array().expect("a list");
    let mut seen = BTreeSet::new();
    for subject in subjects {
        let titles: Vec<String> = subject["entries"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| {
                assert!(seen.insert(entry["passage"].as_str().expect("text").to_owned()), "{entry} stands there twice");
                entry["title"].as_str().expect("text").to_lowercase()
            })
            .collect();
        assert!(titles.is_sorted() && !titles.is_empty(), "{}", subject["name"]);
    }
    let info = clinic.info();
    let all = usize::try_from(info.passages + info.records).expect("fits");
    assert_eq!((seen.len(), subjects.len()), (all, 20));
    for passage in &seen {
        let entry = &open(&clinic, passage)["entry"];
        let text = entry["evidence"]["text"].as_str().expect(passage);
        for line in entry["lines"].as_array().expect(passage) {
            let place = |at: usize| usize::try_from(line[at].as_u64().expect("a number")).expect("fits");
            assert!(text.get(place(0)..place(1)).is_some_and(|line| !line.trim().is_empty()), "{passage}: {line}");
        }
        assert!(!entry["evidence"]["source"].as_str().expect(passage).is_empty(), "{passage} has no source");
        for other in entry["seeAlso"].as_array().expect(passage) {
            assert!(seen.contains(other["passage"].as_str().expect("text")), "{passage} leads to {other}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_in_words() {
    let clinic = clinic();
    for passage in ["", "perio-9999", &"x".repeat(5_000), "<b>"] {
        let found = open(&clinic, passage);
        assert_eq!((&found["type"], &found["kind"]), (&json!("error"), &json!("noResult")), "{found}");
        assert!(found["message"].as_str().expect("text").len() < 200, "{found}");
    }
    let files =
        ClinicFiles::default().with("grounding.json", std::fs::read(assets().join("grounding.json")).expect("there"));
    let empty = Clinic::new(&files).expect("a clinic");
    assert_eq!(reply(&empty, &json!({"type": "browse", "id": "b1"}))["contents"]["subjects"], json!([]));
    assert_eq!(open(&empty, "perio-0001")["type"], "error");
}
