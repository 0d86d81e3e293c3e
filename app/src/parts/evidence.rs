//! The passages an answer draws on, with the cited words marked.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::answer::{Evidence, NOTE_PASSAGE};
use wasm_bindgen::JsCast;

use crate::assistant::Assistant;
use crate::session::Session;
use crate::spans::{self, Mark};

/// The list of passages. It is on screen before the first word of the answer.
#[component]
pub fn EvidencePanel() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let passages =
        Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(|turn| turn.evidence.clone())));
    // The reader's own note stands in the list where there is one, but is no source of the knowledge base.
    let count =
        move || passages.with(|p| p.as_ref().map(|p| p.iter().filter(|item| item.passage != NOTE_PASSAGE).count()));
    let cards = move || {
        let listed = passages.get();
        listed
            .iter()
            .flat_map(|listed| listed.iter().cloned().enumerate())
            .map(|(index, item)| ((item.passage != NOTE_PASSAGE).then_some(index + 1), Arc::new(item)))
            .collect::<Vec<_>>()
    };
    view! {
        <section class="card evidence" aria-labelledby="evidence-heading" data-testid="evidence">
            <h2 id="evidence-heading" class="card__heading">
                "Sources"
                <Show when=move || count().is_some()>
                    <span class="card__count">{count}</span>
                </Show>
            </h2>
            <Show when=move || count() == Some(0)>
                <p class="evidence__none">"No passage of the knowledge base fits this question."</p>
            </Show>
            <ol class="evidence__list">
                <For each=cards key=|(number, item)| (*number, item.passage.clone(), item.text.clone()) let((number, item))>
                    <PassageCard number item />
                </For>
            </ol>
        </section>
    }
}

/// One passage.
#[component]
fn PassageCard(
    /// Its number; `None` for the reader's note.
    number: Option<usize>,
    /// The passage.
    item: Arc<Evidence>,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let card = NodeRef::<html::Li>::new();
    let opened = RwSignal::new(false);

    let passage = item.passage.clone();
    let is_chosen = {
        let passage = passage.clone();
        Memo::new(move |_| assistant.chosen.with(|chosen| chosen.as_ref().is_some_and(|c| c.passage == passage)))
    };
    let cited = {
        let passage = passage.clone();
        Memo::new(move |_| assistant.session.with(|session| spans_in(session, &passage, None)))
    };
    let chosen = Memo::new(move |_| {
        let sentence =
            assistant.chosen.with(|chosen| chosen.as_ref().filter(|c| c.passage == passage).map(|c| c.sentence));
        sentence.map_or_else(Vec::new, |sentence| {
            assistant.session.with(|session| spans_in(session, &passage, Some(sentence)))
        })
    });
    let here = item.passage.clone();
    Effect::new(move |_| {
        if assistant.chosen.with(|chosen| chosen.as_ref().is_some_and(|c| c.passage == here)) {
            opened.set(true);
            // By the next frame the mark to scroll to is there.
            request_animation_frame(move || {
                if let Some(card) = card.get_untracked() {
                    show_mark(&card);
                }
            });
        }
    });

    let text = item.text.clone();
    let body = move || {
        let pieces = cited.with(|cited| {
            chosen.with(|chosen| {
                spans::pieces(&text, cited, chosen)
                    .into_iter()
                    .map(|(piece, mark)| (piece.to_owned(), mark))
                    .collect::<Vec<_>>()
            })
        });
        pieces
            .into_iter()
            .map(|(piece, mark)| match mark {
                Mark::Plain => piece.into_any(),
                Mark::Cited => view! { <mark class="mark">{piece}</mark> }.into_any(),
                Mark::Chosen => view! { <mark class="mark mark--chosen" tabindex="-1">{piece}</mark> }.into_any(),
            })
            .collect::<Vec<_>>()
    };
    let long = item.text.chars().count() > 320;
    view! {
        <li
            class="passage"
            class:passage--chosen=move || is_chosen.get()
            class:passage--closed=move || long && !opened.get()
            data-passage=item.passage.clone()
            node_ref=card
        >
            <div class="passage__head">
                <span class="passage__number" aria-hidden="true">
                    {number.map_or_else(|| "note".to_owned(), |number| number.to_string())}
                </span>
                <h3 class="passage__title" dir="auto">{item.title.clone()}</h3>
            </div>
            <p class="passage__text" dir="auto" translate="no">{body}</p>
            {long
                .then(|| {
                    view! {
                        <button
                            class="passage__more"
                            type="button"
                            aria-expanded=move || if opened.get() { "true" } else { "false" }
                            on:click=move |_| opened.update(|opened| *opened = !*opened)
                        >
                            {move || if opened.get() { "Show less" } else { "Show all" }}
                        </button>
                    }
                })}
            <p class="passage__source">{item.source.clone()}</p>
        </li>
    }
}

/// Brings the chosen mark into view and gives it the focus, so that a keyboard or screen-reader user is there too.
fn show_mark(card: &web_sys::HtmlElement) {
    let Ok(Some(mark)) = card.query_selector(".mark--chosen") else { return };
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    mark.scroll_into_view_with_scroll_into_view_options(&options);
    if let Some(mark) = mark.dyn_ref::<web_sys::HtmlElement>() {
        let _ = mark.focus();
    }
}

/// Byte spans of `passage` that the answer (or one sentence of it) was taken from.
fn spans_in(session: &Session, passage: &str, sentence: Option<usize>) -> Vec<(usize, usize)> {
    let Some(turn) = &session.turn else { return Vec::new() };
    turn.sentences
        .iter()
        .enumerate()
        .filter(|(index, _)| sentence.is_none_or(|sentence| sentence == *index))
        .flat_map(|(_, sentence)| &sentence.citations)
        .filter(|citation| citation.passage == passage)
        .map(|citation| (citation.start, citation.end))
        .collect()
}
