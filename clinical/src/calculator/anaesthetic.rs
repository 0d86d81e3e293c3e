//! The most local anaesthetic a patient may have at an appointment, in whole cartridges of one product.
//!
//! Three things limit it: the drug by body weight, the drug in all, and the vasoconstrictor. What was given before counts, of
//! whatever product: local anaesthetics add up in their toxicity, so that half the maximum of one leaves half the maximum of
//! another (Malamed, Handbook of Local Anesthesia; American Academy of Pediatric Dentistry). What was given is therefore
//! turned into the mass of this drug that uses up the same fraction, rounded up, and taken off.

use super::exact::{self, Mass, Volume};
use super::formulary::Formulary;
use super::limit::DrugLimit;
use super::patient::{Condition, Group, Patient, Weight};
use super::product::{Constrictor, ConstrictorLimit, Product};
use super::working::Warning;
use crate::records::Number;

/// The most cartridges that can have been given of one product.
const MOST_GIVEN: f64 = 50.0;
/// Parts of a cartridge that are told apart: numbers have at most four decimals.
const PARTS: u64 = 10_000;

/// Which of a product's limits holds.
#[derive(Debug, Clone, Copy, Default)]
pub enum Choice<'a> {
    /// The one that allows this patient least.
    #[default]
    Lowest,
    /// The one of this record.
    Record(&'a str),
    /// A limit of the clinician's own.
    Own(&'a DrugLimit),
}

/// What was given before.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The product.
    pub product: &'a Product,
    /// How many cartridges; parts of one count.
    pub cartridges: Number,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is to be given.
    pub product: &'a Product,
    /// To whom.
    pub patient: &'a Patient,
    /// By which limit.
    pub choice: Choice<'a>,
    /// What was given before.
    pub given: &'a [Given<'a>],
}

/// Why there is no maximum.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MaximumError {
    /// Without a weight nothing is calculated.
    #[error("the body weight is missing; weigh the patient and enter it in kg, lb or st")]
    NoWeight,
    /// The records limit the drug for the other group only.
    #[error("no record limits {drug} in {group}; choose another drug or ask a specialist")]
    NoLimit {
        /// The drug.
        drug: String,
        /// The group.
        group: Group,
    },
    /// The chosen limit is none of this product.
    #[error("the limit `{asked}` is none of the {known} that hold for {product} in {group}; choose one of them")]
    NoSuchLimit {
        /// What was chosen.
        asked: String,
        /// How many there are.
        known: usize,
        /// The product.
        product: String,
        /// The group.
        group: Group,
    },
    /// The drug is not for this age.
    #[error(
        "{drug} is not for a child of {age} (not under {youngest}: {source_of_limit}); choose another drug or another limit"
    )]
    TooYoung {
        /// The drug.
        drug: String,
        /// The age as shown.
        age: String,
        /// The age from which it may be used.
        youngest: String,
        /// Who says so.
        source_of_limit: String,
    },
    /// No number of cartridges.
    #[error("{found} cartridges of {product} cannot have been given; enter 0 to {MOST_GIVEN}")]
    GivenOutOfRange {
        /// What was entered.
        found: Number,
        /// The product.
        product: String,
    },
    /// More drug was given than the maximum.
    #[error(
        "what was given counts as {found} mg of {drug}, the maximum is {limit} mg; give no more and watch for toxicity"
    )]
    DrugExceeded {
        /// The drug.
        drug: String,
        /// Its maximum in milligrams.
        limit: Number,
        /// What was given, in milligrams of this drug.
        found: Number,
    },
    /// More vasoconstrictor was given than the maximum.
    #[error(
        "what was given counts as {found} mcg of {constrictor}, the maximum is {limit} mcg; give no more vasoconstrictor and watch pulse and blood pressure"
    )]
    ConstrictorExceeded {
        /// The vasoconstrictor.
        constrictor: Constrictor,
        /// Its maximum in micrograms.
        limit: Number,
        /// What was given, in micrograms of this one.
        found: Number,
    },
}

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limiting {
    /// The drug by body weight.
    DrugByWeight,
    /// The drug in all.
    DrugAbsolute,
    /// The vasoconstrictor.
    Constrictor(Constrictor),
}

/// A maximum, what is used of it, and how far the rest goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The maximum, in nanograms.
    pub(super) cap: u64,
    /// Used by what was given, in nanograms.
    pub(super) used: u64,
    /// In a cartridge, in nanograms.
    pub(super) per_cartridge: u64,
}

impl Share {
    /// The maximum for this patient.
    #[must_use]
    pub fn cap(self) -> Mass {
        exact::mass(self.cap)
    }

    /// What was given, as this substance.
    #[must_use]
    pub fn used(self) -> Mass {
        exact::mass(self.used)
    }

