//! Whether a text asks for a dose, of which drug, for whom and where.

use super::lexicon::{Lexicon, Mention};
use super::patient::Patient;
use super::region::regions;
use super::words::words;
use crate::records::Region;

/// Words that ask for an amount, a limit or a schedule.
const ASKS: &[&str] = &[
    "dose", "doses", "dosage", "dosages", "dosing", "dosed", "dos", "regimen", "regime", "regimens", "mg", "mcg",
    "milligram", "milligrams", "microgram", "micrograms", "ml", "millilitre", "millilitres", "units", "ppm", "percent",
    "maximum", "max", "ceiling", "limit", "limits", "cartridge", "cartridges", "tablet", "tablets", "capsules",
    "puffs", "drops", "strength", "concentration", "schedule", "interval", "frequency", "course", "prescribe",
    "prescribed", "prescription", "script", "rx", "mgkg", "kilo", "kilogram", "dilution", "bolus", "amount",
    "milliliters", "volume", "titrate", "increments",
];
/// Two words that do so.
const ASKS_TOGETHER: &[(&str, &str)] = &[
    ("how", "much"),
    ("how", "often"),
    ("how", "long"),
    ("how", "many"),
    ("mg", "kg"),
    ("which", "band"),
    ("how", "is"),
    ("how", "do"),
    ("how", "should"),
    ("how", "to"),
];
/// Words that ask for an amount even where no drug is named.
const ASKS_ALONE: &[&str] =
    &["dose", "doses", "dosage", "dosing", "regimen", "regime", "mg", "milligrams", "prescribe", "prescription", "rx"];
/// A short question that names a drug and one of these asks for its dose: "14 yr old ibuprofen uk?".
const MOST_TERSE_WORDS: usize = 12;

/// Before a drug: it is taken already, not wanted, or another drug's condition.
const CONTEXT_BEFORE: &[&str] = &[
    "allergic", "allergy", "on", "takes", "taking", "took", "after", "avoid", "instead", "without", "unlike", "than",
    "versus", "vs", "against", "interaction", "interactions", "intolerant", "reaction", "hypersensitivity", "swallowed",
    "despite", "failed", "stop", "replace", "replacing", "using", "uses",
];
/// Words that may stand between.
const BETWEEN: &[&str] = &["to", "of", "with", "the", "a", "an", "his", "her", "their", "long", "term", "high", "low", "regular", "daily"];
/// Behind a drug.
const CONTEXT_BEHIND: &[&str] = &["allergy", "allergic", "allergies", "anaphylaxis", "intolerance", "user", "users", "intolerant", "resistant", "saturation", "saturations", "level", "levels", "reading", "meter", "hypersensitivity", "free", "alternative"];
/// Before a name that is a measurement then: "blood glucose".
const MEASURED: &[&str] = &["blood", "capillary", "plasma", "serum"];

/// A question that asks for a dose.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseQuestion {
    /// The drugs whose dose is asked, by place in the list; none where the question only says what it is for.
    pub(super) drugs: Vec<usize>,
    /// Drugs that are named besides.
    pub(super) others: Vec<usize>,
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

    /// The regions it names; empty where it names none.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Reads a question and the note that was pasted with it. `None` where no dose is asked.
    pub(super) fn read(question: &str, note: Option<&str>, lexicon: &Lexicon) -> Option<DoseQuestion> {
        let words = words(question);
        let note = note.map(self::words).unwrap_or_default();
        let mentions = lexicon.mentions(&words);
        let (asked, others): (Vec<&Mention>, Vec<&Mention>) =
            mentions.iter().partition(|mention| !is_context(&words, mention));
        let mut drugs: Vec<usize> = asked.iter().map(|mention| mention.drug).collect();
        drugs.dedup();
        let others: Vec<usize> = others.iter().map(|mention| mention.drug).filter(|drug| !drugs.contains(drug)).collect();
        let patient = Patient::read(&words);
        let regions = regions(question, &words);
        let asks = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let together = words.windows(2).any(|pair| ASKS_TOGETHER.contains(&(pair[0].as_str(), pair[1].as_str())));
        let terse = words.len() <= MOST_TERSE_WORDS && (patient.age_years.is_some() || patient.weight_kg.is_some());
        let is_asked = if drugs.is_empty() { asks(ASKS_ALONE) || asks(&["much"]) } else { asks(ASKS) || together || terse };
        is_asked.then(|| DoseQuestion { drugs, others, patient: patient.or(Patient::read(&note)), regions, words, note })
    }
}

/// Whether a drug is named for something else than its dose.
fn is_context(words: &[String], mention: &Mention) -> bool {
    let mut before = words[..mention.words.start].iter().rev().skip_while(|word| BETWEEN.contains(&word.as_str()));
    let last = before.next().map_or("", String::as_str);
    let next = words.get(mention.words.end).map_or("", String::as_str);
    CONTEXT_BEFORE.contains(&last) || CONTEXT_BEHIND.contains(&next) || MEASURED.contains(&last)
}
