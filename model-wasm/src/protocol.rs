//! The messages between a page and the worker: JSON text through `postMessage`.
//!
//! Text rather than structured clones: one serialiser (serde) on both sides, the same bytes in a native test, and a
//! message can be read as it is in the browser's tools. Every message is an object with a `type`; names are camelCase,
//! except inside [`AnswerRecord`], which is a file format of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answer::{Alarm, AnswerRecord, Citation, Doses, Evidence};
use crate::browse::{Browse, Contents, Entry, Open};
use crate::calculation::{Calculate, CalculationSheet, CalculatorChoices};
use crate::redaction::{Redact, Redacted};

/// Longest question, in Unicode scalar values.
pub const MAX_QUESTION_CHARS: usize = 2_000;
/// Longest note, in Unicode scalar values.
pub const MAX_NOTE_CHARS: usize = 20_000;
/// Answer tokens where the request does not say.
pub const DEFAULT_MAX_TOKENS: u32 = 160;
/// Most answer tokens a request may ask for.
pub const MAX_ANSWER_TOKENS: u32 = 512;

/// What a page asks of the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Request {
    /// Fetch, check and build the model; answered by `progress`… and `ready`, or `error`.
    Load(Load),
    /// Answer a question; answered by `evidence`, `routing`, `text`… and `done`, or `error`.
    Ask(Ask),
    /// End the running answer; its `done` has the state `stopped`. Without effect when that answer has ended.
    Stop(Stop),
    /// Hold the download, or go on with it; without effect when everything is there.
    Pause(Pause),
    /// Overwrite the worker's memory and end it; nothing is posted any more.
    Forget,
    /// Calculate a maximum or a dose; answered by `calculated`, or `error`, as soon as `library` was told.
    Calculate(Calculate),
    /// Look through the knowledge base; answered by `contents`, as soon as `library` was told.
    Browse(Browse),
    /// Show an entry of it; answered by `opened`, or `error`, as soon as `library` was told.
    Open(Open),
    /// Take identifiers out of texts; answered by `redacted`, or `error`, as soon as `library` was told.
    Redact(Redact),
}

/// The cache that the worker keeps its files in; a page removes them by this name.
pub const ASSET_STORE: &str = "mambaformer-assets";

/// Where the worker finds its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Load {
    /// `index.json`, which lists everything else with sizes and hashes; the files lie beside and below it. A relative address counts
    /// from the worker's own.
    pub assets_url: String,
    /// Which engine is to compute.
    #[serde(default)]
    pub engine: Preference,
    /// What [`EngineReport::verdict`] said on an earlier visit; it spares the trial where it still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<EngineVerdict>,
}

/// One question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ask {
    /// Chosen by the page; comes back in every event of the answer.
    pub id: String,
    /// 1 to [`MAX_QUESTION_CHARS`] characters that are not all white space.
    pub question: String,
    /// A clinical note to answer with, up to [`MAX_NOTE_CHARS`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The question before, where this one follows it ("and in children?"): searched for and read together with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// How to answer.
    #[serde(default)]
    pub options: AskOptions,
}

/// Ends the answer `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stop {
    /// [`Ask::id`].
    pub id: String,
}

/// Holds the download or lets it go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pause {
    /// Whether it is to be held.
    pub paused: bool,
}

/// Why nothing is being received at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Hold {
    /// The reader wants it so ([`Pause`]).
    Paused,
    /// Another tab is downloading the same files; they are taken from what it keeps, as soon as they are there.
    OtherTab,
}

/// Which engine is to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Preference {
    /// Whichever is found the faster on this device.
    #[default]
    Fastest,
    /// The processor; the graphics processor is not even asked for.
    Cpu,
    /// The graphics processor, if it computes rightly, even where it is the slower.
    Gpu,
}

/// How the answer head writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Every word continues or starts a source span (the product's mode).
    #[default]
    Grounded,
    /// Any token (research and converted checkpoints).
    Free,
}

/// How to answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AskOptions {
    /// Grounded or free.
    pub mode: Mode,
    /// Added to the gate's `EMamba` logit; 0 is the trained gate.
    pub gate_bias: f32,
    /// Most answer tokens, 1 to [`MAX_ANSWER_TOKENS`].
    pub max_tokens: u32,
    /// Seed of the sampler; without `temperature` decoding is greedy and no seed is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Above 0: sample (free mode only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Sample among so many of the likeliest tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Generation ends before the first of these (free mode only).
    pub stop_strings: Vec<String>,
}

