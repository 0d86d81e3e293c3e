//! Scoring the entries for a question.
//!
//! A concept counts what the best way to say it counts in an entry: its own words, or all words of a synonym times the synonym's weight.
//! `score = (Σ concepts in the entry + sentence · best sentence) · (1 − coverage + coverage · covered share)`.

use super::index::SearchIndex;
use super::lines::Wanted;
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
        self.search_for(&Wanted::of(text, self), context, limit)
    }

    /// As [`Self::search_with`], for a question that is analysed already.
    #[must_use]
    pub fn search_for(&self, wanted: &Wanted<'_>, context: Option<(&str, f32)>, limit: usize) -> Found {
        let query = &wanted.query;
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
            corrections: query.corrections.clone(),
            unknown: query.unknown.clone(),
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
        let asked = concept.asked(index);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::index::Entry;
    use crate::retrieval::lexicon::Lexicon;
    use crate::retrieval::lexicon::tests::shipped as lexicon;
    use crate::retrieval::parameters::tests::shipped as parameters;
    use proptest::prelude::*;

    const ENTRIES: [(&str, &str, &str); 8] = [
        (
            "Dry socket",
            "surgery",
            "Alveolar osteitis is pain after an extraction. The blood clot is lost from the socket.",
        ),
        ("Dental caries", "caries", "Sugar feeds bacteria. Acid dissolves the tooth. Fluoride helps to prevent it."),
        ("Non-steroidal pain relief", "drugs", "Ibuprofen 400mg is taken with food. Avoid it with ulcers."),
        ("Penicillin allergy", "drugs", "A patient with a penicillin allergy should not be given amoxicillin."),
        ("Teething", "child", "A child's first teeth come at about six months."),
        ("Root canal treatment", "endodontics", "The root canal is shaped and irrigated with sodium hypochlorite."),
        (
            "Anaesthetic maximum",
            "drugs",
            "Lidocaine with adrenaline: at most 4.4 mg/kg. Paracetamol 1 g relieves pain.",
        ),
        ("Posteroanterior view", "radiology", "A posteroanterior view of the mandible shows a fracture."),
    ];

    fn index_with(lexicon: &Lexicon) -> SearchIndex {
        let entries = ENTRIES.iter().map(|(title, topic, text)| Entry { title, topic, text, sentences: &[] });
        SearchIndex::build(entries, lexicon, parameters().ranking)
    }

    fn first(question: &str) -> Option<usize> {
        index_with(&lexicon()).search(question, 3).hits.first().map(|hit| hit.entry)
    }

    #[test]
    fn finds_what_is_asked_for_in_other_words() {
        for (question, expected) in [
            ("What is a dry socket?", 0),
            ("sore hole after xla, clot gone", 0),
            ("How can I prevent tooth decay with fluorides?", 1),
            ("NSAID with food?", 2),
            ("nonsteroidal", 2),
            ("ibuprofen 400 mg", 2),
            ("is amox ok in pen allergy", 3),
            ("when do kids get their first tooth", 4),
            ("RCT irrigant", 5),
            ("root filling with naocl", 5),
            ("max Xylocaine with epi per kg", 6),
            ("Tylenol", 6),
            ("anesthetic maximum", 6),
            ("PA of the mandible", 7),
        ] {
            assert_eq!(first(question), Some(expected), "{question}");
        }
    }

    #[test]
    fn mistyped_words_are_understood() {
        for (question, used, expected) in [
            ("amoxicilin", "amoxicillin", 3),
            ("ibuprofne", "ibuprofen", 2),
            ("hypoclorite", "hypochlorite", 5),
            ("extracton socket", "extraction", 0),
            ("paracetmol", "paracetamol", 6),
        ] {
            let found = index_with(&lexicon()).search(question, 1);
            assert!(found.corrections.iter().any(|correction| correction.used == used), "{question}: {found:?}");
            assert_eq!(found.hits.first().map(|hit| hit.entry), Some(expected), "{question}");
        }
        assert_eq!(first("paindrugs"), Some(2), "two words written as one");
        assert!(index_with(&lexicon()).search("shoud", 1).corrections.is_empty(), "a mistyped stop word is none");
    }

    #[test]
    fn without_a_lexicon_only_the_words_themselves_count() {
        let found = index_with(&Lexicon::default()).search("Tylenol zzxqvw", 3);
        assert!(found.hits.is_empty());
        assert_eq!(found.unknown, ["tylenol", "zzxqvw"]);
    }

    #[test]
    fn coverage_tells_covered_from_uncovered() {
        let index = index_with(&lexicon());
        assert!(index.search("dry socket pain", 1).hits[0].coverage > 0.99);
        let spread = index.search("stock market crash after tooth", 1);
        assert!(spread.hits.first().is_none_or(|hit| hit.coverage < 0.4), "{spread:?}");
        for empty in ["", "what is it?", "🦷", "هل البنسلين آمن"] {
            assert!(index.search(empty, 3).hits.is_empty(), "{empty}");
        }
    }

    #[test]
    fn a_note_moves_what_the_question_found() {
        let index = index_with(&lexicon());
        let question = "Which pain relief?";
        let order = |note: Option<(&str, f32)>| {
            index.search_with(question, note, 8).hits.iter().map(|hit| hit.entry).collect::<Vec<_>>()
        };
        let (alone, with) = (order(None), order(Some(("Takes lidocaine well, adrenaline noted", 0.9))));
        assert_eq!(alone.first(), Some(&2));
        assert!(with.iter().position(|entry| *entry == 6) < alone.iter().position(|entry| *entry == 6));
        assert_eq!(
            {
                let mut sorted = alone.clone();
                sorted.sort_unstable();
                sorted
            },
            {
                let mut sorted = with;
                sorted.sort_unstable();
                sorted
            }
        );
    }

    #[test]
    fn ties_go_to_the_first() {
        let same = [Entry { title: "a", text: "tooth", ..Entry::default() }; 3];
        let index = SearchIndex::build(same, &Lexicon::default(), parameters().ranking);
        let order: Vec<usize> = index.search("tooth", 2).hits.iter().map(|hit| hit.entry).collect();
        assert_eq!(order, [0, 1]);
        assert!(SearchIndex::build([], &lexicon(), parameters().ranking).search("tooth", 2).hits.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_entries_question_and_note(
            entries in proptest::collection::vec(("\\PC{0,20}", "(.|\\s){0,60}"), 0..5),
            question in "(.|\\s){0,80}",
            note in proptest::option::of("(.|\\s){0,80}"),
            limit in 0_usize..4,
        ) {
            let lexicon = lexicon();
            let of = entries.iter().map(|(title, text)| Entry { title, text, ..Entry::default() });
            let index = SearchIndex::build(of, &lexicon, parameters().ranking);
            let context = note.as_deref().map(|note| (note, 0.1));
            let found = index.search_with(&question, context, limit);
            prop_assert!(found.hits.len() <= limit);
            for pair in found.hits.windows(2) {
                prop_assert!(pair[0].score >= pair[1].score);
            }
            for hit in &found.hits {
                prop_assert!(hit.entry < entries.len() && hit.score.is_finite());
                prop_assert!((0.0..=1.0).contains(&hit.coverage));
            }
            prop_assert_eq!(&index.search_with(&question, context, limit), &found);
        }
    }
}
