//! What was given before: a product and a number of cartridges, as many rows as are needed.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use mambaformer_wasm::calculation::GivenEntry;
use mambaformer_wasm::protocol::ErrorKind;

use super::fields::{invalid, selected, text};
use super::maximum::Products;
use crate::assistant::Assistant;
use crate::calculators::Calculator;
use crate::words::calculators as words;

/// So many products the worker takes.
const MOST: usize = 6;

/// A row.
#[derive(Clone, Copy)]
struct Row {
    /// Never used again, so that a row that stays keeps its nodes and what is typed in them.
    key: u32,
    product: NodeRef<html::Select>,
    cartridges: NodeRef<html::Input>,
}

impl Row {
    fn new(key: u32) -> Self {
        Self { key, product: NodeRef::new(), cartridges: NodeRef::new() }
    }
}

/// The rows.
#[derive(Clone, Copy)]
pub(super) struct GivenRows(RwSignal<Arc<Vec<Row>>>);

impl GivenRows {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(Arc::new(vec![Row::new(0)])))
    }

    /// What is typed; `None` where some of it is no Unicode text.
    pub(super) fn read(self) -> Option<Vec<GivenEntry>> {
        let entry = |row: &Row| Some(GivenEntry { product: selected(row.product), cartridges: text(row.cartridges)? });
        self.0.with_untracked(|rows| rows.iter().map(entry).collect())
    }

    fn add(self) {
        self.0.update(|rows| {
            let key = rows.iter().map(|row| row.key + 1).max().unwrap_or_default();
            Arc::make_mut(rows).push(Row::new(key));
        });
    }

    fn remove(self, key: u32) {
        self.0.update(|rows| Arc::make_mut(rows).retain(|row| row.key != key));
    }
}

/// The rows, folded away: most appointments begin with nothing given.
#[component]
pub(super) fn GivenFields(
    /// Where they are read from.
    rows: GivenRows,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let count = Memo::new(move |_| rows.0.with(|rows| rows.len()));
    view! {
        <details class="given" data-testid="given">
            <summary>{words::GIVEN}</summary>
            <For each=move || rows.0.get().to_vec() key=|row| row.key let(row)>
                <GivenRow rows row />
            </For>
            <button
                class="button"
                type="button"
                data-testid="given-add"
                disabled=move || { count.get() >= MOST }
                on:click=move |_| {
                    rows.add();
                    assistant.entries_changed(Calculator::Maximum);
                }
            >
                {words::ADD}
            </button>
        </details>
    }
}

#[component]
fn GivenRow(
    /// All rows.
    rows: GivenRows,
    /// This one.
    row: Row,
) -> impl IntoView {
    let assistant = expect_context::<Assistant>();
    let refused = invalid(Calculator::Maximum, &[ErrorKind::BadCartridges]);
    let number = Memo::new(move |_| {
        rows.0.with(|rows| rows.iter().position(|other| other.key == row.key).unwrap_or_default() + 1)
    });
    let is_only = Memo::new(move |_| rows.0.with(|rows| rows.len() == 1));
    let (product_id, count_id) = (format!("given-{}-product", row.key), format!("given-{}-cartridges", row.key));
    view! {
        <div class="given__row" role="group" aria-label=move || words::given_row(number.get())>
            <div class="field">
                <label for=product_id.clone()>{words::PRODUCT}</label>
                <select id=product_id data-testid="given-product" node_ref=row.product>
                    <Products />
                </select>
            </div>
            <div class="field field--short">
                <label for=count_id.clone()>{words::CARTRIDGES}</label>
                <input
                    id=count_id
                    data-testid="given-cartridges"
                    node_ref=row.cartridges
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    spellcheck="false"
                    translate="no"
                    aria-describedby="maximum-told"
                    aria-invalid=move || refused.get()
                />
            </div>
            <button
                class="button"
                type="button"
                data-testid="given-remove"
                disabled=move || is_only.get()
                on:click=move |_| {
                    rows.remove(row.key);
                    assistant.entries_changed(Calculator::Maximum);
                }
            >
                {words::REMOVE}
            </button>
        </div>
    }
}
