//! `manifest.json`: what a model folder holds, by hash.
//!
//! The manifest is the first file read and the only one that no hash protects; so it is small, every field is checked
//! before it is used, and paths in it are plain file names beside it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::certificate::Certificate;
use crate::config::{Config, ConfigError, TensorSpec};
use crate::kind::{ModelConfig, ModelKind};

/// The number in `format`; raised when an older reader could misread a newer file.
pub const FORMAT: u64 = 1;
/// The most bytes of a manifest. A 20 GB model has 4,800 chunk hashes, some 330 kB.
pub const MANIFEST_LIMIT_BYTES: usize = 4 << 20;
/// Size of every chunk but a file's last.
pub const CHUNK_BYTES: u64 = 4 << 20;
/// The most bytes of a tokenizer file.
pub const TOKENIZER_LIMIT_BYTES: u64 = 64 << 20;
/// The most bytes of a weights file.
pub const WEIGHTS_LIMIT_BYTES: u64 = 128 << 30;

/// The manifest of a MambaFormer.
pub type Manifest = ManifestOf<Config>;

/// The parsed and checked `manifest.json` of a model whose sizes are a `C`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestOf<C> {
    /// Always [`FORMAT`].
    pub format: u64,
    /// Always the kind of `C`; a MambaFormer's manifest need not name it.
    #[serde(default, skip_serializing_if = "ModelKind::is_default")]
    pub kind: ModelKind,
    /// Name shown to the user.
    pub name: String,
    /// Version of these weights, free text.
    pub version: String,
    /// Sizes of the model.
    pub config: C,
    /// How tensors are stored.
    pub quantization: Quantization,
    /// The two files with their hashes.
    pub files: Files,
    /// Where the weights come from: tool, seed, steps, data, commit, date. Shown, never interpreted.
    pub provenance: serde_json::Map<String, serde_json::Value>,
    /// Licences of data and checkpoints that went in.
    pub licences: Vec<Licence>,
    /// What packing changed, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

/// How tensors are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantization {
    /// Storage of most large matrices; tells a user what to expect, the table below decides.
    pub default: Storage,
    /// Every tensor that is not plain f32, by its name without ending.
    pub tensors: BTreeMap<String, StoredTensor>,
}

impl Quantization {
    /// How a tensor is said to be stored.
    #[must_use]
    pub fn storage_of(&self, name: &str) -> Storage {
        self.tensors.get(name).map_or(Storage::F32, |stored| stored.dtype)
    }
}

/// Storage of one tensor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTensor {
    /// Format on disk.
    pub dtype: Storage,
    /// Root of the squared error over the squared values, both summed over the tensor.
    pub relative_rms_error: f64,
}

/// Format of a tensor on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// Plain floats (the reader widens f16 and bf16).
    F32,
    /// 8-bit integers, blocks of 32 with an f16 scale.
    Q8,
    /// 4-bit integers, blocks of 32 with an f16 scale.
    Q4,
}

impl fmt::Display for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::Q8 => "q8",
            Self::Q4 => "q4",
        })
    }
}

/// The files of a model besides the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// `model.safetensors`
    pub weights: FileEntry,
    /// `tokenizer.json`
    pub tokenizer: FileEntry,
}

impl Files {
    /// The entry of a file.
    #[must_use]
    pub fn entry(&self, file: ModelFile) -> &FileEntry {
        match file {
            ModelFile::Weights => &self.weights,
            ModelFile::Tokenizer => &self.tokenizer,
        }
    }
}

/// One of the two files a manifest describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelFile {
    /// The safetensors file.
    Weights,
    /// The Hugging Face tokenizer.
    Tokenizer,
}

/// A file's name, size and hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Plain file name beside the manifest.
    pub path: String,
    /// Exact size.
    pub bytes: u64,
    /// Hash of the whole file, for download tools; readers check the chunks.
    pub sha256: Sha256Hash,
    /// Always [`CHUNK_BYTES`].
    pub chunk_bytes: u64,
    /// Hash of each chunk, in order.
    pub chunks: Vec<Sha256Hash>,
}

impl FileEntry {
    /// Describes bytes held in memory.
    #[must_use]
    pub fn describe(path: &str, bytes: &[u8]) -> Self {
        let mut hasher = FileHasher::default();
        hasher.update(bytes);
        hasher.finish(path)
    }

