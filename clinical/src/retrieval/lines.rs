//! How likely a line belongs to an answer, before the model has read it: from its meaning, its words, its place, and its entry's rank.
//!
//! What lies beside a line counts as well: a line next to a near one is told with it more rarely than a line that stands out of its entry. The weights
//! are a logistic regression over the lines of DentalQA's validation questions (`python -m mambaformer_training lines`).

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
    /// Cosine of its vector with the question's; 0 where there is no dense side.
    pub similarity: f32,
    /// Share of what the question asks for that it holds, weighted by rarity: 0 to 1.
    pub coverage: f32,
    /// Its words.
    pub words: usize,
    /// The score of its entry less that of the best one: 0 or below.
    pub lead: f32,
    /// Its entry is the best one.
    pub leading: bool,
    /// Its entry begins with it.
    pub first: bool,
    /// Its cosine less that of its entry's nearest line: 0 or below.
    pub below: f32,
    /// The cosine of the line behind it in its entry; 0 where there is none.
    pub next: f32,
    /// The same of the line before it.
    pub before: f32,
    /// The mean cosine of its entry's other lines; 0 where there are none.
    pub beside: f32,
}

/// Features of a line, in the order of [`LineWeights`].
pub const FEATURES: usize = 11;

impl Line {
    /// What is weighed.
    #[must_use]
    pub fn features(&self) -> [f32; FEATURES] {
        let words = self.words as f32 / TEN_WORDS;
        let [leading, first] = [self.leading, self.first].map(f32::from);
        [
            self.similarity,
            self.coverage,
            words,
            words * words,
            self.lead,
            leading,
            first,
            self.below,
            self.next,
            self.before,
            self.beside,
        ]
    }
}

/// What each of them counts for the odds that the answer uses a line.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineWeights {
    /// The constant.
    pub intercept: f32,
    /// See [`Line::similarity`].
    pub similarity: f32,
    /// See [`Line::coverage`].
    pub coverage: f32,
    /// Of ten words.
    pub words: f32,
    /// Of the square of that.
    pub words_squared: f32,
    /// See [`Line::lead`].
    pub lead: f32,
    /// See [`Line::leading`].
    pub leading: f32,
    /// See [`Line::first`].
    pub first: f32,
    /// See [`Line::below`].
    pub below: f32,
    /// See [`Line::next`].
    pub next: f32,
    /// See [`Line::before`].
    pub before: f32,
    /// See [`Line::beside`].
    pub beside: f32,
    /// The probability below which a line does not belong to the answer any more.
    pub enough: f32,
}

impl LineWeights {
    /// Logarithm of the odds that the answer uses `line`.
    #[must_use]
    pub fn logit(&self, line: &Line) -> f32 {
        let weighed = line.features().into_iter().zip(self.weights()).map(|(feature, weight)| feature * weight);
        weighed.fold(self.intercept, |sum, part| sum + part)
    }

    /// The weights of [`Line::features`].
    #[must_use]
    pub fn weights(&self) -> [f32; FEATURES] {
        [
            self.similarity,
            self.coverage,
            self.words,
            self.words_squared,
            self.lead,
            self.leading,
            self.first,
            self.below,
            self.next,
            self.before,
            self.beside,
        ]
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

    /// What is known of the lines of an entry whose score is `behind` the best one's: each its text and, where there is a dense side, its cosine.
    #[must_use]
    pub fn lines<'t>(&self, lines: impl IntoIterator<Item = (&'t str, Option<f32>)>, behind: f32) -> Vec<Line> {
        let behind = behind.max(0.0);
        let (texts, near): (Vec<&str>, Vec<f32>) =
            lines.into_iter().map(|(text, similarity)| (text, similarity.unwrap_or(0.0))).unzip();
        let nearest = near.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = near.iter().sum();
        let others = near.len().saturating_sub(1);
        let line = |(at, text): (usize, &&str)| {
            let (coverage, words) = self.coverage(text);
            let similarity = near[at];
            Line {
                similarity,
                coverage,
                words,
                lead: -behind,
                leading: behind <= 0.0,
                first: at == 0,
                below: similarity - nearest,
                next: near.get(at + 1).copied().unwrap_or(0.0),
                before: at.checked_sub(1).map_or(0.0, |before| near[before]),
                beside: if others == 0 { 0.0 } else { (sum - similarity) / others as f32 },
            }
        };
        texts.iter().enumerate().map(line).collect()
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
    fn a_line_is_seen_among_its_neighbours() {
        let index = index();
        let wanted = Wanted::of("pain after extraction", &index);
        let entry = [("Pain after an extraction.", Some(0.6)), ("Acid dissolves.", Some(0.2)), ("Sugar.", None)];
        let [first, second, third] = wanted.lines(entry, 0.0)[..] else { panic!("three lines") };
        assert!(first.coverage > 0.99 && first.words == 2, "{first:?}");
        assert_eq!((first.first, second.first, third.first), (true, false, false));
        assert_eq!((first.before, first.next, second.before, second.next, third.next), (0.0, 0.2, 0.6, 0.0, 0.0));
        assert!((first.beside - 0.1).abs() < 1e-6 && (second.beside - 0.3).abs() < 1e-6, "{first:?} {second:?}");
        assert_eq!((first.below, second.below), (0.0, 0.2f32 - 0.6));
        assert!(first.leading && first.lead == 0.0);
        let [alone] = wanted.lines([("Sugar.", Some(0.5))], 0.25)[..] else { panic!("one line") };
        assert_eq!((alone.beside, alone.below, alone.leading, alone.lead), (0.0, 0.0, false, -0.25));
        assert!(wanted.lines([], 0.0).is_empty());
    }

    type Field = fn(&mut LineWeights) -> &mut f32;

    #[test]
    fn each_part_of_a_line_counts() {
        let none = LineWeights { intercept: 1.0, enough: 0.5, ..serde_json::from_str(NOTHING).expect("valid") };
        let line = Line {
            similarity: 0.5,
            coverage: 0.25,
            words: 20,
            lead: -0.2,
            leading: true,
            first: true,
            below: -0.1,
            next: 0.3,
            before: 0.4,
            beside: 0.35,
        };
        let set: [(Field, f32); FEATURES] = [
            (|w| &mut w.similarity, 0.5),
            (|w| &mut w.coverage, 0.25),
            (|w| &mut w.words, 2.0),
            (|w| &mut w.words_squared, 4.0),
            (|w| &mut w.lead, -0.2),
            (|w| &mut w.leading, 1.0),
            (|w| &mut w.first, 1.0),
            (|w| &mut w.below, -0.1),
            (|w| &mut w.next, 0.3),
            (|w| &mut w.before, 0.4),
            (|w| &mut w.beside, 0.35),
        ];
        for (at, (field, expected)) in set.into_iter().enumerate() {
            let mut weights = none;
            *field(&mut weights) = 1.0;
            assert!((weights.logit(&line) - 1.0 - expected).abs() < 1e-6, "feature {at}");
        }
    }

    const NOTHING: &str = r#"{"intercept": 0, "similarity": 0, "coverage": 0, "words": 0, "words_squared": 0, "lead": 0, "leading": 0, "first": 0, "below": 0, "next": 0, "before": 0, "beside": 0, "enough": 0.5}"#;

    proptest! {
        #[test]
        fn any_text(question in "(.|\\s){0,80}", text in "(.|\\s){0,120}") {
            let index = index();
            let (coverage, _) = Wanted::of(&question, &index).coverage(&text);
            prop_assert!((0.0..=1.0).contains(&coverage));
        }
    }
}