impl Default for AskOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Grounded,
            gate_bias: 0.0,
            max_tokens: DEFAULT_MAX_TOKENS,
            seed: None,
            temperature: None,
            top_k: None,
            stop_strings: Vec::new(),
        }
    }
}

/// What the worker tells the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// Loading goes on.
    Progress {
        /// What is being loaded.
        stage: Stage,
        /// Bytes received of all files together.
        loaded_bytes: u64,
        /// Bytes of all files together as far as they are known; never below `loaded_bytes`.
        total_bytes: u64,
    },
    /// The download has come to a halt, or goes on again.
    Held {
        /// Why it halts; none where it goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<Hold>,
    },
    /// All files are there and checked; comes right before [`Event::Ready`].
    Stored(Stored),
    /// The knowledge base is there: questions are answered with passages and records alone until [`Event::Ready`].
    Library(LibraryInfo),
    /// What the calculators can be asked for; comes after [`Event::Library`], and they answer from then on.
    Calculators(CalculatorChoices),
    /// Questions can be asked.
    Ready(ModelInfo),
    /// Which engine computes from now on, and why: some time after [`Event::Ready`], and whenever a graphics processor was lost.
    Engine(EngineReport),
    /// Red flags in the question or the note; comes before everything else of an answer, and only where there are some.
    Emergency {
        /// [`Ask::id`].
        id: String,
        /// Most urgent first; what is only asked about stands last.
        alarms: Vec<Alarm>,
    },
    /// The passages the answer will draw on; comes before the first `text`.
    Evidence {
        /// [`Ask::id`].
        id: String,
        /// Best first.
        passages: Vec<Evidence>,
        /// Found as well, and not given to the model.
        #[serde(default)]
        more: Vec<Evidence>,
        /// What the records say, where the question is about a dose or a limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doses: Option<Doses>,
    },
    /// Which expert took which token of the prompt.
    Routing {
        /// [`Ask::id`].
        id: String,
        /// In prompt order.
        tokens: Vec<RoutingToken>,
        /// Tokens on ET5.
        et5: u32,
        /// Tokens on `EMamba`.
        emamba: u32,
    },
    /// A piece of the answer, to be appended as it is.
    Text {
        /// [`Ask::id`].
        id: String,
        /// With its leading space where it has one.
        text: String,
        /// Index of the sentence the piece belongs to, from 0; never decreases.
        sentence: u32,
        /// The source span it was copied from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        citation: Option<Citation>,
    },
    /// The answer has ended.
    Done {
        /// [`Ask::id`].
        id: String,
        /// The whole answer; replaces what the pieces added up to.
        answer: Box<AnswerRecord>,
        /// Size of the wasm heap in bytes (it never shrinks, so this is its peak); filled by the worker.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heap_bytes: Option<u64>,
    },
    /// What was calculated.
    Calculated {
        /// [`Calculate::id`].
        id: String,
        /// At least one.
        sheets: Vec<CalculationSheet>,
        /// Why records that hold for the patient gave no number, in sentences.
        #[serde(default)]
        left_out: Vec<String>,
    },
    /// What the knowledge base holds.
    Contents {
        /// [`Browse::id`].
        id: String,
        /// All of it.
        contents: Contents,
    },
    /// An entry of the knowledge base.
    Opened {
        /// [`Open::id`].
        id: String,
        /// Whole.
        entry: Box<Entry>,
    },
    /// Texts without the identifiers that were found.
    Redacted {
        /// [`Redact::id`].
        id: String,
        /// The texts, and what stands in the place of what.
        #[serde(flatten)]
        redacted: Redacted,
    },
    /// A request failed, or the worker cannot go on.
    Error {
        /// The request it belongs to; `None` for loading and for the worker itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// For programs.
        kind: ErrorKind,
        /// For people: what failed, the limit, the value and the remedy.
        message: String,
    },
}

impl Event {
    /// The request the event belongs to.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Progress { .. }
            | Self::Held { .. }
            | Self::Stored(_)
            | Self::Library(_)
            | Self::Calculators(_)
            | Self::Ready(_)
            | Self::Engine(_) => None,
            Self::Emergency { id, .. }
            | Self::Evidence { id, .. }
            | Self::Routing { id, .. }
            | Self::Text { id, .. }
            | Self::Done { id, .. }
            | Self::Calculated { id, .. }
            | Self::Contents { id, .. }
            | Self::Opened { id, .. }
            | Self::Redacted { id, .. } => Some(id),
            Self::Error { id, .. } => id.as_deref(),
        }
    }
}

