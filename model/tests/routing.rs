//! Random routing in whole models: its ends are the forced routes to the bit, and a draw can be repeated.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use mambaformer_model::weights::Scheme;
use mambaformer_model::{Expert, MambaFormer, Routing, Share};
use support::{Vectors, converted, flat, packed};

const MODEL: &str = "mambaformer_one_way";

/// Experts, their weights and the bits of the memory.
fn routed(model: &MambaFormer, ids: &[u32], routing: Routing) -> (Vec<Expert>, Vec<f32>, Vec<u32>) {
    let encoded = model.encode(ids, routing).unwrap();
    let memory = flat(&encoded.memory).iter().map(|value| value.to_bits()).collect();
    (encoded.decisions.experts, encoded.decisions.weights, memory)
}

fn random(share: f32, seed: u64) -> Routing {
    Routing::Random { share: Share::new(share).unwrap(), seed }
}

#[test]
fn the_ends_are_the_forced_routes() {
    let (model, vectors) = (packed(MODEL, Scheme::F32), Vectors::open(MODEL));
    for (length, share, expert) in
        [(7, 0.0, Expert::Et5), (7, 1.0, Expert::EMamba), (130, 0.0, Expert::Et5), (130, 1.0, Expert::EMamba)]
    {
        let ids = vectors.ids(&format!("len{length}.input_ids"));
        for seed in [0, 17, u64::MAX] {
            let (found, forced) =
                (routed(&model, &ids, random(share, seed)), routed(&model, &ids, Routing::Force(expert)));
            assert_eq!(found, forced, "{length} tokens, share {share}, seed {seed}");
        }
    }
}

#[test]
fn a_draw_can_be_repeated_and_its_logits_are_the_gates() {
    let (model, vectors) = (packed(MODEL, Scheme::F32), Vectors::open(MODEL));
    let ids = vectors.ids("len130.input_ids");
    let half = routed(&model, &ids, random(0.5, 17));
    assert_eq!(half, routed(&model, &ids, random(0.5, 17)));
    let emamba = half.0.iter().filter(|expert| **expert == Expert::EMamba).count();
    assert!((45..=85).contains(&emamba), "{emamba} of 130 tokens");
    assert!(half.1.iter().all(|weight| weight.to_bits() == 1.0_f32.to_bits()), "a lot has no probability to weigh by");
    assert_ne!(half.0, routed(&model, &ids, random(0.5, 18)).0, "another seed");
    // A longer prompt that begins the same is routed the same as far as it goes.
    assert_eq!(half.0[..60], routed(&model, &ids[..60], random(0.5, 17)).0);
    let logits = |routing| model.encode(&ids, routing).unwrap().decisions.logits;
    assert_eq!(logits(random(0.5, 17)), logits(Routing::default()));
}

#[test]
fn a_model_without_emamba_reads_every_token_with_et5() {
    let (model, vectors) = (converted("t5_tied", None), Vectors::open("t5_tied"));
    let ids = vectors.ids("len33.input_ids");
    let forced = routed(&model, &ids, Routing::Force(Expert::Et5));
    for share in [0.0, 0.5, 1.0] {
        assert_eq!(routed(&model, &ids, random(share, 17)), forced, "share {share}");
    }
}
