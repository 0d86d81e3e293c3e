//! What the calculators say.

use mambaformer_wasm::calculation::{AgeUnit, PatientGroup, WeightUnit};

words! { calculators:
    /// The section, and the link to it.
    heading;
    /// What the section holds, beside its heading.
    what;
    /// What they are not.
    caveat;
    /// Before the records are there.
    loading;
    /// Without a worker.
    lost;
    /// The first calculator.
    maximum;
    /// The second calculator.
    dose;
    /// Which solution.
    product;
    /// Which drug.
    drug;
    /// The list before a drug is chosen.
    choose_drug;
    /// Whose limits hold.
    patient;
    /// The body weight.
    weight;
    /// Its unit.
    weight_unit;
    /// The age where it is needed.
    age;
    /// The age where it may be left out.
    age_optional;
    /// Its unit.
    age_unit;
    /// The lower limit of vasoconstrictor.
    heart;
    /// The strength of a liquid.
    strength;
    /// How a strength is written.
    strength_help;
    /// What was given before.
    given;
    /// How many cartridges of it.
    cartridges;
    /// One more product.
    add;
    /// One product less.
    remove;
    /// Starts the first calculation.
    calculate_maximum;
    /// Starts the second calculation.
    calculate_dose;
    /// The answer to a question about an unusual weight.
    confirm;
    /// An entry with half of a character.
    ill_formed;
    /// Before what holds a number down.
    limited_by;
    /// Over a record's line.
    record;
    /// Over the steps.
    working;
    /// Over the steps and the documents of one record among many.
    working_and_source;
    /// Over what to heed.
    heed;
    /// Over the documents.
    sources;
    /// Over records without a number.
    left_out;
}

/// Whose limits hold, with the boundary.
#[must_use]
pub fn group(group: PatientGroup) -> &'static str {
    match group {
        PatientGroup::Adult => say!(calculators.adult),
        PatientGroup::Child => say!(calculators.child),
    }
}

/// A unit of weight, the same in every language.
#[must_use]
pub fn unit_of_weight(unit: WeightUnit) -> &'static str {
    match unit {
        WeightUnit::Kg => "kg",
        WeightUnit::Lb => "lb",
    }
}

/// A unit of age.
#[must_use]
pub fn unit_of_age(unit: AgeUnit) -> &'static str {
    match unit {
        AgeUnit::Years => say!(calculators.years),
        AgeUnit::Months => say!(calculators.months),
    }
}

/// A row of what was given, for its fields' names: the first is 1.
#[must_use]
pub fn given_row(number: usize) -> String {
    say!(calculators.given_row, number = number)
}

/// How many records hold for a child.
#[must_use]
pub fn held(records: usize) -> String {
    match records {
        1 => say!(calculators.held_one).to_owned(),
        count => say!(calculators.held_many, count = count),
    }
}
