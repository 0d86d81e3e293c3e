//! Which engine computes the answers, why, and the choice of another.

use leptos::prelude::*;
use mambaformer_wasm::protocol::{EngineReport, Preference};

use crate::assistant::Assistant;
use crate::parts::content::with_quoted;
use crate::words::engine as words;

/// Folded away: for the curious, and for whoever looks for the cause of slowness.
#[component]
pub fn EnginePanel() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let report = Memo::new(move |_| session.with(|session| session.engine.clone()));
    let options = [Preference::Fastest, Preference::Cpu, Preference::Gpu].map(|preference| {
        view! {
            <option value=words::preference_key(preference) selected=move || assistant.preference.get() == preference>
                {move || words::preference(preference)}
            </option>
        }
    });
    let choose = move |event: leptos::ev::Event| {
        if let Some(preference) = words::preference_of(&event_target_value(&event)) {
            assistant.prefer(preference);
        }
    };
    view! {
        <details class="card panel" data-testid="engine">
            <summary>{words::HEADING}</summary>
            <div class="panel__choice">
                <label for="engine-choice">{words::CHOICE}</label>
                <select id="engine-choice" data-testid="engine-choice" on:change=choose>
                    {options.to_vec()}
                </select>
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
