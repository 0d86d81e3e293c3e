//! What the worker's script (`js/worker.js`) does for the engine. A worker of another script has none of it, and does without.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Takes the ways out of this worker away: nothing is fetched from now on.
pub(super) fn seal() {
    call(&js_sys::global(), "seal");
}

/// Overwrites this module's memory as soon as it has returned, and ends the worker.
pub(super) fn forget() {
    call(&js_sys::global(), "forget");
}

/// The turn to download: one worker of this site has it at a time.
pub(super) struct Turn {
    taken: bool,
}

impl Turn {
    /// Takes it where nobody has it.
    pub(super) async fn begin() -> Option<Self> {
        let Some(answer) = downloads().and_then(|downloads| call(&downloads, "begin")) else {
            return Some(Self { taken: false });
        };
        let answer: js_sys::Promise = answer.dyn_into().ok()?;
        JsFuture::from(answer).await.is_ok_and(|mine| mine.is_truthy()).then_some(Self { taken: true })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.taken
            && let Some(downloads) = downloads()
        {
            call(&downloads, "end");
        }
    }
}

fn downloads() -> Option<JsValue> {
    js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("downloads")).ok().filter(JsValue::is_object)
}

fn call(object: &JsValue, name: &str) -> Option<JsValue> {
    let function = js_sys::Reflect::get(object, &JsValue::from_str(name)).ok()?;
    function.dyn_ref::<js_sys::Function>()?.call0(object).ok()
}
