//! Facts with numbers as typed records: doses, solutions, regimens, classifications, thresholds.
//!
//! A record is one JSON object with common fields and those of its `type`. Reading it refuses unknown, missing and repeated
//! fields; [`Record::check`] refuses what is well-formed but cannot be meant; [`Record::lines`] is the only way it is shown.

mod amount;
mod check;
mod discipline;
mod facts;
mod line;
mod number;
mod provenance;
mod quantity;
mod read;

use serde::Serialize;

pub use amount::{Amount, Unit};
pub use check::RecordError;
pub use discipline::{Discipline, UnknownDiscipline};
pub use facts::{
    Ages, Class, Classification, Comparison, Dose, EmergencyDrug, Facts, Limit, LocalAnaesthetic, Population,
    Prophylaxis, Threshold, Vasoconstrictor,
};
pub use number::{Number, NumberError};
pub use provenance::{Citation, Region, Review};
pub use quantity::{Measure, Quantity, quantities};

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
