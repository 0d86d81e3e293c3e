//! The worker's message loop in a real dedicated worker, with a small seeded model made on the spot.
#![cfg(target_arch = "wasm32")]
// clippy.toml's allowance ends at `#[test]`; these functions have an attribute of their own.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod made;

use std::cell::RefCell;
use std::rc::Rc;

use mambaformer_clinical::knowledge::{Passage, Source, pack};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::RandomWeights;
use mambaformer_model::weights::Scheme;
use mambaformer_wasm::answer::{AnswerRecord, AnswerState};
use mambaformer_wasm::pipeline::{Assistant, AssistantParts};
use mambaformer_wasm::protocol::{ErrorKind, Event};
use mambaformer_wasm::worker::MessageLoop;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const GROUNDING: &str =
    r#"{"format":1,"boundary":"sentence","openings":["Yes."],"connectives":["and"],"max_sentences":3}"#;
const ASK: &str = r#"{"type":"ask","id":"1","question":"How is dry mouth treated?"}"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, milliseconds: i32);
}

async fn sleep(milliseconds: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| set_timeout(&resolve, milliseconds));
    JsFuture::from(promise).await.expect("a timer");
}

fn passage(id: &str, title: &str, text: &str) -> Passage {
    Passage {
        id: id.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
        source: Source {
            organisation: "test".to_owned(),
            title: "test".to_owned(),
            year: None,
            licence: "test".to_owned(),
            url: String::new(),
        },
    }
}

fn assistant() -> Assistant {
    let config = Preset::Nano.config();
    let random = RandomWeights::new(&config, 7);
    let weights = made::weights(&config, Scheme::F32, |spec| random.values(spec));
    let passages = vec![
        passage("dry", "Dry mouth", "Dry mouth is treated with saliva substitutes. Sip water often. Größe 5 mm."),
        passage("gum", "Gum disease", "Gum disease is treated by cleaning below the gum line. Brush twice a day."),
    ];
    let knowledge = pack(passages, None).expect("a knowledge base");
    let parts = AssistantParts { weights, clinic: made::clinic(GROUNDING, Some(knowledge)), for_gpu: false };
    Assistant::new(parts).expect("an assistant")
}

/// A message loop and what it has posted.
struct Bench {
    messages: MessageLoop,
    events: Rc<RefCell<Vec<Event>>>,
}

impl Bench {
    fn of(make: impl FnOnce(Box<dyn Fn(&Event)>) -> MessageLoop) -> Self {
        let events = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&events);
        let messages = make(Box::new(move |event| {
            // Whatever goes to the page is JSON of the protocol.
            let text = serde_json::to_string(event).expect("serialises");
            sink.borrow_mut().push(serde_json::from_str(&text).expect("parses"));
        }));
        Self { messages, events }
    }

    fn empty() -> Self {
        Self::of(|post| MessageLoop::new(post))
    }

    fn ready() -> Self {
        Self::of(|post| MessageLoop::with_assistant(assistant(), post))
    }

    async fn until(&self, found: impl Fn(&Event) -> bool) {
        for _ in 0..3_000 {
            if self.events.borrow().iter().any(&found) {
                return;
            }
            sleep(10).await;
        }
        panic!("never came; there were {:?}", self.events.borrow());
    }

    async fn answer(&self, id: &str) -> AnswerRecord {
        self.until(|event| matches!(event, Event::Done { id: found, .. } if found == id)).await;
        let events = self.events.borrow();
        events
            .iter()
            .find_map(|event| match event {
                Event::Done { id: found, answer, .. } if found == id => Some((**answer).clone()),
                _ => None,
            })
            .expect("just seen")
    }

    fn errors(&self) -> Vec<(Option<String>, ErrorKind)> {
        let events = self.events.borrow();
        events
            .iter()
            .filter_map(|event| match event {
                Event::Error { id, kind, .. } => Some((id.clone(), *kind)),
                _ => None,
            })
            .collect()
    }
}

#[wasm_bindgen_test]
async fn an_answer_comes_in_order_and_is_made_of_its_sources() {
    let bench = Bench::ready();
    bench.messages.receive(ASK);
    let record = bench.answer("1").await;
    let events = bench.events.borrow();
    let first = |wanted: fn(&Event) -> bool| events.iter().position(wanted);
    let evidence = first(|event| matches!(event, Event::Evidence { .. })).expect("evidence");
    let routing = first(|event| matches!(event, Event::Routing { .. })).expect("routing");
    let done = first(|event| matches!(event, Event::Done { .. })).expect("done");
    assert!(evidence < routing && routing < done);
    if let Some(text) = first(|event| matches!(event, Event::Text { .. })) {
        assert!(routing < text && text < done);
    }
    assert_eq!(done, events.len() - 1, "something came after done");
    let Some(Event::Done { heap_bytes: Some(heap), .. }) = events.last() else { panic!("no heap size") };
    assert!(*heap > 1 << 20 && heap % (64 << 10) == 0);
    assert_eq!(record.routing.et5 + record.routing.emamba, record.routing.tokens);
    for citation in record.sentences.iter().flat_map(|sentence| &sentence.citations) {
        let passage = record.evidence.iter().find(|passage| passage.passage == citation.passage).expect("a passage");
        assert!(citation.slice(&passage.text).is_some());
    }
    assert!(bench.errors().is_empty());
}

