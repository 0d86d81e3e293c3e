//! A folder of safetensors, one file or shards with an index, read tensor by tensor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::Dtype;
use serde::Deserialize;

use crate::weights::Header;

use super::error::ConvertError;

/// Where a tensor lies.
#[derive(Debug, Clone)]
struct Place {
    shard: usize,
    dtype: Dtype,
    shape: Vec<u64>,
    /// From the start of the file.
    start: u64,
    bytes: u64,
}

/// The tensors of a checkpoint's folder; values are read when they are asked for.
#[derive(Debug)]
pub struct Checkpoint {
    folder: PathBuf,
    shards: Vec<PathBuf>,
    places: BTreeMap<String, Place>,
}

/// `model.safetensors.index.json`
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, ConvertError> {
    fs::read(path).map_err(|source| ConvertError::Read { path: path.display().to_string(), source })
}

pub(super) fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ConvertError> {
    serde_json::from_slice(&read_file(path)?)
        .map_err(|error| ConvertError::Json { path: path.display().to_string(), detail: error.to_string() })
}

impl Checkpoint {
    /// Reads the headers of a folder's safetensors files.
    pub fn open(folder: &Path) -> Result<Self, ConvertError> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        let (shards, promised) = if single.is_file() {
            (vec![single], None)
        } else if index.is_file() {
            let Index { weight_map } = read_json(&index)?;
            (shard_paths(folder, &weight_map)?, Some(weight_map))
        } else {
            return Err(ConvertError::NoWeights { folder: folder.display().to_string() });
        };
        let mut checkpoint = Self { folder: folder.to_owned(), shards, places: BTreeMap::new() };
        for shard in 0..checkpoint.shards.len() {
            checkpoint.read_header(shard)?;
        }
        if let Some(weight_map) = promised {
            let wrong: Vec<&str> = weight_map
                .keys()
                .filter(|name| !checkpoint.places.contains_key(*name))
                .chain(checkpoint.places.keys().filter(|name| !weight_map.contains_key(*name)))
                .map(String::as_str)
                .collect();
            if !wrong.is_empty() {
                return Err(checkpoint.index_error(format!("the tensors {}", wrong.join(", "))));
            }
        }
        Ok(checkpoint)
    }

    fn index_error(&self, what: String) -> ConvertError {
        ConvertError::Index { folder: self.name(), what }
    }

    fn read_header(&mut self, shard: usize) -> Result<(), ConvertError> {
        let Some(path) = self.shards.get(shard) else { return Ok(()) };
        let failed = |source| ConvertError::Read { path: path.display().to_string(), source };
        let mut file = File::open(path).map_err(failed)?;
        let file_bytes = file.metadata().map_err(failed)?.len();
        let mut first = [0; 8];
        file.read_exact(&mut first).map_err(failed)?;
        let length = Header::length(first, file_bytes)?;
        let mut json = Vec::new();
        file.take(length).read_to_end(&mut json).map_err(failed)?;
        let header = Header::parse(&json, file_bytes)?;
        for entry in header.entries {
            let place = Place {
                shard,
                dtype: entry.dtype,
                start: header.data_start + entry.start,
                bytes: entry.end - entry.start,
                shape: entry.shape,
            };
            if self.places.insert(entry.name.clone(), place).is_some() {
                return Err(self.index_error(format!("tensor {}, which stands in two shards", entry.name)));
            }
        }
        Ok(())
    }

    /// The folder, for messages.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// Whether there is a tensor of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The shape of the tensor of that name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[u64]> {
        self.places.get(name).map(|place| place.shape.as_slice())
    }

    /// Checks that the checkpoint holds `wanted` and nothing but these and what `known` accepts; lists all that is amiss.
    pub fn check_names<'a>(
        &self,
        wanted: impl IntoIterator<Item = &'a str>,
        known: impl Fn(&str) -> bool,
    ) -> Result<(), ConvertError> {
        let wanted: BTreeSet<&str> = wanted.into_iter().collect();
        let missing: Vec<String> =
            wanted.iter().filter(|name| !self.contains(name)).map(|&name| name.to_owned()).collect();
        let unknown: Vec<String> =
            self.names().filter(|name| !wanted.contains(name) && !known(name)).map(str::to_owned).collect();
        if missing.is_empty() && unknown.is_empty() {
            return Ok(());
        }
        Err(ConvertError::Names { folder: self.name(), missing, unknown })
    }

    /// The values of a tensor in f32, row-major; its shape must be `shape`.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ConvertError> {
        let Some((place, path)) = self.places.get(name).and_then(|place| Some((place, self.shards.get(place.shard)?)))
        else {
            return Err(ConvertError::Names {
                folder: self.name(),
                missing: vec![name.to_owned()],
                unknown: Vec::new(),
            });
        };
        if !place.shape.iter().copied().eq(shape.iter().map(|&size| size as u64)) {
            return Err(ConvertError::Shape {
                folder: self.name(),
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: place.shape.clone(),
            });
        }
        let failed = |source| ConvertError::Read { path: path.display().to_string(), source };
        let mut file = File::open(path).map_err(failed)?;
        file.seek(SeekFrom::Start(place.start)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(place.bytes).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 != place.bytes {
            return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let pairs = || bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        Ok(match place.dtype {
            Dtype::F32 => {
                bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
            }
            Dtype::F16 => pairs().map(|bits| f16::from_bits(bits).to_f32()).collect(),
            Dtype::BF16 => pairs().map(|bits| bf16::from_bits(bits).to_f32()).collect(),
            other => {
                return Err(ConvertError::Dtype {
                    folder: self.name(),
                    name: name.to_owned(),
                    found: other.to_string(),
                });
            }
        })
    }
}

/// The distinct files of an index. Names that leave the folder are refused: an index comes from a download.
fn shard_paths(folder: &Path, weight_map: &BTreeMap<String, String>) -> Result<Vec<PathBuf>, ConvertError> {
    let files: BTreeSet<&String> = weight_map.values().collect();
    files
        .into_iter()
        .map(|file| {
            let plain = Path::new(file).file_name().is_some_and(|name| name == file.as_str());
            if plain {
                Ok(folder.join(file))
            } else {
                Err(ConvertError::Index {
                    folder: folder.display().to_string(),
                    what: format!("the file `{file}`, which is no plain name"),
                })
            }
        })
        .collect()
}
