//! Which drugs a text names, whatever they are called and however they are misspelt.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::words::{is_misspelt, mistakes, words};
use crate::knowledge::Drug;

/// The names of all drugs, by their first word.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// First word → names, those with more words first.
    names: FxHashMap<String, Vec<Name>>,
    /// Names of one long word, in the order of the file: what a misspelt word is compared with.
    long: Vec<(String, usize)>,
}

#[derive(Debug, Clone)]
struct Name {
    words: Vec<String>,
    drug: usize,
}

/// A drug in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// Its place in the list of drugs.
    pub(super) drug: usize,
    /// The words that name it.
    pub(super) words: Range<usize>,
}

impl Lexicon {
    /// Reads the names; an error is the name that two drugs share, or that has no word.
    pub fn of(drugs: &[Drug]) -> Result<Lexicon, String> {
        let mut lexicon = Lexicon::default();
        for (drug, entry) in drugs.iter().enumerate() {
            for name in entry.all_names() {
                let words = words(name);
                let Some(first) = words.first() else { return Err(name.to_owned()) };
                let names = lexicon.names.entry(first.clone()).or_default();
                if names.iter().any(|other| other.words == words) {
                    return Err(name.to_owned());
                }
                if words.len() == 1 && mistakes(first) > 0 {
                    lexicon.long.push((first.clone(), drug));
                }
                names.push(Name { words, drug });
            }
        }
        for names in lexicon.names.values_mut() {
            names.sort_by_key(|name| std::cmp::Reverse(name.words.len()));
        }
        Ok(lexicon)
    }

    /// The drugs of a record's field `drug`, sorted; what stands in brackets does not name another one.
    #[must_use]
    pub fn drugs_of(&self, field: &str) -> Vec<usize> {
        let outside: String = field.split('(').map(|part| part.rsplit(')').next().unwrap_or_default()).collect();
        let words = words(&outside);
        let mut drugs: Vec<usize> = self.exact(&words).into_iter().map(|mention| mention.drug).collect();
        drugs.sort_unstable();
        drugs.dedup();
        drugs
    }

    /// The drugs that `words` name, in order; a misspelt name counts if it can only be one drug's.
    pub(super) fn mentions(&self, words: &[String]) -> Vec<Mention> {
        let mut mentions = self.exact(words);
        let named: Vec<Range<usize>> = mentions.iter().map(|mention| mention.words.clone()).collect();
        for (at, word) in words.iter().enumerate() {
            if named.iter().any(|range| range.contains(&at)) {
                continue;
            }
            if let Some(drug) = self.misspelt(word) {
                mentions.push(Mention { drug, words: at..at + 1 });
            }
        }
        mentions.sort_by_key(|mention| mention.words.start);
        mentions
    }

    fn exact(&self, words: &[String]) -> Vec<Mention> {
        let mut mentions = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let names = self.names.get(word).map(Vec::as_slice).unwrap_or_default();
            let found = names.iter().find(|name| words[at..].starts_with(&name.words));
            let length = found.map_or(1, |name| name.words.len());
            mentions.extend(found.map(|name| Mention { drug: name.drug, words: at..at + length }));
            at += length;
        }
        mentions
    }

    /// The one drug whose name `word` could have been. Two names that are equally near are no answer.
    fn misspelt(&self, word: &str) -> Option<usize> {
        let most = mistakes(word);
        for allowed in 1..=most {
            let mut drugs: Vec<usize> = self
                .long
                .iter()
                .filter(|(name, _)| {
                    // The first letter is seldom wrong, and names that differ there are other drugs.
                    name.chars().next() == word.chars().next()
                        && allowed <= mistakes(name)
                        && is_misspelt(name, word, allowed)
                })
                .map(|(_, drug)| *drug)
                .collect();
            drugs.dedup();
            match drugs.as_slice() {
                [] => {}
                [drug] => return Some(*drug),
                _ => return None,
            }
        }
        None
    }
}
