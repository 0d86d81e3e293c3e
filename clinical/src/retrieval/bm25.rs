//! Plain BM25 (Robertson & Zaragoza 2009) over titles and texts, with a measure of how much of a question is covered.
//!
//! `score(d) = Σ_t idf(t) · f·(k1+1) / (f + k1·(1 − b + b·len(d)/avg))`, where `f = text occurrences +`
//! [`TITLE_WEIGHT`]` · title occurrences`, and `idf(t) = ln(1 + (N − n + ½)/(n + ½))`.
//!
//! The index is built when the knowledge base is loaded: a word is stemmed once however often it occurs. A search
//! touches only the postings of the question's words. Scores are sums in a fixed order and ties go to the passage that
//! comes first, so the same question always finds the same passages.

use rustc_hash::FxHashMap;

use super::analyze::{Analyzer, for_each_compound};
use crate::knowledge::KnowledgeBase;

/// How many times a word in the title counts.
pub const TITLE_WEIGHT: f32 = 3.0;
/// Saturation of repeated words.
const K1: f64 = 1.2;
/// How much a passage's length matters.
const B: f64 = 0.75;
/// Unknown words at least this long may be corrected; shorter ones have too many neighbours.
const MIN_CORRECTED_LETTERS: usize = 6;
/// What a corrected word counts: a guess is worth less than a word.
const CORRECTED_WEIGHT: f32 = 0.8;

/// A passage that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Index into the knowledge base's passages.
    pub passage: usize,
    /// BM25; comparable within one search only.
    pub score: f32,
    /// Share of the question's content words found in this passage, weighted by idf: 0 to 1. A word that no passage
    /// has weighs as much as the rarest word.
    pub coverage: f32,
}

/// A word of the question that no passage has, and the one it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// As typed, folded to lower case.
    pub typed: String,
    /// The word searched for.
    pub used: String,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Retrieval {
    /// Best first.
    pub hits: Vec<Hit>,
    /// The coverage of the best hit; 0 without one. A low value means that the question is not covered: its words are
    /// spread over passages about other things, or are in none. With 4,023 passages from MedQuAD and an ontology, 95 %
    /// of 1,500 MedQuAD questions about those documents had 0.92 or more, and half of 1,500 about others 0.38 or less.
    pub coverage: f32,
    /// Words that were corrected.
    pub corrections: Vec<Correction>,
    /// Content words that no passage has.
    pub unknown: Vec<String>,
}

/// The index over a list of passages.
pub struct Bm25Index {
    analyzer: Analyzer,
    /// Every folded word seen, with its term; `None` for stop words.
    words: FxHashMap<String, Option<usize>>,
    /// Every stem, with its term.
    stems: FxHashMap<String, usize>,
    /// `[terms]`
    idf: Vec<f32>,
    /// What a word weighs that no passage has.
    unknown_idf: f32,
    /// `[terms + 1]`: where each term's postings begin.
    offsets: Vec<usize>,
    /// `[postings]`: passages, ascending within a term.
    posting_passages: Vec<usize>,
    /// `[postings]`: what the term adds to the passage's score.
    posting_scores: Vec<f32>,
    passages: usize,
}

/// What the index knows of a folded word.
enum Known {
    Stop,
    Term(usize),
    Never,
}

impl Known {
    fn term(self) -> Option<usize> {
        match self {
            Known::Term(term) => Some(term),
            Known::Stop | Known::Never => None,
        }
    }
}

/// A word of the question: its parts, and the parts written as one.
struct QueryWord {
    /// `(term, weight)`; the term is `None` for an unknown word.
    parts: Vec<(Option<usize>, f32)>,
    joined: Option<usize>,
}

impl Bm25Index {
    /// Indexes a knowledge base.
    #[must_use]
    pub fn of(base: &KnowledgeBase) -> Bm25Index {
        Bm25Index::build(base.passages().iter().map(|passage| (passage.title.as_str(), passage.text.as_str())))
    }

