//! The question read together with what was found: an encoder made on the spot says which line an answer begins with, against search and model.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::panic)] // helpers of tests, which clippy.toml does not see as tests

mod made;
mod shipped;

use std::rc::Rc;

use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::{DenseWriter, Part, Unit};
use mambaformer_model::generate::ModelWeight;
use mambaformer_model::preset::Preset;
use mambaformer_model::random::{RandomWeights, Stream};
use mambaformer_model::sentence_encoder::{
    Reading, ReadingConfig, SentenceEncoder, SentenceEncoderConfig, SentenceEncoderWeights, SentenceTokenizer,
};
use mambaformer_model::weights::Scheme;
use mambaformer_wasm::answer::{AnswerRecord, Evidence};
use mambaformer_wasm::pipeline::{Assistant, AssistantParts, Clinic, ClinicFiles, Measures, RetrieverParts, clinic};
use mambaformer_wasm::protocol::{Ask, Event};

const QUESTION: &str = "How long is an avulsed permanent tooth splinted?";
const ENCODER: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const DIMENSIONS: usize = 32;

fn config(reads: bool) -> SentenceEncoderConfig {
    SentenceEncoderConfig {
        name: "small".to_owned(),
        vocab_size: 300,
        d_model: DIMENSIONS,
        max_tokens: 1_500,
        num_layers: 2,
        num_heads: 2,
        d_kv: 16,
        d_ff: 32,
        layer_norm_epsilon: 1e-12,
        start_token_id: 1,
        end_token_id: 2,
        projection: None,
        reading: reads.then_some(ReadingConfig { layers: 1, max_asked: 100, max_tokens: 1_500 }),
    }
}

/// Random; where the answer begins is told loudly enough to drown the search, what it uses quietly.
fn weights(reads: bool) -> SentenceEncoderWeights {
    made::weights(&config(reads), Scheme::F32, |spec| {
        let mut stream = Stream::new(29, &spec.name);
        let (rows, columns) = spec.rows_and_columns();
        let scale = |at: usize| if spec.name == "reading.weight" && at < columns { 300.0 } else { 0.5 };
        (0..rows * columns).map(|at| scale(at) * stream.normal()).collect()
    })
}

fn base() -> KnowledgeBase {
    let bytes = std::fs::read(shipped::assets().join("knowledge.json")).expect("the knowledge base that ships");
    KnowledgeBase::from_bytes(&bytes, None).expect("can be read")
}

/// Some vector for every line: it is not the search that is tested.
fn vectors(base: &KnowledgeBase) -> Vec<u8> {
    let mut writer = DenseWriter::new(DIMENSIONS, base.sha256(), ENCODER).expect("starts");
    let mut vector = vec![0.0; DIMENSIONS];
    vector[0] = 1.0;
    for entry in 0..base.passages().len() {
        for line in 0..base.sentences(entry).len() {
            let number = |at: usize| u32::try_from(at).expect("fits");
            writer.push(Unit { entry: number(entry), part: Part::Line(number(line)) }, &vector).expect("is taken");
        }
    }
    writer.finish().expect("ends")
}

fn assistant(reads: bool, base: &KnowledgeBase) -> Assistant {
    let names = [clinic::GROUNDING, clinic::KNOWLEDGE, clinic::RETRIEVAL, clinic::LEXICON];
    let file = |name| std::fs::read(shipped::assets().join(name)).expect("a file that ships");
    let files = names.into_iter().fold(ClinicFiles::default(), |files, name| files.with(name, file(name)));
    let clinic = Clinic::new(&files).expect("a clinic");
    let parts = RetrieverParts { weights: weights(reads), manifest_sha256: ENCODER.to_owned(), vectors: vectors(base) };
    clinic.add_retriever(parts).expect("belongs to it");
    let model = Preset::Nano.config();
    let random = RandomWeights::new(&model, 3);
    let weights = made::weights(&model, Scheme::F32, |spec| random.values(spec));
    Assistant::new(AssistantParts { weights, clinic: Rc::new(clinic), for_gpu: false }).expect("an assistant")
}

