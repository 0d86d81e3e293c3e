//! Clearing the page: by a button, by keys, and by itself when nobody touches it.
//!
//! Worker and page overwrite their memory, and the page starts anew from its copy: nothing of the old one is left to be found.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};

use crate::assistant::Assistant;
use crate::idle::{self, Due};
use crate::parts::choice::{CheckBox, Choice, ListChoice};
use crate::settings::{keep, kept};
use crate::words::device as words;

/// How often the clock is read.
const TICK: Duration = Duration::from_secs(1);

/// Where the browser keeps after how many minutes the page clears itself, and whether it does when it is hidden: settings.
const MINUTES_KEY: &str = "mambaformer.clear";
const HIDDEN_KEY: &str = "mambaformer.clear.hidden";
const ON: &str = "on";

/// What clears the page; shared by the button, the keys and the clock.
#[derive(Clone, Copy)]
pub struct Clearing {
    assistant: Assistant,
    /// Minutes without a touch after which the page clears itself; 0 is never.
    minutes: RwSignal<u32>,
    /// Whether it clears itself when another tab or program covers it.
    hidden: RwSignal<bool>,
    /// Seconds since the last touch.
    quiet: RwSignal<u32>,
    /// When that was, by the device's clock: a page that slept or was frozen counts the time, too.
    touched_ms: StoredValue<f64>,
    /// Whether somebody has pressed anything: a page that nobody has used holds nothing.
    used: StoredValue<bool>,
}

impl Clearing {
    /// Listens for touches and keys, and starts the clock.
    #[must_use]
    pub fn start(assistant: Assistant) -> Self {
        let clearing = Self {
            assistant,
            minutes: RwSignal::new(kept(MINUTES_KEY).and_then(|minutes| idle::choice(&minutes)).unwrap_or_default()),
            hidden: RwSignal::new(kept(HIDDEN_KEY).as_deref() == Some(ON)),
            quiet: RwSignal::new(0),
            touched_ms: StoredValue::new(js_sys::Date::now()),
            used: StoredValue::new(false),
        };
        let pressed = move || {
            clearing.touch();
            clearing.used.set_value(true);
        };
        let _ = window_event_listener(ev::pointerdown, move |_| pressed());
        // Pasted, dropped or dictated: no key is pressed.
        let _ = window_event_listener(ev::input, move |_| pressed());
        let _ = window_event_listener(ev::pointermove, move |_| clearing.touch());
        let _ = window_event_listener(ev::wheel, move |_| clearing.touch());
        let _ = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            pressed();
            if event.alt_key() && event.shift_key() && event.code() == "KeyC" {
                event.prevent_default();
                clearing.clear();
            }
        });
        // Before anybody sees a page that was put aside and comes back: its timers were asleep as well.
        let _ = window_event_listener(ev::pageshow, move |_| clearing.tick());
        let _ = window_event_listener(ev::visibilitychange, move |_| {
            if document().hidden() && clearing.hidden.get_untracked() && clearing.used.get_value() {
                clearing.clear();
            } else {
                clearing.tick();
            }
        });
        set_interval(move || clearing.tick(), TICK);
        clearing
    }

    fn touch(self) {
        // What is due is done before a touch counts: the hand that wakes a device is not yet known.
        self.tick();
        self.touched_ms.set_value(js_sys::Date::now());
        // A signal that is set redraws; most touches change nothing.
        if self.quiet.get_untracked() != 0 {
            self.quiet.set(0);
        }
    }

    fn tick(self) {
        if self.minutes.get_untracked() == 0 || !self.used.get_value() {
            return;
        }
        let quiet = idle::whole_seconds(js_sys::Date::now() - self.touched_ms.get_value());
        self.quiet.set(quiet);
        if idle::due(self.minutes.get_untracked(), quiet) == Due::Clear {
            self.clear();
        }
    }

    /// Empties everything, has the worker and this page overwrite their memory, and starts the page anew.
    pub fn clear(self) {
        self.used.set_value(false);
        self.assistant.forget(|| {
            if let Some(body) = document().body() {
                body.set_text_content(None);
            }
            overwrite_and_reload();
        });
    }
}

