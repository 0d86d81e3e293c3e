//! Weights that match their manifest's hashes but not its config: everything behind the hash check.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mambaformer_model::config::Config;
use mambaformer_model::manifest::{FileEntry, Manifest};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::RandomWeights;
use mambaformer_model::weights::{NewModel, Recipe, Scheme, WEIGHTS_FILE, Weights, WeightsError};

/// The smallest valid relative of `nano`, and its bytes, to which the fuzzer's edits are applied.
fn model() -> &'static (Manifest, Vec<u8>) {
    static MODEL: OnceLock<(Manifest, Vec<u8>)> = OnceLock::new();
    MODEL.get_or_init(|| {
        let mut config: Config = Preset::Nano.config();
        config.vocab_size = 16;
        config.d_model = 32;
        (config.et5.num_layers, config.et5.num_decoder_layers, config.et5.d_ff) = (1, 1, 32);
        let random = RandomWeights::new(&config, 1);
        let model = NewModel {
            name: "fuzz".into(),
            version: "0".into(),
            recipe: Recipe::new(Scheme::Mixed),
            tokenizer: b"{}".to_vec(),
            provenance: serde_json::Map::new(),
            licences: Vec::new(),
            config: config.clone(),
        };
        model.build(|spec| Ok::<_, WeightsError>(random.values(spec))).expect("the seed model is valid")
    })
}

fuzz_target!(|edits: Vec<(u16, u8)>| {
    let (manifest, bytes) = model();
    let mut bytes = bytes.clone();
    for (at, value) in edits {
        if let Some(byte) = bytes.get_mut(usize::from(at)) {
            *byte = value;
        }
    }
    let mut manifest = manifest.clone();
    manifest.files.weights = FileEntry::describe(WEIGHTS_FILE, &bytes);
    let text = manifest.to_json().expect("a manifest can be written");
    let _ = Weights::from_parts(text.as_bytes(), &bytes, b"{}");
});
