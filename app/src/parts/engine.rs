//! Which engine computes the answers, why, and the choice of another.

use leptos::prelude::*;
use mambaformer_wasm::protocol::{EngineReport, Preference};

use crate::assistant::Assistant;
use crate::parts::choice::{Choice, ListChoice};
use crate::parts::content::with_quoted;
use crate::words::engine as words;

/// Folded away: for the curious, and for whoever looks for the cause of slowness.
#[component]
pub fn EnginePanel() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let report = Memo::new(move |_| session.with(|session| session.engine.clone()));
    let choices = [Preference::Fastest, Preference::Cpu, Preference::Gpu].map(|preference| Choice {
        value: words::preference_key(preference).to_owned(),
        name: Signal::derive(move || words::preference(preference).to_owned()),
        chosen: Signal::derive(move || assistant.preference.get() == preference),
    });
    let choose = move |key: String| {
        if let Some(preference) = words::preference_of(&key) {
            assistant.prefer(preference);
        }
    };
    view! {
        <details class="card panel" data-testid="engine">
            <summary>{words::HEADING}</summary>
            <div class="panel__choice">
                <ListChoice id="engine-choice" label=words::CHOICE choices=choices.into() choose />
            </div>
            {move || match report.get() {
                None => view! { <p>{words::UNDECIDED}</p> }.into_any(),
                Some(report) => view! { <EngineView report /> }.into_any(),
            }}
        </details>
    }
}

#[component]
fn EngineView(
    /// What the worker found out.
    report: EngineReport,
) -> impl IntoView {
    let facts = move || {
        let facts = words::facts(&report).into_iter();
        facts
            .map(|fact| {
                view! {
                    <dt>{fact.name}</dt>
                    <dd>{with_quoted(&fact.told, &fact.quoted)}</dd>
                }
            })
            .collect::<Vec<_>>()
    };
    view! { <dl class="panel__facts" data-testid="engine-facts">{facts}</dl> }
}
