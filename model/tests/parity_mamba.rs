//! The EMamba stack with converted Mamba-1 weights against `transformers`' MambaForCausalLM, last states included.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use support::{Vectors, assert_close, converted, flat, golden};

use candle_core::{Device, Tensor};

/// (folder with the weights, folder with the vectors, its embedding's name)
const CASES: [(&str, &str, &str); 3] = [
    ("mamba_state16", "mamba_state16", "backbone.embeddings.weight"),
    ("mamba_state8", "mamba_state8", "backbone.embeddings.weight"),
    ("mamba_state16_original", "mamba_state16", "backbone.embedding.weight"),
];
const LENGTHS: [usize; 4] = [1, 7, 33, 130];

fn embed(folder: &str, table: &str, ids: &[u32]) -> Tensor {
    let weights = Vectors::file(&golden(folder).join("model.safetensors"));
    let ids = Tensor::from_slice(ids, ids.len(), &Device::Cpu).unwrap();
    weights.get(table).unwrap().index_select(&ids, 0).unwrap()
}

#[test]
fn hidden_states_and_last_states_agree() {
    for (folder, vectors, table) in CASES {
        let (model, vectors) = (converted("t5_tied", Some(folder)), Vectors::open(vectors));
        let config = model.config().emamba.clone().unwrap();
        for length in LENGTHS {
            let get = |what: &str| format!("len{length}.{what}");
            let embedded = embed(folder, table, &vectors.ids(&get("input_ids")));
            let (hidden, states) = model.scan(&embedded, None).unwrap();
            let case = format!("{folder}, {length} tokens");
            let worst = assert_close(&case, &flat(&hidden), &vectors.floats(&get("last_hidden_state")));
            println!("{case}: hidden {worst:.1e}");
            for (layer, state) in states.iter().enumerate() {
                assert_close(
                    &format!("{case}, scan state {layer}"),
                    &state.ssm,
                    &vectors.floats(&get(&format!("ssm_state.{layer}"))),
                );
                // The library keeps one input more than the next convolution needs: [d_inner, d_conv], newest last.
                let kept = vectors.floats(&get(&format!("conv_state.{layer}")));
                let expected: Vec<f32> = (1..config.d_conv)
                    .flat_map(|tap| (0..config.d_inner).map(move |channel| (channel, tap)))
                    .map(|(channel, tap)| kept[channel * config.d_conv + tap])
                    .collect();
                assert_close(&format!("{case}, convolution state {layer}"), &state.conv, &expected);
            }
        }
    }
}

#[test]
fn read_in_chunks_equals_read_whole() {
    let (model, vectors) = (converted("t5_tied", Some("mamba_state16")), Vectors::open("mamba_state16"));
    let embedded = embed("mamba_state16", "backbone.embeddings.weight", &vectors.ids("len130.input_ids"));
    let (whole, last) = model.scan(&embedded, None).unwrap();
    for cuts in [vec![1, 129], vec![64, 66], vec![2, 3, 125], vec![43, 43, 44]] {
        let (mut found, mut state, mut from) = (Vec::new(), None, 0);
        for length in &cuts {
            let (part, carried) = model.scan(&embedded.narrow(0, from, *length).unwrap(), state).unwrap();
            found.extend(flat(&part));
            state = Some(carried);
            from += length;
        }
        assert_close(&format!("{cuts:?}"), &found, &flat(&whole));
        for (found, expected) in state.unwrap().iter().zip(&last) {
            assert_close("scan state", &found.ssm, &expected.ssm);
            assert_eq!(found.conv, expected.conv, "{cuts:?}");
        }
    }
}
