//! Calculated maxima and doses: local anaesthetic by body weight, a child's dose by weight or age.
//!
//! Every number of a calculation stands in a record ([`crate::records`]), and the result says which one: regions and
//! authorities differ, so the limits of a drug are offered by name, and without a choice the one that allows least is taken.
//! What is typed enters as a quantity with a unit ([`typed`], [`entry`]), or not at all; [`Desk`] takes entries as they were typed
//! and gives [`Sheet`]s to show.
//!
//! Quantities are [`uom`] masses and volumes wherever they enter or leave. Inside they are whole nanograms and microlitres:
//! "how many whole cartridges" has to be decided without the rounding errors of floats, and every division rounds down.
//! A calculation is refused rather than guessed ([`PatientError`], [`MaximumError`], [`DoseError`]).

mod anaesthetic;
mod band;
mod desk;
mod dose;
pub mod entry;
mod exact;
mod formulary;
mod growth;
mod limit;
mod patient;
mod product;
mod sheet;
mod short;
pub mod typed;
mod working;

/// The units that quantities are made of and read in.
pub mod unit {
    pub use uom::si::mass::{gram, kilogram, microgram, milligram};
    pub use uom::si::volume::milliliter;
}

#[cfg(test)]
mod tests;

pub use anaesthetic::{Choice, Given, Limiting, Maximum, MaximumError, Request, Share};
pub use desk::{Desk, DeskError, DoseEntries, Doses, MOST_GIVEN_PRODUCTS, MaximumEntries, PatientEntries};
pub use dose::{Calculated, DoseError, Portion, Regimen, Strength};
pub use exact::{Mass, Volume, pounds};
pub use formulary::{Formulary, LeftOut, UnknownProduct};
pub use limit::{Absolute, DrugLimit, LimitError, Rate};
pub use patient::{Age, Condition, Group, Patient, PatientError, Plausibility, Weight};
pub use product::{Constrictor, ConstrictorLimit, Product};
pub use sheet::Sheet;
pub use working::Warning;
