//! The twenty disciplines the knowledge base is divided into.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A discipline of dentistry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discipline {
    /// Caries and restorative dentistry.
    Caries,
    /// Endodontics.
    Endo,
    /// Periodontics.
    Perio,
    /// Oral surgery.
    Surg,
    /// Oral medicine and pathology.
    Omed,
    /// Pharmacology.
    Pharm,
    /// Local anaesthesia and sedation.
    La,
    /// Medical emergencies.
    Emerg,
    /// Medically compromised patients.
    Medcomp,
    /// Paediatric dentistry.
    Paed,
    /// Prosthodontics.
    Prosth,
    /// Implants.
    Implant,
    /// Orthodontics.
    Ortho,
    /// Orofacial pain and temporomandibular disorders.
    Tmd,
    /// Radiology and radiation safety.
    Radio,
    /// Infection control.
    Infect,
    /// Trauma.
    Trauma,
    /// Prevention and fluoride.
    Prev,
    /// Geriatric and special care.
    Geri,
    /// Ethics, consent and records.
    Ethics,
}

/// A word that names no discipline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no discipline; the disciplines are {}", Discipline::ALL.map(Discipline::prefix).join(", "))]
pub struct UnknownDiscipline {
    /// What was read, shortened.
    pub found: String,
}

impl Discipline {
    /// All of them, in the order of the syllabus.
    pub const ALL: [Discipline; 20] = [
        Discipline::Caries,
        Discipline::Endo,
        Discipline::Perio,
        Discipline::Surg,
        Discipline::Omed,
        Discipline::Pharm,
        Discipline::La,
        Discipline::Emerg,
        Discipline::Medcomp,
        Discipline::Paed,
        Discipline::Prosth,
        Discipline::Implant,
        Discipline::Ortho,
        Discipline::Tmd,
        Discipline::Radio,
        Discipline::Infect,
        Discipline::Trauma,
        Discipline::Prev,
        Discipline::Geri,
        Discipline::Ethics,
    ];

    /// What it is called, as a heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Discipline::Caries => "Caries and restorative dentistry",
            Discipline::Endo => "Endodontics",
            Discipline::Perio => "Periodontics",
            Discipline::Surg => "Oral surgery",
            Discipline::Omed => "Oral medicine and pathology",
            Discipline::Pharm => "Pharmacology",
            Discipline::La => "Local anaesthesia and sedation",
            Discipline::Emerg => "Medical emergencies",
            Discipline::Medcomp => "Medically compromised patients",
            Discipline::Paed => "Paediatric dentistry",
            Discipline::Prosth => "Prosthodontics",
            Discipline::Implant => "Implants",
            Discipline::Ortho => "Orthodontics",
            Discipline::Tmd => "Orofacial pain and temporomandibular disorders",
            Discipline::Radio => "Radiology and radiation safety",
            Discipline::Infect => "Infection control",
            Discipline::Trauma => "Trauma",
            Discipline::Prev => "Prevention and fluoride",
            Discipline::Geri => "Geriatric and special care dentistry",
            Discipline::Ethics => "Ethics, consent and records",
        }
    }

    /// The prefix of its ids and the name of its files.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Discipline::Caries => "caries",
            Discipline::Endo => "endo",
            Discipline::Perio => "perio",
            Discipline::Surg => "surg",
            Discipline::Omed => "omed",
            Discipline::Pharm => "pharm",
            Discipline::La => "la",
            Discipline::Emerg => "emerg",
            Discipline::Medcomp => "medcomp",
            Discipline::Paed => "paed",
            Discipline::Prosth => "prosth",
            Discipline::Implant => "implant",
            Discipline::Ortho => "ortho",
            Discipline::Tmd => "tmd",
            Discipline::Radio => "radio",
            Discipline::Infect => "infect",
            Discipline::Trauma => "trauma",
            Discipline::Prev => "prev",
            Discipline::Geri => "geri",
            Discipline::Ethics => "ethics",
        }
    }
}

impl fmt::Display for Discipline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

impl FromStr for Discipline {
    type Err = UnknownDiscipline;

    fn from_str(text: &str) -> Result<Discipline, UnknownDiscipline> {
        Discipline::ALL
            .into_iter()
            .find(|discipline| discipline.prefix() == text)
            .ok_or_else(|| UnknownDiscipline { found: text.chars().take(40).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `prefix`, `FromStr` and serde agree.
    #[test]
    fn one_name_for_each() {
        for discipline in Discipline::ALL {
            assert_eq!(discipline.prefix().parse(), Ok(discipline));
            assert_eq!(serde_json::to_string(&discipline).expect("writes"), format!("\"{discipline}\""));
        }
        assert!("dentistry".parse::<Discipline>().expect_err("unknown").to_string().contains("caries, endo, perio"));
    }
}
