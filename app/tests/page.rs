//! The page's parts in a real browser, driven by the worker's events and without a worker.
#![cfg(target_arch = "wasm32")]
// clippy.toml's allowance ends at `#[test]`; these functions have an attribute of their own.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::tick;
use mambaformer_app::assistant::Assistant;
use mambaformer_app::calculators::{Calculator, Outcome};
use mambaformer_app::keeper::Keeper;
use mambaformer_app::language::{self, Locale};
use mambaformer_app::page::Page;
use mambaformer_app::session::{Model, Session, Turn};
use mambaformer_app::speed::Speed;
use mambaformer_wasm::answer::{
    Alarm, AlarmKind, AnswerRecord, AnswerState, Author, Band, Checked, Citation, Confidence, DoseColumns, DoseRow,
    Doses, Evidence, EvidenceKind, FoundBy, NOTE_PASSAGE, ReadAs, RoutingCounts, Sentence, TimingsMs, Topic, Urgency,
};
use mambaformer_wasm::calculation::{CalculationSheet, CalculatorChoices};
use mambaformer_wasm::protocol::{
    ErrorKind, Event, LibraryInfo, ModelInfo, PromptPart, RoutedExpert, RoutingToken, Stage,
};
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
            view! { <Page assistant keeper=Keeper::new() /> }
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

fn source(passage: &str, kind: EvidenceKind) -> Evidence {
    Evidence {
        passage: passage.to_owned(),
        title: format!("Title of {passage}"),
        text: "Amoxicillin 500 mg. Then review.".to_owned(),
        source: "Rests on a guideline".to_owned(),
        score: 0.987,
        kind,
    }
}

fn alarm(kind: AlarmKind, urgency: Urgency, name: &str) -> Alarm {
    Alarm {
        kind,
        found_by: FoundBy::Rule,
        urgency,
        rule: name.to_lowercase(),
        name: name.to_owned(),
        text: format!("Do this first: {name}."),
        source: "Resuscitation Council UK".to_owned(),
        words: vec!["stridor".to_owned(), "<i>swelling</i>".to_owned(), "stridor".to_owned()],
    }
}

fn emergency(alarms: Vec<Alarm>) -> Event {
    Event::Emergency { id: "1".to_owned(), alarms }
}

fn dose(drug: &str, duration: &str, conflicts: &[&str]) -> DoseRow {
    DoseRow {
        citation: Citation { passage: "rec".to_owned(), start: 0, end: 19 },
        line: String::new(),
        columns: DoseColumns {
            drug: drug.to_owned(),
            population: "an adult".to_owned(),
            dose: "500 mg".to_owned(),
            duration: duration.to_owned(),
            region: "UK".to_owned(),
            ..DoseColumns::default()
        },
        remarks: vec!["Kidney: halve the dose.".to_owned()],
        conflicts: conflicts.iter().map(|conflict| (*conflict).to_owned()).collect(),
        worked: None,
        source: "Rests on SDCEP".to_owned(),
    }
}

fn record(state: AnswerState, edit: impl FnOnce(&mut AnswerRecord)) -> Event {
    let mut answer = AnswerRecord::empty("1", state);
    edit(&mut answer);
    Event::Done { id: "1".to_owned(), answer: Box::new(answer), heap_bytes: None }
}

fn found(passages: Vec<Evidence>, more: Vec<Evidence>, doses: Option<Doses>) -> Event {
    Event::Evidence { id: "1".to_owned(), passages, more, doses }
}

