//! The index over what can be cited: words of titles, topics, texts and sentences.
//!
//! Built once, when the knowledge base is loaded. An entry's words are counted by field (BM25F, Robertson, Zaragoza & Taylor 2004: fields are
//! weighted and put together before the saturation), and its sentences are indexed by themselves, because an answer stands in a sentence and
//! the rest of a passage is about other things.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::analyze::{Analyzer, for_each_compound, stop_words};
use super::lexicon::{Lexicon, Stems};
use super::parameters::{FieldWeight, Ranking};
use super::spelling::canonical;
use super::topics::topic_texts;
use crate::knowledge::{Kind, KnowledgeBase};

/// What can be found: a passage, or a record with its lines as text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'a> {
    /// What it is about, in a few words.
    pub title: &'a str,
    /// Words of its discipline and topic.
    pub topic: &'a str,
    /// The text.
    pub text: &'a str,
    /// Byte ranges of the text's sentences; the whole text counts as one where empty.
    pub sentences: &'a [Range<usize>],
}

/// A word's number in the index.
pub(crate) type Term = usize;

/// Words by first letter and length, with their terms.
type Spellings = FxHashMap<(u8, usize), Vec<(String, Option<Term>)>>;

/// Where a form of the lexicon leads, in terms of this index.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// The words it stands for, all of which an entry must have.
    pub(crate) to: Vec<Term>,
    /// What they count.
    pub(crate) weight: f32,
    /// The question must hold the words of one of these; free where empty.
    pub(crate) with: Vec<Vec<Term>>,
}

/// A form of the lexicon in terms of this index.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) terms: Vec<Term>,
    pub(crate) ways: Vec<Way>,
}

/// What the index knows of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It says nothing about a subject.
    Stop,
    /// It stands in an entry or in the lexicon.
    Term(Term),
    /// It was never seen.
    Never,
}

/// The index.
pub struct SearchIndex {
    analyzer: Analyzer,
    pub(crate) ranking: Ranking,
    /// Canonical spelling -> term; `None` for a stop word.
    words: FxHashMap<String, Option<Term>>,
    /// Stem -> term. Terms of the lexicon that no entry has are among them, without postings.
    stems: FxHashMap<String, Term>,
    /// Spellings by first letter and length, sorted; those of stop words without a term, for they are mistyped as well.
    spellings: Spellings,
    /// `[terms]`
    idf: Vec<f32>,
    /// `[terms]`: what a word counts in a question.
    importance: Vec<f32>,
    /// `[terms]`: whether it stands in a title or in the lexicon and is not weak.
    trade_word: Vec<bool>,
    /// What a word weighs that no entry has.
    unknown_idf: f32,
    /// `[terms]`: (entry, saturated weight times idf), entries ascending.
    entries_of: Vec<Vec<(usize, f32)>>,
    /// `[terms]`: sentences, ascending.
    sentences_of: Vec<Vec<usize>>,
    /// `[sentences]`: its entry, and what its score is multiplied by.
    sentences: Vec<(usize, f32)>,
    /// First term of a form -> the forms, longest first.
    forms: FxHashMap<Term, Vec<Form>>,
    entries: usize,
}

impl SearchIndex {
    /// Indexes a knowledge base; a hit's `entry` is the place among its passages.
    #[must_use]
    pub fn of(base: &KnowledgeBase, lexicon: &Lexicon, ranking: Ranking) -> SearchIndex {
        let topic = |at: usize| match base.kind(at) {
            Some(Kind::Passage(about)) => about.topic.as_str(),
            Some(Kind::Record(record)) => record.discipline.prefix(),
            Some(Kind::Quoted) | None => "",
        };
        let items: Vec<(&str, &str)> =
            base.passages().iter().enumerate().map(|(at, passage)| (topic(at), passage.title.as_str())).collect();
        let topics = topic_texts(&items);
        let entries = base.passages().iter().zip(&topics).enumerate().map(|(at, (passage, topic))| Entry {
            title: &passage.title,
            topic,
            text: &passage.text,
            sentences: base.sentences(at),
        });
        SearchIndex::build(entries, lexicon, ranking)
    }

