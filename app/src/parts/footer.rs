//! What this is, what it is not, which model answers and from which knowledge base.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::session::Model;
use crate::words;

/// The foot of the page.
#[component]
pub fn Footer() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let version = Memo::new(move |_| {
        session.with(|session| match &session.model {
            Model::Ready(info) => Some(words::model::version(info)),
            _ => None,
        })
    });
    let library = Memo::new(move |_| session.with(|session| session.library.clone()));
    let sources = move || {
        let library = library.get()?;
        let named = library.attributions.join(". ");
        Some(view! {
            <p class="foot__version" data-testid="library-version">
                {move || words::library_version(&library)}
                " "
                <strong>{words::NOT_REVIEWED}</strong>
                " "
                <span lang=CONTENT>{named} "."</span>
            </p>
        })
    };
    view! {
        <footer class="foot">
            <p>{words::WHAT_IT_IS}</p>
            <p>{words::WHERE_IT_RUNS}</p>
            {sources}
            <p class="foot__version" data-testid="model-version">{move || version.get()}</p>
        </footer>
    }
}