    /// Indexes `(title, text)` pairs. A hit's `passage` is the place in this order.
    #[must_use]
    pub fn build<'a>(documents: impl IntoIterator<Item = (&'a str, &'a str)>) -> Bm25Index {
        let mut builder = Builder::default();
        for (title, text) in documents {
            builder.add(title, text);
        }
        builder.finish()
    }

    /// How many passages are indexed.
    #[must_use]
    pub fn passages(&self) -> usize {
        self.passages
    }

    /// The `limit` best passages for `text`.
    #[must_use]
    pub fn search(&self, text: &str, limit: usize) -> Retrieval {
        let mut retrieval = Retrieval::default();
        let words = self.query_words(text, &mut retrieval);
        let mut terms: Vec<(usize, f32)> = Vec::new();
        for word in &words {
            let joined = word.joined.map(|term| (term, 1.0));
            for (term, weight) in word.parts.iter().filter_map(|(term, weight)| Some(((*term)?, *weight))).chain(joined)
            {
                if !terms.iter().any(|(seen, _)| *seen == term) {
                    terms.push((term, weight));
                }
            }
        }

        let mut scores = vec![0.0_f32; self.passages];
        let mut found = Vec::new();
        for (term, weight) in terms {
            let postings = self.offsets[term]..self.offsets[term + 1];
            for (&passage, &score) in self.posting_passages[postings.clone()].iter().zip(&self.posting_scores[postings])
            {
                if scores[passage] == 0.0 {
                    found.push(passage);
                }
                scores[passage] += weight * score;
            }
        }
        found.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        found.truncate(limit);
        retrieval.hits = found
            .into_iter()
            .map(|passage| Hit { passage, score: scores[passage], coverage: self.coverage(&words, passage) })
            .collect();
        retrieval.coverage = retrieval.hits.first().map_or(0.0, |hit| hit.coverage);
        retrieval
    }

    fn query_words(&self, text: &str, retrieval: &mut Retrieval) -> Vec<QueryWord> {
        let mut words = Vec::new();
        for_each_compound(text, |compound| {
            let joined = compound.joined().and_then(|word| self.known(word).term());
            let mut parts = Vec::new();
            for part in compound.parts() {
                match self.known(part) {
                    Known::Term(term) => parts.push((Some(term), 1.0)),
                    Known::Stop => {}
                    Known::Never => parts.push(self.unknown_word(part, joined.is_some(), retrieval)),
                }
            }
            if !parts.is_empty() {
                words.push(QueryWord { parts, joined });
            }
        });
        words
    }

    fn known(&self, word: &str) -> Known {
        if let Some(term) = self.words.get(word) {
            return term.map_or(Known::Stop, Known::Term);
        }
        match self.analyzer.stem(word) {
            None => Known::Stop,
            Some(stem) => self.stems.get(&stem).map_or(Known::Never, |term| Known::Term(*term)),
        }
    }

    fn unknown_word(&self, word: &str, known_joined: bool, retrieval: &mut Retrieval) -> (Option<usize>, f32) {
        if known_joined {
            return (None, 1.0);
        }
        if let Some((used, term)) = self.corrected(word) {
            let correction = Correction { typed: word.to_owned(), used: used.to_owned() };
            if !retrieval.corrections.contains(&correction) {
                retrieval.corrections.push(correction);
            }
            return (Some(term), CORRECTED_WEIGHT);
        }
        if !retrieval.unknown.iter().any(|known| known == word) {
            retrieval.unknown.push(word.to_owned());
        }
        (None, 1.0)
    }

    /// The most frequent word one slip of the finger away from `word`.
    fn corrected(&self, word: &str) -> Option<(&str, usize)> {
        if word.len() < MIN_CORRECTED_LETTERS || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
        self.words
            .iter()
            .filter_map(|(known, term)| Some((known.as_str(), (*term)?)))
            .filter(|(known, _)| one_slip_apart(word.as_bytes(), known.as_bytes()))
            // The map's order is arbitrary, so the words themselves decide between equally frequent ones.
            .max_by(|(a, a_term), (b, b_term)| {
                self.passages_with(*a_term).cmp(&self.passages_with(*b_term)).then(b.cmp(a))
            })
    }

    fn passages_with(&self, term: usize) -> usize {
        self.offsets[term + 1] - self.offsets[term]
    }

    fn coverage(&self, words: &[QueryWord], passage: usize) -> f32 {
        let has = |term: usize| {
            self.posting_passages[self.offsets[term]..self.offsets[term + 1]].binary_search(&passage).is_ok()
        };
        let (mut found, mut asked) = (0.0_f32, 0.0_f32);
        for word in words {
            let joined = word.joined.is_some_and(has);
            for (term, weight) in &word.parts {
                let idf = term.map_or(self.unknown_idf, |term| self.idf[term]);
                asked += idf;
                if joined {
                    found += idf;
                } else if term.is_some_and(has) {
                    found += idf * weight;
                }
            }
        }
        if asked > 0.0 { (found / asked).min(1.0) } else { 0.0 }
    }
}

