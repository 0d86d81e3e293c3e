//! Checked weights of a model made on the spot, in memory: what native and browser tests both start from.
// clippy.toml's allowance ends at `#[test]`; this is a helper of tests.
#![allow(clippy::expect_used)]

use std::rc::Rc;

use mambaformer_model::config::TensorSpec;
use mambaformer_model::kind::ModelConfig;
use mambaformer_model::random::byte_tokenizer;
use mambaformer_model::weights::{NewModel, Recipe, Scheme, WeightsError, WeightsOf};
use mambaformer_wasm::pipeline::{Clinic, ClinicFiles, clinic};

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

/// A clinic of grounding rules and, where there is one, a knowledge base.
#[allow(dead_code)] // not every test file needs one
pub fn clinic(grounding: impl Into<Vec<u8>>, knowledge: Option<Vec<u8>>) -> Rc<Clinic> {
    let mut files = ClinicFiles::default().with(clinic::GROUNDING, grounding);
    if let Some(knowledge) = knowledge {
        let retrieval = include_bytes!("../../../assets/retrieval.json").to_vec();
        files = files.with(clinic::KNOWLEDGE, knowledge).with(clinic::RETRIEVAL, retrieval);
    }
    Rc::new(Clinic::new(&files).expect("rules that can be read"))
}
