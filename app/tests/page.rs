//! The page's parts in a real browser, driven by the worker's events and without a worker.
#![cfg(target_arch = "wasm32")]
// clippy.toml's allowance ends at `#[test]`; these functions have an attribute of their own.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::tick;
use mambaformer_app::assistant::Assistant;
use mambaformer_app::page::Page;
use mambaformer_app::session::{Model, Session, Turn};
use mambaformer_wasm::answer::{
    AnswerRecord, AnswerState, Citation, Evidence, EvidenceKind, RoutingCounts, Sentence, TimingsMs,
};
use mambaformer_wasm::protocol::{ErrorKind, Event, ModelInfo, PromptPart, RoutedExpert, RoutingToken, Stage};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const PASSAGE: &str = "Größe: 5 mm. Sip water often. Avoid alcohol.";

/// The page in a corner of the test's own document; taken away when dropped.
struct Mounted {
    place: HtmlElement,
    assistant: Assistant,
    _keep: Box<dyn std::any::Any>,
}

impl Mounted {
    fn new() -> Self {
        let place: HtmlElement = document().create_element("div").expect("a div").unchecked_into();
        document().body().expect("a body").append_child(&place).expect("appended");
        let given = Rc::new(Cell::new(None));
        let give = Rc::clone(&given);
        let keep = leptos::mount::mount_to(place.clone(), move || {
            let assistant = Assistant::new();
            give.set(Some(assistant));
            view! { <Page assistant /> }
        });
        Self { place, assistant: given.get().expect("mounted"), _keep: Box::new(keep) }
    }

    async fn hear(&self, event: Event) {
        self.assistant.session.update(|session| session.apply(event));
        tick().await;
    }

    async fn asked(&self, id: &str, question: &str) {
        self.assistant.session.update(|session| {
            session.asked(Turn::new(id.to_owned(), question.to_owned(), None));
        });
        tick().await;
    }

    fn all(&self, selector: &str) -> Vec<HtmlElement> {
        let nodes = self.place.query_selector_all(selector).expect("a selector");
        (0..nodes.length()).filter_map(|i| nodes.get(i)).map(JsCast::unchecked_into).collect()
    }

    fn one(&self, selector: &str) -> HtmlElement {
        let mut all = self.all(selector);
        assert_eq!(all.len(), 1, "{selector}");
        all.remove(0)
    }

    fn text(&self, test_id: &str) -> String {
        self.one(&format!("[data-testid='{test_id}']")).text_content().unwrap_or_default()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.place.remove();
    }
}

fn ready() -> Event {
    Event::Ready(ModelInfo {
        model: "nano".to_owned(),
        version: "0.1".to_owned(),
        parameters: 27_400_000,
        bytes: 36_000_000,
        backend: "cpu-simd".to_owned(),
        formats: vec!["q8".to_owned()],
    })
}

fn evidence() -> Vec<Evidence> {
    vec![Evidence {
        passage: "p".to_owned(),
        title: "Dry <b>mouth</b>".to_owned(),
        text: PASSAGE.to_owned(),
        source: "test".to_owned(),
        score: 1.0,
        kind: EvidenceKind::Passage,
    }]
}

fn cite(start: usize, end: usize) -> Citation {
    Citation { passage: "p".to_owned(), start, end }
}

fn text(piece: &str, sentence: u32, citation: Citation) -> Event {
    Event::Text { id: "1".to_owned(), text: piece.to_owned(), sentence, citation: Some(citation) }
}

fn done(state: AnswerState) -> Event {
    Event::Done {
        id: "1".to_owned(),
        answer: Box::new(AnswerRecord {
            answer: "Sip water often. Avoid alcohol.".to_owned(),
            sentences: vec![
                Sentence { text: "Sip water often.".to_owned(), citations: vec![cite(15, 31)] },
                Sentence { text: "Avoid alcohol.".to_owned(), citations: vec![cite(32, 46)] },
            ],
            evidence: evidence(),
            routing: RoutingCounts { tokens: 2, et5: 1, emamba: 1 },
            timings_ms: TimingsMs { total: Some(80.0), ..TimingsMs::default() },
            tokens_out: 9,
            ..AnswerRecord::empty("1", state)
        }),
        heap_bytes: None,
    }
}

#[wasm_bindgen_test]
async fn the_page_has_its_handles_and_says_how_far_the_model_is() {
    let page = Mounted::new();
    for handle in ["model-status", "question", "ask", "stop", "note"] {
        page.one(&format!("[data-testid='{handle}']"));
    }
    page.hear(Event::Progress { stage: Stage::Weights, loaded_bytes: 12_300_000, total_bytes: 36_000_000 }).await;
    assert_eq!(page.text("model-status"), "Loading the model: 12.3 of 36.0 MB");
    assert_eq!(page.one("progress").get_attribute("value").as_deref(), Some("12300000"));
    page.hear(ready()).await;
    assert!(page.text("model-status").starts_with("Ready"));
    assert!(page.all("progress").is_empty());
    assert!(page.text("model-version").contains("27.4 million parameters"));
}

