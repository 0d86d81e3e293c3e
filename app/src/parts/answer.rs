//! The answer: the question, sentences with their citations, and how it ended.

use leptos::prelude::*;

use crate::assistant::{Assistant, Citing};
use crate::language::{self, CONTENT};
use crate::parts::expanded::{expanded, library};
use crate::parts::outcome::Outcome;
use crate::parts::take_away::TakeAwayPanel;
use crate::session::{DraftSentence, Turn};
use crate::words::answer as words;

/// The answer of the question on screen.
#[component]
pub fn AnswerPanel() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let turn =
        move |read: fn(&Turn) -> String| session.with(|session| session.turn.as_ref().map(read).unwrap_or_default());
    let question = Memo::new(move |_| turn(|turn| turn.question.clone()));
    let before = Memo::new(move |_| session.with(|session| session.turn.as_ref()?.follows.clone()));
    let id = Memo::new(move |_| turn(|turn| turn.id.clone()));
    let count =
        Memo::new(move |_| session.with(|session| session.turn.as_ref().map_or(0, |turn| turn.sentences.len())));
    let state = Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(Turn::state)));
    let read_as =
        Memo::new(move |_| session.with(|session| words::read_as(&session.turn.as_ref()?.record.as_ref()?.read_as)));
    let has_evidence =
        Memo::new(move |_| session.with(|session| session.turn.as_ref().is_some_and(|turn| turn.evidence.is_some())));
    view! {
        <section class="card answer" aria-labelledby="answer-heading">
            <h2 id="answer-heading" class="card__heading" tabindex="-1">{words::HEADING}</h2>
            <p class="answer__follows" data-testid="follows" dir="auto" translate="no">
                {move || before.get().map(|before| crate::words::ask::followed(&before))}
            </p>
            <p class="answer__question" dir="auto" lang=CONTENT translate="no">{move || question.get()}</p>
            <p class="answer__read-as" data-testid="read-as" dir="auto" translate="no">{move || read_as.get()}</p>
            <div
                class="answer__text"
                data-testid="answer"
                lang=CONTENT
                aria-busy=move || if state.get().is_none() { "true" } else { "false" }
                translate="no"
            >
                // A new question gets new nodes; within an answer a sentence keeps its node (and the focus in it).
                <For
                    each=move || {
                        let id = id.get();
                        (0..count.get()).map(move |index| (id.clone(), index)).collect::<Vec<_>>()
                    }
                    key=|key| key.clone()
                    let((_, index))
                >
                    <SentenceView index />
                </For>
                <Show when=move || state.get().is_none()>
                    <span class="answer__cursor" aria-hidden="true"></span>
                </Show>
            </div>
            <Show when=move || state.get().is_none() && count.get() == 0>
                <p class="answer__wait">
                    {move || if has_evidence.get() { words::READING() } else { words::SEARCHING() }}
                </p>
            </Show>
            <Outcome />
            <TakeAwayPanel />
        </section>
    }
}

/// One sentence with a button for each source it was taken from.
#[component]
fn SentenceView(
    /// Its place in the answer.
    index: usize,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let sentence = Memo::new(move |_| {
        session.with(|session| {
            let turn = session.turn.as_ref()?;
            turn.sentences.get(index).cloned()
        })
    });
    let library = library();
    let text = move || {
        sentence.with(|s| s.as_ref().map(|s| library.with(|library| expanded(s.text.trim(), library.as_ref()))))
    };
    let sources = Memo::new(move |_| {
        let passages = sentence.with(|s| s.as_ref().map(passages_of).unwrap_or_default());
        session.with(|session| {
            let number = |passage: &str| session.turn.as_ref().and_then(|turn| turn.number_of(passage));
            passages.into_iter().map(|passage| (number(&passage), passage)).collect::<Vec<_>>()
        })
    });
    view! {
        <span class="sentence">
            <span class="sentence__text" dir="auto">{text}</span>
            <For each=move || sources.get() key=|source| source.clone() let((number, passage))>
                <CitationButton index number passage />
            </For>
            " "
        </span>
    }
}

/// Opens the passage a sentence was taken from, at the span.
#[component]
fn CitationButton(
    /// The sentence.
    index: usize,
    /// Number of the source in the list; `None` for the reader's note.
    number: Option<usize>,
    /// Its identifier.
    passage: String,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let shown = move || number.map_or_else(|| words::NOTE().to_owned(), |number| number.to_string());
    let label = move || number.map_or_else(|| words::NOTE_CITATION().to_owned(), words::citation);
    let is_chosen = {
        let passage = passage.clone();
        move || {
            assistant.chosen.with(|chosen| {
                chosen.as_ref().is_some_and(|c| c.citing == Citing::Sentence(index) && c.passage == passage)
            })
        }
    };
    view! {
        <button
            class="citation"
            type="button"
            data-testid="citation"
            lang=move || language::tag(language::now())
            aria-label=label
            aria-pressed=move || if is_chosen() { "true" } else { "false" }
            on:click=move |_| assistant.choose(Citing::Sentence(index), &passage)
        >
            <span aria-hidden="true">{shown}</span>
        </button>
    }
}

/// The passages of a sentence in the order it uses them, each once.
fn passages_of(sentence: &DraftSentence) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    for citation in &sentence.citations {
        if !passages.contains(&citation.passage) {
            passages.push(citation.passage.clone());
        }
    }
    passages
}
