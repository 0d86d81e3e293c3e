//! Whether two sentences say the same: sources repeat each other, and an answer need not.

use std::collections::BTreeSet;

use super::analyze::{Analyzer, for_each_compound};

/// Two sentences with this share of their words in common (Jaccard index of stems) say the same.
const ALIKE: f32 = 0.6;

/// Numbers as words and as digits.
const SPELLED: [&str; 13] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
/// What turns a sentence into its opposite.
const DENIALS: [&str; 8] = ["no", "not", "never", "without", "cannot", "avoid", "neither", "nor"];

/// What a sentence says, to be held against others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    words: BTreeSet<String>,
    figures: BTreeSet<String>,
    denials: BTreeSet<String>,
}

impl Said {
    /// Reads a sentence.
    #[must_use]
    pub fn of(text: &str, analyzer: &Analyzer) -> Said {
        let (mut words, mut figures, mut denials) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for_each_compound(text, |compound| {
            for part in compound.parts() {
                if let Some(number) = SPELLED.iter().position(|spelled| *spelled == part) {
                    figures.insert(number.to_string());
                } else if part.starts_with(|c: char| c.is_ascii_digit()) {
                    figures.insert(part.to_owned());
                } else if DENIALS.contains(&part) {
                    denials.insert(part.to_owned());
                } else {
                    words.extend(analyzer.stem(part));
                }
            }
        });
        Said { words, figures, denials }
    }

    /// Whether it says nothing that `other` does not: most words the same, and all figures and denials.
    #[must_use]
    pub fn repeats(&self, other: &Said) -> bool {
        let shared = self.words.intersection(&other.words).count();
        let all = self.words.len() + other.words.len() - shared;
        self.figures == other.figures && self.denials == other.denials && shared as f32 >= ALIKE * all as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences_that_say_the_same() {
        let socket = "Review the socket at 8 weeks after an extraction in a patient on an antiresorptive medicine.";
        for (other, same) in [
            (
                "Review the socket at eight weeks after an extraction in a patient who takes an antiresorptive drug.",
                true,
            ),
            (socket, true),
            ("Review the socket at 6 weeks after an extraction in a patient on an antiresorptive medicine.", false),
            (
                "Do not review the socket at 8 weeks after an extraction in a patient on an antiresorptive medicine.",
                false,
            ),
            ("A socket that has not healed at 8 weeks in a patient on an antiresorptive medicine is referred.", false),
            ("Splint a replanted tooth for 2 weeks.", false),
            ("", false),
        ] {
            let analyzer = Analyzer::default();
            let (socket, other_said) = (Said::of(socket, &analyzer), Said::of(other, &analyzer));
            assert_eq!((socket.repeats(&other_said), other_said.repeats(&socket)), (same, same), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_repeats_itself(text in "(.|\\s){0,80}") {
            let said = Said::of(&text, &Analyzer::default());
            prop_assert!(said.repeats(&said));
        }
    }
}
