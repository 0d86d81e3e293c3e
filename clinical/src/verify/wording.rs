//! The words of a sentence against the words it cites: numbers with units, drugs, negations and limits, content.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Reason, Span};
use super::lexicon::{Drug, Lexicon, Mention};
use super::mixture::named_group;
use super::words::{Word, holds_at, words};
use crate::records::{Measure, quantities};
use crate::retrieval::analyze::Analyzer;

/// Words that turn or limit what a sentence says. Losing, adding or moving one changes the advice.
const LIMITS: &[&str] = &[
    "above",
    "after",
    "all",
    "always",
    "avoid",
    "avoided",
    "avoiding",
    "before",
    "below",
    "beyond",
    "but",
    "cannot",
    "cant",
    "contraindicated",
    "contraindication",
    "decrease",
    "decreased",
    "decreases",
    "didnt",
    "doesnt",
    "dont",
    "except",
    "fewer",
    "higher",
    "if",
    "increase",
    "increased",
    "increases",
    "instead",
    "isnt",
    "least",
    "less",
    "lower",
    "may",
    "maximum",
    "might",
    "minimum",
    "more",
    "most",
    "must",
    "mustnt",
    "neither",
    "never",
    "no",
    "none",
    "nor",
    "not",
    "only",
    "over",
    "rather",
    "reduce",
    "reduced",
    "reduces",
    "should",
    "shouldnt",
    "stop",
    "stopped",
    "under",
    "unless",
    "unnecessary",
    "unsafe",
    "until",
    "when",
    "with",
    "within",
    "without",
    "%",
    "<",
    ">",
    "\u{2264}",
    "\u{2265}",
    "/",
];

/// What is known of a sentence's words.
pub(super) struct Wording {
    /// The words are those of the spans, one after the other, with listed phrases between them at most.
    pub(super) copied: bool,
    /// The first fault.
    pub(super) fault: Option<Reason>,
}

/// Whether `word` turns or limits a meaning; whom a sentence is for limits it as well.
fn is_limit(word: &Word) -> bool {
    LIMITS.contains(&word.text.as_str()) || named_group(&word.text).is_some()
}

/// Compares a sentence with what it cites. `phrases` are the openings and connectives that may stand beside copied text.
pub(super) fn compare(draft: &Draft<'_>, lexicon: &Lexicon, phrases: &[Vec<Word>], analyzer: &Analyzer) -> Wording {
    let said = words(draft.text);
    let cited: Vec<Vec<Word>> = draft.spans.iter().map(|span| words(span.text())).collect();
    if is_copied(&said, &cited, phrases) {
        return Wording { copied: true, fault: None };
    }
    let said = without_opening(draft.text, said, phrases);
    let sentences = touched_sentences(&draft.spans);
    let source: Vec<Vec<Word>> = sentences.iter().map(|text| words(text)).collect();
    let fault = number(draft.text, &said, &sentences, &source)
        .or_else(|| drug(draft.text, &said, &source, lexicon))
        .or_else(|| limit(&said, &region(&draft.spans)))
        .or_else(|| content(&said, &source, phrases, analyzer))
        .or_else(|| moved_dose(draft.text, &sentences, lexicon));
    Wording { copied: false, fault }
}

/// Whether `said` is the cited words in their order, with listed phrases only between and around them.
fn is_copied(said: &[Word], cited: &[Vec<Word>], phrases: &[Vec<Word>]) -> bool {
    let phrase_at = |at: usize| phrases.iter().filter(|phrase| holds_at(said, at, phrase)).map(Vec::len).max();
    let mut at = 0;
    for span in cited {
        while !holds_at(said, at, span) {
            match phrase_at(at) {
                Some(length) if length > 0 => at += length,
                _ => return false,
            }
        }
        at += span.len();
    }
    while let Some(length) = phrase_at(at).filter(|length| *length > 0) {
        at += length;
    }
    at == said.len()
}

/// `said` without a listed opening in front ("Yes. …").
fn without_opening(text: &str, said: Vec<Word>, phrases: &[Vec<Word>]) -> Vec<Word> {
    let opening = phrases
        .iter()
        .filter(|phrase| holds_at(&said, 0, phrase))
        .filter(|phrase| {
            said.get(phrase.len().saturating_sub(1)).is_some_and(|last| text[last.bytes.end..].starts_with('.'))
        })
        .map(Vec::len)
        .max();
    said.into_iter().skip(opening.unwrap_or(0)).collect()
}

