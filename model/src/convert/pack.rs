//! An exported model (config.json, model.safetensors in our names, tokenizer.json, training.json) or a model folder in another format
//! becomes a model folder.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::config::{Config, TensorSpec};
use crate::kind::ModelConfig;
use crate::manifest::{Licence, Manifest, ManifestOf};
use crate::weights::{MANIFEST_FILE, NewModel, Recipe, TOKENIZER_FILE, WeightsOf, Written, write_folder};

use super::checkpoint::{Checkpoint, read_file, read_json};
use super::error::ConvertError;
use super::hugging_face::checked_tokenizer;

/// Packs the folder `from` into the folder `out`. `training.json`, where there is one, becomes the manifest's provenance;
/// its fields `licences` and `version` become the manifest's own. A model folder (what `convert` writes, say) is checked, widened and
/// packed anew.
pub fn pack(from: &Path, out: &Path, recipe: &Recipe) -> Result<(Manifest, Written), ConvertError> {
    different_folders(from, out)?;
    if from.join(MANIFEST_FILE).is_file() {
        return repack(from, out, recipe);
    }
    let config = Config::from_json(&read_file(&from.join("config.json"))?)?;
    let specs = config.tensors();
    check_patterns(recipe, &specs)?;
    let checkpoint = Checkpoint::open(from)?;
    checkpoint.check_names(specs.iter().map(|spec| spec.name.as_str()), |_| false)?;
    let Training { provenance, version, licences } = Training::read(from)?;
    let model = NewModel {
        name: config.name.clone(),
        version,
        recipe: recipe.clone(),
        tokenizer: checked_tokenizer(&from.join(TOKENIZER_FILE), &config)?,
        provenance,
        licences,
        config,
    };
    write_folder(out, &model, |spec| checkpoint.read(&spec.name, &spec.shape))
}

/// A pattern that names no tensor is a slip of the pen.
pub(super) fn check_patterns(recipe: &Recipe, specs: &[TensorSpec]) -> Result<(), ConvertError> {
    let idle = recipe.idle_patterns(specs);
    if idle.is_empty() {
        return Ok(());
    }
    Err(ConvertError::IdlePatterns { patterns: idle.into_iter().map(str::to_owned).collect() })
}

/// Checks, widens and packs anew a model folder of any kind.
pub fn repack<C: ModelConfig>(
    from: &Path,
    out: &Path,
    recipe: &Recipe,
) -> Result<(ManifestOf<C>, Written), ConvertError> {
    different_folders(from, out)?;
    let mut weights = WeightsOf::<C>::open(from)?;
    let manifest = weights.manifest().clone();
    check_patterns(recipe, &manifest.config.tensors())?;
    let model = NewModel {
        name: manifest.name,
        version: manifest.version,
        recipe: recipe.clone(),
        tokenizer: weights.take_tokenizer(),
        provenance: manifest.provenance,
        licences: manifest.licences,
        config: manifest.config,
    };
    write_folder(out, &model, |spec| Ok(weights.take_f32(&spec.name)?))
}

pub(super) struct Training {
    pub(super) provenance: Map<String, Value>,
    pub(super) version: String,
    pub(super) licences: Vec<Licence>,
}

impl Training {
    pub(super) fn read(from: &Path) -> Result<Self, ConvertError> {
        let path = from.join("training.json");
        let mut provenance: Map<String, Value> =
            if path.is_file() { read_json(&path)? } else { Map::from_iter([("tool".to_owned(), json!("unknown"))]) };
        let unreadable = |detail: String| ConvertError::Json { path: path.display().to_string(), detail };
        let licences = match provenance.remove("licences") {
            None => Vec::new(),
            Some(list) => {
                serde_json::from_value(list).map_err(|error| unreadable(format!("field `licences`: {error}")))?
            }
        };
        let version = match provenance.remove("version") {
            None => env!("CARGO_PKG_VERSION").to_owned(),
            Some(Value::String(version)) => version,
            Some(other) => return Err(unreadable(format!("field `version` is {other}, it should be text"))),
        };
        Ok(Self { provenance, version, licences })
    }
}

/// Refuses to write into the folder that is being read.
pub(super) fn different_folders(from: &Path, out: &Path) -> Result<(), ConvertError> {
    let same = match (from.canonicalize(), out.canonicalize()) {
        (Ok(from), Ok(out)) => from == out,
        // A folder that does not exist yet is no source.
        _ => false,
    };
    if same { Err(ConvertError::SameFolder { folder: from.display().to_string() }) } else { Ok(()) }
}
