//! A maximum in words: every step with its number, and what to heed.

use super::anaesthetic::{Limiting, Maximum, Request, Share};
use super::exact::{self, MCG, MG};
use super::limit::DrugLimit;
use super::patient::{Condition, Group};
use super::product::Constrictor;

/// What to heed besides the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The patient is a child.
    Child,
    /// The patient has a condition that calls for less.
    Lower(Condition),
    /// Felypressin in pregnancy.
    FelypressinInPregnancy,
    /// Nothing limits this vasoconstrictor but the drug.
    NotLimited(Constrictor),
    /// The product's limit, or another of its limits, does not hold under an age.
    NotUnder {
        /// The age as shown.
        youngest: String,
        /// Who says so.
        source: String,
    },
    /// Different products were given.
    Mixed,
    /// The weight is unusual and was confirmed.
    UnusualWeight,
    /// The limit stands in no record.
    OwnLimit,
}

impl Warning {
    /// What a request and its limit call for.
    pub(super) fn of(request: &Request, limit: &DrugLimit) -> Vec<Warning> {
        let (product, patient) = (request.product, request.patient);
        let mut warnings = Vec::new();
        if patient.group() == Group::Child {
            warnings.push(Warning::Child);
        }
        let conditions =
            [Condition::Older, Condition::Pregnancy, Condition::Liver, Condition::Kidney, Condition::Heart];
        warnings.extend(conditions.into_iter().filter(|condition| patient.has(*condition)).map(Warning::Lower));
        match product.constrictor {
            Some((Constrictor::Felypressin, _)) if patient.has(Condition::Pregnancy) => {
                warnings.push(Warning::FelypressinInPregnancy);
            }
            Some((Constrictor::Felypressin, _)) if !patient.has(Condition::Heart) => {
                warnings.push(Warning::NotLimited(Constrictor::Felypressin));
            }
            _ => {}
        }
        // An age that is not known, or a limit that another authority does not give at this age.
        let unmet = |known: &&DrugLimit| known.forbids(patient.age()) || patient.age().is_none();
        let known = product.limits(patient.group()).iter().filter(unmet);
        for (youngest, source) in known.filter_map(|known| Some((known.youngest?, &known.source))) {
            let warning = Warning::NotUnder { youngest: youngest.to_string(), source: source.organisation.clone() };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        if request.given.iter().any(|item| item.cartridges.is_positive() && item.product.name() != product.name()) {
            warnings.push(Warning::Mixed);
        }
        if patient.weight_was_confirmed() {
            warnings.push(Warning::UnusualWeight);
        }
        if limit.record.is_none() {
            warnings.push(Warning::OwnLimit);
        }
        warnings
    }

    /// The warning as a sentence.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Warning::Child => {
                "A child: this is the maximum, not the dose; give the least that works and count every cartridge."
                    .to_owned()
            }
            Warning::Lower(condition) => match condition {
                Condition::Older => "An older or frail patient clears local anaesthetics slowly: stay well below the maximum.",
                Condition::Pregnancy => "Pregnancy: use the least that works; lidocaine with adrenaline is the usual choice.",
                Condition::Liver => "Liver disease: amide anaesthetics are cleared slowly; stay well below the maximum.",
                Condition::Kidney => "Kidney disease: metabolites build up; stay well below the maximum.",
                Condition::Heart => {
                    "Cardiovascular disease: the lower limit of vasoconstrictor holds; aspirate, inject slowly and watch the patient."
                }
            }
            .to_owned(),
            Warning::FelypressinInPregnancy => "Avoid felypressin in pregnancy: choose another solution.".to_owned(),
            Warning::NotLimited(constrictor) => {
                format!("No number limits {constrictor} in a healthy patient; the limit of the drug holds.")
            }
            Warning::NotUnder { youngest, source } => format!("Not under {youngest}, says {source}: check the age."),
            Warning::Mixed => {
                "Different products were given: their fractions of each maximum are added up.".to_owned()
            }
            Warning::UnusualWeight => "The weight is unusual and was confirmed: weigh again if in doubt.".to_owned(),
            Warning::OwnLimit => "This limit stands in no record of this assistant.".to_owned(),
        }
    }
}

impl Maximum {
    /// The working, a sentence for each step, and the result last.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let (product, limit) = (&self.product, &self.limit);
        let mg = |nanograms| exact::shown(nanograms, MG);
        let mut lines = vec![
            format!("Product: {}, {} mg in a cartridge.", product.name, mg(product.per_cartridge)),
            format!("Weight: {} kg.", self.weight.kilograms()),
            format!("By weight: {}, so {} mg ({}).", limit.rate, mg(limit.rate.at(self.weight)), cited(&limit.source)),
            match &limit.absolute {
                Some(most) => format!("In all: at most {} mg ({}).", mg(most.nanograms), cited(&most.source)),
                None => "In all: the source gives no absolute maximum.".to_owned(),
            },
        ];
        lines.push(share_line(product.drug(), self.drug, MG, "mg"));
        match (&self.constrictor, product.constrictor) {
            (Some((share, of)), _) => {
                lines.push(format!("Limit of {}: {of}.", of.constrictor));
                lines.push(share_line(&of.constrictor.to_string(), *share, MCG, "mcg"));
            }
            (None, Some((constrictor, _))) => lines.push(format!("Limit of {constrictor}: none for this patient.")),
            (None, None) => lines.push("Without vasoconstrictor.".to_owned()),
        }
        lines.push(format!(
            "At most {} cartridge{} ({} mg, {} mL), limited by {}.",
            self.cartridges,
            if self.cartridges == 1 { "" } else { "s" },
            self.milligrams(),
            self.millilitres(),
            self.decides(),
        ));
        lines
    }

    /// What decides, in words: "lidocaine by body weight".
    pub(super) fn decides(&self) -> String {
        match self.limiting {
            Limiting::DrugByWeight => format!("{} by body weight", self.product.drug),
            Limiting::DrugAbsolute => format!("the absolute maximum of {}", self.product.drug),
            Limiting::Constrictor(constrictor) => constrictor.to_string(),
        }
    }

    /// What to heed, and the reminder that stands under every result.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let warnings = self.warnings.iter().map(Warning::text);
        let cautions = self.cautions.iter().map(|caution| format!("Caution: {}.", caution.trim_end_matches('.')));
        warnings.chain(cautions).chain([CHECK.to_owned()]).collect()
    }
}

/// Stands under every result.
pub(super) const CHECK: &str =
    "Check against the product's own information before use; this is a maximum, not a recommendation.";

/// "Lidocaine: 300 mg, 72 mg used, 228 mg left, 6.33 cartridges."
fn share_line(what: &str, share: Share, unit: u64, symbol: &str) -> String {
    let shown = |nanograms| exact::shown(nanograms, unit);
    let used = if share.used == 0 {
        String::new()
    } else {
        // Rounded up, so that used and left add up to no more than the maximum.
        format!(
            ", {} {symbol} used, {} {symbol} left",
            exact::shown_up(share.used, unit),
            shown(share.left_nanograms())
        )
    };
    format!(
        "{what}: {} {symbol}{used}, so {} cartridges of {} {symbol}.",
        shown(share.cap),
        share.cartridges_exactly(),
        shown(share.per_cartridge)
    )
}

/// The document a number stands in.
pub(super) fn cited(source: &crate::records::Citation) -> String {
    format!("{}, {}, {}", source.organisation, source.title, source.year)
}