/// The passages that were shown, whether before anything was told, and the answer's record.
fn answered(assistant: &Assistant, read: bool) -> (Vec<Evidence>, AnswerRecord) {
    let ask = Ask { id: "q".to_owned(), question: QUESTION.to_owned(), ..Ask::default() };
    let model_weight = ModelWeight { first: 0.0, then: 0.0 };
    let measures = Measures { abstain: false, read, model_weight, ..Measures::default() };
    let mut answering = assistant.start_with(&ask, None, measures).expect("starts");
    let mut shown = Vec::new();
    while let Some(events) = pollster::block_on(answering.step()).expect("goes on") {
        for event in events {
            match event {
                Event::Evidence { passages, .. } => shown = passages,
                Event::Text { .. } => assert!(!shown.is_empty(), "evidence is shown before the first word"),
                Event::Done { answer, .. } => return (shown, *answer),
                _ => {}
            }
        }
    }
    panic!("no end")
}

/// The passage and first byte of the line that the encoder says an answer begins with.
fn first_line(base: &KnowledgeBase, shown: &[Evidence]) -> (String, usize) {
    let config = config(true);
    let mut weights = weights(true);
    let tokenizer = SentenceTokenizer::from_bytes(&weights.take_tokenizer(), &config).expect("a tokenizer");
    let encoder = SentenceEncoder::load(&config, &mut weights).expect("an encoder");
    let mut best = (f32::NEG_INFINITY, (String::new(), 0));
    for piece in shown {
        let entry = base.passages().iter().position(|passage| passage.id == piece.passage).expect("is in the base");
        let lines = base.sentences(entry).iter().map(|bytes| &piece.text[bytes.clone()]);
        let reading = Reading::lay(&tokenizer, QUESTION, None, &piece.title, lines).expect("is laid");
        let reading = reading.expect("has a line that fits");
        for (score, bytes) in encoder.read(&reading).expect("is read").iter().zip(base.sentences(entry)) {
            if score.first > best.0 {
                best = (score.first, (piece.passage.clone(), bytes.start));
            }
        }
    }
    best.1
}

#[test]
fn the_answer_begins_where_the_reader_says() {
    let base = base();
    let assistant = assistant(true, &base);
    let (shown, record) = answered(&assistant, true);
    let cited = |record: &AnswerRecord| {
        let citation = &record.sentences.first().expect("a sentence").citations[0];
        (citation.passage.clone(), citation.start)
    };
    let expected = first_line(&base, &shown);
    assert_eq!(cited(&record), expected, "{record:#?}");
    assert!(record.timings_ms.reading.is_some());
    let read = |name: &str| record.features.get(name).copied().unwrap_or(f64::NAN);
    assert!((0.5..=1.0).contains(&read("read_first")), "the loudest line of all: {:?}", record.features);
    assert!((0.0..=1.0).contains(&read("line_share")) && (0.0..=1.0).contains(&read("line_coverage")));
    assert!(read("line_spread") >= 0.0 && read("line_nearest") <= 1.0 && read("asked") >= 1.0);

    let (_, record) = answered(&assistant, false);
    assert_ne!(cited(&record), expected, "the search alone begins elsewhere");
    assert!(record.timings_ms.reading.is_none() && !record.features.contains_key("read_first"));
}

#[test]
fn an_encoder_that_does_not_read_leaves_the_answer_as_it_was() {
    let base = base();
    let (_, plain) = answered(&assistant(false, &base), true);
    let (_, switched_off) = answered(&assistant(true, &base), false);
    assert_eq!((plain.answer, plain.sentences), (switched_off.answer, switched_off.sentences));
    assert!(plain.timings_ms.reading.is_none());
}
