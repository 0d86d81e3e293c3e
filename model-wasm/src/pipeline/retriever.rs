//! The dense side of retrieval: the question's vector, and how near every line of the knowledge base is to it.

use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::{DenseIndex, Part, Unit};
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

/// How near the knowledge base is to a question.
pub(super) struct Similarities {
    /// `[entries]`: cosine of the nearest line; not a number where an entry has no vector.
    pub(super) entries: Vec<f32>,
    /// Cosine of each line, by entry and place in it, ascending.
    lines: Vec<((u32, u32), f32)>,
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

    /// Reads a question.
    pub(super) fn read(&self, question: &str, entries: usize) -> Result<Similarities, PipelineError> {
        let vector = self.encoder.encode(&self.tokenizer.encode(question)?.ids)?;
        let cosines = self.index.cosines(&vector)?;
        let best = self.index.best_by_entry(&cosines, entries);
        let line = |(unit, cosine): (&Unit, f32)| match unit.part {
            Part::Line(line) => Some(((unit.entry, line), cosine)),
            Part::Whole => None,
        };
        Ok(Similarities {
            entries: best.into_iter().map(|cosine| cosine.unwrap_or(f32::NAN)).collect(),
            lines: self.index.units().iter().zip(cosines).filter_map(line).collect(),
        })
    }
}

impl Similarities {
    /// The cosine of the nearest entry.
    pub(super) fn nearest(&self) -> f32 {
        self.entries.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }

    /// The cosine of a line.
    pub(super) fn line(&self, entry: usize, line: usize) -> Option<f32> {
        let key = (u32::try_from(entry).ok()?, u32::try_from(line).ok()?);
        let at = self.lines.binary_search_by_key(&key, |(unit, _)| *unit).ok()?;
        self.lines.get(at).map(|(_, cosine)| *cosine)
    }
}
