//! Reading a record: the common fields and those of its type, none unknown, none twice.
//!
//! `#[serde(flatten)]` cannot refuse unknown fields, so the object is taken apart by hand and each half read strictly.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Citation, Discipline, Facts, Record, Region, Review};

/// The fields every record has besides those of its type.
const COMMON: [&str; 5] = ["id", "discipline", "region", "source", "reviewed"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    id: String,
    discipline: Discipline,
    region: Region,
    source: Citation,
    #[serde(deserialize_with = "Option::deserialize")]
    reviewed: Option<Review>,
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Record, A::Error> {
        let (mut common, mut facts) = (Map::new(), Map::new());
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            let half = if COMMON.contains(&name.as_str()) { &mut common } else { &mut facts };
            if half.contains_key(&name) {
                return Err(A::Error::custom(format!("the field `{name}` stands there twice")));
            }
            half.insert(name, value);
        }
        let Common { id, discipline, region, source, reviewed } =
            Common::deserialize(Value::Object(common)).map_err(A::Error::custom)?;
        let facts = Facts::deserialize(Value::Object(facts)).map_err(A::Error::custom)?;
        Ok(Record { id, discipline, region, source, reviewed, facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::check::tests::{CLASSIFICATION, DOSE};

    #[test]
    fn what_is_read_is_written_again() {
        for json in [DOSE, CLASSIFICATION] {
            let record: Record = serde_json::from_str(json).expect("a record");
            let written: Value = serde_json::to_value(&record).expect("writes");
            assert_eq!(serde_json::from_value::<Record>(written).expect("reads again"), record);
        }
    }

    #[test]
    fn other_shapes_are_named() {
        let cases = [
            (r#""region":"UK""#, r#""region":"England""#, "unknown variant `England`"),
            (r#""region":"UK","#, "", "missing field `region`"),
            (r#""reviewed":null"#, r#""reviewed":"yes""#, "invalid type: string \"yes\""),
            (r#""renal":null,"#, "", "missing field `renal`"),
            (r#""type":"dose""#, r#""type":"drug""#, "unknown variant `drug`"),
            (r#""type":"dose","#, "", "missing field `type`"),
            (r#""route":"oral""#, r#""route":"oral","rate":1"#, "unknown field `rate`"),
            (r#""route":"oral""#, r#""route":"oral","route":"rectal""#, "the field `route` stands there twice"),
            (r#""population":"adult""#, r#""population":"men""#, "unknown variant `men`"),
            (r#""duration_days":[5,5]"#, r#""duration_days":[5]"#, "invalid length 1"),
        ];
        for (from, to, expected) in cases {
            let altered = DOSE.replacen(from, to, 1);
            assert_ne!(altered, DOSE, "{from} is not in the example");
            let message = serde_json::from_str::<Record>(&altered).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