#[wasm_bindgen_test]
async fn alarms_stand_first_in_order_and_are_announced_once() {
    let page = Mounted::new();
    page.hear(ready()).await;
    let region = page.one("[data-testid='emergency']");
    assert_eq!(region.get_attribute("role").as_deref(), Some("alert"), "there before the first alarm");
    page.asked("1", "Stridor?").await;
    page.hear(emergency(vec![
        alarm(AlarmKind::Alarm, Urgency::Immediate, "Airway"),
        alarm(AlarmKind::Alarm, Urgency::TwoWeeks, "Ulcer"),
        alarm(AlarmKind::Note, Urgency::SameDay, "Sepsis"),
    ]))
    .await;
    let alarms = page.all("[data-testid='emergency'] .alarm");
    let told: Vec<_> = alarms.iter().map(|alarm| alarm.text_content().unwrap_or_default()).collect();
    assert_eq!(told.len(), 2);
    for (text, words) in told.iter().zip([["Act now", "Airway"], ["Two-week pathway", "Ulcer"]]) {
        for words in words.into_iter().chain(["Do this first", "Guideline: Resuscitation Council UK", "“stridor”"])
        {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        assert_eq!(text.matches("“stridor”").count(), 1, "each word once");
    }
    let shapes: Vec<_> = alarms.iter().map(|alarm| alarm.query_selector("svg").expect("a selector")).collect();
    let shapes: Vec<_> = shapes.into_iter().map(|icon| icon.expect("a shape").inner_html()).collect();
    assert_ne!(shapes[0], shapes[1], "the urgency is told by more than colour");
    assert!(page.all("i").is_empty(), "typed words are no markup");
    let notice = page.text("emergency-note");
    assert!(notice.contains("If a patient has it now: Sepsis") && notice.contains("Today"), "{notice}");
    assert!(page.one("[data-testid='emergency-note']").closest("[role='alert']").expect("a selector").is_none());

    // Nothing of it goes or comes again while the answer does, and it stands before the answer.
    page.hear(found(evidence(), Vec::new(), None)).await;
    page.hear(done(AnswerState::EmergencyFirst)).await;
    assert!(page.text("answer").contains("Sip water often"), "an alarm never blocks the answer");
    assert!(page.text("answer-state").contains("Emergency first"));
    page.asked("2", "Stridor?").await;
    page.hear(Event::Evidence { id: "2".to_owned(), passages: evidence(), more: Vec::new(), doses: None }).await;
    assert_eq!(page.all("[data-testid='emergency'] .alarm"), alarms, "announced a second time");
    let order = region.compare_document_position(&page.one(".result"));
    assert_eq!(order & 4, 4, "DOCUMENT_POSITION_FOLLOWING");

    page.asked("3", "Dry mouth?").await;
    page.hear(Event::Evidence { id: "3".to_owned(), passages: evidence(), more: Vec::new(), doses: None }).await;
    assert!(page.all(".alarm").is_empty() && page.all("[data-testid='emergency-note']").is_empty());
}

#[wasm_bindgen_test]
async fn what_the_second_net_raises_is_only_possible_and_comes_after_the_rules() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Grey and floppy?").await;
    let ulcer = || alarm(AlarmKind::Alarm, Urgency::TwoWeeks, "Ulcer");
    let net = |kind, name| Alarm { found_by: FoundBy::Net, words: vec![], ..alarm(kind, Urgency::Immediate, name) };
    page.hear(emergency(vec![ulcer()])).await;
    let before = page.all(".alarm");
    page.hear(emergency(vec![net(AlarmKind::Alarm, "Sepsis"), ulcer(), net(AlarmKind::Note, "Stroke")])).await;
    let alarms = page.all("[data-testid='emergency'] .alarm");
    assert_eq!(alarms.len(), 2);
    assert!(before == alarms[1..], "what the rules raised keeps its node");
    let text = alarms[0].text_content().unwrap_or_default();
    for words in ["Act now", "Possibly: Sepsis", "Do this first: Sepsis", "none of the usual words"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(!alarms[1].text_content().unwrap_or_default().contains("Possibly"));
    assert!(page.text("emergency-note").contains("If a patient has it now: Stroke"));
    page.hear(done(AnswerState::EmergencyFirst)).await;
    assert!(page.text("answer-state").contains("Possible red flag first"));
}

#[wasm_bindgen_test]
async fn doses_are_a_table_whose_rows_open_their_records() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dose?").await;
    let doses = Doses {
        rows: vec![
            DoseRow {
                worked: Some("For 20 kg: 300 mg.".to_owned()),
                ..dose("amoxicillin", "", &["penicillin allergy"])
            },
            dose("metronidazole", "5 days", &[]),
        ],
        assumed: vec!["Assumes an adult; name the age or weight of a child.".to_owned()],
        missing: vec!["There is no dose record of foo.".to_owned()],
    };
    page.hear(found(vec![source("p", EvidenceKind::Passage)], vec![source("rec", EvidenceKind::Record)], Some(doses)))
        .await;
    assert!(page.one(".doses__table caption").inner_text().contains("records"));
    let heads: Vec<_> = page.all(".doses__table thead th").iter().map(HtmlElement::inner_text).collect();
    assert_eq!(heads, ["Drug", "Population", "Dose", "Duration", "Region"], "empty columns are left out");
    let cells: Vec<_> = page
        .all(".doses__table td[data-label='Duration']")
        .iter()
        .map(|cell| cell.text_content().unwrap_or_default())
        .collect();
    assert_eq!(cells, ["not stated", "5 days"]);
    let drug = page.all(".doses__table th[scope='row']")[0].text_content().unwrap_or_default();
    assert!(drug.contains("amoxicillin") && drug.contains("Not for: penicillin allergy"), "{drug}");
    assert_eq!(page.all("[data-testid='dose-conflict']").len(), 1);
    assert_eq!(page.text("dose-worked"), "For 20 kg: 300 mg.");
    assert_eq!(page.all("[data-testid='dose-worked']").len(), 1, "a row without a weight says nothing of one");
    let all = page.text("doses");
    for words in ["Kidney: halve the dose.", "Rests on SDCEP", "Assumes an adult", "There is no dose record of foo."] {
        assert!(all.contains(words), "{words} is not in {all}");
    }
    let more = page.one("[data-testid='more']");
    assert!(!more.has_attribute("open"), "folded until it is wanted");
    let citation = page.all("[data-testid='dose-citation']").remove(1);
    assert_eq!(citation.inner_text(), "2");
    citation.click();
    tick().await;
    assert!(more.has_attribute("open"), "what is cited is unfolded");
    assert_eq!(page.one(".mark--chosen").text_content().as_deref(), Some("Amoxicillin 500 mg."));
    assert_eq!(page.one(".passage--chosen").get_attribute("data-passage").as_deref(), Some("rec"));
    assert_eq!(page.all("[aria-pressed='true']").len(), 1, "one row, not both");
}

