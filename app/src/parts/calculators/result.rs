//! What a calculator says: the result in a live region, its working and sources below.

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::calculation::CalculationSheet;
use mambaformer_wasm::protocol::ErrorKind;

use crate::assistant::Assistant;
use crate::calculators::{Calculator, Outcome};
use crate::language::{CONTENT, Word};
use crate::parts::icons::NoticeIcon;
use crate::words::{self as page, calculators as words};

/// So many records are shown with their working unfolded.
const UNFOLDED: usize = 2;

/// The result of a calculator.
///
/// Only the number and what limits it are announced, or the refusal; who wants the working reads it below. The region is always
/// there, so that a screen reader hears what appears in it.
#[component]
pub(super) fn ResultPanel(
    /// Whose result.
    calculator: Calculator,
    /// Begins the identifiers of its nodes.
    prefix: &'static str,
    /// The reader confirms an unusual weight.
    on_confirm: Callback<()>,
) -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let outcome = Memo::new(move |_| session.with(|session| session.calculators.outcome(calculator).clone()));
    let region = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        // Below a tall form it would be there and nobody would see it.
        if outcome.with(|outcome| matches!(outcome, Outcome::Calculated { .. } | Outcome::Refused(_))) {
            request_animation_frame(move || {
                if let Some(region) = region.get_untracked() {
                    let options = web_sys::ScrollIntoViewOptions::new();
                    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                    region.scroll_into_view_with_scroll_into_view_options(&options);
                }
            });
        }
    });
    let is_asked_back = move || {
        outcome.with(|outcome| matches!(outcome, Outcome::Refused(problem) if problem.kind == ErrorKind::UnusualWeight))
    };
    view! {
        <div
            class="told"
            id=format!("{prefix}-told")
            role="status"
            aria-live="polite"
            data-testid=format!("{prefix}-told")
            node_ref=region
        >
            {move || outcome.with(|outcome| told(calculator, outcome))}
        </div>
        <Show when=is_asked_back>
            <button
                class="button"
                type="button"
                data-testid=format!("{prefix}-confirm")
                on:click=move |_| on_confirm.run(())
            >
                {words::CONFIRM}
            </button>
        </Show>
        <div class="sheets" data-testid=format!("{prefix}-sheets")>
            {move || outcome.with(|outcome| sheets(calculator, outcome))}
        </div>
    }
}

/// What is announced.
fn told(calculator: Calculator, outcome: &Outcome) -> Option<AnyView> {
    match outcome {
        Outcome::Unasked | Outcome::Waiting(_) => None,
        Outcome::Refused(problem) => {
            let message = problem.message.clone();
            let lang = message.lang();
            Some(
                view! {
                    <div class="told__refused" data-kind=problem.kind.name()>
                        <NoticeIcon />
                        <p lang=lang>{move || page::message(&message)}</p>
                    </div>
                }
                .into_any(),
            )
        }
        Outcome::Calculated { sheets, .. } => match (calculator, sheets.first()) {
            // A list that is closed on a narrow screen shows half of the product's name.
            (Calculator::Maximum, Some(sheet)) => Some(
                view! {
                    <p class="told__title" lang=CONTENT>{sheet.title.clone()}</p>
                    <Headline sheet=sheet.clone() />
                }
                .into_any(),
            ),
            (_, _) => Some(view! { <p>{held(sheets.len())}</p> }.into_any()),
        },
    }
}

/// How many records hold.
fn held(count: usize) -> impl Fn() -> String {
    move || words::held(count)
}

/// What stands below: for local anaesthetics the working, for doses a card for each record.
fn sheets(calculator: Calculator, outcome: &Outcome) -> Option<AnyView> {
    let Outcome::Calculated { sheets, left_out } = outcome else { return None };
    // Of many records the steps are unfolded one by one, so that all of them can be overlooked; what to heed is never folded.
    let is_open = sheets.len() <= UNFOLDED;
    let cards = sheets.iter().map(|sheet| match calculator {
        Calculator::Maximum => view! {
            <Lines heading=words::WORKING lines=sheet.working.clone() />
            <Lines heading=words::HEED lines=sheet.remarks.clone() />
            <Lines heading=words::SOURCES lines=sheet.sources.clone() />
        }
        .into_any(),
        Calculator::Dose => view! {
            <article class="sheet">
                <h3 class="sheet__title" lang=CONTENT>{sheet.title.clone()}</h3>
                <Headline sheet=sheet.clone() />
                <Lines heading=words::RECORD lines=sheet.record.clone() />
                <Lines heading=words::HEED lines=sheet.remarks.clone() />
                <details class="sheet__working" open=is_open>
                    <summary>{words::WORKING_AND_SOURCE}</summary>
                    <Lines heading=words::WORKING lines=sheet.working.clone() />
                    <Lines heading=words::SOURCES lines=sheet.sources.clone() />
                </details>
            </article>
        }
        .into_any(),
    });
    let cards = cards.collect::<Vec<_>>();
    Some(
        view! {
            {cards}
            <Lines heading=words::LEFT_OUT lines=left_out.to_vec() />
        }
        .into_any(),
    )
}

/// The number, the same in other units, and what limits it.
#[component]
fn Headline(
    /// The result.
    sheet: CalculationSheet,
) -> impl IntoView {
    let limited_by = sheet.limited_by.map(|limit| {
        view! {
            <p class="told__limit">{words::LIMITED_BY} " " <strong lang=CONTENT>{limit}</strong> "."</p>
        }
    });
    view! {
        <p class="told__result" lang=CONTENT>{sheet.result} <span class="visually-hidden">". "</span></p>
        <p class="told__amounts" lang=CONTENT>{sheet.amounts.join(" · ")}</p>
        {limited_by}
    }
}

/// Lines under a word that says what they are; nothing without lines.
#[component]
fn Lines(
    /// What they are.
    heading: Word,
    /// The lines.
    lines: Vec<String>,
) -> impl IntoView {
    let items = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect::<Vec<_>>();
    (!items.is_empty()).then(|| {
        view! {
            <div class="lines">
                <p class="lines__heading">{heading}</p>
                <ul lang=CONTENT>{items}</ul>
            </div>
        }
    })
}
