//! What the page says over the knowledge base's contents.

words! { browsing:
    /// The section, and the link to it.
    HEADING = heading;
    /// What the section holds, beside its heading.
    WHAT = what;
    /// Over the search in the titles.
    LOOK_FOR = look_for;
    /// The choice of order.
    ORDER = order;
    /// By subject.
    BY_SUBJECT = by_subject;
    /// By letter.
    BY_LETTER = by_letter;
    /// Until the knowledge base is there.
    LOADING = loading;
    /// No title holds the words.
    NO_HITS = no_hits;
    /// The entry that was open before.
    BACK = back;
    /// From an entry to the contents.
    CONTENTS = contents;
    /// Asks about the entry's title.
    ASK = ask;
    /// Over entries on the same matter.
    SEE_ALSO = see_also;
}

/// How many titles were found.
#[must_use]
pub fn found(shown: usize, count: usize) -> String {
    match count {
        0 => NO_HITS().to_owned(),
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