#[wasm_bindgen_test]
async fn many_dose_records_are_folded_after_the_best() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dose?").await;
    let rows = ["a", "b", "c", "d"].map(|drug| dose(drug, "5 days", &[])).to_vec();
    page.hear(found(evidence(), Vec::new(), Some(Doses { rows, ..Doses::default() }))).await;
    let hidden = |page: &Mounted| page.all(".doses__record[hidden]").len();
    assert_eq!((page.all(".doses__record").len(), hidden(&page)), (4, 2));
    assert!(page.all("[data-testid='dose-citation']").is_empty(), "no button to a record that is not listed");
    let button = page.one("[data-testid='all-doses']");
    assert_eq!(button.inner_text(), "Show all 4 records");
    button.click();
    tick().await;
    assert_eq!((hidden(&page), button.get_attribute("aria-expanded").as_deref()), (0, Some("true")));
}

#[wasm_bindgen_test]
async fn a_pathway_is_no_emergency() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Ulcer?").await;
    page.hear(emergency(vec![alarm(AlarmKind::Alarm, Urgency::TwoWeeks, "Ulcer")])).await;
    page.hear(done(AnswerState::EmergencyFirst)).await;
    let state = page.text("answer-state");
    assert!(state.contains("Red flag first") && !state.contains("mergency"), "{state}");
}

#[wasm_bindgen_test]
async fn a_question_without_a_dose_record_says_so_without_a_table() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dose?").await;
    let missing = vec!["There is no dose record of foo.".to_owned()];
    page.hear(found(evidence(), Vec::new(), Some(Doses { missing, ..Doses::default() }))).await;
    assert!(page.all("table").is_empty());
    assert!(page.text("doses").contains("There is no dose record of foo."));
}

