//! Choosing: a list with its label, and something that is or is not.

use leptos::prelude::*;

use crate::language::Word;

/// Something to choose from a list.
pub struct Choice {
    /// As it is kept and told apart.
    pub value: String,
    /// What it is called.
    pub name: Signal<String>,
    /// Whether it is chosen.
    pub chosen: Signal<bool>,
}

/// A list to choose one thing from.
#[component]
pub fn ListChoice(
    /// Of the list, for its label and for tests.
    id: &'static str,
    /// What is chosen.
    label: Word,
    /// What there is.
    choices: Vec<Choice>,
    /// Hears the value of what is chosen.
    #[prop(into)]
    choose: Callback<String>,
) -> impl IntoView {
    let options = choices.into_iter().map(|Choice { value, name, chosen }| {
        view! {
            <option value=value selected=move || chosen.get()>
                {move || name.get()}
            </option>
        }
    });
    view! {
        <label for=id>{label}</label>
        <select id=id data-testid=id on:change=move |event| choose.run(event_target_value(&event))>
            {options.collect::<Vec<_>>()}
        </select>
    }
}

/// A box to tick.
#[component]
pub fn CheckBox(
    /// For tests.
    test_id: &'static str,
    /// Whether it is ticked.
    #[prop(into)]
    checked: Signal<bool>,
    /// Hears whether it is to be.
    #[prop(into)]
    check: Callback<bool>,
    /// What it says.
    children: Children,
) -> impl IntoView {
    view! {
        <label class="choice__item">
            <input
                type="checkbox"
                data-testid=test_id
                prop:checked=move || checked.get()
                on:change=move |event| check.run(event_target_checked(&event))
            />
            <span>{children()}</span>
        </label>
    }
}
