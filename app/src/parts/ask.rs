//! The question box, the note, Ask and Stop.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::session::Model;
use crate::words;

/// The form. Enter asks, Shift+Enter starts a new line.
#[component]
pub fn AskForm() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let question_chars = RwSignal::new(0_usize);
    let note_chars = RwSignal::new(0_usize);
    let running = Memo::new(move |_| session.with(|session| session.running().is_some()));
    let stopping = Memo::new(move |_| session.with(|session| session.stopping));
    let queued = Memo::new(move |_| session.with(|session| session.queued));
    let waiting =
        Memo::new(move |_| session.with(|session| matches!(session.model, Model::Starting | Model::Loading { .. })));
    let failed = Memo::new(move |_| session.with(|session| session.model == Model::Failed));
    let untouched = Memo::new(move |_| session.with(|session| session.turn.is_none()));
    let refused = Memo::new(move |_| {
        session.with(|session| session.problem.as_ref().is_some_and(|problem| !problem.needs_restart()))
    });
    let can_stop = move || running.get() || queued.get();

    let on_key = move |event: KeyboardEvent| {
        // Enter that ends an input method's composition is not meant for us.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            assistant.ask();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        assistant.ask();
    };
    let count_question = move |_| {
        if let Some(area) = assistant.question.get_untracked() {
            question_chars.set(area.value().chars().count());
        }
    };
    let count_note = move |_| {
        if let Some(area) = assistant.note.get_untracked() {
            note_chars.set(area.value().chars().count());
        }
    };

    view! {
        <form class="card ask" autocomplete="off" translate="no" on:submit=on_submit>
            <label class="ask__label" for="question">"Your question"</label>
            <textarea
                id="question"
                class="ask__question"
                data-testid="question"
                node_ref=assistant.question
                rows="2"
                placeholder="for example: What are the treatments for dry mouth?"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                translate="no"
                aria-describedby="question-help problem"
                aria-invalid=move || if refused.get() { "true" } else { "false" }
                on:keydown=on_key
                on:input=count_question
            ></textarea>
            <Counter text=move || words::question_counter(question_chars.get()) />

            <details class="ask__note">
                <summary>"Add a note (optional)"</summary>
                <label class="ask__hint" for="note">
                    "Clinical note to answer with. It stays in this page and is forgotten when you close it."
                </label>
                <textarea
                    id="note"
                    data-testid="note"
                    node_ref=assistant.note
                    rows="5"
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="off"
                    translate="no"
                    on:input=count_note
                ></textarea>
                <Counter text=move || words::note_counter(note_chars.get()) />
            </details>

            <div class="ask__actions">
                <button
                    class="button button--primary"
                    type="submit"
                    data-testid="ask"
                    disabled=move || failed.get()
                >
                    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                        <path class="icon__line" d="M5 12h14M13 6l6 6-6 6" />
                    </svg>
                    "Ask"
                </button>
                <button
                    class="button"
                    type="button"
                    data-testid="stop"
                    disabled=move || !can_stop()
                    on:click=move |_| assistant.stop()
                >
                    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                        <rect class="icon__fill" x="6" y="6" width="12" height="12" rx="2" />
                    </svg>
                    {move || if stopping.get() { "Stopping…" } else { "Stop" }}
                </button>
                <p class="ask__hint" id="question-help">
                    {move || {
                        if queued.get() && waiting.get() { words::QUEUED } else { words::HOW_TO_ASK }
                    }}
                </p>
            </div>

            <Show when=move || untouched.get()>
                <div class="examples" role="group" aria-label="Examples">
                    {words::EXAMPLES
                        .map(|example| {
                            view! {
                                <button
                                    class="examples__item"
                                    type="button"
                                    on:click=move |_| assistant.fill(example)
                                >
                                    {example}
                                </button>
                            }
                        })
                        .to_vec()}
                </div>
            </Show>
        </form>
    }
}

/// A line under a box that is there only when it has something to say.
#[component]
fn Counter(
    /// What to say.
    text: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> impl IntoView {
    view! { <p class="ask__counter">{text}</p> }
}
