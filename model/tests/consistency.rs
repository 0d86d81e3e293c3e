//! What must not depend on how the work is cut: the decoder's cache, steps of the encoder, two-way scans.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use mambaformer_model::weights::Scheme;
use mambaformer_model::{ModelError, Routing};
use support::{Vectors, flat, packed};

#[test]
fn cached_equals_uncached() {
    for folder in ["mambaformer_one_way", "mambaformer_two_way"] {
        let (model, vectors) = (packed(folder, Scheme::F32), Vectors::open(folder));
        let encoded = model.encode(&vectors.ids("len33.input_ids"), Routing::default()).unwrap();
        let ids: Vec<u32> = (0..40).map(|step| (step * 7) % 190).collect();
        let mut at_once = model.begin_decoding(&encoded).unwrap();
        let expected = flat(&model.decode(&mut at_once, &ids).unwrap());
        for piece in [1, 3, 17] {
            let mut state = model.begin_decoding(&encoded).unwrap();
            let found: Vec<f32> =
                ids.chunks(piece).flat_map(|ids| flat(&model.decode(&mut state, ids).unwrap())).collect();
            assert_eq!(bits(&found), bits(&expected), "{folder}, {piece} tokens a call");
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Quantised weights: close to f32, and the same bits whether tokens come one by one or in a batch.
#[test]
fn quantised_models_stay_close_and_consistent() {
    let vectors = Vectors::open("mambaformer_one_way");
    let ids = vectors.ids("len130.input_ids");
    let exact = flat(&packed("mambaformer_one_way", Scheme::F32).encode(&ids, Routing::default()).unwrap().memory);
    for (scheme, limit) in [(Scheme::Q8, 0.03), (Scheme::Q4, 0.3)] {
        let model = packed("mambaformer_one_way", scheme);
        let encoded = model.encode(&ids, Routing::default()).unwrap();
        let found = flat(&encoded.memory);
        let error: f32 = found.iter().zip(&exact).map(|(a, b)| (a - b) * (a - b)).sum();
        let size: f32 = exact.iter().map(|a| a * a).sum();
        let relative = (error / size).sqrt();
        assert!(relative < limit && relative > 1e-5, "{scheme:?}: relative error {relative}");
        let answer: Vec<u32> = (0..12).collect();
        let mut at_once = model.begin_decoding(&encoded).unwrap();
        let mut one_by_one = model.begin_decoding(&encoded).unwrap();
        let expected = flat(&model.decode(&mut at_once, &answer).unwrap());
        let found: Vec<f32> =
            answer.iter().flat_map(|id| flat(&model.decode(&mut one_by_one, &[*id]).unwrap())).collect();
        assert_eq!(bits(&found), bits(&expected), "{scheme:?}: one by one and in a batch");
    }
}

#[test]
fn bad_input_is_a_typed_error() {
    let model = packed("mambaformer_two_way", Scheme::F32);
    let limit = model.config().max_tokens;
    assert!(matches!(model.encode(&[], Routing::default()), Err(ModelError::EmptyInput)));
    assert!(matches!(
        model.encode(&[200], Routing::default()),
        Err(ModelError::UnknownToken { id: 200, vocab_size: 200 })
    ));
    let long = vec![3; limit + 1];
    assert!(matches!(model.encode(&long, Routing::default()), Err(ModelError::TooManyTokens { .. })));
    assert!(model.encode(&long[..limit], Routing::default()).is_ok());
    let hidden = candle_core::Tensor::zeros((4, 48), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
    let (_, state) = model.scan(&hidden, None).unwrap();
    assert!(matches!(model.scan(&hidden, Some(state)), Err(ModelError::ChunkedBidirectional)));
}
