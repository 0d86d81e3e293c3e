//! Tells a screen reader what happens, a sentence at a time.

use leptos::prelude::*;
use mambaformer_wasm::answer::AnswerState;

use crate::assistant::Assistant;
use crate::session::{Model, Session};
use crate::words;

/// A live region outside the visual order. The streamed answer itself is not live: read out piece by piece it would be
/// noise.
#[component]
pub fn Announcer() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let text = Memo::new(move |_| session.with(spoken));
    view! { <div class="visually-hidden" role="status" aria-live="polite">{move || text.get()}</div> }
}

/// What there is to say now: the newest complete sentence, and at the end the state.
fn spoken(session: &Session) -> String {
    let Some(turn) = &session.turn else {
        return match &session.model {
            Model::Ready(_) => "The assistant is ready.".to_owned(),
            Model::Starting | Model::Loading { .. } | Model::Failed => String::new(),
        };
    };
    if let Some(state) = turn.state() {
        let (heading, meaning) = words::answer_state(state);
        let last = match state {
            AnswerState::Failed => None,
            _ => turn.sentences.last(),
        };
        let last = last.map(|sentence| sentence.text.trim()).unwrap_or_default();
        return format!("{last} {heading}. {meaning}");
    }
    // The last sentence is still growing; the one before it is complete.
    match turn.sentences.len().checked_sub(2).and_then(|index| turn.sentences.get(index)) {
        Some(complete) => complete.text.trim().to_owned(),
        None => match &turn.evidence {
            Some(evidence) => format!("{} sources found.", evidence.len()),
            None => words::SEARCHING.to_owned(),
        },
    }
}
