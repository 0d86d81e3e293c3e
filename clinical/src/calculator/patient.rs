//! The patient as far as a dose depends on it: group, weight, age, conditions. What cannot be meant is refused or asked back.

use std::fmt;

use uom::si::mass::kilogram;

use super::exact::{self, KG, Mass};
use super::growth::plausible_kg;
use crate::records::Number;

/// The smallest weight that is taken, in kilograms.
const LEAST_KG: u64 = 2;
/// The largest weight that is taken, in kilograms.
const MOST_KG: u64 = 300;
/// Adults outside these weights are asked back, in kilograms.
const ADULT_KG: (f64, f64) = (40.0, 200.0);
/// From this birthday on a patient is an adult.
pub(super) const ADULT_YEARS: f64 = 18.0;
/// From this birthday on an adult is an older one.
const OLDER_YEARS: f64 = 65.0;
/// The highest age that is taken, in years.
const MOST_YEARS: f64 = 120.0;
/// Days of a month: a twelfth of 365.25, which a float holds exactly.
const MONTH_DAYS: f64 = 30.4375;
/// Months of a year.
const YEAR_MONTHS: f64 = 12.0;

/// Why a patient cannot be calculated for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PatientError {
    /// No number, nothing, or less.
    #[error("a weight of {found} kg is no body weight; weigh the patient and enter it in kg, lb or st")]
    NoWeight {
        /// What was given, in kilograms.
        found: f64,
    },
    /// Outside everything that is taken.
    #[error("{found_kg:.1} kg is outside {LEAST_KG} to {MOST_KG} kg; check the number and its unit")]
    WeightOutOfRange {
        /// What was given, in kilograms.
        found_kg: f64,
    },
    /// No age of a living person.
    #[error("an age of {found} years is outside 0 to {MOST_YEARS} years; correct it")]
    AgeOutOfRange {
        /// What was given, in years.
        found: f64,
    },
    /// A weight that an adult seldom has.
    #[error(
        "{found_kg:.1} kg ({found_lb:.0} lb) is unusual for an adult ({} to {} kg); check number and unit, choose child if the patient is one, or confirm it",
        ADULT_KG.0, ADULT_KG.1
    )]
    UnusualAdult {
        /// The weight in kilograms.
        found_kg: f64,
        /// The weight in pounds.
        found_lb: f64,
    },
    /// A weight that a child of this age seldom has.
    #[error(
        "{found_kg:.1} kg ({found_lb:.0} lb) is unusual for a child of {age} ({low:.1} to {high:.1} kg expected); check weight, unit and age, or confirm it"
    )]
    UnusualChild {
        /// The weight in kilograms.
        found_kg: f64,
        /// The weight in pounds.
        found_lb: f64,
        /// The age as shown.
        age: String,
        /// Half of the median weight, in kilograms.
        low: f64,
        /// Twice the median weight, in kilograms.
        high: f64,
    },
    /// An adult of twelve, a child of thirty.
    #[error("a patient of {age} is {expected}, not {found}; correct the age or choose {expected}")]
    OtherGroup {
        /// The age as shown.
        age: String,
        /// The group that was chosen.
        found: Group,
        /// The group of that age.
        expected: Group,
    },
}

/// A body weight between 2 and 300 kg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    nanograms: u64,
}

impl Weight {
    /// Refuses what is not finite, zero, negative or outside 2 to 300 kg.
    pub fn new(mass: Mass) -> Result<Weight, PatientError> {
        let found_kg = mass.get::<kilogram>();
        if !found_kg.is_finite() || found_kg <= 0.0 {
            return Err(PatientError::NoWeight { found: found_kg });
        }
        match exact::nanograms(mass) {
            Some(nanograms) if (LEAST_KG * KG..=MOST_KG * KG).contains(&nanograms) => Ok(Weight { nanograms }),
            _ => Err(PatientError::WeightOutOfRange { found_kg }),
        }
    }

    /// The weight as a mass.
    #[must_use]
    pub fn mass(self) -> Mass {
        exact::mass(self.nanograms)
    }

    /// In whole nanograms.
    pub(super) fn nanograms(self) -> u64 {
        self.nanograms
    }

    /// In kilograms, as shown: two decimals, rounded down.
    #[must_use]
    pub fn kilograms(self) -> Number {
        exact::shown(self.nanograms, KG)
    }

    fn kg(self) -> f64 {
        self.mass().get::<kilogram>()
    }

    fn lb(self) -> f64 {
        self.mass().get::<uom::si::mass::pound>()
    }
}

/// An age between birth and 120 years.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Age {
    days: f64,
}

impl Age {
    fn new(days: f64) -> Result<Age, PatientError> {
        let years = days / (MONTH_DAYS * YEAR_MONTHS);
        if (0.0..=MOST_YEARS).contains(&years) {
            Ok(Age { days: days.abs() })
        } else {
            Err(PatientError::AgeOutOfRange { found: years })
        }
    }

