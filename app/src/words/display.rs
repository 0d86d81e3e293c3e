//! What the page says of how it is shown and of its keys.

use crate::display::Theme;

/// The section.
pub const HEADING: &str = "Display and keys";
/// The choice of a theme.
pub const THEME: &str = "Colours and type";
/// Larger controls.
pub const LARGE_TARGETS: &str = "Large controls, for gloves";
/// Opens the list of keys.
pub const KEYS: &str = "Keys";
/// Whether one letter alone does something.
pub const SINGLE_KEYS: &str = "Single keys ( / and ? ) outside the text fields";
/// Closes a dialog.
pub const CLOSE: &str = "Close";

/// A theme to choose.
#[must_use]
pub fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::Device => "as this device",
        Theme::Light => "light",
        Theme::Dark => "dark",
        Theme::Operatory => "operatory: large type on black",
    }
}

/// Keys and what they do, in the order of their use.
pub const KEY_LIST: [(&str, &str); 7] = [
    ("Enter", "asks, in the question box"),
    ("Shift + Enter", "starts a new line in the question box"),
    ("/", "goes to the question box"),
    ("Esc", "stops the running answer, or closes what lies over the page"),
    ("Alt + Shift + C", "clears the page: question, note and answer are gone"),
    ("Tab, Shift + Tab", "go from control to control; Enter opens a source, a table or a section"),
    ("?", "shows this list"),
];
