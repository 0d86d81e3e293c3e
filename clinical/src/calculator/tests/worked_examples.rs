//! Examples with their numbers written out.

use uom::si::mass::milligram;

use super::*;
use crate::records::Citation;

const US_LIDOCAINE: &str = "lidocaine 2 % with adrenaline (epinephrine) 1:100,000, 1.8 mL";
const UK_LIDOCAINE: &str = "lidocaine 2 % with adrenaline (epinephrine) 1:80,000, 2.2 mL";
const UK_ARTICAINE: &str = "articaine 4 % with adrenaline (epinephrine) 1:100,000, 2.2 mL";
const PRILOCAINE: &str = "prilocaine 3 % with felypressin, 2.2 mL";

fn own_limit(per_pound: f64, most: f64) -> DrugLimit {
    let source = Citation { organisation: "Label".to_owned(), title: "Label".to_owned(), year: 2018, url: None };
    let rate = Rate::per_pound(Mass::new::<milligram>(per_pound)).expect("a rate");
    DrugLimit::own(rate, Some(Mass::new::<milligram>(most)), source).expect("a limit")
}

/// 150 lb adult, lidocaine 2 % with epinephrine 1:100,000, 1.8 mL: 2 mg/lb and 300 mg allow 8 cartridges (288 mg); 3.2 mg/lb and
/// 500 mg allow 13 by the drug, 11 by the epinephrine.
#[test]
fn the_ready_vector() {
    let records = records();
    let formulary = Formulary::new(&records);
    let product = formulary.product(US_LIDOCAINE).expect("a product");
    let weight = Weight::new(pounds(150.0)).expect("a weight");
    let patient = Patient::new(Group::Adult, Some(weight), None, &[], Plausibility::Ask).expect("a patient");
    let with =
        |choice| formulary.maximum(&Request { product, patient: &patient, choice, given: &[] }).expect("a maximum");

    let low = own_limit(2.0, 300.0);
    for found in [with(Choice::Own(&low)), with(Choice::Lowest)] {
        assert_eq!((found.cartridges, exact::nanograms(found.mass())), (8, Some(288_000_000)));
        assert_eq!(found.constrictor.as_ref().map(|(share, _)| share.cartridges()), Some(11));
        assert!(!matches!(found.limiting, Limiting::Constrictor(_)));
    }
    let high = own_limit(3.2, 500.0);
    for found in [with(Choice::Own(&high)), with(Choice::Record("rec-la-005"))] {
        assert_eq!((found.drug.cartridges(), found.cartridges), (13, 11));
        assert_eq!(found.limiting, Limiting::Constrictor(Constrictor::Adrenaline));
        assert_eq!(found.cartridges_exactly().to_string(), "11.11");
    }
    assert_eq!(
        with(Choice::Lowest).lines(),
        [
            "Product: lidocaine 2 % with adrenaline (epinephrine) 1:100,000, 1.8 mL, 36 mg in a cartridge.",
            "Weight: 68.03 kg.",
            "By weight: 4.4 mg/kg, so 299.37 mg (Medicines and Healthcare products Regulatory Agency, Summary of product characteristics: Lignospan Special 2 % (lidocaine with adrenaline 1:80,000), 2021).",
            "In all: at most 300 mg (Medicines and Healthcare products Regulatory Agency, Summary of product characteristics: Lignospan Special 2 % (lidocaine with adrenaline 1:80,000), 2021).",
            "lidocaine: 299.37 mg, so 8.31 cartridges of 36 mg.",
            "Limit of adrenaline (epinephrine): healthy patient, at most 200 mcg (Malamed SF, 2020).",
            "adrenaline (epinephrine): 200 mcg, so 11.11 cartridges of 18 mcg.",
            "At most 8 cartridges (288 mg, 14.4 mL), limited by lidocaine by body weight.",
        ]
    );
    assert_eq!(with(Choice::Lowest).remarks().last().map(String::as_str), Some(working::CHECK));
}

