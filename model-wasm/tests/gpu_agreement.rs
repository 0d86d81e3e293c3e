//! The shipped model on the GPU against the reference over real text: answers of DentalQA's test split, forced token by token.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which clippy.toml does not see as tests

mod forced;
mod made;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mambaformer_model::generate::Sampling;
use mambaformer_model::prompt::{PassageText, Prompt};
use mambaformer_model::tokenizer::Tokenizer;
use mambaformer_model::weights::Weights;
use mambaformer_model::{MambaFormer, Routing};
use mambaformer_wasm::gpu::GpuModel;
use mambaformer_wasm::gpu::variants::Variants;
use serde_json::Value;

use forced::{asked, first_state, gpu, greedy_margin, load, load_as, reference, widened};

/// Tokens of answers that are compared.
const TOKENS: usize = 2_000;
/// For each optional form of the products.
const TOKENS_OF_A_FORM: usize = 500;
/// Words of an answer: long ones ask for fewer prompts.
const LONG: usize = 45;

/// A question's prompt and its answer, as tokens.
struct Item {
    prompt: Vec<u32>,
    answer: Vec<u32>,
}

/// The lines of all files of a folder of `data/`, in order.
fn lines(folder: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// Test questions with long answers, one of each cluster of paraphrases, with the passages of the answer.
fn items(weights: &Weights, wanted: usize) -> Vec<Item> {
    let config = weights.config().clone();
    let tokenizer = Tokenizer::from_bytes(&weights.clone().take_tokenizer(), config.vocab_size).unwrap();
    let passages: BTreeMap<String, Value> =
        lines("knowledge").into_iter().map(|passage| (text(&passage, "id").to_owned(), passage)).collect();
    let (mut items, mut clusters, mut tokens) = (Vec::new(), Vec::new(), 0);
    for question in lines("dentalqa") {
        let answer = text(&question, "answer");
        let cluster = text(&question, "cluster").to_owned();
        if text(&question, "split") != "test" || answer.split_whitespace().count() < LONG || clusters.contains(&cluster)
        {
            continue;
        }
        clusters.push(cluster);
        let mut used: Vec<&Value> = Vec::new();
        for sentence in question["sentences"].as_array().unwrap() {
            for id in sentence["passages"].as_array().unwrap() {
                let passage = passages.get(id.as_str().unwrap());
                used.extend(passage.filter(|passage| !used.contains(passage)));
            }
        }
        let given: Vec<PassageText> = used
            .iter()
            .map(|passage| PassageText { title: text(passage, "title"), text: text(passage, "text") })
            .collect();
        let prompt = Prompt::build(&config, &tokenizer, text(&question, "question"), None, &given).unwrap().ids;
        let mut answer: Vec<u32> = tokenizer.encode(answer).unwrap().iter().map(|token| token.id).collect();
        answer.push(config.eos_token_id);
        tokens += answer.len();
        items.push(Item { prompt, answer });
        if tokens >= wanted {
            return items;
        }
    }
    panic!("the test split has only {tokens} tokens of long answers");
}

/// What was found.
#[derive(Default)]
struct Agreement {
    tokens: usize,
    same: usize,
    /// The largest lead, as a part of the likeliest token's probability, that a choice had which differs.
    largest_lead: f32,
    routed: usize,
    routed_differently: usize,
    /// The largest distance of the gate's two logits where it chose differently.
    largest_gap: f32,
}

impl Agreement {
    fn percent(&self) -> f64 {
        100.0 * self.same as f64 / self.tokens as f64
    }
}

fn compare(model: &Rc<GpuModel>, reference: &MambaFormer, items: &[Item]) -> Agreement {
    let mut agreement = Agreement::default();
    for Item { prompt, answer } in items {
        let encoded = reference.encode(prompt, Routing::default()).unwrap();
        let chosen = pollster::block_on(async {
            let mut encoding = model.begin(prompt, Routing::default()).unwrap();
            while encoding.step().await.unwrap() {}
            let routes = encoding.routes().await.unwrap();
            let decisions = &encoded.decisions;
            for ((found, expected), logits) in routes.experts.iter().zip(&decisions.experts).zip(&decisions.logits) {
                agreement.routed += 1;
                if found != expected {
                    agreement.routed_differently += 1;
                    agreement.largest_gap = agreement.largest_gap.max((logits[0] - logits[1]).abs());
                }
            }
            let mut generated = encoding
                .generate(prompt, asked(prompt), Sampling::Greedy, answer.len(), &[])
                .unwrap()
                .expect("it generates freely");
            let mut chosen = Vec::new();
            for token in answer {
                chosen.push(generated.forced(*token).await.unwrap());
            }
            chosen
        });
        let mut state = reference.begin_decoding(&encoded).unwrap();
        let mut z = first_state(reference, &mut state, asked(prompt));
        for (token, found) in answer.iter().zip(chosen) {
            let probabilities = reference.mixture(&z, &state, prompt).unwrap().probabilities;
            let expected = Sampling::Greedy.choose(&probabilities, 0).unwrap();
            agreement.tokens += 1;
            if expected == found as usize {
                agreement.same += 1;
            } else {
                agreement.largest_lead = agreement.largest_lead.max(greedy_margin(&probabilities));
            }
            z = reference.decode(&mut state, &[*token]).unwrap();
        }
    }
    agreement
}

/// A model on the GPU, and what it has to agree with.
struct Held<'a> {
    name: &'a str,
    model: Rc<GpuModel>,
    reference: MambaFormer,
    tokens: usize,
    /// The least part of the same likeliest tokens, in per cent.
    goal: f64,
}

