//! Red flags: what needs action stands above everything and is announced, what is only asked about is a quiet box.

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::answer::{Alarm, AlarmKind};

use crate::assistant::Assistant;
use crate::language::CONTENT;
use crate::parts::content::with_quoted;
use crate::parts::icons::{NoticeIcon, UrgencyIcon};
use crate::words::alarms as words;

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
                        <p class="alarm__urgency">{move || words::urgency(alarm.urgency)}</p>
                        <Name alarm=alarm.clone() />
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
                        {words::ASKED_ABOUT} ": " <span lang=CONTENT>{notice.name.clone()}</span> " – "
                        {move || words::urgency(notice.urgency)}
                    </h2>
                    <Particulars alarm=notice.clone() />
                </div>
            </section>
        </For>
    }
}

/// What it is called.
#[component]
fn Name(
    /// The red flag.
    alarm: Alarm,
) -> impl IntoView {
    view! { <h2 class="alarm__name">{move || with_quoted(&words::name(&alarm), &alarm.name)}</h2> }
}

/// What to do, whose advice it is, and why it is shown.
#[component]
fn Particulars(
    /// The red flag.
    alarm: Alarm,
) -> impl IntoView {
    // The reader's own words are left as they are; what the page says of a likeness may be translated.
    let translate = if alarm.words.is_empty() { "yes" } else { "no" };
    let (text, source) = (alarm.text.clone(), alarm.source.clone());
    view! {
        <p class="alarm__text" lang=CONTENT>{text}</p>
        <p class="alarm__basis" dir="auto" translate=translate>{move || words::rests_on(&alarm)}</p>
        <p class="alarm__source">{words::GUIDELINE} " " <span lang=CONTENT>{source}</span></p>
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