#[wasm_bindgen_test]
async fn sources_say_what_they_are_and_no_score() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Dose?").await;
    let passages = vec![
        source("p", EvidenceKind::Passage),
        source("r", EvidenceKind::Record),
        source(NOTE_PASSAGE, EvidenceKind::Note),
    ];
    page.hear(found(passages, vec![source("m", EvidenceKind::Passage)], None)).await;
    let kinds: Vec<_> = page.all(".passage__kind").iter().map(|kind| kind.text_content().unwrap_or_default()).collect();
    assert_eq!(kinds, ["Passage", "Record", "Your note", "Passage"]);
    let numbers: Vec<_> =
        page.all(".passage__number").iter().map(|number| number.text_content().unwrap_or_default()).collect();
    assert_eq!(numbers, ["1", "2", "note", "3"]);
    assert_eq!(page.one(".card__count").inner_text(), "2", "the note is no source of the knowledge base");
    assert!(page.one("[data-testid='more'] summary").inner_text().contains("More from the knowledge base (1)"));
    let all = page.text("evidence");
    assert!(!all.contains("0.98") && !all.contains("98"), "a score is a bare number: {all}");
}

#[wasm_bindgen_test]
async fn the_end_tells_gaps_confidence_readings_and_the_check() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.asked("1", "Amoxicilin in pregnancy?").await;
    page.hear(found(evidence(), Vec::new(), None)).await;
    page.hear(record(AnswerState::PartlyCovered, |answer| {
        answer.gaps = vec!["pregnancy".to_owned()];
        answer.confidence = Some(Confidence { band: Band::High, right: 285, of: 300 });
        answer.read_as = vec![ReadAs { typed: "amoxicilin".to_owned(), read: "amoxicillin".to_owned() }];
        answer.checked = Checked { repaired: Vec::new(), withheld: vec!["a number".to_owned()] };
    }))
    .await;
    let state = page.text("answer-state");
    assert!(state.contains("Partly covered") && state.contains("No cited sentence speaks of: pregnancy."), "{state}");
    let confidence = page.text("confidence");
    assert!(
        confidence.contains("Highest of three bands: of 300 answers like this, 285 were right when measured."),
        "a band, its count, and no bare percentage: {confidence}"
    );
    assert!(!confidence.contains('%'));
    assert_eq!(page.all("[data-testid='confidence'] rect.icon__fill").len(), 3);
    assert_eq!(page.text("read-as"), "Read as: “amoxicillin” (for “amoxicilin”)");
    assert_eq!(page.text("checked"), "Checked against the sources: 1 sentence left out.");
    assert!(page.all("[data-testid='topic']").is_empty());
}

#[wasm_bindgen_test]
async fn a_question_that_is_not_covered_offers_topics_and_keeps_the_box() {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.one("[data-testid='question']").unchecked_ref::<web_sys::HtmlTextAreaElement>().set_value("Knee surgery?");
    page.asked("1", "Knee surgery?").await;
    page.hear(found(evidence(), Vec::new(), None)).await;
    page.hear(record(AnswerState::NotCovered, |answer| {
        answer.topics = vec![Topic { passage: "p".to_owned(), title: "Dry mouth: signs".to_owned() }];
    }))
    .await;
    assert!(page.text("answer-state").contains("Not covered"));
    let topic = page.one("[data-testid='topic']");
    assert_eq!(topic.inner_text(), "Dry mouth: signs");
    topic.click();
    // There is no worker here: what was asked is told as a problem, and the question on screen stays.
    tick().await;
    assert_eq!(page.one("[data-testid='error']").get_attribute("data-kind").as_deref(), Some("workerDied"));
    let typed = page.one("[data-testid='question']").unchecked_into::<web_sys::HtmlTextAreaElement>().value();
    assert_eq!(typed, "Knee surgery?", "the reader's text is the reader's");
}

#[wasm_bindgen_test]
async fn abbreviations_are_explained_in_answer_and_passage() {
    let page = Mounted::new();
    page.hear(Event::Library(LibraryInfo {
        abbreviations: [("mm".to_owned(), "millimetres".to_owned())].into(),
        ..LibraryInfo::default()
    }))
    .await;
    page.asked("1", "How large?").await;
    page.hear(found(evidence(), Vec::new(), None)).await;
    let explained = page.all(".passage__text [data-testid='abbreviation']");
    assert_eq!(explained.len(), 1);
    assert_eq!(explained[0].text_content().as_deref(), Some("mmmillimetres"));
    assert_eq!(explained[0].tab_index(), 0, "reached by keyboard");
    // Beside the text and not in its place.
    let text = page.one(".passage__text").text_content().unwrap_or_default();
    assert_eq!(text, PASSAGE.replacen("mm", "mmmillimetres", 1));
}

