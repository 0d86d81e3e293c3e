//! What the page says of how it is shown and of its keys.

use crate::display::Theme;
use crate::language::Word;

words! { display:
    /// The section.
    HEADING = heading;
    /// The choice of a theme.
    THEME = theme;
    /// Larger controls.
    LARGE_TARGETS = large_targets;
    /// Opens the list of keys.
    KEYS = keys;
    /// Whether one letter alone does something.
    SINGLE_KEYS = single_keys;
    /// Closes a dialog.
    CLOSE = close;
    /// A theme.
    AS_DEVICE = as_device;
    /// A theme.
    LIGHT = light;
    /// A theme.
    DARK = dark;
    /// A theme.
    OPERATORY = operatory;
    /// The key that asks.
    ENTER = enter;
    /// What it does.
    ENTER_DOES = enter_does;
    /// The keys of a new line.
    SHIFT_ENTER = shift_enter;
    /// What they do.
    SHIFT_ENTER_DOES = shift_enter_does;
    /// What `/` does.
    SLASH_DOES = slash_does;
    /// What Esc does.
    ESCAPE_DOES = escape_does;
    /// The keys that clear the page.
    CLEAR = clear;
    /// What they do.
    CLEAR_DOES = clear_does;
    /// The keys that go through the page.
    TAB = tab;
    /// What they do.
    TAB_DOES = tab_does;
    /// What `?` does.
    QUESTION_MARK_DOES = question_mark_does;
}

/// A theme to choose.
#[must_use]
pub fn name(theme: Theme) -> &'static str {
    match theme {
        Theme::Device => AS_DEVICE(),
        Theme::Light => LIGHT(),
        Theme::Dark => DARK(),
        Theme::Operatory => OPERATORY(),
    }
}

/// Keys and what they do, in the order of their use.
pub const KEY_LIST: [(Word, Word); 7] = [
    (ENTER, ENTER_DOES),
    (SHIFT_ENTER, SHIFT_ENTER_DOES),
    (|| "/", SLASH_DOES),
    (|| "Esc", ESCAPE_DOES),
    (CLEAR, CLEAR_DOES),
    (TAB, TAB_DOES),
    (|| "?", QUESTION_MARK_DOES),
];
