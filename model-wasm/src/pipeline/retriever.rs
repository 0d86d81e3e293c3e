//! The dense side of retrieval: the question's vector, and how near every line of the knowledge base is to it.

use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::{DenseIndex, Similarities};
use mambaformer_model::sentence_encoder::{SentenceEncoder, SentenceEncoderWeights, SentenceTokenizer};

use super::PipelineError;

/// The files of the dense side.
pub struct RetrieverParts {
    /// The encoder's folder, every byte of it checked.
    pub weights: SentenceEncoderWeights,
    /// SHA-256 of its `manifest.json`, in hexadecimal.
    pub manifest_sha256: String,
    /// The vectors of the knowledge base's lines.
    pub vectors: Vec<u8>,
}

/// Encoder and vectors, ready for questions.
pub(super) struct Retriever {
    tokenizer: SentenceTokenizer,
    encoder: SentenceEncoder,
    index: DenseIndex,
}

impl Retriever {
    /// Builds the encoder and checks that the vectors were made with it and with this knowledge base.
    pub(super) fn new(parts: RetrieverParts, base: &KnowledgeBase) -> Result<Self, PipelineError> {
        let RetrieverParts { mut weights, manifest_sha256, vectors } = parts;
        let config = weights.config().clone();
        let tokenizer = SentenceTokenizer::from_bytes(&weights.take_tokenizer(), &config)?;
        let encoder = SentenceEncoder::load(&config, &mut weights)?;
        let index = DenseIndex::from_bytes(&vectors)?;
        index.belongs_to(base.sha256(), &manifest_sha256)?;
        Ok(Self { tokenizer, encoder, index })
    }

    /// Reads a question: its vector `[dimensions]`, and how near everything is to it.
    pub(super) fn read(&self, question: &str, entries: usize) -> Result<(Vec<f32>, Similarities), PipelineError> {
        let vector = self.encoder.encode(&self.tokenizer.encode(question)?.ids)?;
        let near = self.index.similarities(&vector, entries)?;
        Ok((vector, near))
    }

    /// Width of its vectors.
    pub(super) fn dimensions(&self) -> usize {
        self.index.dimensions()
    }
}