/// The assistant's files in the browser's storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// Bytes that this browser keeps for the next visit.
    pub kept_bytes: u64,
    /// Bytes of all of them.
    pub total_bytes: u64,
}

impl Stored {
    /// Whether the assistant can be loaded without a server.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.kept_bytes >= self.total_bytes
    }
}

/// What is being loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The index of all files, and `manifest.json` of the model.
    Manifest,
    /// The knowledge base and the rules.
    Knowledge,
    /// The sentence encoder of the search and its vectors.
    Retriever,
    /// Tokenizer and weights of the model.
    Weights,
    /// All bytes are here and checked; the model is being built.
    Build,
}

/// The loaded knowledge base.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LibraryInfo {
    /// Its version.
    pub version: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Passages that are no records.
    pub passages: u32,
    /// Records of doses, limits and classes.
    pub records: u32,
    /// Who has to be named, and how.
    pub attributions: Vec<String>,
    /// What the abbreviations in its texts stand for.
    #[serde(default)]
    pub abbreviations: BTreeMap<String, String>,
}

/// The loaded model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// Name in the manifest.
    pub model: String,
    /// Version in the manifest.
    pub version: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Bytes of the weights file.
    pub bytes: u64,
    /// What computes, for example `cpu-simd`.
    pub backend: String,
    /// Number formats of the weights, for example `["q8", "f32"]`.
    pub formats: Vec<String>,
}

/// An engine that can compute answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// WebAssembly SIMD on the processor.
    Cpu,
    /// WebGPU.
    Gpu,
}

/// Which engine computes, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineReport {
    /// The one that serves.
    pub engine: Engine,
    /// Why, in a sentence.
    pub reason: String,
    /// The graphics processor, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterReport>,
    /// Time of a trial answer on the processor in milliseconds, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<f64>,
    /// Time of the same answer on the graphics processor in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_ms: Option<f64>,
    /// Kernels that failed their self-test on this device.
    #[serde(default)]
    pub quarantined: Vec<QuarantinedKernel>,
    /// What the trial found, for the page to keep and to send with the next [`Load`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<EngineVerdict>,
}

/// What a trial found: plain data about the device, nothing of any question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EngineVerdict {
    /// The graphics processor and its driver, as far as the browser tells.
    pub adapter: String,
    /// SHA-256 of the model's weights.
    pub model: String,
    /// Version of the engine.
    pub version: String,
    /// The faster.
    pub engine: Engine,
    /// Time of the trial answer on the processor in milliseconds.
    pub cpu_ms: f64,
    /// Time of the same answer on the graphics processor in milliseconds.
    pub gpu_ms: f64,
}

impl EngineVerdict {
    /// As text that a page can keep.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Writing to memory fails only for values that no JSON has, such as times that are not finite.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From such text; what is none is forgotten.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// A graphics processor and what the engine made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdapterReport {
    /// Its name, as far as the browser tells.
    pub name: String,
    /// Whether it is emulated by the processor.
    pub software: bool,
    /// Self-test cases run.
    pub self_tests: u32,
    /// Dispatches of a prompt and of one decoder call.
    pub dispatches: [u32; 2],
    /// Bytes of weights and of activations in its memory.
    pub bytes: [u64; 2],
    /// Shader pipelines compiled.
    pub pipelines: u32,
    /// Bytes of weights that one decoder call reads.
    pub bytes_per_call: u64,
    /// Bytes a second: of weights in the product of one row, and of a plain copy in the same run.
    pub bandwidth: [f64; 2],
    /// The faster forms of kernels that the device offers.
    pub forms: Vec<FormReport>,
}

/// A form of a kernel that needs an optional feature, beside the plain one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormReport {
    /// The WebGPU feature behind it.
    pub name: String,
    /// How many times as fast as the plain form it was when measured.
    pub times_as_fast: f64,
    /// Whether it serves.
    pub serves: bool,
}

