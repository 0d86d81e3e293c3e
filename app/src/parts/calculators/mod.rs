//! The calculators: local anaesthetic and children's doses. They answer as soon as the records are loaded, without the model.
//!
//! The page sends what was typed and shows the lines that come back. No number is read, checked or computed here.

mod dose;
mod fields;
mod form;
mod given;
mod maximum;
mod result;

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::parts::section::Section;
use crate::session::Model;
use crate::words::calculators as words;

/// What the link in the header points at.
pub(crate) const SECTION: &str = "calculators";

/// Both calculators, folded away until they are wanted.
#[component]
pub fn CalculatorSection() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let waits = Memo::new(move |_| {
        session.with(|session| match (&session.calculators.choices, &session.model) {
            (Some(_), _) => None,
            (None, Model::Failed) => Some(words::LOST()),
            (None, _) => Some(words::LOADING()),
        })
    });
    view! {
        <Section id=SECTION name=words::HEADING what=words::WHAT>
            <p class="calculators__caveat">{words::CAVEAT}</p>
            <p class="calculators__wait" data-testid="calculators-wait">{move || waits.get()}</p>
            <div class="calculators__pair">
                <maximum::MaximumForm />
                <dose::DoseForm />
            </div>
        </Section>
    }
}
