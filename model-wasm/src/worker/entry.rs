//! What the worker's script sees of this module.

use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

use super::message_loop::MessageLoop;
use crate::protocol::{ErrorKind, Event};

/// The engine of one worker.
#[wasm_bindgen]
pub struct WorkerEngine {
    messages: MessageLoop,
}

#[wasm_bindgen]
impl WorkerEngine {
    /// Makes the engine; it posts its events to the page that started the worker.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        std::panic::set_hook(Box::new(report_panic));
        Self { messages: MessageLoop::new(post) }
    }

    /// Takes in a message of the page.
    pub fn receive(&self, message: &JsValue) {
        match message.as_string() {
            Some(text) => self.messages.receive(&text),
            None => post(&Event::Error {
                id: None,
                kind: ErrorKind::BadRequest,
                message: "a request is a string of JSON, this message is something else".to_owned(),
            }),
        }
    }
}

impl Default for WorkerEngine {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells the page where the engine gave up. Only the place: a panic's text may quote what the user typed.
fn report_panic(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
    post(&Event::Error {
        id: None,
        kind: ErrorKind::WorkerDied,
        message: format!("the engine gave up{place}; start it again"),
    });
}

fn post(event: &Event) {
    // A page that is gone cannot be told anything, and there is no one else to tell.
    if let (Ok(scope), Ok(text)) =
        (js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>(), serde_json::to_string(event))
    {
        let _ = scope.post_message(&JsValue::from_str(&text));
    }
}
