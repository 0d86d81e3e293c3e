//! A model about to be written: everything but its tensors, and the manifest that follows once they are written.

use crate::config::{Config, TensorSpec};
use crate::kind::ModelConfig;
use crate::manifest::{FORMAT, FileEntry, Files, Licence, ManifestOf};

use super::error::WeightsError;
use super::recipe::Recipe;
use super::write::{WeightsWriter, Written};

/// Name of the manifest.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of the weights.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Name of the tokenizer.
pub const TOKENIZER_FILE: &str = "tokenizer.json";

/// Everything of a new model but its tensors.
#[derive(Debug, Clone)]
pub struct NewModel<C = Config> {
    /// Name shown to the user.
    pub name: String,
    /// Version of these weights.
    pub version: String,
    /// Sizes.
    pub config: C,
    /// How tensors are stored.
    pub recipe: Recipe,
    /// Bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// Where the weights come from.
    pub provenance: serde_json::Map<String, serde_json::Value>,
    /// Licences of what went in.
    pub licences: Vec<Licence>,
}

impl<C: ModelConfig> NewModel<C> {
    /// The manifest of the model whose weights were written.
    pub fn manifest(&self, written: &Written) -> Result<ManifestOf<C>, WeightsError> {
        let manifest = ManifestOf {
            format: FORMAT,
            kind: C::KIND,
            name: self.name.clone(),
            version: self.version.clone(),
            config: self.config.clone(),
            quantization: written.quantization.clone(),
            files: Files {
                weights: written.entry.clone(),
                tokenizer: FileEntry::describe(TOKENIZER_FILE, &self.tokenizer),
            },
            provenance: self.provenance.clone(),
            licences: self.licences.clone(),
            certificate: None,
        };
        manifest.validate()?;
        Ok(manifest)
    }

    /// Makes the weights file in memory; `values` is asked for each tensor of the config in order.
    pub fn build<E: From<WeightsError>>(
        &self,
        mut values: impl FnMut(&TensorSpec) -> Result<Vec<f32>, E>,
    ) -> Result<(ManifestOf<C>, Vec<u8>), E> {
        let mut writer = WeightsWriter::new(Vec::new(), WEIGHTS_FILE, &self.config, &self.recipe)?;
        for spec in self.config.tensors() {
            writer.push(&spec.name, &values(&spec)?)?;
        }
        let (written, bytes) = writer.finish()?;
        Ok((self.manifest(&written)?, bytes))
    }
}
