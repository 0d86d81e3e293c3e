//! Which engine computes the answers, why, and the choice of another.

use leptos::prelude::*;
use mambaformer_wasm::protocol::{Engine, EngineReport, Preference};

use crate::assistant::Assistant;
use crate::words;

/// Folded away: for the curious, and for whoever looks for the cause of slowness.
#[component]
pub fn EnginePanel() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let report = Memo::new(move |_| session.with(|session| session.engine.clone()));
    let options = [Preference::Fastest, Preference::Cpu, Preference::Gpu].map(|preference| {
        view! {
            <option value=words::preference_key(preference) selected=move || assistant.preference.get() == preference>
                {words::preference(preference)}
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
            <summary>"Engine details"</summary>
            <div class="panel__choice">
                <label for="engine-choice">"Compute on"</label>
                <select id="engine-choice" data-testid="engine-choice" on:change=choose>
                    {options.to_vec()}
                </select>
            </div>
            {move || match report.get() {
                None => view! { <p>{words::ENGINE_UNDECIDED}</p> }.into_any(),
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
    let serving = match report.engine {
        Engine::Cpu => words::CPU,
        Engine::Gpu => words::GPU,
    };
    let mut rows: Vec<(&str, String)> = vec![("Computes now", format!("{serving}: {}", report.reason))];
    let times = [(words::CPU, report.cpu_ms), (words::GPU, report.gpu_ms)];
    rows.extend(
        times
            .into_iter()
            .filter_map(|(engine, ms)| Some(("Trial answer", format!("{engine}: {}", words::duration(ms?))))),
    );
    if let Some(adapter) = &report.adapter {
        let kind = if adapter.software { ", emulated by the processor" } else { "" };
        rows.extend([
            (words::GPU, format!("{}{kind}", adapter.name)),
            ("Self-test", format!("{} cases, {} kernels set aside", adapter.self_tests, report.quarantined.len())),
            (
                "Dispatches",
                format!("{} for a prompt, {} for a decoder call", adapter.dispatches[0], adapter.dispatches[1]),
            ),
            (
                "Its memory",
                format!(
                    "{} MB weights, {} MB activations",
                    words::megabytes(adapter.bytes[0]),
                    words::megabytes(adapter.bytes[1])
                ),
            ),
            ("Pipelines", adapter.pipelines.to_string()),
        ]);
    }
    rows.extend(report.quarantined.iter().map(|kernel| {
        let instead = kernel.instead.as_deref().unwrap_or("the processor");
        ("Set aside", format!("{} ({}); {instead} serves instead", kernel.kernel, kernel.reason))
    }));
    let rows = rows
        .into_iter()
        .map(|(name, value)| {
            view! {
                <dt>{name}</dt>
                <dd>{value}</dd>
            }
        })
        .collect::<Vec<_>>();
    view! { <dl class="panel__facts" data-testid="engine-facts">{rows}</dl> }
}
