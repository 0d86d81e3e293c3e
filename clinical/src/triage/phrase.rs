//! The small language of the rule file: how words and phrases are written, and where they stand in a text.
//!
//! A phrase is words with spaces between them. `swelling` stands for all its forms (swell, swelled, swellings) and for
//! misspellings of it; `=fit` for that word only; `lip/lips/tongue` for one of several; `@person` for one of the words of
//! another list. `..` lets up to three words stand between, `....` up to six. `<3.5` is a number below or at 3.5, `>39`
//! one above or at it, `80-90` one of that range. A phrase never runs over the end of a sentence.

use super::lexicon::{AtomId, ClassId, Lexicon, Reading};
use super::words::Gap;

/// The most words and gaps in a phrase: longer ones are test sentences, not rules.
pub(super) const MAX_ELEMENTS: usize = 9;
/// The most gaps in a phrase, so that a phrase is tried in a bounded number of ways.
pub(super) const MAX_GAPS: usize = 2;

/// A part of a phrase.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element {
    /// A word of this class.
    OneOf(ClassId),
    /// At most so many words.
    Skip(usize),
}

/// A phrase, ready to be found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    elements: Vec<Element>,
}

/// What is wrong with a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhraseFault {
    Empty,
    TooLong,
    TooManyGaps,
    GapAtTheEnd,
    Range,
    UnknownList,
}

impl PhraseFault {
    pub(super) fn explain(self) -> &'static str {
        match self {
            PhraseFault::Empty => "has an empty word",
            PhraseFault::TooLong => "has more than 9 words",
            PhraseFault::TooManyGaps => "has more than 2 gaps",
            PhraseFault::GapAtTheEnd => "begins or ends with a gap",
            PhraseFault::Range => "has a number range that cannot be read",
            PhraseFault::UnknownList => "names a list that does not exist or has phrases of several words",
        }
    }
}

impl Phrase {
    /// Reads a phrase; `list` gives the words of `@name`.
    pub(super) fn parse<'a>(
        text: &str,
        lexicon: &mut Lexicon,
        list: &impl Fn(&str) -> Option<&'a [String]>,
    ) -> Result<Phrase, PhraseFault> {
        let mut elements = Vec::new();
        for part in text.split_whitespace() {
            elements.push(match part {
                ".." => Element::Skip(3),
                "...." => Element::Skip(6),
                "/" => {
                    let slash = lexicon.exact("/");
                    Element::OneOf(lexicon.class(vec![slash]))
                }
                _ => {
                    let mut atoms = Vec::new();
                    for word in part.split('/') {
                        atom(word, lexicon, list, &mut atoms)?;
                    }
                    Element::OneOf(lexicon.class(atoms))
                }
            });
        }
        let gaps = elements.iter().filter(|element| matches!(element, Element::Skip(_))).count();
        let at_end =
            matches!(elements.first(), Some(Element::Skip(_))) || matches!(elements.last(), Some(Element::Skip(_)));
        match elements.len() {
            0 => Err(PhraseFault::Empty),
            _ if at_end => Err(PhraseFault::GapAtTheEnd),
            _ if gaps > MAX_GAPS => Err(PhraseFault::TooManyGaps),
            found if found > MAX_ELEMENTS => Err(PhraseFault::TooLong),
            _ => Ok(Phrase { elements }),
        }
    }

    /// What the phrase begins with; a phrase begins with no gap.
    pub(super) fn first(&self) -> Option<ClassId> {
        match self.elements.first() {
            Some(Element::OneOf(class)) => Some(*class),
            _ => None,
        }
    }

    /// Whether a text has a word for each element, wherever it stands: most phrases are out at once.
    pub(super) fn is_possible(&self, reading: &Reading) -> bool {
        self.elements.iter().all(|element| match element {
            Element::OneOf(class) => reading.has(*class),
            Element::Skip(_) => true,
        })
    }

    /// The words that the phrase names, when it begins at word `at`.
    pub(super) fn find(&self, reading: &Reading, at: usize) -> Option<Matched> {
        let mut matched = Matched { places: [0; MAX_ELEMENTS], count: 0 };
        step(&self.elements, reading, at, &mut matched).then_some(matched)
    }
}

/// The words of a text that a phrase names. Kept without an allocation: most phrases that begin are not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matched {
    places: [usize; MAX_ELEMENTS],
    count: usize,
}

impl Matched {
    /// The places of the words, in ascending order; never empty.
    pub(super) fn words(&self) -> &[usize] {
        self.places.get(..self.count).unwrap_or(&[])
    }

    /// The first and the last word.
    pub(super) fn bounds(&self) -> (usize, usize) {
        (self.places[0], self.words().last().copied().unwrap_or(self.places[0]))
    }

    fn push(&mut self, at: usize) {
        if let Some(place) = self.places.get_mut(self.count) {
            *place = at;
            self.count += 1;
        }
    }
}

fn atom<'a>(
    word: &str,
    lexicon: &mut Lexicon,
    list: &impl Fn(&str) -> Option<&'a [String]>,
    atoms: &mut Vec<AtomId>,
) -> Result<(), PhraseFault> {
    if word.is_empty() {
        return Err(PhraseFault::Empty);
    }
    if let Some(name) = word.strip_prefix('@') {
        for word in list(name).ok_or(PhraseFault::UnknownList)? {
            for word in word.split('/') {
                if word.is_empty() || word.starts_with('@') || word.contains(' ') {
                    return Err(PhraseFault::UnknownList);
                }
                atom(word, lexicon, list, atoms)?;
            }
        }
        return Ok(());
    }
    let number = |text: &str| text.parse::<f64>().map_err(|_| PhraseFault::Range);
    atoms.push(if let Some(word) = word.strip_prefix('=') {
        lexicon.exact(word)
    } else if let Some(high) = word.strip_prefix('<') {
        lexicon.range(f64::NEG_INFINITY, number(high)?)
    } else if let Some(low) = word.strip_prefix('>') {
        lexicon.range(number(low)?, f64::INFINITY)
    } else if word.starts_with(|c: char| c.is_ascii_digit())
        && let Some((low, high)) = word.split_once('-')
    {
        lexicon.range(number(low)?, number(high)?)
    } else {
        lexicon.stem(word)
    });
    Ok(())
}

fn step(elements: &[Element], reading: &Reading, at: usize, matched: &mut Matched) -> bool {
    let Some((element, rest)) = elements.split_first() else { return true };
    match element {
        Element::OneOf(class) => {
            let Some(word) = reading.words.get(at) else { return false };
            if (matched.count > 0 && word.gap == Gap::Sentence) || !reading.is(at, *class) {
                return false;
            }
            let before = *matched;
            matched.push(at);
            let found = step(rest, reading, at + 1, matched);
            if !found {
                *matched = before;
            }
            found
        }
        Element::Skip(most) => {
            // A gap stays within a clause: "throat, tongue swollen" is not a swollen throat.
            for next in at..=at + *most {
                if reading.words.get(next).is_none_or(|word| word.gap >= Gap::Comma) {
                    return false;
                }
                if step(rest, reading, next, matched) {
                    return true;
                }
            }
            false
        }
    }
}
