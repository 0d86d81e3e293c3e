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
use mambaformer_wasm::protocol::{Ask, AskOptions, Engine, EngineReport, EngineVerdict, Event, Mode, Preference};

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

/// An answer and what came with it.
struct Ran {
    record: AnswerRecord,
    kinds: Vec<&'static str>,
    steps: usize,
    /// Which engines served, one after the other, as far as that changed.
    reports: Vec<EngineReport>,
}

/// The answer, the kinds of events and the steps it took. The device is destroyed after `break_after` steps.
fn run(assistant: &Assistant, break_after: Option<usize>) -> (AnswerRecord, Vec<&'static str>, usize) {
    run_with(assistant, AskOptions::default(), break_after)
}

fn run_with(
    assistant: &Assistant,
    options: AskOptions,
    break_after: Option<usize>,
) -> (AnswerRecord, Vec<&'static str>, usize) {
    let ran = observed(assistant, options, |step| {
        if break_after == Some(step) {
            assistant.gpu().expect("a GPU serves").gpu().device.destroy();
        }
    });
    // The last step only says that the answer has ended: a device lost before it is missed with the next question.
    if break_after.is_some_and(|step| step + 1 < ran.steps) {
        let [report] = &ran.reports[..] else { panic!("the page is told once: {:?}", ran.reports) };
        assert_eq!(report.engine == Engine::Gpu, assistant.gpu().is_some(), "told what serves now");
        assert_eq!(report.adapter.is_some(), assistant.gpu().is_some(), "{report:?}");
        assert!(report.reason.contains("lost"), "{report:?}");
    }
    (ran.record, ran.kinds, ran.steps)
}

fn observed(assistant: &Assistant, options: AskOptions, before_step: impl Fn(usize)) -> Ran {
    let ask = Ask {
        id: "q".to_owned(),
        question: "What do I do with the tooth?".to_owned(),
        note: Some("Fell from a bicycle. Upper central incisor out for ten minutes.".to_owned()),
        options,
        ..Ask::default()
    };
    let measures = Measures { abstain: false, ..Measures::default() };
    let mut answering = assistant.start_with(&ask, Some(passages()), measures).unwrap();
    let (mut kinds, mut steps, mut streamed, mut reports) = (Vec::new(), 0, String::new(), Vec::new());
    loop {
        before_step(steps);
        steps += 1;
        for event in pollster::block_on(answering.step()).unwrap().expect("an answer ends with done") {
            match event {
                Event::Evidence { .. } => kinds.push("evidence"),
                Event::Routing { .. } => kinds.push("routing"),
                Event::Text { text, .. } => streamed.push_str(&text),
                Event::Engine(report) => reports.push(report),
                Event::Done { answer, .. } => {
                    assert_eq!(answer.answer.trim(), streamed.trim(), "what was streamed is the answer");
                    return Ran { record: *answer, kinds, steps, reports };
                }
                _ => panic!("{event:?}"),
            }
        }
    }
}

fn engine(assistant: &Assistant, preference: Preference) -> Engine {
    let report = pollster::block_on(assistant.choose_engine(preference, None, &|| true, &mut NoPause)).unwrap();
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
        // Lost in the prompt, and in the middle of the answer.
        for break_after in [1, steps - 2] {
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

#[test]
fn a_device_lost_while_it_works_or_rests_does_no_harm() {
    let assistant = assistant(1);
    let (expected, ..) = run(&assistant, None);
    assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
    // Idle: noticed with the next question.
    assistant.gpu().unwrap().gpu().device.destroy();
    let ran = observed(&assistant, AskOptions::default(), |_| {});
    assert_eq!(ran.record.sentences, expected.sentences);
    assert_eq!(ran.reports.len(), 1, "{:?}", ran.reports);
    // From another thread, wherever the engine is at that moment: dispatches running, or their result being read back.
    for delay_ms in [1, 7, 30] {
        let assistant = self::assistant(1);
        assert_eq!(engine(&assistant, Preference::Gpu), Engine::Gpu);
        let device = assistant.gpu().unwrap().gpu().device.clone();
        let thief = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(delay_ms));
            device.destroy();
        });
        let ran = observed(&assistant, AskOptions::default(), |_| {});
        thief.join().unwrap();
        assert_eq!(ran.record.sentences, expected.sentences, "lost after {delay_ms} ms");
        assert!(ran.reports.len() <= 1);
        assert_eq!(run(&assistant, None).0.sentences, expected.sentences, "the next question");
    }
}

/// Takes the device away that is being opened, in the pauses numbered from 1.
struct Thief<'a> {
    assistant: &'a Assistant,
    pauses: usize,
    steals: &'a dyn Fn(usize) -> bool,
}

