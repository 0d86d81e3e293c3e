//! What the page says of the model.

use mambaformer_wasm::protocol::{ModelInfo, Stage};

use super::numbers::{megabytes, parameters};
use crate::session::Model;

words! { model:
    /// What the progress bar shows.
    LOADING = loading;
}

/// The model's status in one line.
#[must_use]
pub fn status(model: &Model) -> String {
    match model {
        Model::Starting => say!(model.starting).to_owned(),
        Model::Loading { stage: Stage::Build, .. } => say!(model.building).to_owned(),
        Model::Loading { stage, loaded_bytes, total_bytes } => {
            let (loaded, total) = (megabytes(*loaded_bytes), megabytes(*total_bytes));
            match stage {
                Stage::Manifest => say!(model.loading_files, loaded = loaded, total = total),
                Stage::Knowledge => say!(model.loading_sources, loaded = loaded, total = total),
                Stage::Retriever => say!(model.loading_search, loaded = loaded, total = total),
                Stage::Weights | Stage::Build => say!(model.loading_model, loaded = loaded, total = total),
            }
        }
        Model::Ready(_) => say!(model.ready).to_owned(),
        Model::Failed => say!(model.failed).to_owned(),
    }
}

/// The model in one line for the foot of the page.
#[must_use]
pub fn version(info: &ModelInfo) -> String {
    format!(
        "{} {} · {} · {} MB · {} · {}",
        info.model,
        info.version,
        parameters(info.parameters),
        megabytes(info.bytes),
        info.formats.join(" + "),
        info.backend
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_model_has_words() {
        let loading = Model::Loading { stage: Stage::Weights, loaded_bytes: 12_300_000, total_bytes: 36_000_000 };
        assert_eq!(status(&loading), "Loading the model: 12.3 of 36.0 MB");
        assert!(status(&Model::Starting).contains("Starting"));
        assert!(!status(&Model::Failed).is_empty());
    }
}
