//! A dose for one patient from a record: by weight or by the band of age or weight the record holds for, never above its
//! maxima or the adult's, and as a volume of a suspension.
//!
//! Records of the emergency kit are not calculated: their ceilings stand in words, and in an emergency the line of the record
//! is what is read.

use std::fmt;

use super::band::{WeightBand, weight_band};
use super::exact::{self, G, MCG, MG, ML, Mass, Volume};
use super::patient::{ADULT_YEARS, Group, Patient};
use super::working::CHECK;
use crate::records::{Ages, Amount, Facts, Number, Population, Record, Unit};

/// Hours of a day.
const DAY_HOURS: f64 = 24.0;
/// Parts of what is counted and not weighed: four decimals.
const PARTS: u64 = 10_000;
/// The largest volume of one dose, in microlitres: more than 50 mL is not swallowed by a child.
const MOST_MICROLITRES: u64 = 50_000;

/// Why there is no dose.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DoseError {
    /// The record is no dose that can be calculated.
    #[error("the record {record} holds no dose to calculate: {reason}; read its line instead")]
    NotCalculable {
        /// The record.
        record: String,
        /// Why.
        reason: &'static str,
    },
    /// The record is for the other group.
    #[error("the record {record} is for {expected}, the patient is {found}; choose a record for {found}")]
    OtherGroup {
        /// The record.
        record: String,
        /// Whom it is for.
        expected: Group,
        /// Who the patient is.
        found: Group,
    },
    /// The record holds for some ages.
    #[error("the record {record} holds for certain ages and the age is missing; enter it in years or months")]
    NoAge {
        /// The record.
        record: String,
    },
    /// The patient is too young or too old.
    #[error("at {age} the patient is outside the ages of the record {record} ({band}); choose the record for this age")]
    OtherAge {
        /// The record.
        record: String,
        /// The age as shown.
        age: String,
        /// The ages of the record.
        band: String,
    },
    /// The dose goes by weight.
    #[error(
        "the record {record} goes by body weight and the weight is missing; weigh the patient and enter it in kg, lb or st"
    )]
    NoWeight {
        /// The record.
        record: String,
    },
    /// The patient is too light or too heavy.
    #[error("{kilograms} kg is outside the body weights of the record {record}; choose the record for this weight")]
    OtherWeight {
        /// The record.
        record: String,
        /// The weight.
        kilograms: Number,
    },
    /// A dose by weight that could rise above the adult's.
    #[error(
        "the record {record} goes by body weight without a ceiling, and no adult dose of {drug} gives one; ask a pharmacist"
    )]
    NoCeiling {
        /// The record.
        record: String,
        /// The drug.
        drug: String,
    },
    /// A strength of nothing, or stronger than a solid.
    #[error("{milligrams} mg in {millilitres} mL is no strength; give more than 0 of both and at most 1,000 mg/mL")]
    NoStrength {
        /// The drug in milligrams.
        milligrams: f64,
        /// The volume in millilitres.
        millilitres: f64,
    },
    /// A strength for what is not weighed.
    #[error("the dose of the record {record} is not a mass; leave the strength out")]
    StrengthNotUsed {
        /// The record.
        record: String,
    },
    /// A volume that cannot be measured or swallowed.
    #[error(
        "the dose is {millilitres} mL of this strength, outside 0.01 to 50 mL; choose another strength or a tablet"
    )]
    Volume {
        /// The volume, rounded down.
        millilitres: Number,
    },
}

/// The strength of a suspension or solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strength {
    nanograms: u64,
    microlitres: u64,
}

impl Strength {
    /// So much drug in so much volume.
    pub fn new(drug: Mass, volume: Volume) -> Result<Strength, DoseError> {
        let refuse = || DoseError::NoStrength {
            milligrams: drug.get::<uom::si::mass::milligram>(),
            millilitres: volume.get::<uom::si::volume::milliliter>(),
        };
        let nanograms = exact::nanograms(drug).filter(|&count| count > 0).ok_or_else(refuse)?;
        let microlitres = exact::microlitres(volume).filter(|&count| count > 0).ok_or_else(refuse)?;
        // A gram in a millilitre is a milligram in a microlitre.
        if nanograms > microlitres.saturating_mul(MG) {
            return Err(refuse());
        }
        Ok(Strength { nanograms, microlitres })
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} mg/", exact::shown(self.nanograms, MG))?;
        if self.microlitres != ML {
            write!(f, "{} ", exact::shown(self.microlitres, ML))?;
        }
        f.write_str("mL")
    }
}

/// What an amount measures; its counts are nanograms, microlitres or ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Mass,
    Volume,
    Counted(Unit),
}

