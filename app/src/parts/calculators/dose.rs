//! A child's dose by weight and age.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::calculation::{Calculation, DoseEntries};
use mambaformer_wasm::protocol::ErrorKind;

use super::fields::{AgeField, Measured, WeightField, invalid, selected, text};
use super::result::ResultPanel;
use crate::assistant::Assistant;
use crate::calculators::Calculator;
use crate::words::calculators as words;

/// The fields as they are read when the form is sent.
#[derive(Clone, Copy)]
struct Fields {
    drug: NodeRef<html::Select>,
    age: Measured,
    weight: Measured,
    strength: NodeRef<html::Input>,
}

impl Fields {
    /// What is typed; `None` where some of it is no Unicode text.
    fn read(self, confirmed: bool) -> Option<Calculation> {
        Some(Calculation::Dose(DoseEntries {
            drug: selected(self.drug),
            age: self.age.age()?,
            weight: self.weight.weight()?,
            strength: text(self.strength)?,
            confirmed,
        }))
    }
}

/// The form and its results.
#[component]
pub(super) fn DoseForm() -> impl IntoView {
    const CALCULATOR: Calculator = Calculator::Dose;
    let assistant = expect_context::<Assistant>();
    let unable = Memo::new(move |_| assistant.session.with(|session| session.calculators.choices.is_none()));
    let fields =
        Fields { drug: NodeRef::new(), age: Measured::new(), weight: Measured::new(), strength: NodeRef::new() };
    let send = move |confirmed| match fields.read(confirmed) {
        Some(calculation) => assistant.calculate(CALCULATOR, calculation),
        None => assistant.refuse_entries(CALCULATOR),
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        // Enter in a field gets here, too, while the records are loading.
        if !unable.get_untracked() {
            send(false);
        }
    };
    let strength_refused = invalid(CALCULATOR, &[ErrorKind::BadStrength]);
    let drug_refused = invalid(CALCULATOR, &[ErrorKind::BadOption]);
    view! {
        <form
            class="calculator"
            aria-labelledby="dose-heading"
            autocomplete="off"
            on:submit=on_submit
            on:input=move |_| assistant.entries_changed(CALCULATOR)
        >
            <h2 id="dose-heading" class="card__heading">{words::DOSE}</h2>
            <div class="field">
                <label for="dose-drug">{words::DRUG}</label>
                <select
                    id="dose-drug"
                    data-testid="dose-drug"
                    node_ref=fields.drug
                    aria-describedby="dose-told"
                    aria-invalid=move || drug_refused.get()
                >
                    <option value="">{words::CHOOSE_DRUG}</option>
                    <Drugs />
                </select>
            </div>
            <div class="fields">
                <WeightField calculator=CALCULATOR prefix="dose" field=fields.weight />
                <AgeField calculator=CALCULATOR prefix="dose" label=words::AGE field=fields.age />
            </div>
            <div class="field">
                <label for="dose-strength">{words::STRENGTH}</label>
                <input
                    id="dose-strength"
                    data-testid="dose-strength"
                    node_ref=fields.strength
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    translate="no"
                    aria-describedby="dose-strength-help dose-told"
                    aria-invalid=move || strength_refused.get()
                />
                <p class="field__help" id="dose-strength-help">{words::STRENGTH_HELP}</p>
            </div>
            <button
                class="button button--primary"
                type="submit"
                data-testid="dose-calculate"
                disabled=move || unable.get()
            >
                {words::CALCULATE_DOSE}
            </button>
            <ResultPanel calculator=CALCULATOR prefix="dose" on_confirm=Callback::new(move |()| send(true)) />
        </form>
    }
}

/// The drugs of the records.
#[component]
fn Drugs() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let choices = Memo::new(move |_| session.with(|session| session.calculators.choices.clone()));
    move || {
        let choices = choices.get()?;
        let option = |drug: &String| view! { <option value=drug.clone()>{drug.clone()}</option> };
        Some(choices.drugs.iter().map(option).collect::<Vec<_>>())
    }
}
