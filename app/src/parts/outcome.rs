//! How an answer ended: state, confidence, what the check did, and where else to look.

use std::sync::Arc;

use leptos::prelude::*;
use mambaformer_wasm::answer::{AnswerRecord, AnswerState, Author, Confidence, Topic};

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::parts::content::with_quoted;
use crate::parts::icons::{ConfidenceIcon, StateIcon};
use crate::session::{Session, Turn};
use crate::words::answer::{self as words, Ending};

/// The end of the answer on screen; empty while it runs.
#[component]
pub fn Outcome() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let state = Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(Turn::state)));
    let told = Memo::new(move |_| session.with(words::ending));
    let looked_up = Memo::new(move |_| session.with(is_looked_up));
    let record = Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(|turn| turn.record.clone())));
    let read = move |read: fn(&AnswerRecord) -> Option<String>| record.with(|record| read(record.as_deref()?));
    let confidence = Memo::new(move |_| record.with(|record| record.as_ref()?.confidence));
    let topics = Memo::new(move |_| {
        // What was looked up in an emergency is about to be answered: no other question is offered beside it.
        let offers =
            |record: &&Arc<AnswerRecord>| record.author == Author::Model || record.state == AnswerState::NotCovered;
        record.with(|record| {
            record.as_ref().filter(offers).map(|record| Arc::new(record.topics.clone())).unwrap_or_default()
        })
    });
    view! {
        <div
            class="answer__state"
            data-testid="answer-state"
            data-state=move || state.get().map(AnswerState::name)
            data-author=move || if looked_up.get() { "search" } else { "model" }
        >
            {move || {
                let (state, Ending { heading, meaning, gaps }) = (state.get()?, told.get()?);
                let open = words::gaps(&gaps).map(|told| (" ", with_quoted(&told, &gaps.join(", "))));
                Some(
                    view! {
                        <StateIcon state />
                        <p>
                            <strong>{heading}</strong>
                            " "
                            <span>{meaning} {open}</span>
                        </p>
                    },
                )
            }}
        </div>
        {move || confidence.get().map(|confidence| view! { <ConfidenceLine confidence /> })}
        {move || (!topics.with(|topics| topics.is_empty())).then(|| view! { <Topics topics=topics.get() /> })}
        <p class="answer__checked" data-testid="checked">{move || read(|record| words::checked(&record.checked))}</p>
        <p class="answer__timings" data-testid="timings">
            {move || read(|record| Some(words::timings(&record.timings_ms, record.tokens_out)))}
        </p>
    }
}

/// The band in a word and by the number of filled bars, with what was counted.
#[component]
fn ConfidenceLine(
    /// The band and its count.
    confidence: Confidence,
) -> impl IntoView {
    view! {
        <p class="answer__confidence" data-testid="confidence">
            <ConfidenceIcon band=confidence.band />
            <span>
                <strong>{words::CONFIDENCE} " "</strong>
                {move || words::measured(&confidence)}
            </span>
        </p>
    }
}

/// What the knowledge base holds instead; each asks about its heading.
#[component]
fn Topics(
    /// Nearest first.
    topics: Arc<Vec<Topic>>,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let buttons = topics
        .iter()
        .map(|topic| {
            let title = topic.title.clone();
            let ask = move |_| {
                assistant.ask_about(&title);
                // The buttons go with the answer they belong to; the focus must not go with them.
                if let Some(heading) = document().get_element_by_id("answer-heading")
                    && let Some(heading) = wasm_bindgen::JsCast::dyn_ref::<web_sys::HtmlElement>(&heading)
                {
                    let _ = heading.focus();
                }
            };
            view! {
                <li>
                    <button class="topics__item" type="button" data-testid="topic" lang=CONTENT on:click=ask>
                        {topic.title.clone()}
                    </button>
                </li>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="topics">
            <p id="topics-heading">{words::NEAREST_TOPICS}</p>
            <ul aria-labelledby="topics-heading">{buttons}</ul>
        </div>
    }
}

fn is_looked_up(session: &Session) -> bool {
    session.turn.as_ref().is_some_and(Turn::is_looked_up)
}