fn dimension(unit: Unit) -> (Dimension, u64) {
    match unit {
        Unit::Mg => (Dimension::Mass, MG),
        Unit::Mcg => (Dimension::Mass, MCG),
        Unit::G => (Dimension::Mass, G),
        Unit::Ml => (Dimension::Volume, ML),
        other => (Dimension::Counted(other), PARTS),
    }
}

/// One dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    dimension: Dimension,
    count: u64,
    /// Microlitres of the stated suspension.
    measured: Option<u64>,
}

impl Portion {
    /// The drug as a mass, where it is one.
    #[must_use]
    pub fn mass(self) -> Option<Mass> {
        (self.dimension == Dimension::Mass).then(|| exact::mass(self.count))
    }

    /// The volume to measure: of the stated suspension, or the dose itself where it is a volume.
    #[must_use]
    pub fn volume(self) -> Option<Volume> {
        let own = (self.dimension == Dimension::Volume).then_some(self.count);
        self.measured.or(own).map(exact::volume)
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dimension {
            // Two decimals of a milligram show no less than this.
            Dimension::Mass if self.count < MG / 10 => write!(f, "{} mcg", exact::shown(self.count, MCG))?,
            Dimension::Mass => write!(f, "{} mg", exact::shown(self.count, MG))?,
            Dimension::Volume => write!(f, "{} mL", exact::shown(self.count, ML))?,
            Dimension::Counted(unit) => write!(f, "{} {}", exact::shown(self.count, PARTS), unit.symbol())?,
        }
        match self.measured {
            Some(microlitres) => write!(f, " = {} mL", exact::shown(microlitres, ML)),
            None => Ok(()),
        }
    }
}

/// A maximum of a dose, where it comes from, and its count for the patient.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ceiling {
    words: String,
    count: u64,
}

/// A record of a dose, ready to be calculated.
#[derive(Debug, Clone, PartialEq)]
pub struct Regimen<'a> {
    record: &'a Record,
    drug: &'a str,
    indication: &'a str,
    population: Population,
    ages: Option<Ages>,
    dose: Amount,
    max_single: Option<Amount>,
    max_day: Option<Amount>,
    times: Option<Number>,
    hours: Option<Number>,
    band: Option<WeightBand>,
    /// What an adult has at once and in a day, with the records that say so.
    adult: [Option<(Amount, &'a str)>; 2],
}

/// A dose for a patient, with its working ([`Calculated::lines`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Calculated {
    /// The record it comes from.
    pub record: String,
    /// One dose, or the lower end of its range.
    pub low: Portion,
    /// The upper end of its range, where it is another.
    pub high: Option<Portion>,
    /// The most doses in 24 hours, where the record limits them.
    pub times: Option<Number>,
    /// What holds the dose down, if anything does.
    pub limited_by: Option<String>,
    lines: Vec<String>,
    remarks: Vec<String>,
}

impl Calculated {
    /// The working, a sentence for each step, and the result last.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// What to heed: what the record says, and the reminder that stands under every result.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

impl<'a> Regimen<'a> {
    /// Reads a dose or a dose before a procedure. `records` are searched for the adult dose, which a child never exceeds.
    pub fn of(record: &'a Record, records: &'a [Record]) -> Result<Regimen<'a>, DoseError> {
        let refuse = |reason| DoseError::NotCalculable { record: record.id.clone(), reason };
        let mut regimen = match &record.facts {
            Facts::Dose(dose) => Regimen {
                record,
                drug: &dose.drug,
                indication: &dose.indication,
                population: dose.population,
                ages: dose.age_years,
                dose: dose.dose,
                max_single: dose.max_single,
                max_day: dose.max_day,
                times: dose.times_per_day,
                hours: dose.interval_hours,
                band: weight_band(&dose.indication),
                adult: [None, None],
            },
            Facts::Prophylaxis(dose) => Regimen {
                record,
                drug: &dose.drug,
                indication: &dose.indication,
                population: dose.population,
                ages: dose.age_years,
                dose: dose.dose,
                max_single: dose.max_single,
                max_day: dose.max_day,
                times: None,
                hours: None,
                band: weight_band(&dose.indication),
                adult: [None, None],
            },
            Facts::EmergencyDrug(_) => return Err(refuse("its ceilings stand in words")),
            Facts::LocalAnaesthetic(_) => {
                return Err(refuse("it is a local anaesthetic, which has its own calculation"));
            }
            Facts::Classification(_) | Facts::Threshold(_) => return Err(refuse("it is a table")),
        };
        if regimen.indication.contains("body weight") && regimen.band.is_none() {
            return Err(refuse("its body weights are not understood"));
        }
        if matches!(dimension(regimen.dose.unit).0, Dimension::Counted(unit) if unit != Unit::Units)
            && regimen.dose.per_kg
        {
            return Err(refuse("its unit does not go by weight"));
        }
        if regimen.dose.per_kg {
            regimen.adult = [0, 1].map(|day| adult_ceiling(&regimen, records, day == 1));
        }
        Ok(regimen)
    }