/// A kernel that computes wrongly on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantinedKernel {
    /// Its name.
    pub kernel: String,
    /// Where and how it was wrong.
    pub reason: String,
    /// What serves in its place; without it the processor computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// One of the two experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoutedExpert {
    /// The Transformer expert.
    Et5,
    /// The state-space expert.
    Emamba,
}

/// The part of the prompt a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PromptPart {
    /// The question.
    Question,
    /// The clinical note.
    Note,
    /// A passage's title.
    Title,
    /// A passage's text.
    Text,
    /// A mark between the parts.
    Mark,
}

/// One token of the prompt and its route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutingToken {
    /// The token's piece, with a leading space where a word starts.
    pub text: String,
    /// The expert that took it.
    pub expert: RoutedExpert,
    /// The gate's probability of that expert, 0.5 to 1.
    pub p: f32,
    /// Where it stands.
    pub part: PromptPart,
}

/// Kinds of failure, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// A message that is no request, or whose fields are wrong.
    BadRequest,
    /// The question is empty or white space.
    EmptyQuestion,
    /// The question has more than [`MAX_QUESTION_CHARS`] characters.
    QuestionTooLong,
    /// The note has more than [`MAX_NOTE_CHARS`] characters.
    NoteTooLong,
    /// A NUL in the question or the note.
    NulCharacter,
    /// A lone surrogate: the text is no Unicode (found by the page; it cannot cross into Rust).
    IllFormedText,
    /// An option outside its range.
    BadOption,
    /// The prompt does not fit the model.
    PromptTooLong,
    /// The body weight of a calculation is missing or none.
    BadWeight,
    /// The body weight of a calculation is unusual and has to be confirmed.
    UnusualWeight,
    /// The age of a calculation is missing or none.
    BadAge,
    /// The strength of a calculation is none, or does not go with the dose.
    BadStrength,
    /// The cartridges given before are no number, or too many.
    BadCartridges,
    /// The records give no number for this patient, or nothing may be given any more.
    NoResult,
    /// A question before `ready`.
    NotReady,
    /// A question while another is being answered, or a second `load`.
    Busy,
    /// A file could not be fetched, or broke off.
    Network,
    /// `manifest.json` is no manifest, or asks for something this version does not know.
    Manifest,
    /// Bytes do not match their hash.
    Integrity,
    /// The weights do not fit the config.
    Weights,
    /// The tokenizer does not fit the config.
    Tokenizer,
    /// The knowledge base or the grounding lists cannot be read.
    Knowledge,
    /// The model failed while answering.
    Model,
    /// The worker stopped working; only a new worker helps.
    WorkerDied,
}

impl ErrorKind {
    /// The kind as it is written in a message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "badRequest",
            Self::EmptyQuestion => "emptyQuestion",
            Self::QuestionTooLong => "questionTooLong",
            Self::NoteTooLong => "noteTooLong",
            Self::NulCharacter => "nulCharacter",
            Self::IllFormedText => "illFormedText",
            Self::BadOption => "badOption",
            Self::PromptTooLong => "promptTooLong",
            Self::BadWeight => "badWeight",
            Self::UnusualWeight => "unusualWeight",
            Self::BadAge => "badAge",
            Self::BadStrength => "badStrength",
            Self::BadCartridges => "badCartridges",
            Self::NoResult => "noResult",
            Self::NotReady => "notReady",
            Self::Busy => "busy",
            Self::Network => "network",
            Self::Manifest => "manifest",
            Self::Integrity => "integrity",
            Self::Weights => "weights",
            Self::Tokenizer => "tokenizer",
            Self::Knowledge => "knowledge",
            Self::Model => "model",
            Self::WorkerDied => "workerDied",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{AlarmKind, AnswerState, EvidenceKind, FoundBy, Urgency};
    use serde_json::{Value, json};

