//! The calculators over every record: what can be calculated, and whether anything comes out above a limit.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use mambaformer_clinical::calculator::unit::{kilogram, microgram, milligram};
use mambaformer_clinical::calculator::{
    Age, Choice, Condition, DoseError, Formulary, Group, Limiting, Mass, Maximum, Patient, Plausibility, Product,
    Regimen, Request, Weight, pounds,
};
use mambaformer_clinical::records::{Facts, LocalAnaesthetic, Number, Population, Record};

use super::{Context, Figure, Goal, Report, labelled};

/// Comparisons of sums of floats, relative.
const TOLERANCE: f64 = 1e-9;

/// Measures both calculators.
pub(super) fn measure(context: &Context) -> Result<Report> {
    let records: Vec<Record> = labelled::folder(&context.data.join("records"))?;
    let mut report = Report::default();
    let formulary = Formulary::new(&records);
    anaesthetics(&records, &formulary, &mut report)?;
    ready_vector(&formulary, &mut report)?;
    doses(&records, &mut report)?;
    Ok(report)
}

/// Every product, group, heart condition, limit and weight from 10 to 150 kg.
fn anaesthetics(records: &[Record], formulary: &Formulary, report: &mut Report) -> Result<()> {
    let solutions: BTreeMap<&str, &LocalAnaesthetic> = records
        .iter()
        .filter_map(|record| match &record.facts {
            Facts::LocalAnaesthetic(solution) => Some((record.id.as_str(), solution)),
            _ => None,
        })
        .collect();
    let left_out = formulary.left_out();
    report.failures.extend(left_out.iter().map(|left| format!("{}: {}", left.record, left.reason)));
    let (mut maxima, mut above, mut below) = (0, 0, 0);
    let mut choices = Vec::new();
    for product in formulary.products() {
        for group in [Group::Adult, Group::Child] {
            let names: Vec<String> = product.limits(group).iter().map(ToString::to_string).collect();
            choices.push(format!("{}, {group}: {}", product.name(), names.join(" | ")));
            for (limit, heart) in product.limits(group).iter().flat_map(|limit| [(limit, false), (limit, true)]) {
                let id = limit.record.as_deref().context("a limit of the records names its record")?;
                let conditions: &[Condition] = if heart { &[Condition::Heart] } else { &[] };
                for kilograms in 10..=150_u32 {
                    let kilograms = f64::from(kilograms);
                    let weight = Weight::new(Mass::new::<kilogram>(kilograms))?;
                    let patient = Patient::new(group, Some(weight), None, conditions, Plausibility::Confirmed)?;
                    let request = Request { product, patient: &patient, choice: Choice::Record(id), given: &[] };
                    let found = formulary.maximum(&request)?;
                    let solution = solutions.get(id).context("the limit's record is a solution")?;
                    let absolute = limit.absolute.as_ref().map(|most| most.mass().get::<milligram>());
                    let cap = (solution.max_mg_per_kg.get() * kilograms).min(absolute.unwrap_or(f64::INFINITY));
                    let within = |cartridges: u32| is_within(formulary, product, cap, heart, cartridges);
                    maxima += 1;
                    let name = || format!("{} by {id} at {kilograms} kg: {}", product.name(), found.cartridges);
                    if !within(found.cartridges) {
                        above += 1;
                        report.failures.push(format!("{} is above a cap", name()));
                    }
                    if within(found.cartridges + 1) {
                        below += 1;
                        report.failures.push(format!("{}, one more is within every cap", name()));
                    }
                }
            }
        }
    }
    let read = Figure::Rate { hits: solutions.len() - left_out.len(), of: solutions.len() };
    report.goals.push(Goal::at_least("records of solutions that can be calculated", 1.0, read));
    let above = Figure::Rate { hits: above, of: maxima };
    report.goals.push(Goal::at_most("maxima above a cap (10 to 150 kg, every limit)", 0.0, above));
    let below = Figure::Rate { hits: below, of: maxima };
    report.goals.push(Goal::at_most("maxima with room for a whole cartridge more", 0.0, below));
    report.remarks.push(format!("{} products; their limits, the lowest first:", formulary.products().len()));
    report.remarks.extend(choices);
    Ok(())
}

/// Whether so many cartridges stay within the cap of the drug (mg) and of the vasoconstrictor.
fn is_within(formulary: &Formulary, product: &Product, cap: f64, heart: bool, cartridges: u32) -> bool {
    let cartridges = f64::from(cartridges);
    let by_drug = product.drug_in_cartridge().get::<milligram>() * cartridges <= cap * (1.0 + TOLERANCE);
    let by_constrictor = product.constrictor().is_none_or(|(constrictor, each)| {
        formulary.constrictor_limit(constrictor, heart).is_none_or(|limit| {
            each.get::<microgram>() * cartridges <= limit.mass().get::<microgram>() * (1.0 + TOLERANCE)
        })
    });
    by_drug && by_constrictor
}

