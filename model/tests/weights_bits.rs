//! No single flipped bit of a model goes unnoticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests stop at the unexpected like tests do

mod weights_support;

use mambaformer_model::weights::{ChunkVerifier, Scheme, Weights};
use weights_support::Model;

#[test]
fn every_flipped_bit_of_weights_and_tokenizer_is_caught() {
    let model = Model::tiny(Scheme::Mixed);
    assert!(model.weights.len() > 15_000, "{} bytes are no model", model.weights.len());
    let files = [
        (&model.manifest.files.weights, model.weights.clone()),
        (&model.manifest.files.tokenizer, model.tokenizer.clone()),
    ];
    for (entry, mut bytes) in files {
        let mut verifier = ChunkVerifier::new(entry);
        assert!(verifier.push(0, &bytes).is_ok());
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(verifier.push(0, &bytes).is_err(), "bit {bit} of byte {at} of {}", entry.path);
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

/// No hash protects the manifest: a flipped bit there may change a name or an epsilon, but never which bytes are taken for weights.
#[test]
fn a_flipped_bit_of_the_manifest_is_caught_or_leaves_the_tensors_alone() {
    let model = Model::tiny(Scheme::Mixed);
    let whole = model.load().unwrap();
    let mut manifest = model.manifest.to_json().unwrap().into_bytes();
    let (mut caught, mut harmless) = (0, 0);
    for at in 0..manifest.len() {
        for bit in 0..8 {
            manifest[at] ^= 1 << bit;
            match Weights::from_parts(&manifest, &model.weights, &model.tokenizer) {
                Ok(weights) => {
                    assert!(weights.tensors().eq(whole.tensors()), "bit {bit} of byte {at}");
                    harmless += 1;
                }
                Err(_) => caught += 1,
            }
            manifest[at] ^= 1 << bit;
        }
    }
    assert!(caught > 10 * harmless, "{caught} caught, {harmless} harmless");
}
