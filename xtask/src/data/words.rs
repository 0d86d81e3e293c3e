//! Words of a text as rules compare them: folded, without punctuation.

/// The words of `text` in lower case; a number with its decimals or thousands is one word, a hyphen divides.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let between_digits =
            word.ends_with(|c: char| c.is_ascii_digit()) && chars.peek().is_some_and(char::is_ascii_digit);
        if c.is_alphanumeric() || c == '%' {
            word.extend(c.to_lowercase());
        } else if c == '.' && between_digits {
            word.push(c);
        } else if c == ',' && between_digits || matches!(c, '\'' | '\u{2019}') {
            // "1,000" and "1000", "patient's" and "patients" are one word.
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// How many words a reader counts: runs between white space with a letter or digit in them.
pub(crate) fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// Whether `text` holds `phrase`, case aside, not in the middle of a word or number. A phrase may end inside a word
/// ("abscess" in "abscesses") but not inside a number ("2 mg" is not in "12 mg", "5" not in "5.5").
pub(crate) fn holds(text: &str, phrase: &str) -> bool {
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
    fn words_are_folded() {
        let cases: [(&str, &[&str]); 5] = [
            ("The INR is 3.5, not 4.", &["the", "inr", "is", "3.5", "not", "4"]),
            ("1,000 mg of anti-inflammatory", &["1000", "mg", "of", "anti", "inflammatory"]),
            ("patient's pain (2 %)", &["patients", "pain", "2", "%"]),
            ("", &[]),
            ("…!", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(count("Give 2 % gel – twice."), 4);
    }

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
