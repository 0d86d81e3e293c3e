//! Asking on: the next question is read together with the one on screen, if the reader says so.

use leptos::prelude::*;

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::parts::choice::CheckBox;
use crate::session::Turn;
use crate::words::ask;

/// Below the question box, as soon as there is an answer to ask on from. Another patient's question is never mixed in unasked: the choice
/// holds for one question.
#[component]
pub fn FollowUp() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let session = assistant.session;
    let before = Memo::new(move |_| {
        session.with(|session| session.turn.as_ref().filter(|turn| turn.state().is_some()).map(Turn::whole_question))
    });
    let offered = Memo::new(move |_| before.with(Option::is_some));
    let wanted = Memo::new(move |_| session.with(|session| session.follow_up));
    let follow = move |wanted: bool| session.update(|session| session.follow_up = wanted);
    view! {
        <Show when=move || offered.get()>
            <CheckBox test_id="follow-up" checked=wanted check=follow>
                {ask::FOLLOW_UP}
                " "
                <q class="ask__before" dir="auto" lang=CONTENT translate="no">{move || before.get()}</q>
            </CheckBox>
        </Show>
    }
}
