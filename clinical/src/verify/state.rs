//! How an answer ended, as a pure function of what is known at its end.

use std::collections::BTreeSet;

use super::lexicon::Lexicon;
use super::mixture::{named_group, named_region};
use super::words::{Word, words};
use crate::retrieval::analyze::Analyzer;
use crate::retrieval::lines::Spoken;

/// The most gaps that are named.
pub const MAX_GAPS: usize = 3;

/// How an answer ended: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerState {
    /// The sources support the answer.
    Supported,
    /// The sources answer a part of the question.
    PartlyCovered {
        /// What of the question no cited sentence speaks of, in the question's words; at most [`MAX_GAPS`], at least one.
        gaps: Vec<String>,
    },
    /// The sources do not answer the question; nearest topics are shown instead of an answer.
    NotCovered,
    /// A red flag: the emergency text stands before any answer.
    EmergencyFirst,
    /// The reader stopped the answer; what was written is kept.
    Stopped,
    /// The answer broke off with an error; what was written is kept.
    Failed,
}

impl AnswerState {
    /// The state as it is written in an answer's record.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            AnswerState::Supported => "supported",
            AnswerState::PartlyCovered { .. } => "partly_covered",
            AnswerState::NotCovered => "not_covered",
            AnswerState::EmergencyFirst => "emergency_first",
            AnswerState::Stopped => "stopped",
            AnswerState::Failed => "failed",
        }
    }
}

/// What is known at the end of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // independent facts, each set in another part of the pipeline
pub struct Ending {
    /// Triage found a red flag that alarms.
    pub emergency: bool,
    /// The reader stopped it.
    pub stopped: bool,
    /// It broke off with an error.
    pub failed: bool,
    /// Retrieval or the model says that the sources do not answer the question.
    pub out_of_scope: bool,
    /// Sentences shown that cite a passage or a record; a note's sentences do not count, they are no evidence.
    pub evidence_sentences: usize,
    /// [`gaps`] of the question.
    pub gaps: Vec<String>,
}

impl AnswerState {
    /// Decides. The emergency goes before everything, since nothing may take its place on the page; then what happened to the answer,
    /// then what the sources say.
    #[must_use]
    pub fn decide(ending: &Ending) -> AnswerState {
        if ending.emergency {
            AnswerState::EmergencyFirst
        } else if ending.failed {
            AnswerState::Failed
        } else if ending.stopped {
            AnswerState::Stopped
        } else if ending.out_of_scope || ending.evidence_sentences == 0 {
            AnswerState::NotCovered
        } else if ending.gaps.is_empty() {
            AnswerState::Supported
        } else {
            AnswerState::PartlyCovered { gaps: ending.gaps.iter().take(MAX_GAPS).cloned().collect() }
        }
    }
}

/// What the question names that no cited sentence speaks of: drugs, groups of patients and regions first, then its other content words
/// where fewer than `covered` of them (0 to 1) are found. At most [`MAX_GAPS`], in the question's own words, without repetition.
///
/// `cited` are the cited sentences, best with the titles of their passages and the group and region they are about. `spoken` tells what the
/// search knows of a word that they do not hold ([`Wanted::spoken_in`](crate::retrieval::lines::Wanted::spoken_in)).
#[must_use]
pub fn gaps(
    question: &str,
    cited: &[&str],
    lexicon: &Lexicon,
    analyzer: &Analyzer,
    covered: f64,
    spoken: impl Fn(&str) -> Spoken,
) -> Vec<String> {
    let asked = words(question);
    let text = cited.join(" \n ");
    let said = words(&text);
    let held: BTreeSet<_> = lexicon.mentions(&said).into_iter().map(|mention| mention.drug).collect();
    let mut gaps: Vec<String> = Vec::new();
    let mut name = |gap: Option<&str>| {
        if let Some(gap) = gap
            && !gaps.iter().any(|own| own.eq_ignore_ascii_case(gap))
        {
            gaps.push(gap.to_owned());
        }
    };
    for mention in lexicon.mentions(&asked) {
        if !held.contains(&mention.drug) {
            name(asked.get(mention.at).and_then(|word| question.get(word.bytes.clone())));
        }
    }
    if let Some(group) = named_group(question)
        && !cited.iter().any(|sentence| named_group(sentence) == Some(group))
    {
        let word = asked
            .iter()
            .filter_map(|word| question.get(word.bytes.clone()))
            .find(|word| named_group(word) == Some(group));
        name(word);
    }
    if let Some(region) = named_region(question)
        && !cited.iter().any(|sentence| named_region(sentence) == Some(region) || named_region(sentence).is_none())
    {
        let word = asked
            .iter()
            .filter_map(|word| question.get(word.bytes.clone()))
            .find(|word| named_region(word) == Some(region));
        name(word);
    }
    let stems: BTreeSet<String> = said.iter().filter_map(|word| analyzer.stem(&word.text)).collect();
    let (mut content, mut missing) = (0_usize, Vec::new());
    for (at, word) in asked.iter().enumerate() {
        if is_measure(&asked, at) {
            continue;
        }
        let Some(stem) = analyzer.stem(&word.text) else { continue };
        match if stems.contains(&stem) { Spoken::Said } else { spoken(&word.text) } {
            Spoken::Said => content += 1,
            Spoken::Missing => {
                content += 1;
                missing.push(word);
            }
            Spoken::OfNothing => {}
        }
    }
    let found = content - missing.len();
    if (found as f64) < covered * content as f64 {
        for word in missing {
            name(question.get(word.bytes.clone()));
        }
    }
    gaps.truncate(MAX_GAPS);
    gaps
}

