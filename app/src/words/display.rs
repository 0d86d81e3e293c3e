//! What the page says of how it is shown and of its keys.

use crate::display::Theme;
use crate::language::Word;

words! { display:
    /// The section.
    heading;
    /// The choice of a theme.
    theme;
    /// Larger controls.
    large_targets;
    /// Opens the list of keys.
    keys;
    /// Whether one letter alone does something.
    single_keys;
    /// Closes a dialog.
    close;
    /// A theme.
    as_device;
    /// A theme.
    light;
    /// A theme.
    dark;
    /// A theme.
    operatory;
    /// The key that asks.
    enter;
    /// What it does.
    enter_does;
    /// The keys of a new line.
    shift_enter;
    /// What they do.
    shift_enter_does;
    /// What `/` does.
    slash_does;
    /// What Esc does.
    escape_does;
    /// The keys that clear the page.
    clear;
    /// What they do.
    clear_does;
    /// The keys that go through the page.
    tab;
    /// What they do.
    tab_does;
    /// What `?` does.
    question_mark_does;
}

/// A theme to choose.
#[must_use]
pub fn name(theme: Theme) -> &'static str {
    match theme {
        Theme::Device => as_device(),
        Theme::Light => light(),
        Theme::Dark => dark(),
        Theme::Operatory => operatory(),
    }
}

/// Keys and what they do, in the order of their use.
pub const KEY_LIST: [(Word, Word); 7] = [
    (enter, enter_does),
    (shift_enter, shift_enter_does),
    (|| "/", slash_does),
    (|| "Esc", escape_does),
    (clear, clear_does),
    (tab, tab_does),
    (|| "?", question_mark_does),
];
