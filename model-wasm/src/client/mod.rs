//! The page's side of the worker, for pages written in Rust. Pages in JavaScript use `js/mambaformer.js`.

mod liveness;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::protocol::{ErrorKind, Event, Request};

/// The worker could not be started or spoken to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The browser refused to make the worker.
    #[error(
        "the browser did not start the worker {url}; module workers need a current browser and the page must be served over http(s)"
    )]
    Start {
        /// Address of the worker's script.
        url: String,
    },
    /// The message did not go out.
    #[error("the request could not be handed to the worker; start it again")]
    Send,
}

/// How long a worker may take to overwrite its memory.
const FORGET_MS: i32 = 500;

type Listener = Box<dyn FnMut(Event)>;

struct Shared {
    worker: Worker,
    /// The lock the worker holds as long as it lives.
    lock_name: String,
    /// False once the worker died or the client was dropped: nothing is delivered any more.
    alive: Cell<bool>,
    watched: Cell<bool>,
    listener: RefCell<Listener>,
}

/// A running worker. Dropping it ends the worker.
///
/// Do not drop it from inside its own listener: the listener is still on the stack then.
pub struct WorkerClient {
    shared: Rc<Shared>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl WorkerClient {
    /// Starts the worker script at `url`. `listener` hears every event; a worker that dies, for whatever reason, is
    /// heard of exactly once, as an error of the kind [`ErrorKind::WorkerDied`].
    pub fn start(url: &str, listener: impl FnMut(Event) + 'static) -> Result<Self, ClientError> {
        let lock_name = liveness::unique_name();
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(&lock_name);
        let worker = Worker::new_with_options(url, &options).map_err(|_| ClientError::Start { url: url.to_owned() })?;
        let shared = Rc::new(Shared {
            worker,
            lock_name,
            alive: Cell::new(true),
            watched: Cell::new(false),
            listener: RefCell::new(Box::new(listener)),
        });

        let weak = Rc::downgrade(&shared);
        let on_message = Closure::new(move |message: MessageEvent| {
            if let Some(shared) = weak.upgrade() {
                Shared::receive(&shared, &message.data());
            }
        });
        let weak = Rc::downgrade(&shared);
        let on_error = Closure::new(move |event: web_sys::Event| {
            // The browser's own message may quote program text; ours is enough, and the console stays clean.
            event.prevent_default();
            Shared::died(&weak);
        });
        shared.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        shared.worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        shared.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { shared, _on_message: on_message, _on_error: on_error })
    }

    /// Hands a request to the worker.
    pub fn send(&self, request: &Request) -> Result<(), ClientError> {
        let text = serde_json::to_string(request).map_err(|_| ClientError::Send)?;
        self.shared.worker.post_message(&JsValue::from_str(&text)).map_err(|_| ClientError::Send)
    }

    /// Has the worker overwrite its memory and end; no event is heard any more. `then` is called when it has, or has taken too long.
    pub fn forget(self, then: impl FnOnce() + 'static) {
        self.shared.alive.set(false);
        let sent = self.send(&Request::Forget).is_ok();
        let lock_name = self.shared.lock_name.clone();
        // Whichever comes first; dropping the client terminates what is left.
        let last = Rc::new(RefCell::new(Some((self, then))));
        let end = move || {
            if let Some((client, then)) = last.take() {
                drop(client);
                then();
            }
        };
        if sent {
            let end = end.clone();
            liveness::when_free(&lock_name, end);
        }
        liveness::after(if sent { FORGET_MS } else { 0 }, end);
    }

    /// Whether the worker is known to be dead.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.shared.alive.get()
    }
}

impl Drop for WorkerClient {
    fn drop(&mut self) {
        self.shared.alive.set(false);
        self.shared.worker.set_onmessage(None);
        self.shared.worker.set_onmessageerror(None);
        self.shared.worker.set_onerror(None);
        self.shared.worker.terminate();
    }
}

impl Shared {
    fn receive(shared: &Rc<Self>, data: &JsValue) {
        if !shared.alive.get() {
            return;
        }
        // The worker takes its lock before its first message, so from here on the lock is free only if it is dead.
        if !shared.watched.replace(true) {
            let weak = Rc::downgrade(shared);
            liveness::when_free(&shared.lock_name, move || Self::died(&weak));
        }
        let event = data.as_string().and_then(|text| serde_json::from_str::<Event>(&text).ok());
        match event {
            Some(Event::Error { kind: ErrorKind::WorkerDied, .. }) | None => {
                Self::died(&Rc::downgrade(shared));
            }
            Some(event) => shared.deliver(event),
        }
    }

    fn died(weak: &Weak<Self>) {
        let Some(shared) = weak.upgrade() else { return };
        if !shared.alive.replace(false) {
            return;
        }
        shared.worker.terminate();
        shared.deliver(Event::Error {
            id: None,
            kind: ErrorKind::WorkerDied,
            message: "The assistant stopped working on this page. Nothing you typed is lost: start it again."
                .to_owned(),
        });
    }

    fn deliver(&self, event: Event) {
        if let Ok(mut listener) = self.listener.try_borrow_mut() {
            listener(event);
        }
    }
}
