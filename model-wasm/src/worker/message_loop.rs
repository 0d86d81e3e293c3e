//! Requests in, events out; one answer at a time, in slices.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mambaformer_clinical::identifiers::Identifiers;
use serde::Deserialize;
use wasm_bindgen_futures::spawn_local;

use super::load::load;
use super::pause::Pause;
use super::script;
use crate::pipeline::{Assistant, Clinic, PipelineError, redaction};
use crate::protocol::{Ask, ErrorKind, Event, Hold, Load, Request};
use crate::redaction::Redact;

/// The engines are compared when nobody has asked anything for so long: a software adapter computes on the same processor.
const QUIET_MS: f64 = 2_000.0;

/// What the worker can do at the moment.
enum Phase {
    /// Waiting for `load`.
    Empty,
    /// Fetching and building; questions can be looked up as soon as the knowledge base is there.
    Loading(Option<Rc<Clinic>>),
    /// Answering questions.
    Ready(Rc<Assistant>),
    /// The model could not be loaded, the knowledge base could; the calculators need no more.
    WithoutModel(Rc<Clinic>),
}

impl Phase {
    /// What needs no model, where it is there.
    fn clinic(&self) -> Option<&Clinic> {
        match self {
            Phase::Empty | Phase::Loading(None) => None,
            Phase::Loading(Some(clinic)) | Phase::WithoutModel(clinic) => Some(clinic),
            Phase::Ready(assistant) => Some(assistant.clinic()),
        }
    }

    /// What is left when loading fails.
    fn without_model(&self) -> Phase {
        match self {
            Phase::Loading(Some(clinic)) => Phase::WithoutModel(Rc::clone(clinic)),
            Phase::Empty | Phase::Loading(None) | Phase::Ready(_) | Phase::WithoutModel(_) => Phase::Empty,
        }
    }
}

/// The answer being written.
struct Running {
    id: String,
    stop: Rc<Cell<bool>>,
}

/// What is read of a request that is none of this version: whom to tell.
#[derive(Deserialize)]
struct Named {
    id: String,
}

struct Shared {
    post: Box<dyn Fn(&Event)>,
    phase: RefCell<Phase>,
    running: RefCell<Option<Running>>,
    /// Whether the download is to be held.
    paused: Cell<bool>,
    /// There as soon as the knowledge base is.
    identifiers: RefCell<Option<Identifiers>>,
}

/// The worker's messages.
pub struct MessageLoop {
    shared: Rc<Shared>,
}

impl MessageLoop {
    /// Events go to `post`.
    pub fn new(post: impl Fn(&Event) + 'static) -> Self {
        Self {
            shared: Rc::new(Shared {
                post: Box::new(post),
                phase: RefCell::new(Phase::Empty),
                running: RefCell::new(None),
                paused: Cell::new(false),
                identifiers: RefCell::new(None),
            }),
        }
    }

    /// Like [`Self::new`], with an assistant that needs no loading.
    pub fn with_assistant(assistant: Assistant, post: impl Fn(&Event) + 'static) -> Self {
        let messages = Self::new(post);
        *messages.shared.phase.borrow_mut() = Phase::Ready(Rc::new(assistant));
        messages
    }

    /// Takes in one request, JSON text. Returns at once; what it leads to is posted.
    pub fn receive(&self, message: &str) {
        match serde_json::from_str::<Request>(message) {
            Ok(Request::Load(request)) => self.load(request),
            Ok(Request::Ask(ask)) => self.ask(ask),
            Ok(Request::Pause(pause)) => self.pause(pause.paused),
            Ok(Request::Forget) => script::forget(),
            Ok(Request::Calculate(request)) => self.of_library(&request.id, |clinic| clinic.calculate(&request)),
            Ok(Request::Redact(request)) => self.redact(&request),
            Ok(Request::Browse(request)) => self.of_library(&request.id, |clinic| clinic.browse(&request)),
            Ok(Request::Open(request)) => self.of_library(&request.id, |clinic| clinic.open(&request)),
            Ok(Request::Stop(stop)) => {
                if let Some(running) = self.shared.running.borrow().as_ref().filter(|running| running.id == stop.id) {
                    running.stop.set(true);
                }
            }
            // serde's text may quote the message, and a message may hold a patient's note: only the place is told.
            Err(error) => self.shared.fail(
                serde_json::from_str::<Named>(message).ok().map(|named| named.id),
                ErrorKind::BadRequest,
                format!("not a request of this version (at column {} of {})", error.column(), message.len()),
            ),
        }
    }

    fn load(&self, request: Load) {
        if !matches!(*self.shared.phase.borrow(), Phase::Empty | Phase::WithoutModel(_)) {
            let message = "the model is loaded or loading already; start a new worker to load another";
            return self.shared.fail(None, ErrorKind::Busy, message.to_owned());
        }
        *self.shared.phase.borrow_mut() = Phase::Loading(None);
        let shared = Rc::clone(&self.shared);
        spawn_local(async move {
            let on_clinic = |clinic: Rc<Clinic>, identifiers: Identifiers| {
                *shared.identifiers.borrow_mut() = Some(identifiers);
                let (info, choices) = (clinic.info(), clinic.calculator_choices());
                *shared.phase.borrow_mut() = Phase::Loading(Some(clinic));
                (shared.post)(&Event::Library(info));
                (shared.post)(&Event::Calculators(choices));
            };
            match load(&request, &*shared.post, &shared.paused, on_clinic).await {
                Ok(assistant) => {
                    let info = assistant.info();
                    let assistant = Rc::new(assistant);
                    *shared.phase.borrow_mut() = Phase::Ready(Rc::clone(&assistant));
                    // The processor can answer from now on; which engine is the faster is found out while nobody asks.
                    (shared.post)(&Event::Ready(info));
                    choose_engine(&shared, &assistant, &request).await;
                }
                Err(error) => {
                    let left = shared.phase.borrow().without_model();
                    *shared.phase.borrow_mut() = left;
                    shared.fail(None, error.kind(), error.to_string());
                }
            }
        });
    }

