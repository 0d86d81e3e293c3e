//! Two sentences of an answer that say the opposite of each other.

use std::collections::BTreeSet;

use super::words::words;
use crate::retrieval::analyze::{Analyzer, is_stop_word};

/// Words that turn a sentence round.
const NEGATIVE: &[&str] = &[
    "avoid",
    "avoided",
    "avoids",
    "cannot",
    "contraindicated",
    "dont",
    "forbidden",
    "never",
    "no",
    "not",
    "nor",
    "unnecessary",
    "unsafe",
    "without",
    "withheld",
    "inadvisable",
];
/// Words that say whether something is done, not what: left out when subjects are compared.
const VERDICTS: &[&str] = &[
    "advised",
    "allowed",
    "appropriate",
    "done",
    "first",
    "given",
    "indicated",
    "necessary",
    "needed",
    "recommended",
    "required",
    "routinely",
    "safe",
    "suitable",
    "taken",
    "use",
    "used",
];
/// Share of the subjects' words that two sentences have in common to be about the same thing.
const SAME_SUBJECT: f64 = 0.75;
/// A subject has at least this many words.
const MIN_SUBJECT: usize = 3;

/// What a sentence is about, and which way it points.
pub(super) struct Statement {
    subject: BTreeSet<String>,
    negative: bool,
}

impl Statement {
    pub(super) fn read(sentence: &str, analyzer: &Analyzer) -> Statement {
        let words = words(sentence);
        let is_negative = |word: &str| NEGATIVE.contains(&word);
        let negative = words.iter().filter(|word| is_negative(&word.text)).count() % 2 == 1;
        let subject = words
            .iter()
            .filter(|word| {
                !is_negative(&word.text) && !VERDICTS.contains(&word.text.as_str()) && !is_stop_word(&word.text)
            })
            .filter_map(|word| analyzer.stem(&word.text))
            .collect();
        Statement { subject, negative }
    }

    /// Whether the two cannot both be meant: nearly the same words, the opposite direction.
    pub(super) fn contradicts(&self, other: &Statement) -> bool {
        let (common, all) =
            (self.subject.intersection(&other.subject).count(), self.subject.union(&other.subject).count());
        self.negative != other.negative && common >= MIN_SUBJECT && common as f64 >= SAME_SUBJECT * all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposites() {
        let analyzer = Analyzer::default();
        let read = |text| Statement::read(text, &analyzer);
        for (a, b, expected) in [
            (
                "Ibuprofen should be avoided in the third trimester.",
                "Ibuprofen can be used in the third trimester.",
                true,
            ),
            ("Antibiotics are not needed for a dry socket.", "Antibiotics are needed for a dry socket.", true),
            (
                "Antibiotics are not needed for a dry socket.",
                "Antibiotics are needed for cellulitis with fever.",
                false,
            ),
            ("Splint the tooth for two weeks.", "Splint the tooth for two weeks.", false),
            ("It is not safe.", "It is safe.", false),
            ("Never leave a sedated child without a nurse.", "A sedated child is left with a nurse.", false),
        ] {
            assert_eq!(read(a).contradicts(&read(b)), expected, "{a} / {b}");
            assert_eq!(read(b).contradicts(&read(a)), expected, "{b} / {a}");
        }
    }
}
