//! Where the calculators are asked: entries as they were typed go in, sheets to show come out.

use super::anaesthetic::{Choice, Given, MaximumError, Request};
use super::dose::{DoseError, Regimen, names};
use super::entry::{self, AgeUnit, WeightUnit};
use super::formulary::{Formulary, UnknownProduct};
use super::patient::{Condition, Group, Patient, PatientError, Plausibility};
use super::product::Product;
use super::sheet::Sheet;
use super::typed::{self, TypedError};
use crate::records::Record;

/// The most products that can have been given before.
pub const MOST_GIVEN_PRODUCTS: usize = 6;

/// The patient as typed.
#[derive(Debug, Clone, Copy)]
pub struct PatientEntries<'a> {
    /// Adult or child.
    pub group: Group,
    /// The body weight; empty where it is not known.
    pub weight: (&'a str, WeightUnit),
    /// The age; empty where it is not known.
    pub age: (&'a str, AgeUnit),
    /// Whether the lower limit of vasoconstrictor is to hold.
    pub heart: bool,
    /// What to do with an unusual weight.
    pub plausibility: Plausibility,
}

/// A question about a maximum of local anaesthetic.
#[derive(Debug, Clone, Copy)]
pub struct MaximumEntries<'a> {
    /// The name of a product, [`Desk::products`].
    pub product: &'a str,
    /// To whom it is to be given.
    pub patient: PatientEntries<'a>,
    /// What was given before: the name of a product and a number of cartridges as typed; without a number nothing was.
    pub given: &'a [(&'a str, &'a str)],
}

/// A question about a child's dose.
#[derive(Debug, Clone, Copy)]
pub struct DoseEntries<'a> {
    /// The name of a drug, [`Desk::drugs`].
    pub drug: &'a str,
    /// The child.
    pub patient: PatientEntries<'a>,
    /// The strength of the liquid, such as "250 mg/5 mL"; empty for another form.
    pub strength: &'a str,
}

/// Why there is no result; the sentence is shown as it is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeskError {
    /// The body weight is none.
    #[error("body weight: {0}")]
    Weight(TypedError),
    /// The age is none.
    #[error("age: {0}")]
    Age(TypedError),
    /// The strength is none.
    #[error("strength: {0}")]
    Strength(TypedError),
    /// The number of cartridges is none.
    #[error("cartridges given: {0}")]
    Cartridges(TypedError),
    /// More products were given than are taken.
    #[error("{found} products are entered as given, at most {MOST_GIVEN_PRODUCTS} are taken; enter each product once")]
    TooManyGiven {
        /// How many there are.
        found: usize,
    },
    /// The patient cannot be meant, or is asked back.
    #[error(transparent)]
    Patient(#[from] PatientError),
    /// The product is none of the list.
    #[error(transparent)]
    Product(#[from] UnknownProduct),
    /// There is no maximum.
    #[error(transparent)]
    Maximum(#[from] MaximumError),
    /// There is no dose.
    #[error(transparent)]
    Dose(#[from] DoseError),
    /// The drug is none of the list.
    #[error("no record gives a child's dose of `{asked}`; choose one of the {known} drugs of the list")]
    UnknownDrug {
        /// What was asked for, at most 100 characters of it.
        asked: String,
        /// How many drugs there are.
        known: usize,
    },
    /// Several records of the drug, and each is for others.
    #[error(
        "none of the {records} records of {drug} holds for this age and weight; choose another drug or ask a pharmacist"
    )]
    NoneHolds {
        /// How many records of the drug there are.
        records: usize,
        /// The drug.
        drug: String,
    },
}

/// The doses of a drug that hold for a child.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Doses {
    /// One for each record, in their order; at least one.
    pub sheets: Vec<Sheet>,
    /// Records that hold for the child and give no number, with the reasons.
    pub left_out: Vec<DoseError>,
}

/// The calculators over the records of a knowledge base.
#[derive(Debug, Clone)]
pub struct Desk<'a> {
    pub(super) records: &'a [Record],
    pub(super) formulary: Formulary,
}

