//! The way of a question with a GPU: the same answers as on the processor, also when the device goes away in the middle.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, which clippy.toml does not see as tests

mod made;

use mambaformer_model::preset::Preset;
use mambaformer_model::random::RandomWeights;
use mambaformer_model::weights::Scheme;
use mambaformer_wasm::answer::{AnswerRecord, Evidence, EvidenceKind};
use mambaformer_wasm::gpu::self_test::{AsyncPause, NoPause};
use mambaformer_wasm::pipeline::{Assistant, AssistantParts, Measures};
use mambaformer_wasm::protocol::{Ask, AskOptions, Engine, Event, Mode, Preference};

const GROUNDING: &str =
    r#"{"format":1,"boundary":"sentence","openings":["Yes.","No."],"connectives":["and"],"max_sentences":4}"#;

fn assistant(seed: u64) -> Assistant {
    let config = Preset::Nano.config();
    let random = RandomWeights::new(&config, seed);
    let weights = made::weights(&config, Scheme::F32, |spec| random.values(spec));
    Assistant::new(AssistantParts { weights, clinic: made::clinic(GROUNDING, None), for_gpu: true }).unwrap()
}

fn passages() -> Vec<Evidence> {
    let texts = [
        "Replant the tooth at once. Hold it by the crown; do not touch the root. Store it in milk if that is not possible.",
        "Give 0.5 mL. Give 0.5 mL. Größe ≤ 5 mm: no treatment, but review after 3 months. The end.",
    ];
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| Evidence {
            passage: format!("p{index}"),
            title: "Title".to_owned(),
            text: (*text).to_owned(),
            source: "test".to_owned(),
            score: 0.0,
            kind: EvidenceKind::Passage,
        })
        .collect()
}

/// The answer, and how often each kind of event came. The device is destroyed after `break_after` steps.
fn run(assistant: &Assistant, break_after: Option<usize>) -> (AnswerRecord, Vec<&'static str>, usize) {
    run_with(assistant, AskOptions::default(), break_after)
}

fn run_with(
    assistant: &Assistant,
    options: AskOptions,
    break_after: Option<usize>,
) -> (AnswerRecord, Vec<&'static str>, usize) {
    let ask = Ask {
        id: "q".to_owned(),
        question: "What do I do with the tooth?".to_owned(),
        note: Some("Fell from a bicycle. Upper central incisor out for ten minutes.".to_owned()),
        options,
    };
    let measures = Measures { abstain: false, ..Measures::default() };
    let mut answering = assistant.start_with(&ask, Some(passages()), measures).unwrap();
    let (mut kinds, mut steps, mut streamed) = (Vec::new(), 0, String::new());
    loop {
        if break_after == Some(steps) {
            assistant.gpu().expect("a GPU serves").gpu().device.destroy();
        }
        steps += 1;
        for event in pollster::block_on(answering.step()).unwrap().expect("an answer ends with done") {
            match event {
                Event::Evidence { .. } => kinds.push("evidence"),
                Event::Routing { .. } => kinds.push("routing"),
                Event::Text { text, .. } => streamed.push_str(&text),
                Event::Done { answer, .. } => {
                    assert_eq!(answer.answer, streamed, "what was streamed is the answer");
                    return (*answer, kinds, steps);
                }
                _ => panic!("{event:?}"),
            }
        }
    }
}

fn engine(assistant: &Assistant, preference: Preference) -> Engine {
    let report = pollster::block_on(assistant.choose_engine(preference, &|| true, &mut NoPause)).unwrap();
    println!("{report:?}");
    assert_eq!(report.engine == Engine::Gpu, assistant.gpu().is_some());
    report.engine
}

#[test]
fn answers_do_not_depend_on_the_engine() {
    for seed in 0..4 {
        let assistant = assistant(seed);
        let (cpu, cpu_kinds, _) = run(&assistant, None);
        assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
        let (gpu, gpu_kinds, _) = run(&assistant, None);
        assert_eq!(gpu.sentences, cpu.sentences, "seed {seed}");
        assert_eq!((gpu.state, gpu.routing, gpu.tokens_out), (cpu.state, cpu.routing, cpu.tokens_out), "seed {seed}");
        assert_eq!(gpu_kinds, cpu_kinds);
        assert_eq!(engine(&assistant, Preference::Cpu), Engine::Cpu);
    }
}

