//! What can be seen of a question's scope before anything is answered.

use serde::Deserialize;

use crate::retrieval::analyze::for_each_compound;
use crate::retrieval::search::Found;
use crate::retrieval::spelling::canonical;

/// Corrections that count less than this may be names of their own.
const DOUBTFUL_CORRECTION: f32 = 0.62;
/// The most words between two words of a cue.
const CUE_GAP: usize = 4;
/// Evidence that is looked through for the greatest coverage.
const BEST: usize = 5;

/// The signals' names, in the order of [`Signals::values`].
pub const SIGNALS: [&str; 17] = [
    "coverage",
    "best_coverage",
    "density",
    "margin",
    "unknown_share",
    "corrected_share",
    "trade_share",
    "few_words",
    "unknown_name",
    "injection",
    "image",
    "legal_financial",
    "chit_chat",
    "other_medicine",
    "anchor",
    "other_medicine_without_anchor",
    "similarity",
];

/// What a question asks for that no dental text can answer, by its wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cue {
    /// Orders to the assistant.
    Injection,
    /// A picture that should be read.
    Image,
    /// Law, money, employment.
    LegalFinancial,
    /// Talk.
    ChitChat,
    /// Parts of the body and illnesses that dentistry does not treat. They may still matter to it, as a hip replacement does.
    OtherMedicine,
}

impl Cue {
    /// All of them, in the order of the signals.
    pub const ALL: [Cue; 5] = [Cue::Injection, Cue::Image, Cue::LegalFinancial, Cue::ChitChat, Cue::OtherMedicine];
}

/// Wordings that are looked for: words in this order with at most [`CUE_GAP`] others between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Wordings {
    /// A cue and its words.
    pub(super) cues: Vec<(Cue, Vec<String>)>,
    /// Endings of names of medicines.
    pub(super) endings: Vec<String>,
    /// Beginnings of words that only dentistry uses.
    pub(super) anchors: Vec<String>,
}

/// The signals of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// In the order of [`SIGNALS`].
    pub values: [f32; SIGNALS.len()],
    /// The first unknown word that looks like a name.
    pub unknown_name: Option<String>,
}

impl Signals {
    pub(super) fn of(question: &str, found: &Found, similarity: Option<f32>, wordings: &Wordings) -> Signals {
        let words = found.words.max(1) as f32;
        let first = found.hits.first();
        let second = found.hits.get(1).map_or(0.0, |hit| hit.score);
        let score = first.map_or(0.0, |hit| hit.score);
        let best = found.hits.iter().take(BEST).map(|hit| hit.coverage).fold(0.0, f32::max);
        let corrected: f32 = found.corrections.iter().map(|correction| 1.0 - correction.weight).sum();
        let unknown_name = unknown_name(question, found, &wordings.endings);
        let folded = folded(question, found);
        let cue = |wanted: Cue| flag(wordings.cues.iter().any(|(cue, words)| *cue == wanted && holds(&folded, words)));
        let anchor = folded.iter().any(|word| wordings.anchors.iter().any(|anchor| word.starts_with(anchor.as_str())));
        let other_medicine = cue(Cue::OtherMedicine);
        let values = [
            first.map_or(0.0, |hit| hit.coverage),
            best,
            score / found.asked.max(1.0),
            if score > 0.0 { (score - second) / score } else { 0.0 },
            found.unknown.len() as f32 / words,
            corrected / words,
            found.trade_words as f32 / words,
            1.0 / words,
            flag(unknown_name.is_some()),
            cue(Cue::Injection),
            cue(Cue::Image),
            cue(Cue::LegalFinancial),
            cue(Cue::ChitChat),
            other_medicine,
            flag(anchor),
            if anchor { 0.0 } else { other_medicine },
            similarity.filter(|similarity| similarity.is_finite()).unwrap_or(0.0),
        ];
        Signals { values, unknown_name }
    }

    /// The cue that was found, if one was.
    #[must_use]
    pub fn cue(&self) -> Option<Cue> {
        Cue::ALL.into_iter().zip(&self.values[9..]).find(|(_, value)| **value > 0.0).map(|(cue, _)| cue)
    }
}

fn flag(is: bool) -> f32 {
    if is { 1.0 } else { 0.0 }
}

/// The words of a question in one spelling, corrected where the search corrected them.
fn folded(text: &str, found: &Found) -> Vec<String> {
    let mut words = Vec::new();
    for_each_compound(text, |compound| {
        words.extend(compound.parts().map(|part| {
            let word = canonical(part);
            let correction = found.corrections.iter().find(|correction| correction.typed == word);
            correction.map_or(word, |correction| correction.used.clone())
        }));
    });
    words
}

fn holds(text: &[String], cue: &[String]) -> bool {
    let Some((first, rest)) = cue.split_first() else { return false };
    text.iter().enumerate().filter(|(_, word)| *word == first).any(|(at, _)| {
        let mut next = at + 1;
        rest.iter().all(|wanted| {
            let there = text[next..].iter().take(CUE_GAP + 1).position(|word| word == wanted);
            next += there.map_or(0, |there| there + 1);
            there.is_some()
        })
    })
}

/// A word that nothing is known of, or little, and that has the capital of a name inside a sentence or the ending of a medicine.
fn unknown_name(question: &str, found: &Found, endings: &[String]) -> Option<String> {
    let doubtful = found.corrections.iter().filter(|correction| correction.weight < DOUBTFUL_CORRECTION);
    let unknown: Vec<&str> =
        found.unknown.iter().map(String::as_str).chain(doubtful.map(|correction| correction.typed.as_str())).collect();
    if unknown.is_empty() {
        return None;
    }
    let mut begins_sentence = true;
    for piece in question.split_whitespace() {
        for part in piece.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
            let word = canonical(&part.to_lowercase());
            if unknown.contains(&word.as_str()) {
                let named = part.starts_with(char::is_uppercase)
                    && !begins_sentence
                    && part.chars().any(char::is_lowercase)
                    && part.chars().count() >= 4;
                let medicine = word.len() >= 7 && endings.iter().any(|ending| word.ends_with(ending.as_str()));
                if named || medicine {
                    return Some(part.to_owned());
                }
            }
            begins_sentence = false;
        }
        begins_sentence |= piece.ends_with(['.', '?', '!', ':']);
    }
    None
}
