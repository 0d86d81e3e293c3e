//! White space collapsed, invisible characters dropped: the form of every text the model reads.

/// Whether `c` shows nothing and separates nothing: zero-width characters, byte-order marks, direction controls and
/// tag characters. They can hide instructions in pasted text or make "12" read as "21", and the tokenizer would spend
/// tokens on them. The joiners U+200C and U+200D stay: emoji and several scripts need them.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}'                  // soft hyphen
        | '\u{061C}'                // Arabic letter mark
        | '\u{180E}'                // Mongolian vowel separator
        | '\u{200B}'                // zero-width space
        | '\u{200E}' | '\u{200F}'   // direction marks
        | '\u{202A}'..='\u{202E}'   // direction embeddings and overrides
        | '\u{2060}'..='\u{2064}'   // word joiner, invisible operators
        | '\u{2066}'..='\u{206F}'   // direction isolates, deprecated controls
        | '\u{FEFF}'                // byte-order mark
        | '\u{E0000}'..='\u{E007F}' // tags
    )
}

/// Whether a reader sees something where `c` stands.
#[must_use]
pub fn is_visible(c: char) -> bool {
    !(c.is_whitespace()
        || c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}'))
}

/// Every run of white space becomes one space, none is left at either end, and invisible characters are dropped.
///
/// Applying it twice changes nothing.
#[must_use]
pub fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending_space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            pending_space = true;
        } else if !is_invisible(c) {
            if pending_space && !out.is_empty() {
                out.push(' ');
            }
            pending_space = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn collapses() {
        let cases = [
            ("", ""),
            (" \t\r\n ", ""),
            ("a", "a"),
            ("  a \n\n b\u{00A0}c  ", "a b c"),
            ("\u{FEFF}a\u{200B}b", "ab"),
            ("1\u{202E}2\u{202C}3", "123"),
            ("a \u{200B} b", "a b"),
            ("👩\u{200D}⚕️", "👩\u{200D}⚕️"),
        ];
        for (input, expected) in cases {
            assert_eq!(collapse(input), expected, "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn once_is_enough(text in "\\PC{0,40}|.{0,40}|[ \t\n\u{200B}a-c]{0,40}") {
            let once = collapse(&text);
            prop_assert_eq!(&collapse(&once), &once);
            prop_assert!(!once.contains("  ") && once.trim() == once);
            let visible = |s: &str| s.chars().filter(|c| is_visible(*c)).collect::<String>();
            prop_assert_eq!(visible(&once), visible(&text));
        }
    }
}