#[wasm_bindgen_test]
async fn a_follow_up_is_offered_after_an_answer_and_holds_for_one_question() {
    let page = Mounted::new();
    assert!(page.all("[data-testid='follow-up']").is_empty());
    page.asked("1", "Dry mouth?").await;
    assert!(page.all("[data-testid='follow-up']").is_empty(), "while the answer runs");
    page.hear(record(AnswerState::Supported, |_| ())).await;
    assert_eq!(page.one(".ask__before").inner_text(), "Dry mouth?");
    page.assistant.session.update(|session| session.follow_up = true);
    tick().await;
    let turn = page.assistant.session.with_untracked(|session| session.turn.clone()).expect("a turn");
    page.assistant.session.update(|session| {
        session
            .asked(Turn::new("2".to_owned(), "And in children?".to_owned(), None).following(Some(turn.before_next())));
    });
    let evidence = Event::Evidence { id: "2".to_owned(), passages: evidence(), more: Vec::new(), doses: None };
    page.hear(evidence).await;
    assert_eq!(page.text("follows"), "Follow-up to: Dry mouth?");
    page.hear(Event::Done {
        id: "2".to_owned(),
        answer: Box::new(AnswerRecord::empty("2", AnswerState::NotCovered)),
        heap_bytes: None,
    })
    .await;
    assert_eq!(page.one(".ask__before").inner_text(), "Dry mouth? And in children?");
}

#[wasm_bindgen_test]
async fn what_is_looked_up_while_the_model_loads_says_so() {
    let page = Mounted::new();
    page.hear(Event::Progress { stage: Stage::Weights, loaded_bytes: 1, total_bytes: 2 }).await;
    assert!(page.all("[data-testid='library-version']").is_empty());
    page.hear(Event::Library(LibraryInfo {
        version: "2f21".to_owned(),
        sha256: String::new(),
        passages: 1_761,
        records: 536,
        attributions: vec!["Worded by contributors, CC BY 4.0".to_owned()],
        ..LibraryInfo::default()
    }))
    .await;
    let foot = page.text("library-version");
    for words in ["2f21", "1,761 passages", "536 records", "CC BY 4.0", "Not yet reviewed by a clinician"] {
        assert!(foot.contains(words), "{words} is not in {foot}");
    }
    let help = |page: &Mounted| page.one("#question-help").inner_text();
    assert!(help(&page).contains("looked up at once"), "{}", help(&page));
    page.asked("1", "Dry mouth?").await;
    page.hear(found(evidence(), Vec::new(), None)).await;
    page.hear(record(AnswerState::PartlyCovered, |answer| answer.author = Author::Search)).await;
    let state = page.text("answer-state");
    assert!(state.contains("The model is still loading: these are the passages found."), "{state}");
    assert!(state.contains("follows by itself"), "{state}");
    assert_eq!(page.one("[data-testid='answer-state']").get_attribute("data-author").as_deref(), Some("search"));
    assert!(help(&page).contains("The answer follows by itself"), "{}", help(&page));
    assert!(!page.text("timings").contains("tokens"));
}

