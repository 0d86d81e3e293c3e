//! What comes of a question, in view: red flags, doses, the answer with its sources and its routing.

use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::assistant::Assistant;
use crate::parts::alarms::{AlarmPanel, NoticePanel};
use crate::parts::answer::AnswerPanel;
use crate::parts::doses::DosePanel;
use crate::parts::evidence::EvidencePanel;
use crate::parts::routing::RoutingPanel;

/// Below this share of the window's height an answer begins too low to be seen.
const LOW: f64 = 0.55;
/// A device that is touched has a keyboard on its screen, in front of the answer.
const TOUCHED: &str = "(pointer: coarse)";

/// Everything that a question brings.
#[component]
pub fn Results() -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let turn = Memo::new(move |_| assistant.session.with(|session| session.turn.as_ref().map(|turn| turn.id.clone())));
    let has_turn = Memo::new(move |_| turn.with(Option::is_some));
    let place = NodeRef::<html::Div>::new();
    // A question comes on screen when the worker says the first of it; only then the form above has its new height.
    Effect::new(move |seen: Option<u32>| {
        turn.track();
        let asked = assistant.asked.get_untracked();
        if seen.is_some_and(|seen| seen < asked) {
            request_animation_frame(move || {
                if let Some(place) = place.get_untracked() {
                    if is_touched()
                        && let Some(question) = assistant.question.get_untracked()
                    {
                        let _ = question.blur();
                    }
                    bring_into_view(&place);
                }
            });
        }
        asked
    });
    view! {
        <div class="results" node_ref=place>
            <AlarmPanel />
            <NoticePanel />
            <DosePanel />
            <Show when=move || has_turn.get()>
                <div class="result">
                    <AnswerPanel />
                    <EvidencePanel />
                    <RoutingPanel />
                </div>
            </Show>
        </div>
    }
}

/// Scrolls to `place` where its beginning would not be seen; what is in view stays where it is.
fn bring_into_view(place: &HtmlElement) {
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let top = place.get_bounding_client_rect().top();
    if top < 0.0 || top > LOW * height {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Start);
        place.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

fn is_touched() -> bool {
    window().match_media(TOUCHED).ok().flatten().is_some_and(|query| query.matches())
}
