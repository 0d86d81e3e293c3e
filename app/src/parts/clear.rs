//! Clearing the page: by a button, by keys, and by itself when nobody touches it.
//!
//! The page starts anew from its copy: that ends the worker with all its memory, and nothing of the old page is left to be found.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use std::time::Duration;

use crate::assistant::{Assistant, keep_idle_minutes, kept_idle_minutes};
use crate::idle::{self, Due};
use crate::words::device as words;

/// How often the clock is read.
const TICK: Duration = Duration::from_secs(1);

/// What clears the page; shared by the button, the keys and the clock.
#[derive(Clone, Copy)]
pub struct Clearing {
    assistant: Assistant,
    /// Minutes without a touch after which the page clears itself; 0 is never.
    minutes: RwSignal<u32>,
    /// Seconds since the last touch.
    quiet: RwSignal<u32>,
    /// Whether somebody has pressed anything: a page that nobody has used holds nothing.
    used: StoredValue<bool>,
}

impl Clearing {
    /// Listens for touches and keys, and starts the clock.
    #[must_use]
    pub fn start(assistant: Assistant) -> Self {
        let clearing = Self {
            assistant,
            minutes: RwSignal::new(kept_idle_minutes().unwrap_or_default()),
            quiet: RwSignal::new(0),
            used: StoredValue::new(false),
        };
        let touched = move || {
            // A signal that is set redraws; most touches change nothing.
            if clearing.quiet.get_untracked() != 0 {
                clearing.quiet.set(0);
            }
        };
        let pressed = move || {
            touched();
            clearing.used.set_value(true);
        };
        let _ = window_event_listener(ev::pointerdown, move |_| pressed());
        let _ = window_event_listener(ev::pointermove, move |_| touched());
        let _ = window_event_listener(ev::wheel, move |_| touched());
        let _ = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            pressed();
            if event.alt_key() && event.shift_key() && event.code() == "KeyC" {
                event.prevent_default();
                clearing.clear();
            }
        });
        set_interval(move || clearing.tick(), TICK);
        clearing
    }

    fn tick(self) {
        if self.minutes.get_untracked() == 0 || !self.used.get_value() {
            return;
        }
        self.quiet.update(|quiet| *quiet = quiet.saturating_add(1));
        if idle::due(self.minutes.get_untracked(), self.quiet.get_untracked()) == Due::Clear {
            self.clear();
        }
    }

    /// Empties the fields, which some browsers would fill again, and starts the page anew.
    pub fn clear(self) {
        self.assistant.forget();
        let _ = window().location().reload();
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
            title=words::clear_keys
            on:click=move |_| clearing.clear()
        >
            {words::clear}
        </button>
    }
}

/// When the page clears itself.
#[component]
pub fn ClearChoice() -> impl IntoView {
    let clearing = expect_context::<Clearing>();
    let options = idle::CHOICES.map(|minutes| {
        view! {
            <option value=minutes.to_string() selected=move || clearing.minutes.get() == minutes>
                {move || words::after(minutes)}
            </option>
        }
    });
    let choose = move |event: leptos::ev::Event| {
        if let Some(minutes) = idle::choice(&event_target_value(&event)) {
            clearing.minutes.set(minutes);
            clearing.quiet.set(0);
            keep_idle_minutes(minutes);
        }
    };
    view! {
        <div class="panel__choice">
            <label for="clear-after">{words::clear_after}</label>
            <select id="clear-after" data-testid="clear-after" on:change=choose>
                {options.to_vec()}
            </select>
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
                    <button class="button" type="button" data-testid="clear-keep" on:click=move |_| clearing.quiet.set(0)>
                        {words::keep}
                    </button>
                </div>
            </Show>
        </div>
    }
}