/// The whole sentences that the spans touch, each once.
fn touched_sentences<'a>(spans: &[Span<'a>]) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let mut sentences = Vec::new();
    for span in spans {
        let Some((first, last)) = span.touched() else { continue };
        for index in first..=last {
            if seen.insert((span.source.id, index)) {
                sentences.extend(span.source.sentence(index));
            }
        }
    }
    sentences
}

/// The words between the first and the last cited byte of each run of spans in one source: what lies between two copied words of a
/// sentence was read and passed over.
fn region(spans: &[Span<'_>]) -> Vec<Word> {
    let mut runs: Vec<Span<'_>> = Vec::new();
    for span in spans {
        let sentence = span.touched();
        match runs.last_mut() {
            Some(last)
                if last.source.id == span.source.id
                    && last.range.end <= span.range.start
                    && last.touched().map(|(_, last)| last) == sentence.map(|(first, _)| first) =>
            {
                last.range.end = span.range.end;
            }
            _ => runs.push(span.clone()),
        }
    }
    runs.iter().flat_map(|run| words(run.text())).collect()
}

fn number(text: &str, said: &[Word], sentences: &[&str], source: &[Vec<Word>]) -> Option<Reason> {
    let held: Vec<_> = sentences.iter().flat_map(|sentence| quantities(sentence)).collect();
    if let Some(dose) = quantities(text).into_iter().find(|dose| !held.iter().any(|own| own.equals(dose))) {
        return Some(Reason::Number { number: dose.shown });
    }
    let pairs = |words: &[Word]| -> Vec<(String, String)> {
        let behind = |at: usize| words.get(at + 1).map_or_else(String::new, |next| next.text.clone());
        words
            .iter()
            .enumerate()
            .filter(|(_, word)| word.is_number())
            .map(|(at, word)| (word.text.clone(), behind(at)))
            .collect()
    };
    // An amount may be written in another unit (1 g, 1,000 mg): it was compared above.
    let own: BTreeSet<String> = sentences.iter().flat_map(|text| amounts(text)).collect();
    let converted: BTreeSet<String> = amounts(text).difference(&own).cloned().collect();
    // In the order of the source: "30 to 60" is not "60 to 30".
    let mut known = source.iter().flat_map(|words| pairs(words));
    pairs(said)
        .into_iter()
        .filter(|pair| !converted.contains(&pair.0))
        .find(|pair| !known.any(|own| own == *pair))
        .map(|(number, unit)| Reason::Number { number: format!("{number} {unit}").trim_end().to_owned() })
}

/// The numbers of the doses in `text`.
fn amounts(text: &str) -> BTreeSet<String> {
    quantities(text).iter().flat_map(|dose| words(&dose.shown)).filter(Word::is_number).map(|word| word.text).collect()
}

fn drug(text: &str, said: &[Word], source: &[Vec<Word>], lexicon: &Lexicon) -> Option<Reason> {
    let held: Vec<Drug> = source.iter().flat_map(|words| lexicon.mentions(words)).map(|mention| mention.drug).collect();
    let lost = lexicon.mentions(said).into_iter().find(|mention| !held.contains(&mention.drug))?;
    let shown = said.get(lost.at).and_then(|word| text.get(word.bytes.clone())).unwrap_or_default();
    Some(Reason::Drug { drug: shown.to_owned() })
}

/// A dose with the drug it belongs to: the last one named before it in its sentence, else the first one behind it.
fn bound_doses(sentence: &str, lexicon: &Lexicon) -> Vec<(Drug, Measure, f64, String)> {
    let words = words(sentence);
    let mentions: Vec<(usize, Mention)> = lexicon
        .mentions(&words)
        .into_iter()
        .filter_map(|mention| words.get(mention.at).map(|word| (word.bytes.start, mention)))
        .collect();
    let mut from = 0;
    quantities(sentence)
        .into_iter()
        .filter_map(|dose| {
            let at = sentence[from..].find(&dose.shown).map_or(from, |at| from + at);
            from = at;
            let before = mentions.iter().rev().find(|(start, _)| *start < at);
            let (_, mention) = before.or_else(|| mentions.first())?;
            Some((mention.drug.clone(), dose.measure, dose.value, dose.shown))
        })
        .collect()
}

fn moved_dose(text: &str, sentences: &[&str], lexicon: &Lexicon) -> Option<Reason> {
    let held: Vec<_> = sentences.iter().flat_map(|sentence| bound_doses(sentence, lexicon)).collect();
    bound_doses(text, lexicon)
        .into_iter()
        .find(|(drug, measure, value, _)| {
            !held
                .iter()
                .any(|(own, same, amount, _)| own == drug && same == measure && amount.to_bits() == value.to_bits())
        })
        .map(|(_, _, _, dose)| Reason::MovedDose { dose })
}

/// Limiting words must be the same ones, and the first word behind each the same as well.
fn limit(said: &[Word], region: &[Word]) -> Option<Reason> {
    let limits = |words: &[Word]| -> Vec<(String, String)> {
        let behind = |at: usize| words.get(at + 1).map_or_else(String::new, |next| next.text.clone());
        words
            .iter()
            .enumerate()
            .filter(|(_, word)| is_limit(word))
            .map(|(at, word)| (word.text.clone(), behind(at)))
            .collect()
    };
    let counted = |limits: &[(String, String)]| -> BTreeMap<String, usize> {
        limits.iter().fold(BTreeMap::new(), |mut counts, (word, _)| {
            *counts.entry(word.clone()).or_default() += 1;
            counts
        })
    };
    let (said, cited) = (limits(said), limits(region));
    let (in_text, in_source) = (counted(&said), counted(&cited));
    let more = |a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>| -> Option<String> {
        a.iter().find(|(word, count)| b.get(*word).is_none_or(|other| other < *count)).map(|(word, _)| word.clone())
    };
    if let Some(word) = more(&in_source, &in_text) {
        return Some(Reason::LostLimit { word });
    }
    if let Some(word) = more(&in_text, &in_source) {
        return Some(Reason::AddedLimit { word });
    }
    said.iter().find(|pair| !cited.contains(pair)).map(|(word, _)| Reason::AddedLimit { word: word.clone() })
}

fn content(said: &[Word], source: &[Vec<Word>], phrases: &[Vec<Word>], analyzer: &Analyzer) -> Option<Reason> {
    let held: BTreeSet<String> = source.iter().flatten().filter_map(|word| analyzer.stem(&word.text)).collect();
    let listed: BTreeSet<&str> = phrases.iter().flatten().map(|word| word.text.as_str()).collect();
    said.iter()
        .find(|word| {
            !word.is_number()
                && !listed.contains(word.text.as_str())
                && analyzer.stem(&word.text).is_some_and(|stem| !held.contains(&stem))
        })
        .map(|word| Reason::Word { word: word.text.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Region;
    use crate::text::sentences::sentences;
    use crate::verify::{Group, Kind, Source};

    const SOURCE: &str = "In an adult, give paracetamol 1 g or ibuprofen 400 mg, but do not give aspirin below 16 years. \
        Rinse for 5 days with 0.2 % chlorhexidine.";

    fn fault(text: &str) -> Option<Reason> {
        let ranges = sentences(SOURCE);
        let source = Source {
            id: "a",
            text: SOURCE,
            sentences: &ranges,
            kind: Kind::Passage,
            group: Group::Adult,
            region: Region::Uk,
        };
        let spans = ranges.iter().map(|range| Span { source, range: range.clone() }).collect();
        let phrases = ["Yes.", "and"].map(words);
        compare(
            &Draft { text, spans },
            &Lexicon::new(["paracetamol", "ibuprofen", "aspirin"]),
            &phrases,
            &Analyzer::default(),
        )
        .fault
    }

    #[test]
    fn what_was_changed_is_named() {
        let cases: [(&str, &str, Reason); 10] = [
            ("1 g", "2 g", Reason::Number { number: "2 g".to_owned() }),
            ("400 mg", "400 mcg", Reason::Number { number: "400 mcg".to_owned() }),
            ("5 days", "5 weeks", Reason::Number { number: "5 weeks".to_owned() }),
            ("0.2 %", "0.2", Reason::Number { number: "0.2 chlorhexidine".to_owned() }),
            ("ibuprofen", "naproxen", Reason::Word { word: "naproxen".to_owned() }),
            ("aspirin", "amoxicillin", Reason::Drug { drug: "amoxicillin".to_owned() }),
            ("do not give", "do give", Reason::LostLimit { word: "not".to_owned() }),
            ("Rinse", "Never rinse", Reason::AddedLimit { word: "never".to_owned() }),
            ("adult", "infant", Reason::LostLimit { word: "adult".to_owned() }),
            (
                "paracetamol 1 g or ibuprofen 400 mg",
                "ibuprofen 1 g or paracetamol 400 mg",
                Reason::MovedDose { dose: "1 g".to_owned() },
            ),
        ];
        for (from, to, expected) in cases {
            let text = SOURCE.replacen(from, to, 1);
            assert_ne!(text, SOURCE, "{from}");
            assert_eq!(fault(&text), Some(expected), "{text}");
        }
        assert_eq!(fault(SOURCE), None);
        assert_eq!(fault(&format!("Yes. {SOURCE}")), None);
        assert_eq!(fault(&SOURCE.replace("1 g", "1,000 mg")), None);
    }
}
