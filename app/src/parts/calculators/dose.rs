//! A child's dose by weight and age.

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::calculation::{Calculation, DoseEntries};
use mambaformer_wasm::protocol::ErrorKind;

use super::fields::{AgeField, Measured, WeightField, invalid, selected, text};
use super::form::CalculatorForm;
use crate::assistant::Assistant;
use crate::calculators::Calculator;
use crate::language::CONTENT;
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
    let fields =
        Fields { drug: NodeRef::new(), age: Measured::new(), weight: Measured::new(), strength: NodeRef::new() };
    let strength_refused = invalid(CALCULATOR, &[ErrorKind::BadStrength]);
    let drug_refused = invalid(CALCULATOR, &[ErrorKind::BadOption]);
    view! {
        <CalculatorForm
            calculator=CALCULATOR
            prefix="dose"
            heading=words::DOSE
            button=words::CALCULATE_DOSE
            read=Callback::new(move |confirmed| fields.read(confirmed))
        >
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
        </CalculatorForm>
    }
}

/// The drugs of the records.
#[component]
fn Drugs() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let choices = Memo::new(move |_| session.with(|session| session.calculators.choices.clone()));
    move || {
        let choices = choices.get()?;
        let option = |drug: &String| view! { <option value=drug.clone() lang=CONTENT>{drug.clone()}</option> };
        Some(choices.drugs.iter().map(option).collect::<Vec<_>>())
    }
}