#[wasm_bindgen_test]
async fn a_calculation_is_shown_as_text_and_goes_with_its_entries() {
    let page = Mounted::new();
    let calculate = "[data-testid='maximum-calculate']";
    assert!(page.one(calculate).has_attribute("disabled"), "nothing can be asked before the records are there");
    page.hear(Event::Calculators(CalculatorChoices {
        products: vec!["a <b>product</b>".to_owned(), "plain".to_owned()],
        plain_product: Some("plain".to_owned()),
        drugs: vec!["amoxicillin".to_owned()],
    }))
    .await;
    assert!(!page.one(calculate).has_attribute("disabled"));
    let list: web_sys::HtmlSelectElement = page.one("[data-testid='maximum-product']").unchecked_into();
    assert_eq!((list.value().as_str(), list.length()), ("plain", 2));
    page.assistant.session.update(|session| {
        session.calculators.set(Calculator::Maximum, Outcome::Waiting("calculation-1".to_owned()));
    });
    page.hear(Event::Calculated {
        id: "calculation-1".to_owned(),
        sheets: vec![CalculationSheet {
            result: "At most 8 <i>cartridges</i>".to_owned(),
            limited_by: Some("lidocaine by body weight".to_owned()),
            working: vec!["Weight: 68.03 kg.".to_owned()],
            ..CalculationSheet::default()
        }],
        left_out: Vec::new(),
    })
    .await;
    assert!(page.text("maximum-told").contains("At most 8 <i>cartridges</i>"));
    assert!(page.text("maximum-sheets").contains("Weight: 68.03 kg."));
    assert!(page.all("[data-testid='maximum-told'] i").is_empty());
    page.assistant.entries_changed(Calculator::Maximum);
    tick().await;
    assert_eq!(page.text("maximum-told") + &page.text("maximum-sheets"), "");
}

/// Speaks English again when dropped, for the tests that follow.
struct German;

impl German {
    fn spoken() -> Self {
        language::speak(Locale::de);
        Self
    }
}

impl Drop for German {
    fn drop(&mut self) {
        language::speak(Locale::en);
    }
}

/// A page with something in every part of it.
async fn full_page() -> Mounted {
    let page = Mounted::new();
    page.hear(ready()).await;
    page.hear(Event::Library(LibraryInfo {
        version: "2f21".to_owned(),
        passages: 1_761,
        attributions: vec!["CC BY 4.0".to_owned()],
        ..LibraryInfo::default()
    }))
    .await;
    page.asked("1", "Dose?").await;
    let possible = Alarm { found_by: FoundBy::Net, ..alarm(AlarmKind::Alarm, Urgency::SameDay, "Sepsis") };
    let asked_about = alarm(AlarmKind::Note, Urgency::SameDay, "Stroke");
    page.hear(emergency(vec![alarm(AlarmKind::Alarm, Urgency::Immediate, "Airway"), possible, asked_about])).await;
    let doses = Doses {
        rows: vec![dose("amoxicillin", "5 days", &["penicillin allergy"]), dose("metronidazole", "", &[])],
        assumed: vec!["Assumes an adult.".to_owned()],
        missing: vec!["There is no dose record of foo.".to_owned()],
    };
    let passages = vec![evidence().remove(0), source(NOTE_PASSAGE, EvidenceKind::Note)];
    page.hear(found(passages, vec![source("rec", EvidenceKind::Record)], Some(doses))).await;
    page.hear(Event::Routing {
        id: "1".to_owned(),
        tokens: vec![RoutingToken {
            text: "dry".to_owned(),
            expert: RoutedExpert::Et5,
            p: 0.9,
            part: PromptPart::Question,
        }],
        et5: 1,
        emamba: 0,
    })
    .await;
    page.hear(record(AnswerState::PartlyCovered, |answer| {
        answer.sentences = vec![Sentence { text: "Sip water often.".to_owned(), citations: vec![cite(15, 31)] }];
        answer.gaps = vec!["in pregnancy".to_owned()];
        answer.confidence = Some(Confidence { band: Band::High, right: 1_285, of: 1_300 });
        answer.topics = vec![Topic { passage: "x".to_owned(), title: "Dry mouth: signs".to_owned() }];
        answer.read_as = vec![ReadAs { typed: "dri".to_owned(), read: "dry".to_owned() }];
        answer.checked = Checked { withheld: vec![String::new()], ..Checked::default() };
        answer.timings_ms = TimingsMs { total: Some(3.06), ..TimingsMs::default() };
        answer.tokens_out = 9;
    }))
    .await;
    page.hear(Event::Error { id: None, kind: ErrorKind::Model, message: "It broke.".to_owned() }).await;
    page
}

