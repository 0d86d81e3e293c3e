//! What the model computes does not depend on the machine: the same bits natively (AVX2 or plain Rust) and in the browser (SIMD).
#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod made;

use mambaformer_model::config::{HeadWidth, Role};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, Stream};
use mambaformer_model::sentence_encoder::{SentenceEncoder, SentenceEncoderConfig};
use mambaformer_model::weights::Scheme;
use mambaformer_model::{MambaFormer, Routing};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn model(scheme: Scheme) -> MambaFormer {
    let config = Preset::Nano.config();
    let random = RandomWeights::new(&config, 11);
    let mut weights = made::weights(&config, scheme, |spec| {
        // The ready-made values of these come from the library's logarithm, which differs by machine.
        let own = spec.name.ends_with("A_log") || spec.name.ends_with("dt_proj.bias");
        let mut stream = Stream::new(3, &spec.name);
        let values = random.values(spec);
        if own { values.iter().map(|_| 2.0 * stream.uniform() - 3.0).collect() } else { values }
    });
    MambaFormer::load(&config, &mut weights).unwrap()
}

/// FNV-1a over the bits of everything that an answer depends on: memory, gate, and 12 steps of the decoder with their mixtures.
fn fingerprint(scheme: Scheme) -> u64 {
    let model = model(scheme);
    let ids: Vec<u32> = (0..150).map(|at| (at * 37 + 5) % 500).collect();
    let encoded = model.encode(&ids, Routing::default()).unwrap();
    let experts =
        encoded.decisions.experts.iter().filter(|expert| **expert == mambaformer_model::Expert::EMamba).count();
    assert!((20..130).contains(&experts), "both experts have work: {experts}");
    let mut all = encoded.memory.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    all.extend(encoded.decisions.logits.iter().flatten());
    let mut state = model.begin_decoding(&encoded).unwrap();
    for step in 0..12 {
        let z = model.decode(&mut state, &[step * 41 % 500]).unwrap();
        all.extend(z.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        all.extend(model.mixture(&z, &state, &ids).unwrap().probabilities);
    }
    hash(&all)
}

/// FNV-1a over bits.
fn hash(values: &[f32]) -> u64 {
    values
        .iter()
        .flat_map(|value| value.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The same of a sentence encoder: vectors of texts of many lengths.
fn sentence_fingerprint(scheme: Scheme) -> u64 {
    let config = SentenceEncoderConfig {
        name: "small".to_owned(),
        vocab_size: 512,
        d_model: 96,
        max_tokens: 64,
        num_layers: 2,
        num_heads: 3,
        d_kv: 32,
        d_ff: 192,
        layer_norm_epsilon: 1e-12,
        start_token_id: 1,
        end_token_id: 2,
        projection: Some(HeadWidth { width: 40 }),
        reading: None,
    };
    let mut weights = made::weights(&config, scheme, |spec| {
        let (rows, columns) = spec.rows_and_columns();
        let mut stream = Stream::new(17, &spec.name);
        let (mean, deviation) = match spec.role {
            Role::Norm => (1.0, 0.2),
            Role::Bias => (0.0, 0.2),
            Role::Embedding => (0.0, 1.0),
            _ => (0.0, 1.5 / (columns as f32).sqrt()),
        };
        (0..rows * columns).map(|_| mean + deviation * stream.normal()).collect()
    });
    let encoder = SentenceEncoder::load(&config, &mut weights).unwrap();
    let text = |length: u32| -> Vec<u32> { (0..length).map(|at| (at * 37 + length) % 512).collect() };
    let all: Vec<f32> =
        [1, 2, 5, 31, 64].into_iter().flat_map(|length| encoder.encode(&text(length)).unwrap()).collect();
    hash(&all)
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
fn the_bits_are_the_same_everywhere() {
    let found = [Scheme::F32, Scheme::Q8, Scheme::Q4].map(fingerprint);
    // Change these with what the model computes, never for one machine alone.
    assert_eq!(found, [0xd70f_36cd_6f9c_c3f0, 0xade0_3f5d_1ba2_d36a, 0x66aa_5569_0e8f_d4d4], "{found:x?}");
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
fn the_bits_of_a_sentence_are_the_same_everywhere() {
    let found = [Scheme::F32, Scheme::Q8, Scheme::Q4].map(sentence_fingerprint);
    // Change these with what the encoder computes, never for one machine alone.
    assert_eq!(found, [0xc460_c4c9_072e_d731, 0xbbb3_a3ad_d002_9e78, 0xe28d_a64f_9661_e8a1], "{found:x?}");
}