    /// Indexes `entries`. A hit's `entry` is the place in this order.
    #[must_use]
    pub fn build<'a>(entries: impl IntoIterator<Item = Entry<'a>>, lexicon: &Lexicon, ranking: Ranking) -> SearchIndex {
        let mut builder = Builder::default();
        for entry in entries {
            builder.add(&entry);
        }
        builder.finish(lexicon, ranking)
    }

    /// How many entries are indexed.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// What it knows of a canonical spelling.
    pub(crate) fn known(&self, word: &str) -> Known {
        if let Some(term) = self.words.get(word) {
            return term.map_or(Known::Stop, Known::Term);
        }
        match self.analyzer.stem(word) {
            None => Known::Stop,
            Some(stem) => self.stems.get(&stem).map_or(Known::Never, |term| Known::Term(*term)),
        }
    }

    /// The spellings with this first letter and length.
    pub(crate) fn spelled(&self, first: u8, length: usize) -> &[(String, Option<Term>)] {
        self.spellings.get(&(first, length)).map_or(&[], Vec::as_slice)
    }

    /// The forms that begin with `term`, longest first.
    pub(crate) fn forms(&self, term: Term) -> &[Form] {
        self.forms.get(&term).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn entries_of(&self, term: Term) -> &[(usize, f32)] {
        self.entries_of.get(term).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn sentences_of(&self, term: Term) -> &[usize] {
        self.sentences_of.get(term).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn sentences(&self) -> &[(usize, f32)] {
        &self.sentences
    }

    /// How rare a word is: `ln(1 + (N − n + ½)/(n + ½))`; of a word that no entry has, as if it were the rarest.
    pub(crate) fn idf(&self, term: Option<Term>) -> f32 {
        term.and_then(|term| self.idf.get(term)).copied().unwrap_or(self.unknown_idf)
    }

    /// Whether a word stands in a title or in the lexicon, and says something.
    pub(crate) fn is_trade_word(&self, term: Term) -> bool {
        self.trade_word.get(term).copied().unwrap_or(false)
    }

    pub(crate) fn importance(&self, term: Option<Term>) -> f32 {
        term.and_then(|term| self.importance.get(term)).copied().unwrap_or(1.0)
    }
}

/// Fields in the order of [`Counts`].
const FIELDS: usize = 3;

/// Occurrences of a term in an entry, by field: title, topic, text.
type Counts = [f32; FIELDS];

#[derive(Default)]
struct Builder {
    analyzer: Analyzer,
    words: FxHashMap<String, Option<Term>>,
    stems: FxHashMap<String, Term>,
    counts: Vec<Vec<(usize, Counts)>>,
    sentences_of: Vec<Vec<usize>>,
    /// `[sentences]`: entry and words.
    sentences: Vec<(usize, f32)>,
    /// `[entries]`: words by field.
    lengths: Vec<Counts>,
}

impl Builder {
    fn add(&mut self, entry: &Entry<'_>) {
        let at = self.lengths.len();
        self.lengths.push([0.0; FIELDS]);
        for (field, text) in [entry.title, entry.topic, entry.text].into_iter().enumerate() {
            let mut terms = Vec::new();
            let words = self.terms(text, &mut terms);
            self.lengths[at][field] += words;
            for term in terms {
                self.count(term, at, field);
            }
        }
        let whole = 0..entry.text.len();
        let sentences = if entry.sentences.is_empty() { std::slice::from_ref(&whole) } else { entry.sentences };
        for range in sentences {
            let sentence = self.sentences.len();
            let mut terms = Vec::new();
            let words = self.terms(entry.text.get(range.clone()).unwrap_or_default(), &mut terms);
            // What the title says holds for every sentence.
            self.terms(entry.title, &mut terms);
            self.sentences.push((at, words));
            for term in terms {
                if self.sentences_of[term].last() != Some(&sentence) {
                    self.sentences_of[term].push(sentence);
                }
            }
        }
    }

    /// Adds the terms of `text` to `terms`, compounds also as one word, and returns how many words there are.
    fn terms(&mut self, text: &str, terms: &mut Vec<Term>) -> f32 {
        let mut words = 0.0;
        for_each_compound(text, |compound| {
            for part in compound.parts() {
                if let Some(term) = self.term(part) {
                    terms.push(term);
                    words += 1.0;
                }
            }
            // An extra way to be found, not an extra word.
            terms.extend(compound.joined().and_then(|joined| self.term(joined)));
        });
        words
    }

    fn term(&mut self, word: &str) -> Option<Term> {
        let word = canonical(word);
        if let Some(term) = self.words.get(&word) {
            return *term;
        }
        let term = self.analyzer.stem(&word).map(|stem| self.term_of_stem(stem));
        self.words.insert(word, term);
        term
    }

    fn term_of_stem(&mut self, stem: String) -> Term {
        let next = self.stems.len();
        let term = *self.stems.entry(stem).or_insert(next);
        if term == next {
            self.counts.push(Vec::new());
            self.sentences_of.push(Vec::new());
        }
        term
    }

    fn count(&mut self, term: Term, entry: usize, field: usize) {
        let postings = &mut self.counts[term];
        match postings.last_mut() {
            Some((last, counts)) if *last == entry => counts[field] += 1.0,
            _ => {
                let mut counts = [0.0; FIELDS];
                counts[field] = 1.0;
                postings.push((entry, counts));
            }
        }
    }

    fn finish(mut self, lexicon: &Lexicon, ranking: Ranking) -> SearchIndex {
        for (word, stem) in lexicon.words() {
            let term = self.term_of_stem(stem.clone());
            self.words.entry(word.clone()).or_insert(Some(term));
        }
        for word in stop_words() {
            self.words.entry((*word).to_owned()).or_insert(None);
        }
        let forms = self.forms(lexicon);
        let entries = self.lengths.len();
        let fields = [ranking.title, ranking.topic, ranking.text];
        let norms = self.norms(fields);
        let idf: Vec<f64> = self.counts.iter().map(|postings| inverse_frequency(entries, postings.len())).collect();
        let k1 = f64::from(ranking.k1);
        let entries_of = self.counts.iter().zip(&idf).map(|(postings, idf)| {
            let score = |(entry, counts): &(usize, Counts)| {
                let norms: &[f64; FIELDS] = &norms[*entry];
                let weighted: f64 = (0..FIELDS).map(|f| f64::from(fields[f].weight * counts[f]) / norms[f]).sum();
                (*entry, narrow(idf * weighted * (k1 + 1.0) / (weighted + k1)))
            };
            postings.iter().map(score).collect()
        });
        let entries_of = entries_of.collect();
        let mut importance = vec![1.0; self.stems.len()];
        for (stem, term) in &self.stems {
            importance[*term] = lexicon.importance(stem);
        }
        let mut trade_word: Vec<bool> =
            self.counts.iter().map(|postings| postings.iter().any(|(_, counts)| counts[0] > 0.0)).collect();
        for form in forms.values().flatten() {
            for term in &form.terms {
                trade_word[*term] = true;
            }
        }
        for (trade, importance) in trade_word.iter_mut().zip(&importance) {
            *trade = *trade && *importance > 0.5;
        }
        let mean = self.sentences.iter().map(|(_, words)| words).sum::<f32>() / (self.sentences.len().max(1) as f32);
        let b = ranking.sentence_length;
        let sentences =
            self.sentences.iter().map(|(entry, words)| (*entry, 1.0 / (1.0 - b + b * words / mean.max(1.0)))).collect();
        SearchIndex {
            analyzer: self.analyzer,
            ranking,
            spellings: spellings(&self.words),
            words: self.words,
            stems: self.stems,
            idf: idf.into_iter().map(narrow).collect(),
            importance,
            trade_word,
            unknown_idf: narrow(inverse_frequency(entries, 0)),
            entries_of,
            sentences_of: self.sentences_of,
            sentences,
            forms,
            entries,
        }
    }

    /// `[entries][fields]`: what an occurrence is divided by for the length of its field.
    fn norms(&self, fields: [FieldWeight; FIELDS]) -> Vec<[f64; FIELDS]> {
        let mut means = [0.0_f64; FIELDS];
        for lengths in &self.lengths {
            for (mean, length) in means.iter_mut().zip(lengths) {
                *mean += f64::from(*length);
            }
        }
        let count = self.lengths.len().max(1) as f64;
        let norm = |lengths: &Counts| {
            let mut norms = [1.0; FIELDS];
            for (f, norm) in norms.iter_mut().enumerate() {
                let b = f64::from(fields[f].length);
                *norm = (1.0 - b + b * f64::from(lengths[f]) / (means[f] / count).max(1.0)).max(0.1);
            }
            norms
        };
        self.lengths.iter().map(norm).collect()
    }

    fn forms(&mut self, lexicon: &Lexicon) -> FxHashMap<Term, Vec<Form>> {
        let mut forms: FxHashMap<Term, Vec<Form>> = FxHashMap::default();
        for rule in lexicon.rules() {
            let with: Vec<Vec<Term>> = rule.with.iter().map(|stems| self.terms_of(stems)).collect();
            let to: Vec<Vec<Term>> = rule.to.iter().map(|stems| self.terms_of(stems)).collect();
            for from in &rule.from {
                let from = self.terms_of(from);
                let Some(&first) = from.first() else { continue };
                let others = to.iter().filter(|to| **to != from);
                let ways: Vec<Way> =
                    others.map(|to| Way { to: to.clone(), weight: rule.weight, with: with.clone() }).collect();
                let there = forms.entry(first).or_default();
                match there.iter_mut().find(|form| form.terms == from) {
                    Some(form) => form.ways.extend(ways),
                    None => there.push(Form { terms: from, ways }),
                }
            }
        }
        for forms in forms.values_mut() {
            forms.sort_by_key(|form| std::cmp::Reverse(form.terms.len()));
        }
        forms
    }

    fn terms_of(&mut self, stems: &Stems) -> Vec<Term> {
        stems.iter().map(|stem| self.term_of_stem(stem.clone())).collect()
    }
}

/// What a mistyped word is compared with.
fn spellings(words: &FxHashMap<String, Option<Term>>) -> Spellings {
    let mut spellings = Spellings::default();
    for (word, term) in words {
        if let Some(first) = word.bytes().next()
            && word.len() >= 4
            && word.bytes().all(|byte| byte.is_ascii_lowercase())
        {
            spellings.entry((first, word.len())).or_default().push((word.clone(), *term));
        }
    }
    // The map's order is arbitrary, the index's must not be.
    for words in spellings.values_mut() {
        words.sort();
    }
    spellings
}

fn inverse_frequency(entries: usize, with_term: usize) -> f64 {
    let (entries, with_term) = (entries as f64, with_term as f64);
    (1.0 + (entries - with_term + 0.5) / (with_term + 0.5)).ln()
}

/// Rounds: logarithms differ in their last digit between platforms, and in f32 that digit is gone.
#[allow(clippy::cast_possible_truncation)] // idf and saturation are below 30
fn narrow(value: f64) -> f32 {
    value as f32
}