/// Overwrites this module's memory and loads the page anew: both by functions of the browser that are called when nothing of this module runs,
/// because nothing of it can run afterwards.
fn overwrite_and_reload() {
    let window = window();
    let later = |object: &JsValue, name: &str| {
        let function = js_sys::Reflect::get(object, &JsValue::from_str(name)).ok()?;
        let function: js_sys::Function = function.dyn_into().ok()?;
        window.set_timeout_with_callback(function.bind1(object, &JsValue::from(0)).unchecked_ref()).ok()
    };
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let bytes = js_sys::Uint8Array::new(&memory.buffer());
    ignore_what_breaks(&window);
    let overwritten = later(&bytes, "fill");
    let reloaded = later(&window.location(), "reload");
    if overwritten.and(reloaded).is_none() {
        let _ = window.location().reload();
    }
}

/// An event may still come between the overwriting and the load of the new page. What it would run is gone by then, and the browser is not to tell
/// of it: by a function of its own again, `Event.prototype.preventDefault` called on the event that says so.
fn ignore_what_breaks(window: &web_sys::Window) {
    let property = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &JsValue::from_str(name)).ok();
    let prevent = property(window, "Event")
        .and_then(|event| property(&event, "prototype"))
        .and_then(|prototype| property(&prototype, "preventDefault"));
    let call = prevent.as_ref().and_then(|prevent| property(prevent, "call"));
    let Some((prevent, call)) = prevent.zip(call.and_then(|call| call.dyn_into::<js_sys::Function>().ok())) else {
        return;
    };
    let ignore = call.bind0(&prevent);
    for what in ["error", "unhandledrejection"] {
        let _ = window.add_event_listener_with_callback(what, &ignore);
    }
}

/// The button beside Ask.
#[component]
pub fn ClearButton() -> impl IntoView {
    let clearing = expect_context::<Clearing>();
    view! {
        <button
            class="button"
            type="button"
            data-testid="clear"
            aria-keyshortcuts=words::CLEAR_KEYS
            title=words::CLEAR_KEYS_TOLD
            on:click=move |_| clearing.clear()
        >
            {words::CLEAR}
        </button>
    }
}

/// When the page clears itself.
#[component]
pub fn ClearChoice() -> impl IntoView {
    let clearing = expect_context::<Clearing>();
    let choices = idle::CHOICES.map(|minutes| Choice {
        value: minutes.to_string(),
        name: Signal::derive(move || words::after(minutes)),
        chosen: Signal::derive(move || clearing.minutes.get() == minutes),
    });
    let choose = move |minutes: String| {
        if let Some(minutes) = idle::choice(&minutes) {
            clearing.minutes.set(minutes);
            clearing.touch();
            keep(MINUTES_KEY, &minutes.to_string());
        }
    };
    let hide = move |hidden: bool| {
        clearing.hidden.set(hidden);
        keep(HIDDEN_KEY, if hidden { ON } else { "" });
    };
    view! {
        <div class="panel__choice">
            <ListChoice id="clear-after" label=words::CLEAR_AFTER choices=choices.into() choose />
            <CheckBox test_id="clear-hidden" checked=clearing.hidden check=hide>
                {words::CLEAR_HIDDEN}
            </CheckBox>
        </div>
    }
}

/// The page is about to be cleared; the region is always there so that a screen reader hears what appears in it.
#[component]
pub fn ClearWarning() -> impl IntoView {
    let clearing = expect_context::<Clearing>();
    let left = Memo::new(move |_| match idle::due(clearing.minutes.get(), clearing.quiet.get()) {
        Due::Warning(left) => Some(left),
        Due::Nothing | Due::Clear => None,
    });
    let warned = Memo::new(move |_| left.with(Option::is_some));
    view! {
        <div role="alert">
            <Show when=move || warned.get()>
                <div class="card notice" data-testid="clear-warning">
                    // The seconds count on for the eye; only the beginning is announced.
                    <p aria-live="off">{move || left.get().map(words::clears_in)}</p>
                    <button class="button" type="button" data-testid="clear-keep" on:click=move |_| clearing.touch()>
                        {words::KEEP}
                    </button>
                </div>
            </Show>
        </div>
    }
}
