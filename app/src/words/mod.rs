//! Every word the page itself says, and how it writes numbers: a module for each group of `locales/`. Here is where and when a word is
//! said; what it is stands there, once in each language.

pub mod alarms;
pub mod answer;
pub mod ask;
pub mod browsing;
pub mod calculators;
pub mod device;
pub mod display;
pub mod doses;
pub mod download;
pub mod engine;
pub mod evidence;
pub mod identifiers;
pub mod model;
pub mod note_file;
pub mod numbers;
pub mod routing;
pub mod speed;
pub mod spoken;
pub mod take_away;

use mambaformer_wasm::protocol::LibraryInfo;

use crate::language::{self, Locale};
use crate::session::Message;

pub use numbers::{decimals, duration, grouped, megabytes, one_decimal, share};

/// What this page is called, in every language.
pub const TITLE: &str = "MambaFormer Chairside";

words! { page:
    /// The choice of language.
    LANGUAGE = language;
    /// The link that jumps over the head of the page.
    SKIP = skip;
    /// Under the name.
    TAGLINE = tagline;
    /// The links to the sections.
    SECTIONS = sections;
    /// What this is.
    WHAT_IT_IS = what_it_is;
    /// Where it runs.
    WHERE_IT_RUNS = where_it_runs;
    /// What no clinician has done; a test holds this against the knowledge base that ships.
    NOT_REVIEWED = not_reviewed;
    /// Starts a new worker.
    START_AGAIN = start_again;
}

/// A language in itself.
#[must_use]
pub fn language_name(locale: Locale) -> &'static str {
    match locale {
        Locale::en => "English",
        Locale::de => "Deutsch",
    }
}

/// That questions and contents are English, where the page is not.
#[must_use]
pub fn content_language() -> Option<&'static str> {
    (language::tag(language::now()) != language::CONTENT).then(|| say!(page.content_language))
}

/// What went wrong, in words.
#[must_use]
pub fn message(message: &Message) -> String {
    match message {
        Message::Worker(told) => told.clone(),
        Message::IllFormed => say!(page.ill_formed).to_owned(),
        Message::IllFormedEntry => calculators::ILL_FORMED().to_owned(),
        Message::NoWorker => say!(page.no_worker).to_owned(),
    }
}

/// The knowledge base in one line for the foot of the page.
#[must_use]
pub fn library_version(info: &LibraryInfo) -> String {
    let (passages, records) = (grouped(u64::from(info.passages)), grouped(u64::from(info.records)));
    say!(page.library_version, version = info.version.as_str(), passages = passages, records = records)
}

/// A word as it was typed.
#[must_use]
pub fn quoted(text: &str) -> String {
    say!(page.quoted, text = text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foot_tells_the_truth_about_the_review() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/knowledge.json");
        let text = std::fs::read_to_string(path).expect("the knowledge base");
        let fields = text.matches("\"reviewed\":").count();
        assert!(fields > 0, "no entry says whether it was reviewed");
        assert_eq!(
            text.matches("\"reviewed\":null").count(),
            fields,
            "some entry was reviewed: say so in not_reviewed"
        );
        let info = LibraryInfo { version: "2f21".to_owned(), passages: 1_761, records: 536, ..LibraryInfo::default() };
        assert_eq!(library_version(&info), "Knowledge base 2f21: 1,761 passages, 536 records.");
    }

    #[test]
    fn the_language_of_the_contents_is_said_where_it_is_another() {
        assert_eq!(content_language(), None);
        language::speak(Locale::de);
        assert!(content_language().is_some_and(|told| told.contains("auf Englisch")));
    }
}
