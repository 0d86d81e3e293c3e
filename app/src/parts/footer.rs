//! What this is, what it is not, and which model answers.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::session::Model;
use crate::words;

/// The foot of the page.
#[component]
pub fn Footer() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let version = Memo::new(move |_| {
        session.with(|session| match &session.model {
            Model::Ready(info) => Some(words::model_version(info)),
            _ => None,
        })
    });
    view! {
        <footer class="foot">
            <p>{words::WHAT_IT_IS}</p>
            <p>{words::WHERE_IT_RUNS}</p>
            <p class="foot__version" data-testid="model-version">{move || version.get()}</p>
        </footer>
    }
}