#[wasm_bindgen_test]
async fn stop_is_seen_in_the_middle() {
    let bench = Bench::ready();
    bench.messages.receive(ASK);
    bench.messages.receive(r#"{"type":"stop","id":"another"}"#);
    bench.messages.receive(r#"{"type":"stop","id":"1"}"#);
    assert_eq!(bench.answer("1").await.state, AnswerState::Stopped);
    // A stop that comes too late changes nothing, and the next question is answered.
    bench.messages.receive(r#"{"type":"stop","id":"1"}"#);
    bench.messages.receive(&ASK.replace("\"1\"", "\"2\""));
    assert_ne!(bench.answer("2").await.state, AnswerState::Stopped);
    assert!(bench.errors().is_empty());
}

#[wasm_bindgen_test]
async fn a_second_question_is_refused_and_the_first_goes_on() {
    let bench = Bench::ready();
    bench.messages.receive(ASK);
    bench.messages.receive(&ASK.replace("\"1\"", "\"2\""));
    assert_eq!(bench.errors(), [(Some("2".to_owned()), ErrorKind::Busy)]);
    assert_ne!(bench.answer("1").await.state, AnswerState::Stopped);
    bench.messages.receive(&ASK.replace("\"1\"", "\"3\""));
    bench.answer("3").await;
    assert_eq!(bench.errors().len(), 1);
}

#[wasm_bindgen_test]
async fn bad_questions_are_typed_errors_and_the_worker_goes_on() {
    let bench = Bench::ready();
    let long = "a".repeat(2_001);
    for (id, question, kind) in [
        ("1", "", ErrorKind::EmptyQuestion),
        ("2", " \n\u{a0}", ErrorKind::EmptyQuestion),
        ("3", "a\u{0}b", ErrorKind::NulCharacter),
        ("4", long.as_str(), ErrorKind::QuestionTooLong),
    ] {
        let message = serde_json::json!({"type": "ask", "id": id, "question": question});
        bench.messages.receive(&message.to_string());
        bench.until(|event| event.id() == Some(id)).await;
        assert_eq!(bench.errors().last(), Some(&(Some(id.to_owned()), kind)));
    }
    bench.messages.receive(&ASK.replace("\"1\"", "\"9\""));
    bench.answer("9").await;
}

#[wasm_bindgen_test]
async fn questions_before_the_model_are_refused() {
    let bench = Bench::empty();
    bench.messages.receive(ASK);
    assert_eq!(bench.errors(), [(Some("1".to_owned()), ErrorKind::NotReady)]);
}

#[wasm_bindgen_test]
async fn what_is_no_request_is_refused_without_quoting_it() {
    let bench = Bench::empty();
    for message in ["", "secret", r#"{"type":"ask","id":"1","question":"x","secret":"secret"}"#, r#"{"type":"secret"}"#]
    {
        bench.messages.receive(message);
    }
    let errors = bench.errors();
    assert_eq!(errors.len(), 4);
    // Whoever asked is told by the id, where there is one to be read.
    for (error, id) in errors.iter().zip([None, None, Some("1"), None]) {
        assert_eq!(*error, (id.map(str::to_owned), ErrorKind::BadRequest));
    }
    assert!(!format!("{:?}", bench.events.borrow()).contains("secret"));
}

#[wasm_bindgen_test]
async fn failed_loads_say_why_and_can_be_tried_again() {
    let bench = Bench::empty();
    let load = |index: &str| serde_json::json!({"type": "load", "assetsUrl": index}).to_string();
    let cases = [
        ("http://127.0.0.1:9/index.json", ErrorKind::Network),
        ("data:text/html,%3Cp%3Enot%20found", ErrorKind::Manifest),
        ("data:application/json,%7B%22format%22:1%7D", ErrorKind::Manifest),
    ];
    for (tries, (url, kind)) in cases.into_iter().enumerate() {
        bench.messages.receive(&load(url));
        bench.messages.receive(&load(url));
        assert_eq!(bench.errors().last(), Some(&(None, ErrorKind::Busy)), "a second load while one runs");
        // Longer than all the waits between tries.
        for _ in 0..2_000 {
            if bench.errors().len() == 2 * (tries + 1) {
                break;
            }
            sleep(10).await;
        }
        assert_eq!(bench.errors().last(), Some(&(None, kind)), "{url}");
    }
}
