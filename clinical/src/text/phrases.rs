//! Looking for a phrase in a text, letter by letter: how key facts and forbidden strings of answers are judged.

/// Whether `text` holds `phrase`, case aside, not in the middle of a word or number. A phrase may end inside a word
/// ("abscess" in "abscesses") but not inside a number ("2 mg" is not in "12 mg", "5" not in "5.5").
#[must_use]
pub fn holds(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (text.to_lowercase(), phrase.to_lowercase());
    if phrase.is_empty() {
        return false;
    }
    let mut from = 0;
    while let Some(at) = text[from..].find(&phrase) {
        let (start, end) = (from + at, from + at + phrase.len());
        if begins_word(&text[..start]) && ends_number(&phrase, &text[end..]) {
            return true;
        }
        from = end;
    }
    false
}

/// Where `word` (one or more) first stands in `text` with no letter or digit right before or behind it.
#[must_use]
pub fn whole(text: &str, word: &str) -> Option<usize> {
    let is_edge = |next: Option<char>| next.is_none_or(|next| !next.is_alphanumeric());
    let stands = |(at, _): &(usize, &str)| {
        is_edge(text[..*at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    };
    text.match_indices(word).find(stands).map(|(at, _)| at)
}

fn begins_word(before: &str) -> bool {
    let mut chars = before.chars().rev();
    match chars.next() {
        Some(c) if c.is_alphanumeric() => false,
        Some('.' | ',') => !chars.next().is_some_and(|c| c.is_ascii_digit()),
        // "non-vital" does not hold "vital".
        Some('-') => !chars.next().is_some_and(char::is_alphanumeric),
        _ => true,
    }
}

fn ends_number(phrase: &str, behind: &str) -> bool {
    if !phrase.ends_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let mut chars = behind.chars();
    match chars.next() {
        Some(c) if c.is_ascii_digit() => false,
        Some('.' | ',') => !chars.next().is_some_and(|c| c.is_ascii_digit()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_whole() {
        for (text, phrase, expected) in [
            ("Wait 12 weeks.", "12 weeks", true),
            ("Wait 12 WEEKS.", "12 Weeks", true),
            ("Wait 12 weeks.", "2 weeks", false),
            ("Give 1.5 mg.", "5 mg", false),
            ("Give 1,500 mg.", "500 mg", false),
            ("pH 5.5", "ph 5", false),
            ("Code 5.", "code 5", true),
            ("Two abscesses.", "abscess", true),
            ("unrestorable", "restorable", false),
            ("a non-vital tooth", "vital", false),
            ("pain - vital tooth", "vital", true),
            ("a, 5 mg", "5 mg", true),
            ("text", "", false),
            ("aab ab", "ab", true),
        ] {
            assert_eq!(holds(text, phrase), expected, "{text} / {phrase}");
        }
    }
}
