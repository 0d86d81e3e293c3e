//! Which tensor of the file is which tensor of the config.

use std::collections::HashMap;

use safetensors::Dtype;

use crate::config::TensorSpec;
use crate::manifest::{Quantization, Storage};

use super::error::WeightsError;
use super::header::{Entry, Header};

/// What one tensor of the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Plain values.
    Values(Dtype),
    /// Packed integers.
    Words(Storage),
    /// Scales of packed integers.
    Scales,
}

/// A file tensor's place: the config's tensor (an index into the config's list) and its part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) spec: usize,
    pub(crate) part: Part,
}

/// Name of the packed integers of a tensor.
pub(crate) fn words_name(name: &str, storage: Storage) -> String {
    format!("{name}.{storage}")
}

/// Name of the scales of a tensor.
pub(crate) fn scales_name(name: &str) -> String {
    format!("{name}.scales")
}

/// Shape of the packed integers of `[rows, columns]`.
pub(crate) fn words_shape(storage: Storage, rows: usize, columns: usize) -> [usize; 2] {
    let per_word = if storage == Storage::Q4 { 8 } else { 4 };
    [rows, columns / per_word]
}

/// Finds the place of every tensor of the file, in file order. Names are settled first and all at once; then types, shapes
/// and the manifest's claims, tensor by tensor.
pub(crate) fn places(
    claimed: &Quantization,
    specs: &[TensorSpec],
    header: &Header,
) -> Result<Vec<Place>, WeightsError> {
    let by_name: HashMap<&str, &Entry> = header.entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    let mut missing = Vec::new();
    let mut found: HashMap<&str, (Place, Vec<usize>, &TensorSpec)> = HashMap::new();
    for (index, spec) in specs.iter().enumerate() {
        if let Some(entry) = by_name.get(spec.name.as_str()) {
            let place = Place { spec: index, part: Part::Values(entry.dtype) };
            found.insert(&entry.name, (place, spec.shape.clone(), spec));
            continue;
        }
        let words = [Storage::Q8, Storage::Q4].into_iter().find_map(|storage| {
            let entry = by_name.get(words_name(&spec.name, storage).as_str())?;
            Some((*entry, storage))
        });
        let (Some((words, storage)), true, &[rows, columns]) = (words, spec.quantisable(), spec.shape.as_slice())
        else {
            missing.push(spec.name.clone());
            continue;
        };
        let place = Place { spec: index, part: Part::Words(storage) };
        found.insert(&words.name, (place, words_shape(storage, rows, columns).to_vec(), spec));
        match by_name.get(scales_name(&spec.name).as_str()) {
            Some(scales) => {
                let place = Place { spec: index, part: Part::Scales };
                found.insert(&scales.name, (place, vec![rows, columns / super::quant::BLOCK], spec));
            }
            None => missing.push(scales_name(&spec.name)),
        }
    }
    let unexpected: Vec<String> = header
        .entries
        .iter()
        .filter(|entry| !found.contains_key(entry.name.as_str()))
        .map(|entry| entry.name.clone())
        .collect();
    if !missing.is_empty() || !unexpected.is_empty() {
        return Err(WeightsError::Names { missing, unexpected });
    }
    header
        .entries
        .iter()
        .filter_map(|entry| found.get(entry.name.as_str()).map(|found| (entry, found)))
        .map(|(entry, (place, shape, spec))| {
            check(claimed, entry, place.part, shape, spec)?;
            Ok(*place)
        })
        .collect()
}

fn check(
    claimed: &Quantization,
    entry: &Entry,
    part: Part,
    shape: &[usize],
    spec: &TensorSpec,
) -> Result<(), WeightsError> {
    let (allowed, expected): (&[Dtype], _) = match part {
        Part::Values(_) => (&[Dtype::F32, Dtype::F16, Dtype::BF16], "F32, F16 or BF16"),
        Part::Words(_) => (&[Dtype::U32], "U32"),
        Part::Scales => (&[Dtype::F16], "F16"),
    };
    if !allowed.contains(&entry.dtype) {
        return Err(WeightsError::Dtype { name: entry.name.clone(), found: entry.dtype.to_string(), expected });
    }
    if !entry.shape.iter().copied().eq(shape.iter().map(|&size| size as u64)) {
        return Err(WeightsError::Shape {
            name: entry.name.clone(),
            expected: shape.to_vec(),
            found: entry.shape.clone(),
        });
    }
    let found = match part {
        Part::Values(_) => Storage::F32,
        Part::Words(storage) => storage,
        Part::Scales => return Ok(()),
    };
    let expected = claimed.storage_of(&spec.name);
    if found == expected { Ok(()) } else { Err(WeightsError::Storage { name: spec.name.clone(), found, expected }) }
}
