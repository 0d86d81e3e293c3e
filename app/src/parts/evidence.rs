//! The sources an answer draws on and those found beside them, with the cited words marked.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::answer::{Evidence, EvidenceKind};
use wasm_bindgen::JsCast;

use crate::assistant::{Assistant, Citing};
use crate::language::CONTENT;
use crate::parts::expanded::{expanded, library};
use crate::parts::section::is_open;
use crate::session::{Session, Turn};
use crate::spans::{self, Mark};
use crate::words::{answer, evidence as words};

/// The list of passages. It is on screen before the first word of the answer.
#[component]
pub fn EvidencePanel() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let passages =
        Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(|turn| turn.evidence.clone())));
    // The reader's own note stands in the list where there is one, but is no source of the knowledge base.
    let count =
        move || passages.with(|p| p.as_ref().map(|p| p.iter().filter(|item| item.kind != EvidenceKind::Note).count()));
    let cards = move || session.with(|session| session.turn.as_ref().map(drawn_on).unwrap_or_default());
    view! {
        <section class="card evidence" aria-labelledby="evidence-heading" data-testid="evidence">
            <h2 id="evidence-heading" class="card__heading">
                {words::HEADING}
                <Show when=move || count().is_some()>
                    <span class="card__count">{count}</span>
                </Show>
            </h2>
            <Show when=move || count() == Some(0)>
                <p class="evidence__none">{words::NONE}</p>
            </Show>
            <ol class="evidence__list">
                <For each=cards key=|(number, item)| (*number, item.passage.clone(), item.text.clone()) let((number, item))>
                    <PassageCard number item />
                </For>
            </ol>
            <More />
        </section>
    }
}

/// What was found as well and not given to the model; folded away until it is wanted or cited.
#[component]
fn More() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let opened = RwSignal::new(false);
    let count = Memo::new(move |_| session.with(|session| session.turn.as_ref().map_or(0, |turn| turn.more.len())));
    let cards = move || session.with(|session| session.turn.as_ref().map(found_beside).unwrap_or_default());
    Effect::new(move |_| {
        let chosen = assistant.chosen.with(|chosen| chosen.as_ref().map(|chosen| chosen.passage.clone()));
        let held = |turn: &Turn| turn.more.iter().any(|item| Some(&item.passage) == chosen.as_ref());
        if session.with_untracked(|session| session.turn.as_ref().is_some_and(held)) {
            opened.set(true);
        }
    });
    view! {
        <Show when=move || count.get() != 0>
            <details
                class="evidence__more"
                data-testid="more"
                prop:open=move || opened.get()
                on:toggle=move |event| opened.set(is_open(&event))
            >
                <summary>{move || words::more(count.get())}</summary>
                <ol class="evidence__list">
                    <For
                        each=cards
                        key=|(number, item)| (*number, item.passage.clone(), item.text.clone())
                        let((number, item))
                    >
                        <PassageCard number item />
                    </For>
                </ol>
            </details>
        </Show>
    }
}

/// A source with its number; `None` for the reader's note.
type Numbered = (Option<usize>, Arc<Evidence>);

fn drawn_on(turn: &Turn) -> Vec<Numbered> {
    let listed = turn.evidence.iter().flat_map(|evidence| evidence.iter());
    listed.map(|item| (turn.number_of(&item.passage), Arc::new(item.clone()))).collect()
}

fn found_beside(turn: &Turn) -> Vec<Numbered> {
    turn.more.iter().map(|item| (turn.number_of(&item.passage), Arc::new(item.clone()))).collect()
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
        let citing = assistant.chosen.with(|chosen| chosen.as_ref().filter(|c| c.passage == passage).map(|c| c.citing));
        citing
            .map_or_else(Vec::new, |citing| assistant.session.with(|session| spans_in(session, &passage, Some(citing))))
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
    let library = library();
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
            .map(|(piece, mark)| {
                let piece = library.with(|library| expanded(&piece, library.as_ref()));
                match mark {
                    Mark::Plain => piece,
                    Mark::Cited => view! { <mark class="mark">{piece}</mark> }.into_any(),
                    Mark::Chosen => view! { <mark class="mark mark--chosen" tabindex="-1">{piece}</mark> }.into_any(),
                }
            })
            .collect::<Vec<_>>()
    };
    let kind = item.kind;
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
                    {move || number.map_or_else(|| answer::NOTE().to_owned(), |number| number.to_string())}
                </span>
                <h3 class="passage__title" dir="auto" lang=CONTENT>{item.title.clone()}</h3>
                <span class="passage__kind" data-kind=kind_key(kind)>{move || words::kind(kind)}</span>
            </div>
            <p class="passage__text" dir="auto" lang=CONTENT translate="no">{body}</p>
            {long
                .then(|| {
                    view! {
                        <button
                            class="passage__more"
                            type="button"
                            aria-expanded=move || if opened.get() { "true" } else { "false" }
                            on:click=move |_| opened.update(|opened| *opened = !*opened)
                        >
                            {move || if opened.get() { words::LESS() } else { words::ALL() }}
                        </button>
                    }
                })}
            <p class="passage__source" lang=CONTENT>{item.source.clone()}</p>
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

/// A kind as the style sheet names it.
pub(crate) fn kind_key(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Passage => "passage",
        EvidenceKind::Record => "record",
        EvidenceKind::Note => "note",
    }
}

/// Byte spans of `passage` that the answer and the dose table (or one sentence or row of them) were taken from.
fn spans_in(session: &Session, passage: &str, citing: Option<Citing>) -> Vec<(usize, usize)> {
    let Some(turn) = &session.turn else { return Vec::new() };
    let sentences = turn.sentences.iter().enumerate().flat_map(|(index, sentence)| {
        sentence.citations.iter().map(move |citation| (Citing::Sentence(index), citation))
    });
    let rows = turn
        .doses
        .iter()
        .flat_map(|doses| doses.rows.iter().enumerate().map(|(index, row)| (Citing::Row(index), &row.citation)));
    sentences
        .chain(rows)
        .filter(|(own, citation)| citing.is_none_or(|citing| citing == *own) && citation.passage == passage)
        .map(|(_, citation)| (citation.start, citation.end))
        .collect()
}
