//! Free generation on the GPU against `model/`: the same distribution, the same choices with the same seed, also after an interruption.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which clippy.toml does not see as tests

mod forced;
mod made;

use std::rc::Rc;

use mambaformer_model::config::Config;
use mambaformer_model::generate::{FreeDecoder, FreeOptions, FreeStep, FreeText, FreeToken, Sampling};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, Stream};
use mambaformer_model::tokenizer::Tokenizer;
use mambaformer_model::weights::{Scheme, Weights};
use mambaformer_model::{MambaFormer, Routing};
use mambaformer_wasm::gpu::variants::{Variant, Variants};
use mambaformer_wasm::gpu::{Gpu, GpuModel};
use mambaformer_wasm::kernels::sample::{DRAW_TOLERANCE, Progress, boundary_distance};

use forced::{CAPACITY, asked, first_state, greedy_margin, load, reference};

/// A prompt in which a few dozen tokens occur again and again.
fn prompt(config: &Config, tokens: usize, seed: u64) -> Vec<u32> {
    let mut stream = Stream::new(seed, "free");
    let mut ids: Vec<u32> = (1..tokens).map(|_| 2 + u32::try_from(stream.next_u64() % 40).unwrap()).collect();
    ids.push(config.eos_token_id);
    ids
}

fn packed(config: &Config, scheme: Scheme) -> Weights {
    let random = RandomWeights::new(config, 3);
    made::weights(config, scheme, |spec| random.values(spec))
}

struct Generated {
    tokens: Vec<FreeToken>,
    progress: Progress,
    submits: usize,
    probabilities: Vec<f32>,
}

fn generate(model: &Rc<GpuModel>, ids: &[u32], sampling: Sampling, most: usize, written: &[u32]) -> Generated {
    pollster::block_on(async {
        let mut encoding = model.begin(ids, Routing::default()).unwrap();
        while encoding.step().await.unwrap() {}
        let mut answer =
            encoding.generate(ids, asked(ids), sampling, most, written).unwrap().expect("this GPU generates freely");
        let mut tokens = Vec::new();
        while let Some(new) = answer.step().await.unwrap() {
            tokens.extend(new);
        }
        let probabilities = answer.probabilities().await.unwrap();
        Generated { tokens, progress: answer.progress(), submits: answer.submits(), probabilities }
    })
}

const MANNERS: [Sampling; 5] = [
    Sampling::Greedy,
    Sampling::TopK { temperature: 1.0, top_k: 0, seed: 1 },
    Sampling::TopK { temperature: 0.8, top_k: 20, seed: 2 },
    Sampling::TopK { temperature: 3.0, top_k: 0, seed: 3 },
    Sampling::TopK { temperature: 0.1, top_k: 3, seed: 4 },
];

/// Holds a generated answer against the reference, which reads the very tokens of the answer: one difference leads to no others.
/// Returns how many choices there were and how many differ, each of them within reach of rounding.
fn hold(reference: &MambaFormer, ids: &[u32], sampling: Sampling, generated: &Generated, case: &str) -> (usize, usize) {
    let encoded = reference.encode(ids, Routing::default()).unwrap();
    let mut state = reference.begin_decoding(&encoded).unwrap();
    let config = reference.config();
    let mut z = first_state(reference, &mut state, asked(ids));
    let (mut choices, mut different) = (0, 0);
    let ended = (generated.progress == Progress::Ended).then_some(None);
    for (step, found) in generated.tokens.iter().map(Some).chain(ended).enumerate() {
        let mixture = reference.mixture(&z, &state, ids).unwrap();
        let probabilities = &mixture.probabilities;
        let expected = sampling.choose(probabilities, step as u64).unwrap();
        let id = found.map_or(config.eos_token_id, |found| found.id);
        choices += 1;
        if expected == id as usize {
            if let Some(found) = found {
                let token = FreeToken::chosen(expected, &mixture, ids);
                assert!((found.probability - token.probability).abs() < 1e-4, "{case}, step {step}");
                assert!((found.copy_share - token.copy_share).abs() < 1e-3, "{case}, step {step}");
                let mass = |source: Option<usize>| {
                    source.map_or(0.0, |at| mixture.pointer.as_ref().map_or(0.0, |pointer| pointer.attention[at]))
                };
                assert_eq!(found.source.is_some(), token.source.is_some(), "{case}, step {step}");
                assert!((mass(found.source) - mass(token.source)).abs() < 1e-5, "{case}, step {step}: the position");
            }
        } else {
            different += 1;
            let near = match sampling {
                Sampling::Greedy => f64::from(greedy_margin(probabilities)) < 1e-4,
                Sampling::TopK { .. } => boundary_distance(sampling, probabilities, step as u64) < DRAW_TOLERANCE,
            };
            assert!(near, "{case}, step {step}: {id}, not {expected}, and no rounding explains it");
        }
        let last = step + 1 == generated.tokens.len() + usize::from(ended.is_some());
        if last {
            let worst = probabilities.iter().zip(&generated.probabilities).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) < 1e-4, "{case}: the distribution of the last choice");
        } else {
            z = reference.decode(&mut state, &[id]).unwrap();
        }
    }
    (choices, different)
}