    /// Bytes of chunk `index`, or `None` past the end.
    #[must_use]
    pub fn chunk_length(&self, index: usize) -> Option<u64> {
        let start = u64::try_from(index).ok()?.checked_mul(self.chunk_bytes)?;
        let left = self.bytes.checked_sub(start)?;
        (left > 0).then(|| left.min(self.chunk_bytes))
    }
}

/// Hashes a file while it is written.
#[derive(Default)]
pub struct FileHasher {
    whole: Sha256,
    chunk: Sha256,
    in_chunk: u64,
    bytes: u64,
    chunks: Vec<Sha256Hash>,
}

impl FileHasher {
    /// Takes the next bytes of the file.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.whole.update(bytes);
        while !bytes.is_empty() {
            let room = usize::try_from(CHUNK_BYTES - self.in_chunk).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.chunk.update(now);
            let length = now.len() as u64;
            self.in_chunk += length;
            self.bytes += length;
            if self.in_chunk == CHUNK_BYTES {
                self.close_chunk();
            }
            bytes = later;
        }
    }

    fn close_chunk(&mut self) {
        self.chunks.push(Sha256Hash(self.chunk.finalize_reset().into()));
        self.in_chunk = 0;
    }

    /// The entry of the file just written.
    #[must_use]
    pub fn finish(mut self, path: &str) -> FileEntry {
        if self.in_chunk > 0 {
            self.close_chunk();
        }
        FileEntry {
            path: path.to_owned(),
            bytes: self.bytes,
            sha256: Sha256Hash(self.whole.finalize().into()),
            chunk_bytes: CHUNK_BYTES,
            chunks: self.chunks,
        }
    }
}

/// A SHA-256 value, 64 hexadecimal digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Hash(pub [u8; 32]);

impl Sha256Hash {
    /// Hashes bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut value = [0; 32];
        for (byte, pair) in value.iter_mut().zip(digits.chunks_exact(2)) {
            // Lower case only: one hash has one spelling, so manifests compare as text.
            let digit = |digit: u8| match digit {
                b'0'..=b'9' => Some(digit - b'0'),
                b'a'..=b'f' => Some(digit - b'a' + 10),
                _ => None,
            };
            let &[high, low] = pair else { return None };
            *byte = digit(high)? << 4 | digit(low)?;
        }
        Some(Self(value))
    }
}

impl fmt::Display for Sha256Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Sha256Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("a SHA-256 is 64 lower-case hexadecimal digits"))
    }
}

/// A licence of something that went into the weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// The data set or checkpoint.
    pub name: String,
    /// SPDX identifier or title.
    pub licence: String,
    /// Who is to be named.
    pub attribution: String,
}

/// A manifest that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManifestError {
    /// Longer than the cap.
    #[error("manifest.json has {found} bytes, the limit is {MANIFEST_LIMIT_BYTES}; it is not a model's manifest")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not JSON, a field missing, unknown or of the wrong type.
    #[error("manifest.json cannot be read: {detail}; load the model again from its source")]
    Json {
        /// What the parser found, with line and column.
        detail: String,
    },
    /// Another format number.
    #[error("the model is of format {found}, this program reads format {FORMAT}; use the program the model came with")]
    Format {
        /// The number found.
        found: u64,
    },
    /// A model of another kind.
    #[error("the model is a `{found}`, asked for is a `{expected}`; give the folder of such a model")]
    Kind {
        /// The kind the manifest names.
        found: String,
        /// The kind asked for.
        expected: ModelKind,
    },
    /// The config inside is not usable.
    #[error("manifest.json: {0}")]
    Config(#[from] ConfigError),
    /// A path that leaves the model's folder.
    #[error(
        "manifest.json names the file `{path}`; only plain names of letters, digits, `.`, `_` and `-` beside the manifest are allowed"
    )]
    Path {
        /// The path found.
        path: String,
    },
    /// Another chunk size.
    #[error("manifest.json gives `{path}` chunks of {found} bytes, this format has {CHUNK_BYTES}")]
    ChunkSize {
        /// The file.
        path: String,
        /// The size found.
        found: u64,
    },
    /// Too few or too many chunk hashes for the size.
    #[error(
        "manifest.json lists {found} chunk hashes for `{path}`, its size asks for {expected}; load the manifest again from its source"
    )]
    ChunkCount {
        /// The file.
        path: String,
        /// Hashes listed.
        found: usize,
        /// Chunks that follow from the size.
        expected: u64,
    },
    /// An empty or over-large file.
    #[error("manifest.json says `{path}` has {found} bytes, allowed are 1 to {limit}")]
    FileSize {
        /// The file.
        path: String,
        /// The size found.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A single chunk is the whole file, but the two hashes differ.
    #[error("manifest.json gives `{path}` two different hashes; load the manifest again from its source")]
    HashesDisagree {
        /// The file.
        path: String,
    },
    /// A quantised tensor that the config does not have or that cannot be quantised.
    #[error("manifest.json says tensor `{name}` is stored as {storage}, the config has no such matrix in blocks of 32")]
    Quantization {
        /// The tensor.
        name: String,
        /// The storage claimed.
        storage: Storage,
    },
}

