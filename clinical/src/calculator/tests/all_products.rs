//! Every product at every weight against plain arithmetic that shares nothing with the calculator: the numbers are read from
//! the text of the records as whole ten-thousandths, and the cartridges are counted one by one.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Ten-thousandths of a JSON number, digit by digit.
fn ten_thousandths(value: &Value) -> Option<i128> {
    if value.is_null() {
        return None;
    }
    let text = value.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    assert!(decimals.len() <= 4, "{text}");
    Some(format!("{whole}{decimals:0<4}").parse().expect("digits"))
}

/// The records as JSON, by id.
fn plain_records() -> BTreeMap<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/records/la.jsonl");
    let text = std::fs::read_to_string(path).expect("a file");
    let values = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    values.map(|value| (value["id"].as_str().expect("an id").to_owned(), value)).collect()
}

/// The cartridges that a patient of so many kilograms may have after so many quarters of a cartridge of the same product.
fn counted(
    product: &Value,
    limit: &Value,
    absolute: Option<i128>,
    kilograms: i128,
    heart: bool,
    quarters: i128,
) -> i128 {
    let in_cartridge = ten_thousandths(&product["mg_per_cartridge"]).expect("a mass");
    let per_kg = ten_thousandths(&limit["max_mg_per_kg"]).expect("a limit");
    let constrictor = ten_thousandths(&product["vasoconstrictor_mcg_per_cartridge"]);
    let most_mcg = product["vasoconstrictor"]["drug"].as_str().and_then(|drug| match (drug, heart) {
        ("adrenaline (epinephrine)", true) => Some(40 * 10_000),
        ("levonordefrin", false) => Some(1_000 * 10_000),
        ("adrenaline (epinephrine)", false) | ("levonordefrin", true) => Some(200 * 10_000),
        ("felypressin", true) => Some(48_600),
        ("felypressin", false) => None,
        other => panic!("{other:?}"),
    });
    let allowed = |cartridges: i128| {
        // Everything four times, so that quarters are whole.
        let given = 4 * cartridges + quarters;
        given * in_cartridge <= 4 * per_kg * kilograms
            && absolute.is_none_or(|most| given * in_cartridge <= 4 * most)
            && constrictor.zip(most_mcg).is_none_or(|(mcg, most)| given * mcg <= 4 * most)
    };
    (0..1_000).find(|&cartridges| !allowed(cartridges)).expect("an end") - 1
}

#[test]
fn every_record_gives_a_product() {
    let records = records();
    let formulary = Formulary::new(&records);
    assert_eq!(formulary.left_out(), []);
    let solutions = plain_records().values().filter(|value| value["type"] == "local_anaesthetic").count();
    assert_eq!((solutions, formulary.products().len()), (24, 17));
    // Bupivacaine is for nobody under 12, and no record limits it for children.
    for product in formulary.products() {
        assert!(!product.limits(Group::Adult).is_empty(), "{}", product.name());
        assert_eq!(product.limits(Group::Child).is_empty(), product.drug() == "bupivacaine", "{}", product.name());
    }
}

