//! Rows at the body weight that question or note name.

use uom::si::mass::kilogram;

use super::answer::DoseRow;
use super::patient::Patient;
use crate::calculator::{Age, Desk, Group, Mass, Patient as Weighed, PatientError, Plausibility, Weight};
use crate::records::{Population, Record};

/// Says in each of `rows`, which are those of `shown`, what it comes to for a patient whose weight was said; nothing without a weight,
/// and where the row does not go by one. `records` are all there are.
pub(super) fn work_out(rows: &mut [DoseRow], shown: &[&Record], records: &[Record], patient: &Patient) {
    let Some(kg) = patient.weight_kg else { return };
    let desk = Desk::new(records);
    for (row, record) in rows.iter_mut().zip(shown) {
        row.worked = worked(&desk, record, patient, kg);
    }
}

/// A weight that can hardly be meant is never calculated with: a question is no form in which it could be confirmed.
fn worked(desk: &Desk, record: &Record, patient: &Patient, kg: f64) -> Option<String> {
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
        Ok(weighed) => desk.at_weight(record, &weighed),
        Err(PatientError::OtherGroup { .. } | PatientError::AgeOutOfRange { .. }) => None,
        Err(_) => desk.works_out(record).then(|| {
            format!("Not worked out for {kg:.1} kg, an unusual weight of {group}; check it, then use the calculator.")
        }),
    }
}
