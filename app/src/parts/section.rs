//! Sections of the page that are folded away until they are wanted, and the links in the header that lead to them.

use leptos::prelude::*;

use crate::language::Word;

/// A section with what it is called and what it holds.
#[component]
pub fn Section(
    /// Its `id`, which the link points at.
    id: &'static str,
    /// What it is called.
    name: Word,
    /// What it holds, in a few words.
    what: Word,
    /// Whether it is unfolded.
    #[prop(default = RwSignal::new(false))]
    open: RwSignal<bool>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="card section" id=id data-testid=id on:toggle=move |event| open.set(is_open(&event))>
            <summary>
                <span>
                    <strong>{name}</strong>
                    <span class="section__what">{what}</span>
                </span>
            </summary>
            {children()}
        </details>
    }
}

/// Whether the `details` that was folded or unfolded is open now.
pub(crate) fn is_open(event: &leptos::ev::Event) -> bool {
    event_target::<web_sys::Element>(event).has_attribute("open")
}

/// Unfolds a section and goes there.
#[component]
pub fn SectionLink(
    /// The section's `id`.
    section: &'static str,
    /// What it is called.
    name: Word,
) -> impl IntoView {
    let open = move |_| {
        if let Some(section) = document().get_element_by_id(section) {
            let _ = section.set_attribute("open", "");
        }
    };
    view! {
        <a class="masthead__link" href=format!("#{section}") data-testid=format!("{section}-link") on:click=open>
            {name}
        </a>
    }
}