    /// What is left.
    #[must_use]
    pub fn left(self) -> Mass {
        exact::mass(self.left_nanograms())
    }

    /// Whole cartridges that are left.
    #[must_use]
    pub fn cartridges(self) -> u32 {
        let whole = self.left_nanograms().checked_div(self.per_cartridge).unwrap_or(0);
        u32::try_from(whole).unwrap_or(u32::MAX)
    }

    /// Cartridges that are left with two decimals, rounded down.
    #[must_use]
    pub fn cartridges_exactly(self) -> Number {
        exact::shown(self.left_nanograms(), self.per_cartridge)
    }

    pub(super) fn left_nanograms(self) -> u64 {
        self.cap.saturating_sub(self.used)
    }

    /// Whether it leaves fewer cartridges than `other`, parts of a cartridge counted.
    fn is_below(self, other: Share) -> bool {
        let (own, others) = (self.left_nanograms(), other.left_nanograms());
        u128::from(own) * u128::from(other.per_cartridge) < u128::from(others) * u128::from(self.per_cartridge)
    }
}

/// The most of a product for a patient, with the whole working ([`Maximum::lines`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Maximum {
    /// The product.
    pub product: Product,
    /// The patient's weight.
    pub weight: Weight,
    /// The limit that was used.
    pub limit: DrugLimit,
    /// The drug.
    pub drug: Share,
    /// The vasoconstrictor and its limit; `None` where there is none or nothing limits it.
    pub constrictor: Option<(Share, ConstrictorLimit)>,
    /// What decides.
    pub limiting: Limiting,
    /// Whole cartridges.
    pub cartridges: u32,
    /// What to heed.
    pub warnings: Vec<Warning>,
    /// What the product's records say to heed.
    pub cautions: Vec<String>,
}

impl Maximum {
    /// The drug in the whole cartridges.
    #[must_use]
    pub fn mass(&self) -> Mass {
        exact::mass(self.nanograms())
    }

    /// The solution in the whole cartridges.
    #[must_use]
    pub fn volume(&self) -> Volume {
        exact::volume(self.microlitres())
    }

    /// [`Self::mass`] in milligrams, as shown.
    pub(super) fn milligrams(&self) -> Number {
        exact::shown(self.nanograms(), exact::MG)
    }

    /// [`Self::volume`] in millilitres, as shown.
    pub(super) fn millilitres(&self) -> Number {
        exact::shown(self.microlitres(), exact::ML)
    }

    fn nanograms(&self) -> u64 {
        self.product.per_cartridge * u64::from(self.cartridges)
    }

    fn microlitres(&self) -> u64 {
        self.product.microlitres * u64::from(self.cartridges)
    }

    /// Cartridges with two decimals, rounded down: how far the limits go, not what to give.
    #[must_use]
    pub fn cartridges_exactly(&self) -> Number {
        match (&self.constrictor, self.limiting) {
            (Some((share, _)), Limiting::Constrictor(_)) => share.cartridges_exactly(),
            _ => self.drug.cartridges_exactly(),
        }
    }
}

impl Formulary {
    /// The most cartridges of a product that a patient may still have.
    pub fn maximum(&self, request: &Request) -> Result<Maximum, MaximumError> {
        let Request { product, patient, given, .. } = *request;
        let weight = patient.weight().ok_or(MaximumError::NoWeight)?;
        for item in given {
            if !(0.0..=MOST_GIVEN).contains(&item.cartridges.get()) {
                let product = item.product.name.clone();
                return Err(MaximumError::GivenOutOfRange { found: item.cartridges, product });
            }
        }
        let limit = chosen(product, patient, weight, request.choice)?;
        let drug = drug_share(request, limit, weight)?;
        let constrictor = self.constrictor_share(request)?;
        let by_drug = if limit.rate.at(weight) < limit.absolute_or_none() {
            Limiting::DrugByWeight
        } else {
            Limiting::DrugAbsolute
        };
        let (limiting, cartridges) = match &constrictor {
            Some((share, of)) if share.is_below(drug) => (Limiting::Constrictor(of.constrictor), share.cartridges()),
            _ => (by_drug, drug.cartridges()),
        };
        Ok(Maximum {
            product: product.clone(),
            weight,
            limit: limit.clone(),
            drug,
            constrictor,
            limiting,
            cartridges,
            warnings: Warning::of(request, limit),
            cautions: product.cautions(patient.group()).to_vec(),
        })
    }

