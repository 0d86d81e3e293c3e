//! What the calculators are asked and what they say, as it goes between page and worker.
//!
//! Entries travel as they were typed: what is a quantity is decided in one place, behind the worker. Results travel as lines to
//! show: the page computes nothing.

use serde::{Deserialize, Serialize};

/// A calculation; answered by `calculated` or, with a sentence that says what to do, by `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calculate {
    /// Chosen by the page, different from every question's; comes back in the reply.
    pub id: String,
    /// What is to be calculated.
    pub calculation: Calculation,
}

/// What is to be calculated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Calculation {
    /// The most local anaesthetic; one sheet.
    Maximum(MaximumEntries),
    /// A child's dose; a sheet for each record that holds.
    Dose(DoseEntries),
}

/// Entries of the local anaesthetic calculator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaximumEntries {
    /// One of [`CalculatorChoices::products`].
    pub product: String,
    /// Whose limits hold.
    pub group: PatientGroup,
    /// The body weight.
    pub weight: WeightEntry,
    /// The age; without text it is not known.
    pub age: AgeEntry,
    /// Significant cardiovascular disease: the lower limit of vasoconstrictor holds.
    pub heart: bool,
    /// What was given before.
    #[serde(default)]
    pub given: Vec<GivenEntry>,
    /// The clinician has seen that the weight is unusual and confirms it.
    #[serde(default)]
    pub confirmed: bool,
}

/// Entries of the calculator of children's doses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DoseEntries {
    /// One of [`CalculatorChoices::drugs`].
    pub drug: String,
    /// The age.
    pub age: AgeEntry,
    /// The body weight.
    pub weight: WeightEntry,
    /// The strength of the liquid, such as "250 mg/5 mL"; empty for another form.
    #[serde(default)]
    pub strength: String,
    /// The clinician has seen that the weight is unusual and confirms it.
    #[serde(default)]
    pub confirmed: bool,
}

/// Whose limits hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PatientGroup {
    /// From 18 years on.
    #[default]
    Adult,
    /// Below 18 years.
    Child,
}

/// A body weight as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WeightEntry {
    /// The number; a unit that is typed with it must agree with `unit`.
    pub text: String,
    /// The chosen unit.
    pub unit: WeightUnit,
}

/// Units of a body weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WeightUnit {
    /// Kilograms.
    #[default]
    Kg,
    /// Pounds.
    Lb,
}

/// An age as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgeEntry {
    /// The number; a unit that is typed with it must agree with `unit`.
    pub text: String,
    /// The chosen unit.
    pub unit: AgeUnit,
}

/// Units of an age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AgeUnit {
    /// Years.
    #[default]
    Years,
    /// Months.
    Months,
}

/// A local anaesthetic that was given before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenEntry {
    /// One of [`CalculatorChoices::products`].
    pub product: String,
    /// How many cartridges, as typed; empty where none was given.
    pub cartridges: String,
}

/// What the calculators can be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalculatorChoices {
    /// Local anaesthetics in their cartridges, in the order of their names.
    pub products: Vec<String>,
    /// The one to begin with: without vasoconstrictor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_product: Option<String>,
    /// Drugs with a dose for children, in alphabetical order.
    pub drugs: Vec<String>,
}

/// A result, ready to be shown as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalculationSheet {
    /// The product, or the drug with what it is for and where that holds.
    pub title: String,
    /// The number that counts.
    pub result: String,
    /// The same in other units, and how often.
    pub amounts: Vec<String>,
    /// What limits it; `None` where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<String>,
    /// What the record says, for a dose.
    pub record: Vec<String>,
    /// Every step with its number.
    pub working: Vec<String>,
    /// What to heed; the reminder to check stands last.
    pub remarks: Vec<String>,
    /// The document of every limit.
    pub sources: Vec<String>,
}
