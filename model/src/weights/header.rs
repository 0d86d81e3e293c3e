//! The header of a safetensors file: read with a cap, every offset checked, the tensors in file order.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::error::WeightsError;

/// The most bytes of a header. 560 quantised tensors of T5-Large take 150 kB.
pub const HEADER_LIMIT_BYTES: u64 = 4 << 20;

/// Bytes of the length before the header.
pub(crate) const LENGTH_BYTES: u64 = 8;

/// One tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name in the file.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Shape, outermost first.
    pub shape: Vec<u64>,
    /// First byte, from the start of the data.
    pub start: u64,
    /// Byte after the last.
    pub end: u64,
}

/// A checked header: its tensors follow each other without gap or overlap and fill the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Tensors in file order.
    pub entries: Vec<Entry>,
    /// Bytes of length and header before the data.
    pub data_start: u64,
}

impl Header {
    /// Reads the length of the header from the file's first 8 bytes; `file_bytes` is the size of the whole file.
    pub fn length(first: [u8; 8], file_bytes: u64) -> Result<u64, WeightsError> {
        let length = u64::from_le_bytes(first);
        if length > HEADER_LIMIT_BYTES {
            return Err(WeightsError::HeaderTooLong { found: length });
        }
        let needed = LENGTH_BYTES + length;
        if needed > file_bytes {
            return Err(WeightsError::HeaderCut { found: file_bytes, needed });
        }
        Ok(length)
    }

    /// Parses and checks the header's JSON; `file_bytes` is the size of the whole file.
    pub fn parse(json: &[u8], file_bytes: u64) -> Result<Self, WeightsError> {
        let header_error = |error: serde_json::Error| WeightsError::Header { detail: error.to_string() };
        let text = std::str::from_utf8(json).map_err(|error| WeightsError::Header { detail: error.to_string() })?;
        let Raw(raw) = serde_json::from_str(text).map_err(header_error)?;
        let data_start = LENGTH_BYTES.saturating_add(json.len() as u64);
        let length = file_bytes
            .checked_sub(data_start)
            .ok_or(WeightsError::HeaderCut { found: file_bytes, needed: data_start })?;
        let mut entries: Vec<Entry> = raw
            .into_iter()
            .map(|(name, raw)| {
                let RawTensor { dtype, shape, data_offsets: (start, end) } = raw;
                Entry { name, dtype, shape, start, end }
            })
            .collect();
        entries.sort_by(|left, right| (left.start, left.end, &left.name).cmp(&(right.start, right.end, &right.name)));
        let mut expected = 0;
        for entry in &entries {
            entry.check(expected, length)?;
            expected = entry.end;
        }
        if expected != length {
            return Err(WeightsError::Trailing { end: expected, length });
        }
        let header = Self { entries, data_start };
        header.check_with_safetensors()?;
        Ok(header)
    }

    /// The safetensors crate's own validation, as a second opinion: what it would refuse is refused here as well.
    fn check_with_safetensors(&self) -> Result<(), WeightsError> {
        let unrepresentable =
            |name: &str| WeightsError::Header { detail: format!("tensor `{name}` is too large for this machine") };
        let mut tensors = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let number = |value: u64| usize::try_from(value).map_err(|_| unrepresentable(&entry.name));
            let shape = entry.shape.iter().map(|&size| number(size)).collect::<Result<Vec<_>, _>>()?;
            let data_offsets = (number(entry.start)?, number(entry.end)?);
            tensors.push((entry.name.clone(), TensorInfo { dtype: entry.dtype, shape, data_offsets }));
        }
        Metadata::new(None, tensors).map_err(|error| WeightsError::Header { detail: error.to_string() })?;
        Ok(())
    }
}

impl Entry {
    fn check(&self, expected: u64, length: u64) -> Result<(), WeightsError> {
        if self.start != expected || self.end < self.start || self.end > length {
            return Err(WeightsError::Offsets {
                name: self.name.clone(),
                start: self.start,
                end: self.end,
                expected,
                length,
            });
        }
        let bits = self
            .shape
            .iter()
            .try_fold(self.dtype.bitsize() as u64, |bits, &size| bits.checked_mul(size))
            .unwrap_or(u64::MAX);
        let found = self.end - self.start;
        if found.checked_mul(8) != Some(bits) {
            return Err(WeightsError::Size {
                name: self.name.clone(),
                dtype: self.dtype.to_string(),
                shape: self.shape.clone(),
                found,
                expected: bits / 8,
            });
        }
        Ok(())
    }
}

/// The JSON object as it stands: names to tensors. A name that stands twice is an error, not a silent choice.
struct Raw(BTreeMap<String, RawTensor>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTensor {
    dtype: Dtype,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Raw;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut tensors = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<HashMap<String, String>>()?;
                    } else {
                        let tensor = map.next_value()?;
                        if tensors.insert(name.clone(), tensor).is_some() {
                            return Err(A::Error::custom(format_args!("tensor `{name}` stands there twice")));
                        }
                    }
                }
                Ok(Raw(tensors))
            }
        }
        deserializer.deserialize_map(Names)
    }
}
