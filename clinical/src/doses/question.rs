//! Whether a text asks for a dose, of which drug, for whom and where.

use super::lexicon::{Lexicon, Mention};
use super::patient::Patient;
use super::region::regions;
use super::words::{is_misspelt, listed, mistakes, words};
use crate::records::Region;

/// Words that ask for an amount, a limit or a schedule.
const ASKS: &str = "dose doses dosage dosages dosing dosed regimen regime regimens mg mcg milligram milligrams microgram \
    micrograms ml millilitre millilitres units ppm maximum max maxima ceiling limit limits cartridge \
    cartridges tablet tablets puffs strength concentration kilogram dilution bolus amount volume range \
    titrate titrated titration increments prescription rx script course frequency";
/// Two words that do so.
const ASKS_TOGETHER: &[(&str, &str)] = &[
    ("how", "much"),
    ("how", "often"),
    ("how", "many"),
    ("mg", "kg"),
    ("per", "kg"),
    ("per", "kilo"),
    ("band", "contains"),
];
/// "How is nystatin given?"
const GIVEN: &str = "give given dosed taken applied administered prescribed injected used made";
/// Words that ask for an amount even where no drug is named, or one without a record.
const ASKS_ALONE: &str = "dose doses dosage dosing regimen regime mg milligrams prescribe rx max maximum";
/// A note of a few words that names a drug and for whom or where asks for its dose: "ibuprofen 14 yr old uk".
const MOST_TERSE_WORDS: usize = 12;
/// Words of a question about something else than a dose.
const ASKS_ELSE: &str = "can is are does do why when should safe ok interaction avoid vs versus hold bridge check risk \
    still need needed work works sign signs";

/// Before a drug: it is taken already, not wanted, or another drug's condition.
const CONTEXT_BEFORE: &str = "on takes taking took after avoid instead without unlike than versus vs against \
    interaction interactions swallowed despite failed stop replace \
    replacing using uses";
/// Words of an allergy: beside them "penicillin" is the family that the patient cannot have.
const ALLERGY: &str = "allergy allergic allergies anaphylaxis anaphylactic rash hypersensitivity";
/// The name of a family that is a drug's name, too.
const FAMILY: &str = "penicillin";
/// Words that may stand between.
const BETWEEN: &str = "to of with the a an his her their long term high low regular daily";
/// Behind a drug.
const CONTEXT_BEHIND: &str = "allergy allergic allergies anaphylaxis intolerance user users intolerant resistant saturation \
    saturations level levels reading meter hypersensitivity free alternative";
/// Before a name that is a measurement then: "blood glucose".
const MEASURED: &str = "blood capillary plasma serum";

/// A question that asks for a dose.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseQuestion {
    /// The drugs whose dose is asked, by place in the list; none where the question only says what it is for.
    pub(super) drugs: Vec<usize>,
    /// Drugs that are named besides.
    pub(super) others: Vec<usize>,
    /// Whether it says so in words that leave no doubt: a drug without a record is named only then.
    pub(super) explicit: bool,
    /// Whether it asks for an amount by weight.
    pub(super) by_weight: bool,
    /// Whom it is about.
    pub(super) patient: Patient,
    /// The regions it names.
    pub(super) regions: Vec<Region>,
    /// The words of the question.
    pub(super) words: Vec<String>,
    /// The words of the note.
    pub(super) note: Vec<String>,
}

impl DoseQuestion {
    /// Whom it is about, as far as question and note say it.
    #[must_use]
    pub fn patient(&self) -> &Patient {
        &self.patient
    }

    /// Whether it names the drug whose dose it asks.
    #[must_use]
    pub fn names_a_drug(&self) -> bool {
        !self.drugs.is_empty()
    }

    /// The regions it names; empty where it names none.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The question `next` that follows this one: it is about the same drug, where it names a patient, a region or a drug and no more, or where
    /// it asks for a dose itself (`asks`). What it says counts before what was said earlier.
    pub(super) fn followed_by(self, next: &str, asks: bool, lexicon: &Lexicon) -> Option<DoseQuestion> {
        let (next, _) = DoseQuestion::understand(next, None, lexicon);
        let adds = !next.drugs.is_empty() || next.patient != Patient::default() || !next.regions.is_empty();
        (asks || adds).then(|| DoseQuestion {
            drugs: if next.drugs.is_empty() { self.drugs } else { next.drugs },
            others: self.others,
            explicit: self.explicit || asks && next.explicit,
            by_weight: self.by_weight || asks && next.by_weight,
            patient: next.patient.or(self.patient),
            regions: if next.regions.is_empty() { self.regions } else { next.regions },
            words: next.words.into_iter().chain(self.words).collect(),
            note: self.note,
        })
    }

