//! The way of one question, the same in the worker and in the native tools:
//! question → retrieval → prompt → gate → experts → memory → decode → events (docs/ARCHITECTURE.md).

mod answering;
mod browsing;
mod calculations;
mod checked;
pub mod clinic;
mod composition;
mod ending;
mod engine;
mod error;
mod library;
mod look_up;
mod priors;
pub mod redaction;
mod retriever;
mod units;

pub use answering::Answering;
pub use clinic::{Clinic, ClinicFiles};
#[cfg(feature = "measure")]
pub(crate) use engine::trial_evidence;
pub use engine::{Candidate, Interrupted};
pub use error::{PipelineError, weights_kind};
pub use retriever::RetrieverParts;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mambaformer_clinical::question::{self, Question, QuestionError};
use mambaformer_model::generate::ModelWeight;
use mambaformer_model::tokenizer::Tokenizer;
use mambaformer_model::weights::Weights;
use mambaformer_model::{MambaFormer, Routing};

use crate::answer::Evidence;
use crate::gpu::device::Identity;
use crate::gpu::self_test::Findings;
use crate::gpu::{Gpu, GpuModel};
use crate::protocol::{self, Ask, AskOptions, MAX_ANSWER_TOKENS, ModelInfo};

/// Passages a question is answered from; what the model was trained with.
pub const EVIDENCE_PASSAGES: usize = 4;
// The page counts characters by the protocol's limits, the question is checked by those of `clinical`.
const _: () = assert!(
    protocol::MAX_QUESTION_CHARS == question::MAX_QUESTION_CHARS
        && protocol::MAX_NOTE_CHARS == question::MAX_NOTE_CHARS
);

/// The farthest the user's bias can push the gate: at 20 every token goes one way.
const MAX_GATE_BIAS: f32 = 20.0;

/// What an assistant is made of, as it was loaded.
pub struct AssistantParts {
    /// The model folder, every byte of it checked by [`mambaformer_model::weights::Loader`].
    pub weights: Weights,
    /// Everything that needs no model; without a knowledge base only questions that bring their passages can be answered.
    pub clinic: Rc<Clinic>,
    /// Keep the weights as they were loaded, so that they can be uploaded to a GPU (again, if it is lost).
    pub for_gpu: bool,
}

/// A loaded assistant: the clinic, and the model with its tokenizer.
pub struct Assistant {
    clinic: Rc<Clinic>,
    model: MambaFormer,
    tokenizer: Tokenizer,
    info: ModelInfo,
    /// What a GPU is loaded from; absent where none is wanted.
    spare: Option<Weights>,
    gpu: RefCell<Option<Rc<GpuModel>>>,
    /// A GPU that is ready for its trial, which a question has broken off.
    candidate: RefCell<Option<Candidate>>,
    /// A device that is being tested or loaded.
    opening: RefCell<Option<Rc<Gpu>>>,
    /// What the full self-test found, and on which device.
    tested: RefCell<Option<(Identity, Findings)>>,
    /// Devices opened after one was lost.
    reopened: Cell<usize>,
}

/// Whether the model answers with the book open. Only for comparisons; no page can ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Book {
    /// It reads what was found.
    #[default]
    Open,
    /// Nothing of what was found reaches the model, the reader or the record: it writes freely from question and note, whatever the mode.
    /// Which questions are out of scope the search says all the same.
    Closed,
}

/// How the answer is worked out, beside what a page may ask for. The native tools use it to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Follow single candidates without asking the model (the product's way; the answer does not depend on it).
    pub jump_forward: bool,
    /// How prompt tokens are routed instead of by the gate with the page's bias.
    pub routing: Option<Routing>,
    /// Whether what was found is shown.
    pub book: Book,
    /// Withhold what the model calls unanswerable. Off where answers themselves are to be measured.
    pub abstain: bool,
    /// Read the question together with what was found, where the encoder was taught to.
    pub read: bool,
    /// The probability below which a line does not belong to the answer any more, in the place of what the search's parameters say.
    pub enough: Option<f32>,
    /// `GroundedOptions::model_weight`.
    pub model_weight: ModelWeight,
}

