//! What the calculators say.

use mambaformer_wasm::calculation::{AgeUnit, PatientGroup, WeightUnit};

words! { calculators:
    /// The section, and the link to it.
    HEADING = heading;
    /// What the section holds, beside its heading.
    WHAT = what;
    /// What they are not.
    CAVEAT = caveat;
    /// Before the records are there.
    LOADING = loading;
    /// Without a worker.
    LOST = lost;
    /// The first calculator.
    MAXIMUM = maximum;
    /// The second calculator.
    DOSE = dose;
    /// Which solution.
    PRODUCT = product;
    /// Which drug.
    DRUG = drug;
    /// The list before a drug is chosen.
    CHOOSE_DRUG = choose_drug;
    /// Whose limits hold.
    PATIENT = patient;
    /// The body weight.
    WEIGHT = weight;
    /// Its unit.
    WEIGHT_UNIT = weight_unit;
    /// The age where it is needed.
    AGE = age;
    /// The age where it may be left out.
    AGE_OPTIONAL = age_optional;
    /// Its unit.
    AGE_UNIT = age_unit;
    /// The lower limit of vasoconstrictor.
    HEART = heart;
    /// The strength of a liquid.
    STRENGTH = strength;
    /// How a strength is written.
    STRENGTH_HELP = strength_help;
    /// What was given before.
    GIVEN = given;
    /// How many cartridges of it.
    CARTRIDGES = cartridges;
    /// One more product.
    ADD = add;
    /// One product less.
    REMOVE = remove;
    /// Starts the first calculation.
    CALCULATE_MAXIMUM = calculate_maximum;
    /// Starts the second calculation.
    CALCULATE_DOSE = calculate_dose;
    /// The answer to a question about an unusual weight.
    CONFIRM = confirm;
    /// An entry with half of a character.
    ILL_FORMED = ill_formed;
    /// Before what holds a number down.
    LIMITED_BY = limited_by;
    /// Over a record's line.
    RECORD = record;
    /// Over the steps.
    WORKING = working;
    /// Over the steps and the documents of one record among many.
    WORKING_AND_SOURCE = working_and_source;
    /// Over what to heed.
    HEED = heed;
    /// Over the documents.
    SOURCES = sources;
    /// Over records without a number.
    LEFT_OUT = left_out;
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
