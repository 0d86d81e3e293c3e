//! The language of what the page shows: what it quotes is English in every language, and a screen reader has to know.

use leptos::prelude::*;

use crate::language::CONTENT;

/// A sentence of the page with what it quotes in it marked as English.
pub(crate) fn with_quoted(told: &str, quoted: &str) -> impl IntoView + use<> {
    let around = if quoted.is_empty() { None } else { told.split_once(quoted) };
    let (before, after) = around.unwrap_or((told, ""));
    let quoted = around.map(|_| view! { <span lang=CONTENT>{quoted.to_owned()}</span> });
    (before.to_owned(), quoted, after.to_owned())
}
