//! Verified weights, collected chunk by chunk and handed out tensor by tensor.

use std::collections::BTreeMap;

use half::slice::HalfFloatSliceExt as _;
use half::{bf16, f16};
use safetensors::Dtype;

use crate::config::{Config, TensorSpec};
use crate::kind::ModelConfig;
use crate::manifest::{ManifestOf, ModelFile, Quantization, Storage};

use super::chunks::{ChunkReader, ChunkedFile};
use super::error::WeightsError;
use super::header::Header;
use super::layout::{self, Part};
use super::matrix::Matrix;

/// Collects the files of a MambaFormer.
pub type Loader = LoaderOf<Config>;

/// Collects the files of a model whose sizes are a `C`, in chunks of any order or as a stream, and checks each chunk's hash on arrival.
#[derive(Debug)]
pub struct LoaderOf<C> {
    manifest: ManifestOf<C>,
    weights: ChunkedFile,
    tokenizer: ChunkedFile,
}

impl<C: ModelConfig> LoaderOf<C> {
    /// Starts from the bytes of `manifest.json`.
    pub fn new(manifest: &[u8]) -> Result<Self, WeightsError> {
        Ok(Self::with_manifest(ManifestOf::parse(manifest)?))
    }

    fn with_manifest(manifest: ManifestOf<C>) -> Self {
        Self {
            weights: ChunkedFile::new(&manifest.files.weights),
            tokenizer: ChunkedFile::new(&manifest.files.tokenizer),
            manifest,
        }
    }

    /// What is being loaded: file names, sizes, config.
    #[must_use]
    pub fn manifest(&self) -> &ManifestOf<C> {
        &self.manifest
    }

    fn file(&mut self, file: ModelFile) -> &mut ChunkedFile {
        match file {
            ModelFile::Weights => &mut self.weights,
            ModelFile::Tokenizer => &mut self.tokenizer,
        }
    }

    /// Takes chunk `index` of a file; any order, each at least once.
    pub fn push(&mut self, file: ModelFile, index: usize, bytes: Vec<u8>) -> Result<(), WeightsError> {
        self.file(file).push(index, bytes)
    }

    /// Takes the next bytes of a file read front to back, in pieces of any size. Not to be mixed with [`Self::push`] for one file.
    pub fn feed(&mut self, file: ModelFile, bytes: &[u8]) -> Result<(), WeightsError> {
        self.file(file).feed(bytes)
    }

    /// Whether every chunk of a file is there.
    #[must_use]
    pub fn is_complete(&self, file: ModelFile) -> bool {
        let file = match file {
            ModelFile::Weights => &self.weights,
            ModelFile::Tokenizer => &self.tokenizer,
        };
        file.missing() == 0
    }

    /// Reads the header, checks every tensor's name, type and shape against the config, and unpacks them. At its peak this
    /// holds the file once and one tensor more.
    pub fn finish(self) -> Result<WeightsOf<C>, WeightsError> {
        let mut text = self.tokenizer.into_reader()?;
        let mut tokenizer = vec![0; length(&text)?];
        text.fill(&mut tokenizer)?;
        let reader = self.weights.into_reader()?;
        let tensors = Tensors(read_tensors(self.manifest.config.tensors(), &self.manifest.quantization, reader)?);
        Ok(WeightsOf { manifest: self.manifest, tokenizer, tensors })
    }
}

fn length(reader: &ChunkReader) -> Result<usize, WeightsError> {
    allocatable(reader.length(), "the file")
}

fn allocatable(bytes: u64, what: &str) -> Result<usize, WeightsError> {
    usize::try_from(bytes)
        .map_err(|_| WeightsError::Header { detail: format!("{what} is too large for this machine's memory") })
}

/// A tensor while its parts arrive.
#[derive(Default)]
struct Parts {
    values: Option<Vec<f32>>,
    words: Option<(Storage, Vec<u32>)>,
    scales: Option<Vec<f16>>,
}

fn read_tensors(
    specs: Vec<TensorSpec>,
    claimed: &Quantization,
    mut reader: ChunkReader,
) -> Result<BTreeMap<String, Matrix>, WeightsError> {
    let file_bytes = reader.length();
    let mut first = [0; 8];
    reader.fill(&mut first)?;
    let mut json = vec![0; allocatable(Header::length(first, file_bytes)?, "the header")?];
    reader.fill(&mut json)?;
    let header = Header::parse(&json, file_bytes)?;
    drop(json);
    let places = layout::places(claimed, &specs, &header)?;
    let mut parts: Vec<Parts> = specs.iter().map(|_| Parts::default()).collect();
    for (entry, place) in header.entries.iter().zip(places) {
        let Some(target) = parts.get_mut(place.spec) else { continue };
        let bytes = allocatable(entry.end - entry.start, &entry.name)?;
        match place.part {
            Part::Values(dtype) => target.values = Some(read_values(&mut reader, dtype, bytes, &entry.name)?),
            Part::Words(storage) => {
                let mut words = vec![0u32; bytes / 4];
                reader.fill(bytemuck::cast_slice_mut(&mut words))?;
                target.words = Some((storage, words));
            }
            Part::Scales => {
                let scales = read_halves::<f16>(&mut reader, bytes)?;
                if scales.iter().any(|scale| !scale.is_finite()) {
                    return Err(WeightsError::NotFinite { name: entry.name.clone() });
                }
                target.scales = Some(scales);
            }
        }
    }
    specs.into_iter().zip(parts).map(|(spec, parts)| assemble(spec, parts)).collect()
}

