//! What the records say: one type for each kind.

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::number::Number;

/// Whom a drug is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Population {
    /// Adults.
    Adult,
    /// Children.
    Child,
    /// Both.
    All,
}

/// Ages in years: from the first, below the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ages {
    /// The youngest.
    #[serde(deserialize_with = "Option::deserialize")]
    pub from: Option<Number>,
    /// The age at which it does not hold any more.
    #[serde(deserialize_with = "Option::deserialize")]
    pub below: Option<Number>,
}

/// A kind of record with its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Facts {
    /// A drug taken at home or applied in the chair.
    Dose(Dose),
    /// A local anaesthetic solution and its limits.
    LocalAnaesthetic(LocalAnaesthetic),
    /// A dose before a procedure.
    Prophylaxis(Prophylaxis),
    /// A drug of the emergency kit.
    EmergencyDrug(EmergencyDrug),
    /// A classification.
    Classification(Classification),
    /// Numbers at which something changes.
    Threshold(Threshold),
}

/// A drug dose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dose {
    /// The drug, by its international name.
    pub drug: String,
    /// What it is for.
    pub indication: String,
    /// Whom it is for.
    pub population: Population,
    /// The ages it holds for.
    #[serde(deserialize_with = "Option::deserialize")]
    pub age_years: Option<Ages>,
    /// How it is given.
    pub route: String,
    /// One dose.
    pub dose: Amount,
    /// The most at once.
    #[serde(deserialize_with = "Option::deserialize")]
    pub max_single: Option<Amount>,
    /// The most in 24 hours.
    #[serde(deserialize_with = "Option::deserialize")]
    pub max_day: Option<Amount>,
    /// Hours between doses.
    #[serde(deserialize_with = "Option::deserialize")]
    pub interval_hours: Option<Number>,
    /// Doses a day.
    #[serde(deserialize_with = "Option::deserialize")]
    pub times_per_day: Option<Number>,
    /// The fewest and the most days.
    #[serde(deserialize_with = "Option::deserialize")]
    pub duration_days: Option<(Number, Number)>,
    /// In renal impairment.
    #[serde(deserialize_with = "Option::deserialize")]
    pub renal: Option<String>,
    /// In hepatic impairment.
    #[serde(deserialize_with = "Option::deserialize")]
    pub hepatic: Option<String>,
    /// In pregnancy.
    #[serde(deserialize_with = "Option::deserialize")]
    pub pregnancy: Option<String>,
    /// With other drugs.
    pub interactions: Vec<String>,
    /// What else to heed.
    pub cautions: Vec<String>,
}

/// A vasoconstrictor in a solution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vasoconstrictor {
    /// The drug.
    pub drug: String,
    /// Millilitres that hold one gram: 80,000 for 1:80,000. Felypressin has none.
    #[serde(deserialize_with = "Option::deserialize")]
    pub ratio: Option<Number>,
}

/// A local anaesthetic solution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalAnaesthetic {
    /// The drug.
    pub drug: String,
    /// Its concentration in per cent.
    pub concentration_percent: Number,
    /// The vasoconstrictor, or none.
    #[serde(deserialize_with = "Option::deserialize")]
    pub vasoconstrictor: Option<Vasoconstrictor>,
    /// Milligrams in a millilitre.
    pub mg_per_ml: Number,
    /// Millilitres in a cartridge.
    pub cartridge_ml: Number,
    /// Milligrams in a cartridge.
    pub mg_per_cartridge: Number,
    /// The most per kilogram of body weight.
    pub max_mg_per_kg: Number,
    /// The most for anyone.
    #[serde(deserialize_with = "Option::deserialize")]
    pub absolute_max_mg: Option<Number>,
    /// Micrograms of vasoconstrictor in a cartridge.
    #[serde(deserialize_with = "Option::deserialize")]
    pub vasoconstrictor_mcg_per_cartridge: Option<Number>,
    /// Whom the limits are for.
    pub population: Population,
    /// What else to heed.
    pub cautions: Vec<String>,
}

/// A dose before a procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prophylaxis {
    /// The drug, by its international name.
    pub drug: String,
    /// What it is to prevent.
    pub indication: String,
    /// Whom it is for.
    pub population: Population,
    /// The ages it holds for.
    #[serde(deserialize_with = "Option::deserialize")]
    pub age_years: Option<Ages>,
    /// How it is given.
    pub route: String,
    /// The dose.
    pub dose: Amount,
    /// The most at once.
    #[serde(deserialize_with = "Option::deserialize")]
    pub max_single: Option<Amount>,
    /// The most in 24 hours.
    #[serde(deserialize_with = "Option::deserialize")]
    pub max_day: Option<Amount>,
    /// When, such as "30 to 60 minutes before the procedure".
    pub timing: String,
    /// In renal impairment.
    #[serde(deserialize_with = "Option::deserialize")]
    pub renal: Option<String>,
    /// In hepatic impairment.
    #[serde(deserialize_with = "Option::deserialize")]
    pub hepatic: Option<String>,
    /// In pregnancy.
    #[serde(deserialize_with = "Option::deserialize")]
    pub pregnancy: Option<String>,
    /// With other drugs.
    pub interactions: Vec<String>,
    /// What else to heed.
    pub cautions: Vec<String>,
}

/// A drug of the emergency kit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyDrug {
    /// The drug, by its international name.
    pub drug: String,
    /// The emergency.
    pub indication: String,
    /// Whom it is for.
    pub population: Population,
    /// The ages it holds for.
    #[serde(deserialize_with = "Option::deserialize")]
    pub age_years: Option<Ages>,
    /// How it is given.
    pub route: String,
    /// One dose.
    pub dose: Amount,
    /// The preparation in the kit.
    #[serde(deserialize_with = "Option::deserialize")]
    pub concentration: Option<String>,
    /// Whether and when it is given again.
    #[serde(deserialize_with = "Option::deserialize")]
    pub repeat: Option<String>,
    /// What else to heed.
    pub cautions: Vec<String>,
}

/// A classification with its classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classification {
    /// What is classified.
    pub name: String,
    /// The classes in order.
    pub entries: Vec<Class>,
}

/// One class of a classification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its name.
    pub label: String,
    /// What belongs to it.
    pub criteria: String,
}

/// Numbers at which something changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// What they are about.
    pub name: String,
    /// The numbers in order.
    pub entries: Vec<Limit>,
}

/// How a value stands to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Less than the value.
    Below,
    /// The value or less.
    #[serde(rename = "at most")]
    AtMost,
    /// The value or more.
    #[serde(rename = "at least")]
    AtLeast,
    /// More than the value.
    Above,
    /// The value.
    Equal,
    /// From the value to `high`.
    Range,
}

/// One number of a threshold, and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What is measured, in whom.
    pub condition: String,
    /// The number, or the lower end of a range.
    pub value: Number,
    /// Its unit; empty for a ratio such as the INR.
    pub unit: String,
    /// How the measured value stands to it.
    pub comparison: Comparison,
    /// The upper end of a range.
    #[serde(deserialize_with = "Option::deserialize")]
    pub high: Option<Number>,
    /// What to do then; may be empty.
    pub action: String,
}
