//! How likely a line is what an answer is made of, before the model has read it: from its meaning, its words, its length and its entry's rank.
//!
//! An answer begins with one line among those of a few entries. `exp(logit)` over their sum is the probability of each; the weights were fitted
//! to DentalQA's validation questions that way (`python -m mambaformer_training lines`).

use serde::Deserialize;
use std::collections::HashSet;

use super::analyze::for_each_compound;
use super::index::{Known, SearchIndex, Term};
use super::query::{Concept, Query};
use super::spelling::canonical;

/// Words that a length is counted in.
const TEN_WORDS: f32 = 10.0;

/// What is known of a line.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Line {
    /// Cosine of its vector with the question's, where there is a dense side.
    pub similarity: Option<f32>,
    /// Share of what the question asks for that it holds, weighted by rarity: 0 to 1.
    pub coverage: f32,
    /// Its words.
    pub words: usize,
    /// The score of its entry less that of the best one: 0 or below.
    pub lead: f32,
}

/// What each of them counts.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineWeights {
    /// Of the cosine.
    pub similarity: f32,
    /// Of the coverage.
    pub coverage: f32,
    /// Of ten words.
    pub words: f32,
    /// Of the entry's lead.
    pub lead: f32,
}

impl LineWeights {
    /// Logarithm of how likely `line` is, up to a constant that all lines of a question share.
    #[must_use]
    pub fn logit(&self, line: &Line) -> f32 {
        self.similarity * line.similarity.unwrap_or(0.0)
            + self.coverage * line.coverage
            + self.words * line.words as f32 / TEN_WORDS
            + self.lead * line.lead
    }
}

/// What a text says of a word of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// It says it, in this word or in another.
    Said,
    /// It does not.
    Missing,
    /// The word says nothing of the subject: "long", "please".
    OfNothing,
}

/// What a word must be worth to the search to be of the subject: below it are the lexicon's weak words.
const OF_THE_SUBJECT: f32 = 0.75;

/// A question, analysed once: to be searched for ([`SearchIndex::search_for`]) and held against lines.
pub struct Wanted<'a> {
    index: &'a SearchIndex,
    pub(crate) query: Query,
    asked: f32,
}