#[test]
fn choices_are_those_of_the_reference() {
    let nano = Preset::Nano.config();
    let mut untied = nano.clone();
    untied.et5.tie_word_embeddings = false;
    let mut without_copying = nano.clone();
    without_copying.heads.copy = None;
    let (mut choices, mut different, mut ended) = (0, 0, 0);
    for (name, config, scheme) in [
        ("f32", &nano, Scheme::F32),
        ("q8", &nano, Scheme::Q8),
        ("q4", &nano, Scheme::Q4),
        ("head of its own", &untied, Scheme::Q8),
        ("without copy head", &without_copying, Scheme::F32),
    ] {
        let weights = packed(config, scheme);
        let (model, reference) = (load(&weights), reference(&weights));
        for (seed, sampling) in MANNERS.into_iter().enumerate() {
            let ids = prompt(config, 30 + 50 * seed, u64::try_from(seed).unwrap());
            let generated = generate(&model, &ids, sampling, 40, &[]);
            assert!(generated.submits <= generated.tokens.len() + 1);
            assert_eq!(generated.progress == Progress::Full, generated.tokens.len() == 40);
            let (more, wrong) = hold(&reference, &ids, sampling, &generated, &format!("{name}, {sampling:?}"));
            choices += more;
            different += wrong;
            ended += usize::from(generated.progress == Progress::Ended);
        }
    }
    println!("{choices} choices, {different} different within rounding, {ended} answers ended by the model");
    assert!(choices > 400 && different * 200 <= choices, "{different} of {choices} choices differ");
}

#[test]
fn an_interrupted_answer_goes_on_with_the_same_draws_on_either_path() {
    let config = Preset::Nano.config();
    let mut weights = packed(&config, Scheme::F32);
    let (model, reference) = (load(&weights), reference(&weights));
    let tokenizer = Tokenizer::from_bytes(&weights.take_tokenizer(), config.vocab_size).unwrap();
    for sampling in MANNERS {
        let ids = prompt(&config, 90, 5);
        let whole = generate(&model, &ids, sampling, 90, &[]);
        let tokens: Vec<u32> = whole.tokens.iter().map(|token| token.id).collect();
        // Shorter and longer than one decoder call reads at once.
        for kept in [1, 7, 63, 64, 80, 90] {
            let kept = kept.min(tokens.len());
            let rest = generate(&model, &ids, sampling, 90, &tokens[..kept]);
            let told: Vec<u32> = rest.tokens.iter().map(|token| token.id).collect();
            assert_eq!(told, tokens[kept..], "{sampling:?}, {kept} kept");
            assert_eq!(rest.progress, whole.progress, "{sampling:?}, {kept} kept");
        }
        // And on the processor.
        let encoded = reference.encode(&ids, Routing::default()).unwrap();
        let options = FreeOptions { max_tokens: 90, sampling, stop_strings: Vec::new() };
        let run = |kept: usize| {
            let mut decoder = FreeDecoder::new(&reference, &tokenizer, &encoded, asked(&ids), options.clone()).unwrap();
            let mut written = FreeText::new(&tokenizer, Vec::new());
            for token in &whole.tokens[..kept] {
                written.push(*token).unwrap();
            }
            decoder.resume(written).unwrap();
            while !matches!(decoder.step().unwrap(), FreeStep::Done { .. }) {}
            decoder.ids().to_vec()
        };
        let kept = 10.min(tokens.len());
        let on_cpu = run(0);
        // Only where no choice was left to rounding can the two be compared as wholes.
        if hold(&reference, &ids, sampling, &whole, "interrupted").1 == 0 {
            assert_eq!(on_cpu, tokens, "{sampling:?}");
            assert_eq!(run(kept), tokens, "{sampling:?}");
        }
    }
}

#[test]
fn a_gpu_whose_sampler_is_wrong_leaves_free_generation_to_the_processor() {
    let config = Preset::Nano.config();
    let weights = packed(&config, Scheme::F32);
    let mut variants = Variants::default();
    assert!(variants.leave_out(Variant::FreeGeneration));
    let model = pollster::block_on(async {
        let gpu = Gpu::open().await.unwrap();
        Rc::new(GpuModel::load(Rc::new(gpu), &weights, CAPACITY, &variants).await.unwrap())
    });
    assert_eq!(model.free_dispatches(), None);
    let ids = prompt(&config, 9, 1);
    let encoding = model.begin(&ids, Routing::default()).unwrap();
    assert!(encoding.generate(&ids, asked(&ids), Sampling::Greedy, 5, &[]).unwrap().is_none());
    // With it: embedding, 8 a layer, the last norm, logits, pointer, mixture, choice, and the sizes of all these.
    let layers = config.et5.num_decoder_layers;
    assert_eq!(load(&weights).free_dispatches(), Some(8 * layers + 7));
    let encoding = load(&weights).begin(&ids, Routing::default()).unwrap();
    assert!(
        encoding.generate(&ids, asked(&ids), Sampling::Greedy, CAPACITY.answer + 1, &[]).is_err(),
        "more than there is room for"
    );
}
