//! What both calculators are: a form whose entries are sent as they are typed, with its result below.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use mambaformer_wasm::calculation::Calculation;

use super::result::ResultPanel;
use crate::assistant::Assistant;
use crate::calculators::Calculator;
use crate::language::Word;

/// A calculator's form around its fields.
#[component]
pub(super) fn CalculatorForm(
    /// Which one.
    calculator: Calculator,
    /// Begins the identifiers of its nodes.
    prefix: &'static str,
    /// Its name.
    heading: Word,
    /// On the button.
    button: Word,
    /// What is typed, with whether an unusual weight is confirmed; `None` where some of it is no Unicode text.
    read: Callback<bool, Option<Calculation>>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let unable = Memo::new(move |_| assistant.session.with(|session| session.calculators.choices.is_none()));
    let send = move |confirmed| match read.run(confirmed) {
        Some(calculation) => assistant.calculate(calculator, calculation),
        None => assistant.refuse_entries(calculator),
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        // Enter in a field gets here, too, while the records are loading.
        if !unable.get_untracked() {
            send(false);
        }
    };
    view! {
        <form
            class="calculator"
            aria-labelledby=format!("{prefix}-heading")
            autocomplete="off"
            on:submit=on_submit
            on:input=move |_| assistant.entries_changed(calculator)
        >
            <h2 id=format!("{prefix}-heading") class="card__heading">{heading}</h2>
            {children()}
            <button
                class="button button--primary"
                type="submit"
                data-testid=format!("{prefix}-calculate")
                disabled=move || unable.get()
            >
                {button}
            </button>
            <ResultPanel calculator prefix on_confirm=Callback::new(move |()| send(true)) />
        </form>
    }
}