/// Only what decides how the rest is read, so that a file of another format or kind is named as such and not as "unknown field".
#[derive(Deserialize)]
struct Head {
    format: u64,
    kind: Option<String>,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_LIMIT_BYTES {
            return Err(ManifestError::TooLong { found: bytes.len() });
        }
        let head: Self = serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
        if head.format == FORMAT { Ok(head) } else { Err(ManifestError::Format { found: head.format }) }
    }

    fn kind(self) -> String {
        self.kind.unwrap_or_else(|| ModelKind::default().to_string())
    }
}

fn json_error(error: &serde_json::Error) -> ManifestError {
    ManifestError::Json { detail: error.to_string() }
}

/// Whether the bytes of a `manifest.json` name this kind of model; an error where they are no manifest at all.
pub fn is_of_kind(bytes: &[u8], kind: ModelKind) -> Result<bool, ManifestError> {
    Ok(Head::read(bytes)?.kind() == kind.to_string())
}

impl<C: ModelConfig> ManifestOf<C> {
    /// Reads and checks the bytes of `manifest.json`.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let found = Head::read(bytes)?.kind();
        if found != C::KIND.to_string() {
            return Err(ManifestError::Kind { found, expected: C::KIND });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| json_error(&error))?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// Checks everything that can be checked without the files.
    pub fn validate(&self) -> Result<(), ManifestError> {
        if self.format != FORMAT {
            return Err(ManifestError::Format { found: self.format });
        }
        if self.kind != C::KIND {
            return Err(ManifestError::Kind { found: self.kind.to_string(), expected: C::KIND });
        }
        self.config.validate()?;
        check_file(&self.files.weights, WEIGHTS_LIMIT_BYTES)?;
        check_file(&self.files.tokenizer, TOKENIZER_LIMIT_BYTES)?;
        let quantisable: std::collections::HashSet<String> =
            self.config.tensors().into_iter().filter(TensorSpec::quantisable).map(|spec| spec.name).collect();
        for (name, stored) in &self.quantization.tensors {
            if stored.dtype != Storage::F32 && !quantisable.contains(name) {
                return Err(ManifestError::Quantization { name: name.clone(), storage: stored.dtype });
            }
        }
        Ok(())
    }

    /// How the manifest says a tensor is stored.
    #[must_use]
    pub fn storage_of(&self, name: &str) -> Storage {
        self.quantization.storage_of(name)
    }

    /// The text of `manifest.json`.
    pub fn to_json(&self) -> Result<String, ManifestError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| json_error(&error))?;
        text.push('\n');
        Ok(text)
    }
}

fn check_file(file: &FileEntry, limit: u64) -> Result<(), ManifestError> {
    let path = || file.path.clone();
    let plain = !file.path.starts_with('.')
        && (1..=128).contains(&file.path.len())
        && file.path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if !plain {
        return Err(ManifestError::Path { path: path() });
    }
    if file.chunk_bytes != CHUNK_BYTES {
        return Err(ManifestError::ChunkSize { path: path(), found: file.chunk_bytes });
    }
    if file.bytes == 0 || file.bytes > limit {
        return Err(ManifestError::FileSize { path: path(), found: file.bytes, limit });
    }
    let expected = file.bytes.div_ceil(CHUNK_BYTES);
    if u64::try_from(file.chunks.len()) != Ok(expected) {
        return Err(ManifestError::ChunkCount { path: path(), found: file.chunks.len(), expected });
    }
    if let [only] = file.chunks.as_slice()
        && *only != file.sha256
    {
        return Err(ManifestError::HashesDisagree { path: path() });
    }
    Ok(())
}
