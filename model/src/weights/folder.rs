//! A model's folder on a file system: `manifest.json`, `model.safetensors`, `tokenizer.json`.

use std::fs::{self, File};
use std::io::{BufWriter, Read};
use std::path::Path;

use crate::config::TensorSpec;
use crate::kind::ModelConfig;
use crate::manifest::{MANIFEST_LIMIT_BYTES, ManifestOf, ModelFile};

use super::error::WeightsError;
use super::new_model::{MANIFEST_FILE, NewModel, TOKENIZER_FILE, WEIGHTS_FILE};
use super::store::{LoaderOf, WeightsOf};
use super::write::{WeightsWriter, Written};

fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> WeightsError + 'a {
    move |source| WeightsError::Io { action, path: path.display().to_string(), source }
}

/// The bytes of a folder's `manifest.json`, read up to its limit.
pub fn read_manifest(folder: &Path) -> Result<Vec<u8>, WeightsError> {
    let path = folder.join(MANIFEST_FILE);
    let file = File::open(&path).map_err(io("opening", &path))?;
    let mut manifest = Vec::new();
    // One byte over the limit is enough for the parser to refuse it.
    file.take(MANIFEST_LIMIT_BYTES as u64 + 1).read_to_end(&mut manifest).map_err(io("reading", &path))?;
    Ok(manifest)
}

impl<C: ModelConfig> WeightsOf<C> {
    /// Reads and verifies a model's folder.
    pub fn open(folder: &Path) -> Result<Self, WeightsError> {
        let mut loader = LoaderOf::new(&read_manifest(folder)?)?;
        for file in [ModelFile::Tokenizer, ModelFile::Weights] {
            feed(&mut loader, file, folder)?;
        }
        loader.finish()
    }
}

fn feed<C: ModelConfig>(loader: &mut LoaderOf<C>, file: ModelFile, folder: &Path) -> Result<(), WeightsError> {
    let entry = loader.manifest().files.entry(file).clone();
    let path = folder.join(&entry.path);
    let mut source = File::open(&path).map_err(io("opening", &path))?;
    let found = source.metadata().map_err(io("reading", &path))?.len();
    if found != entry.bytes {
        return Err(WeightsError::FileLength { file: entry.path, found, expected: entry.bytes });
    }
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = source.read(&mut piece).map_err(io("reading", &path))?;
        if length == 0 {
            return Ok(());
        }
        loader.feed(file, &piece[..length])?;
    }
}

/// Writes a model's folder; `values` is asked for each tensor of the config in order and forgotten after it is written.
/// The manifest goes last: a folder that was left half-written has none.
pub fn write_folder<C: ModelConfig, E: From<WeightsError>>(
    folder: &Path,
    model: &NewModel<C>,
    mut values: impl FnMut(&TensorSpec) -> Result<Vec<f32>, E>,
) -> Result<(ManifestOf<C>, Written), E> {
    fs::create_dir_all(folder).map_err(io("creating", folder))?;
    let manifest_path = folder.join(MANIFEST_FILE);
    if manifest_path.exists() {
        fs::remove_file(&manifest_path).map_err(io("replacing", &manifest_path))?;
    }
    let weights_path = folder.join(WEIGHTS_FILE);
    let out = BufWriter::with_capacity(1 << 20, File::create(&weights_path).map_err(io("creating", &weights_path))?);
    let mut writer = WeightsWriter::new(out, WEIGHTS_FILE, &model.config, &model.recipe)?;
    for spec in model.config.tensors() {
        writer.push(&spec.name, &values(&spec)?)?;
    }
    let (written, _) = writer.finish()?;
    let tokenizer_path = folder.join(TOKENIZER_FILE);
    fs::write(&tokenizer_path, &model.tokenizer).map_err(io("writing", &tokenizer_path))?;
    let manifest = model.manifest(&written)?;
    let text = manifest.to_json().map_err(WeightsError::from)?;
    fs::write(&manifest_path, text).map_err(io("writing", &manifest_path))?;
    Ok((manifest, written))
}
