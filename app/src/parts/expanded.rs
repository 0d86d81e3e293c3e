//! A text whose abbreviations say what they stand for, to the pointer, to the keyboard and to a screen reader.

use leptos::prelude::*;
use mambaformer_wasm::protocol::LibraryInfo;
use std::sync::Arc;
use wasm_bindgen::JsCast;

use crate::abbreviations::{Piece, pieces};
use crate::assistant::Assistant;

/// Between the meaning of an abbreviation and the window's edge.
const EDGE_PX: f64 = 8.0;

/// The knowledge base, whose abbreviations are known; none until it is there.
#[must_use]
pub fn library() -> Memo<Option<Arc<LibraryInfo>>> {
    let session = expect_context::<Assistant>().session;
    Memo::new(move |_| session.with(|session| session.library.clone()))
}

/// The text as nodes. What an abbreviation stands for is shown beside it by `style/parts.css`, stays while it is pointed at, and is gone by Esc
/// or by leaving it (WCAG 1.4.13).
#[must_use]
pub fn expanded(text: &str, library: Option<&Arc<LibraryInfo>>) -> AnyView {
    let Some(library) = library else { return text.to_owned().into_any() };
    let nodes = pieces(text, &library.abbreviations).into_iter().map(|piece| match piece {
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
                <span
                    class="abbreviation"
                    tabindex="0"
                    data-testid="abbreviation"
                    on:keydown=away
                    on:mouseenter=|event| place(&event)
                    on:focus=|event| place(&event)
                >
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

/// On an abbreviation whose meaning was taken away while the pointer rests on it.
const AWAY: &str = "data-away";

/// Takes away the meaning that the pointer shows; `false` where there is none. Where the keyboard shows one, that abbreviation hears the key.
#[must_use]
pub fn dismiss() -> bool {
    let shown = format!(".abbreviation:hover:not([{AWAY}])");
    let Ok(Some(abbreviation)) = document().query_selector(&shown) else { return false };
    abbreviation.set_attribute(AWAY, "").is_ok()
}

/// Puts the meaning right below its abbreviation and into the window: a passage that is cut after some lines would cut it as well.
fn place(event: &web_sys::Event) {
    let abbreviation = event_target::<web_sys::HtmlElement>(event);
    let _ = abbreviation.remove_attribute(AWAY);
    let Ok(Some(meaning)) = abbreviation.query_selector("[role=tooltip]") else { return };
    let Ok(meaning) = meaning.dyn_into::<web_sys::HtmlElement>() else { return };
    let place = abbreviation.get_bounding_client_rect();
    let widest = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
    let left = place.left().min(widest - f64::from(meaning.offset_width()) - EDGE_PX).max(EDGE_PX);
    let style = meaning.style();
    let _ = style.set_property("left", &format!("{left}px"));
    let _ = style.set_property("top", &format!("{}px", place.bottom()));
}
