//! The whole model on the GPU against `model/`: routing, memory, and grounded answers.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which clippy.toml does not see as tests

mod forced;
mod made;

use std::path::Path;
use std::rc::Rc;

use mambaformer_model::config::{Combine, Config};
use mambaformer_model::generate::{
    GroundedDecoder, GroundedOptions, GroundedStep, ModelWeight, SourceUnit, Sources, Statistics, UnitOrigin,
};
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, Stream};
use mambaformer_model::weights::{Scheme, Weights};
use mambaformer_model::{Expert, MambaFormer, Routing};
use mambaformer_wasm::gpu::self_test::{Extent, NoPause, self_test};
use mambaformer_wasm::gpu::shader::Pipelines;
use mambaformer_wasm::gpu::variants::{Variant, Variants};
use mambaformer_wasm::gpu::{Capacity, Gpu, GpuModel};
use mambaformer_wasm::kernels::weights::Format;

use forced::asked;

const CAPACITY: Capacity = Capacity { prompt: 1024, answer: 256 };

/// Random weights, packed.
fn packed(config: &Config, scheme: Scheme) -> Weights {
    let random = RandomWeights::new(config, 3);
    made::weights(config, scheme, |spec| random.values(spec))
}

/// The reference over the very values that the packed weights stand for, in f32: what the GPU computes with.
fn reference(packed: &Weights) -> MambaFormer {
    let config = packed.config().clone();
    let mut packed = packed.clone();
    let mut widened = made::weights(&config, Scheme::F32, |spec| packed.take_f32(&spec.name).unwrap());
    MambaFormer::load(&config, &mut widened).unwrap()
}

fn prompt(config: &Config, tokens: usize, seed: u64) -> Vec<u32> {
    let mut stream = Stream::new(seed, "prompt");
    let vocabulary = u64::try_from(config.vocab_size).unwrap();
    let mut ids: Vec<u32> =
        (0..tokens - 1).map(|_| 2 + u32::try_from(stream.next_u64() % (vocabulary - 2)).unwrap()).collect();
    ids.push(config.eos_token_id);
    ids
}

/// Sentences of 1 to 30 tokens over the prompt; every fifth has the text of an earlier one, every seventh is an earlier one and a token more.
fn sources(ids: &[u32], seed: u64) -> Sources {
    let mut stream = Stream::new(seed, "sources");
    let mut units = vec![SourceUnit { origin: UnitOrigin::Opening, ids: vec![5, 6], bytes: 0..1, prior: 1.0 }];
    let mut position = 0;
    while position + 1 < ids.len() {
        let length = (1 + usize::try_from(stream.next_u64() % 30).unwrap()).min(ids.len() - 1 - position);
        units.push(SourceUnit {
            origin: UnitOrigin::Text { text: 0, position },
            ids: ids[position..position + length].to_vec(),
            bytes: position..position + length,
            prior: 0.25 + 0.75 * stream.uniform(),
        });
        position += length;
    }
    let count = units.len();
    for index in 6..count {
        if index % 5 == 0 {
            let earlier = units[index - 3].ids.clone();
            units[index].ids = earlier;
        } else if index % 7 == 0 {
            let mut ids = units[index - 2].ids.clone();
            ids.push(9);
            units[index].ids = ids;
        }
    }
    // A longer text has moved behind the prompt's end: it stands as far back as it must.
    for unit in &mut units {
        if let UnitOrigin::Text { position, .. } = &mut unit.origin {
            *position = (*position).min(ids.len() - unit.ids.len());
        }
    }
    Sources::new(units)
}

fn close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max) / largest;
    println!("{what}: {worst:.1e} of the largest value");
    assert!(worst <= tolerance, "{what}: {worst} of the largest value apart, {tolerance} allowed");
}