#[derive(Default)]
struct Builder {
    analyzer: Analyzer,
    words: FxHashMap<String, Option<usize>>,
    stems: FxHashMap<String, usize>,
    /// `[terms]`: the last posting of each term.
    last_posting: Vec<Option<usize>>,
    /// `(term, passage, weighted occurrences)` in the order of passages.
    postings: Vec<(usize, usize, f32)>,
    /// `[passages]`: weighted words.
    lengths: Vec<f32>,
}

impl Builder {
    fn add(&mut self, title: &str, text: &str) {
        let passage = self.lengths.len();
        self.lengths.push(0.0);
        for (field, weight) in [(title, TITLE_WEIGHT), (text, 1.0)] {
            for_each_compound(field, |compound| {
                for part in compound.parts() {
                    if let Some(term) = self.term(part) {
                        self.count(term, passage, weight);
                        self.lengths[passage] += weight;
                    }
                }
                // An extra way to be found, not an extra word.
                if let Some(term) = compound.joined().and_then(|joined| self.term(joined)) {
                    self.count(term, passage, weight);
                }
            });
        }
    }

    fn term(&mut self, word: &str) -> Option<usize> {
        if let Some(term) = self.words.get(word) {
            return *term;
        }
        let term = self.analyzer.stem(word).map(|stem| {
            let next = self.stems.len();
            *self.stems.entry(stem).or_insert(next)
        });
        if term.is_some_and(|term| term == self.last_posting.len()) {
            self.last_posting.push(None);
        }
        self.words.insert(word.to_owned(), term);
        term
    }

    fn count(&mut self, term: usize, passage: usize, weight: f32) {
        if let Some(at) = self.last_posting[term]
            && self.postings[at].1 == passage
        {
            self.postings[at].2 += weight;
        } else {
            self.last_posting[term] = Some(self.postings.len());
            self.postings.push((term, passage, weight));
        }
    }

    fn finish(self) -> Bm25Index {
        let terms = self.last_posting.len();
        let passages = self.lengths.len();
        let mut offsets = vec![0_usize; terms + 1];
        for (term, ..) in &self.postings {
            offsets[term + 1] += 1;
        }
        for term in 0..terms {
            offsets[term + 1] += offsets[term];
        }
        let idf: Vec<f64> =
            (0..terms).map(|term| inverse_frequency(passages, offsets[term + 1] - offsets[term])).collect();
        let total: f64 = self.lengths.iter().map(|length| f64::from(*length)).sum();
        let average = (total / passages.max(1) as f64).max(1.0);

        let mut next = offsets.clone();
        let mut posting_passages = vec![0; self.postings.len()];
        let mut posting_scores = vec![0.0; self.postings.len()];
        for (term, passage, occurrences) in self.postings {
            let occurrences = f64::from(occurrences);
            let length = f64::from(self.lengths[passage]) / average;
            let saturated = occurrences * (K1 + 1.0) / (occurrences + K1 * (1.0 - B + B * length));
            posting_passages[next[term]] = passage;
            posting_scores[next[term]] = narrow(idf[term] * saturated);
            next[term] += 1;
        }
        Bm25Index {
            analyzer: self.analyzer,
            words: self.words,
            stems: self.stems,
            idf: idf.into_iter().map(narrow).collect(),
            unknown_idf: narrow(inverse_frequency(passages, 0)),
            offsets,
            posting_passages,
            posting_scores,
            passages,
        }
    }
}