impl<'a> Desk<'a> {
    /// Puts the products together.
    #[must_use]
    pub fn new(records: &'a [Record]) -> Desk<'a> {
        Desk { records, formulary: Formulary::new(records) }
    }

    /// The products of local anaesthetic, in the order of their names.
    #[must_use]
    pub fn products(&self) -> Vec<&str> {
        self.formulary.products().iter().map(Product::name).collect()
    }

    /// The product that stands in the list at first: the first without vasoconstrictor, which allows least.
    #[must_use]
    pub fn plain_product(&self) -> Option<&str> {
        self.formulary.products().iter().find(|product| product.constrictor().is_none()).map(Product::name)
    }

    /// The drugs with a dose for children that can be calculated, in alphabetical order. A drug with two names stands under each;
    /// where records write the same first name with and without the second, once.
    #[must_use]
    pub fn drugs(&self) -> Vec<&'a str> {
        let mut drugs: Vec<&str> = Vec::new();
        for regimen in self.regimens() {
            let Some(drug) = regimen.record().drug() else { continue };
            let first = |drug: &str| names(drug).into_iter().next();
            match drugs.iter_mut().find(|known| first(known) == first(drug)) {
                Some(known) if known.len() < drug.len() => *known = drug,
                Some(_) => {}
                None => drugs.push(drug),
            }
        }
        drugs.sort_unstable_by_key(|drug| drug.to_lowercase());
        drugs
    }

    /// The most of a product that may still be given, by the limit that allows least.
    pub fn maximum(&self, entries: &MaximumEntries) -> Result<Sheet, DeskError> {
        let product = self.formulary.product(entries.product)?;
        let patient = patient(&entries.patient)?;
        if entries.given.len() > MOST_GIVEN_PRODUCTS {
            return Err(DeskError::TooManyGiven { found: entries.given.len() });
        }
        let mut given = Vec::new();
        for (name, typed) in entries.given {
            if let Some(cartridges) = entry::cartridges(typed).map_err(DeskError::Cartridges)? {
                given.push(Given { product: self.formulary.product(name)?, cartridges });
            }
        }
        let request = Request { product, patient: &patient, choice: Choice::Lowest, given: &given };
        Ok(self.formulary.maximum(&request)?.sheet())
    }

    /// The doses of a drug that hold for a child. A record that would hold and lacks the age or the weight asks for it: a list with a
    /// dose missing would look complete.
    pub fn dose(&self, entries: &DoseEntries) -> Result<Doses, DeskError> {
        let regimens: Vec<Regimen> = self.regimens().filter(|regimen| regimen.is_of(entries.drug)).collect();
        if regimens.is_empty() {
            let asked = entries.drug.chars().take(100).collect();
            return Err(DeskError::UnknownDrug { asked, known: self.drugs().len() });
        }
        let patient = patient(&entries.patient)?;
        let strength = match entries.strength.trim() {
            "" => None,
            text => Some(typed::strength(text).map_err(DeskError::Strength)?),
        };
        let (mut doses, mut others) = (Doses::default(), Vec::new());
        for regimen in &regimens {
            match regimen.calculate(&patient, strength.as_ref()) {
                Ok(calculated) => doses.sheets.push(calculated.sheet(regimen)),
                Err(missing @ (DoseError::NoAge { .. } | DoseError::NoWeight { .. })) => return Err(missing.into()),
                Err(
                    other @ (DoseError::OtherAge { .. } | DoseError::OtherWeight { .. } | DoseError::OtherGroup { .. }),
                ) => others.push(other),
                Err(reason) => doses.left_out.push(reason),
            }
        }
        if !doses.sheets.is_empty() {
            return Ok(doses);
        }
        match (doses.left_out.into_iter().next(), others.len()) {
            (Some(reason), _) => Err(reason.into()),
            (None, 1) => Err(others.swap_remove(0).into()),
            (None, records) => Err(DeskError::NoneHolds { records, drug: entries.drug.to_owned() }),
        }
    }

    /// Every regimen for children that gives a mass or goes by weight.
    fn regimens(&self) -> impl Iterator<Item = Regimen<'a>> {
        let records = self.records;
        let all = records.iter().filter_map(move |record| Regimen::of(record, records).ok());
        all.filter(|regimen| regimen.is_for_children() && regimen.is_calculated())
    }
}

fn patient(entries: &PatientEntries) -> Result<Patient, DeskError> {
    let weight = entry::weight(entries.weight.0, entries.weight.1).map_err(DeskError::Weight)?;
    let age = entry::age(entries.age.0, entries.age.1).map_err(DeskError::Age)?;
    let conditions: &[Condition] = if entries.heart { &[Condition::Heart] } else { &[] };
    Ok(Patient::new(entries.group, weight, age, conditions, entries.plausibility)?)
}
