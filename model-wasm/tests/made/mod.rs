//! Checked weights of a model made on the spot, in memory: what native and browser tests both start from.
// clippy.toml's allowance ends at `#[test]`; this is a helper of tests.
#![allow(clippy::expect_used)]

use mambaformer_model::config::TensorSpec;
use mambaformer_model::kind::ModelConfig;
use mambaformer_model::random::byte_tokenizer;
use mambaformer_model::weights::{NewModel, Recipe, Scheme, WeightsError, WeightsOf};

/// `values` is asked for each tensor of the config; they are packed as `scheme` says.
pub fn weights<C: ModelConfig>(
    config: &C,
    scheme: Scheme,
    mut values: impl FnMut(&TensorSpec) -> Vec<f32>,
) -> WeightsOf<C> {
    let model = NewModel {
        name: "made".to_owned(),
        version: "0".to_owned(),
        recipe: Recipe::new(scheme),
        tokenizer: byte_tokenizer(config.vocab_size()).expect("a tokenizer"),
        provenance: serde_json::Map::new(),
        licences: Vec::new(),
        config: config.clone(),
    };
    let (manifest, weights) = model.build(|spec| Ok::<_, WeightsError>(values(spec))).expect("weights");
    let manifest = serde_json::to_vec(&manifest).expect("a manifest");
    WeightsOf::from_parts(&manifest, &weights, &model.tokenizer).expect("checked weights")
}
