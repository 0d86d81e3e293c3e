//! What the page says of a file that becomes a note.

use mambaformer_wasm::protocol::MAX_NOTE_CHARS;

use super::grouped;
use crate::note_file::Refused;

words! { note_file:
    /// Opens the choice of a file.
    CHOOSE = choose;
    /// Beside it.
    HELP = help;
}

/// A file was added.
#[must_use]
pub fn added(name: &str) -> String {
    say!(note_file.added, name = name)
}

/// A file was not taken.
#[must_use]
pub fn refused(name: &str, why: Refused) -> String {
    match why {
        Refused::TooLong { bytes } => {
            let chars = u64::try_from(MAX_NOTE_CHARS).unwrap_or(u64::MAX);
            say!(note_file.too_long, name = name, bytes = grouped(bytes), chars = grouped(chars))
        }
        Refused::NoText => say!(note_file.no_text, name = name),
        Refused::Unreadable => say!(note_file.unreadable, name = name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        for (why, words) in [
            (Refused::TooLong { bytes: 1_234_567 }, "1,234,567 bytes; a note holds at most 20,000 characters. Copy"),
            (Refused::NoText, "save it as .txt"),
            (Refused::Unreadable, "Choose it again"),
        ] {
            assert!(refused("a.pdf", why).contains(words), "{why:?}");
        }
    }
}
