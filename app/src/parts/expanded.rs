//! A text whose abbreviations say what they stand for, to the pointer, to the keyboard and to a screen reader.

use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::abbreviations::{Piece, pieces};
use crate::assistant::Assistant;

/// What is known; empty until the knowledge base is there.
#[must_use]
pub fn known_abbreviations() -> Memo<Arc<BTreeMap<String, String>>> {
    let session = expect_context::<Assistant>().session;
    let library = Memo::new(move |_| session.with(|session| session.library.clone()));
    Memo::new(move |_| {
        library
            .with(|library| library.as_ref().map(|library| Arc::new(library.abbreviations.clone())).unwrap_or_default())
    })
}

/// The text as nodes. What an abbreviation stands for is shown beside it by `style/parts.css`, stays while it is pointed at, and is gone by Esc
/// or by leaving it (WCAG 1.4.13).
#[must_use]
pub fn expanded(text: &str, known: &BTreeMap<String, String>) -> AnyView {
    let nodes = pieces(text, known).into_iter().map(|piece| match piece {
        Piece::Plain(text) => text.to_owned().into_any(),
        Piece::Abbreviation(name, meaning) => {
            let (name, meaning) = (name.to_owned(), meaning.to_owned());
            let away = |event: leptos::ev::KeyboardEvent| {
                if event.key() == "Escape" {
                    // The list of keys and the running answer are not meant.
                    event.prevent_default();
                    let _ = event_target::<web_sys::HtmlElement>(&event).blur();
                }
            };
            view! {
                <span class="abbreviation" tabindex="0" data-testid="abbreviation" on:keydown=away>
                    <abbr>{name}</abbr>
                    <span class="abbreviation__meaning" role="tooltip">
                        {meaning}
                    </span>
                </span>
            }
            .into_any()
        }
    });
    nodes.collect::<Vec<_>>().into_any()
}