/// Compares and prints.
fn hold(weights: &Weights, held: &Held<'_>) {
    let Held { name, model, reference, tokens, goal } = held;
    let items = items(weights, *tokens);
    let found = compare(model, reference, &items);
    println!(
        "{name}: top-1 {:.2} % of n = {} in {} answers (largest lead of a different choice {:.1e}), routed differently {} of {} (largest gap {:.1e})",
        found.percent(),
        found.tokens,
        items.len(),
        found.largest_lead,
        found.routed_differently,
        found.routed,
        found.largest_gap,
    );
    assert!(found.tokens >= *tokens && found.percent() >= *goal, "{name}: {:.2} %, {goal} % wanted", found.percent());
    assert!(found.largest_gap < 1e-3, "{name}: routed differently where the gate was sure by {}", found.largest_gap);
}

fn shipped() -> Weights {
    Weights::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/model")).unwrap()
}

#[test]
fn in_f32_both_compute_the_same() {
    let weights = shipped();
    let (model, reference) = (load(&widened(&weights)), reference(&weights));
    hold(&weights, &Held { name: "f32", model, reference, tokens: TOKENS, goal: 99.5 });
}

/// Packed, the processor has 7-bit activations (docs/ARCHITECTURE.md, "The CPU path") and the GPU f32 ones.
#[test]
fn packed_they_differ_by_the_activations() {
    let weights = shipped();
    let packed = MambaFormer::load(&weights.config().clone(), &mut weights.clone()).unwrap();
    hold(&weights, &Held { name: "q8", model: load(&weights), reference: packed, tokens: TOKENS, goal: 98.0 });
}

/// Half precision and 8-bit activations may cost no more than what the processor's own rounding costs, and change nothing about the routing.
#[test]
fn optional_forms_of_the_products_agree_with_the_reference() {
    let weights = shipped();
    let gpu = gpu();
    for &form in &gpu.offers {
        let mut variants = Variants::default();
        variants.choose(form);
        assert_eq!(variants.chosen().collect::<Vec<_>>(), [form]);
        let (model, reference) = (load_as(Rc::clone(&gpu), &weights, &variants), reference(&weights));
        hold(&weights, &Held { name: form.name(), model, reference, tokens: TOKENS_OF_A_FORM, goal: 98.0 });
    }
}