impl Default for Measures {
    fn default() -> Self {
        let model_weight = units::MODEL_WEIGHT;
        Self {
            jump_forward: true,
            routing: None,
            book: Book::Open,
            abstain: true,
            read: true,
            enough: None,
            model_weight,
        }
    }
}

impl Assistant {
    /// Builds the assistant; the weights are consumed.
    pub fn new(parts: AssistantParts) -> Result<Self, PipelineError> {
        let mut weights = parts.weights;
        let spare = parts.for_gpu.then(|| weights.clone());
        let manifest = weights.manifest();
        let config = manifest.config.clone();
        let mut formats: Vec<String> =
            manifest.quantization.tensors.values().map(|stored| stored.dtype.to_string()).collect();
        formats.push(manifest.quantization.default.to_string());
        formats.sort();
        formats.dedup();
        let info = ModelInfo {
            model: manifest.name.clone(),
            version: manifest.version.clone(),
            parameters: config.parameters(),
            bytes: manifest.files.weights.bytes,
            backend: "cpu-simd".to_owned(),
            formats,
        };
        let tokenizer = Tokenizer::from_bytes(&weights.take_tokenizer(), config.vocab_size)?;
        let model = MambaFormer::load(&config, &mut weights)?;
        Ok(Self {
            clinic: parts.clinic,
            model,
            tokenizer,
            info,
            spare,
            gpu: RefCell::new(None),
            candidate: RefCell::new(None),
            opening: RefCell::new(None),
            tested: RefCell::new(None),
            reopened: Cell::new(0),
        })
    }

    /// Lets a GPU serve from the next question on; `None`: the processor.
    pub fn use_gpu(&self, model: Option<Rc<GpuModel>>) {
        *self.gpu.borrow_mut() = model;
    }

    /// The GPU that serves.
    #[must_use]
    pub fn gpu(&self) -> Option<Rc<GpuModel>> {
        self.gpu.borrow().clone()
    }

    /// What was loaded.
    #[must_use]
    pub fn info(&self) -> ModelInfo {
        self.info.clone()
    }

    /// The model itself.
    #[must_use]
    pub fn model(&self) -> &MambaFormer {
        &self.model
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Starts to answer from the knowledge base; checks the question and the options.
    pub fn start<'a>(&'a self, ask: &Ask) -> Result<Answering<'a>, PipelineError> {
        self.start_with(ask, None, Measures::default())
    }

    /// Starts to answer, from the given passages where there are some.
    pub fn start_with<'a>(
        &'a self,
        ask: &Ask,
        passages: Option<Vec<Evidence>>,
        measures: Measures,
    ) -> Result<Answering<'a>, PipelineError> {
        let question = question_of(ask)?;
        check_options(&ask.options)?;
        Ok(Answering::new(self, ask, question, passages, measures))
    }

    /// What needs no model.
    #[must_use]
    pub fn clinic(&self) -> &Clinic {
        &self.clinic
    }
}

/// The question with its note and the one it follows, within the limits.
fn question_of(ask: &Ask) -> Result<Question, QuestionError> {
    Question::parse(&ask.question, ask.note.as_deref())?.following(ask.follows.as_deref())
}

fn check_options(options: &AskOptions) -> Result<(), PipelineError> {
    let bad =
        |option: &'static str, found: String, allowed: String| Err(PipelineError::Option { option, found, allowed });
    if options.max_tokens == 0 || options.max_tokens > MAX_ANSWER_TOKENS {
        return bad("maxTokens", options.max_tokens.to_string(), format!("1 to {MAX_ANSWER_TOKENS}"));
    }
    if !options.gate_bias.is_finite() || options.gate_bias.abs() > MAX_GATE_BIAS {
        return bad("gateBias", options.gate_bias.to_string(), format!("-{MAX_GATE_BIAS} to {MAX_GATE_BIAS}"));
    }
    match options.temperature {
        Some(temperature) if !(temperature.is_finite() && temperature > 0.0) => {
            bad("temperature", temperature.to_string(), "above 0".to_owned())
        }
        _ => Ok(()),
    }
}
