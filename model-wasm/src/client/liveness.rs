//! Knowing that a worker is dead.
//!
//! A worker that the browser kills (out of memory) or that closes itself sends no event at all. So the worker holds a
//! Web Lock under its own name as long as it lives, and the page queues for the same lock: getting it means that the
//! worker is gone. No polling, no heartbeat that a long computation could miss.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`; web-sys has it only behind its unstable flag.
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, callback: &js_sys::Function) -> Result<Pending, JsValue>;

    /// The promise of a lock request.
    type Pending;

    #[wasm_bindgen(method, js_name = catch)]
    fn or_else(this: &Pending, callback: &js_sys::Function);
}

/// A name no other worker of this origin has.
pub(super) fn unique_name() -> String {
    format!("mambaformer-{}-{}", js_sys::Date::now(), js_sys::Math::random())
}

/// Calls `then` when nobody holds the lock `name` any more; never where the browser has no Web Locks.
pub(super) fn when_free(name: &str, then: impl FnOnce() + 'static) {
    let Ok(navigator) = js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("navigator")) else {
        return;
    };
    let Ok(locks) = js_sys::Reflect::get(&navigator, &JsValue::from_str("locks")) else { return };
    if locks.is_undefined() {
        return;
    }
    let locks: LockManager = locks.unchecked_into();
    let callback = Closure::once_into_js(then);
    if let Ok(pending) = locks.request(name, callback.unchecked_ref()) {
        // A page that is going away rejects the request; that is no news.
        pending.or_else(Closure::once_into_js(|_: JsValue| ()).unchecked_ref());
    }
}

/// Calls `then` in so many milliseconds.
pub(super) fn after(milliseconds: i32, then: impl FnOnce() + 'static) {
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = setTimeout)]
        fn set_timer(callback: &JsValue, milliseconds: i32);
    }
    set_timer(&Closure::once_into_js(then), milliseconds);
}
