//! What the calculators say.

use mambaformer_wasm::calculation::{AgeUnit, PatientGroup, WeightUnit};

/// The section, and the link to it.
pub const HEADING: &str = "Calculators";
/// What the section holds, beside its heading.
pub const WHAT: &str = "maximum local anaesthetic, dose for a child";
/// What they are not.
pub const CAVEAT: &str = "These calculators assist: they do not replace the prescriber’s own check. Every number comes from a \
                          record of the knowledge base, and every result names its source.";
/// Before the records are there.
pub const LOADING: &str = "The records are still loading.";
/// Without a worker.
pub const LOST: &str = "The records are not there; start the assistant again.";

/// The first calculator.
pub const MAXIMUM: &str = "Maximum local anaesthetic";
/// The second calculator.
pub const DOSE: &str = "Dose for a child";
/// Which solution.
pub const PRODUCT: &str = "Local anaesthetic and cartridge";
/// Which drug.
pub const DRUG: &str = "Drug";
/// The list before a drug is chosen.
pub const CHOOSE_DRUG: &str = "Choose a drug";
/// Whose limits hold.
pub const PATIENT: &str = "Patient";
/// The body weight.
pub const WEIGHT: &str = "Body weight";
/// Its unit.
pub const WEIGHT_UNIT: &str = "Unit of the body weight";
/// The age where it is needed.
pub const AGE: &str = "Age";
/// The age where it may be left out.
pub const AGE_OPTIONAL: &str = "Age (optional)";
/// Its unit.
pub const AGE_UNIT: &str = "Unit of the age";
/// The lower limit of vasoconstrictor.
pub const HEART: &str = "Cardiac patient: the lower limit of vasoconstrictor holds";
/// The strength of a liquid.
pub const STRENGTH: &str = "Strength of the liquid (optional)";
/// How a strength is written.
pub const STRENGTH_HELP: &str = "For example 250 mg/5 mL; the dose is then given in mL, too.";
/// What was given before.
pub const GIVEN: &str = "Already given at this appointment (optional)";
/// How many cartridges of it.
pub const CARTRIDGES: &str = "Cartridges";
/// One more product.
pub const ADD: &str = "Add a product";
/// One product less.
pub const REMOVE: &str = "Remove";
/// Starts the first calculation.
pub const CALCULATE_MAXIMUM: &str = "Calculate the maximum";
/// Starts the second calculation.
pub const CALCULATE_DOSE: &str = "Calculate the dose";
/// The answer to a question about an unusual weight.
pub const CONFIRM: &str = "The weight is right: calculate";
/// An entry with half of a character.
pub const ILL_FORMED: &str = "An entry contains half of a character (a lone surrogate); delete it and type it again.";

/// Before what holds a number down.
pub const LIMITED_BY: &str = "Limited by";
/// Over a record's line.
pub const RECORD: &str = "Record";
/// Over the steps.
pub const WORKING: &str = "Working";
/// Over the steps and the documents of one record among many.
pub const WORKING_AND_SOURCE: &str = "Working and source";
/// Over what to heed.
pub const HEED: &str = "Heed";
/// Over the documents.
pub const SOURCES: &str = "Sources of the limits";
/// Over records without a number.
pub const LEFT_OUT: &str = "Not calculated";

/// Whose limits hold, with the boundary.
#[must_use]
pub fn group(group: PatientGroup) -> &'static str {
    match group {
        PatientGroup::Adult => "Adult",
        PatientGroup::Child => "Child (under 18)",
    }
}

/// A unit of weight.
#[must_use]
pub fn weight_unit(unit: WeightUnit) -> &'static str {
    match unit {
        WeightUnit::Kg => "kg",
        WeightUnit::Lb => "lb",
    }
}

/// A unit of age.
#[must_use]
pub fn age_unit(unit: AgeUnit) -> &'static str {
    match unit {
        AgeUnit::Years => "years",
        AgeUnit::Months => "months",
    }
}

/// A row of what was given, for its fields' names: the first is 1.
#[must_use]
pub fn given_row(number: usize) -> String {
    format!("Product {number} already given")
}

/// How many records hold for a child.
#[must_use]
pub fn held(records: usize) -> String {
    match records {
        1 => "1 record holds for this child.".to_owned(),
        count => format!("{count} records hold for this child: choose by what it is for and where you practise."),
    }
}
