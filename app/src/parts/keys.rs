//! The page's keys, and the list of them.

use leptos::ev::{self, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::assistant::Assistant;
use crate::parts::display::Display;
use crate::parts::expanded::dismiss;
use crate::words::display as words;

/// The list, shared by the key and the button that open it.
#[derive(Clone, Copy)]
pub struct Keys {
    dialog: NodeRef<html::Dialog>,
}

impl Keys {
    /// Listens for keys of the whole page.
    #[must_use]
    pub fn start(assistant: Assistant, display: Display) -> Self {
        let keys = Self { dialog: NodeRef::new() };
        let _ = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
            if event.default_prevented()
                || event.is_composing()
                || event.alt_key()
                || event.ctrl_key()
                || event.meta_key()
            {
                return;
            }
            let single = display.single_keys.get_untracked() && !is_typing(&event);
            match event.key().as_str() {
                // An open dialog takes the key itself; what only covers the page goes before the answer is stopped.
                "Escape" if !keys.is_open() && !dismiss() => assistant.stop(),
                "/" if single => {
                    event.prevent_default();
                    if let Some(question) = assistant.question.get_untracked() {
                        let _ = question.focus();
                    }
                }
                "?" if single => {
                    event.prevent_default();
                    keys.open();
                }
                _ => {}
            }
        });
        keys
    }

    fn open(self) {
        if let Some(dialog) = self.dialog.get_untracked().filter(|dialog| !dialog.open()) {
            let _ = dialog.show_modal();
        }
    }

    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
    }

    fn is_open(self) -> bool {
        self.dialog.get_untracked().is_some_and(|dialog| dialog.open())
    }
}

/// Whether the key is meant for a field.
fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| element.matches("input:not([type=checkbox]), textarea, select").unwrap_or(true))
}

/// Opens the list, for whoever has no `?` key at hand.
#[component]
pub fn KeysButton() -> impl IntoView {
    let keys = expect_context::<Keys>();
    view! {
        <button class="button" type="button" data-testid="keys-open" on:click=move |_| keys.open()>
            {words::KEYS}
        </button>
    }
}

/// The list, over the page. The browser keeps the focus in it, closes it by Esc and gives the focus back.
#[component]
pub fn KeysDialog() -> impl IntoView {
    let keys = expect_context::<Keys>();
    let rows = words::KEY_LIST.map(|(key, what)| {
        view! {
            <dt><kbd>{key}</kbd></dt>
            <dd>{what}</dd>
        }
    });
    view! {
        <dialog class="card dialog" aria-labelledby="keys-heading" data-testid="keys" node_ref=keys.dialog>
            <h2 id="keys-heading">{words::KEYS}</h2>
            <dl class="panel__facts">{rows.to_vec()}</dl>
            <button class="button" type="button" data-testid="keys-close" on:click=move |_| keys.close()>
                {words::CLOSE}
            </button>
        </dialog>
    }
}
