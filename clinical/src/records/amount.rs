//! An amount of a drug: one number or a range, a unit, and whether it is per kilogram of body weight.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RecordError;
use super::number::Number;

/// The units a record may use, written as they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Unit {
    /// Milligrams.
    #[serde(rename = "mg")]
    Mg,
    /// Micrograms: never with the Greek letter, which reads as "m".
    #[serde(rename = "mcg")]
    Mcg,
    /// Grams.
    #[serde(rename = "g")]
    G,
    /// Millilitres.
    #[serde(rename = "mL")]
    Ml,
    /// Units of activity: never "U" or "IU", which read as "0" and "IV".
    #[serde(rename = "units")]
    Units,
    /// Milligrams in a millilitre.
    #[serde(rename = "mg/mL")]
    MgPerMl,
    /// Parts per million.
    #[serde(rename = "ppm")]
    Ppm,
    /// Per cent.
    #[serde(rename = "%")]
    Percent,
    /// Drops.
    #[serde(rename = "drops")]
    Drops,
    /// Puffs of an inhaler.
    #[serde(rename = "puffs")]
    Puffs,
    /// Sprays.
    #[serde(rename = "sprays")]
    Sprays,
    /// Tablets.
    #[serde(rename = "tablets")]
    Tablets,
    /// Litres a minute, of a gas.
    #[serde(rename = "L/min")]
    LitresPerMinute,
}

impl Unit {
    /// As it stands behind a number.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Mg => "mg",
            Unit::Mcg => "mcg",
            Unit::G => "g",
            Unit::Ml => "mL",
            Unit::Units => "units",
            Unit::MgPerMl => "mg/mL",
            Unit::Ppm => "ppm",
            Unit::Percent => "%",
            Unit::Drops => "drops",
            Unit::Puffs => "puffs",
            Unit::Sprays => "sprays",
            Unit::Tablets => "tablets",
            Unit::LitresPerMinute => "L/min",
        }
    }

    /// Behind the number 1.
    fn singular(self) -> &'static str {
        match self {
            Unit::Units => "unit",
            Unit::Drops => "drop",
            Unit::Puffs => "puff",
            Unit::Sprays => "spray",
            Unit::Tablets => "tablet",
            other => other.symbol(),
        }
    }

    /// Whether an amount of it can be given per kilogram of body weight.
    fn goes_by_weight(self) -> bool {
        matches!(self, Unit::Mg | Unit::Mcg | Unit::G | Unit::Ml | Unit::Units)
    }
}

/// An amount; shown as `500 mg`, `400 to 600 mg`, `15 mg/kg`, `1 tablet`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// The number, or the lower end of a range.
    pub low: Number,
    /// The upper end of a range.
    #[serde(deserialize_with = "Option::deserialize")]
    pub high: Option<Number>,
    /// The unit.
    pub unit: Unit,
    /// Whether it is per kilogram of body weight.
    pub per_kg: bool,
}

impl Amount {
    /// Refuses amounts of nothing, ranges that go down, and weights of what is not weighed.
    pub(super) fn check(&self, field: &'static str) -> Result<(), RecordError> {
        if !self.low.is_positive() {
            return Err(RecordError::NotPositive { field, found: self.low });
        }
        if let Some(high) = self.high
            && high <= self.low
        {
            return Err(RecordError::Range { field, low: self.low, high });
        }
        if self.per_kg && !self.unit.goes_by_weight() {
            return Err(RecordError::NotByWeight { field, unit: self.unit.symbol() });
        }
        Ok(())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.high.is_none() && self.low.get() <= 1.0;
        let unit = if one { self.unit.singular() } else { self.unit.symbol() };
        write!(f, "{}", self.low)?;
        if let Some(high) = self.high {
            write!(f, " to {high}")?;
        }
        write!(f, " {unit}{}", if self.per_kg { "/kg" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_with_its_unit() {
        let cases = [
            (r#"{"low":500.0,"high":null,"unit":"mg","per_kg":false}"#, "500 mg"),
            (r#"{"low":500,"high":1000,"unit":"mg","per_kg":false}"#, "500 to 1,000 mg"),
            (r#"{"low":0.15,"high":null,"unit":"mg","per_kg":true}"#, "0.15 mg/kg"),
            (r#"{"low":1,"high":null,"unit":"tablets","per_kg":false}"#, "1 tablet"),
            (r#"{"low":1,"high":2,"unit":"puffs","per_kg":false}"#, "1 to 2 puffs"),
            (r#"{"low":0.12,"high":null,"unit":"%","per_kg":false}"#, "0.12 %"),
            (r#"{"low":100000,"high":null,"unit":"units","per_kg":false}"#, "100,000 units"),
        ];
        for (json, expected) in cases {
            let amount: Amount = serde_json::from_str(json).expect(expected);
            assert_eq!(amount.to_string(), expected);
            assert_eq!(amount.check("dose"), Ok(()));
        }
    }

    #[test]
    fn amounts_that_are_refused() {
        let cases = [
            (r#"{"low":0,"high":null,"unit":"mg","per_kg":false}"#, "`dose` is 0"),
            (r#"{"low":-5,"high":null,"unit":"mg","per_kg":false}"#, "`dose` is -5"),
            (r#"{"low":5,"high":5,"unit":"mg","per_kg":false}"#, "from 5 to 5"),
            (r#"{"low":10,"high":5,"unit":"mg","per_kg":false}"#, "from 10 to 5"),
            (r#"{"low":1,"high":null,"unit":"tablets","per_kg":true}"#, "`tablets` per kilogram"),
        ];
        for (json, expected) in cases {
            let amount: Amount = serde_json::from_str(json).expect(expected);
            let message = amount.check("dose").expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
        for (json, expected) in [
            (r#"{"low":5,"high":null,"unit":"ug","per_kg":false}"#, "unknown variant `ug`"),
            (r#"{"low":5,"high":null,"unit":"IU","per_kg":false}"#, "unknown variant `IU`"),
            (r#"{"low":5,"unit":"mg","per_kg":false}"#, "missing field `high`"),
            (r#"{"low":5,"high":null,"unit":"mg"}"#, "missing field `per_kg`"),
            (r#"{"low":5,"high":null,"unit":"mg","per_kg":false,"per_day":true}"#, "unknown field `per_day`"),
        ] {
            let message = serde_json::from_str::<Amount>(json).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
