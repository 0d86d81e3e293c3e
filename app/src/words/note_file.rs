//! What the page says of a file that becomes a note.

use mambaformer_wasm::protocol::MAX_NOTE_CHARS;

use super::grouped;
use crate::note_file::Refused;

/// Opens the choice of a file.
pub const CHOOSE: &str = "Add a text file";
/// Beside it.
pub const HELP: &str = "or drop a .txt file here. It is read on this device and not kept.";

/// A file was added.
#[must_use]
pub fn added(name: &str) -> String {
    format!("{name} was added to the note.")
}

/// A file was not taken.
#[must_use]
pub fn refused(name: &str, why: Refused) -> String {
    match why {
        Refused::TooLong { bytes } => {
            let chars = u64::try_from(MAX_NOTE_CHARS).unwrap_or(u64::MAX);
            format!(
                "{name} has {} bytes; a note holds at most {} characters. Copy the part that matters.",
                grouped(bytes),
                grouped(chars)
            )
        }
        Refused::NoText => format!("{name} is no plain text. Copy its text into the note, or save it as .txt."),
        Refused::Unreadable => format!("{name} could not be read. Choose it again, or copy its text into the note."),
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