    fn pause(&self, paused: bool) {
        self.shared.paused.set(paused);
        // Told at once: a download that gets nothing at the moment would notice late.
        if matches!(*self.shared.phase.borrow(), Phase::Loading(_)) {
            (self.shared.post)(&Event::Held { hold: paused.then_some(Hold::Paused) });
        }
    }

    fn ask(&self, ask: Ask) {
        let assistant = match &*self.shared.phase.borrow() {
            Phase::Ready(assistant) => Rc::clone(assistant),
            Phase::Loading(Some(clinic)) => return self.look_up(clinic, &ask),
            Phase::Empty | Phase::Loading(None) | Phase::WithoutModel(_) => {
                let message = "the model is not ready yet; ask again when it is";
                return self.shared.fail(Some(ask.id), ErrorKind::NotReady, message.to_owned());
            }
        };
        if self.shared.running.borrow().is_some() {
            let message = "another question is being answered; stop it or wait for its end";
            return self.shared.fail(Some(ask.id), ErrorKind::Busy, message.to_owned());
        }
        let stop = Rc::new(Cell::new(false));
        *self.shared.running.borrow_mut() = Some(Running { id: ask.id.clone(), stop: Rc::clone(&stop) });
        let shared = Rc::clone(&self.shared);
        spawn_local(async move {
            let outcome = answer(&shared, &assistant, &ask, &stop).await;
            *shared.running.borrow_mut() = None;
            if let Err(error) = outcome {
                shared.fail(Some(ask.id), error.kind(), error.to_string());
            }
        });
    }
}

impl MessageLoop {
    /// What needs no model: calculates or looks up at once, with or without it, beside an answer that is being written.
    fn of_library(&self, id: &str, reply: impl FnOnce(&Clinic) -> Event) {
        let reply = self.shared.phase.borrow().clinic().map(reply);
        self.reply(id, reply, "the records are not loaded yet; try again when they are");
    }

    /// Takes identifiers out of texts, at once.
    fn redact(&self, request: &Redact) {
        let reply = self.shared.identifiers.borrow().as_ref().map(|known| redaction::reply(known, request));
        self.reply(&request.id, reply, "the lists of names are not loaded yet; try again when they are");
    }

    /// Posts a reply, or that there is none yet.
    fn reply(&self, id: &str, reply: Option<Event>, not_ready: &str) {
        match reply {
            Some(event) => (self.shared.post)(&event),
            None => self.shared.fail(Some(id.to_owned()), ErrorKind::NotReady, not_ready.to_owned()),
        }
    }

    /// Answers without a model: what the knowledge base holds, at once.
    fn look_up(&self, clinic: &Clinic, ask: &Ask) {
        match clinic.look_up(ask) {
            Ok(events) => self.shared.post_all(events),
            Err(error) => self.shared.fail(Some(ask.id.clone()), error.kind(), error.to_string()),
        }
    }
}

/// Finds the engine that is to serve, in the pauses between questions, and tells the page.
async fn choose_engine(shared: &Shared, assistant: &Assistant, request: &Load) {
    let idle = || shared.running.borrow().is_none();
    let mut pause = Pause::new();
    loop {
        pause.until_quiet(&idle, QUIET_MS).await;
        let remembered = request.remembered.as_ref();
        if let Ok(report) = assistant.choose_engine(request.engine, remembered, &idle, &mut pause).await {
            return (shared.post)(&Event::Engine(report));
        }
    }
}

/// Works through one answer and lets the event loop have its turns.
async fn answer(shared: &Shared, assistant: &Assistant, ask: &Ask, stop: &Cell<bool>) -> Result<(), PipelineError> {
    let mut pause = Pause::new();
    let mut answering = assistant.start(ask)?;
    loop {
        if stop.get() {
            shared.post_all(answering.stop());
            return Ok(());
        }
        match answering.step().await? {
            Some(events) => {
                let done = events.iter().any(|event| matches!(event, Event::Done { .. }));
                shared.post_all(events);
                // Without another pause: between `done` and the end of this function no new question may come in.
                if done {
                    return Ok(());
                }
            }
            None => return Ok(()),
        }
        pause.if_due().await;
    }
}

impl Shared {
    fn post_all(&self, events: Vec<Event>) {
        for mut event in events {
            if let Event::Done { heap_bytes, .. } = &mut event {
                *heap_bytes = Some(heap());
            }
            (self.post)(&event);
        }
    }

    fn fail(&self, id: Option<String>, kind: ErrorKind, message: String) {
        (self.post)(&Event::Error { id, kind, message });
    }
}

/// Size of the wasm memory in bytes; it never shrinks.
fn heap() -> u64 {
    const PAGE_BYTES: u64 = 64 << 10;
    u64::try_from(core::arch::wasm32::memory_size::<0>()).unwrap_or_default() * PAGE_BYTES
}
