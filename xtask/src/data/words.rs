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
}