/// Units of a patient's weight.
const MEASURES: &str = "kg kilo kilos kilogram kilograms lb lbs pound pounds stone";

/// Whether a word belongs to the patient's weight ("20 kg"): it chooses among the rows of a dose, and no sentence repeats it.
fn is_measure(asked: &[Word], at: usize) -> bool {
    let text = |at: usize| asked.get(at).map_or("", |word| word.text.as_str());
    let is_number = |at: usize| text(at).starts_with(|c: char| c.is_ascii_digit());
    let is_unit = |at: usize| MEASURES.split(' ').any(|unit| unit == text(at));
    is_number(at) && is_unit(at + 1) || is_unit(at) && at.checked_sub(1).is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exactly_one_state() {
        let gap = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned(), "d".to_owned()];
        let plain = Ending { evidence_sentences: 1, ..Ending::default() };
        let cases: [(Ending, &str); 10] = [
            (plain.clone(), "supported"),
            (Ending { gaps: gap(), ..plain.clone() }, "partly_covered"),
            (Ending { evidence_sentences: 0, ..plain.clone() }, "not_covered"),
            (Ending { out_of_scope: true, ..plain.clone() }, "not_covered"),
            (Ending { out_of_scope: true, gaps: gap(), ..plain.clone() }, "not_covered"),
            (Ending { stopped: true, gaps: gap(), ..plain.clone() }, "stopped"),
            (Ending { failed: true, stopped: true, ..plain.clone() }, "failed"),
            (Ending { emergency: true, ..plain.clone() }, "emergency_first"),
            (
                Ending { emergency: true, failed: true, stopped: true, out_of_scope: true, ..Ending::default() },
                "emergency_first",
            ),
            (Ending::default(), "not_covered"),
        ];
        for (ending, expected) in cases {
            let state = AnswerState::decide(&ending);
            assert_eq!(state.name(), expected, "{ending:?}");
            if let AnswerState::PartlyCovered { gaps } = state {
                assert_eq!(gaps, ["a", "b", "c"]);
            }
        }
    }

    #[test]
    fn gaps_are_in_the_questions_words() {
        let lexicon = Lexicon::new(["amoxicillin", "warfarin", "paracetamol (acetaminophen)"]);
        let analyzer = Analyzer::default();
        let find =
            |question: &str, cited: &[&str]| gaps(question, cited, &lexicon, &analyzer, 0.5, |_| Spoken::Missing);
        assert_eq!(
            find("Can Amoxicillin be given with warfarin?", &["Amoxicillin is given for five days."]),
            ["warfarin"]
        );
        assert!(find("acetaminophen for toothache", &["Paracetamol eases toothache."]).is_empty());
        assert_eq!(find("Splint in a pregnant patient?", &["Splint the tooth of the patient."]), ["pregnant"]);
        assert_eq!(find("sedation of a camel at night", &["Splint the tooth."]), ["sedation", "camel", "night"]);
        assert!(find("", &[]).is_empty());
        assert_eq!(find("splint for a camel of 20 kg, 44 lbs, at night", &["Splint the tooth."]), ["camel", "night"]);
        let known = |word: &str| match word {
            "incisor" => Spoken::Said,
            "long" => Spoken::OfNothing,
            _ => Spoken::Missing,
        };
        let asked = "how long is a camel's incisor splinted";
        assert_eq!(gaps(asked, &["Splinted."], &lexicon, &analyzer, 0.9, known), ["camel's"]);
    }

    proptest! {
        #[test]
        fn any_text(question in ".{0,60}", cited in ".{0,60}") {
            let found = gaps(&question, &[&cited], &Lexicon::default(), &Analyzer::default(), 1.0, |_| Spoken::Missing);
            prop_assert!(found.len() <= MAX_GAPS);
            prop_assert!(found.iter().all(|gap| question.contains(gap.as_str())));
        }
    }
}