#[test]
fn a_lost_device_is_opened_again_and_the_answer_goes_on() {
    let assistant = assistant(1);
    let (expected, kinds, _) = run(&assistant, None);
    assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
    let (_, _, steps) = run(&assistant, None);
    // At every point of the answer in turn: before the upload of the prompt, between its slices, between decoder calls.
    for break_after in 0..steps {
        let assistant = self::assistant(1);
        assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
        let (found, found_kinds, _) = run(&assistant, Some(break_after));
        assert_eq!(found.sentences, expected.sentences, "lost after {break_after} of {steps} steps");
        assert_eq!(found_kinds, kinds, "lost after {break_after} of {steps} steps");
        assert!(assistant.gpu().is_some(), "the device was opened again");
        assert_eq!(run(&assistant, None).0.sentences, expected.sentences, "the next question");
    }
}

#[test]
fn free_generation_does_not_depend_on_the_engine_either() {
    let assistant = self::assistant(1);
    let greedy = AskOptions { mode: Mode::Free, max_tokens: 40, ..AskOptions::default() };
    let drawn = AskOptions { temperature: Some(0.9), top_k: Some(40), seed: Some(5), ..greedy.clone() };
    let expected = [&greedy, &drawn].map(|options| run_with(&assistant, options.clone(), None));
    let (text, tokens) = (expected[1].0.answer.clone(), expected[1].0.tokens_out);
    assert_eq!(tokens, 40);
    // The answer ends where the first of its second half's characters stands for the first time.
    let stop = text.chars().nth(text.chars().count() / 2).expect("some text").to_string();
    let stopped = AskOptions { stop_strings: vec![stop], ..drawn.clone() };
    let until = run_with(&assistant, stopped.clone(), None);
    assert!(until.0.answer.len() < text.len() && text.starts_with(&until.0.answer));
    for (options, (expected, kinds, _)) in [greedy, drawn, stopped].into_iter().zip(expected.into_iter().chain([until]))
    {
        assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
        let (found, found_kinds, steps) = run_with(&assistant, options.clone(), None);
        assert_eq!((&found.answer, found.tokens_out), (&expected.answer, expected.tokens_out));
        assert_eq!(found_kinds, kinds);
        // Lost in the prompt, before the first token, in the middle, at the end.
        for break_after in [1, steps - 4, steps - 2, steps - 1] {
            let assistant = self::assistant(1);
            assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
            let (found, found_kinds, _) = run_with(&assistant, options.clone(), Some(break_after));
            assert_eq!(found.answer, expected.answer, "lost after {break_after} of {steps} steps");
            assert_eq!((found.tokens_out, found_kinds), (expected.tokens_out, kinds.clone()));
        }
        assert_eq!(engine(&assistant, Preference::Cpu), Engine::Cpu);
    }
}

#[test]
fn a_device_that_is_lost_again_and_again_is_given_up() {
    let assistant = assistant(1);
    let (expected, ..) = run(&assistant, None);
    assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
    for _ in 0..10 {
        if assistant.gpu().is_none() {
            break;
        }
        assert_eq!(run(&assistant, Some(2)).0.sentences, expected.sentences);
    }
    assert!(assistant.gpu().is_none(), "the processor serves");
    assert_eq!(run(&assistant, None).0.sentences, expected.sentences);
}

/// Counts its pauses.
struct Counted(usize);

impl AsyncPause for Counted {
    fn pause(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
        self.0 += 1;
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn the_trial_decides_and_gives_way_to_a_question() {
    let assistant = assistant(2);
    let report = pollster::block_on(assistant.choose_engine(Preference::Fastest, &|| true, &mut NoPause)).unwrap();
    let (cpu, gpu) = (report.cpu_ms.unwrap(), report.gpu_ms.unwrap());
    assert_eq!(report.engine == Engine::Gpu, gpu < cpu, "{report:?}");
    let adapter = report.adapter.unwrap();
    assert!(adapter.self_tests > 40 && adapter.pipelines > 10 && adapter.bytes[0] > 0, "{adapter:?}");
    assistant.use_gpu(None);
    assert!(pollster::block_on(assistant.choose_engine(Preference::Fastest, &|| false, &mut NoPause)).is_err());
    assert!(assistant.gpu().is_none(), "an interrupted trial decides nothing");
    // It goes on with the device it had opened: no case of the self-test, each with its pause, is run a second time.
    let mut pauses = Counted(0);
    let again = pollster::block_on(assistant.choose_engine(Preference::Gpu, &|| true, &mut pauses)).unwrap();
    assert_eq!((again.engine, pauses.0), (Engine::Gpu, 0));
}