#[test]
fn heart_disease_allows_40_mcg() {
    let records = records();
    let formulary = Formulary::new(&records);
    let cardiac = patient(Group::Adult, 70.0, &[Condition::Heart]);
    for (name, expected) in [
        (UK_LIDOCAINE, 1),
        (US_LIDOCAINE, 2),
        ("articaine 4 % with adrenaline (epinephrine) 1:200,000, 2.2 mL", 3),
        ("mepivacaine 2 % with levonordefrin 1:20,000, 1.7 mL", 2),
        (PRILOCAINE, 4),
        ("mepivacaine 3 % without vasoconstrictor, 2.2 mL", 4),
    ] {
        let product = formulary.product(name).expect(name);
        let request = Request { product, patient: &cardiac, choice: Choice::Lowest, given: &[] };
        let found = formulary.maximum(&request).expect(name);
        assert_eq!(found.cartridges, expected, "{name}");
        assert!(found.warnings.contains(&Warning::Lower(Condition::Heart)));
    }
}

/// A child of 20 kg: 88 mg of lidocaine at 4.4 mg/kg are exactly two cartridges of 44 mg; 140 mg of articaine are one and a half
/// of 88 mg. Half of one leaves half of the other.
#[test]
fn a_child_of_20_kg() {
    let records = records();
    let formulary = Formulary::new(&records);
    let child = child(6.0, 20.0);
    let (lidocaine, articaine) =
        (formulary.product(UK_LIDOCAINE).expect("lidocaine"), formulary.product(UK_ARTICAINE).expect("articaine"));
    let left = |product, given: &[Given]| {
        let found =
            formulary.maximum(&Request { product, patient: &child, choice: Choice::Lowest, given }).expect("a maximum");
        (found.cartridges, found.cartridges_exactly().to_string())
    };
    assert_eq!(left(lidocaine, &[]), (2, "2".to_owned()));
    assert_eq!(left(articaine, &[]), (1, "1.59".to_owned()));
    let one = [Given { product: lidocaine, cartridges: number(1.0) }];
    assert_eq!(left(lidocaine, &one), (1, "1".to_owned()));
    assert_eq!(left(articaine, &one), (0, "0.79".to_owned()));
    let two = [Given { product: lidocaine, cartridges: number(2.0) }];
    assert_eq!(left(articaine, &two), (0, "0".to_owned()));
}

/// A third of one maximum and a third of another leave a third: 100 mg of 300 mg each.
#[test]
fn what_was_given_is_added_up() {
    let records = records();
    let formulary = Formulary::new(&records);
    let adult = patient(Group::Adult, 100.0, &[]);
    let product = |name: &str| formulary.product(name).expect(name);
    let (lidocaine, mepivacaine) = (product(UK_LIDOCAINE), product("mepivacaine 3 % without vasoconstrictor, 2.2 mL"));
    let given = [
        Given { product: lidocaine, cartridges: number(2.0) },
        Given { product: mepivacaine, cartridges: number(2.0) },
        Given { product: lidocaine, cartridges: number(0.5) },
    ];
    let request = Request { product: mepivacaine, patient: &adult, choice: Choice::Lowest, given: &given };
    let found = formulary.maximum(&request).expect("a maximum");
    // 88 + 132 + 22 of 300 mg are used.
    assert_eq!(exact::nanograms(found.drug.left()), Some(58_000_000));
    assert_eq!((found.cartridges, found.cartridges_exactly().to_string().as_str()), (0, "0.87"));
    assert!(found.warnings.contains(&Warning::Mixed));
}

/// What holds with adrenaline does not hold without where it allows more; the other way round it is offered.
#[test]
fn a_plain_solution_has_no_higher_limit() {
    let records = records();
    let formulary = Formulary::new(&records);
    let rates = |name: &str| -> Vec<String> {
        let product = formulary.product(name).expect(name);
        product.limits(Group::Adult).iter().map(|limit| limit.rate.to_string()).collect()
    };
    assert!(rates("lidocaine 2 % without vasoconstrictor, 1.8 mL").iter().all(|rate| rate == "4.4 mg/kg"));
    assert_eq!(rates(UK_LIDOCAINE).last().map(String::as_str), Some("7 mg/kg"));
    assert_eq!(rates("prilocaine 4 % without vasoconstrictor, 1.8 mL"), ["6 mg/kg", "8 mg/kg"]);
}