impl AsyncPause for Thief<'_> {
    fn pause(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
        self.pauses += 1;
        if (self.steals)(self.pauses) {
            self.assistant.opening().expect("a device is being opened").device.destroy();
        }
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn a_device_lost_while_it_is_opened_is_opened_again() {
    let expected = run(&assistant(1), None).0.sentences;
    let all = {
        let mut counted = Counted(0);
        let assistant = assistant(1);
        pollster::block_on(assistant.open_gpu(&mut counted)).unwrap();
        let full = counted.0;
        // The same device, opened again, is tested with one case of each kernel.
        let mut again = Counted(0);
        pollster::block_on(assistant.open_gpu(&mut again)).unwrap();
        assert!(again.0 > 15 && 2 * again.0 < full, "{} cases, then {}", full, again.0);
        full
    };
    // In the self-test, right before the upload, right after it.
    for stolen in [1, 20, all - 1, all] {
        let assistant = assistant(1);
        let steals = |pause: usize| pause == stolen;
        let mut thief = Thief { assistant: &assistant, pauses: 0, steals: &steals };
        let report = pollster::block_on(assistant.choose_engine(Preference::Gpu, None, &|| true, &mut thief)).unwrap();
        assert_eq!(report.engine, Engine::Gpu, "lost in pause {stolen}: {report:?}");
        assert_eq!(observed(&assistant, AskOptions::default(), |_| {}).record.sentences, expected, "pause {stolen}");
    }
    let assistant = assistant(1);
    let always = |_: usize| true;
    let mut thief = Thief { assistant: &assistant, pauses: 0, steals: &always };
    let report = pollster::block_on(assistant.choose_engine(Preference::Gpu, None, &|| true, &mut thief)).unwrap();
    assert!(report.engine == Engine::Cpu && report.reason.contains("lost 4 times"), "{report:?}");
    assert_eq!(run(&assistant, None).0.sentences, expected);
}

#[test]
fn a_remembered_verdict_spares_the_trial_and_not_the_self_test() {
    let choose = |remembered: Option<&EngineVerdict>| {
        let assistant = assistant(2);
        let mut pauses = Counted(0);
        let report = assistant.choose_engine(Preference::Fastest, remembered, &|| true, &mut pauses);
        let report = pollster::block_on(report).unwrap();
        assert_eq!(report.engine == Engine::Gpu, assistant.gpu().is_some());
        (report, pauses.0)
    };
    let (measured, pauses) = choose(None);
    let verdict = measured.verdict.expect("a trial has a verdict");
    assert_eq!((verdict.engine, Some(verdict.cpu_ms)), (measured.engine, measured.cpu_ms));
    let adapter = measured.adapter.unwrap();
    let tests = usize::try_from(adapter.self_tests).unwrap() + adapter.forms.len();
    assert!(pauses > tests + 2, "{pauses} pauses, {tests} tests: the trial pauses, too");

    let gpu = EngineVerdict { engine: Engine::Gpu, cpu_ms: 9.0, gpu_ms: 3.0, ..verdict.clone() };
    let (report, pauses) = choose(Some(&gpu));
    assert_eq!((report.engine, pauses), (Engine::Gpu, tests + 2), "tested, not tried: {report:?}");
    assert!(report.reason.contains("3.0 times") && report.reason.contains("earlier visit"), "{report:?}");
    assert_eq!((report.verdict, report.adapter.is_some()), (Some(gpu.clone()), true));

    let cpu = EngineVerdict { engine: Engine::Cpu, cpu_ms: 3.0, gpu_ms: 9.0, ..verdict };
    let (report, pauses) = choose(Some(&cpu));
    assert_eq!((report.engine, pauses, report.verdict), (Engine::Cpu, 0, Some(cpu)), "not even opened");

    for other in [
        EngineVerdict { adapter: "another".to_owned(), ..gpu.clone() },
        EngineVerdict { model: "another".to_owned(), ..gpu.clone() },
        EngineVerdict { version: "another".to_owned(), ..gpu.clone() },
    ] {
        let (report, _) = choose(Some(&other));
        assert!(report.cpu_ms != Some(9.0) && report.verdict.is_some(), "measured anew: {report:?}");
    }
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
    let report =
        pollster::block_on(assistant.choose_engine(Preference::Fastest, None, &|| true, &mut NoPause)).unwrap();
    let (cpu, gpu) = (report.cpu_ms.unwrap(), report.gpu_ms.unwrap());
    assert_eq!(report.engine == Engine::Gpu, gpu < cpu, "{report:?}");
    let adapter = report.adapter.unwrap();
    assert!(adapter.self_tests > 40 && adapter.pipelines > 10 && adapter.bytes[0] > 0, "{adapter:?}");
    assistant.use_gpu(None);
    assert!(pollster::block_on(assistant.choose_engine(Preference::Fastest, None, &|| false, &mut NoPause)).is_err());
    assert!(assistant.gpu().is_none(), "an interrupted trial decides nothing");
    // It goes on with the device it had opened: no case of the self-test, each with its pause, is run a second time.
    let mut pauses = Counted(0);
    let again = pollster::block_on(assistant.choose_engine(Preference::Gpu, None, &|| true, &mut pauses)).unwrap();
    assert_eq!((again.engine, pauses.0), (Engine::Gpu, 0));
}
