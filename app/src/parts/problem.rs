//! What went wrong, in words, with the way out.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::words;

/// The last problem; the region is always there so that a screen reader hears what appears in it.
#[component]
pub fn ProblemPanel() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let problem = Memo::new(move |_| assistant.session.with(|session| session.problem.clone()));
    let restart = move |_| {
        assistant.start();
        if let Some(area) = assistant.question.get_untracked() {
            let _ = area.focus();
        }
    };
    view! {
        <div class="problem" id="problem" role="alert">
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        let again = problem.needs_restart();
                        let message = problem.message;
                        let told = {
                            let message = message.clone();
                            move || words::message(&message)
                        };
                        view! {
                            <div class="problem__card">
                                <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                                    <path class="icon__fill" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" />
                                    <path class="icon__cut" d="M12 7v6M12 16v1" />
                                </svg>
                                <p data-testid="error" data-kind=problem.kind.name() lang=message.lang()>{told}</p>
                                {again
                                    .then(|| {
                                        view! {
                                            <button
                                                class="button"
                                                type="button"
                                                data-testid="start-again"
                                                on:click=restart
                                            >
                                                {words::START_AGAIN}
                                            </button>
                                        }
                                    })}
                            </div>
                        }
                    })
            }}
        </div>
    }
}
