//! Giving the worker's event loop a turn in the middle of an answer, so that a `stop` is seen.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use crate::gpu::self_test::AsyncPause;

/// Longest stretch of work between two turns of the event loop.
const SLICE_MS: f64 = 8.0;
/// How often it is looked at whether the page is still quiet.
const WAIT_MS: i32 = 100;

/// Pauses when enough time has gone by.
///
/// A message channel rather than `setTimeout`: browsers hold back nested timers to 4 ms each, which over the steps of
/// an answer would be longer than the answer.
pub(super) struct Pause {
    /// `None` where the browser gives none: then the answer runs in one go.
    channel: Option<MessageChannel>,
    last_ms: f64,
}

impl Pause {
    pub(super) fn new() -> Self {
        Self { channel: MessageChannel::new().ok(), last_ms: now_ms() }
    }

    /// Lets waiting messages be handled if the last pause is long enough ago.
    pub(super) async fn if_due(&mut self) {
        let Some(channel) = self.channel.as_ref().filter(|_| now_ms() - self.last_ms >= SLICE_MS) else { return };
        let port = channel.port1();
        let turn = js_sys::Promise::new(&mut |resolve, _| port.set_onmessage(Some(&resolve)));
        if channel.port2().post_message(&JsValue::NULL).is_ok() {
            let _ = JsFuture::from(turn).await;
        }
        self.last_ms = now_ms();
    }
}

impl Pause {
    /// Waits until `idle` has held for `quiet_ms`.
    pub(super) async fn until_quiet(&mut self, idle: &dyn Fn() -> bool, quiet_ms: f64) {
        let mut since = now_ms();
        while now_ms() - since < quiet_ms {
            wait(WAIT_MS).await;
            if !idle() {
                since = now_ms();
            }
        }
    }
}

impl AsyncPause for Pause {
    fn pause(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(self.if_due())
    }
}

/// Lets so much time go by.
pub(super) async fn wait(milliseconds: i32) {
    let turn = js_sys::Promise::new(&mut |resolve, _| set_timer(&resolve, milliseconds));
    let _ = JsFuture::from(turn).await;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timer(callback: &js_sys::Function, milliseconds: i32);
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.port1().close();
        }
    }
}

/// Milliseconds since the worker began.
pub(super) fn now_ms() -> f64 {
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
    }
    now()
}
