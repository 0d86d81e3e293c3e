//! The most of a drug that a patient may have: so much by body weight, so much in all, and who says so.

use std::fmt;

use uom::si::mass::kilogram;

use super::exact::{self, KG, LB, MG, Mass};
use super::patient::{Age, Weight};
use crate::records::{Citation, LocalAnaesthetic, Number, Region};

/// A limit that limits nothing.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// Nothing or not a number for each kilogram or pound, or more than a gram.
    #[error("{milligrams} mg by {per_kg} kg of body weight is no limit; give more than 0 and at most 1,000 mg")]
    Rate {
        /// The mass of drug, in milligrams.
        milligrams: f64,
        /// The body weight it is for, in kilograms.
        per_kg: f64,
    },
}

/// A mass of drug for each mass of body weight: milligrams in a kilogram or in a pound, kept as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    drug: u64,
    body: u64,
}

impl Rate {
    /// So much for each kilogram.
    pub fn per_kilogram(drug: Mass) -> Result<Rate, LimitError> {
        Rate::new(drug, KG)
    }

    /// So much for each pound.
    pub fn per_pound(drug: Mass) -> Result<Rate, LimitError> {
        Rate::new(drug, LB)
    }

    fn new(drug: Mass, body: u64) -> Result<Rate, LimitError> {
        match exact::nanograms(drug) {
            Some(drug) if (1..=1_000 * MG).contains(&drug) => Ok(Rate { drug, body }),
            _ => Err(LimitError::Rate {
                milligrams: drug.get::<uom::si::mass::milligram>(),
                per_kg: exact::mass(body).get::<kilogram>(),
            }),
        }
    }

    /// What it allows at a weight, in nanograms, rounded down.
    pub(super) fn at(self, weight: Weight) -> u64 {
        exact::scaled_down(self.drug, weight.nanograms(), self.body)
    }

    /// Whether it allows more than `other` at any weight.
    pub(super) fn is_above(self, other: Rate) -> bool {
        u128::from(self.drug) * u128::from(other.body) > u128::from(other.drug) * u128::from(self.body)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.body == LB { "lb" } else { "kg" };
        write!(f, "{} mg/{unit}", exact::shown(self.drug, MG))
    }
}

/// The most for anyone.
#[derive(Debug, Clone, PartialEq)]
pub struct Absolute {
    pub(super) nanograms: u64,
    /// Who says so.
    pub source: Citation,
}

impl Absolute {
    /// The most as a mass.
    #[must_use]
    pub fn mass(&self) -> Mass {
        exact::mass(self.nanograms)
    }
}

/// One authority's limit of a drug.
#[derive(Debug, Clone, PartialEq)]
pub struct DrugLimit {
    /// The record it stands in; `None` for the clinician's own.
    pub record: Option<String>,
    /// Where it holds.
    pub region: Option<Region>,
    /// By body weight.
    pub rate: Rate,
    /// For anyone. A child's limit without its own takes the lowest of the adults'.
    pub absolute: Option<Absolute>,
    /// Who says so.
    pub source: Citation,
    /// The age from which the drug may be used under it, where its record says "not under".
    pub youngest: Option<Age>,
}

impl DrugLimit {
    /// A limit that stands in no record, such as a department's own. An absolute limit of nothing is refused.
    pub fn own(rate: Rate, absolute: Option<Mass>, source: Citation) -> Result<DrugLimit, LimitError> {
        let absolute = match absolute {
            None => None,
            Some(mass) => match exact::nanograms(mass) {
                Some(nanograms) if nanograms > 0 => Some(Absolute { nanograms, source: source.clone() }),
                _ => {
                    return Err(LimitError::Rate {
                        milligrams: mass.get::<uom::si::mass::milligram>(),
                        per_kg: f64::INFINITY,
                    });
                }
            },
        };
        Ok(DrugLimit { record: None, region: None, rate, absolute, source, youngest: None })
    }

