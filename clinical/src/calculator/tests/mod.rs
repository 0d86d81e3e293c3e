//! The calculators on every record there is.

mod all_doses;
mod all_products;
mod desk;
mod worked_examples;

use std::path::Path;

use uom::si::mass::kilogram;

use super::*;
use crate::records::{Number, Record};

/// Every record of `data/records`.
fn records() -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/records");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let text: String = paths.iter().map(|path| std::fs::read_to_string(path).expect("a file")).collect();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn kg(kilograms: f64) -> Weight {
    Weight::new(Mass::new::<kilogram>(kilograms)).expect("a weight")
}

fn number(value: f64) -> Number {
    Number::try_from(value).expect("a number")
}

/// A patient whose weight is confirmed, however unusual it is.
fn patient(group: Group, kilograms: f64, conditions: &[Condition]) -> Patient {
    Patient::new(group, Some(kg(kilograms)), None, conditions, Plausibility::Confirmed).expect("a patient")
}

/// A child of an age and weight that go together.
fn child(years: f64, kilograms: f64) -> Patient {
    let age = Age::years(years).expect("an age");
    Patient::new(Group::Child, Some(kg(kilograms)), Some(age), &[], Plausibility::Ask).expect("a patient")
}
