//! What the page says over the knowledge base's contents.

/// The section, and the link to it.
pub const HEADING: &str = "Browse";
/// What the section holds, beside its heading.
pub const WHAT: &str = "all passages and records, by subject or A to Z";
/// Over the search in the titles.
pub const LOOK_FOR: &str = "Find in the titles";
/// The choice of order.
pub const ORDER: &str = "Show";
/// By subject.
pub const BY_SUBJECT: &str = "by subject";
/// By letter.
pub const BY_LETTER: &str = "A to Z";
/// Until the knowledge base is there.
pub const LOADING: &str = "The knowledge base is being loaded.";
/// No title holds the words.
pub const NO_HITS: &str = "No title has these words. Asking a question searches the texts, too.";
/// The entry that was open before.
pub const BACK: &str = "Back";
/// From an entry to the contents.
pub const CONTENTS: &str = "All contents";
/// Asks about the entry's title.
pub const ASK: &str = "Ask about this";
/// Over entries on the same matter.
pub const SEE_ALSO: &str = "See also";

/// How many titles were found.
#[must_use]
pub fn found(shown: usize, count: usize) -> String {
    match count {
        0 => NO_HITS.to_owned(),
        1 => "1 title".to_owned(),
        count if count > shown => format!("{count} titles, the first {shown} of them below"),
        count => format!("{count} titles"),
    }
}

/// A group of entries with their number.
#[must_use]
pub fn group(name: &str, count: usize) -> String {
    format!("{name} ({count})")
}
