//! Red flags: what needs action stands above everything and is announced, what is only asked about is a quiet box.

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::answer::{Alarm, AlarmKind};

use crate::assistant::Assistant;
use crate::parts::icons::{NoticeIcon, UrgencyIcon};
use crate::words;

/// The alarms of the question on screen. The region is always there, so that a screen reader hears what appears in it; an alarm keeps
/// its node while the same question is answered, so that it is heard once.
#[component]
pub fn AlarmPanel() -> impl IntoView {
    let alarms = of_kind(AlarmKind::Alarm);
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move |seen: Option<bool>| {
        let some = alarms.with(|alarms| !alarms.is_empty());
        // Below a tall form it would be there and nobody would see it.
        if some && seen != Some(true) {
            request_animation_frame(move || {
                if let Some(panel) = panel.get_untracked() {
                    let options = web_sys::ScrollIntoViewOptions::new();
                    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                    panel.scroll_into_view_with_scroll_into_view_options(&options);
                }
            });
        }
        some
    });
    view! {
        <div class="alarms" role="alert" data-testid="emergency" node_ref=panel>
            <For each=move || alarms.get() key=key let((_, alarm))>
                <article class="alarm" data-urgency=words::urgency_key(alarm.urgency) data-rule=alarm.rule.clone()>
                    <UrgencyIcon urgency=alarm.urgency />
                    <div class="alarm__body">
                        <p class="alarm__urgency">{words::urgency(alarm.urgency)}</p>
                        <h2 class="alarm__name">{words::alarm_name(&alarm)}</h2>
                        <Particulars alarm=alarm.clone() />
                    </div>
                </article>
            </For>
        </div>
    }
}

/// What to do if a danger that was asked about is real: read when wanted, never announced.
#[component]
pub fn NoticePanel() -> impl IntoView {
    let notices = of_kind(AlarmKind::Note);
    view! {
        <For each=move || notices.get() key=key let((_, notice))>
            <section class="notice" data-testid="emergency-note" data-rule=notice.rule.clone()>
                <NoticeIcon />
                <div class="alarm__body">
                    <h2 class="notice__name">
                        {words::ASKED_ABOUT} ": " {notice.name.clone()} " – " {words::urgency(notice.urgency)}
                    </h2>
                    <Particulars alarm=notice.clone() />
                </div>
            </section>
        </For>
    }
}

/// What to do, whose advice it is, and why it is shown.
#[component]
fn Particulars(
    /// The red flag.
    alarm: Alarm,
) -> impl IntoView {
    // The reader's own words are left as they are; what the page says of a likeness may be translated.
    let basis = words::rests_on(&alarm);
    let translate = if alarm.words.is_empty() { "yes" } else { "no" };
    view! {
        <p class="alarm__text">{alarm.text}</p>
        <p class="alarm__basis" dir="auto" translate=translate>{basis}</p>
        <p class="alarm__source">"Guideline: " {alarm.source}</p>
    }
}

/// What tells two alarms apart: a node stays as long as all that is seen in it stays.
fn key((question, alarm): &(String, Alarm)) -> (String, String, String, Vec<String>) {
    (question.clone(), alarm.rule.clone(), alarm.text.clone(), alarm.words.clone())
}

/// Each red flag of a kind with the question it was found in: the same one in another question is another one.
fn of_kind(kind: AlarmKind) -> Memo<Vec<(String, Alarm)>> {
    let session = expect_context::<Assistant>().session;
    Memo::new(move |_| {
        session.with(|session| {
            let turn = session.turn.as_ref();
            turn.map(|turn| turn.alarms_of(kind).map(|alarm| (turn.question.clone(), alarm.clone())).collect())
                .unwrap_or_default()
        })
    })
}