    fn round_trip<T>(value: &T, expected: &Value)
    where
        T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let text = serde_json::to_string(value).expect("serialises");
        assert_eq!(&serde_json::from_str::<Value>(&text).expect("is JSON"), expected);
        assert_eq!(&serde_json::from_str::<T>(&text).expect("parses"), value);
    }

    #[test]
    fn requests_round_trip() {
        round_trip(
            &Request::Load(Load {
                assets_url: "assets/index.json".to_owned(),
                engine: Preference::Gpu,
                remembered: None,
            }),
            &json!({"type": "load", "assetsUrl": "assets/index.json", "engine": "gpu"}),
        );
        round_trip(
            &Request::Ask(Ask {
                id: "7".to_owned(),
                question: "🦷 \u{202e}שן\u{0}\"\\\n".to_owned(),
                note: Some("ASA II".to_owned()),
                follows: Some("Caries?".to_owned()),
                options: AskOptions { seed: Some(3), temperature: Some(0.5), top_k: Some(4), ..AskOptions::default() },
            }),
            &json!({"type": "ask", "id": "7", "question": "🦷 \u{202e}שן\u{0}\"\\\n", "note": "ASA II", "follows": "Caries?",
                    "options": {"mode": "grounded", "gateBias": 0.0, "maxTokens": 160, "seed": 3, "temperature": 0.5,
                                "topK": 4, "stopStrings": []}}),
        );
        round_trip(&Request::Stop(Stop { id: "7".to_owned() }), &json!({"type": "stop", "id": "7"}));
    }

    #[test]
    fn an_ask_without_options_has_the_defaults() {
        let request: Request = serde_json::from_str(r#"{"type":"ask","id":"1","question":"Caries?"}"#).expect("parses");
        let expected = Ask { id: "1".to_owned(), question: "Caries?".to_owned(), ..Ask::default() };
        assert_eq!(request, Request::Ask(expected));
        let partial = r#"{"type":"ask","id":"1","question":"Caries?","options":{"mode":"free"}}"#;
        let Request::Ask(ask) = serde_json::from_str(partial).expect("parses") else { unreachable!("an ask") };
        assert_eq!(ask.options, AskOptions { mode: Mode::Free, ..AskOptions::default() });
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in [
            "",
            "null",
            "{}",
            r#"{"type":"shutdown"}"#,
            r#"{"type":"ask","id":"1"}"#,
            r#"{"type":"ask","id":1,"question":"x"}"#,
            r#"{"type":"ask","id":"1","question":"\ud800"}"#,
            r#"{"type":"ask","id":"1","question":"x","maxTokens":5}"#,
            r#"{"type":"ask","id":"1","question":"x","options":{"mode":"fast"}}"#,
            r#"{"type":"ask","id":"1","question":"x","options":{"maxTokens":-1}}"#,
            r#"{"type":"calculate","id":"c1"}"#,
            r#"{"type":"calculate","id":"c1","calculation":{"kind":"maximum","product":"x"}}"#,
            r#"{"type":"calculate","id":"c1","calculation":{"kind":"dose","drug":"x","age":{"text":"6","unit":"years"},"weight":{"text":"20","unit":"st"}}}"#,
            r#"{"type":"calculate","id":"c1","calculation":{"kind":"dose","drug":"x","age":{"text":"6","unit":"years"},"weight":{"text":20,"unit":"kg"}}}"#,
        ] {
            assert!(serde_json::from_str::<Request>(text).is_err(), "accepted {text}");
        }
    }

    #[test]
    fn a_verdict_comes_back_from_what_a_page_kept() {
        let verdict = verdict();
        assert_eq!(EngineVerdict::from_text(&verdict.to_text()), Some(verdict));
        for text in ["", "null", "{}", "{\"engine\":\"gpu\"}", "\u{0}"] {
            assert_eq!(EngineVerdict::from_text(text), None, "{text:?}");
        }
    }

    fn verdict() -> EngineVerdict {
        EngineVerdict {
            adapter: "a|b".to_owned(),
            model: "00ff".to_owned(),
            version: "1".to_owned(),
            engine: Engine::Gpu,
            cpu_ms: 9.5,
            gpu_ms: 3.0,
        }
    }

    #[test]
    fn an_alarm_round_trips() {
        round_trip(
            &Event::Emergency {
                id: "1".to_owned(),
                alarms: vec![Alarm {
                    kind: AlarmKind::Alarm,
                    found_by: FoundBy::Net,
                    urgency: Urgency::SameDay,
                    rule: "facial-palsy".to_owned(),
                    name: "Facial palsy".to_owned(),
                    text: "Refer today.".to_owned(),
                    source: "NICE".to_owned(),
                    words: Vec::new(),
                }],
            },
            &json!({"type": "emergency", "id": "1",
                    "alarms": [{"kind": "alarm", "found_by": "net", "urgency": "same_day", "rule": "facial-palsy", "name": "Facial palsy",
                                "text": "Refer today.", "source": "NICE", "words": []}]}),
        );
    }

    #[test]
    fn a_calculation_and_its_result_round_trip() {
        use crate::calculation::{
            AgeEntry, AgeUnit, Calculation, GivenEntry, MaximumEntries, PatientGroup, WeightEntry, WeightUnit,
        };
        let product = "lidocaine 2 % without vasoconstrictor, 1.8 mL";
        round_trip(
            &Request::Calculate(Calculate {
                id: "c1".to_owned(),
                calculation: Calculation::Maximum(MaximumEntries {
                    product: product.to_owned(),
                    group: PatientGroup::Child,
                    weight: WeightEntry { text: "44".to_owned(), unit: WeightUnit::Lb },
                    age: AgeEntry { text: String::new(), unit: AgeUnit::Months },
                    heart: true,
                    given: vec![GivenEntry { product: product.to_owned(), cartridges: "1".to_owned() }],
                    confirmed: false,
                }),
            }),
            &json!({"type": "calculate", "id": "c1", "calculation": {
                "kind": "maximum", "product": product, "group": "child", "weight": {"text": "44", "unit": "lb"},
                "age": {"text": "", "unit": "months"}, "heart": true,
                "given": [{"product": product, "cartridges": "1"}], "confirmed": false}}),
        );
        round_trip(
            &Event::Calculators(CalculatorChoices {
                products: vec![product.to_owned()],
                plain_product: Some(product.to_owned()),
                drugs: Vec::new(),
            }),
            &json!({"type": "calculators", "products": [product], "plainProduct": product, "drugs": []}),
        );
        round_trip(
            &Event::Calculated {
                id: "c1".to_owned(),
                sheets: vec![CalculationSheet {
                    title: product.to_owned(),
                    result: "At most 2 cartridges".to_owned(),
                    limited_by: Some("lidocaine by body weight".to_owned()),
                    ..CalculationSheet::default()
                }],
                left_out: Vec::new(),
            },
            &json!({"type": "calculated", "id": "c1", "leftOut": [], "sheets": [{
                "title": product, "result": "At most 2 cartridges", "amounts": [],
                "limitedBy": "lidocaine by body weight", "record": [], "working": [], "remarks": [], "sources": []}]}),
        );
    }

    #[test]
    fn a_redaction_round_trips() {
        use crate::redaction::Placeholder;
        round_trip(
            &Request::Redact(Redact { id: "r1".to_owned(), texts: vec!["Zoë".to_owned()] }),
            &json!({"type": "redact", "id": "r1", "texts": ["Zoë"]}),
        );
        round_trip(
            &Event::Redacted {
                id: "r1".to_owned(),
                redacted: Redacted {
                    texts: vec!["[NAME 1]".to_owned()],
                    placeholders: vec![Placeholder { text: "[NAME 1]".to_owned(), class: "name".to_owned() }],
                    notice: "Read it.".to_owned(),
                },
            },
            &json!({"type": "redacted", "id": "r1", "texts": ["[NAME 1]"], "notice": "Read it.",
                    "placeholders": [{"text": "[NAME 1]", "class": "name"}]}),
        );
    }

    #[test]
    fn events_round_trip() {
        let verdict = verdict();
        round_trip(&Event::Held { hold: Some(Hold::OtherTab) }, &json!({"type": "held", "hold": "otherTab"}));
        round_trip(&Event::Held { hold: None }, &json!({"type": "held"}));
        round_trip(
            &Event::Progress { stage: Stage::Weights, loaded_bytes: 5, total_bytes: 9 },
            &json!({"type": "progress", "stage": "weights", "loadedBytes": 5, "totalBytes": 9}),
        );
        round_trip(
            &Event::Ready(ModelInfo {
                model: "nano".to_owned(),
                version: "1".to_owned(),
                parameters: 10,
                bytes: 40,
                backend: "cpu-simd".to_owned(),
                formats: vec!["q8".to_owned()],
            }),
            &json!({"type": "ready", "model": "nano", "version": "1", "parameters": 10, "bytes": 40,
                    "backend": "cpu-simd", "formats": ["q8"]}),
        );
        round_trip(
            &Event::Engine(EngineReport {
                engine: Engine::Cpu,
                reason: "it is the faster".to_owned(),
                adapter: Some(AdapterReport {
                    name: "a".to_owned(),
                    software: true,
                    self_tests: 3,
                    dispatches: [60, 38],
                    bytes: [1, 2],
                    pipelines: 26,
                    bytes_per_call: 7,
                    bandwidth: [1.5, 2.0],
                    forms: vec![FormReport { name: "shader-f16".to_owned(), times_as_fast: 1.25, serves: true }],
                }),
                cpu_ms: Some(1.5),
                gpu_ms: None,
                quarantined: vec![QuarantinedKernel { kernel: "k".to_owned(), reason: "r".to_owned(), instead: None }],
                verdict: Some(verdict.clone()),
            }),
            &json!({"type": "engine", "engine": "cpu", "reason": "it is the faster",
                    "adapter": {"name": "a", "software": true, "selfTests": 3, "dispatches": [60, 38], "bytes": [1, 2],
                                "pipelines": 26, "bytesPerCall": 7, "bandwidth": [1.5, 2.0],
                                "forms": [{"name": "shader-f16", "timesAsFast": 1.25, "serves": true}]},
                    "cpuMs": 1.5, "quarantined": [{"kernel": "k", "reason": "r"}],
                    "verdict": {"adapter": "a|b", "model": "00ff", "version": "1", "engine": "gpu", "cpuMs": 9.5,
                                "gpuMs": 3.0}}),
        );
        round_trip(
            &Event::Evidence {
                id: "1".to_owned(),
                passages: vec![Evidence {
                    passage: "p".to_owned(),
                    title: "t".to_owned(),
                    text: "x".to_owned(),
                    source: "s".to_owned(),
                    score: 0.5,
                    kind: EvidenceKind::Passage,
                }],
                more: Vec::new(),
                doses: None,
            },
            &json!({"type": "evidence", "id": "1", "more": [],
                    "passages": [{"passage": "p", "title": "t", "text": "x", "source": "s", "score": 0.5, "kind": "passage"}]}),
        );
        round_trip(
            &Event::Routing {
                id: "1".to_owned(),
                tokens: vec![RoutingToken {
                    text: " tooth".to_owned(),
                    expert: RoutedExpert::Emamba,
                    p: 0.75,
                    part: PromptPart::Question,
                }],
                et5: 0,
                emamba: 1,
            },
            &json!({"type": "routing", "id": "1", "et5": 0, "emamba": 1,
                    "tokens": [{"text": " tooth", "expert": "emamba", "p": 0.75, "part": "question"}]}),
        );
        round_trip(
            &Event::Text {
                id: "1".to_owned(),
                text: " It is".to_owned(),
                sentence: 1,
                citation: Some(Citation { passage: "p".to_owned(), start: 3, end: 8 }),
            },
            &json!({"type": "text", "id": "1", "text": " It is", "sentence": 1,
                    "citation": {"passage": "p", "start": 3, "end": 8}}),
        );
        round_trip(
            &Event::Error { id: None, kind: ErrorKind::WorkerDied, message: "m".to_owned() },
            &json!({"type": "error", "kind": "workerDied", "message": "m"}),
        );
    }

    #[test]
    fn error_kinds_are_written_by_their_names() {
        use ErrorKind as K;
        for kind in [
            K::BadRequest,
            K::EmptyQuestion,
            K::QuestionTooLong,
            K::NoteTooLong,
            K::NulCharacter,
            K::IllFormedText,
            K::BadOption,
            K::PromptTooLong,
            K::BadWeight,
            K::UnusualWeight,
            K::BadAge,
            K::BadStrength,
            K::BadCartridges,
            K::NoResult,
            K::NotReady,
            K::Busy,
            K::Network,
            K::Manifest,
            K::Integrity,
            K::Weights,
            K::Tokenizer,
            K::Knowledge,
            K::Model,
            K::WorkerDied,
        ] {
            assert_eq!(serde_json::to_value(kind).expect("serialises"), json!(kind.name()));
        }
    }

    #[test]
    fn done_carries_the_record_of_eval() {
        let answer = AnswerRecord::empty("1", AnswerState::Stopped);
        let event = Event::Done { id: "1".to_owned(), answer: Box::new(answer), heap_bytes: None };
        let value = serde_json::to_value(&event).expect("serialises");
        assert_eq!(value["answer"]["state"], "stopped");
        assert_eq!(value["answer"]["tokens_out"], 0);
        assert_eq!(event.id(), Some("1"));
        assert_eq!(serde_json::from_value::<Event>(value).expect("parses"), event);
    }
}
