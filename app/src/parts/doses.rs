//! What the records say to a question about a dose or a limit, as a table.

use std::sync::Arc;

use leptos::prelude::*;
use mambaformer_wasm::answer::{DoseRow, Doses};

use crate::assistant::{Assistant, Citing};
use crate::language::{CONTENT, Word};
use crate::parts::content::with_quoted;
use crate::parts::icons::ConflictIcon;
use crate::words::doses::{self as words, Column};

/// Rows shown at once, so that the answer below is not out of sight; the others are unfolded when they are wanted.
const SHOWN: usize = 2;

/// The dose table with what was assumed and what is not there; nothing where the question is about something else.
#[component]
pub fn DosePanel() -> impl IntoView {
    let session = expect_context::<Assistant>().session;
    let doses = Memo::new(move |_| session.with(|session| session.turn.as_ref().and_then(|turn| turn.doses.clone())));
    move || doses.get().map(|doses| view! { <DoseView doses /> })
}

#[component]
fn DoseView(
    /// What the records say.
    doses: Arc<Doses>,
) -> impl IntoView {
    let table = (!doses.rows.is_empty()).then(|| view! { <DoseTable doses=Arc::clone(&doses) /> });
    view! {
        <section class="card doses" aria-labelledby="doses-heading" data-testid="doses">
            <h2 id="doses-heading" class="card__heading">{words::HEADING}</h2>
            {table}
            {sentences("doses__missing", words::MISSING, &doses.missing)}
            {sentences("doses__assumed", words::ASSUMED, &doses.assumed)}
        </section>
    }
}

/// Sentences under a word that says what they are.
fn sentences(class: &'static str, heading: Word, sentences: &[String]) -> Option<impl IntoView + use<>> {
    let items = sentences.iter().map(|sentence| view! { <li>{sentence.clone()}</li> }).collect::<Vec<_>>();
    (!items.is_empty()).then(|| {
        view! {
            <div class=class>
                <strong>{heading}</strong>
                <ul lang=CONTENT>{items}</ul>
            </div>
        }
    })
}

/// The roles say again what the elements are: on a narrow screen the style sheet stacks the cells, and a browser may then forget that
/// they are a table.
#[component]
fn DoseTable(
    /// What the records say; at least one row.
    doses: Arc<Doses>,
) -> impl IntoView {
    // A column that no row fills is left out; the drug always stands first.
    let columns: Vec<Column> = words::COLUMNS
        .into_iter()
        .enumerate()
        .filter(|(index, column)| *index == 0 || doses.rows.iter().any(|row| !(column.read)(&row.columns).is_empty()))
        .map(|(_, column)| column)
        .collect();
    let heads = columns
        .iter()
        .map(|column| view! { <th scope="col" role="columnheader">{column.heading}</th> })
        .collect::<Vec<_>>();
    let width = columns.len().to_string();
    let opened = RwSignal::new(false);
    let rows = doses
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let is_folded = move || index >= SHOWN && !opened.get();
            view! {
                <tbody role="rowgroup" class="doses__record" hidden=is_folded>
                    <tr role="row">{cells(&columns, row)}</tr>
                    <tr role="row" class="doses__more">
                        <td role="cell" colspan=width.clone()>
                            <Particulars index row=row.clone() />
                        </td>
                    </tr>
                </tbody>
            }
        })
        .collect::<Vec<_>>();
    let count = doses.rows.len();
    let fold = (count > SHOWN).then(|| {
        view! {
            <button
                class="passage__more"
                type="button"
                data-testid="all-doses"
                aria-expanded=move || if opened.get() { "true" } else { "false" }
                on:click=move |_| opened.update(|opened| *opened = !*opened)
            >
                {move || if opened.get() { words::FEWER().to_owned() } else { words::all(count) }}
            </button>
        }
    });
    view! {
        <table class="doses__table" role="table">
            <caption>{words::CAPTION}</caption>
            <thead role="rowgroup">
                <tr role="row">{heads}</tr>
            </thead>
            {rows}
        </table>
        {fold}
    }
}

/// The drug with what speaks against it, then the other columns.
fn cells(columns: &[Column], row: &DoseRow) -> Vec<AnyView> {
    let cell = |index: usize, column: &Column| {
        let (key, heading, text) = (column.key, column.heading, (column.read)(&row.columns));
        if index == 0 {
            let conflicts = row
                .conflicts
                .iter()
                .map(|conflict| {
                    let conflict = conflict.clone();
                    view! {
                        <span class="doses__conflict" data-testid="dose-conflict">
                            <ConflictIcon />
                            <span>{move || with_quoted(&words::conflict(&conflict), &conflict)}</span>
                        </span>
                    }
                })
                .collect::<Vec<_>>();
            view! { <th scope="row" role="rowheader" data-label=heading><span lang=CONTENT>{text.to_owned()}</span> {conflicts}</th> }
                .into_any()
        } else if text.is_empty() {
            view! { <td role="cell" data-column=key data-label=heading class="doses__open">{words::NOT_STATED}</td> }
                .into_any()
        } else {
            view! { <td role="cell" data-column=key data-label=heading><span lang=CONTENT>{text.to_owned()}</span></td> }.into_any()
        }
    };
    columns.iter().enumerate().map(|(index, column)| cell(index, column)).collect()
}

/// What else to heed about a row, and where it stands.
#[component]
fn Particulars(
    /// The row's place in the table.
    index: usize,
    /// The row.
    row: DoseRow,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let remarks = row.remarks.iter().map(|remark| view! { <li>{remark.clone()}</li> }).collect::<Vec<_>>();
    let passage = row.citation.passage.clone();
    let number = Memo::new(move |_| {
        assistant.session.with(|session| session.turn.as_ref().and_then(|turn| turn.number_of(&passage)))
    });
    let passage = StoredValue::new(row.citation.passage);
    let is_chosen = move || {
        assistant.chosen.with(|chosen| {
            chosen.as_ref().is_some_and(|c| c.citing == Citing::Row(index) && passage.with_value(|p| *p == c.passage))
        })
    };
    let worked =
        row.worked.map(|worked| view! { <p class="doses__worked" lang=CONTENT data-testid="dose-worked">{worked}</p> });
    view! {
        {worked}
        {(!remarks.is_empty()).then(|| view! { <ul class="doses__remarks" lang=CONTENT>{remarks}</ul> })}
        <p class="doses__source">
            <span lang=CONTENT>{row.source}</span>
            {move || {
                number
                    .get()
                    .map(|number| {
                        view! {
                            <button
                                class="citation"
                                type="button"
                                data-testid="dose-citation"
                                aria-label=move || words::citation(number)
                                aria-pressed=move || if is_chosen() { "true" } else { "false" }
                                on:click=move |_| {
                                    passage.with_value(|passage| assistant.choose(Citing::Row(index), passage));
                                }
                            >
                                <span aria-hidden="true">{number}</span>
                            </button>
                        }
                    })
            }}
        </p>
    }
}
