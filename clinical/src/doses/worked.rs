//! A row at the body weight that question or note name.

use uom::si::mass::kilogram;

use super::patient::Patient;
use crate::calculator::{Age, Group, Mass, Patient as Weighed, PatientError, Plausibility, Weight};
use crate::records::{Population, Record};

/// The row of `record` for a patient whose weight was said; `None` without a weight, and where the row does not go by one.
///
/// A weight that can hardly be meant is never calculated with: a question is no form in which it could be confirmed.
pub(super) fn worked(record: &Record, records: &[Record], patient: &Patient) -> Option<String> {
    let kg = patient.weight_kg?;
    let group = match patient.population.or_else(|| record.whom().map(|(population, _)| population))? {
        Population::Adult => Group::Adult,
        Population::Child => Group::Child,
        // Whose limits hold is not known.
        Population::All => return None,
    };
    let age = patient.age_years.and_then(|years| Age::years(years).ok());
    let weighed = Weight::new(Mass::new::<kilogram>(kg))
        .and_then(|weight| Weighed::new(group, Some(weight), age, &[], Plausibility::Ask));
    match weighed {
        Ok(weighed) => record.at_weight(records, &weighed),
        Err(PatientError::OtherGroup { .. } | PatientError::AgeOutOfRange { .. }) => None,
        // Only where a weight would have been used.
        Err(_) => record
            .row()
            .filter(|row| goes_by_weight(row.maximum.as_deref()) || goes_by_weight(Some(&row.dose)))
            .map(|_| {
                format!(
                    "Not worked out for {kg:.1} kg, an unusual weight of {group}; check it, then use the calculator."
                )
            }),
    }
}

fn goes_by_weight(shown: Option<&str>) -> bool {
    shown.is_some_and(|shown| shown.contains("/kg"))
}
