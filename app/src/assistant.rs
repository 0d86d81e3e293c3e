//! The page's way to the worker: one object that the parts share through the context.

use leptos::prelude::*;
use mambaformer_wasm::browse::{Browse, Open};
use mambaformer_wasm::calculation::{Calculate, Calculation};
use mambaformer_wasm::client::WorkerClient;
use mambaformer_wasm::protocol::{
    Ask, AskOptions, EngineReport, EngineVerdict, ErrorKind, Event, Load, Pause, Preference, Request, Stop,
};
use mambaformer_wasm::redaction::Redact;
use wasm_bindgen::{JsCast, JsValue};

use crate::calculators::{Calculator, Outcome};
use crate::session::{Message, Model, Problem, Session, Turn, Waiting};
use crate::settings::{keep, kept};
use crate::speed::Speed;
use crate::take_away::{self, Included};
use crate::words;

/// Where the page's files lie, relative to the page.
const WORKER_SCRIPT: &str = "engine/worker.js";
const ASSETS: &str = "assets/index.json";

/// Where the browser keeps the reader's choice of engine: a setting, nothing of any question.
const PREFERENCE_KEY: &str = "mambaformer.engine";

/// Where it keeps how far the gate is leant.
const SPEED_KEY: &str = "mambaformer.speed";

/// Where it keeps which engine was found the faster on this device: nothing of any question.
const VERDICT_KEY: &str = "mambaformer.engine.verdict";

/// What cites a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Citing {
    /// A sentence of the answer, by its index.
    Sentence(usize),
    /// A row of the dose table, by its index.
    Row(usize),
}

/// A citation the reader has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What it belongs to.
    pub citing: Citing,
    /// The passage to look at.
    pub passage: String,
    /// Counts the choices, so that choosing the same citation again brings its passage into view again.
    pub choice: u32,
}

/// Shared by all parts of the page.
#[derive(Clone, Copy)]
pub struct Assistant {
    /// What the page knows.
    pub session: RwSignal<Session>,
    /// The citation the reader has chosen.
    pub chosen: RwSignal<Option<Chosen>>,
    /// The question box. Not bound to a signal: the text in it is the reader's, and nothing here ever rewrites it.
    pub question: NodeRef<leptos::html::Textarea>,
    /// The note box.
    pub note: NodeRef<leptos::html::Textarea>,
    /// The engine the reader wants.
    pub preference: RwSignal<Preference>,
    /// How far the gate is leant, from the next question on.
    pub speed: RwSignal<Speed>,
    /// Counts the questions that the reader has asked; asking one again by itself, when the model is there, is not among them.
    pub asked: RwSignal<u32>,
    client: StoredValue<Option<WorkerClient>, LocalStorage>,
    count: StoredValue<u32>,
}

