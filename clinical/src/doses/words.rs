//! A text as the words that rules compare: folded, compounds taken apart, numbers apart from what is written behind them.

use crate::retrieval::analyze::for_each_compound;

const NUMBERS: &[(&str, f64)] = &[
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
];

/// The words of `text`, in order: "5yo child, 0.5mL i.v." is `5 yo child 0.5 ml i v`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_compound(text, |compound| {
        for part in compound.parts() {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
            let (number, rest) = part.split_at(digits);
            words.extend([number, rest].into_iter().filter(|word| !word.is_empty()).map(str::to_owned));
        }
    });
    words
}

/// Whether `word` is in `list`, words with single spaces between them.
pub(crate) fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|other| other == word)
}

/// Whether `a` and `b` are the same word but for `most` mistakes: a letter too many, too few, another, or two exchanged.
pub(super) fn is_misspelt(a: &str, b: &str, most: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    // Rows of the distance of optimal string alignment; three of them suffice.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().is_some_and(|distance| *distance <= most)
}

/// How many mistakes a word of this length may have: short words are other words.
pub(super) fn mistakes(word: &str) -> usize {
    match word.chars().count() {
        0..=5 => 0,
        6..=8 => 1,
        _ => 2,
    }
}

/// A number in digits or as a word.
pub(crate) fn number(word: &str) -> Option<f64> {
    let named = NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    named.or_else(|| word.parse().ok()).filter(|value: &f64| value.is_finite() && *value >= 0.0)
}

/// The word at a place; empty where there is none.
pub(crate) fn word(words: &[String], at: usize) -> &str {
    words.get(at).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_a_text() {
        for (text, expected) in [
            ("5yo child, 0.5mL", "5 yo child 0.5 ml"),
            ("Co-amoxiclav 625mg", "co amoxiclav 625 mg"),
            ("1:100,000 / 4.4 mg/kg", "1 100000 4.4 mg kg"),
            ("", ""),
        ] {
            assert_eq!(words(text).join(" "), expected);
        }
    }

    #[test]
    fn mistakes_are_counted() {
        for (a, b, distance) in [
            ("paracetamol", "paracetomol", 1),
            ("codeine", "codiene", 1),
            ("amoxicillin", "amoxacilin", 2),
            ("ropivacaine", "bupivacaine", 2),
            ("", "ab", 2),
            ("same", "same", 0),
        ] {
            assert!(is_misspelt(a, b, distance), "{a} {b}");
            assert!(distance == 0 || !is_misspelt(a, b, distance - 1), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn any_text(a in "\\PC{0,30}", b in "\\PC{0,12}", c in "\\PC{0,12}") {
            prop_assert!(words(&a).iter().all(|word| !word.is_empty()));
            prop_assert_eq!(is_misspelt(&b, &c, 3), is_misspelt(&c, &b, 3));
        }
    }
}
