//! What the page and the worker both run.
// clippy.toml's allowance ends at `#[test]`; these functions have an attribute of their own.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use mambaformer_model::preset::Preset;
use mambaformer_model::random::RandomWeights;
use mambaformer_model::weights::Scheme;
use mambaformer_wasm::answer::{AnswerRecord, Evidence, EvidenceKind};
use mambaformer_wasm::gpu::Gpu;
use mambaformer_wasm::gpu::self_test::NoPause;
use mambaformer_wasm::gpu::shader::Pipelines;
use mambaformer_wasm::kernels::case::Case;
use mambaformer_wasm::pipeline::{Assistant, AssistantParts, Measures};
use mambaformer_wasm::protocol::{Ask, Engine, Event, Preference};

use crate::made;

/// A suite that accepts a missing adapter is green on nothing.
pub async fn gpu() -> Gpu {
    Gpu::open().await.expect("this browser has no WebGPU adapter")
}

/// Runs a kernel's table.
pub async fn table(cases: Vec<Case>) {
    let gpu = gpu().await;
    let mut pipelines = Pipelines::default();
    let mut wrong = Vec::new();
    for case in &cases {
        if let Some(reason) = case.run(&gpu, &mut pipelines).await.expect("it runs") {
            wrong.push(format!("{}: {reason}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The forms of products that this browser offers.
pub async fn forms() {
    for form in gpu().await.offers {
        table(mambaformer_wasm::kernels::matmul::of_form(form)).await;
    }
}

fn assistant() -> Assistant {
    let config = Preset::Nano.config();
    let random = RandomWeights::new(&config, 2);
    let weights = made::weights(&config, Scheme::F32, |spec| random.values(spec));
    let grounding =
        br#"{"format":1,"boundary":"sentence","openings":["Yes."],"connectives":["and"],"max_sentences":3}"#.to_vec();
    Assistant::new(AssistantParts { weights, clinic: made::clinic(grounding, None), for_gpu: true })
        .expect("an assistant")
}

async fn answer(assistant: &Assistant, break_after: Option<usize>) -> AnswerRecord {
    let evidence = vec![Evidence {
        passage: "p".to_owned(),
        title: "Avulsion".to_owned(),
        text: "Replant the tooth at once. Hold it by the crown. Store it in milk. Give 0.5 mL.".to_owned(),
        source: "test".to_owned(),
        score: 0.0,
        kind: EvidenceKind::Passage,
    }];
    let ask = Ask { id: "q".to_owned(), question: "What do I do with the tooth?".to_owned(), ..Ask::default() };
    let measures = Measures { abstain: false, ..Measures::default() };
    let mut answering = assistant.start_with(&ask, Some(evidence), measures).expect("it starts");
    for step in 0.. {
        if break_after == Some(step) {
            assistant.gpu().expect("a GPU serves").gpu().device.destroy();
        }
        for event in answering.step().await.expect("a step").expect("an answer ends with done") {
            if let Event::Done { answer, .. } = event {
                return *answer;
            }
        }
    }
    unreachable!("an answer ends")
}

/// On the GPU, without it, and with the device destroyed in the middle: the same answer.
pub async fn engine() {
    let assistant = assistant();
    let expected = answer(&assistant, None).await;
    let report =
        assistant.choose_engine(Preference::Gpu, None, &|| true, &mut NoPause).await.expect("nobody interrupts");
    assert_eq!(report.engine, Engine::Gpu, "{report:?}");
    assert!(report.quarantined.is_empty(), "{report:?}");
    assert_eq!(answer(&assistant, None).await.sentences, expected.sentences);
    assert_eq!(answer(&assistant, Some(2)).await.sentences, expected.sentences, "lost in the middle");
    assert!(assistant.gpu().is_some(), "opened again");
}

macro_rules! browser_tests {
    () => {
        gpu_support::browser_tests! {
            attention_row attention_tile causal_conv combine compact copy embed gate_choose gate_features gather_rows grids matmul
            mixture pointer rms_norm sample scan score_rows
        }

        #[wasm_bindgen_test::wasm_bindgen_test]
        async fn forms_of_products() {
            gpu_support::forms().await;
        }

        #[wasm_bindgen_test::wasm_bindgen_test]
        async fn the_whole_engine() {
            gpu_support::engine().await;
        }
    };
    ($($name:ident)+) => {$(
        #[wasm_bindgen_test::wasm_bindgen_test]
        async fn $name() {
            gpu_support::table(mambaformer_wasm::kernels::$name::cases()).await;
        }
    )+};
}
pub(crate) use browser_tests;