#[test]
fn what_is_refused() {
    let records = records();
    let formulary = Formulary::new(&records);
    let product = |name: &str| formulary.product(name).expect("a product");
    let lidocaine = product(UK_LIDOCAINE);
    let bupivacaine = &formulary.find("bupivacaine").expect("a product")[0].clone();
    let (adult, small) = (patient(Group::Adult, 70.0, &[]), child(3.0, 14.0));
    let weightless = Patient::new(Group::Adult, None, None, &[], Plausibility::Ask).expect("a patient");
    let ten = [Given { product: lidocaine, cartridges: number(10.0) }];
    let minus = [Given { product: lidocaine, cartridges: number(-1.0) }];
    let strong = [Given {
        product: &product("lidocaine 2 % with adrenaline (epinephrine) 1:50,000, 1.7 mL").clone(),
        cartridges: number(6.0),
    }];
    let plain = product("mepivacaine 3 % without vasoconstrictor, 2.2 mL");
    let cases = [
        (lidocaine, &weightless, Choice::Lowest, &[][..], "the body weight is missing"),
        (bupivacaine, &small, Choice::Lowest, &[], "no record limits bupivacaine in a child"),
        (lidocaine, &adult, Choice::Record("rec-la-999"), &[], "`rec-la-999` is none of the"),
        (lidocaine, &adult, Choice::Lowest, &ten, "counts as 440 mg of lidocaine, the maximum is 300 mg"),
        (lidocaine, &adult, Choice::Lowest, &minus, "-1 cartridges of lidocaine"),
        (
            product(UK_ARTICAINE),
            &small,
            Choice::Lowest,
            &[],
            "articaine is not for a child of 3 years (not under 4 years",
        ),
        (plain, &small, Choice::Lowest, &[], "mepivacaine is not for a child of 3 years"),
        (
            plain,
            &adult,
            Choice::Record("rec-la-014"),
            &strong,
            "counts as 204 mcg of adrenaline (epinephrine), the maximum is 200 mcg",
        ),
    ];
    for (product, patient, choice, given, expected) in cases {
        let message = formulary.maximum(&Request { product, patient, choice, given }).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}");
    }
    let message = formulary.product("cocaine").expect_err("unknown").to_string();
    assert_eq!(message, "there is no product `cocaine` among the 17 known ones; choose one of the list");
    assert!(formulary.find("").is_err() && formulary.find(&"x".repeat(1_000)).is_err());
    assert_eq!(formulary.find("Lidocaine 2% epinephrine 1:100,000").expect("two").len(), 2);
    // Another authority's limit may hold where the lowest forbids, and says so.
    let allowed = Request { product: plain, patient: &small, choice: Choice::Record("rec-la-015"), given: &[] };
    let found = formulary.maximum(&allowed).err().map(|error| error.to_string());
    assert!(found.is_some_and(|message| message.contains("not under 4 years")), "its own record names the age, too");
}

#[test]
fn warnings_go_with_the_patient() {
    let records = records();
    let formulary = Formulary::new(&records);
    let prilocaine = formulary.product(PRILOCAINE).expect("a product");
    let warnings = |patient: &Patient, choice| {
        formulary.maximum(&Request { product: prilocaine, patient, choice, given: &[] }).expect("a maximum").warnings
    };
    let pregnant = patient(Group::Adult, 70.0, &[Condition::Pregnancy]);
    assert!(warnings(&pregnant, Choice::Lowest).contains(&Warning::FelypressinInPregnancy));
    let healthy = patient(Group::Adult, 70.0, &[]);
    assert_eq!(warnings(&healthy, Choice::Lowest), [Warning::NotLimited(Constrictor::Felypressin)]);
    let light = patient(Group::Adult, 38.0, &[Condition::Older, Condition::Liver, Condition::Kidney]);
    let own = own_limit(2.0, 300.0);
    let found = warnings(&light, Choice::Own(&own));
    for expected in
        [Warning::Lower(Condition::Older), Warning::Lower(Condition::Liver), Warning::UnusualWeight, Warning::OwnLimit]
    {
        assert!(found.contains(&expected) && expected.text().ends_with('.'), "{expected:?}");
    }
}
