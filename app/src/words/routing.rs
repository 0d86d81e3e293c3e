//! What the page says of the experts.

use mambaformer_wasm::protocol::{PromptPart, RoutedExpert};

use super::share;

words! { routing:
    /// The part of the page.
    HEADING = heading;
    /// What a share of tokens is not.
    CAVEAT = caveat;
    /// Unfolds the table.
    AS_TABLE = as_table;
    /// What the table is called.
    TABLE = table;
    /// Over the table.
    CAPTION = caption;
    /// A column.
    TOKEN = token;
    /// A column.
    PART = part;
    /// A column.
    EXPERT = expert;
    /// A column.
    GATE = gate;
    /// In the place of a token that is only white space.
    BLANK = blank;
}

/// An expert's name.
#[must_use]
pub fn name(expert: RoutedExpert) -> &'static str {
    match expert {
        RoutedExpert::Et5 => "ET5",
        RoutedExpert::Emamba => "EMamba",
    }
}

/// How much an expert has read, and what it is.
#[must_use]
pub fn read_by(expert: RoutedExpert, count: u32, whole: u32) -> String {
    let meaning = match expert {
        RoutedExpert::Et5 => say!(routing.et5),
        RoutedExpert::Emamba => say!(routing.emamba),
    };
    let share = share(count, whole);
    say!(routing.share, expert = name(expert), count = count, whole = whole, share = share, meaning = meaning)
}

/// Where a token stands.
#[must_use]
pub fn part_of(part: PromptPart) -> &'static str {
    match part {
        PromptPart::Question => say!(routing.part_question),
        PromptPart::Note => say!(routing.part_note),
        PromptPart::Title => say!(routing.part_title),
        PromptPart::Text => say!(routing.part_text),
        PromptPart::Mark => say!(routing.part_mark),
    }
}
