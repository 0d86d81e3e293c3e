//! A local anaesthetic solution in its cartridge, and what limits its vasoconstrictor.

use std::fmt;

use super::exact::{self, MCG, Mass, Volume};
use super::limit::DrugLimit;
use super::patient::Group;
use crate::records::{Citation, LocalAnaesthetic};

/// A vasoconstrictor of dental cartridges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constrictor {
    /// Adrenaline (epinephrine).
    Adrenaline,
    /// Levonordefrin.
    Levonordefrin,
    /// Felypressin.
    Felypressin,
}

impl Constrictor {
    /// All of them.
    pub(super) const ALL: [Constrictor; 3] =
        [Constrictor::Adrenaline, Constrictor::Levonordefrin, Constrictor::Felypressin];

    /// The one a text begins with, by either of its names.
    pub(super) fn named(text: &str) -> Option<Constrictor> {
        let text = text.to_lowercase();
        let names = |constrictor: Constrictor| constrictor.names().iter().any(|name| text.starts_with(name));
        Constrictor::ALL.into_iter().find(|constrictor| names(*constrictor))
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Constrictor::Adrenaline => &["adrenaline", "epinephrine"],
            Constrictor::Levonordefrin => &["levonordefrin"],
            Constrictor::Felypressin => &["felypressin"],
        }
    }
}

impl fmt::Display for Constrictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Constrictor::Adrenaline => "adrenaline (epinephrine)",
            Constrictor::Levonordefrin => "levonordefrin",
            Constrictor::Felypressin => "felypressin",
        })
    }
}

/// The most of a vasoconstrictor at an appointment.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstrictorLimit {
    /// Which one.
    pub constrictor: Constrictor,
    /// Whether it is for significant cardiovascular disease.
    pub heart: bool,
    pub(super) nanograms: u64,
    /// Who says so.
    pub source: Citation,
}

impl ConstrictorLimit {
    /// The most as a mass.
    #[must_use]
    pub fn mass(&self) -> Mass {
        exact::mass(self.nanograms)
    }

    /// The limit of felypressin in heart disease, which no record holds: 0.27 units, which are 9 mL of 0.03 units/mL or
    /// 0.54 mcg/mL (Malamed, Handbook of Local Anesthesia). For a healthy adult the limit of prilocaine comes first.
    pub(super) fn felypressin_in_heart_disease() -> ConstrictorLimit {
        ConstrictorLimit {
            constrictor: Constrictor::Felypressin,
            heart: true,
            nanograms: 4_860,
            source: Citation {
                organisation: "Malamed SF".to_owned(),
                title: "Handbook of Local Anesthesia, 7th edition".to_owned(),
                year: 2020,
                url: None,
            },
        }
    }
}

impl fmt::Display for ConstrictorLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.heart { "cardiovascular disease" } else { "healthy patient" };
        let (most, source) = (exact::shown(self.nanograms, MCG), &self.source);
        write!(f, "{who}, at most {most} mcg ({}, {})", source.organisation, source.year)
    }
}

/// A solution in cartridges of one size, with the limits the records give for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub(super) name: String,
    pub(super) drug: String,
    /// Nanograms of the drug in a cartridge.
    pub(super) per_cartridge: u64,
    /// Microlitres of a cartridge.
    pub(super) microlitres: u64,
    /// The vasoconstrictor, and nanograms of it in a cartridge.
    pub(super) constrictor: Option<(Constrictor, u64)>,
    pub(super) adult: Vec<DrugLimit>,
    pub(super) child: Vec<DrugLimit>,
    /// What the product's own records say besides, for adults and children.
    pub(super) cautions: [Vec<String>; 2],
}

impl Product {
    /// Drug, strength, vasoconstrictor and cartridge: `lidocaine 2 % with adrenaline (epinephrine) 1:80,000, 2.2 mL`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The drug, by its international name.
    #[must_use]
    pub fn drug(&self) -> &str {
        &self.drug
    }

    /// The drug in a cartridge.
    #[must_use]
    pub fn drug_in_cartridge(&self) -> Mass {
        exact::mass(self.per_cartridge)
    }

    /// The solution in a cartridge.
    #[must_use]
    pub fn cartridge(&self) -> Volume {
        exact::volume(self.microlitres)
    }

    /// The vasoconstrictor, and how much of it is in a cartridge.
    #[must_use]
    pub fn constrictor(&self) -> Option<(Constrictor, Mass)> {
        self.constrictor.map(|(constrictor, nanograms)| (constrictor, exact::mass(nanograms)))
    }

    /// The limits to choose from, the lowest first. Empty where the records hold none for this group.
    #[must_use]
    pub fn limits(&self, group: Group) -> &[DrugLimit] {
        match group {
            Group::Adult => &self.adult,
            Group::Child => &self.child,
        }
    }

    /// What its own records say to heed in this group.
    pub(super) fn cautions(&self, group: Group) -> &[String] {
        match group {
            Group::Adult => &self.cautions[0],
            Group::Child => &self.cautions[1],
        }
    }
}

/// The name of a record's solution in its cartridge; records of one product have the same.
pub(super) fn name(solution: &LocalAnaesthetic) -> String {
    let with = solution.vasoconstrictor.as_ref().map_or_else(
        || " without vasoconstrictor".to_owned(),
        |constrictor| {
            let ratio = constrictor.ratio.map(|ratio| format!(" 1:{ratio}")).unwrap_or_default();
            format!(" with {}{ratio}", constrictor.drug)
        },
    );
    format!("{} {} %{with}, {} mL", solution.drug, solution.concentration_percent, solution.cartridge_ml)
}
