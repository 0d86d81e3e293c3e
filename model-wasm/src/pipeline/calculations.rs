//! The calculators, asked through the protocol: they need the records and no model.

use mambaformer_clinical::calculator::entry::{AgeUnit, WeightUnit};
use mambaformer_clinical::calculator::{
    self, Desk, DeskError, DoseError, Group, MaximumError, PatientEntries, PatientError, Plausibility, Sheet,
};
use mambaformer_clinical::knowledge::KnowledgeBase;

use super::clinic::Clinic;
use crate::calculation::{self, AgeEntry, Calculate, Calculation, CalculationSheet, CalculatorChoices, WeightEntry};
use crate::protocol::{ErrorKind, Event};

impl Clinic {
    /// What the calculators can be asked for; empty lists without a knowledge base.
    #[must_use]
    pub fn calculator_choices(&self) -> CalculatorChoices {
        let desk = self.desk();
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        CalculatorChoices {
            products: owned(desk.products()),
            plain_product: desk.plain_product().map(str::to_owned),
            drugs: owned(desk.drugs()),
        }
    }

    /// The reply to a calculation: `calculated`, or an `error` whose kind names the entry to correct.
    #[must_use]
    pub fn calculate(&self, request: &Calculate) -> Event {
        let id = request.id.clone();
        match self.sheets(&request.calculation) {
            Ok((sheets, left_out)) => Event::Calculated { id, sheets, left_out },
            Err(error) => Event::Error { id: Some(id), kind: kind(&error), message: error.to_string() },
        }
    }

    fn sheets(&self, calculation: &Calculation) -> Result<(Vec<CalculationSheet>, Vec<String>), DeskError> {
        let desk = self.desk();
        match calculation {
            Calculation::Maximum(entries) => {
                let group = match entries.group {
                    calculation::PatientGroup::Adult => Group::Adult,
                    calculation::PatientGroup::Child => Group::Child,
                };
                let given: Vec<(&str, &str)> =
                    entries.given.iter().map(|given| (given.product.as_str(), given.cartridges.as_str())).collect();
                let sheet = desk.maximum(&calculator::MaximumEntries {
                    product: &entries.product,
                    patient: PatientEntries {
                        heart: entries.heart,
                        ..patient(group, &entries.weight, &entries.age, entries.confirmed)
                    },
                    given: &given,
                })?;
                Ok((vec![shown(sheet)], Vec::new()))
            }
            Calculation::Dose(entries) => {
                let doses = desk.dose(&calculator::DoseEntries {
                    drug: &entries.drug,
                    patient: patient(Group::Child, &entries.weight, &entries.age, entries.confirmed),
                    strength: &entries.strength,
                })?;
                let left_out = doses.left_out.iter().map(ToString::to_string).collect();
                Ok((doses.sheets.into_iter().map(shown).collect(), left_out))
            }
        }
    }

    /// A few dozen records of hundreds are put together for a question: that takes well under a millisecond, and nothing has to be kept.
    fn desk(&self) -> Desk<'_> {
        Desk::new(self.base().map(KnowledgeBase::records).unwrap_or_default())
    }
}

fn patient<'a>(group: Group, weight: &'a WeightEntry, age: &'a AgeEntry, confirmed: bool) -> PatientEntries<'a> {
    let weight_unit = match weight.unit {
        calculation::WeightUnit::Kg => WeightUnit::Kilogram,
        calculation::WeightUnit::Lb => WeightUnit::Pound,
    };
    let age_unit = match age.unit {
        calculation::AgeUnit::Years => AgeUnit::Year,
        calculation::AgeUnit::Months => AgeUnit::Month,
    };
    PatientEntries {
        group,
        weight: (&weight.text, weight_unit),
        age: (&age.text, age_unit),
        heart: false,
        plausibility: if confirmed { Plausibility::Confirmed } else { Plausibility::Ask },
    }
}

fn shown(sheet: Sheet) -> CalculationSheet {
    let Sheet { title, result, amounts, limited_by, record, working, remarks, sources } = sheet;
    CalculationSheet { title, result, amounts, limited_by, record, working, remarks, sources }
}

/// The entry that has to be corrected, for the page to mark it.
fn kind(error: &DeskError) -> ErrorKind {
    match error {
        DeskError::Weight(_) => ErrorKind::BadWeight,
        DeskError::Age(_) => ErrorKind::BadAge,
        DeskError::Strength(_) => ErrorKind::BadStrength,
        DeskError::Cartridges(_) | DeskError::TooManyGiven { .. } => ErrorKind::BadCartridges,
        DeskError::Patient(error) => match error {
            PatientError::NoWeight { .. } | PatientError::WeightOutOfRange { .. } => ErrorKind::BadWeight,
            PatientError::AgeOutOfRange { .. } | PatientError::OtherGroup { .. } => ErrorKind::BadAge,
            PatientError::UnusualAdult { .. } | PatientError::UnusualChild { .. } => ErrorKind::UnusualWeight,
        },
        DeskError::Product(_) | DeskError::UnknownDrug { .. } => ErrorKind::BadOption,
        DeskError::Maximum(error) => match error {
            MaximumError::NoWeight => ErrorKind::BadWeight,
            MaximumError::GivenOutOfRange { .. } => ErrorKind::BadCartridges,
            MaximumError::NoLimit { .. }
            | MaximumError::NoSuchLimit { .. }
            | MaximumError::TooYoung { .. }
            | MaximumError::DrugExceeded { .. }
            | MaximumError::ConstrictorExceeded { .. } => ErrorKind::NoResult,
        },
        DeskError::Dose(error) => match error {
            DoseError::NoWeight { .. } => ErrorKind::BadWeight,
            DoseError::NoAge { .. } => ErrorKind::BadAge,
            DoseError::NoStrength { .. } | DoseError::StrengthNotUsed { .. } | DoseError::Volume { .. } => {
                ErrorKind::BadStrength
            }
            DoseError::NotCalculable { .. }
            | DoseError::OtherGroup { .. }
            | DoseError::OtherAge { .. }
            | DoseError::OtherWeight { .. }
            | DoseError::NoCeiling { .. } => ErrorKind::NoResult,
        },
        DeskError::NoneHolds { .. } => ErrorKind::NoResult,
    }
}