    /// So many days after birth.
    pub fn days(days: f64) -> Result<Age, PatientError> {
        Age::new(days)
    }

    /// So many weeks after birth.
    pub fn weeks(weeks: f64) -> Result<Age, PatientError> {
        Age::new(weeks * 7.0)
    }

    /// So many months after birth.
    pub fn months(months: f64) -> Result<Age, PatientError> {
        Age::new(months * MONTH_DAYS)
    }

    /// So many years after birth.
    pub fn years(years: f64) -> Result<Age, PatientError> {
        Age::new(years * YEAR_MONTHS * MONTH_DAYS)
    }

    /// In years.
    #[must_use]
    pub fn in_years(self) -> f64 {
        self.in_months() / YEAR_MONTHS
    }

    /// In months.
    #[must_use]
    pub fn in_months(self) -> f64 {
        self.days / MONTH_DAYS
    }

    /// The group of this age.
    #[must_use]
    pub fn group(self) -> Group {
        if self.in_years() < ADULT_YEARS { Group::Child } else { Group::Adult }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = if self.in_months() < 1.0 {
            (self.days, "day")
        } else if self.in_years() < 2.0 {
            (self.in_months(), "month")
        } else {
            (self.in_years(), "year")
        };
        // Completed days, months, years, as ages are told.
        let count = count.floor();
        write!(f, "{count} {unit}{}", if count.to_bits() == 1.0_f64.to_bits() { "" } else { "s" })
    }
}

/// Whose limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// From 18 years on.
    Adult,
    /// Below 18 years.
    Child,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Group::Adult => "an adult",
            Group::Child => "a child",
        })
    }
}

/// What calls for less than the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// 65 years or more, or frail.
    Older,
    /// Pregnant.
    Pregnancy,
    /// Impaired liver function.
    Liver,
    /// Impaired kidney function.
    Kidney,
    /// Significant cardiovascular disease: the lower limit of vasoconstrictor holds.
    Heart,
}

/// What to do with a weight that is unusual for the group or the age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plausibility {
    /// Ask back.
    #[default]
    Ask,
    /// The clinician has seen the question and confirms the weight.
    Confirmed,
}

/// A patient who can be calculated for.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    group: Group,
    weight: Option<Weight>,
    age: Option<Age>,
    conditions: Vec<Condition>,
    confirmed: bool,
}

impl Patient {
    /// Refuses an age of the other group, and asks back where the weight is unusual.
    pub fn new(
        group: Group,
        weight: Option<Weight>,
        age: Option<Age>,
        conditions: &[Condition],
        plausibility: Plausibility,
    ) -> Result<Patient, PatientError> {
        if let Some(age) = age
            && age.group() != group
        {
            return Err(PatientError::OtherGroup { age: age.to_string(), found: group, expected: age.group() });
        }
        let unusual = weight.and_then(|weight| unusual(group, weight, age));
        if let Some(question) = unusual.clone()
            && plausibility == Plausibility::Ask
        {
            return Err(question);
        }
        let mut conditions = conditions.to_vec();
        if age.is_some_and(|age| age.in_years() >= OLDER_YEARS) && !conditions.contains(&Condition::Older) {
            conditions.push(Condition::Older);
        }
        Ok(Patient { group, weight, age, conditions, confirmed: unusual.is_some() })
    }

    /// Whose limits hold.
    #[must_use]
    pub fn group(&self) -> Group {
        self.group
    }

    /// The body weight, where it is known.
    #[must_use]
    pub fn weight(&self) -> Option<Weight> {
        self.weight
    }

    /// The age, where it is known.
    #[must_use]
    pub fn age(&self) -> Option<Age> {
        self.age
    }

    /// Whether this calls for less than the maximum.
    #[must_use]
    pub fn has(&self, condition: Condition) -> bool {
        self.conditions.contains(&condition)
    }

    /// Whether the weight is unusual and was confirmed.
    #[must_use]
    pub fn weight_was_confirmed(&self) -> bool {
        self.confirmed
    }
}