#[wasm_bindgen_test]
async fn an_answer_grows_and_keeps_its_nodes() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dry mouth?").await;
    assert!(page.all("[data-testid='evidence']").is_empty(), "nothing before the first event");
    page.hear(Event::Evidence { id: "1".to_owned(), passages: evidence(), more: Vec::new(), doses: None }).await;
    assert_eq!(page.all("[data-testid='evidence'] li").len(), 1);
    assert_eq!(page.text("answer").trim(), "");
    page.hear(text("Sip water", 0, cite(15, 24))).await;
    let citation = page.one("[data-testid='citation']");
    citation.focus().expect("focused");
    page.hear(text(" often.", 0, cite(24, 31))).await;
    page.hear(text("Avoid alcohol.", 1, cite(32, 46))).await;
    let sentences: Vec<_> = page.all(".sentence__text").iter().map(HtmlElement::inner_text).collect();
    assert_eq!(sentences, ["Sip water often.", "Avoid alcohol."]);
    page.hear(done(AnswerState::Supported)).await;
    assert_eq!(page.one("[data-testid='answer-state']").get_attribute("data-state").as_deref(), Some("supported"));
    assert_eq!(page.all("[data-testid='answer-state'] svg").len(), 1);
    assert!(page.text("timings").contains("80 ms"));
    let focused: HtmlElement = document().active_element().expect("a focus").unchecked_into();
    assert_eq!(focused, citation, "the focus went with a node that was replaced");
}

#[wasm_bindgen_test]
async fn a_citation_marks_its_bytes_in_the_passage() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dry mouth?").await;
    page.hear(Event::Evidence { id: "1".to_owned(), passages: evidence(), more: Vec::new(), doses: None }).await;
    page.hear(text("Sip water often.", 0, cite(15, 31))).await;
    page.hear(done(AnswerState::Supported)).await;
    assert_eq!(page.all("mark.mark").len(), 2);
    assert!(page.all(".mark--chosen").is_empty());
    page.all("[data-testid='citation']")[1].click();
    tick().await;
    assert_eq!(page.one(".mark--chosen").inner_text(), "Avoid alcohol.");
    page.all("[data-testid='citation']")[0].click();
    tick().await;
    assert_eq!(page.one(".mark--chosen").inner_text(), "Sip water often.");
    assert_eq!(page.one(".passage__text").text_content().as_deref(), Some(PASSAGE));
    assert_eq!(page.all("[aria-pressed='true']").len(), 1);
}

#[wasm_bindgen_test]
async fn text_never_becomes_markup() {
    let page = Mounted::new();
    let evil = "<img src=x onerror=alert(1)><script>1</script>";
    page.hear(ready()).await;
    page.asked("1", evil).await;
    page.hear(Event::Evidence { id: "1".to_owned(), passages: evidence(), more: Vec::new(), doses: None }).await;
    page.hear(text(evil, 0, cite(0, 3))).await;
    page.hear(Event::Routing {
        id: "1".to_owned(),
        tokens: vec![
            RoutingToken { text: evil.to_owned(), expert: RoutedExpert::Et5, p: 0.9, part: PromptPart::Question },
            RoutingToken { text: "x".to_owned(), expert: RoutedExpert::Emamba, p: 0.7, part: PromptPart::Text },
        ],
        et5: 1,
        emamba: 1,
    })
    .await;
    page.hear(Event::Error { id: None, kind: ErrorKind::Model, message: evil.to_owned() }).await;
    for tag in ["img", "script", "b"] {
        assert!(page.all(tag).is_empty(), "<{tag}>");
    }
    assert_eq!(page.text("error"), evil);
    assert_eq!(page.all(".strip .token").len(), 2);
    let routing = page.text("routing");
    assert!(routing.contains("ET5: 1 of 2 tokens (50 %)") && routing.contains("EMamba: 1 of 2 tokens (50 %)"));
}

#[wasm_bindgen_test]
async fn a_lone_surrogate_is_refused_and_the_box_keeps_it() {
    let page = Mounted::new();
    page.hear(ready()).await;
    let area = page.one("[data-testid='question']");
    let set = js_sys::Function::new_with_args("box", "box.value = 'dry \\ud83e mouth'");
    set.call1(&JsValue::NULL, &area).expect("set");
    page.one("[data-testid='ask']").click();
    tick().await;
    assert_eq!(page.one("[data-testid='error']").get_attribute("data-kind").as_deref(), Some("illFormedText"));
    let code = js_sys::Function::new_with_args("box", "return box.value.charCodeAt(4)");
    assert_eq!(code.call1(&JsValue::NULL, &area).expect("read").as_f64(), Some(f64::from(0xd83e_u32)));
    assert_eq!(area.get_attribute("aria-invalid").as_deref(), Some("true"));
}

#[wasm_bindgen_test]
async fn a_dead_worker_offers_to_start_again_and_keeps_the_answer() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dry mouth?").await;
    page.hear(text("Sip water", 0, cite(15, 24))).await;
    page.hear(Event::Error { id: None, kind: ErrorKind::WorkerDied, message: "gone".to_owned() }).await;
    page.one("[data-testid='start-again']");
    assert_eq!(page.one("[data-testid='answer-state']").get_attribute("data-state").as_deref(), Some("failed"));
    assert!(page.text("answer").contains("Sip water"));
    assert!(page.one("[data-testid='ask']").has_attribute("disabled"));
    page.assistant.session.update(Session::restarted);
    tick().await;
    assert!(page.all("[data-testid='start-again']").is_empty());
    assert!(page.assistant.session.with_untracked(|session| session.model == Model::Starting));
}
