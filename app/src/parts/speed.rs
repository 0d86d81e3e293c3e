//! The slider between speed and quality.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::speed::Speed;
use crate::words::speed as words;

/// Five positions of the gate's bias, and what the chosen one was measured to do.
#[component]
pub fn SpeedChoice() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let speed = assistant.speed;
    let lean = move |event| {
        if let Some(wanted) = Speed::of(&event_target_value(&event)) {
            assistant.lean(wanted);
        }
    };
    view! {
        <div class="speed">
            <label for="speed">{words::LABEL}</label>
            <div class="speed__slider">
                <span aria-hidden="true">{words::SLOW}</span>
                <input
                    id="speed"
                    data-testid="speed"
                    type="range"
                    min=Speed::NearlyAllEt5.key()
                    max=Speed::NearlyAllEmamba.key()
                    step="1"
                    prop:value=move || speed.get().key()
                    aria-valuetext=move || words::position(speed.get())
                    aria-describedby="speed-effect"
                    on:input=lean
                />
                <span aria-hidden="true">{words::FAST}</span>
            </div>
            <p id="speed-effect" class="routing__caveat" data-testid="speed-effect">
                {move || words::effect(speed.get())} " " {words::FROM_WHEN}
            </p>
        </div>
    }
}
