//! All words that the rules know, and which of them a typed word can be.

use rustc_hash::FxHashMap;

use super::words::{Word, words};
use crate::retrieval::analyze::Analyzer;

/// One test of a word: a stem, an exact word or a range of numbers.
pub(super) type AtomId = u32;

/// Shorter words are never corrected.
const MIN_CORRECTED_CHARS: usize = 5;
/// From this length two wrong letters are tolerated.
const MIN_TWO_ERRORS_CHARS: usize = 8;
/// Longer words are not corrected.
const MAX_CORRECTED_BYTES: usize = 24;

/// The words of the rules.
#[derive(Default)]
pub(super) struct Lexicon {
    analyzer: Analyzer,
    stems: FxHashMap<String, AtomId>,
    exact: FxHashMap<String, AtomId>,
    ranges: Vec<(f64, f64, AtomId)>,
    /// Words as they are written in the rules, by their first letter: what misspellings are corrected to.
    spelled: FxHashMap<u8, Vec<Spelled>>,
    /// Stems of real words that look like a misspelling of a rule's word.
    real: FxHashMap<String, ()>,
    next: AtomId,
}

struct Spelled {
    word: String,
    letters: u32,
    atom: AtomId,
}

/// A text's words and which atoms each of them is.
pub(super) struct Reading {
    pub(super) words: Vec<Word>,
    /// For each word a row of `atoms`.
    rows: Vec<usize>,
    atoms: Vec<Vec<AtomId>>,
}

impl Reading {
    /// The atoms of a word, in ascending order.
    pub(super) fn atoms(&self, at: usize) -> &[AtomId] {
        self.rows.get(at).and_then(|row| self.atoms.get(*row)).map_or(&[], Vec::as_slice)
    }

    /// Whether a word is one of `atoms` (ascending).
    pub(super) fn is_one_of(&self, at: usize, atoms: &[AtomId]) -> bool {
        self.atoms(at).iter().any(|atom| atoms.binary_search(atom).is_ok())
    }
}

impl Lexicon {
    /// The atom of all forms of a word.
    pub(super) fn stem(&mut self, word: &str) -> AtomId {
        let stem = stem_of(&self.analyzer, word);
        if let Some(atom) = self.stems.get(&stem) {
            let atom = *atom;
            self.spell(word, atom);
            return atom;
        }
        let atom = self.new_atom();
        self.stems.insert(stem, atom);
        self.spell(word, atom);
        atom
    }

    /// The atom of exactly this word.
    pub(super) fn exact(&mut self, word: &str) -> AtomId {
        if let Some(atom) = self.exact.get(word) {
            return *atom;
        }
        let atom = self.new_atom();
        self.exact.insert(word.to_owned(), atom);
        atom
    }

    /// The atom of the numbers from `low` to `high`.
    pub(super) fn range(&mut self, low: f64, high: f64) -> AtomId {
        let same = |range: &&(f64, f64, AtomId)| range.0.total_cmp(&low).is_eq() && range.1.total_cmp(&high).is_eq();
        if let Some(range) = self.ranges.iter().find(same) {
            return range.2;
        }
        let atom = self.new_atom();
        self.ranges.push((low, high, atom));
        atom
    }

    /// A word that is right as it is, although it looks like another one.
    pub(super) fn keep(&mut self, word: &str) {
        self.real.insert(stem_of(&self.analyzer, word), ());
    }

    /// How many atoms there are.
    pub(super) fn len(&self) -> usize {
        self.next as usize
    }

    /// Reads a text.
    pub(super) fn read(&self, text: &str) -> Reading {
        let words = words(text);
        let mut known: FxHashMap<&str, usize> = FxHashMap::default();
        let mut rows = Vec::with_capacity(words.len());
        let mut atoms = Vec::new();
        for word in &words {
            rows.push(*known.entry(word.text.as_str()).or_insert_with(|| {
                atoms.push(self.atoms_of(word));
                atoms.len() - 1
            }));
        }
        Reading { rows, atoms, words }
    }

    fn atoms_of(&self, word: &Word) -> Vec<AtomId> {
        let mut atoms: Vec<AtomId> = self.exact.get(&word.text).copied().into_iter().collect();
        if let Some(number) = word.number {
            atoms.extend(self.ranges.iter().filter(|(low, high, _)| (*low..=*high).contains(&number)).map(|range| range.2));
        }
        let stem = stem_of(&self.analyzer, &word.text);
        match self.stems.get(&stem) {
            Some(atom) => atoms.push(*atom),
            None if atoms.is_empty() && !self.real.contains_key(&stem) => self.correct(&word.text, &mut atoms),
            None => {}
        }
        atoms.sort_unstable();
        atoms.dedup();
        atoms
    }

