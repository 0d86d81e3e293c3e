//! Scoring the entries for a question.
//!
//! A concept counts what the best way to say it counts in an entry: its own words, or all words of a synonym times the synonym's weight.
//! `score = (Σ concepts in the entry + sentence · best sentence) · (1 − coverage + coverage · covered share)`.

use super::index::SearchIndex;
use super::query::{Concept, Correction, Query};

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its place among the entries.
    pub entry: usize,
    /// What it was ranked by; comparable within one search only.
    pub score: f32,
    /// Share of what the question asks for that the entry holds, weighted by rarity: 0 to 1. A word that no entry has weighs as much as the
    /// rarest.
    pub coverage: f32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Best first; ties go to the entry that comes first.
    pub hits: Vec<Hit>,
    /// Words that were taken for others.
    pub corrections: Vec<Correction>,
    /// Content words that neither an entry nor the lexicon has.
    pub unknown: Vec<String>,
    /// Content words of the question in all.
    pub words: usize,
    /// Those that stand in a title of the knowledge base or in the lexicon: the words of the trade.
    pub trade_words: usize,
    /// What the whole question would be worth in an entry that covers all of it once: idf.
    pub asked: f32,
}

impl SearchIndex {
    /// The `limit` best entries for `text`.
    #[must_use]
    pub fn search(&self, text: &str, limit: usize) -> Found {
        self.search_with(text, None, limit)
    }

    /// As [`Self::search`], with the words of `context` (a patient's note) counting `weight` of what those of the question count. They
    /// move entries up that the question finds; they find none by themselves.
    #[must_use]
    pub fn search_with(&self, text: &str, context: Option<(&str, f32)>, limit: usize) -> Found {
        let query = Query::of(text, self);
        let mut totals = Totals::new(self);
        for concept in &query.concepts {
            totals.add(concept, 1.0, true);
        }
        if let Some((note, weight)) = context {
            for concept in &Query::of(note, self).concepts {
                totals.add(concept, weight, false);
            }
        }
        Found {
            asked: totals.asked,
            hits: totals.hits(limit),
            corrections: query.corrections,
            unknown: query.unknown,
            words: query.words,
            trade_words: query.trade_words,
        }
    }
}

/// Scores of all entries and sentences while a question is worked through.
struct Totals<'a> {
    index: &'a SearchIndex,
    entries: Vec<f32>,
    sentences: Vec<f32>,
    /// What of the question each entry covers, in idf.
    covered: Vec<f32>,
    asked: f32,
    concept: Scratch,
    sentence: Scratch,
    cover: Scratch,
}

/// The best of several ways, for each place; only touched places are cleared again.
#[derive(Default)]
struct Scratch {
    best: Vec<f32>,
    now: Vec<f32>,
    count: Vec<u16>,
    touched: Vec<usize>,
    touched_now: Vec<usize>,
}

impl Scratch {
    fn new(places: usize) -> Scratch {
        Scratch { best: vec![0.0; places], now: vec![0.0; places], count: vec![0; places], ..Scratch::default() }
    }

    fn note(&mut self, place: usize, value: f32) {
        if self.count[place] == 0 {
            self.touched_now.push(place);
        }
        self.count[place] += 1;
        self.now[place] += value;
    }

    /// Ends one way: its sums count where at least `least` words were noted.
    fn end_way(&mut self, least: usize, weight: f32) {
        for place in self.touched_now.drain(..) {
            if usize::from(self.count[place]) >= least {
                if self.best[place] == 0.0 {
                    self.touched.push(place);
                }
                self.best[place] = self.best[place].max(self.now[place] * weight);
            }
            self.now[place] = 0.0;
            self.count[place] = 0;
        }
    }

    fn end_concept(&mut self, mut add: impl FnMut(usize, f32)) {
        for place in self.touched.drain(..) {
            add(place, self.best[place]);
            self.best[place] = 0.0;
        }
    }
}

impl<'a> Totals<'a> {
    fn new(index: &'a SearchIndex) -> Totals<'a> {
        let (entries, sentences) = (index.entries(), index.sentences().len());
        Totals {
            index,
            entries: vec![0.0; entries],
            sentences: vec![0.0; sentences],
            covered: vec![0.0; entries],
            asked: 0.0,
            concept: Scratch::new(entries),
            sentence: Scratch::new(sentences),
            cover: Scratch::new(entries),
        }
    }

    fn add(&mut self, concept: &Concept, factor: f32, counts_as_asked: bool) {
        let index = self.index;
        let asked: f32 = concept
            .literal
            .iter()
            .map(|(term, weight)| index.idf(*term) * if term.is_some() { index.importance(*term).min(*weight) } else { 1.0 })
            .sum();
        for (term, weight) in &concept.literal {
            if let Some(term) = *term {
                self.word(term, *weight);
            }
        }
        self.end_way(1, 1.0, asked, None);
        for (terms, weight) in &concept.alternatives {
            for term in terms {
                self.word(*term, 1.0);
            }
            let full: f32 = terms.iter().map(|term| index.idf(Some(*term))).sum();
            self.end_way(terms.len(), *weight, asked, Some(full));
        }
        let (entries, sentences, covered) = (&mut self.entries, &mut self.sentences, &mut self.covered);
        self.concept.end_concept(|entry, value| entries[entry] += factor * value);
        self.sentence.end_concept(|sentence, value| sentences[sentence] += factor * value);
        if counts_as_asked {
            self.asked += asked;
            self.cover.end_concept(|entry, value| covered[entry] += value);
        } else {
            self.cover.end_concept(|_, _| {});
        }
    }

    fn word(&mut self, term: usize, weight: f32) {
        let idf = self.index.idf(Some(term));
        for (entry, score) in self.index.entries_of(term) {
            self.concept.note(*entry, score * weight);
            self.cover.note(*entry, idf * weight);
        }
        for sentence in self.index.sentences_of(term) {
            self.sentence.note(*sentence, idf * weight);
        }
    }

    /// A way that stands for the whole concept covers all of it, however rare its own words are.
    fn end_way(&mut self, least: usize, weight: f32, asked: f32, full: Option<f32>) {
        self.concept.end_way(least, weight);
        self.sentence.end_way(least, weight);
        let scale = full.map_or(1.0, |full| if full > 0.0 { asked / full } else { 0.0 });
        self.cover.end_way(least, weight * scale);
    }

    fn hits(self, limit: usize) -> Vec<Hit> {
        let ranking = &self.index.ranking;
        let mut best = vec![0.0_f32; self.entries.len()];
        for ((entry, norm), score) in self.index.sentences().iter().zip(&self.sentences) {
            best[*entry] = best[*entry].max(score * norm);
        }
        let mut hits: Vec<Hit> = (0..self.entries.len())
            .filter(|entry| self.covered[*entry] > 0.0)
            .map(|entry| {
                let coverage = if self.asked > 0.0 { (self.covered[entry] / self.asked).min(1.0) } else { 0.0 };
                let score = self.entries[entry] + ranking.sentence * best[entry];
                Hit { entry, score: score * (1.0 - ranking.coverage + ranking.coverage * coverage), coverage }
            })
            .collect();
        hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
        hits.truncate(limit);
        hits
    }
}