    /// The vasoconstrictor's share; refuses where what was given has used more than all of it, whatever comes next.
    fn constrictor_share(&self, request: &Request) -> Result<Option<(Share, ConstrictorLimit)>, MaximumError> {
        let heart = request.patient.has(Condition::Heart);
        let limit_of = |product: &Product| {
            let (constrictor, per_cartridge) = product.constrictor?;
            Some((self.constrictor_limit(constrictor, heart)?, per_cartridge))
        };
        let own = limit_of(request.product);
        // Without one of its own, what was given is told as the first of those.
        let Some((limit, _)) = own.or_else(|| request.given.iter().find_map(|item| limit_of(item.product))) else {
            return Ok(None);
        };
        let used = request.given.iter().filter_map(|item| {
            let (other, per_cartridge) = limit_of(item.product)?;
            Some(exact::scaled_up(mass_of(item, per_cartridge), limit.nanograms, other.nanograms))
        });
        let used = used.fold(0, u64::saturating_add);
        if used > limit.nanograms {
            let (most, found) = (exact::shown(limit.nanograms, exact::MCG), exact::shown_up(used, exact::MCG));
            return Err(MaximumError::ConstrictorExceeded { constrictor: limit.constrictor, limit: most, found });
        }
        Ok(own.map(|(limit, per_cartridge)| (Share { cap: limit.nanograms, used, per_cartridge }, limit.clone())))
    }
}

/// The drug's share; refuses where what was given has used more than all of it.
fn drug_share(request: &Request, limit: &DrugLimit, weight: Weight) -> Result<Share, MaximumError> {
    let cap = limit.cap(weight);
    let mut used: u64 = 0;
    for item in request.given {
        let other = given_limit(request, item.product, limit, weight)?;
        used = used.saturating_add(exact::scaled_up(mass_of(item, item.product.per_cartridge), cap, other));
    }
    if used > cap {
        let (limit, found) = (exact::shown(cap, exact::MG), exact::shown_up(used, exact::MG));
        return Err(MaximumError::DrugExceeded { drug: request.product.drug.clone(), limit, found });
    }
    Ok(Share { cap, used, per_cartridge: request.product.per_cartridge })
}

/// The maximum in nanograms by which what was given is counted: the chosen record's where it holds for that product, too,
/// otherwise its lowest.
///
/// It hangs on the choice and not on the limit that came out of it: another limit may be the lowest at another weight, and a
/// heavier patient would then be allowed less.
fn given_limit(request: &Request, product: &Product, limit: &DrugLimit, weight: Weight) -> Result<u64, MaximumError> {
    let group = request.patient.group();
    if product.name == request.product.name {
        return Ok(limit.cap(weight));
    }
    let limits = product.limits(group).iter();
    let of_choice = match request.choice {
        Choice::Record(asked) => limits.clone().find(|known| known.record.as_deref() == Some(asked)),
        Choice::Lowest | Choice::Own(_) => None,
    };
    let lowest = || limits.map(|known| known.cap(weight)).min();
    let cap = of_choice.map(|known| known.cap(weight)).or_else(lowest);
    cap.ok_or_else(|| MaximumError::NoLimit { drug: product.drug.clone(), group })
}

/// The mass in so many cartridges of so much each, rounded up.
fn mass_of(item: &Given, per_cartridge: u64) -> u64 {
    // Checked before: between 0 and 50 with four decimals.
    exact::count(item.cartridges, PARTS).map_or(u64::MAX, |parts| exact::scaled_up(parts, per_cartridge, PARTS))
}

/// The limit that is asked for.
fn chosen<'a>(
    product: &'a Product,
    patient: &Patient,
    weight: Weight,
    choice: Choice<'a>,
) -> Result<&'a DrugLimit, MaximumError> {
    let group = patient.group();
    let limits = product.limits(group);
    let limit = match choice {
        Choice::Own(limit) => return Ok(limit),
        Choice::Record(asked) => {
            let found = limits.iter().find(|limit| limit.record.as_deref() == Some(asked));
            found.ok_or_else(|| MaximumError::NoSuchLimit {
                asked: asked.chars().take(100).collect(),
                known: limits.len(),
                product: product.name.clone(),
                group,
            })?
        }
        // What forbids the drug at this age allows least of all.
        Choice::Lowest => limits
            .iter()
            .min_by_key(|limit| if limit.forbids(patient.age()) { 0 } else { limit.cap(weight) })
            .ok_or_else(|| MaximumError::NoLimit { drug: product.drug.clone(), group })?,
    };
    match limit.youngest.zip(patient.age()).filter(|(youngest, age)| age < youngest) {
        Some((youngest, age)) => Err(MaximumError::TooYoung {
            drug: product.drug.clone(),
            age: age.to_string(),
            youngest: youngest.to_string(),
            source_of_limit: limit.source.organisation.clone(),
        }),
        None => Ok(limit),
    }
}