    /// The nearest words of the rules, where one is near enough to be meant.
    fn correct(&self, word: &str, atoms: &mut Vec<AtomId>) {
        let plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
        if !plain || word.len() < MIN_CORRECTED_CHARS || word.len() > MAX_CORRECTED_BYTES {
            return;
        }
        let Some(spelled) = word.bytes().next().and_then(|first| self.spelled.get(&first)) else { return };
        let letters = letters(word);
        let mut best = usize::MAX;
        for candidate in spelled {
            let shorter = word.len().min(candidate.word.len());
            let allowed = if shorter >= MIN_TWO_ERRORS_CHARS { 2 } else { 1 }.min(best);
            // One error adds and removes at most one letter each.
            if word.len().abs_diff(candidate.word.len()) > allowed
                || (letters ^ candidate.letters).count_ones() as usize > 2 * allowed
            {
                continue;
            }
            let errors = distance(word.as_bytes(), candidate.word.as_bytes());
            if errors <= allowed {
                if errors < best {
                    atoms.clear();
                    best = errors;
                }
                atoms.push(candidate.atom);
            }
        }
    }

    /// What a word would be taken for as a misspelling.
    #[cfg(test)]
    pub(super) fn corrected(&self, word: &str) -> Vec<String> {
        let stem = stem_of(&self.analyzer, word);
        if self.stems.contains_key(&stem) || self.exact.contains_key(word) || self.real.contains_key(&stem) {
            return Vec::new();
        }
        let mut atoms = Vec::new();
        self.correct(word, &mut atoms);
        let names = |atom: &AtomId| {
            self.spelled.values().flatten().find(|spelled| spelled.atom == *atom).map(|spelled| spelled.word.clone())
        };
        atoms.iter().filter_map(names).collect()
    }

    fn spell(&mut self, word: &str, atom: AtomId) {
        let plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
        let Some(first) = word.bytes().next().filter(|_| plain && word.len() >= MIN_CORRECTED_CHARS) else { return };
        let spelled = self.spelled.entry(first).or_default();
        if !spelled.iter().any(|known| known.word == word) {
            spelled.push(Spelled { word: word.to_owned(), letters: letters(word), atom });
        }
    }

    fn new_atom(&mut self) -> AtomId {
        let atom = self.next;
        self.next += 1;
        atom
    }
}

fn stem_of(analyzer: &Analyzer, word: &str) -> String {
    // Stop words of retrieval ("not", "cannot") are meaningful here and stay as they are.
    analyzer.stem(word).unwrap_or_else(|| word.to_owned())
}

fn letters(word: &str) -> u32 {
    word.bytes().filter(u8::is_ascii_lowercase).fold(0, |set, byte| set | 1 << (byte - b'a'))
}

/// Optimal string alignment: letters inserted, left out, exchanged, or two neighbours swapped.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: [usize; MAX_CORRECTED_BYTES + 3] = [0; MAX_CORRECTED_BYTES + 3];
    let mut last = before;
    let mut row = before;
    for (j, cell) in last.iter_mut().enumerate().take(b.len() + 1) {
        *cell = j;
    }
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let exchanged = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = exchanged.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = last;
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, errors) in [
            ("stridor", "stridor", 0),
            ("sweling", "swelling", 1),
            ("diffculty", "difficulty", 1),
            ("seizrue", "seizure", 1),
            ("unconcious", "unconscious", 1),
            ("feaver", "fever", 1),
            ("hypotensive", "hypertensive", 2),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), errors, "{a} {b}");
        }
    }

    #[test]
    fn misspellings_but_not_other_words() {
        let mut lexicon = Lexicon::default();
        let swelling = lexicon.stem("swelling");
        let falling = lexicon.stem("falling");
        let hypotensive = lexicon.stem("hypotensive");
        lexicon.keep("filling");
        lexicon.keep("hypertensive");
        for (typed, expected) in [
            ("swelled", vec![swelling]),
            ("sweling", vec![swelling]),
            ("fallin", vec![falling]),
            ("fillings", vec![]),
            ("hypotensve", vec![hypotensive]),
            ("hypertensive", vec![]),
            ("dwelling", vec![]),
            ("wel", vec![]),
        ] {
            assert_eq!(lexicon.read(typed).atoms(0), expected, "{typed}");
        }
    }
}
