//! Links from the header to the sections of the page that are folded away.

use leptos::prelude::*;

/// Unfolds a section and goes there.
#[component]
pub fn SectionLink(
    /// The section's `id`.
    section: &'static str,
    /// What it is called.
    name: &'static str,
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