#[wasm_bindgen_test]
async fn the_gate_is_leant_by_a_slider_that_says_what_it_does() {
    let page = full_page().await;
    let slider = page.one("[data-testid='speed']");
    let before = page.text("speed-effect");
    let set = js_sys::Function::new_with_args("slider", "slider.value = '2'; slider.dispatchEvent(new Event('input'))");
    set.call1(&JsValue::NULL, &slider).expect("set");
    tick().await;
    assert_eq!(page.assistant.speed.get_untracked().key(), "2");
    assert_ne!(page.text("speed-effect"), before);
    assert_eq!(slider.get_attribute("aria-valuetext").as_deref(), Some("nearly every token to EMamba"));
    page.assistant.lean(Speed::default());
    tick().await;
    assert_eq!(page.text("speed-effect"), before);
}

#[wasm_bindgen_test]
async fn another_language_changes_words_where_they_stand_and_nothing_else() {
    let page = full_page().await;
    let area = page.one("[data-testid='question']");
    let set = js_sys::Function::new_with_args("box", "box.value = 'typed and not asked'");
    set.call1(&JsValue::NULL, &area).expect("set");
    let english = page.place.inner_html();
    let german = German::spoken();
    tick().await;
    assert_eq!(document().document_element().expect("a root").get_attribute("lang").as_deref(), Some("de"));
    let value = js_sys::Reflect::get(&area, &JsValue::from_str("value")).expect("a value").as_string();
    assert_eq!(value.as_deref(), Some("typed and not asked"));
    // A word that were written into the page once would be another one than on a page that was German from the start.
    let fresh = full_page().await;
    assert_eq!(words_of(&page), words_of(&fresh));
    drop(german);
    tick().await;
    assert_eq!(page.place.inner_html(), english);
}

/// Everything that is read or heard, in the order of the page.
fn words_of(page: &Mounted) -> Vec<String> {
    let told = |node: &HtmlElement| {
        let of = |name: &str| node.get_attribute(name).unwrap_or_default();
        format!("{} {} {} {}", of("aria-label"), of("placeholder"), of("data-label"), of("lang"))
    };
    let text = page.place.text_content().unwrap_or_default();
    page.all("*").iter().map(told).chain([text]).collect()
}

#[wasm_bindgen_test]
async fn in_german_what_is_quoted_is_english_and_says_so() {
    let _german = German::spoken();
    let page = full_page().await;
    for (test_id, words) in [
        ("emergency", "Sofort handeln"),
        ("emergency", "Möglicherweise: Sepsis"),
        ("emergency-note", "vorliegt: Stroke – Noch heute"),
        ("doses", "Nicht geeignet bei: penicillin allergy"),
        ("answer-state", "Teilweise abgedeckt"),
        ("answer-state", "behandelt: in pregnancy."),
        ("confidence", "Von 1.300 solchen Antworten waren bei der Messung 1.285 richtig."),
        ("read-as", "„dry“ (statt „dri“)"),
        ("checked", "1 Satz weggelassen"),
        ("timings", "vollständig nach 3,1 ms"),
        ("library-version", "1.761 Textstellen"),
        ("model-version", "27,4 Millionen Parameter"),
        ("routing", "1 von 1 Token (100 %)"),
    ] {
        assert!(page.text(test_id).contains(words), "`{words}` is not in: {}", page.text(test_id));
    }
    assert!(page.one("#question-language").inner_text().contains("auf Englisch"));
    let spoken = |selector: &str| {
        let node = page.all(selector).into_iter().next().unwrap_or_else(|| panic!("no {selector}"));
        node.closest("[lang]").expect("a selector").and_then(|near| near.get_attribute("lang"))
    };
    for quoted in [
        "#question",
        ".answer__question",
        ".sentence__text",
        ".alarm__text",
        ".alarm__name span",
        ".alarm__source span",
        ".notice__name span",
        ".passage__title",
        ".passage__text",
        ".passage__source",
        ".doses__table td[data-column='dose'] span",
        ".doses__conflict span span",
        ".doses__remarks",
        ".doses__missing ul",
        "[data-testid='error']",
        "[data-testid='topic']",
        "[data-testid='answer-state'] span span",
    ] {
        assert_eq!(spoken(quoted).as_deref(), Some("en"), "{quoted}");
    }
    for own in [
        ".citation",
        ".alarm__urgency",
        ".passage__kind",
        ".doses__table td[data-column='dose']",
        "[data-testid='ask']",
    ] {
        assert_ne!(spoken(own).as_deref(), Some("en"), "{own}");
    }
}
