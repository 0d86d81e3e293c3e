//! Whom a question is about: age, weight, pregnancy, and what else changes a dose.

use std::fmt;

use super::growth;
use super::words::{listed, number, word, words};
use crate::records::{Ages, Population};

/// Pounds in a kilogram.
const POUNDS_PER_KG: f64 = 2.204_622_6;
/// From this age on a patient is an adult.
const ADULT_YEARS: f64 = 18.0;
/// Below this weight a patient of unknown age is taken for a child, in kilograms: the 50th centile at eleven years.
const CHILD_KG: f64 = 35.0;
/// In a text of no more words "14 yr" is an age though nothing says so.
const MOST_TERSE_WORDS: usize = 12;
/// Before or behind a number of years or months these make it a time.
const TIMES: &str = "for in every after last past within over next ago later before since course intervals interval \
    review recall treatment history hx post";
/// Before a weight these make it a change of weight.
const CHANGES: &str = "lost lose losing loss gained gain gaining dropped drop";
/// Nobody is older.
const MOST_YEARS: f64 = 120.0;
/// Nobody is heavier.
const MOST_KG: f64 = 400.0;

const ADULT: &str = "adult adults man woman elderly pensioner gentleman lady grandmother";
const CHILD: &str = "child children childs kid kids toddler toddlers infant infants baby babies boy girl paediatric \
    pediatric paeds paed peds pedo teenager teenagers teen adolescent adolescents schoolchild newborn \
    son daughter pupil preschooler youngster";
const YEARS: &str = "year years yr yrs yo y yrd yrold";
const MONTHS: &str = "month months mth mths mo mos";
/// Short forms that are hardly used but for ages.
const MONTHS_OF_AGE: &str = "mo mos";

/// Something that may change a dose and that records speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Pregnancy.
    Pregnancy,
    /// Kidney disease.
    Renal,
    /// Liver disease.
    Hepatic,
}

impl Condition {
    const ALL: [(Condition, &str); 3] = [
        (Condition::Pregnancy, "pregnant pregnancy trimester expecting"),
        (Condition::Renal, "renal kidney egfr ckd dialysis"),
        (Condition::Hepatic, "hepatic liver cirrhosis"),
    ];

    /// How the remarks of a record begin that speak of it.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Condition::Pregnancy => "Pregnancy:",
            Condition::Renal => "Renal impairment:",
            Condition::Hepatic => "Hepatic impairment:",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Pregnancy => "pregnancy",
            Condition::Renal => "renal impairment",
            Condition::Hepatic => "hepatic impairment",
        })
    }
}

/// What is known of the patient; nothing of it is guessed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patient {
    /// Adult or child; `None` where nothing says it.
    pub population: Option<Population>,
    /// Age in years.
    pub age_years: Option<f64>,
    /// Weight in kilograms.
    pub weight_kg: Option<f64>,
    /// What may change the dose.
    pub conditions: Vec<Condition>,
}

impl Patient {
    /// What `texts` say: a question, the one that it follows, a note. What an earlier one says counts before a later one.
    #[must_use]
    pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Patient {
        texts.into_iter().map(|text| Patient::read(text, &words(text))).fold(Patient::default(), Patient::or)
    }

    /// What `words` say. A weight of a child makes the patient one where nothing else is said.
    pub(super) fn read(text: &str, words: &[String]) -> Patient {
        let has = |list: &str| words.iter().any(|word| listed(list, word));
        let age_years =
            (0..words.len()).find_map(|at| age_at(words, at)).or_else(|| months_over_twelve(text)).or_else(|| {
                (words.len() <= MOST_TERSE_WORDS).then(|| (0..words.len()).find_map(|at| bare_age_at(words, at)))?
            });
        let named = match (has(CHILD), has(ADULT)) {
            (true, false) => Some(Population::Child),
            (false, true) => Some(Population::Adult),
            (true, true) => Some(Population::All),
            (false, false) => None,
        };
        let conditions: Vec<Condition> =
            Condition::ALL.iter().filter(|(_, words)| has(words)).map(|(condition, _)| *condition).collect();
        let carries = conditions.contains(&Condition::Pregnancy) && age_years.is_none();
        let by_age = age_years.map(|age| if age < ADULT_YEARS { Population::Child } else { Population::Adult });
        let weight_kg = (0..words.len()).find_map(|at| weight_at(words, at));
        let by_weight = weight_kg.filter(|kg| *kg < CHILD_KG).map(|_| Population::Child);
        let population = by_age.or(named).or(by_weight).or(carries.then_some(Population::Adult));
        Patient { population, age_years, weight_kg, conditions }
    }

    /// What the question says, and where it is silent the note.
    pub(super) fn or(mut self, note: Patient) -> Patient {
        // The age in the note is not that of another patient whom the question names.
        if self.population.is_none() || self.population == note.population {
            self.population = self.population.or(note.population);
            self.age_years = self.age_years.or(note.age_years);
            self.weight_kg = self.weight_kg.or(note.weight_kg);
        }
        for condition in note.conditions {
            if !self.conditions.contains(&condition) {
                self.conditions.push(condition);
            }
        }
        self
    }

