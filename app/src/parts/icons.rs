//! Icons as SVG nodes. Each shape differs from the others in outline, so that colour carries nothing alone.

use leptos::prelude::*;
use mambaformer_wasm::answer::{AnswerState, Band, Urgency};

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

/// The mark of an urgency: an octagon, a triangle, a calendar.
#[component]
pub fn UrgencyIcon(
    /// How soon.
    urgency: Urgency,
) -> impl IntoView {
    match urgency {
        Urgency::Immediate => view! {
            <svg class="icon icon--large" viewBox="0 0 24 24" aria-hidden="true">
                <path class="icon__fill" d="M8 1.500h8l6.500 6.500v8l-6.500 6.500H8L1.500 16V8z" />
                <path class="icon__cut" d="M12 6.500v7M12 17v.5" />
            </svg>
        }
        .into_any(),
        Urgency::SameDay => view! {
            <svg class="icon icon--large" viewBox="0 0 24 24" aria-hidden="true">
                <path class="icon__fill" d="M12 2L23 21H1z" />
                <path class="icon__cut" d="M12 9v5M12 17v.5" />
            </svg>
        }
        .into_any(),
        Urgency::TwoWeeks => view! {
            <svg class="icon icon--large" viewBox="0 0 24 24" aria-hidden="true">
                <rect class="icon__line" x="3" y="5" width="18" height="16" rx="2" />
                <path class="icon__line" d="M3 10h18M8 2.500v4M16 2.500v4M8 15.500l2.500 2.500 5-5" />
            </svg>
        }
        .into_any(),
    }
}

/// The mark of information that is no alarm.
#[component]
pub fn NoticeIcon() -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <circle class="icon__line" cx="12" cy="12" r="9.500" />
            <path class="icon__line" d="M12 11v6M12 7v.5" />
        </svg>
    }
}

/// The mark of a dose that is not for this patient.
#[component]
pub fn ConflictIcon() -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <circle class="icon__line" cx="12" cy="12" r="9.500" />
            <path class="icon__line" d="M5.500 5.500l13 13" />
        </svg>
    }
}

/// Three bars, as many filled as the answer is sure.
#[component]
pub fn ConfidenceIcon(
    /// How sure.
    band: Band,
) -> impl IntoView {
    let filled = match band {
        Band::Low => 1,
        Band::Medium => 2,
        Band::High => 3,
    };
    let bars = [("3", "15", "6"), ("10", "9", "12"), ("17", "3", "18")]
        .into_iter()
        .enumerate()
        .map(|(index, (x, y, height))| {
            let class = if index < filled { "icon__fill icon__line" } else { "icon__line" };
            view! { <rect class=class x=x y=y width="4" height=height rx="1" /> }
        })
        .collect::<Vec<_>>();
    view! {
        <svg class="icon icon--thin" viewBox="0 0 24 24" aria-hidden="true">
            {bars}
        </svg>
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