/// A record's own limit, at every weight, with quarters of a cartridge given before, equals the count; and what is shown
/// never exceeds a cap, rises with the weight and falls with what was given.
#[test]
fn equals_a_plain_count() {
    let (records, plain) = (records(), plain_records());
    let formulary = Formulary::new(&records);
    let mut compared = 0_usize;
    for product in formulary.products() {
        for (group, heart) in [(Group::Adult, false), (Group::Adult, true), (Group::Child, false), (Group::Child, true)]
        {
            let conditions: &[Condition] = if heart { &[Condition::Heart] } else { &[] };
            let adult_limits = product.limits(Group::Adult).iter();
            let lowest_of_adults = adult_limits
                .filter_map(|limit| {
                    ten_thousandths(&plain[limit.record.as_deref().expect("a record")]["absolute_max_mg"])
                })
                .min();
            for limit in product.limits(group) {
                let id = limit.record.as_deref().expect("a record");
                let own = ten_thousandths(&plain[id]["absolute_max_mg"]);
                let absolute = if group == Group::Child { own.or(lowest_of_adults) } else { own };
                // Any record of the product says what is in its cartridge.
                let contents = plain.values().find(|value| {
                    value["type"] == "local_anaesthetic"
                        && value["drug"] == product.drug()
                        && product.name().ends_with(&format!(", {} mL", value["cartridge_ml"]))
                        && product.name().contains(&format!(" {} %", value["concentration_percent"]))
                        && match &value["vasoconstrictor"] {
                            Value::Null => product.constrictor().is_none(),
                            some => product.constrictor().is_some_and(|(constrictor, _)| {
                                some["drug"].as_str() == Some(&constrictor.to_string())
                                    && (some["ratio"].is_null()
                                        || product.name().contains(&format!(
                                            "1:{}",
                                            some["ratio"].as_u64().map_or_else(String::new, thousands)
                                        )))
                            }),
                        }
                });
                let contents = contents.unwrap_or_else(|| panic!("{}", product.name()));
                let mut before = [0; 6];
                for kilograms in 10..=150_i32 {
                    let patient = patient(group, f64::from(kilograms), conditions);
                    let mut last = i128::MAX;
                    for (quarters, before) in (0..6_i32).zip(&mut before) {
                        let expected = counted(
                            contents,
                            &plain[id],
                            absolute,
                            i128::from(kilograms),
                            heart,
                            i128::from(quarters * 3),
                        );
                        let given = [Given { product, cartridges: number(f64::from(quarters * 3) / 4.0) }];
                        let request = Request { product, patient: &patient, choice: Choice::Record(id), given: &given };
                        let found = match formulary.maximum(&request) {
                            Ok(found) => found,
                            Err(MaximumError::DrugExceeded { .. } | MaximumError::ConstrictorExceeded { .. }) => {
                                assert!(expected < 0, "{} at {kilograms} kg: {expected}", product.name());
                                continue;
                            }
                            Err(other) => panic!("{other}"),
                        };
                        compared += 1;
                        let cartridges = i128::from(found.cartridges);
                        assert_eq!(cartridges, expected, "{} by {id} at {kilograms} kg, {quarters}", product.name());
                        assert!(
                            cartridges <= last && cartridges >= *before,
                            "{} by {id} at {kilograms} kg",
                            product.name()
                        );
                        assert!(found.mass() <= found.drug.cap() && found.drug.left() <= found.drug.cap());
                        (last, *before) = (cartridges, cartridges);
                    }
                }
            }
        }
    }
    assert!(compared > 80_000, "{compared}");
}

fn thousands(ratio: u64) -> String {
    number(ratio as f64).to_string()
}

/// Without a choice the cartridges are those of the limit that allows least.
#[test]
fn the_lowest_limit_is_taken() {
    let records = records();
    let formulary = Formulary::new(&records);
    for product in formulary.products() {
        for group in [Group::Adult, Group::Child] {
            for kilograms in 10..=150_i32 {
                let patient = patient(group, f64::from(kilograms), &[]);
                let with = |choice| {
                    formulary
                        .maximum(&Request { product, patient: &patient, choice, given: &[] })
                        .map(|found| found.cartridges)
                };
                let ids = product.limits(group).iter().map(|limit| limit.record.as_deref().expect("a record"));
                let each: Vec<u32> = ids.map(|id| with(Choice::Record(id)).expect("a maximum")).collect();
                assert_eq!(with(Choice::Lowest).ok(), each.into_iter().min(), "{} {kilograms} kg", product.name());
            }
        }
    }
}

