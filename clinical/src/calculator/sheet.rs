//! A result as it is shown: the one place where a calculation becomes lines of text.

use super::anaesthetic::Maximum;
use super::dose::{Calculated, Regimen, range};
use crate::records::Citation;

/// A result, ready for display. Nothing in it is computed with any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The product, or the drug with what it is for and where that holds.
    pub title: String,
    /// The number that counts: "At most 8 cartridges", "300 mg".
    pub result: String,
    /// The same in other units, and how often: "288 mg of lidocaine", "14.4 mL".
    pub amounts: Vec<String>,
    /// What limits it; `None` where nothing holds the dose down.
    pub limited_by: Option<String>,
    /// What the record says, for a dose: its line, which tells how often and how long.
    pub record: Vec<String>,
    /// Every step with its number.
    pub working: Vec<String>,
    /// What to heed; the reminder to check stands last.
    pub remarks: Vec<String>,
    /// The document of every limit.
    pub sources: Vec<String>,
}

impl Maximum {
    /// The maximum as it is shown. What was given before is taken off already, and the words say so.
    #[must_use]
    pub fn sheet(&self) -> Sheet {
        let more = if self.drug.used().value > 0.0 { " more" } else { "" };
        let result = match self.cartridges {
            0 => format!("No{more} whole cartridge"),
            1 => format!("At most 1{more} cartridge"),
            count => format!("At most {count}{more} cartridges"),
        };
        let mut sources = vec![source("By body weight", &self.limit.source)];
        if let Some(most) = &self.limit.absolute {
            sources.push(source("In all", &most.source));
        }
        if let Some((_, limit)) = &self.constrictor {
            sources.push(source(&limit.constrictor.to_string(), &limit.source));
        }
        Sheet {
            title: self.product.name.clone(),
            result,
            amounts: vec![
                format!("{} mg of {}", self.milligrams(), self.product.drug),
                format!("{} mL", self.millilitres()),
            ],
            limited_by: Some(self.decides()),
            record: Vec::new(),
            working: self.lines(),
            remarks: self.remarks(),
            sources,
        }
    }
}

impl Calculated {
    /// The dose as it is shown, with the regimen it was calculated from.
    #[must_use]
    pub fn sheet(&self, regimen: &Regimen) -> Sheet {
        let from = regimen.record();
        let record = from.lines();
        Sheet {
            title: format!("{} ({})", from.title().trim_end_matches([',', ' ']), from.region),
            result: format!("One dose: {}", range(&self.low, self.high.as_ref())),
            amounts: self.times.map(|times| format!("at most {times} in 24 hours")).into_iter().collect(),
            limited_by: self.limited_by.clone(),
            // The working begins with the record's own lines.
            working: self.lines().iter().skip(record.len()).cloned().collect(),
            record,
            remarks: self.remarks().to_vec(),
            sources: vec![source("Record", &from.source)],
        }
    }
}

fn source(what: &str, citation: &Citation) -> String {
    format!("{what}: {citation}")
}
