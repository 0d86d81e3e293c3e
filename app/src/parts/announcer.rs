//! Tells a screen reader what happens, a sentence at a time.

use leptos::prelude::*;
use mambaformer_wasm::answer::{AlarmKind, AnswerState};

use crate::assistant::Assistant;
use crate::session::{Model, Session, Turn};
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
    if let Some((heading, meaning)) = words::ending(session) {
        let last = match turn.state() {
            _ if turn.is_looked_up() => found(turn),
            Some(AnswerState::Failed) => String::new(),
            _ => turn.sentences.last().map(|sentence| sentence.text.trim().to_owned()).unwrap_or_default(),
        };
        return format!("{last} {heading}. {}", meaning.join(" "));
    }
    // The last sentence is still growing; the one before it is complete.
    match turn.sentences.len().checked_sub(2).and_then(|index| turn.sentences.get(index)) {
        Some(complete) => complete.text.trim().to_owned(),
        None => found(turn),
    }
}

/// What was found before the first sentence. Alarms have a region of their own.
fn found(turn: &Turn) -> String {
    let Some(evidence) = &turn.evidence else { return words::SEARCHING.to_owned() };
    let rows = turn.doses.as_ref().map_or(0, |doses| doses.rows.len());
    let doses = match rows {
        0 => String::new(),
        1 => " 1 dose record.".to_owned(),
        _ => format!(" {rows} dose records."),
    };
    let notices: Vec<String> =
        turn.alarms_of(AlarmKind::Note).map(|notice| format!(" {}: {}.", words::ASKED_ABOUT, notice.name)).collect();
    format!("{} sources found.{doses}{}", evidence.len(), notices.concat())
}
