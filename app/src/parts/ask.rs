//! The question box, the note, Ask and Stop.

use leptos::ev::{DragEvent, KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::parts::clear::ClearButton;
use crate::parts::follow_up::FollowUp;
use crate::parts::note_file::{NoteFile, dropped_file};
use crate::session::Model;
use crate::words::{self, ask};

/// The form. Enter asks, Shift+Enter starts a new line.
#[component]
pub fn AskForm() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let untouched = Memo::new(move |_| assistant.session.with(|session| session.turn.is_none()));
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        assistant.ask();
    };
    view! {
        <form
            class="card ask"
            class:ask--again=move || !untouched.get()
            autocomplete="off"
            translate="no"
            on:submit=on_submit
        >
            <QuestionField />
            <FollowUp />
            <NoteField />
            <Actions />
            <Show when=move || untouched.get()>
                <Examples />
            </Show>
        </form>
    }
}

/// The question. The page never writes into the box: what is typed stays until the reader changes it.
#[component]
fn QuestionField() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let chars = RwSignal::new(0_usize);
    let refused = Memo::new(move |_| {
        assistant.session.with(|session| session.problem.as_ref().is_some_and(|problem| !problem.needs_restart()))
    });
    let on_key = move |event: KeyboardEvent| {
        // Enter that ends an input method's composition is not meant for us.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            assistant.ask();
        }
    };
    let on_input = move |_| {
        if let Some(area) = assistant.question.get_untracked() {
            chars.set(area.value().chars().count());
        }
    };
    view! {
        <label class="ask__label" for="question">
            {ask::QUESTION}
        </label>
        {move || {
            words::content_language().map(|told| view! { <p class="ask__hint" id="question-language">{told}</p> })
        }}
        <textarea
            id="question"
            lang=CONTENT
            class="ask__question"
            data-testid="question"
            node_ref=assistant.question
            rows="2"
            placeholder=ask::example
            spellcheck="false"
            autocomplete="off"
            autocapitalize="off"
            translate="no"
            aria-describedby=move || {
                if words::content_language().is_some() {
                    "question-language question-help problem"
                } else {
                    "question-help problem"
                }
            }
            aria-invalid=move || if refused.get() { "true" } else { "false" }
            on:keydown=on_key
            on:input=on_input
        ></textarea>
        <p class="ask__counter">{move || ask::question_counter(chars.get())}</p>
    }
}

/// The note, folded away.
#[component]
fn NoteField() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let chars = RwSignal::new(0_usize);
    let count = move || {
        if let Some(area) = assistant.note.get_untracked() {
            chars.set(area.value().chars().count());
        }
    };
    let dropped = RwSignal::new_local(None);
    let drop_file = move |event: DragEvent| {
        if let Some(file) = dropped_file(&event) {
            dropped.set(Some(file));
        }
    };
    view! {
        <details
            class="ask__note"
            on:dragover=move |event: DragEvent| event.prevent_default()
            on:drop=drop_file
        >
            <summary>{ask::ADD_NOTE}</summary>
            <label class="ask__hint" for="note">
                {ask::NOTE_HELP}
            </label>
            <textarea
                id="note"
                lang=CONTENT
                data-testid="note"
                node_ref=assistant.note
                rows="5"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                translate="no"
                on:input=move |_| count()
            ></textarea>
            <p class="ask__counter">{move || ask::note_counter(chars.get())}</p>
            <NoteFile changed=Callback::new(move |()| count()) dropped />
        </details>
    }
}

/// Ask, Stop and a line of help.
#[component]
fn Actions() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let failed = Memo::new(move |_| session.with(|session| session.model == Model::Failed));
    let stopping = Memo::new(move |_| session.with(|session| session.stopping));
    let can_stop = Memo::new(move |_| session.with(|session| session.queued.is_some() || session.running().is_some()));
    let help = Memo::new(move |_| session.with(ask::help));
    view! {
        <div class="ask__actions">
            <button class="button button--primary" type="submit" data-testid="ask" disabled=move || failed.get()>
                <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                    <path class="icon__line" d="M5 12h14M13 6l6 6-6 6" />
                </svg>
                {ask::ASK}
            </button>
            <button
                class="button"
                type="button"
                data-testid="stop"
                disabled=move || !can_stop.get()
                on:click=move |_| assistant.stop()
            >
                <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                    <rect class="icon__fill" x="6" y="6" width="12" height="12" rx="2" />
                </svg>
                {move || if stopping.get() { ask::STOPPING() } else { ask::STOP() }}
            </button>
            <ClearButton />
            <p class="ask__hint" id="question-help">
                {move || help.get()}
            </p>
        </div>
    }
}

/// Questions to start with.
#[component]
fn Examples() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let buttons = ask::EXAMPLES.map(|(subject, example)| {
        view! {
            <button class="examples__item" type="button" on:click=move |_| assistant.fill(example)>
                <span class="examples__subject">{subject}</span>
                ": "
                <span lang=CONTENT>{example}</span>
            </button>
        }
    });
    view! {
        <div class="examples" role="group" aria-label=ask::EXAMPLES_GROUP>
            {buttons.to_vec()}
        </div>
    }
}