    /// The ages at which a child of this weight may be, where no age is known.
    pub(super) fn ages_by_weight(&self) -> Option<(f64, f64)> {
        let child = self.population == Some(Population::Child) && self.age_years.is_none();
        self.weight_kg.filter(|_| child).and_then(growth::ages)
    }

    /// Whether a record holds for the age at which a child usually has this weight, where no age is known.
    pub(super) fn is_usual(&self, ages: Ages) -> bool {
        let usual = self.weight_kg.filter(|_| self.ages_by_weight().is_some()).and_then(growth::usual_age);
        usual.is_some_and(|age| {
            ages.from.is_none_or(|from| from.get() <= age) && ages.below.is_none_or(|below| age < below.get())
        })
    }

    /// Whether a record for these people at these ages is for this patient.
    pub(super) fn fits(&self, population: Population, ages: Option<Ages>) -> bool {
        let (from, below) = ages.map_or((None, None), |ages| (ages.from, ages.below));
        let (from, below) = (from.map(crate::records::Number::get), below.map(crate::records::Number::get));
        if let Some(age) = self.age_years {
            let least = from.unwrap_or(if population == Population::Adult { ADULT_YEARS } else { 0.0 });
            let most = below.unwrap_or(if population == Population::Child { ADULT_YEARS } else { MOST_YEARS + 1.0 });
            return least <= age && age < most;
        }
        if let Some((youngest, oldest)) = self.ages_by_weight() {
            let (least, most) = (from.unwrap_or(0.0), below.unwrap_or(f64::INFINITY));
            if least > oldest || most <= youngest {
                return false;
            }
        }
        match self.population.unwrap_or(Population::Adult) {
            Population::Adult => population != Population::Child,
            // An adult dose from 12 years on is one for a child, too.
            Population::Child => population != Population::Adult || from.is_some_and(|from| from < 16.0),
            Population::All => true,
        }
    }
}

impl fmt::Display for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.population {
            Some(Population::Child) => "a child",
            Some(Population::Adult) => "an adult",
            _ => "a patient",
        };
        f.write_str(who)?;
        match self.age_years {
            Some(age) if age < 2.0 => write!(f, " of {:.0} months", age * 12.0)?,
            Some(age) => write!(f, " of {age} years")?,
            None => {}
        }
        match self.weight_kg {
            Some(weight) => write!(f, " and {weight:.0} kg"),
            None => Ok(()),
        }
    }
}

/// The age that begins at word `at`: "5 year old", "aged 5", "14 months old", "a child of seven", "7 y", "62 f". Of "between
/// six and eleven years" it is the first, of "under one year" a month less.
fn age_at(words: &[String], at: usize) -> Option<f64> {
    let before = |back: usize| at.checked_sub(back).map_or("", |at| word(words, at));
    let value = number(word(words, at))?;
    let (next, behind) = (word(words, at + 1), word(words, at + 2));
    let is_person = |word: &str| listed(CHILD, word) || listed(ADULT, word);
    let is_old = |word: &str| matches!(word, "old" | "olds" | "aged") || is_person(word);
    let is_aged = matches!(before(1), "aged" | "age" | "ages")
        || before(1) == "is" && before(2) == "age"
        || before(1) == "of" && (matches!(before(2), "age" | "ages") || is_person(before(2)))
        || matches!(before(1), "between" | "from") && (is_person(before(2)) || matches!(before(2), "age" | "ages"));
    let is_limit = matches!(before(1), "under" | "below");
    let is_named = is_aged || is_person(before(1));
    let is_month = listed(MONTHS, next);
    let is_year = listed(YEARS, next);
    // "between six and eleven years", "5 to 11 years", "1-4 years old"
    let last = number(behind).map(|_| word(words, at + 3)).filter(|_| matches!(next, "and" | "to"));
    let spans = last.is_some_and(|unit| listed(YEARS, unit))
        && (!matches!(before(1), "for" | "in" | "over" | "every" | "within") || is_old(word(words, at + 4)));
    let years = if is_month && (is_old(behind) || is_named || is_limit || listed(MONTHS_OF_AGE, next))
        || is_month && behind == "of" && word(words, at + 3) == "age"
    {
        value / 12.0
    } else if is_year && (is_old(behind) || is_named || is_limit || matches!(next, "yo" | "yrold" | "y"))
        || is_year && behind == "of" && word(words, at + 3) == "age"
        || spans
        || is_aged && !is_month && !matches!(next, "kg" | "mg" | "ml" | "days" | "weeks" | "cartridges")
        || matches!(next, "m" | "f" | "male" | "female") && (1.0..=MOST_YEARS).contains(&value) && value.fract() == 0.0
    {
        value
    } else {
        return None;
    };
    let years = if is_limit { (years - 1.0 / 12.0).max(0.0) } else { years };
    (years <= MOST_YEARS).then_some(years)
}