/// A 16-bit float that can be filled from bytes.
trait Half: Copy + Default {
    fn bits(values: &mut [Self]) -> &mut [u16];
}

impl Half for f16 {
    fn bits(values: &mut [Self]) -> &mut [u16] {
        values.reinterpret_cast_mut()
    }
}

impl Half for bf16 {
    fn bits(values: &mut [Self]) -> &mut [u16] {
        values.reinterpret_cast_mut()
    }
}

fn read_halves<H: Half>(reader: &mut ChunkReader, bytes: usize) -> Result<Vec<H>, WeightsError> {
    let mut values = vec![H::default(); bytes / 2];
    reader.fill(bytemuck::cast_slice_mut(H::bits(&mut values)))?;
    Ok(values)
}

fn read_values(reader: &mut ChunkReader, dtype: Dtype, bytes: usize, name: &str) -> Result<Vec<f32>, WeightsError> {
    let values = match dtype {
        Dtype::F16 => read_halves::<f16>(reader, bytes)?.into_iter().map(f16::to_f32).collect(),
        Dtype::BF16 => read_halves::<bf16>(reader, bytes)?.into_iter().map(bf16::to_f32).collect(),
        _ => {
            let mut values = vec![0f32; bytes / 4];
            reader.fill(bytemuck::cast_slice_mut(&mut values))?;
            values
        }
    };
    if values.iter().any(|value: &f32| !value.is_finite()) {
        return Err(WeightsError::NotFinite { name: name.to_owned() });
    }
    Ok(values)
}

fn assemble(spec: TensorSpec, parts: Parts) -> Result<(String, Matrix), WeightsError> {
    let (rows, columns) = spec.rows_and_columns();
    let matrix = match parts {
        Parts { values: Some(values), .. } => Matrix::F32 { rows, columns, values },
        Parts { words: Some((Storage::Q8, words)), scales: Some(scales), .. } => {
            Matrix::Q8 { rows, columns, words, scales }
        }
        Parts { words: Some((Storage::Q4, words)), scales: Some(scales), .. } => {
            Matrix::Q4 { rows, columns, words, scales }
        }
        Parts { .. } => return Err(WeightsError::Names { missing: vec![spec.name], unexpected: Vec::new() }),
    };
    Ok((spec.name, matrix))
}

/// Verified weights and tokenizer of a MambaFormer.
pub type Weights = WeightsOf<Config>;

/// Verified weights and tokenizer of a model whose sizes are a `C`. Tensors are taken out one by one; what was taken no longer uses
/// memory here.
#[derive(Debug, Clone)]
pub struct WeightsOf<C> {
    manifest: ManifestOf<C>,
    tokenizer: Vec<u8>,
    tensors: Tensors,
}

/// The tensors not yet taken, whatever kind of model they are of.
#[derive(Debug, Clone)]
pub(crate) struct Tensors(BTreeMap<String, Matrix>);

impl Tensors {
    /// Takes a tensor out in its storage.
    pub(crate) fn take_matrix(&mut self, name: &str) -> Result<Matrix, WeightsError> {
        self.0.remove(name).ok_or_else(|| WeightsError::NotHeld { name: name.to_owned() })
    }

    /// Takes a tensor's values out, row-major, widened to f32 where it is quantised.
    pub(crate) fn take_f32(&mut self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let matrix = self.take_matrix(name)?;
        matrix.into_f32().map_err(|source| WeightsError::Quant { name: name.to_owned(), source })
    }
}

impl<C: ModelConfig> WeightsOf<C> {
    /// From the bytes of the three files.
    pub fn from_parts(manifest: &[u8], weights: &[u8], tokenizer: &[u8]) -> Result<Self, WeightsError> {
        let mut loader = LoaderOf::new(manifest)?;
        for (file, bytes) in [(ModelFile::Weights, weights), (ModelFile::Tokenizer, tokenizer)] {
            let entry = loader.manifest.files.entry(file);
            // Told apart from a cut download: more or fewer bytes than the manifest says are never a matter of one chunk.
            if entry.bytes != bytes.len() as u64 {
                return Err(WeightsError::FileLength {
                    file: entry.path.clone(),
                    found: bytes.len() as u64,
                    expected: entry.bytes,
                });
            }
            loader.feed(file, bytes)?;
        }
        loader.finish()
    }

    /// The manifest the weights were checked against.
    #[must_use]
    pub fn manifest(&self) -> &ManifestOf<C> {
        &self.manifest
    }

    /// Sizes of the model.
    #[must_use]
    pub fn config(&self) -> &C {
        &self.manifest.config
    }

    /// The verified bytes of `tokenizer.json`.
    #[must_use]
    pub fn tokenizer(&self) -> &[u8] {
        &self.tokenizer
    }

    /// Takes the verified bytes of `tokenizer.json` out.
    #[must_use]
    pub fn take_tokenizer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.tokenizer)
    }

    /// The tensors not yet taken, by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Matrix)> {
        self.tensors.0.iter().map(|(name, matrix)| (name.as_str(), matrix))
    }

    /// Takes a tensor out in its storage.
    pub fn take_matrix(&mut self, name: &str) -> Result<Matrix, WeightsError> {
        self.tensors.take_matrix(name)
    }

    /// Takes a tensor's values out, row-major, widened to f32 where it is quantised.
    pub fn take_f32(&mut self, name: &str) -> Result<Vec<f32>, WeightsError> {
        self.tensors.take_f32(name)
    }

    /// The tensors alone, for layers that do not care what kind of model they are part of.
    pub(crate) fn tensors_mut(&mut self) -> &mut Tensors {
        &mut self.tensors
    }
}