/// 150 lb adult, lidocaine 2 % with epinephrine 1:100,000, 1.8 mL.
fn ready_vector(formulary: &Formulary, report: &mut Report) -> Result<()> {
    let product = formulary.product("lidocaine 2 % with adrenaline (epinephrine) 1:100,000, 1.8 mL")?;
    let weight = Weight::new(pounds(150.0))?;
    let patient = Patient::new(Group::Adult, Some(weight), None, &[], Plausibility::Ask)?;
    let with = |choice| formulary.maximum(&Request { product, patient: &patient, choice, given: &[] });
    let (low, high) = (with(Choice::Lowest)?, with(Choice::Record("rec-la-005"))?);
    let by_constrictor = |found: &Maximum| matches!(found.limiting, Limiting::Constrictor(_));
    let held = [
        low.cartridges == 8 && !by_constrictor(&low),
        high.drug.cartridges() == 13,
        high.cartridges == 11 && by_constrictor(&high),
    ];
    let hits = held.iter().filter(|held| **held).count();
    report.goals.push(Goal::at_least(
        "150 lb adult: 8; 13 by drug, 11 by epinephrine",
        1.0,
        Figure::Rate { hits, of: 3 },
    ));
    report.remarks.extend(low.lines());
    report.remarks.extend(high.lines());
    Ok(())
}

/// Every dose for children at every plausible age and weight, by quarters of a year and whole kilograms.
fn doses(records: &[Record], report: &mut Report) -> Result<()> {
    let (mut regimens, mut used, mut calculated, mut above) = (0, 0, 0, 0);
    for record in records {
        let (dose, population, single) = match &record.facts {
            Facts::Dose(dose) => (dose.dose, dose.population, dose.max_single),
            Facts::Prophylaxis(dose) => (dose.dose, dose.population, dose.max_single),
            _ => continue,
        };
        if population == Population::Adult && !dose.per_kg {
            continue;
        }
        regimens += 1;
        let regimen = match Regimen::of(record, records) {
            Ok(regimen) => regimen,
            Err(error) => {
                report.failures.push(error.to_string());
                continue;
            }
        };
        let mut is_used = false;
        for quarters in 0..72_u32 {
            let age = Age::months(f64::from(quarters) * 3.0)?;
            for kilograms in 2..=130_u32 {
                let weight = Weight::new(Mass::new::<kilogram>(f64::from(kilograms)))?;
                let Ok(patient) = Patient::new(Group::Child, Some(weight), Some(age), &[], Plausibility::Ask) else {
                    continue;
                };
                let found = match regimen.calculate(&patient, None) {
                    Ok(found) => found,
                    Err(DoseError::OtherAge { .. } | DoseError::OtherWeight { .. } | DoseError::OtherGroup { .. }) => {
                        continue;
                    }
                    Err(error) => {
                        report.failures.push(error.to_string());
                        break;
                    }
                };
                (is_used, calculated) = (true, calculated + 1);
                let top = |low: Number, high: Option<Number>, per_kg: bool| {
                    high.unwrap_or(low).get() * if per_kg { f64::from(kilograms) } else { 1.0 }
                };
                let asked = top(dose.low, dose.high, dose.per_kg);
                let single = single.filter(|single| single.unit == dose.unit);
                let single = single.map_or(f64::INFINITY, |single| top(single.low, single.high, single.per_kg));
                let size = match dose.unit.symbol() {
                    "mg" => 1.0,
                    "mcg" => 1e-3,
                    "g" => 1e3,
                    _ => continue,
                };
                let given = found.high.unwrap_or(found.low).mass().map_or(0.0, |mass| mass.get::<milligram>());
                if given > asked.min(single) * size * (1.0 + TOLERANCE) {
                    above += 1;
                    report.failures.push(format!("{} at {age}, {kilograms} kg: {given} mg", record.id));
                }
            }
        }
        if is_used {
            used += 1;
        } else {
            report.failures.push(format!("{} holds for no child of a plausible age and weight", record.id));
        }
    }
    let rate = Figure::Rate { hits: used, of: regimens };
    report.goals.push(Goal::at_least("dose records for children that can be calculated", 1.0, rate));
    let above = Figure::Rate { hits: above, of: calculated };
    report.goals.push(Goal::at_most("children's doses above the record's dose or maximum", 0.0, above));
    Ok(())
}
