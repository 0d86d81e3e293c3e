//! A question as what it asks for: words, corrected where mistyped, and what the lexicon says they stand for.

use std::collections::HashMap;

use super::analyze::for_each_compound;
use super::index::{Known, SearchIndex, Term};
use super::spelling::{Rows, canonical, distance, tolerance};

/// The most words of a question or note that are searched for.
pub const MAX_QUERY_WORDS: usize = 400;

/// A word of the question that was never seen, and the one it was taken for.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// As typed, in its canonical spelling.
    pub typed: String,
    /// The word searched for in its place.
    pub used: String,
    /// What it counts beside a word that was typed: 0 to 1, less the further apart the two are.
    pub weight: f32,
}

/// Words that count together: one word, or a form of the lexicon.
#[derive(Debug, Default)]
pub(crate) struct Concept {
    /// The words themselves with their weight; `None` for a word that no entry has.
    pub(crate) literal: Vec<(Option<Term>, f32)>,
    /// What may stand for all of them: words that must all be there, and their weight.
    pub(crate) alternatives: Vec<(Vec<Term>, f32)>,
}

impl Concept {
    /// What it is worth in a text that says all of it once: idf, weighted.
    pub(crate) fn asked(&self, index: &SearchIndex) -> f32 {
        let worth = |(term, weight): &(Option<Term>, f32)| {
            index.idf(*term) * if term.is_some() { index.importance(*term).min(*weight) } else { 1.0 }
        };
        self.literal.iter().map(worth).sum()
    }
}

/// An analysed question.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) concepts: Vec<Concept>,
    pub(crate) corrections: Vec<Correction>,
    /// Content words that neither an entry nor the lexicon has, in their canonical spelling.
    pub(crate) unknown: Vec<String>,
    /// Its words in their canonical spelling, and the terms that each was taken for; stop words are not there.
    pub(crate) read: HashMap<String, Vec<Option<Term>>>,
    /// Content words in all.
    pub(crate) words: usize,
    /// Those that stand in a title or in the lexicon: the words of the trade.
    pub(crate) trade_words: usize,
}

/// A content word on its way into a concept.
struct Word {
    /// The term it is taken for.
    term: Option<Term>,
    weight: f32,
    /// Other ways to read it: another correction, a compound written as one.
    others: Vec<(Vec<Term>, f32)>,
}

impl Query {
    /// Analyses `text` for `index`.
    pub(crate) fn of(text: &str, index: &SearchIndex) -> Query {
        let mut query = Query::default();
        let words = query.words_of(text, index);
        query.words = words.len();
        query.trade_words = words.iter().filter(|word| word.term.is_some_and(|term| index.is_trade_word(term))).count();
        let terms: Vec<Term> = words.iter().filter_map(|word| word.term).collect();
        let mut at = 0;
        while at < words.len() {
            let (concept, taken) = concept_at(&words[at..], &terms, index);
            query.concepts.push(concept);
            at += taken;
        }
        query
    }

    fn words_of(&mut self, text: &str, index: &SearchIndex) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        let mut last: Option<String> = None;
        let mut rows = Rows::default();
        for_each_compound(text, |compound| {
            let joined = compound.joined().and_then(|word| match index.known(&canonical(word)) {
                Known::Term(term) => Some(term),
                Known::Stop | Known::Never => None,
            });
            for part in compound.parts() {
                if words.len() >= MAX_QUERY_WORDS {
                    return;
                }
                let spelled = canonical(part);
                let first = words.len();
                match index.known(&spelled) {
                    Known::Stop => {
                        last = None;
                        continue;
                    }
                    Known::Term(term) => {
                        words.push(Word { term: Some(term), weight: 1.0, others: Vec::new() });
                    }
                    Known::Never if joined.is_some() => {
                        words.push(Word { term: None, weight: 1.0, others: Vec::new() });
                    }
                    Known::Never => words.extend(self.guess(&spelled, index, &mut rows)),
                }
                self.read.insert(spelled.clone(), words[first..].iter().map(|word| word.term).collect());
                // "tooth brush" is a toothbrush.
                if let (Some(before), Some(word)) = (&last, words.last_mut())
                    && let Known::Term(term) = index.known(&canonical(&format!("{before}{spelled}")))
                    && !index.entries_of(term).is_empty()
                {
                    word.others.push((vec![term], 1.0));
                }
                last = Some(spelled);
            }
            if let (Some(joined), Some(word)) = (joined, words.last_mut()) {
                word.others.push((vec![joined], 1.0));
            }
        });
        words
    }

    /// What a never seen word may have been meant to be: two words written as one, or words a few slips away.
    fn guess(&mut self, typed: &str, index: &SearchIndex, rows: &mut Rows) -> Vec<Word> {
        if let Some((a, b)) = divided(typed, index) {
            return [a, b].into_iter().map(|term| Word { term: Some(term), weight: 1.0, others: Vec::new() }).collect();
        }
        let guesses = corrections(typed, index, rows);
        let mut guesses = guesses.into_iter();
        let Some((used, term, weight)) = guesses.next() else {
            if !self.unknown.iter().any(|known| known == typed) {
                self.unknown.push(typed.to_owned());
            }
            return vec![Word { term: None, weight: 1.0, others: Vec::new() }];
        };
        // A mistyped stop word: "shoud".
        let Some(term) = term else { return Vec::new() };
        let correction = Correction { typed: typed.to_owned(), used, weight };
        if !self.corrections.contains(&correction) {
            self.corrections.push(correction);
        }
        let others = guesses.filter_map(|(_, term, weight)| Some((vec![term?], weight))).collect();
        vec![Word { term: Some(term), weight, others }]
    }
}