/// The age at word `at` of a few words: "penicillin v dose 14 yr uk", "at three to five months".
fn bare_age_at(words: &[String], at: usize) -> Option<f64> {
    let value = number(word(words, at))?;
    let spans = matches!(word(words, at + 1), "to" | "or" | "and") && number(word(words, at + 2)).is_some();
    let unit = if spans { at + 3 } else { at + 1 };
    let before = at.checked_sub(1).map_or("", |at| word(words, at));
    let ends_span = matches!(before, "to" | "or" | "and");
    if ends_span || listed(TIMES, before) || listed(TIMES, word(words, unit + 1)) {
        return None;
    }
    let years = match word(words, unit) {
        unit if listed(MONTHS, unit) => value / 12.0,
        unit if listed(YEARS, unit) => value,
        _ => return None,
    };
    (years <= MOST_YEARS).then_some(years)
}

/// The age in months that a text begins with or calls "old", as it is written in the United Kingdom: "18/12".
pub(super) fn months_over_twelve(text: &str) -> Option<f64> {
    let mut tokens =
        text.split_whitespace().map(|token| token.trim_matches([',', ';', '.', ':'])).enumerate().peekable();
    while let Some((at, token)) = tokens.next() {
        let months = token.strip_suffix("/12").and_then(|months| months.parse::<u8>().ok());
        if let Some(months) = months
            && (at == 0 || tokens.peek().is_some_and(|(_, next)| *next == "old"))
        {
            return Some(f64::from(months) / 12.0);
        }
    }
    None
}

/// The weight that begins at word `at`, in kilograms. "5 mg/kg" is none, and what somebody lost or gained is not what they weigh.
fn weight_at(words: &[String], at: usize) -> Option<f64> {
    let value = number(word(words, at))?;
    if words[at.saturating_sub(3)..at].iter().any(|word| listed(CHANGES, word)) {
        return None;
    }
    let kg = match word(words, at + 1) {
        "kg" | "kgs" | "kilo" | "kilos" | "kilogram" | "kilograms" => value,
        "lb" | "lbs" | "pound" | "pounds" => value / POUNDS_PER_KG,
        _ => return None,
    };
    (kg > 0.0 && kg <= MOST_KG).then_some(kg)
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Option<Population>, Option<f64>, Option<f64>) {
        let patient = Patient::read(text, &words(text));
        (patient.population, patient.age_years, patient.weight_kg.map(|kg| (kg * 10.0).round() / 10.0))
    }

    #[test]
    fn ages_weights_and_populations() {
        let (adult, child) = (Some(Population::Adult), Some(Population::Child));
        for (text, expected) in [
            ("paracetamol for a 5 year old", (child, Some(5.0), None)),
            ("a five-year-old of 18 kg", (child, Some(5.0), Some(18.0))),
            ("3yo, toothache", (child, Some(3.0), None)),
            ("14 months old", (child, Some(14.0 / 12.0), None)),
            ("a toddler of eighteen months", (child, Some(1.5), None)),
            ("a child of seven", (child, Some(7.0), None)),
            ("between six and eleven years", (child, Some(6.0), None)),
            ("State the dose at ages five to eleven.", (child, Some(5.0), None)),
            ("an infant under one year", (child, Some(11.0 / 12.0), None)),
            ("8 mo adrenal crisis", (child, Some(8.0 / 12.0), None)),
            ("15 kg, mepivacaine", (child, None, Some(15.0))),
            ("for 3 to 5 days in 2 to 3 years", (None, None, None)),
            ("aged 45", (adult, Some(45.0), None)),
            ("62F, hypertensive", (adult, Some(62.0), None)),
            ("a child", (child, None, None)),
            ("adult dose", (adult, None, None)),
            ("adult or child?", (Some(Population::All), None, None)),
            ("18/12, severe infection", (child, Some(1.5), None)),
            ("penicillin v dose 14 yr uk", (child, Some(14.0), None)),
            ("had it 3 years ago", (None, None, None)),
            ("150 lb adult", (adult, None, Some(68.0))),
            ("a pregnant patient", (adult, None, None)),
            ("4.4 mg/kg for 5 days, 6 months ago", (None, None, None)),
            ("4 mg/kg in 20 kg", (child, None, Some(20.0))),
            ("lost 5 kg, articaine max", (None, None, None)),
            ("weight loss of 10 lb, now 30 kg", (child, None, Some(30.0))),
            ("", (None, None, None)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_note_fills_what_the_question_leaves_open() {
        let of = |text: &str| Patient::read(text, &words(text));
        assert_eq!(of("amoxicillin dose").or(of("7 year old, 22 kg")).age_years, Some(7.0));
        assert_eq!(of("adult dose").or(of("7 year old, 22 kg")).age_years, None);
        assert_eq!(of("for the child").or(of("7 year old, 22 kg")).weight_kg, Some(22.0));
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,60}|([0-9.]{1,9} ?(year old|kg|lb|months old|yo|aged) ?){0,5}") {
            let patient = Patient::read(&text, &words(&text));
            prop_assert!(patient.age_years.is_none_or(|age| (0.0..=MOST_YEARS).contains(&age)));
            prop_assert!(patient.weight_kg.is_none_or(|kg| kg > 0.0 && kg <= MOST_KG));
            let _ = patient.to_string();
        }
    }
}
