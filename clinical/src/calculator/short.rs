//! What a record comes to at a body weight, in one sentence: the number that a reader would otherwise work out in the head.

use super::anaesthetic::{Choice, Limiting, Maximum, MaximumError, Request};
use super::desk::Desk;
use super::dose::{Calculated, DoseError, Regimen, range};
use super::exact::{self, MG};
use super::patient::Patient;
use super::product::name;
use crate::records::{Facts, LocalAnaesthetic, Record};

/// Who and what is assumed where a sentence stands for a whole calculation.
const ASSUMED: &str = "healthy and with none given before";

impl Desk<'_> {
    /// The maximum of a local anaesthetic, or a dose that goes by weight, for a patient whose weight is known; why there is none, where
    /// that has to be known. `None` where the record goes by something else, or is for another patient.
    #[must_use]
    pub fn at_weight(&self, record: &Record, patient: &Patient) -> Option<String> {
        let weight = patient.weight()?;
        if let Facts::LocalAnaesthetic(solution) = &record.facts {
            return self.maximum_at_weight(record, solution, patient);
        }
        let regimen = Regimen::of(record, self.records).ok()?;
        match regimen.calculate(patient, None) {
            Ok(dose) if regimen.goes_by_weight() || dose.limited_by.is_some() => {
                Some(format!("For {} kg: {}", weight.kilograms(), dose.sentence()))
            }
            Err(missing @ DoseError::NoAge { .. }) if regimen.goes_by_weight() => {
                Some(format!("Not worked out: {missing}."))
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// Whether the calculators take a weight for the record: those of the emergency kit go by one, too, and are read as they stand.
    #[must_use]
    pub fn works_out(&self, record: &Record) -> bool {
        record.heeds_weight() && (record.is_local_anaesthetic() || Regimen::of(record, self.records).is_ok())
    }

    fn maximum_at_weight(&self, record: &Record, solution: &LocalAnaesthetic, patient: &Patient) -> Option<String> {
        let product = self.formulary.product(&name(solution)).ok()?;
        let by = |choice| self.formulary.maximum(&Request { product, patient, choice, given: &[] });
        // A record that limits like another one of its product has no limit of its own; the lowest allows no more.
        let maximum = match by(Choice::Record(&record.id)) {
            Err(MaximumError::NoSuchLimit { .. }) => by(Choice::Lowest),
            maximum => maximum,
        };
        match maximum {
            Ok(maximum) => Some(maximum.sentence()),
            Err(young @ MaximumError::TooYoung { .. }) => Some(format!("Not worked out: {young}.")),
            Err(_) => None,
        }
    }
}

impl Maximum {
    /// "For 20 kg, healthy and with none given before: at most 2 cartridges (136 mg), limited by articaine by body weight: 7 mg/kg come
    /// to 140 mg."
    fn sentence(&self) -> String {
        let mg = |nanograms| exact::shown(nanograms, MG);
        let limit = match (self.limiting, &self.constrictor) {
            (Limiting::DrugByWeight, _) => {
                format!("{} come to {} mg", self.limit.rate, mg(self.limit.rate.at(self.weight)))
            }
            (Limiting::Constrictor(_), Some((_, of))) => of.to_string(),
            _ => format!("{} mg in all", mg(self.limit.absolute_or_none())),
        };
        let cartridges = match self.cartridges {
            0 => "no whole cartridge".to_owned(),
            1 => "at most 1 cartridge".to_owned(),
            count => format!("at most {count} cartridges"),
        };
        format!(
            "For {} kg, {ASSUMED}: {cartridges} ({} mg), limited by {}: {limit}.",
            self.weight.kilograms(),
            self.milligrams(),
            self.decides(),
        )
    }
}

impl Calculated {
    /// "one dose is 300 mg, at most 4 times in 24 hours (held down by 60 mg/kg in 24 hours)."
    fn sentence(&self) -> String {
        let dose = range(&self.low, self.high.as_ref());
        let times = self.times.map(|times| format!(", at most {times} times in 24 hours")).unwrap_or_default();
        let held = self.limited_by.as_ref().map(|by| format!(" (held down by {by})")).unwrap_or_default();
        format!("one dose is {dose}{times}{held}.")
    }
}