    /// The limit a record gives; `None` where its numbers are none.
    pub(super) fn of(
        id: &str,
        region: Region,
        source: &Citation,
        solution: &LocalAnaesthetic,
        youngest: Option<Age>,
    ) -> Option<DrugLimit> {
        let rate = Rate { drug: positive(solution.max_mg_per_kg)?, body: KG };
        let absolute = match solution.absolute_max_mg {
            None => None,
            Some(most) => Some(Absolute { nanograms: positive(most)?, source: source.clone() }),
        };
        let (record, region) = (Some(id.to_owned()), Some(region));
        Some(DrugLimit { record, region, rate, absolute, source: source.clone(), youngest })
    }

    /// The most at a weight, in nanograms: the lower of both.
    pub(super) fn cap(&self, weight: Weight) -> u64 {
        self.rate.at(weight).min(self.absolute_or_none())
    }

    /// The absolute limit in nanograms; the largest count where there is none.
    pub(super) fn absolute_or_none(&self) -> u64 {
        self.absolute.as_ref().map_or(u64::MAX, |absolute| absolute.nanograms)
    }

    /// Whether it allows more than `other` to someone.
    pub(super) fn is_above(&self, other: &DrugLimit) -> bool {
        self.rate.is_above(other.rate) || self.absolute_or_none() > other.absolute_or_none()
    }

    /// Whether it comes before `other` in a list: by body weight, then in all.
    pub(super) fn is_lower(&self, other: &DrugLimit) -> bool {
        other.rate.is_above(self.rate)
            || !self.rate.is_above(other.rate) && self.absolute_or_none() < other.absolute_or_none()
    }

    /// Whether both allow the same to everyone.
    pub(super) fn equals(&self, other: &DrugLimit) -> bool {
        !self.is_above(other) && !other.is_above(self)
    }

    /// Whether its record forbids the drug at this age.
    pub(super) fn forbids(&self, age: Option<Age>) -> bool {
        self.youngest.zip(age).is_some_and(|(youngest, age)| age < youngest)
    }
}

impl fmt::Display for DrugLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rate)?;
        if let Some(absolute) = &self.absolute {
            write!(f, ", at most {} mg", exact::shown(absolute.nanograms, MG))?;
        }
        write!(f, " ({}, {}", self.source.organisation, self.source.year)?;
        if let Some(region) = self.region.filter(|region| *region != Region::International) {
            write!(f, ", {region}")?;
        }
        f.write_str(")")
    }
}

/// A record's milligrams, in nanograms; `None` where they are no number above zero.
pub(super) fn positive(milligrams: Number) -> Option<u64> {
    exact::count(milligrams, MG).filter(|&nanograms| nanograms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculator::exact::pounds;
    use uom::si::mass::milligram;

    fn source() -> Citation {
        Citation { organisation: "Department".to_owned(), title: "Formulary".to_owned(), year: 2026, url: None }
    }

    #[test]
    fn pounds_and_kilograms_are_kept() {
        let weight = Weight::new(pounds(150.0)).expect("a weight");
        let per_lb = Rate::per_pound(Mass::new::<milligram>(2.0)).expect("a rate");
        let per_kg = Rate::per_kilogram(Mass::new::<milligram>(4.4)).expect("a rate");
        assert_eq!((per_lb.at(weight), per_lb.to_string().as_str()), (300 * MG, "2 mg/lb"));
        assert_eq!((per_kg.at(weight), per_kg.to_string().as_str()), (299_370_964, "4.4 mg/kg"));
        assert!(per_lb.is_above(per_kg) && !per_kg.is_above(per_lb));
    }

    #[test]
    fn limits_of_nothing_are_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1_001.0] {
            let message = Rate::per_kilogram(Mass::new::<milligram>(bad)).expect_err("no limit").to_string();
            assert!(message.contains("is no limit; give more than 0"), "{message}");
        }
        let rate = Rate::per_kilogram(Mass::new::<milligram>(7.0)).expect("a rate");
        assert!(DrugLimit::own(rate, Some(Mass::new::<milligram>(0.0)), source()).is_err());
        let own = DrugLimit::own(rate, Some(Mass::new::<milligram>(500.0)), source()).expect("a limit");
        assert_eq!(own.to_string(), "7 mg/kg, at most 500 mg (Department, 2026)");
    }
}
