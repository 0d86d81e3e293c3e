//! Why a question could not be answered, or an assistant not be built.

use mambaformer_clinical::abbreviations::AbbreviationsError;
use mambaformer_clinical::grounding::GroundingError;
use mambaformer_clinical::identifiers::ListsError;
use mambaformer_clinical::knowledge::KnowledgeError;
use mambaformer_clinical::question::{Field, QuestionError};
use mambaformer_clinical::retrieval::dense::DenseError;
use mambaformer_clinical::retrieval::lexicon::LexiconError;
use mambaformer_clinical::retrieval::parameters::ParametersError;
use mambaformer_clinical::scope::ScopeError;
use mambaformer_clinical::triage::TriageError;
use mambaformer_clinical::triage::net::NetError;
use mambaformer_clinical::verify::ConfidenceError;
use mambaformer_model::ModelError;
use mambaformer_model::generate::FreeError;
use mambaformer_model::prompt::PromptError;
use mambaformer_model::tokenizer::TokenizerError;
use mambaformer_model::weights::WeightsError;

use crate::gpu::GpuError;
use crate::protocol::ErrorKind;

/// A failure on the way of one question; the text is shown as it is.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The question or the note cannot be taken.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// An option outside its range.
    #[error("the option {option} is {found}, allowed is {allowed}")]
    Option {
        /// Its name in the protocol.
        option: &'static str,
        /// What was given.
        found: String,
        /// The range.
        allowed: String,
    },
    /// The prompt does not fit the model.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The weights are damaged or of another model.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The tokenizer is damaged or of another model.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A file that another one needs.
    #[error("the knowledge base needs {file}, which is not there; load the files of one version")]
    Missing {
        /// Its name.
        file: &'static str,
    },
    /// The knowledge base cannot be read.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// The grounding rules cannot be read.
    #[error(transparent)]
    Grounding(#[from] GroundingError),
    /// The list of abbreviations.
    #[error(transparent)]
    Abbreviations(#[from] AbbreviationsError),
    /// The rules of triage cannot be read.
    #[error(transparent)]
    Triage(#[from] TriageError),
    /// The second net of triage cannot be read, or is another encoder's.
    #[error(transparent)]
    TriageNet(#[from] NetError),
    /// The measured confidence cannot be read.
    #[error(transparent)]
    Confidence(#[from] ConfidenceError),
    /// The words of the search cannot be read.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
    /// The numbers of the search cannot be read.
    #[error(transparent)]
    Retrieval(#[from] ParametersError),
    /// What the knowledge base covers cannot be read.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The lists of names cannot be read.
    #[error(transparent)]
    Names(#[from] ListsError),
    /// The vectors of the knowledge base cannot be used.
    #[error(transparent)]
    Vectors(#[from] DenseError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The graphics processor failed in a trial, or cannot do what was measured; in an answer another engine takes over instead.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}

impl From<FreeError> for PipelineError {
    fn from(error: FreeError) -> Self {
        match error {
            FreeError::Model(error) => Self::Model(error),
            FreeError::Tokenizer(error) => Self::Tokenizer(error),
        }
    }
}

impl PipelineError {
    /// The protocol's name for this kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Question(error) => match error {
                QuestionError::Empty { .. } => ErrorKind::EmptyQuestion,
                QuestionError::TooLong { field: Field::Question, .. } => ErrorKind::QuestionTooLong,
                QuestionError::TooLong { field: Field::Note, .. } => ErrorKind::NoteTooLong,
                QuestionError::ControlCharacter { .. } => ErrorKind::NulCharacter,
                QuestionError::Unreadable { .. } => ErrorKind::IllFormedText,
            },
            Self::Option { .. } => ErrorKind::BadOption,
            Self::Prompt(PromptError::TooLong { .. }) => ErrorKind::PromptTooLong,
            Self::Prompt(PromptError::Tokenizer(_)) | Self::Tokenizer(_) => ErrorKind::Tokenizer,
            Self::Weights(error) => weights_kind(error),
            Self::Missing { .. }
            | Self::Knowledge(_)
            | Self::Abbreviations(_)
            | Self::Grounding(_)
            | Self::Triage(_)
            | Self::TriageNet(_)
            | Self::Confidence(_)
            | Self::Lexicon(_)
            | Self::Retrieval(_)
            | Self::Scope(_)
            | Self::Names(_)
            | Self::Vectors(_) => ErrorKind::Knowledge,
            Self::Model(_) | Self::Gpu(_) => ErrorKind::Model,
        }
    }
}

/// Damage, a wrong manifest and weights that do not fit are told apart: each has another remedy.
#[must_use]
pub fn weights_kind(error: &WeightsError) -> ErrorKind {
    match error {
        WeightsError::Manifest(_) | WeightsError::Config(_) => ErrorKind::Manifest,
        WeightsError::NoSuchChunk { .. }
        | WeightsError::ChunkLength { .. }
        | WeightsError::Corrupt { .. }
        | WeightsError::FileLength { .. }
        | WeightsError::Incomplete { .. } => ErrorKind::Integrity,
        _ => ErrorKind::Weights,
    }
}
