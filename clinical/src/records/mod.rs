//! Facts with numbers as typed records: doses, solutions, regimens, classifications, thresholds.
//!
//! A record is one JSON object with common fields and those of its `type`. Reading it refuses unknown, missing and repeated
//! fields; [`Record::check`] refuses what is well-formed but cannot be meant; [`Record::lines`] is the only way it is shown.

mod amount;
pub(crate) mod check;
mod discipline;
#[cfg(test)]
mod display_rules;
mod facts;
mod line;
mod number;
mod provenance;
mod quantity;
mod read;
mod row;

use serde::Serialize;

pub use amount::{Amount, Unit};
pub use check::RecordError;
pub use discipline::{Discipline, UnknownDiscipline};
pub use facts::{
    Ages, Class, Classification, Comparison, Dose, EmergencyDrug, Facts, Limit, LocalAnaesthetic, Population,
    Prophylaxis, Threshold, Vasoconstrictor,
};
pub use number::{Number, NumberError};
pub use provenance::{Citation, Region, Review, Strength};
pub use quantity::{Measure, Quantity, quantities};
pub use row::Row;

/// A record of `data/records`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// Unique among all records.
    pub id: String,
    /// The discipline it belongs to.
    pub discipline: Discipline,
    /// Where the guidance holds.
    pub region: Region,
    /// What it rests on.
    pub source: Citation,
    /// A clinician's review, once there is one.
    pub reviewed: Option<Review>,
    /// What it says.
    #[serde(flatten)]
    pub facts: Facts,
}

impl Record {
    /// What it is called: the name of a table; otherwise the drug and what it is for.
    #[must_use]
    pub fn title(&self) -> String {
        let name = match &self.facts {
            Facts::Classification(table) => &table.name,
            Facts::Threshold(table) => &table.name,
            _ => return [self.drug(), self.indication()].into_iter().flatten().collect::<Vec<_>>().join(": "),
        };
        name.clone()
    }

    /// The drug it is about; none for tables.
    #[must_use]
    pub fn drug(&self) -> Option<&str> {
        match &self.facts {
            Facts::Dose(dose) => Some(&dose.drug),
            Facts::LocalAnaesthetic(solution) => Some(&solution.drug),
            Facts::Prophylaxis(regimen) => Some(&regimen.drug),
            Facts::EmergencyDrug(drug) => Some(&drug.drug),
            Facts::Classification(_) | Facts::Threshold(_) => None,
        }
    }

    /// What its drug is for, as a heading: without the comma that the line needs.
    #[must_use]
    pub fn indication(&self) -> Option<&str> {
        let indication = match &self.facts {
            Facts::Dose(dose) => &dose.indication,
            Facts::Prophylaxis(regimen) => &regimen.indication,
            Facts::EmergencyDrug(drug) => &drug.indication,
            Facts::LocalAnaesthetic(_) | Facts::Classification(_) | Facts::Threshold(_) => return None,
        };
        Some(indication.trim_end_matches(','))
    }

    /// Whom its dose or limit is for, and at what age; none for tables.
    #[must_use]
    pub fn whom(&self) -> Option<(Population, Option<Ages>)> {
        match &self.facts {
            Facts::Dose(dose) => Some((dose.population, dose.age_years)),
            Facts::LocalAnaesthetic(solution) => Some((solution.population, None)),
            Facts::Prophylaxis(regimen) => Some((regimen.population, regimen.age_years)),
            Facts::EmergencyDrug(drug) => Some((drug.population, drug.age_years)),
            Facts::Classification(_) | Facts::Threshold(_) => None,
        }
    }

    /// Whether its dose or a maximum of it is so much for each kilogram of body weight.
    #[must_use]
    pub fn heeds_weight(&self) -> bool {
        let amounts = match &self.facts {
            Facts::LocalAnaesthetic(_) => return true,
            Facts::Dose(dose) => [Some(dose.dose), dose.max_single, dose.max_day],
            Facts::Prophylaxis(regimen) => [Some(regimen.dose), regimen.max_single, regimen.max_day],
            Facts::EmergencyDrug(drug) => [Some(drug.dose), None, None],
            Facts::Classification(_) | Facts::Threshold(_) => return false,
        };
        amounts.into_iter().flatten().any(|amount| amount.per_kg)
    }

    /// Whether it is about a local anaesthetic solution.
    #[must_use]
    pub fn is_local_anaesthetic(&self) -> bool {
        matches!(self.facts, Facts::LocalAnaesthetic(_))
    }
}
