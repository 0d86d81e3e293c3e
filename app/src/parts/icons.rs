//! Icons as SVG nodes. Each shape differs from the others in outline, so that colour carries nothing alone.

use leptos::prelude::*;
use mambaformer_wasm::answer::AnswerState;

/// The mark of an answer state.
#[component]
pub fn StateIcon(
    /// The state.
    state: AnswerState,
) -> impl IntoView {
    match state {
        AnswerState::Supported => view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <circle class="icon__fill" cx="12" cy="12" r="10" />
                <path class="icon__cut" d="M7 12.5l3.4 3.4L17 9" />
            </svg>
        }
        .into_any(),
        AnswerState::PartlyCovered => view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <circle class="icon__line" cx="12" cy="12" r="9" />
                <path class="icon__fill" d="M12 3a9 9 0 0 0 0 18z" />
            </svg>
        }
        .into_any(),
        AnswerState::NotCovered => view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <circle class="icon__line" cx="12" cy="12" r="9" />
                <path class="icon__line" d="M8 12h8" />
            </svg>
        }
        .into_any(),
        AnswerState::EmergencyFirst => view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <path class="icon__fill" d="M12 2L23 21H1z" />
                <path class="icon__cut" d="M12 9v5M12 17v1" />
            </svg>
        }
        .into_any(),
        AnswerState::Stopped => view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <rect class="icon__fill" x="4" y="4" width="16" height="16" rx="3" />
            </svg>
        }
        .into_any(),
        AnswerState::Failed => view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <path class="icon__fill" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" />
                <path class="icon__cut" d="M8.5 8.5l7 7M15.5 8.5l-7 7" />
            </svg>
        }
        .into_any(),
    }
}

/// The product's mark: a tooth with two strands.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
            <path
                class="logo__tooth"
                d="M16 6c-3-2.6-10-2.4-10 5 0 5 2 6.500 2.600 10.500.6 4 1.200 6.500 3 6.500 2.600 0 1.600-8 4.400-8s1.800 8 4.400 8c1.800 0 2.400-2.500 3-6.500C24 17.500 26 16 26 11c0-7.400-7-7.600-10-5z"
            />
            <path class="logo__strand" d="M11 12c3.300 0 6.700 4 10 0" />
            <path class="logo__strand" d="M11 15c3.300 0 6.700-4 10 0" />
        </svg>
    }
}
