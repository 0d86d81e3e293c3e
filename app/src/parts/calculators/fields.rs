//! Fields that both calculators have: a body weight and an age, each with its unit.

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::calculation::{AgeEntry, AgeUnit, WeightEntry, WeightUnit};
use mambaformer_wasm::protocol::ErrorKind;

use crate::assistant::{Assistant, well_formed_value};
use crate::calculators::{Calculator, Outcome};
use crate::language::Word;
use crate::words::calculators as words;

/// A unit in a list.
#[derive(Clone, Copy)]
struct Unit<U> {
    is: U,
    /// As the list holds it, in every language the same.
    value: &'static str,
    name: Word,
}

const WEIGHT_UNITS: [Unit<WeightUnit>; 2] = [
    Unit { is: WeightUnit::Kg, value: "kg", name: || words::unit_of_weight(WeightUnit::Kg) },
    Unit { is: WeightUnit::Lb, value: "lb", name: || words::unit_of_weight(WeightUnit::Lb) },
];

const AGE_UNITS: [Unit<AgeUnit>; 2] = [
    Unit { is: AgeUnit::Years, value: "years", name: || words::unit_of_age(AgeUnit::Years) },
    Unit { is: AgeUnit::Months, value: "months", name: || words::unit_of_age(AgeUnit::Months) },
];

/// A text field and the list of its units.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    text: NodeRef<html::Input>,
    unit: NodeRef<html::Select>,
}

impl Measured {
    pub(super) fn new() -> Self {
        Self { text: NodeRef::new(), unit: NodeRef::new() }
    }

    /// The weight as typed; `None` where it is no Unicode text.
    pub(super) fn weight(self) -> Option<WeightEntry> {
        Some(WeightEntry { text: text(self.text)?, unit: chosen(self.unit, WEIGHT_UNITS) })
    }

    /// The age as typed; `None` where it is no Unicode text.
    pub(super) fn age(self) -> Option<AgeEntry> {
        Some(AgeEntry { text: text(self.text)?, unit: chosen(self.unit, AGE_UNITS) })
    }
}

/// The text of a field; `None` where it has lone surrogates.
pub(super) fn text(field: NodeRef<html::Input>) -> Option<String> {
    field.get_untracked().map_or_else(|| Some(String::new()), |field| well_formed_value(field.as_ref()))
}

/// What is chosen in a list.
pub(super) fn selected(list: NodeRef<html::Select>) -> String {
    list.get_untracked().map(|list| list.value()).unwrap_or_default()
}

/// The unit whose value is chosen; the first where none is.
fn chosen<U: Copy + Default>(list: NodeRef<html::Select>, units: [Unit<U>; 2]) -> U {
    let value = selected(list);
    units.into_iter().find(|unit| unit.value == value).map(|unit| unit.is).unwrap_or_default()
}

/// Whether a calculator has refused with one of `kinds`: "true" or "false", for `aria-invalid`.
pub(super) fn invalid(calculator: Calculator, kinds: &'static [ErrorKind]) -> Memo<&'static str> {
    let session = expect_context::<Assistant>().session;
    Memo::new(move |_| {
        session.with(|session| match session.calculators.outcome(calculator) {
            Outcome::Refused(problem) if kinds.contains(&problem.kind) => "true",
            _ => "false",
        })
    })
}

/// A body weight with its unit.
#[component]
pub(super) fn WeightField(
    /// The calculator it belongs to.
    calculator: Calculator,
    /// Begins the identifiers of its nodes.
    prefix: &'static str,
    /// Where it is read from.
    field: Measured,
) -> impl IntoView {
    let units = WEIGHT_UNITS.map(|unit| (unit.value, unit.name));
    let invalid = invalid(calculator, &[ErrorKind::BadWeight, ErrorKind::UnusualWeight]);
    view! { <MeasuredField id=format!("{prefix}-weight") label=words::WEIGHT unit_label=words::WEIGHT_UNIT units invalid prefix field /> }
}

/// An age with its unit.
#[component]
pub(super) fn AgeField(
    /// The calculator it belongs to.
    calculator: Calculator,
    /// Begins the identifiers of its nodes.
    prefix: &'static str,
    /// What it is called here.
    label: Word,
    /// Where it is read from.
    field: Measured,
) -> impl IntoView {
    let units = AGE_UNITS.map(|unit| (unit.value, unit.name));
    let invalid = invalid(calculator, &[ErrorKind::BadAge]);
    view! { <MeasuredField id=format!("{prefix}-age") label unit_label=words::AGE_UNIT units invalid prefix field /> }
}

/// Text and not `type="number"`: a browser empties a number field with a comma in it, and nobody would see why.
#[component]
fn MeasuredField(
    /// The identifier of the text field.
    id: String,
    /// What it is called.
    label: Word,
    /// What the list beside it is called.
    unit_label: Word,
    /// The list: values and names.
    units: [(&'static str, Word); 2],
    /// Whether it was refused.
    invalid: Memo<&'static str>,
    /// Begins the identifiers of the form's nodes.
    prefix: &'static str,
    /// Where it is read from.
    field: Measured,
) -> impl IntoView {
    let unit_id = format!("{id}-unit");
    let options = units.map(|(value, name)| view! { <option value=value>{name}</option> });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="field__measure">
                <input
                    id=id.clone()
                    data-testid=id
                    node_ref=field.text
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    spellcheck="false"
                    translate="no"
                    aria-describedby=format!("{prefix}-told")
                    aria-invalid=move || invalid.get()
                />
                <label class="visually-hidden" for=unit_id.clone()>
                    {unit_label}
                </label>
                <select id=unit_id.clone() data-testid=unit_id node_ref=field.unit>
                    {options.to_vec()}
                </select>
            </div>
        </div>
    }
}
