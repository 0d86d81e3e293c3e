//! What the page knows of its calculators, as plain data: the worker's replies go in, the parts read it out.

use std::sync::Arc;

use mambaformer_wasm::calculation::{CalculationSheet, CalculatorChoices};
use mambaformer_wasm::protocol::ErrorKind;

use crate::session::{Message, Problem};

/// The calculators of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calculator {
    /// The most local anaesthetic.
    Maximum,
    /// A child's dose.
    Dose,
}

/// What has come of a calculation.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// Nothing was asked, or an entry has changed since: a result never stands beside entries that it is not of.
    #[default]
    Unasked,
    /// Sent under this identifier.
    Waiting(String),
    /// The result.
    Calculated {
        /// At least one.
        sheets: Arc<Vec<CalculationSheet>>,
        /// Why records that hold for the patient gave no number.
        left_out: Arc<Vec<String>>,
    },
    /// No result, and why.
    Refused(Problem),
}

/// The calculators with what they can be asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calculators {
    /// `None` until the records are there.
    pub choices: Option<Arc<CalculatorChoices>>,
    maximum: Outcome,
    dose: Outcome,
}

impl Calculators {
    /// What has come of a calculation.
    #[must_use]
    pub fn outcome(&self, calculator: Calculator) -> &Outcome {
        match calculator {
            Calculator::Maximum => &self.maximum,
            Calculator::Dose => &self.dose,
        }
    }

    /// Puts something in the place of what was there.
    pub fn set(&mut self, calculator: Calculator, outcome: Outcome) {
        match calculator {
            Calculator::Maximum => self.maximum = outcome,
            Calculator::Dose => self.dose = outcome,
        }
    }

    /// Takes in a result. One that is no longer waited for changes nothing.
    pub fn calculated(&mut self, id: &str, sheets: Vec<CalculationSheet>, left_out: Vec<String>) {
        if let Some(waiting) = self.waiting(id) {
            *waiting = Outcome::Calculated { sheets: Arc::new(sheets), left_out: Arc::new(left_out) };
        }
    }

    /// Takes in a refusal; `false` where it is none of a calculation that is waited for.
    pub fn refused(&mut self, id: Option<&str>, kind: ErrorKind, message: &str) -> bool {
        let Some(waiting) = id.and_then(|id| self.waiting(id)) else { return false };
        *waiting = Outcome::Refused(Problem { kind, message: Message::Worker(message.to_owned()) });
        true
    }

    /// The worker is gone: nothing more comes of what was sent, and nothing can be asked until the next one has its records.
    pub fn lost(&mut self) {
        self.choices = None;
        for outcome in [&mut self.maximum, &mut self.dose] {
            if matches!(outcome, Outcome::Waiting(_)) {
                *outcome = Outcome::Unasked;
            }
        }
    }

    fn waiting(&mut self, id: &str) -> Option<&mut Outcome> {
        [&mut self.maximum, &mut self.dose]
            .into_iter()
            .find(|outcome| matches!(outcome, Outcome::Waiting(own) if own == id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(id: &str) -> Calculators {
        let mut calculators = Calculators { choices: Some(Arc::default()), ..Calculators::default() };
        calculators.set(Calculator::Maximum, Outcome::Waiting(id.to_owned()));
        calculators
    }

    #[test]
    fn only_what_is_waited_for_is_taken_in() {
        let mut calculators = waiting("c2");
        let before = calculators.clone();
        calculators.calculated("c1", vec![CalculationSheet::default()], Vec::new());
        assert!(!calculators.refused(Some("c1"), ErrorKind::BadWeight, "why"));
        assert!(!calculators.refused(None, ErrorKind::BadRequest, "why"));
        assert_eq!(calculators, before);
        assert!(calculators.refused(Some("c2"), ErrorKind::BadWeight, "why"));
        let Outcome::Refused(problem) = calculators.outcome(Calculator::Maximum) else { panic!("not refused") };
        assert_eq!((problem.kind, &problem.message), (ErrorKind::BadWeight, &Message::Worker("why".to_owned())));
        calculators.calculated("c2", vec![CalculationSheet::default()], Vec::new());
        assert!(matches!(calculators.outcome(Calculator::Maximum), Outcome::Refused(_)), "it was answered already");
        assert_eq!(calculators.outcome(Calculator::Dose), &Outcome::Unasked);
    }

    #[test]
    fn a_result_of_other_entries_is_never_shown() {
        let mut calculators = waiting("c1");
        calculators.set(Calculator::Maximum, Outcome::Unasked);
        calculators.calculated("c1", vec![CalculationSheet::default()], Vec::new());
        assert_eq!(calculators.outcome(Calculator::Maximum), &Outcome::Unasked);
    }

    #[test]
    fn without_a_worker_nothing_is_waited_for() {
        let mut calculators = waiting("c1");
        calculators.lost();
        assert_eq!(calculators, Calculators::default());
    }
}
