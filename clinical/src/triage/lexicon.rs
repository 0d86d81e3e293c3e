//! All words that the rules know, and which of them a typed word can be.

use rustc_hash::{FxHashMap, FxHashSet};

use super::words::{Word, words};
use crate::retrieval::analyze::Analyzer;

/// One test of a word: a stem, an exact word or a range of numbers.
pub(super) type AtomId = u32;

/// Several atoms of which a word must be one.
pub(super) type ClassId = u32;

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
    real: FxHashSet<String>,
    next: AtomId,
    classes: FxHashMap<Vec<AtomId>, ClassId>,
    /// For each atom the classes that it is in.
    classes_of: Vec<Vec<ClassId>>,
}

struct Spelled {
    word: String,
    letters: u32,
    atom: AtomId,
}

/// A text's words and which classes each of them is in.
pub(super) struct Reading {
    pub(super) words: Vec<Word>,
    /// For each word its number among the different words.
    rows: Vec<usize>,
    /// For each different word its classes, ascending.
    classes: Vec<Vec<ClassId>>,
    /// The same as bits, `width` blocks for each different word.
    bits: Vec<u64>,
    width: usize,
    /// The bits of all words together.
    any: Vec<u64>,
}

impl Reading {
    /// The number of a word among the different words of the text.
    pub(super) fn row(&self, at: usize) -> usize {
        self.rows.get(at).copied().unwrap_or(usize::MAX)
    }

    /// The classes of each different word, ascending.
    pub(super) fn different_words(&self) -> &[Vec<ClassId>] {
        &self.classes
    }

    /// Whether a word is in a class.
    pub(super) fn is(&self, at: usize, class: ClassId) -> bool {
        let (block, bit) = place(class);
        let row = self.rows.get(at).and_then(|row| self.bits.get(row * self.width + block));
        row.is_some_and(|bits| bits & bit != 0)
    }

    /// Whether any word of the text is in a class.
    pub(super) fn has(&self, class: ClassId) -> bool {
        let (block, bit) = place(class);
        self.any.get(block).is_some_and(|bits| bits & bit != 0)
    }
}

/// The block and the bit of a class.
fn place(class: ClassId) -> (usize, u64) {
    ((class / u64::BITS) as usize, 1 << (class % u64::BITS))
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
        self.real.insert(stem_of(&self.analyzer, word));
    }

    /// The class of these atoms.
    pub(super) fn class(&mut self, mut atoms: Vec<AtomId>) -> ClassId {
        atoms.sort_unstable();
        atoms.dedup();
        // A rule file is read with limits far below 2^32 classes.
        let next = u32::try_from(self.classes.len()).unwrap_or(u32::MAX);
        let class = *self.classes.entry(atoms.clone()).or_insert(next);
        if class == next {
            for atom in atoms {
                let atom = atom as usize;
                if self.classes_of.len() <= atom {
                    self.classes_of.resize(atom + 1, Vec::new());
                }
                self.classes_of[atom].push(class);
            }
        }
        class
    }

    /// How many classes there are.
    pub(super) fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Reads a text.
    pub(super) fn read(&self, text: &str) -> Reading {
        let words = words(text);
        let mut known: FxHashMap<&str, usize> = FxHashMap::default();
        let mut rows = Vec::with_capacity(words.len());
        let mut classes = Vec::new();
        for word in &words {
            rows.push(*known.entry(word.text.as_str()).or_insert_with(|| {
                classes.push(self.classes_of_word(word));
                classes.len() - 1
            }));
        }
        let width = self.classes.len().div_ceil(u64::BITS as usize);
        let mut bits = vec![0; width * classes.len()];
        let mut any = vec![0; width];
        for (row, classes) in classes.iter().enumerate() {
            for class in classes {
                let (block, bit) = place(*class);
                bits[row * width + block] |= bit;
                any[block] |= bit;
            }
        }
        Reading { words, rows, classes, bits, width, any }
    }

    fn classes_of_word(&self, word: &Word) -> Vec<ClassId> {
        let atoms = self.atoms_of(word);
        let mut classes: Vec<ClassId> =
            atoms.iter().filter_map(|atom| self.classes_of.get(*atom as usize)).flatten().copied().collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    fn atoms_of(&self, word: &Word) -> Vec<AtomId> {
        let mut atoms: Vec<AtomId> = self.exact.get(&word.text).copied().into_iter().collect();
        if let Some(number) = word.number {
            atoms.extend(
                self.ranges.iter().filter(|(low, high, _)| (*low..=*high).contains(&number)).map(|range| range.2),
            );
        }
        let stem = stem_of(&self.analyzer, &word.text);
        match self.stems.get(&stem) {
            Some(atom) => atoms.push(*atom),
            None if atoms.is_empty() && !self.real.contains(&stem) => self.correct(&word.text, &mut atoms),
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
        if self.stems.contains_key(&stem) || self.exact.contains_key(word) || self.real.contains(&stem) {
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
            assert_eq!(words(typed).first().map(|word| lexicon.atoms_of(word)), Some(expected), "{typed}");
        }
    }
}
