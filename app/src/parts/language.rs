//! The choice of the page's language.

use leptos::prelude::*;

use crate::assistant::speak_and_keep;
use crate::language;
use crate::words;

/// A list of the languages, each in itself. The page changes its words where they stand: what is typed, unfolded and chosen stays.
#[component]
pub fn LanguageChoice() -> impl IntoView {
    Effect::new(|_| {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", language::tag(language::now()));
        }
    });
    let options = language::all().iter().map(|&locale| {
        let tag = language::tag(locale);
        view! {
            <option value=tag lang=tag selected=move || language::now() == locale>
                {words::language_name(locale)}
            </option>
        }
    });
    let choose = |event: leptos::ev::Event| {
        if let Some(locale) = language::of_tag(&event_target_value(&event)) {
            speak_and_keep(locale);
        }
    };
    view! {
        <div class="masthead__language" translate="no">
            <label class="visually-hidden" for="language">{words::LANGUAGE}</label>
            <select id="language" data-testid="language" on:change=choose>
                {options.collect::<Vec<_>>()}
            </select>
        </div>
    }
}
