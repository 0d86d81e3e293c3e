//! The download while it lasts: what, from where, what it needs, and how to hold it.

use std::time::Duration;

use leptos::prelude::*;
use mambaformer_wasm::protocol::Hold;
use wasm_bindgen::JsValue;

use crate::assistant::Assistant;
use crate::keeper::Keeper;
use crate::session::Model;
use crate::words::download as words;

/// Loading from what is kept here is over before a card could be read.
const SHOWN_AFTER: Duration = Duration::from_secs(3);

/// A card below the question; the region is always there so that a screen reader hears what appears in it.
#[component]
pub fn DownloadPanel() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let keeper = expect_context::<Keeper>();
    let session = assistant.session;
    let late = RwSignal::new(false);
    set_timeout(
        move || {
            // A page that is gone by then has no signals any more.
            if late.try_set(true).is_none() {
                keeper.estimate();
            }
        },
        SHOWN_AFTER,
    );
    let total = Memo::new(move |_| {
        session.with(|session| match session.model {
            Model::Loading { total_bytes, loaded_bytes, .. } if loaded_bytes < total_bytes => Some(total_bytes),
            _ => None,
        })
    });
    let hold = Memo::new(move |_| session.with(|session| session.hold));
    let shown = Memo::new(move |_| late.get() && total.with(Option::is_some));
    let paused = Memo::new(move |_| hold.get() == Some(Hold::Paused));
    let what = move || {
        let free = keeper.device.with(|device| device.space.map(|(used, quota)| quota.saturating_sub(used)));
        total.get().map(|total| words::what(total, &host(), free, device_memory()))
    };
    view! {
        <div role="status">
            <Show when=move || shown.get()>
                <div class="card notice" data-testid="download">
                    <div class="notice__text">
                        <h2 class="card__heading">{words::HEADING}</h2>
                        <p>{what}</p>
                        <p data-testid="download-hold">{move || hold.get().map(words::hold)}</p>
                    </div>
                    <button
                        class="button"
                        type="button"
                        data-testid="download-pause"
                        on:click=move |_| assistant.pause(!paused.get_untracked())
                    >
                        {move || if paused.get() { words::GO_ON() } else { words::PAUSE() }}
                    </button>
                </div>
            </Show>
        </div>
    }
}

fn host() -> String {
    window().location().host().unwrap_or_default()
}

/// Gigabytes, rounded by the browser; not every browser tells.
fn device_memory() -> Option<f64> {
    js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("deviceMemory")).ok()?.as_f64()
}
