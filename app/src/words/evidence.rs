//! What the page says of sources.

use mambaformer_wasm::answer::EvidenceKind;

words! { evidence:
    /// The part of the page.
    HEADING = heading;
    /// Nothing was found.
    NONE = none;
    /// Unfolds a text.
    ALL = all;
    /// Folds it.
    LESS = less;
}

/// What was found as well.
#[must_use]
pub fn more(count: usize) -> String {
    say!(evidence.more, count = count)
}

/// What a source is.
#[must_use]
pub fn kind(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Passage => say!(evidence.passage),
        EvidenceKind::Record => say!(evidence.record),
        EvidenceKind::Note => say!(evidence.note),
    }
}