fn inverse_frequency(passages: usize, with_term: usize) -> f64 {
    let (passages, with_term) = (passages as f64, with_term as f64);
    (1.0 + (passages - with_term + 0.5) / (with_term + 0.5)).ln()
}

/// Rounds: logarithms differ in their last digit between platforms, and in f32 that digit is gone.
#[allow(clippy::cast_possible_truncation)] // idf and saturation are below 30
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Whether one letter was changed, left out, added, or swapped with its neighbour.
fn one_slip_apart(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[same..], &long[same..]);
    if short.len() < long.len() {
        return short == &long[1..];
    }
    let ([x, short @ ..], [y, long @ ..]) = (short, long) else {
        return false;
    };
    short == long || matches!((short, long), ([x2, short @ ..], [y2, long @ ..]) if x == y2 && x2 == y && short == long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DOCUMENTS: [(&str, &str); 5] = [
        ("Dry socket", "Alveolar osteitis is pain after an extraction. The blood clot is lost from the socket."),
        ("Dental caries", "Sugar feeds bacteria. Acid dissolves the tooth. Fluoride helps to prevent it."),
        ("Non-steroidal pain relief", "Ibuprofen 400mg is taken with food. Avoid it with ulcers."),
        ("Penicillin allergy", "A patient with a penicillin allergy should not be given amoxicillin."),
        ("Teething", "A child's first teeth come at about six months."),
    ];

    fn index() -> Bm25Index {
        Bm25Index::build(DOCUMENTS)
    }

    #[test]
    fn finds_the_right_passage() {
        let cases = [
            ("What is a dry socket?", 0),
            ("How can I prevent tooth decay with fluorides?", 1),
            ("nonsteroidal painkiller", 2),
            ("NON-STEROIDAL", 2),
            ("ibuprofen 400 mg", 2),
            ("Is amoxicillin safe in allergic patients?", 3),
            ("when do children get their first tooth", 4),
            ("amoxicilin", 3),
            ("ibuprofne", 2),
        ];
        for (question, expected) in cases {
            let found = index().search(question, 3);
            assert_eq!(found.hits.first().map(|hit| hit.passage), Some(expected), "{question}: {found:?}");
        }
    }

    #[test]
    fn coverage_tells_covered_from_uncovered() {
        let index = index();
        assert!((index.search("dry socket pain", 1).coverage - 1.0).abs() < 1e-6);
        assert!(index.search("non-steroidal", 1).coverage > 0.99);
        assert!(index.search("nonsteroidal", 1).coverage > 0.99);
        assert!(index.search("stock market crash after tooth", 1).coverage < 0.4);
        for empty in ["", "what is it?", "zzxqv", "🦷", "هل البنسلين آمن"] {
            let found = index.search(empty, 3);
            assert!(found.hits.is_empty() && found.coverage == 0.0, "{empty}: {found:?}");
        }
    }

    #[test]
    fn corrections_and_unknown_words_are_told() {
        let found = index().search("penicilin zzxqv penicilin", 1);
        assert_eq!(found.corrections, [Correction { typed: "penicilin".into(), used: "penicillin".into() }]);
        assert_eq!(found.unknown, ["zzxqv"]);
        // Short words and numbers are never guessed.
        let found = index().search("soket 401mg", 1);
        assert!(found.corrections.is_empty());
        assert_eq!(found.unknown, ["soket", "401"]);
    }

    #[test]
    fn slips() {
        for (a, b, expected) in [
            ("abcdef", "abcdef", false),
            ("abcdef", "abcdxf", true),
            ("abcdef", "abcde", true),
            ("abcde", "abcdef", true),
            ("abcdef", "bacdef", true),
            ("abcdef", "abcdfe", true),
            ("abcdef", "bcadef", false),
            ("abcdef", "abcd", false),
            ("", "a", true),
            ("prednisone", "prednisolone", false),
        ] {
            assert_eq!(one_slip_apart(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(one_slip_apart(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }

    #[test]
    fn ties_go_to_the_first() {
        let index = Bm25Index::build([("a", "tooth"), ("a", "tooth"), ("a", "tooth")]);
        let order: Vec<usize> = index.search("tooth", 2).hits.iter().map(|hit| hit.passage).collect();
        assert_eq!(order, [0, 1]);
    }

    /// The formula of the module's head, straight from the words.
    #[test]
    fn matches_the_formula() {
        let documents = [("", "tooth tooth acid"), ("tooth", "acid sugar"), ("", "gum gum gum gum")];
        let lengths = [3.0_f64, 5.0, 4.0];
        let frequencies = [2.0_f64, 3.0, 0.0];
        let idf = (1.0_f64 + (3.0 - 2.0 + 0.5) / (2.0 + 0.5)).ln();
        let found = Bm25Index::build(documents).search("teeth", 3);
        assert_eq!(found.hits.len(), 2);
        for hit in found.hits {
            let (f, length) = (frequencies[hit.passage], lengths[hit.passage] / 4.0);
            let expected = idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * length));
            assert!((f64::from(hit.score) - expected).abs() < 1e-5, "{hit:?} {expected}");
        }
    }

    #[test]
    fn nothing_indexed_nothing_found() {
        let empty = Bm25Index::build([]);
        assert!(empty.search("tooth", 5).hits.is_empty());
        assert_eq!(empty.passages(), 0);
        assert!(Bm25Index::build([("", "")]).search("tooth", 5).hits.is_empty());
    }

    /// 5,000 passages of 100 words. How long a search takes `cargo xtask bench assistant` tells.
    #[test]
    fn finds_among_many() {
        let word = |n: usize| format!("w{}x", (n * n) % 7_919);
        let texts: Vec<String> =
            (0..5_000).map(|d| (0..100).map(|w| word(d * 31 + w)).collect::<Vec<_>>().join(" ")).collect();
        let index = Bm25Index::build(texts.iter().map(|text| ("a title of it", text.as_str())));
        let found = index.search("title w1x w4x w9x w16x misspelledword w25x", 5);
        assert_eq!(found.hits.len(), 5);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn any_text_and_question(
            documents in proptest::collection::vec(("\\PC{0,20}", "(.|\\s){0,60}"), 0..6),
            question in "(.|\\s){0,60}",
            limit in 0_usize..4,
        ) {
            let index = Bm25Index::build(documents.iter().map(|(title, text)| (title.as_str(), text.as_str())));
            let found = index.search(&question, limit);
            prop_assert!(found.hits.len() <= limit);
            prop_assert!(found.hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
            for hit in &found.hits {
                prop_assert!(hit.passage < documents.len() && hit.score > 0.0);
                prop_assert!((0.0..=1.0).contains(&hit.coverage));
            }
            prop_assert_eq!(&index.search(&question, limit), &found);
        }

        /// A passage's own title and text find it, completely covered.
        #[test]
        fn a_passage_finds_itself(at in 0_usize..5) {
            let found = index().search(&format!("{} {}", DOCUMENTS[at].0, DOCUMENTS[at].1), 1);
            prop_assert_eq!(found.hits[0].passage, at);
            prop_assert!(found.coverage > 0.999);
        }
    }
}