    /// Reads a question and the note that was pasted with it. `None` where no dose is asked.
    pub(super) fn read(question: &str, note: Option<&str>, lexicon: &Lexicon) -> Option<DoseQuestion> {
        let (read, is_asked) = DoseQuestion::understand(question, note, lexicon);
        is_asked.then_some(read)
    }

    /// What a question and its note say, and whether a dose is asked.
    fn understand(question: &str, note: Option<&str>, lexicon: &Lexicon) -> (DoseQuestion, bool) {
        let mut words = words(question);
        // "dose he need it" begins with a misspelt "does".
        let next = words.get(1).map_or("", String::as_str);
        if words.first().is_some_and(|word| word == "dose") && !matches!(next, "of" | "for" | "in" | "per" | "and") {
            words.remove(0);
        }
        let note_text = note.unwrap_or_default();
        let note = self::words(note_text);
        let allergic = words.iter().any(|word| is_one_of(word, ALLERGY));
        let is_family = |mention: &Mention| match &words[mention.words.clone()] {
            [name] => allergic && is_misspelt(name, FAMILY, mistakes(FAMILY)),
            _ => false,
        };
        let mentions = lexicon.mentions(&words);
        let (asked, others): (Vec<&Mention>, Vec<&Mention>) =
            mentions.iter().partition(|mention| !is_context(&words, mention) && !is_family(mention));
        let mut drugs: Vec<usize> = Vec::new();
        for mention in asked {
            if !drugs.contains(&mention.drug) {
                drugs.push(mention.drug);
            }
        }
        let others = others.iter().map(|mention| mention.drug).filter(|drug| !drugs.contains(drug)).collect();
        let patient = Patient::read(question, &words);
        let regions = regions(question, &words);
        let asks = |list: &str| words.iter().any(|word| listed(list, word));
        let much = words.windows(2).any(|pair| pair[0] == "how" && pair[1] == "much");
        let by_weight =
            words.windows(2).any(|pair| matches!((pair[0].as_str(), pair[1].as_str()), ("mg" | "per", "kg" | "kilo")));
        let explicit = asks(ASKS_ALONE) || much;
        let is_asked = explicit
            || !drugs.is_empty()
                && (asks(ASKS)
                    || words.windows(2).any(|pair| ASKS_TOGETHER.contains(&(pair[0].as_str(), pair[1].as_str())))
                    || asks("how") && asks(GIVEN)
                    || words.len() <= MOST_TERSE_WORDS
                        && (patient.population.is_some() || !regions.is_empty())
                        && !asks(ASKS_ELSE));
        let patient = patient.or(Patient::read(note_text, &note));
        (DoseQuestion { drugs, others, explicit, by_weight, patient, regions, words, note }, is_asked)
    }
}

/// Whether `word` is one of `list`, perhaps misspelt.
fn is_one_of(word: &str, list: &str) -> bool {
    list.split(' ').any(|other| other == word || mistakes(word) > 0 && is_misspelt(word, other, 1))
}

/// Whether a drug is named for something else than its dose.
fn is_context(words: &[String], mention: &Mention) -> bool {
    let mut before = words[..mention.words.start].iter().rev().skip_while(|word| listed(BETWEEN, word));
    let last = before.next().map_or("", String::as_str);
    let between = &words[..mention.words.start];
    let to = between.last().is_some_and(|word| word == "to");
    let next = words.get(mention.words.end).map_or("", String::as_str);
    // "metronidazole, allergic to penicillin" is about another drug's allergy.
    let of_another = words.get(mention.words.end + 1).is_some_and(|word| word == "to");
    is_one_of(last, CONTEXT_BEFORE)
        || to && is_one_of(last, ALLERGY)
        || !of_another && is_one_of(next, CONTEXT_BEHIND)
        || listed(MEASURED, last)
}
