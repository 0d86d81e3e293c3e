//! Converted T5 checkpoints with every token on ET5 against `transformers`' T5ForConditionalGeneration.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use mambaformer_model::{Expert, MambaFormer, Routing};
use support::{Vectors, assert_close, converted, flat};

const FOLDERS: [&str; 2] = ["t5_tied", "t5_untied"];
const LENGTHS: [usize; 4] = [1, 7, 33, 130];

fn encode(model: &MambaFormer, ids: &[u32]) -> mambaformer_model::Encoded {
    model.encode(ids, Routing::Force(Expert::Et5)).unwrap()
}

#[test]
fn encoder_and_logits_agree() {
    for folder in FOLDERS {
        let (model, vectors) = (converted(folder, None), Vectors::open(folder));
        for length in LENGTHS {
            let get = |what: &str| format!("len{length}.{what}");
            let encoded = encode(&model, &vectors.ids(&get("input_ids")));
            let case = format!("{folder}, {length} tokens");
            let memory =
                assert_close(&case, &flat(&encoded.memory), &vectors.floats(&get("encoder_last_hidden_state")));
            let mut state = model.begin_decoding(&encoded).unwrap();
            let z = model.decode(&mut state, &vectors.ids(&get("decoder_ids"))).unwrap();
            let logits = assert_close(&case, &flat(&model.logits(&z).unwrap()), &vectors.floats(&get("logits")));
            println!("{case}: memory {memory:.1e}, logits {logits:.1e}");
        }
    }
}

/// 64 greedy tokens through the cache, the end token never allowed (as in the script that made them).
#[test]
fn greedy_tokens_are_identical() {
    for folder in FOLDERS {
        let (model, vectors) = (converted(folder, None), Vectors::open(folder));
        let config = model.config().clone();
        for length in LENGTHS {
            let encoded = encode(&model, &vectors.ids(&format!("len{length}.input_ids")));
            let mut state = model.begin_decoding(&encoded).unwrap();
            let mut token = config.decoder_start_token_id;
            let mut found = Vec::new();
            for _ in 0..64 {
                let logits = flat(&model.logits(&model.decode(&mut state, &[token]).unwrap()).unwrap());
                let allowed = (0..logits.len()).filter(|&id| id != config.eos_token_id as usize);
                token = u32::try_from(
                    allowed.reduce(|best, id| if logits[id] > logits[best] { id } else { best }).unwrap(),
                )
                .unwrap();
                found.push(token);
            }
            assert_eq!(found, vectors.ids(&format!("len{length}.greedy")), "{folder}, {length} tokens");
        }
    }
}

/// A model with both experts, every token forced to ET5, is still the plain T5.
#[test]
fn a_hybrid_with_all_tokens_on_et5_is_plain_t5() {
    let (model, vectors) = (converted("t5_tied", Some("mamba_state16")), Vectors::open("t5_tied"));
    let encoded = encode(&model, &vectors.ids("len33.input_ids"));
    assert_close("memory", &flat(&encoded.memory), &vectors.floats("len33.encoder_last_hidden_state"));
    let other = model.encode(&vectors.ids("len33.input_ids"), Routing::Force(Expert::EMamba)).unwrap();
    assert_ne!(flat(&other.memory), flat(&encoded.memory), "the experts differ");
}
