//! What the page says over the knowledge base's contents.

words! { browsing:
    /// The section, and the link to it.
    heading;
    /// What the section holds, beside its heading.
    what;
    /// Over the search in the titles.
    look_for;
    /// The choice of order.
    order;
    /// By subject.
    by_subject;
    /// By letter.
    by_letter;
    /// Until the knowledge base is there.
    loading;
    /// No title holds the words.
    no_hits;
    /// The entry that was open before.
    back;
    /// From an entry to the contents.
    contents;
    /// Asks about the entry's title.
    ask;
    /// Over entries on the same matter.
    see_also;
}

/// How many titles were found.
#[must_use]
pub fn found(shown: usize, count: usize) -> String {
    match count {
        0 => no_hits().to_owned(),
        1 => say!(browsing.found_one).to_owned(),
        count if count > shown => say!(browsing.found_more, count = count, shown = shown),
        count => say!(browsing.found_many, count = count),
    }
}

/// A group of entries with their number.
#[must_use]
pub fn group(name: &str, count: usize) -> String {
    format!("{name} ({count})")
}
