//! Name and model status.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::parts::icons::Logo;
use crate::parts::language::LanguageChoice;
use crate::parts::section::SectionLink;
use crate::parts::{browse, calculators};
use crate::session::Model;
use crate::words;

/// Name on the left, the model's status with its progress on the right.
#[component]
pub fn Header() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let model = Memo::new(move |_| session.with(|session| session.model.clone()));
    let phase = move || {
        model.with(|model| match model {
            Model::Starting | Model::Loading { .. } => "loading",
            Model::Ready(_) => "ready",
            Model::Failed => "failed",
        })
    };
    let bytes = Memo::new(move |_| {
        model.with(|model| match model {
            Model::Loading { loaded_bytes, total_bytes, .. } => Some((*loaded_bytes, *total_bytes)),
            _ => None,
        })
    });
    let loading = Memo::new(move |_| phase() == "loading");
    view! {
        <header class="masthead">
            <div class="masthead__name">
                <Logo />
                <div>
                    <h1>{words::TITLE}</h1>
                    <p>{words::TAGLINE}</p>
                </div>
            </div>
            <nav class="masthead__links" aria-label=words::SECTIONS>
                <SectionLink section=browse::SECTION name=words::browsing::HEADING />
                <SectionLink section=calculators::SECTION name=words::calculators::HEADING />
            </nav>
            <LanguageChoice />
            <div class="status" data-phase=phase>
                <span class="status__dot" aria-hidden="true"></span>
                <div class="status__text">
                    <p data-testid="model-status" data-phase=phase>
                        {move || model.with(words::model::status)}
                    </p>
                    <Show when=move || loading.get()>
                        <progress
                            aria-label=words::model::LOADING
                            max=move || bytes.get().map(|(_, total)| total.max(1).to_string())
                            value=move || bytes.get().map(|(loaded, _)| loaded.to_string())
                        ></progress>
                    </Show>
                </div>
            </div>
        </header>
    }
}
