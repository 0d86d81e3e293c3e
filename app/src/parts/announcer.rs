//! Tells a screen reader what happens, a sentence at a time.

use leptos::prelude::*;
use mambaformer_wasm::answer::{AlarmKind, AnswerState};

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::session::{Model, Session, Turn};
use crate::words::{alarms, answer, spoken};

/// A piece of what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// In the page's words.
    Own(String),
    /// In the knowledge base's.
    Content(String),
}

/// A live region outside the visual order. The streamed answer itself is not live: read out piece by piece it would be
/// noise.
#[component]
pub fn Announcer() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let pieces = Memo::new(move |_| session.with(said));
    let told = |piece| match piece {
        Piece::Own(text) => view! { <span>{text} " "</span> }.into_any(),
        Piece::Content(text) => view! { <span lang=CONTENT>{text} " "</span> }.into_any(),
    };
    view! {
        <div class="visually-hidden" role="status" aria-live="polite">
            {move || pieces.get().into_iter().map(told).collect::<Vec<_>>()}
        </div>
    }
}

/// What there is to say now: the newest complete sentence, and at the end the state.
fn said(session: &Session) -> Vec<Piece> {
    let Some(turn) = &session.turn else {
        return match &session.model {
            Model::Ready(_) => vec![Piece::Own(spoken::READY().to_owned())],
            Model::Starting | Model::Loading { .. } | Model::Failed => Vec::new(),
        };
    };
    let content = |text: &str| vec![Piece::Content(text.trim().to_owned())];
    if let Some(ending) = answer::ending(session) {
        let mut pieces = match turn.state() {
            _ if turn.is_looked_up() => found(turn),
            Some(AnswerState::Failed) => Vec::new(),
            _ => turn.sentences.last().map(|sentence| content(&sentence.text)).unwrap_or_default(),
        };
        pieces.push(Piece::Own(format!("{}. {}", ending.heading, ending.meaning)));
        pieces.extend(answer::gaps(&ending.gaps).map(Piece::Own));
        return pieces;
    }
    // The last sentence is still growing; the one before it is complete.
    match turn.sentences.len().checked_sub(2).and_then(|index| turn.sentences.get(index)) {
        Some(complete) => content(&complete.text),
        None => found(turn),
    }
}

/// What was found before the first sentence. Alarms have a region of their own.
fn found(turn: &Turn) -> Vec<Piece> {
    let Some(evidence) = &turn.evidence else { return vec![Piece::Own(answer::SEARCHING().to_owned())] };
    let rows = turn.doses.as_ref().map_or(0, |doses| doses.rows.len());
    let found = std::iter::once(spoken::sources(evidence.len())).chain(spoken::doses(rows)).map(Piece::Own);
    let notices = turn.alarms_of(AlarmKind::Note).flat_map(|notice| {
        [Piece::Own(format!("{}:", alarms::ASKED_ABOUT())), Piece::Content(format!("{}.", notice.name))]
    });
    found.chain(notices).collect()
}