fn flat(tensor: &candle_core::Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn answer_on_cpu(
    model: &MambaFormer,
    ids: &[u32],
    sources: Sources,
    options: GroundedOptions,
    routing: Routing,
) -> (Vec<(usize, f32)>, Statistics) {
    let encoded = model.encode(ids, routing).unwrap();
    let mut decoder = GroundedDecoder::new(model, &encoded, asked(ids), sources, options).unwrap();
    let mut units = Vec::new();
    loop {
        match decoder.step().unwrap() {
            GroundedStep::Unit { unit, score } => units.push((unit, score)),
            GroundedStep::Done => return (units, decoder.statistics()),
        }
    }
}

fn compare(name: &str, model: &Rc<GpuModel>, reference: &MambaFormer, lengths: &[usize]) {
    let mut answers = 0;
    for (round, &tokens) in lengths.iter().enumerate() {
        let seed = u64::try_from(round).unwrap();
        let ids = prompt(model.config(), tokens, seed);
        for routing in [
            Routing::Gate { bias: 0.0 },
            Routing::Gate { bias: 0.4 },
            Routing::Force(Expert::Et5),
            Routing::Force(Expert::EMamba),
        ] {
            if routing == Routing::Force(Expert::EMamba) && model.config().emamba.is_none() {
                continue;
            }
            let case = format!("{name}, {tokens} tokens, {routing:?}");
            let expected = reference.encode(&ids, routing).unwrap();
            let mut encoding = model.begin(&ids, routing).unwrap();
            let options = GroundedOptions {
                max_tokens: 120,
                max_units: 4,
                jump_forward: round % 3 != 2,
                end_prior: 0.7,
                model_weight: ModelWeight { first: [1.0, 0.5, 0.0][round % 3], then: [0.5, 1.0, 0.25][round % 3] },
            };
            let (memory, logits, routes, found) = pollster::block_on(async {
                while encoding.step().await.unwrap() {}
                let memory = encoding.memory().await.unwrap();
                let logits = encoding.gate_logits().await.unwrap();
                let routes = encoding.routes().await.unwrap();
                let mut answer = encoding.answer(&ids, asked(&ids), sources(&ids, seed), options, &[]).unwrap();
                let mut units = Vec::new();
                while let Some(events) = answer.step().await.unwrap() {
                    units.extend(events);
                }
                (memory, logits, routes, (units, answer.statistics(), answer.submits()))
            });
            let gate: Vec<f32> = expected.decisions.logits.iter().flatten().copied().collect();
            close(&format!("{case}, gate logits"), &logits, &gate, 1e-4);
            assert_eq!(routes.experts, expected.decisions.experts, "{case}");
            close(&format!("{case}, memory"), &memory, &flat(&expected.memory), 1e-4);
            let (units, statistics) = answer_on_cpu(reference, &ids, sources(&ids, seed), options, routing);
            let (found, found_statistics, submits) = found;
            let told: Vec<usize> = found.iter().map(|event| event.unit).collect();
            assert_eq!(told, units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>(), "{case}");
            for (event, (_, score)) in found.iter().zip(&units) {
                assert!((event.score - score).abs() < 1e-3, "{case}: score {} against {score}", event.score);
            }
            assert_eq!(found_statistics.tokens, statistics.tokens, "{case}");
            assert_eq!(found_statistics.decisions, statistics.decisions, "{case}");
            assert!(submits <= found_statistics.model_calls, "{case}");
            answers += 1;
        }
    }
    println!(
        "{name}: {answers} answers equal, dispatches {:?}, bytes {:?}, {} pipelines",
        model.dispatches(),
        model.bytes(),
        model.pipelines()
    );
}

fn load(weights: &Weights) -> Rc<GpuModel> {
    load_without(weights, &Variants::default())
}

fn load_without(weights: &Weights, variants: &Variants) -> Rc<GpuModel> {
    pollster::block_on(async {
        let gpu = Gpu::open().await.expect("no graphics adapter: install mesa-vulkan-drivers (lavapipe)");
        Rc::new(GpuModel::load(Rc::new(gpu), weights, CAPACITY, variants).await.unwrap())
    })
}

#[test]
fn nano_in_every_format_and_shape() {
    let nano = Preset::Nano.config();
    let mut two_way = nano.clone();
    two_way.emamba.as_mut().unwrap().bidirectional = true;
    let mut adapted = nano.clone();
    adapted.emamba.as_mut().unwrap().d_model = 96;
    let mut converted = nano.clone();
    converted.combine = Combine::Expert;
    converted.stem_conv = None;
    converted.et5.tie_word_embeddings = false;
    let mut transformer = nano.clone();
    transformer.emamba = None;
    let mut without_copying = nano.clone();
    without_copying.heads.copy = None;
    for (name, config, scheme) in [
        ("nano f32", &nano, Scheme::F32),
        ("nano q8", &nano, Scheme::Q8),
        ("nano q4", &nano, Scheme::Q4),
        ("two directions", &two_way, Scheme::F32),
        ("adapters", &adapted, Scheme::Q8),
        ("converted", &converted, Scheme::F32),
        ("ET5 alone", &transformer, Scheme::F32),
        ("without copy head", &without_copying, Scheme::F32),
    ] {
        let weights = packed(config, scheme);
        let model = load(&weights);
        compare(name, &model, &reference(&weights), &[2, 9, 64, 65, 200]);
    }
}

#[test]
fn an_interrupted_answer_goes_on_the_same_on_either_path() {
    let config = Preset::Nano.config();
    let weights = packed(&config, Scheme::F32);
    let (model, reference) = (load(&weights), reference(&weights));
    let options = GroundedOptions {
        max_tokens: 160,
        max_units: 6,
        jump_forward: true,
        end_prior: 0.7,
        model_weight: ModelWeight { first: 1.0, then: 0.5 },
    };
    let routing = Routing::default();
    let mut resumed = 0;
    for seed in 0..6 {
        let ids = prompt(&config, 150, seed);
        let sources = sources(&ids, seed);
        let (whole, statistics) = answer_on_cpu(&reference, &ids, sources.clone(), options, routing);
        let whole: Vec<usize> = whole.iter().map(|(unit, _)| *unit).collect();
        for kept in 1..=whole.len() {
            let encoded = reference.encode(&ids, routing).unwrap();
            let mut decoder =
                GroundedDecoder::new(&reference, &encoded, asked(&ids), sources.clone(), options).unwrap();
            decoder.resume(&whole[..kept]);
            let mut on_cpu = whole[..kept].to_vec();
            while let GroundedStep::Unit { unit, .. } = decoder.step().unwrap() {
                on_cpu.push(unit);
            }
            assert_eq!(on_cpu, whole, "seed {seed}, {kept} kept, processor");
            assert_eq!(decoder.statistics().tokens, statistics.tokens);
            let on_gpu = pollster::block_on(async {
                let mut encoding = model.begin(&ids, routing).unwrap();
                while encoding.step().await.unwrap() {}
                let mut answer = encoding.answer(&ids, asked(&ids), sources.clone(), options, &whole[..kept]).unwrap();
                let mut units = whole[..kept].to_vec();
                while let Some(events) = answer.step().await.unwrap() {
                    units.extend(events.iter().map(|event| event.unit));
                }
                assert_eq!(answer.statistics().tokens, statistics.tokens);
                units
            });
            assert_eq!(on_gpu, whole, "seed {seed}, {kept} kept, GPU");
            resumed += 1;
        }
    }
    assert!(resumed > 10, "{resumed} interruptions");
}

#[test]
fn without_a_form_of_a_kernel_another_serves() {
    let config = Preset::Nano.config();
    let weights = packed(&config, Scheme::Q8);
    let reference = reference(&weights);
    for variant in [Variant::TiledProduct, Variant::FewRowsProduct, Variant::PackedWeights] {
        let mut variants = Variants::default();
        assert!(variants.leave_out(variant), "{variant:?} can be replaced");
        let model = load_without(&weights, &variants);
        let (prompt, call) = model.kernels();
        let kernels: Vec<&str> = prompt.into_iter().chain(call).collect();
        assert_eq!(kernels.contains(&"matmul_tile"), variant != Variant::TiledProduct, "{variant:?}");
        assert_eq!(kernels.contains(&"matmul_rows"), variant != Variant::FewRowsProduct, "{variant:?}");
        compare(&format!("without {variant:?}"), &model, &reference, &[9, 70]);
    }
    let mut both = Variants::default();
    assert!(
        both.leave_out(Variant::TiledProduct) && !both.leave_out(Variant::FewRowsProduct),
        "one of the two has to serve"
    );
}

#[test]
fn the_self_test_passes_for_every_preset_that_ships() {
    for preset in [Preset::Nano, Preset::Chairside] {
        let findings = pollster::block_on(async {
            let gpu = Gpu::open().await.expect("no graphics adapter: install mesa-vulkan-drivers (lavapipe)");
            let formats = [Format::F32, Format::Q8, Format::Q4];
            self_test(&gpu, &preset.config(), &formats, Extent::Full, &mut Pipelines::default(), &mut NoPause)
                .await
                .unwrap()
        });
        assert!(findings.failures.is_empty(), "{preset:?}: {:?}", findings.failures);
        assert!(findings.cases > 60, "{preset:?}: only {} cases", findings.cases);
    }
}

/// The dispatches that docs/ARCHITECTURE.md promises, and that nothing is created while an answer is written.
#[test]
fn dispatches_per_layer() {
    let config = Preset::Nano.config();
    let counts = |change: &dyn Fn(&mut Config)| {
        let mut config = config.clone();
        change(&mut config);
        let weights = packed(&config, Scheme::F32);
        load(&weights).dispatches()
    };
    let (prompt, call) = counts(&|_| {});
    let more_mamba = counts(&|config| config.emamba.as_mut().unwrap().num_layers += 1);
    let more_encoder = counts(&|config| config.et5.num_layers += 1);
    let more_decoder = counts(&|config| config.et5.num_decoder_layers += 1);
    assert_eq!((more_mamba.0 - prompt, more_mamba.1 - call), (6, 0), "a Mamba layer");
    assert_eq!((more_encoder.0 - prompt, more_encoder.1 - call), (5, 0), "an encoder layer");
    // Keys and values of the memory are one product a layer in the prompt.
    assert_eq!((more_decoder.0 - prompt, more_decoder.1 - call), (1, 8), "a decoder layer");
}

#[test]
fn the_shipped_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/model");
    let weights = Weights::open(&folder).unwrap();
    compare("chairside", &load(&weights), &reference(&weights), &[7, 150, 442]);
}
