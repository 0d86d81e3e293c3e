//! The language of the page's own words. What it shows of the knowledge base and of the worker is English in every language.
//!
//! The words are in `locales/`, one file a language; `build.rs` makes code of them and stops where one of them lacks a word.

use leptos::prelude::*;
use leptos::reactive::graph::Observer;
use leptos_i18n::Locale as _;

#[allow(missing_docs, unused, clippy::all, clippy::pedantic, clippy::expect_used, reason = "leptos_i18n writes it")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

pub use generated::i18n::Locale;
pub(crate) use leptos_i18n::td_string;

/// The language of the knowledge base, its answers and the worker's sentences, for `lang`.
pub const CONTENT: &str = "en";

/// A word of the page; in a view it is written without a call, so that it follows the language.
pub type Word = fn() -> &'static str;

thread_local! {
    /// Not in the context: words are said in event handlers and native tests, too.
    static NOW: ArcRwSignal<Locale> = ArcRwSignal::new(Locale::en);
}

/// The language now. A view, a memo or an effect that asks follows it.
#[must_use]
pub fn now() -> Locale {
    NOW.with(|now| if Observer::get().is_some() { now.get() } else { now.get_untracked() })
}

/// Speaks `locale` from now on.
pub fn speak(locale: Locale) {
    NOW.with(|now| {
        if now.get_untracked() != locale {
            now.set(locale);
        }
    });
}

/// All languages, English first.
#[must_use]
pub fn all() -> &'static [Locale] {
    Locale::get_all()
}

/// A language as `lang` and the browser name it.
#[must_use]
pub fn tag(locale: Locale) -> &'static str {
    locale.as_str()
}

/// The language that a tag (`de-CH`) names, where the page speaks it.
#[must_use]
pub fn of_tag(tag: &str) -> Option<Locale> {
    let main = tag.split('-').next()?;
    all().iter().copied().find(|locale| locale.as_str().eq_ignore_ascii_case(main))
}

/// The language to begin with: the one that was kept, else the first of the browser's that the page speaks, else English.
#[must_use]
pub fn first(kept: Option<&str>, wanted: &[String]) -> Locale {
    kept.into_iter().chain(wanted.iter().map(String::as_str)).find_map(of_tag).unwrap_or_default()
}

/// `say!(group.name, value = …)`: a word in the language now, with its values put in.
macro_rules! say {
    ($group:ident . $name:ident $(, $value:ident = $given:expr)* $(,)?) => {
        $crate::language::td_string!($crate::language::now(), $group.$name $(, $value = $given)*)
    };
}

/// Names the words of a group that have no values in them. A new word is a line in each file of `locales/` and one here; a new file of words
/// begins with a group of its own. In a view a word stands without a call, `{words::group::NAME}`, and so follows the language.
///
/// Pointers and no functions: a view compiles code for every type it is given, and a function is a type of its own.
macro_rules! words {
    ($group:ident : $($(#[$about:meta])* $name:ident = $key:ident;)*) => {$(
        $(#[$about])*
        pub const $name: $crate::language::Word = || say!($group.$key);
    )*};
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use serde_json::Value;

    /// Every word of a language by its path.
    fn words(tag: &str) -> BTreeMap<String, String> {
        let path = format!("{}/locales/{tag}.json", env!("CARGO_MANIFEST_DIR"));
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
        let groups = file.as_object().expect("groups");
        let of_group = |(group, words): (&String, &Value)| {
            let words = words.as_object().expect("a group").iter();
            let told = |word: &Value| word.as_str().expect("a word").to_owned();
            words.map(|(name, word)| (format!("{group}.{name}"), told(word))).collect::<Vec<_>>()
        };
        groups.iter().flat_map(of_group).collect()
    }

    /// The values that a word has in it.
    fn values(word: &str) -> BTreeSet<&str> {
        word.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect()
    }

    #[test]
    fn every_language_has_every_word_with_its_values() {
        let english = words("en");
        for locale in all() {
            let own = words(tag(*locale));
            assert!(own.keys().eq(english.keys()), "the words of {} are others", tag(*locale));
            for (name, word) in &own {
                assert!(!word.trim().is_empty(), "{name} is empty in {}", tag(*locale));
                assert_eq!(values(word), values(&english[name]), "{name} in {}", tag(*locale));
            }
        }
    }

    #[test]
    fn a_word_is_translated_unless_it_is_the_same_in_both() {
        let (english, german) = (words("en"), words("de"));
        let same: Vec<&str> =
            english.keys().filter(|name| english[*name] == german[*name]).map(String::as_str).collect();
        assert_eq!(
            same,
            [
                "device.offline",
                "doses.region",
                "engine.dispatches",
                "engine.pipelines",
                "routing.gate",
                "routing.token"
            ]
        );
    }

    #[test]
    fn the_language_is_the_kept_one_else_the_browsers_else_english() {
        let wanted = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        assert_eq!(first(None, &[]), Locale::en);
        assert_eq!(first(None, &wanted(&["fr-FR", "de-CH", "en"])), Locale::de);
        assert_eq!(first(None, &wanted(&["en-GB", "de"])), Locale::en);
        assert_eq!(first(None, &wanted(&["fr", "", "pt-BR"])), Locale::en);
        assert_eq!(first(Some("de"), &wanted(&["en"])), Locale::de);
        assert_eq!(first(Some("klingon"), &wanted(&["DE-at"])), Locale::de);
    }

    #[test]
    fn a_word_is_said_in_the_language_now() {
        assert_eq!((say!(ask.stop), say!(doses.all, count = 3)), ("Stop", "Show all 3 records".to_owned()));
        speak(Locale::de);
        assert_eq!((say!(ask.stop), say!(doses.all, count = 3)), ("Stoppen", "Alle 3 Datensätze anzeigen".to_owned()));
    }
}