impl<'a> Wanted<'a> {
    /// Analyses `question`, with its corrections and synonyms.
    #[must_use]
    pub fn of(question: &str, index: &'a SearchIndex) -> Wanted<'a> {
        let query = Query::of(question, index);
        let asked = query.concepts.iter().map(|concept| concept.asked(index)).sum();
        Wanted { index, query, asked }
    }

    /// What is known of the line `text`, whose cosine is `similarity` and whose entry's score is `behind` the best one's.
    #[must_use]
    pub fn line(&self, text: &str, similarity: Option<f32>, behind: f32) -> Line {
        let (coverage, words) = self.coverage(text);
        Line { similarity, coverage, words, lead: -behind.max(0.0) }
    }

    /// The share of the question that `text` holds, and its words that say something.
    #[must_use]
    pub fn coverage(&self, text: &str) -> (f32, usize) {
        let (terms, words) = self.terms(text);
        let idf = |term: Term| self.index.idf(Some(term));
        let mut covered = 0.0;
        for concept in &self.query.concepts {
            let mut best: f32 = concept
                .literal
                .iter()
                .filter_map(|(term, weight)| term.filter(|term| terms.contains(term)).map(|term| idf(term) * weight))
                .sum();
            for (way, weight) in &concept.alternatives {
                if way.iter().all(|term| terms.contains(term)) {
                    best = best.max(weight * concept.asked(self.index));
                }
            }
            covered += best;
        }
        (if self.asked > 0.0 { (covered / self.asked).min(1.0) } else { 0.0 }, words)
    }

    /// Tells of words of the question whether `text` says them, as the search understands both: corrected, with synonyms and abbreviations,
    /// several words together where they are one term ("dry socket").
    pub fn spoken_in(&self, text: &str) -> impl Fn(&str) -> Spoken {
        let (terms, _) = self.terms(text);
        let is_said = |concept: &Concept| {
            let literal = !concept.literal.is_empty()
                && concept.literal.iter().all(|(term, _)| term.is_some_and(|term| terms.contains(&term)));
            literal || concept.alternatives.iter().any(|(way, _)| way.iter().all(|term| terms.contains(term)))
        };
        let said: Vec<bool> = self.query.concepts.iter().map(is_said).collect();
        move |word| {
            let mut own: Vec<Option<Term>> = Vec::new();
            for_each_compound(word, |compound| {
                own.extend(compound.parts().filter_map(|part| self.query.read.get(&canonical(part))).flatten());
            });
            if own.iter().all(|term| self.index.importance(*term) < OF_THE_SUBJECT) {
                return Spoken::OfNothing;
            }
            let mut concepts = self.query.concepts.iter().zip(&said);
            let holds =
                |concept: &Concept| concept.literal.iter().any(|(term, _)| term.is_some() && own.contains(term));
            if concepts.any(|(concept, said)| *said && holds(concept)) { Spoken::Said } else { Spoken::Missing }
        }
    }

    fn terms(&self, text: &str) -> (HashSet<Term>, usize) {
        let (mut terms, mut words) = (HashSet::new(), 0);
        for_each_compound(text, |compound| {
            let known = |word: &str| match self.index.known(&canonical(word)) {
                Known::Term(term) => Some(term),
                Known::Stop | Known::Never => None,
            };
            for term in compound.parts().filter_map(known) {
                terms.insert(term);
                words += 1;
            }
            terms.extend(compound.joined().and_then(known));
        });
        (terms, words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::index::Entry;
    use crate::retrieval::lexicon::tests::shipped as lexicon;
    use crate::retrieval::parameters::tests::shipped as parameters;
    use proptest::prelude::*;

    const TEXT: &str = "Alveolar osteitis is pain after an extraction. Acid dissolves a tooth.";

    fn index() -> SearchIndex {
        let entries = ["Sugar feeds bacteria.", TEXT, "Ibuprofen 400 mg is taken with food."];
        let of = entries.iter().map(|text| Entry { text, ..Entry::default() });
        SearchIndex::build(of, &lexicon(), parameters().ranking)
    }

    #[test]
    fn coverage_counts_words_synonyms_and_corrections() {
        let index = index();
        for (question, text, least, most) in [
            ("pain after extraction", TEXT, 0.99, 1.0),
            ("pain after extraction", "Sugar feeds bacteria.", 0.0, 0.0),
            ("pain with food", TEXT, 0.2, 0.8),
            ("extracton", TEXT, 0.3, 1.0),
            ("dry socket", TEXT, 0.3, 1.0),
            ("zzxqvw", TEXT, 0.0, 0.0),
            ("what is it?", TEXT, 0.0, 0.0),
            ("pain", "", 0.0, 0.0),
        ] {
            let (found, _) = Wanted::of(question, &index).coverage(text);
            assert!((least..=most).contains(&found), "{question} in `{text}`: {found}");
        }
        assert_eq!(Wanted::of("pain", &index).coverage("Acid dissolves the tooth.").1, 3);
    }

    #[test]
    fn a_text_says_a_word_in_other_words() {
        let index = index();
        for (question, word, expected) in [
            ("pain after dry socket", "pain", Spoken::Said),
            ("pain after dry socket", "dry", Spoken::Said),
            ("pain after dry socket", "socket", Spoken::Said),
            ("extracton in a camel", "extracton", Spoken::Said),
            ("extracton in a camel", "camel", Spoken::Missing),
            ("ibuprofen after extraction", "ibuprofen", Spoken::Missing),
            ("how long does the pain last", "long", Spoken::OfNothing),
        ] {
            let wanted = Wanted::of(question, &index);
            let spoken = wanted.spoken_in(TEXT);
            assert_eq!(spoken(word), expected, "{word} in `{question}`");
        }
    }

    #[test]
    fn each_part_of_a_line_counts() {
        let weights = LineWeights { similarity: 10.0, coverage: 2.0, words: 1.0, lead: 5.0 };
        let plain = Line { similarity: Some(0.5), coverage: 0.5, words: 10, lead: -0.2 };
        assert!((weights.logit(&plain) - 6.0).abs() < 1e-6);
        let without = Line { similarity: None, ..plain };
        assert!((weights.logit(&without) - 1.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn any_text(question in "(.|\\s){0,80}", text in "(.|\\s){0,120}") {
            let index = index();
            let (coverage, _) = Wanted::of(&question, &index).coverage(&text);
            prop_assert!((0.0..=1.0).contains(&coverage));
        }
    }
}