impl Assistant {
    /// Nothing is started yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            session: RwSignal::new(Session::default()),
            chosen: RwSignal::new(None),
            question: NodeRef::new(),
            note: NodeRef::new(),
            preference: RwSignal::new(kept_preference().unwrap_or_default()),
            speed: RwSignal::new(kept(SPEED_KEY).and_then(|key| Speed::of(&key)).unwrap_or_default()),
            asked: RwSignal::new(0),
            client: StoredValue::new_local(None),
            count: StoredValue::new(0),
        }
    }

    /// Starts a new worker and has it load the model; ends the worker there was.
    pub fn start(self) {
        self.client.set_value(None);
        self.session.update(Session::restarted);
        let request = Request::Load(Load {
            assets_url: absolute(ASSETS),
            engine: self.preference.get_untracked(),
            remembered: kept_verdict(),
        });
        let started = WorkerClient::start(&absolute(WORKER_SCRIPT), move |event| self.hear(event))
            .and_then(|client| client.send(&request).map(|()| client));
        match started {
            Ok(client) => self.client.set_value(Some(client)),
            Err(error) => self.session.update(|session| {
                session.model = Model::Failed;
                session.problem =
                    Some(Problem { kind: ErrorKind::WorkerDied, message: Message::Worker(error.to_string()) });
            }),
        }
    }

    /// Computes on another engine from now on; what is written stays.
    pub fn prefer(self, preference: Preference) {
        if self.preference.get_untracked() == preference {
            return;
        }
        self.preference.set(preference);
        keep(PREFERENCE_KEY, words::engine::preference_key(preference));
        self.start();
    }

    /// Leans the gate from the next question on; the answer on screen stays.
    pub fn lean(self, speed: Speed) {
        self.speed.set(speed);
        keep(SPEED_KEY, speed.key());
    }

    /// Asks what stands in the box: now, or as soon as the knowledge base is there and the running answer has stopped.
    pub fn ask(self) {
        let (failed, able, running) = self.session.with_untracked(|session| {
            let able = session.is_ready() || session.is_searchable();
            (session.model == Model::Failed, able, session.running().is_some())
        });
        if failed {
            return;
        }
        if !able {
            self.session.update(|session| session.queued = Some(Waiting::Box));
            return;
        }
        let Some((question, note)) = self.read_boxes() else { return };
        let follows = self.session.with_untracked(|session| {
            session.turn.as_ref().filter(|_| session.follow_up && !running).map(Turn::before_next)
        });
        if running {
            let same = self.session.with_untracked(|session| {
                let turn = session.pending.as_ref().or(session.turn.as_ref());
                turn.is_some_and(|turn| turn.question == question && turn.note.as_deref() == note.as_deref())
            });
            // A double click is not a wish for a second answer to the same question.
            if !same {
                self.stop();
                self.session.update(|session| session.queued = Some(Waiting::Box));
            }
            return;
        }
        self.send_question(question, note, follows);
        self.asked.update(|count| *count += 1);
    }

    /// Asks about a heading of the knowledge base. The boxes keep what the reader wrote; the note of the question on screen counts
    /// here, too.
    pub fn ask_about(self, heading: &str) {
        if self.session.with_untracked(|session| session.running().is_some()) {
            return;
        }
        let note = self.session.with_untracked(|session| session.turn.as_ref()?.note.as_deref().map(str::to_owned));
        self.send_question(heading.to_owned(), note, None);
        self.asked.update(|count| *count += 1);
    }

    /// Asks the question on screen again.
    fn ask_again(self) {
        let asked = self.session.with_untracked(|session| {
            let turn = session.turn.as_ref()?;
            Some((
                turn.question.clone(),
                turn.note.as_deref().map(str::to_owned),
                turn.follows.as_deref().map(str::to_owned),
            ))
        });
        if let Some((question, note, follows)) = asked {
            self.send_question(question, note, follows);
        }
    }

    /// Sends a question to the worker, which answers it or, without the model, looks it up.
    fn send_question(self, question: String, note: Option<String>, follows: Option<String>) {
        let id = self.next("");
        self.chosen.set(None);
        let turn = Turn::new(id.clone(), question.clone(), note.clone()).following(follows.clone());
        self.session.update(|session| {
            session.follow_up = false;
            session.asked(turn);
        });
        let options = AskOptions { gate_bias: self.speed.get_untracked().bias(), ..AskOptions::default() };
        self.send(&Request::Ask(Ask { id, question, note, follows, options }));
    }

    /// Has the worker calculate; the result of entries before these is gone.
    pub fn calculate(self, calculator: Calculator, calculation: Calculation) {
        let id = self.next("calculation-");
        self.session.update(|session| session.calculators.set(calculator, Outcome::Waiting(id.clone())));
        self.send(&Request::Calculate(Calculate { id, calculation }));
    }

    /// Asks for the contents of the knowledge base.
    pub fn browse(self) {
        let id = self.browsing_id();
        self.send(&Request::Browse(Browse { id }));
    }

    /// Opens an entry of the knowledge base.
    pub fn open_entry(self, passage: String) {
        let id = self.browsing_id();
        self.send(&Request::Open(Open { id, passage }));
    }

    /// Goes back to the entry that was open before, or to the contents.
    pub fn close_entry(self) {
        let before = self.session.try_update(|session| session.browsing.back()).flatten();
        if let Some(passage) = before {
            self.open_entry(passage);
        }
    }

    /// Goes back to the contents.
    pub fn close_entries(self) {
        self.session.update(|session| session.browsing.close());
    }

    fn browsing_id(self) -> String {
        let id = self.next("browsing-");
        self.session.update(|session| session.browsing.asked(id.clone()));
        id
    }

    /// An entry cannot be sent: half of a character.
    pub fn refuse_entries(self, calculator: Calculator) {
        let problem = Problem { kind: ErrorKind::IllFormedText, message: Message::IllFormedEntry };
        self.session.update(|session| session.calculators.set(calculator, Outcome::Refused(problem)));
    }

    /// An entry has changed: what was calculated is no longer of these entries.
    pub fn entries_changed(self, calculator: Calculator) {
        let told = |session: &Session| *session.calculators.outcome(calculator) != Outcome::Unasked;
        if self.session.with_untracked(told) {
            self.session.update(|session| session.calculators.set(calculator, Outcome::Unasked));
        }
    }

    /// Takes question and note of the answer on screen along, once they have been searched for identifiers, or leaves them here.
    pub fn include(self, wanted: bool) {
        let texts = self.session.with_untracked(|session| session.turn.as_ref().map(take_away::searched_texts));
        let Some(texts) = texts.filter(|_| wanted) else {
            return self.session.update(|session| session.included = Included::Nothing);
        };
        let id = self.next("redaction-");
        self.session.update(|session| session.included = Included::Waiting(id.clone()));
        self.send(&Request::Redact(Redact { id, texts }));
    }

    /// Ends the running answer and forgets a queued question.
    pub fn stop(self) {
        let running = self.session.with_untracked(|session| session.running().map(str::to_owned));
        self.session.update(Session::stopped);
        if let Some(id) = running {
            self.send(&Request::Stop(Stop { id }));
        }
    }

    /// Opens `passage` at what was cited of it.
    pub fn choose(self, citing: Citing, passage: &str) {
        self.chosen.update(|chosen| {
            let choice = chosen.as_ref().map_or(0, |chosen| chosen.choice.wrapping_add(1));
            *chosen = Some(Chosen { citing, passage: passage.to_owned(), choice });
        });
    }

    /// Puts an example into the empty or filled box and the cursor behind it.
    pub fn fill(self, text: &str) {
        if let Some(area) = self.question.get_untracked() {
            area.set_value(text);
            let _ = area.focus();
        }
    }

    /// Holds the download, or lets it go on.
    pub fn pause(self, paused: bool) {
        self.send(&Request::Pause(Pause { paused }));
    }

    /// Empties the boxes, has the worker overwrite its memory, and calls `then` when it is gone. The page is of no use after it and is to
    /// be started anew.
    pub fn forget(self, then: impl FnOnce() + 'static) {
        self.session.set(Session::default());
        for area in [self.question.get_untracked(), self.note.get_untracked()].into_iter().flatten() {
            area.set_value("");
        }
        match self.client.try_update_value(Option::take).flatten() {
            Some(client) => client.forget(then),
            None => then(),
        }
    }

    /// An identifier that was not given before; those of questions have no `prefix`.
    fn next(self, prefix: &str) -> String {
        self.count.update_value(|count| *count = count.wrapping_add(1));
        format!("{prefix}{}", self.count.get_value())
    }

    fn send(self, request: &Request) {
        let sent = self.client.with_value(|client| client.as_ref().map(|client| client.send(request)));
        if !matches!(sent, Some(Ok(()))) {
            self.session.update(Session::without_worker);
        }
    }

    fn hear(self, event: Event) {
        if let Event::Engine(EngineReport { verdict: Some(verdict), .. }) = &event {
            keep(VERDICT_KEY, &verdict.to_text());
        }
        self.session.update(|session| session.apply(event));
        let Some(due) = self.session.with_untracked(Session::due) else { return };
        self.session.update(|session| session.queued = None);
        match due {
            Waiting::Box => self.ask(),
            Waiting::Answer => self.ask_again(),
        }
    }

    /// The question and the note; `None` (and a problem on screen) where one is no Unicode text.
    fn read_boxes(self) -> Option<(String, Option<String>)> {
        let read = |area: Option<web_sys::HtmlTextAreaElement>| match area {
            None => Some(String::new()),
            Some(area) => well_formed_value(area.as_ref()),
        };
        let question = read(self.question.get_untracked());
        let note = read(self.note.get_untracked());
        let (Some(question), Some(note)) = (question, note) else {
            self.session.update(|session| {
                session.problem = Some(Problem { kind: ErrorKind::IllFormedText, message: Message::IllFormed });
            });
            return None;
        };
        Some((question, Some(note).filter(|note| !note.trim().is_empty())))
    }
}

impl Default for Assistant {
    fn default() -> Self {
        Self::new()
    }
}

fn kept_preference() -> Option<Preference> {
    words::engine::preference_of(&kept(PREFERENCE_KEY)?)
}

fn kept_verdict() -> Option<EngineVerdict> {
    EngineVerdict::from_text(&kept(VERDICT_KEY)?)
}

/// The text in a field, or `None` where it has lone surrogates.
///
/// The ordinary getter would turn them into U+FFFD on the way into Rust and the reader's text would be changed silently.
pub(crate) fn well_formed_value(field: &JsValue) -> Option<String> {
    let value = js_sys::Reflect::get(field, &JsValue::from_str("value")).ok()?;
    let text: js_sys::JsString = value.dyn_into().ok()?;
    text.is_valid_utf16().then(|| String::from(&text))
}

/// `path` as an absolute address, counted from the page (the worker lies in a folder of its own).
fn absolute(path: &str) -> String {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    web_sys::Url::new_with_base(path, &base).map_or_else(|_| path.to_owned(), |url| url.href())
}
