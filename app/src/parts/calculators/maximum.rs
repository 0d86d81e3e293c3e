//! The most local anaesthetic for a patient.

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::calculation::{Calculation, MaximumEntries, PatientGroup};

use super::fields::{AgeField, Measured, WeightField, selected};
use super::form::CalculatorForm;
use super::given::{GivenFields, GivenRows};
use crate::assistant::Assistant;
use crate::calculators::Calculator;
use crate::language::CONTENT;
use crate::words::calculators as words;

/// The fields as they are read when the form is sent.
#[derive(Clone, Copy)]
struct Fields {
    product: NodeRef<html::Select>,
    child: NodeRef<html::Input>,
    weight: Measured,
    age: Measured,
    heart: NodeRef<html::Input>,
    given: GivenRows,
}

impl Fields {
    fn new() -> Self {
        Self {
            product: NodeRef::new(),
            child: NodeRef::new(),
            weight: Measured::new(),
            age: Measured::new(),
            heart: NodeRef::new(),
            given: GivenRows::new(),
        }
    }

    /// What is typed; `None` where some of it is no Unicode text.
    fn read(self, confirmed: bool) -> Option<Calculation> {
        let is_checked = |input: NodeRef<html::Input>| input.get_untracked().is_some_and(|input| input.checked());
        Some(Calculation::Maximum(MaximumEntries {
            product: selected(self.product),
            group: if is_checked(self.child) { PatientGroup::Child } else { PatientGroup::Adult },
            weight: self.weight.weight()?,
            age: self.age.age()?,
            heart: is_checked(self.heart),
            given: self.given.read()?,
            confirmed,
        }))
    }
}

/// The form and its result.
#[component]
pub(super) fn MaximumForm() -> impl IntoView {
    const CALCULATOR: Calculator = Calculator::Maximum;
    let fields = Fields::new();
    view! {
        <CalculatorForm
            calculator=CALCULATOR
            prefix="maximum"
            heading=words::MAXIMUM
            button=words::CALCULATE_MAXIMUM
            read=Callback::new(move |confirmed| fields.read(confirmed))
        >
            <div class="field">
                <label for="maximum-product">{words::PRODUCT}</label>
                <select id="maximum-product" data-testid="maximum-product" node_ref=fields.product>
                    <Products />
                </select>
            </div>
            <fieldset class="choice">
                <legend>{words::PATIENT}</legend>
                <label class="choice__item">
                    <input type="radio" name="group" value="adult" checked data-testid="maximum-adult" />
                    {|| words::group(PatientGroup::Adult)}
                </label>
                <label class="choice__item">
                    <input type="radio" name="group" value="child" data-testid="maximum-child" node_ref=fields.child />
                    {|| words::group(PatientGroup::Child)}
                </label>
            </fieldset>
            <div class="fields">
                <WeightField calculator=CALCULATOR prefix="maximum" field=fields.weight />
                <AgeField calculator=CALCULATOR prefix="maximum" label=words::AGE_OPTIONAL field=fields.age />
            </div>
            <label class="choice__item">
                <input type="checkbox" data-testid="maximum-heart" node_ref=fields.heart />
                {words::HEART}
            </label>
            <GivenFields rows=fields.given />
        </CalculatorForm>
    }
}

/// The products of the records; the one without vasoconstrictor is chosen at first.
#[component]
pub(super) fn Products() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let choices = Memo::new(move |_| session.with(|session| session.calculators.choices.clone()));
    move || {
        let choices = choices.get()?;
        let option = |product: &String| {
            let is_plain = choices.plain_product.as_ref() == Some(product);
            view! { <option value=product.clone() lang=CONTENT selected=is_plain>{product.clone()}</option> }
        };
        Some(choices.products.iter().map(option).collect::<Vec<_>>())
    }
}