/// The question to ask about a weight, if there is one.
fn unusual(group: Group, weight: Weight, age: Option<Age>) -> Option<PatientError> {
    let (found_kg, found_lb) = (weight.kg(), weight.lb());
    match (group, age) {
        (Group::Adult, _) => {
            let plain = (ADULT_KG.0..=ADULT_KG.1).contains(&found_kg);
            (!plain).then_some(PatientError::UnusualAdult { found_kg, found_lb })
        }
        (Group::Child, Some(age)) => {
            let (low, high) = plausible_kg(age);
            let plain = (low..=high).contains(&found_kg);
            (!plain).then(|| PatientError::UnusualChild { found_kg, found_lb, age: age.to_string(), low, high })
        }
        // Without an age any weight that some child has is taken.
        (Group::Child, None) => {
            let (low, high) = (LEAST_KG as f64, plausible_kg(Age { days: ADULT_YEARS * YEAR_MONTHS * MONTH_DAYS }).1);
            (found_kg > high).then(|| PatientError::UnusualChild {
                found_kg,
                found_lb,
                age: "unknown age".to_owned(),
                low,
                high,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculator::exact::pounds;
    use proptest::prelude::*;

    fn kg(value: f64) -> Weight {
        Weight::new(Mass::new::<kilogram>(value)).expect("a weight")
    }

    fn years(value: f64) -> Age {
        Age::years(value).expect("an age")
    }

    #[test]
    fn absurd_weights_are_refused() {
        for (value, expected) in [
            (0.0, "is no body weight"),
            (-5.0, "is no body weight"),
            (f64::NAN, "is no body weight"),
            (f64::INFINITY, "is no body weight"),
            (1.99, "outside 2 to 300 kg"),
            (300.1, "outside 2 to 300 kg"),
            (1e300, "outside 2 to 300 kg"),
        ] {
            let message = Weight::new(Mass::new::<kilogram>(value)).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
        for value in [2.0, 300.0] {
            assert_eq!(kg(value).kilograms().get().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn unusual_weights_are_asked_back() {
        let seventy_pounds = Weight::new(pounds(70.0)).expect("a weight");
        let cases = [
            (Group::Adult, seventy_pounds, None, Some("31.8 kg (70 lb) is unusual for an adult (40 to 200 kg)")),
            (Group::Adult, kg(220.0), None, Some("unusual for an adult")),
            (Group::Adult, kg(40.0), None, None),
            (Group::Child, seventy_pounds, None, None),
            (Group::Child, kg(140.0), None, Some("a child of unknown age")),
            // 18 kg typed as pounds, 40 lb typed as kilograms.
            (Group::Child, kg(8.2), Some(years(5.0)), Some("a child of 5 years (9.2 to 36.6 kg expected)")),
            (Group::Child, kg(40.0), Some(years(5.0)), Some("check weight, unit and age")),
            (Group::Child, kg(18.0), Some(years(5.0)), None),
            (Group::Child, kg(20.0), Some(years(30.0)), Some("a patient of 30 years is an adult, not a child")),
            (Group::Adult, kg(60.0), Some(years(12.0)), Some("a patient of 12 years is a child, not an adult")),
        ];
        for (group, weight, age, expected) in cases {
            let found = Patient::new(group, Some(weight), age, &[], Plausibility::Ask);
            match expected {
                Some(part) => {
                    let message = found.expect_err(part).to_string();
                    assert!(message.contains(part), "{message}");
                }
                None => assert!(!found.expect("plausible").weight_was_confirmed()),
            }
        }
        let confirmed = Patient::new(Group::Adult, Some(seventy_pounds), None, &[], Plausibility::Confirmed);
        assert!(confirmed.expect("confirmed").weight_was_confirmed());
        assert!(Patient::new(Group::Adult, None, Some(years(12.0)), &[], Plausibility::Confirmed).is_err());
    }

    #[test]
    fn ages_are_told_and_grouped() {
        let cases = [
            (Age::days(10.0), "10 days", Group::Child),
            (Age::weeks(6.0), "1 month", Group::Child),
            (Age::months(18.0), "18 months", Group::Child),
            (Age::months(24.0), "2 years", Group::Child),
            (Age::years(17.99), "17 years", Group::Child),
            (Age::years(18.0), "18 years", Group::Adult),
        ];
        for (age, shown, group) in cases {
            let age = age.expect(shown);
            assert_eq!((age.to_string().as_str(), age.group()), (shown, group));
        }
        assert_eq!(Age::months(6.0), Age::years(0.5));
        for bad in [-0.1, 121.0, f64::NAN] {
            assert!(Age::years(bad).expect_err("no age").to_string().contains("outside 0 to 120 years"));
        }
        let older = Patient::new(Group::Adult, None, Some(years(65.0)), &[], Plausibility::Ask).expect("a patient");
        assert!(older.has(Condition::Older));
    }

    proptest! {
        #[test]
        fn any_float(value in any::<f64>(), age in any::<f64>()) {
            let weight = Weight::new(Mass::new::<kilogram>(value));
            prop_assert_eq!(weight.is_ok(), (2.0..=300.0).contains(&value));
            if let (Ok(weight), Ok(age)) = (weight, Age::years(age)) {
                for group in [Group::Adult, Group::Child] {
                    let _ = Patient::new(group, Some(weight), Some(age), &[], Plausibility::Ask);
                }
            }
        }
    }
}
