//! Writes a safetensors file front to back: the header follows from the config and the recipe, so that tensors can be
//! made, packed and forgotten one at a time.

use std::io::Write;

use bytemuck::cast_slice;
use half::f16;
use half::slice::HalfFloatSliceExt as _;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::config::TensorSpec;
use crate::kind::ModelConfig;
use crate::manifest::{FileEntry, FileHasher, Quantization, Storage, StoredTensor};

use super::error::WeightsError;
use super::layout::{scales_name, words_name, words_shape};
use super::matrix::Matrix;
use super::quant::{self, BLOCK};
use super::recipe::Recipe;

/// What became of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorReport {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its storage.
    pub storage: Storage,
    /// Bytes on disk.
    pub bytes: u64,
    /// Error of the storage; 0 for f32.
    pub relative_rms_error: f64,
}

/// A finished weights file.
#[derive(Debug)]
pub struct Written {
    /// Size and hashes.
    pub entry: FileEntry,
    /// For the manifest.
    pub quantization: Quantization,
    /// Every tensor, in the config's order.
    pub tensors: Vec<TensorReport>,
}

/// Writes the tensors of a config in the config's order. All scales follow after all other data: they are kept until the
/// end (2 bytes for 32 values), so that every 4-byte tensor starts on a multiple of 4.
pub struct WeightsWriter<W: Write> {
    out: W,
    path: String,
    hasher: FileHasher,
    next: std::vec::IntoIter<(TensorSpec, Storage)>,
    scales: Vec<f16>,
    tensors: Vec<TensorReport>,
    quantization: Quantization,
}

impl<W: Write> WeightsWriter<W> {
    /// Writes the header. `path` is the file's name, for the manifest and for messages.
    pub fn new<C: ModelConfig>(out: W, path: &str, config: &C, recipe: &Recipe) -> Result<Self, WeightsError> {
        config.validate()?;
        let specs: Vec<(TensorSpec, Storage)> = config
            .tensors()
            .into_iter()
            .map(|spec| {
                let storage = recipe.storage(&spec);
                (spec, storage)
            })
            .collect();
        let header = header(&specs)?;
        let mut writer = Self {
            out,
            path: path.to_owned(),
            hasher: FileHasher::default(),
            next: specs.into_iter(),
            scales: Vec::new(),
            tensors: Vec::new(),
            quantization: Quantization {
                default: recipe.scheme.default_storage(),
                tensors: std::collections::BTreeMap::new(),
            },
        };
        writer.write(&(header.len() as u64).to_le_bytes())?;
        writer.write(&header)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WeightsError> {
        self.hasher.update(bytes);
        self.out.write_all(bytes).map_err(|source| WeightsError::Io {
            action: "writing",
            path: self.path.clone(),
            source,
        })
    }

    /// Packs and writes the next tensor of the config; `values` are row-major.
    pub fn push(&mut self, name: &str, values: &[f32]) -> Result<&TensorReport, WeightsError> {
        let (spec, storage) = match self.next.next() {
            Some((spec, storage)) if spec.name == name => (spec, storage),
            other => {
                let expected = other.map_or_else(|| "no more".to_owned(), |(spec, _)| spec.name);
                return Err(WeightsError::WriteOrder { expected, found: name.to_owned() });
            }
        };
        let quant_error = |source| WeightsError::Quant { name: name.to_owned(), source };
        if values.len() as u64 != spec.elements() {
            return Err(WeightsError::Shape {
                name: name.to_owned(),
                expected: spec.shape,
                found: vec![values.len() as u64],
            });
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite { name: name.to_owned() });
        }
        let (bytes, relative_rms_error) = if storage == Storage::F32 {
            self.write(cast_slice(values))?;
            (size_of_val(values), 0.0)
        } else {
            let (rows, columns) = spec.rows_and_columns();
            let matrix = Matrix::pack(storage, rows, columns, values).map_err(quant_error)?;
            let bytes = matrix.bytes();
            if let Matrix::Q8 { words, scales, .. } | Matrix::Q4 { words, scales, .. } = &matrix {
                self.write(cast_slice(words))?;
                self.scales.extend_from_slice(scales);
            }
            let restored = matrix.into_f32().map_err(quant_error)?;
            let relative_rms_error = quant::relative_rms_error(values, &restored);
            self.quantization.tensors.insert(spec.name.clone(), StoredTensor { dtype: storage, relative_rms_error });
            (bytes, relative_rms_error)
        };
        self.tensors.push(TensorReport {
            name: spec.name,
            shape: spec.shape,
            storage,
            bytes: bytes as u64,
            relative_rms_error,
        });
        self.tensors.last().ok_or_else(|| WeightsError::NotHeld { name: name.to_owned() })
    }

    /// Writes the scales and closes the file; an error while tensors are missing.
    pub fn finish(mut self) -> Result<(Written, W), WeightsError> {
        let missing: Vec<String> = self.next.by_ref().map(|(spec, _)| spec.name).collect();
        if !missing.is_empty() {
            return Err(WeightsError::Names { missing, unexpected: Vec::new() });
        }
        let scales = std::mem::take(&mut self.scales);
        self.write(cast_slice(scales.reinterpret_cast()))?;
        self.out.flush().map_err(|source| WeightsError::Io { action: "writing", path: self.path.clone(), source })?;
        let written =
            Written { entry: self.hasher.finish(&self.path), quantization: self.quantization, tensors: self.tensors };
        Ok((written, self.out))
    }
}

/// The header's JSON: words and plain tensors in order, then the scales in the same order; padded with spaces to a multiple of 8.
fn header(specs: &[(TensorSpec, Storage)]) -> Result<Vec<u8>, WeightsError> {
    let mut tensors = Vec::new();
    let mut end = 0;
    let mut add = |name: String, dtype: Dtype, shape: Vec<usize>| {
        let start = end;
        end += shape.iter().product::<usize>() * dtype.bitsize() / 8;
        tensors.push((name, TensorInfo { dtype, shape, data_offsets: (start, end) }));
    };
    for (spec, storage) in specs {
        match (storage, spec.shape.as_slice()) {
            (Storage::Q8 | Storage::Q4, &[rows, columns]) => {
                add(words_name(&spec.name, *storage), Dtype::U32, words_shape(*storage, rows, columns).to_vec());
            }
            _ => add(spec.name.clone(), Dtype::F32, spec.shape.clone()),
        }
    }
    for (spec, storage) in specs {
        if let (Storage::Q8 | Storage::Q4, &[rows, columns]) = (storage, spec.shape.as_slice()) {
            add(scales_name(&spec.name), Dtype::F16, vec![rows, columns / BLOCK]);
        }
    }
    let unwritable = |detail: String| WeightsError::Header { detail };
    let metadata = Metadata::new(None, tensors).map_err(|error| unwritable(error.to_string()))?;
    let mut json = serde_json::to_vec(&metadata).map_err(|error| unwritable(error.to_string()))?;
    json.resize(json.len().next_multiple_of(8), b' ');
    if json.len() as u64 > super::header::HEADER_LIMIT_BYTES {
        return Err(WeightsError::HeaderTooLong { found: json.len() as u64 });
    }
    Ok(json)
}