/// Two products: the fractions of both maxima never add up to more than one, exactly, and one more cartridge would.
#[test]
fn fractions_of_two_products_add_up() {
    let (records, plain) = (records(), plain_records());
    let formulary = Formulary::new(&records);
    let mut compared = 0_usize;
    for first in formulary.products() {
        for second in formulary.products().iter().filter(|second| second.name() != first.name()) {
            for (kilograms, conditions) in
                [(20_i32, &[][..]), (70, &[][..]), (70, &[Condition::Heart][..]), (110, &[][..])]
            {
                let group = if kilograms < 40 { Group::Child } else { Group::Adult };
                let patient = patient(group, f64::from(kilograms), conditions);
                for cartridges in 0..4_i32 {
                    let given = [Given { product: first, cartridges: number(f64::from(cartridges)) }];
                    let request = Request { product: second, patient: &patient, choice: Choice::Lowest, given: &given };
                    let Ok(found) = formulary.maximum(&request) else { continue };
                    compared += 1;
                    // In ten-thousandths of a milligram, each product by its own lowest limit.
                    let lowest = |product: &Product| {
                        let caps = product.limits(group).iter().map(|limit| {
                            let plain = &plain[limit.record.as_deref().expect("a record")];
                            let by_weight =
                                ten_thousandths(&plain["max_mg_per_kg"]).expect("a limit") * i128::from(kilograms);
                            let absolute = limit.absolute.as_ref().map(|most| i128::from(most.nanograms / 100));
                            absolute.map_or(by_weight, |absolute| absolute.min(by_weight))
                        });
                        caps.min().expect("a limit")
                    };
                    let of_first = i128::from(cartridges) * i128::from(first.per_cartridge / 100);
                    let (cap, cap_of_first) = (lowest(second), lowest(first));
                    let adds_up = |cartridges: u32| {
                        let of_second = i128::from(cartridges) * i128::from(second.per_cartridge / 100);
                        of_second * cap_of_first + of_first * cap <= cap * cap_of_first
                    };
                    assert!(adds_up(found.cartridges), "{} after {}", second.name(), first.name());
                    let by_drug = !matches!(found.limiting, Limiting::Constrictor(_));
                    assert!(!by_drug || !adds_up(found.cartridges + 1), "{} after {}", second.name(), first.name());
                }
            }
        }
    }
    assert!(compared > 3_000, "{compared}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever was given: more of it never leaves more, its order does not matter, and a heavier patient never has less.
    #[test]
    fn what_was_given_only_takes_away(
        chosen in 0_usize..17,
        before in proptest::collection::vec((0_usize..17, 0_u32..20), 0..4),
        more in (0_usize..17, 1_u32..20),
        grams in 10_000_u32..150_000,
        heavier in 1_u32..20_000,
        (is_child, heart) in any::<(bool, bool)>(),
    ) {
        thread_local!(static FORMULARY: Formulary = Formulary::new(&records()));
        FORMULARY.with(|formulary| {
            let product = &formulary.products()[chosen];
            let item = |&(index, quarters): &(usize, u32)| Given {
                product: &formulary.products()[index],
                cartridges: number(f64::from(quarters) / 4.0),
            };
            let group = if is_child { Group::Child } else { Group::Adult };
            let conditions: &[Condition] = if heart { &[Condition::Heart] } else { &[] };
            let (lighter, heavier) = (f64::from(grams) / 1_000.0, f64::from(grams + heavier) / 1_000.0);
            let left = |kilograms, given: &[Given]| {
                let patient = patient(group, kilograms, conditions);
                let found = formulary.maximum(&Request { product, patient: &patient, choice: Choice::Lowest, given });
                // Parts of a cartridge, too; less than nothing where it is refused.
                found.map_or(-1.0, |found| found.cartridges_exactly().get())
            };
            let given: Vec<Given> = before.iter().map(item).collect();
            let reversed: Vec<Given> = given.iter().rev().copied().collect();
            let and_more: Vec<Given> = before.iter().chain([&more]).map(item).collect();
            let found = left(lighter, &given);
            prop_assert!(left(lighter, &and_more) <= found);
            prop_assert!(left(heavier, &given) >= found);
            prop_assert_eq!(left(lighter, &reversed).to_bits(), found.to_bits());
            Ok(())
        })?;
    }
}