/// The concept that begins with the first of `words`, and how many words it takes. `all` are the terms of the whole question.
fn concept_at(words: &[Word], all: &[Term], index: &SearchIndex) -> (Concept, usize) {
    let form = words[0].term.and_then(|first| {
        index.forms(first).iter().find(|form| {
            form.terms.len() <= words.len() && form.terms.iter().zip(words).all(|(term, word)| word.term == Some(*term))
        })
    });
    let taken = form.map_or(1, |form| form.terms.len());
    let mut concept = Concept::default();
    for word in &words[..taken] {
        concept.literal.push((word.term, word.weight * index.importance(word.term)));
        if taken == 1 {
            let importance = index.importance(word.term);
            concept.alternatives.extend(word.others.iter().map(|(terms, weight)| (terms.clone(), weight * importance)));
        }
    }
    let weight = words[..taken].iter().map(|word| word.weight).fold(1.0, f32::min);
    for way in form.into_iter().flat_map(|form| &form.ways) {
        let free = way.with.is_empty() || way.with.iter().any(|form| form.iter().all(|term| all.contains(term)));
        if free && !concept.alternatives.iter().any(|(terms, _)| *terms == way.to) {
            concept.alternatives.push((way.to.clone(), weight * way.weight));
        }
    }
    (concept, taken)
}

/// Two known words written as one: "drysocket".
fn divided(typed: &str, index: &SearchIndex) -> Option<(Term, Term)> {
    const LEAST: usize = 3;
    if typed.len() < 2 * LEAST || !typed.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    (LEAST..=typed.len() - LEAST)
        .filter_map(|at| match (index.known(&typed[..at]), index.known(&typed[at..])) {
            (Known::Term(a), Known::Term(b)) => {
                let common = index.entries_of(a).len().min(index.entries_of(b).len());
                (common >= 3).then_some((common, a, b))
            }
            _ => None,
        })
        .max_by_key(|(common, ..)| *common)
        .map(|(_, a, b)| (a, b))
}

/// First letters that a word typed like this may have: its own, one that sounds alike, or its second after a swap or a lost first.
fn firsts(typed: &[u8]) -> Vec<u8> {
    let mut firsts: Vec<u8> = typed.iter().take(2).copied().collect();
    for group in [b"ckqs".as_slice(), b"sz", b"fp", b"gj", b"ie", b"ao", b"eu", b"kn", b"wr", b"xz"] {
        if typed.first().is_some_and(|first| group.contains(first)) {
            firsts.extend(group);
        }
    }
    firsts.sort_unstable();
    firsts.dedup();
    firsts
}

/// Known words near `typed` with their terms and weights, best first.
fn corrections(typed: &str, index: &SearchIndex, rows: &mut Rows) -> Vec<(String, Option<Term>, f32)> {
    let most = tolerance(typed.len());
    if most == 0.0 || typed.len() > 32 || !typed.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    let ranking = &index.ranking;
    let mut found: Vec<(String, Option<Term>, f32)> = Vec::new();
    for first in firsts(typed.as_bytes()) {
        for length in typed.len().saturating_sub(3)..=typed.len() + 3 {
            for (word, term) in index.spelled(first, length) {
                if let Some(cost) = distance(typed.as_bytes(), word.as_bytes(), most, rows) {
                    // Frequent words are more often meant; a tenfold frequency outweighs a little distance.
                    let frequency =
                        (1.0 + term.map_or(index.entries(), |term| index.entries_of(term).len()) as f32).ln();
                    let weight = (-ranking.typo_decay * cost).exp() * (1.0 + 0.05 * frequency);
                    match found.iter_mut().find(|(_, known, _)| known == term) {
                        Some(known) if known.2 >= weight => {}
                        Some(known) => *known = (word.clone(), *term, weight),
                        None => found.push((word.clone(), *term, weight)),
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    found.truncate(ranking.typo_candidates);
    for guess in &mut found {
        guess.2 = guess.2.min(0.95);
    }
    found
}