    /// The regimens of a drug that hold for a patient, in the order of the records; empty where there are none.
    pub fn for_patient(drug: &str, records: &'a [Record], patient: &Patient) -> Vec<Regimen<'a>> {
        let regimens = records.iter().filter_map(|record| Regimen::of(record, records).ok());
        regimens.filter(|regimen| regimen.is_of(drug) && regimen.holds_for(patient).is_ok()).collect()
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> &'a Record {
        self.record
    }

    /// Whether it is a regimen of this drug, by any of its names.
    #[must_use]
    pub fn is_of(&self, drug: &str) -> bool {
        let asked = names(drug);
        names(self.drug).iter().any(|name| asked.contains(name))
    }

    /// Whether it can hold for someone under 18.
    #[must_use]
    pub fn is_for_children(&self) -> bool {
        let from = self.ages.and_then(|ages| ages.from);
        self.population != Population::Adult || from.is_some_and(|from| from.get() < ADULT_YEARS)
    }

    /// Whether it gives a mass of the drug or goes by weight: drops, sprays and mouthwashes are read, not calculated.
    #[must_use]
    pub fn is_calculated(&self) -> bool {
        self.dose.per_kg || dimension(self.dose.unit).0 == Dimension::Mass
    }

    /// Whether the dose is so much for each kilogram.
    pub(super) fn goes_by_weight(&self) -> bool {
        self.dose.per_kg
    }

    /// The dose for a patient, as a volume of the strength where one is stated.
    pub fn calculate(&self, patient: &Patient, strength: Option<&Strength>) -> Result<Calculated, DoseError> {
        self.holds_for(patient)?;
        let (dimension, size) = dimension(self.dose.unit);
        if strength.is_some() && dimension != Dimension::Mass {
            return Err(DoseError::StrengthNotUsed { record: self.id() });
        }
        let not_calculable = |reason| DoseError::NotCalculable { record: self.id(), reason };
        let count = |number: Number| {
            let count = exact::count(number, size).filter(|&count| count > 0);
            count.ok_or_else(|| not_calculable("its dose is no number above zero"))
        };
        let ceiling = self.ceiling(patient)?;
        let mut lines = self.head(patient);
        let mut portion = |number: Number| {
            let asked = at_weight(count(number)?, self.dose.per_kg, patient);
            let most = ceiling.as_ref().map_or(u64::MAX, |ceiling| ceiling.count);
            let rounds = self.dose.per_kg || asked > most;
            let given = if rounds { rounded_down(asked.min(most), dimension) } else { asked };
            if self.dose.per_kg {
                let asked = Portion { dimension, count: asked, measured: None };
                lines.push(format!("{number} {}/kg is {asked}.", self.dose.unit.symbol()));
            }
            let measured = strength.map(|strength| measured(given, strength)).transpose()?;
            Ok((Portion { dimension, count: given, measured }, asked > most))
        };
        let (low, low_is_held) = portion(self.dose.low)?;
        let (high, high_is_held) = match self.dose.high {
            Some(high) => portion(high).map(|(high, held)| (Some(high).filter(|high| *high != low), held))?,
            None => (None, false),
        };
        let limited_by = ceiling.as_ref().filter(|_| low_is_held || high_is_held).map(|ceiling| ceiling.words.clone());
        if let Some(ceiling) = &ceiling {
            let most = Portion { dimension, count: ceiling.count, measured: None };
            lines.push(format!("At most {most} at once ({}).", ceiling.words));
        }
        lines.push(self.result(&low, high.as_ref(), strength));
        let mut remarks = self.record.remarks();
        if patient.weight_was_confirmed() {
            remarks.push("The weight is unusual and was confirmed: weigh again if in doubt.".to_owned());
        }
        if let Some(most) = self.max_day.filter(|most| most.per_kg && patient.weight().is_none()) {
            remarks.push(format!("Weigh the patient: at most {most} in 24 hours."));
        }
        remarks.push(CHECK.to_owned());
        Ok(Calculated { record: self.id(), low, high, times: self.most_times(), limited_by, lines, remarks })
    }

    fn id(&self) -> String {
        self.record.id.clone()
    }

    /// Refuses patients the record is not for.
    fn holds_for(&self, patient: &Patient) -> Result<(), DoseError> {
        match (self.ages.filter(|ages| ages.from.is_some() || ages.below.is_some()), patient.age()) {
            (Some(_), None) => return Err(DoseError::NoAge { record: self.id() }),
            (Some(Ages { from, below }), Some(age)) => {
                let years = age.in_years();
                if from.is_some_and(|from| years < from.get()) || below.is_some_and(|below| years >= below.get()) {
                    let band = match (from, below) {
                        (Some(from), Some(below)) => format!("{from} to under {below} years"),
                        (Some(from), None) => format!("from {from} years"),
                        (_, Some(below)) => format!("under {below} years"),
                        (None, None) => String::new(),
                    };
                    return Err(DoseError::OtherAge { record: self.id(), age: age.to_string(), band });
                }
            }
            (None, _) => {}
        }
        // An "adult dose" from 12 years on is for a patient of 13: there the ages decide.
        let by_age = self.ages.is_some_and(|ages| ages.from.is_some());
        let expected = match self.population {
            Population::Adult => Some(Group::Adult),
            Population::Child => Some(Group::Child),
            Population::All => None,
        };
        if let Some(expected) = expected.filter(|expected| !by_age && *expected != patient.group()) {
            return Err(DoseError::OtherGroup { record: self.id(), expected, found: patient.group() });
        }
        match (self.band, patient.weight()) {
            (None, None) if !self.dose.per_kg => Ok(()),
            (_, None) => Err(DoseError::NoWeight { record: self.id() }),
            (Some(band), Some(weight)) if !band.holds(weight) => {
                Err(DoseError::OtherWeight { record: self.id(), kilograms: weight.kilograms() })
            }
            _ => Ok(()),
        }
    }

    /// The most doses in 24 hours.
    fn most_times(&self) -> Option<Number> {
        let by_hours = self.hours.filter(|hours| hours.is_positive() && hours.get() <= DAY_HOURS);
        let by_hours = by_hours.and_then(|hours| Number::try_from((DAY_HOURS / hours.get()).floor()).ok());
        self.times.or(by_hours)
    }

    /// The lowest of all that limits one dose: the maximum at once, the maximum of the day divided by its doses, and for a
    /// dose by weight what an adult has.
    fn ceiling(&self, patient: &Patient) -> Result<Option<Ceiling>, DoseError> {
        let times = self.most_times().and_then(|times| exact::count(times, PARTS)).filter(|&parts| parts > 0);
        let own = |amount: Option<Amount>, day: bool| {
            let amount = amount.filter(|amount| !(amount.per_kg && patient.weight().is_none()))?;
            self.limit(&amount, patient, if day { times } else { None }).map(|count| {
                let words = if day { format!("{amount} in 24 hours") } else { format!("{amount} at once") };
                Ceiling { words, count }
            })
        };
        let adult = |index: usize, day: bool| {
            let (amount, record) = self.adult[index]?;
            let count = self.limit(&amount, patient, if day { times } else { None })?;
            let per = if day { "in 24 hours" } else { "at once" };
            Some(Ceiling { words: format!("an adult has {amount} {per}, {record}"), count })
        };
        // The adult's counts only where the record has no fixed one.
        let fixed = |amount: Option<Amount>| amount.is_some_and(|amount| !amount.per_kg);
        let ceilings = [
            own(self.max_single, false),
            own(self.max_day, true),
            if fixed(self.max_single) { None } else { adult(0, false) },
            if fixed(self.max_day) { None } else { adult(1, true) },
        ];
        let is_bound = fixed(self.max_single)
            || fixed(self.max_day)
            || self.adult.iter().any(Option::is_some)
            || self.band.is_some_and(WeightBand::has_end);
        if self.dose.per_kg && !is_bound {
            return Err(DoseError::NoCeiling { record: self.id(), drug: self.drug.to_owned() });
        }
        Ok(ceilings.into_iter().flatten().min_by_key(|ceiling| ceiling.count))
    }

    /// A maximum as a count for this patient, divided by the doses of a day; `None` where it is in another unit.
    fn limit(&self, amount: &Amount, patient: &Patient, times: Option<u64>) -> Option<u64> {
        let ((own, _), (other, size)) = (dimension(self.dose.unit), dimension(amount.unit));
        let count = exact::count(amount.high.unwrap_or(amount.low), size).filter(|_| own == other)?;
        let most = at_weight(count, amount.per_kg, patient);
        Some(times.map_or(most, |times| exact::scaled_down(most, PARTS, times)))
    }

    /// The first lines of the working.
    fn head(&self, patient: &Patient) -> Vec<String> {
        let mut lines = self.record.lines();
        if let Some(weight) = patient.weight() {
            lines.push(format!("Weight: {} kg.", weight.kilograms()));
        }
        if let Some(age) = patient.age() {
            lines.push(format!("Age: {age}."));
        }
        lines
    }

    /// The last line of the working.
    fn result(&self, low: &Portion, high: Option<&Portion>, strength: Option<&Strength>) -> String {
        let range = range(low, high);
        let of = strength.map(|strength| format!(" of {strength}")).unwrap_or_default();
        let times = self.most_times().map(|times| format!(", at most {times} in 24 hours"));
        let source = &self.record.source;
        format!(
            "One dose: {range}{of}{} ({}, {}, {}).",
            times.unwrap_or_default(),
            source.organisation,
            source.title,
            source.year
        )
    }
}

/// One dose, or from where to where it goes: "200 mg to 300 mg".
pub(super) fn range(low: &Portion, high: Option<&Portion>) -> String {
    let high = high.map(|high| format!(" to {high}")).unwrap_or_default();
    format!("{low}{high}")
}

/// A count of a record at this patient's weight, where it goes by weight.
fn at_weight(count: u64, per_kg: bool, patient: &Patient) -> u64 {
    match patient.weight().filter(|_| per_kg) {
        Some(weight) => exact::scaled_down(count, weight.nanograms(), exact::KG),
        None => count,
    }
}

/// The names of a drug: "paracetamol (acetaminophen)" has two.
pub(super) fn names(drug: &str) -> Vec<String> {
    let parts = drug.split(['(', ')']).map(|part| part.trim().to_lowercase());
    parts.filter(|part| !part.is_empty()).collect()
}

/// The least that adults have of the same drug, at once or in a day: of the records of the same kind, those of the same region
/// first.
fn adult_ceiling<'a>(regimen: &Regimen, records: &'a [Record], day: bool) -> Option<(Amount, &'a str)> {
    let own = names(regimen.drug);
    let unit = dimension(regimen.dose.unit).0;
    let most = |record: &'a Record| {
        let (drug, population, dose, max_single, max_day) = match (&record.facts, &regimen.record.facts) {
            (Facts::Dose(dose), Facts::Dose(_)) => {
                (&dose.drug, dose.population, dose.dose, dose.max_single, dose.max_day)
            }
            (Facts::Prophylaxis(dose), Facts::Prophylaxis(_)) => {
                (&dose.drug, dose.population, dose.dose, dose.max_single, dose.max_day)
            }
            _ => return None,
        };
        let amount = if day { max_day } else { max_single.or(Some(dose)) }?;
        let (other, size) = dimension(amount.unit);
        let fits = population != Population::Child && !amount.per_kg && other == unit;
        let same = names(drug).iter().any(|name| own.contains(name));
        let count = exact::count(amount.high.unwrap_or(amount.low), size)?;
        (fits && same).then_some((count, amount, record.id.as_str(), record.region))
    };
    let found: Vec<_> = records.iter().filter_map(most).collect();
    let here = found.iter().filter(|(.., region)| *region == regimen.record.region).min_by_key(|(count, ..)| *count);
    let least = here.or_else(|| found.iter().min_by_key(|(count, ..)| *count));
    least.map(|(_, amount, record, _)| (*amount, *record))
}

/// A dose that a person can measure: whole milligrams from 10 mg on, tenths from 1 mg on, below that 10 mcg; tenths of a
/// millilitre from 1 mL on, below that hundredths. Always downwards.
fn rounded_down(count: u64, dimension: Dimension) -> u64 {
    let step = match dimension {
        Dimension::Mass if count >= 10 * MG => MG,
        Dimension::Mass if count >= MG => MG / 10,
        Dimension::Mass if count >= 10 * MCG => 10 * MCG,
        Dimension::Mass => 1,
        Dimension::Volume if count >= ML => ML / 10,
        Dimension::Volume => ML / 100,
        Dimension::Counted(_) => PARTS,
    };
    count / step * step
}

/// The volume of a strength that holds no more than so many nanograms.
fn measured(nanograms: u64, strength: &Strength) -> Result<u64, DoseError> {
    let exactly = exact::scaled_down(nanograms, strength.microlitres, strength.nanograms);
    let microlitres = rounded_down(exactly, Dimension::Volume);
    if microlitres == 0 || microlitres > MOST_MICROLITRES {
        return Err(DoseError::Volume { millilitres: exact::shown(exactly, ML) });
    }
    Ok(microlitres)
}
