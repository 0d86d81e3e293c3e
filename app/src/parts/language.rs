//! The choice of the page's language.

use leptos::prelude::*;

use crate::language;
use crate::settings::{keep, kept};
use crate::words;

/// Where the browser keeps the language of the page: a setting.
const LANGUAGE_KEY: &str = "mambaformer.language";

/// Speaks the language that was kept, else the first of the browser's that the page has.
pub(crate) fn speak_kept_language() {
    let wanted: Vec<String> = window().navigator().languages().iter().filter_map(|tag| tag.as_string()).collect();
    language::speak(language::first(kept(LANGUAGE_KEY).as_deref(), &wanted));
}

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
            language::speak(locale);
            keep(LANGUAGE_KEY, language::tag(locale));
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
