//! The whole MambaFormer against the PyTorch package that trains it: gate features' consequences, dispatch, both experts, memory,
//! decoder, copy head and verdict heads.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use mambaformer_model::weights::Scheme;
use mambaformer_model::{Expert, MambaFormer, Routing};
use support::{Vectors, assert_close, flat, packed};

const FOLDERS: [&str; 3] = ["mambaformer_one_way", "mambaformer_two_way", "mambaformer_expert"];

fn check(model: &MambaFormer, vectors: &Vectors, prefix: &str, routing: Routing, case: &str) {
    let get = |what: &str| format!("{prefix}.{what}");
    let ids = vectors.ids(&get("input_ids"));
    let encoded = model.encode(&ids, routing).unwrap();
    let worst =
        |what: &str, found: &[f32]| assert_close(&format!("{case}, {what}"), found, &vectors.floats(&get(what)));

    worst("embeddings", &flat(&encoded.trace.embeddings));
    let bias = if let Routing::Gate { bias } = routing { bias } else { 0.0 };
    let logits: Vec<f32> = encoded.decisions.logits.iter().flat_map(|[et5, emamba]| [*et5, emamba - bias]).collect();
    worst("gate_logits", &logits);
    let experts: Vec<u32> =
        encoded.decisions.experts.iter().map(|expert| u32::from(*expert == Expert::EMamba)).collect();
    assert_eq!(experts, vectors.ids(&get("expert")), "{case}: experts");
    let p = vectors.floats(&get("p"));
    let chosen: Vec<f32> = experts.iter().enumerate().map(|(token, expert)| p[2 * token + *expert as usize]).collect();
    assert_close(&format!("{case}, p"), &encoded.decisions.weights, &chosen);
    for (what, hidden) in [("et5_hidden", &encoded.trace.et5_hidden), ("emamba_hidden", &encoded.trace.emamba_hidden)] {
        assert_eq!(hidden.is_some(), vectors.get(&get(what)).is_some(), "{case}: {what} exists");
        if let Some(hidden) = hidden {
            worst(what, &flat(hidden));
        }
    }
    let memory = worst("memory", &flat(&encoded.memory));

    let mut state = model.begin_decoding(&encoded).unwrap();
    let decoder_ids = vectors.ids(&get("decoder_ids"));
    let z = model.decode(&mut state, &decoder_ids).unwrap();
    worst("decoder_hidden", &flat(&z));
    let logits = worst("logits", &flat(&model.logits(&z).unwrap()));
    let rows: Vec<_> =
        (0..decoder_ids.len()).map(|row| model.mixture(&z.narrow(0, row, 1).unwrap(), &state, &ids).unwrap()).collect();
    let mixture: Vec<f32> = rows.iter().flat_map(|row| row.probabilities.iter().copied()).collect();
    worst("mixture", &mixture);
    if model.has_copy_head() {
        let attention: Vec<f32> =
            rows.iter().flat_map(|row| row.pointer.as_ref().unwrap().attention.iter().copied()).collect();
        worst("copy_attention", &attention);
        let generate: Vec<f32> = rows.iter().map(|row| row.pointer.as_ref().unwrap().generate).collect();
        worst("generate", &generate);
    }
    let verdict = model.verdict(&z.narrow(0, 0, 1).unwrap()).unwrap();
    if let Some(decision) = verdict.decision {
        let logits = vectors.floats(&get("decision"));
        let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
        assert_close(
            &format!("{case}, decision"),
            &decision,
            &logits.iter().map(|logit| logit.exp() / sum).collect::<Vec<_>>(),
        );
    }
    if let Some(answerable) = verdict.answerable {
        let logit = vectors.floats(&get("answerable"))[0];
        assert_close(&format!("{case}, answerable"), &[answerable], &[1.0 / (1.0 + (-logit).exp())]);
    }
    if model.config().heads.embedding.is_some() {
        worst("embedding", &model.embedding(&encoded).unwrap());
    }
    println!("{case}: memory {memory:.1e}, logits {logits:.1e}");
}

#[test]
fn routed_by_the_gate() {
    for folder in FOLDERS {
        let (model, vectors) = (packed(folder, Scheme::F32), Vectors::open(folder));
        for length in [1, 7, 33, 130] {
            check(&model, &vectors, &format!("len{length}"), Routing::default(), &format!("{folder}, {length} tokens"));
        }
    }
}

#[test]
fn forced_and_biased() {
    for folder in FOLDERS {
        let (model, vectors) = (packed(folder, Scheme::F32), Vectors::open(folder));
        for (prefix, routing) in [
            ("et5.len33", Routing::Force(Expert::Et5)),
            ("emamba.len33", Routing::Force(Expert::EMamba)),
            ("bias.len33", Routing::Gate { bias: 0.7 }),
        ] {
            check(&model, &vectors, prefix, routing, &format!("{folder}, {prefix}"));
        }
    }
}
