//! The sentence encoder at work: the question's vector, how near every line of the knowledge base is to it, and the question read together with what
//! was found.

use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::{DenseIndex, Similarities};
use mambaformer_clinical::retrieval::together;
use mambaformer_model::sentence_encoder::{
    Asked, LineScore, Reading, ReadingRun, SentenceEncoder, SentenceEncoderWeights, SentenceTokenizer,
};

use super::PipelineError;
use super::clinic::Material;
use crate::answer::EvidenceKind;

/// The files of the dense side.
pub struct RetrieverParts {
    /// The encoder's folder, every byte of it checked.
    pub weights: SentenceEncoderWeights,
    /// SHA-256 of its `manifest.json`, in hexadecimal.
    pub manifest_sha256: String,
    /// The vectors of the knowledge base's lines.
    pub vectors: Vec<u8>,
}

/// How near everything is to a question.
pub(super) struct Near {
    /// The question's own vector, `[dimensions]`.
    pub(super) vector: Vec<f32>,
    /// To the question, or to it and its note.
    pub(super) similarities: Similarities,
    /// The greatest cosine with the question, or with it and its note as one text.
    pub(super) nearest: f32,
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

    /// Reads a question, with itself in full where that says more; with the facts of a note, it and both as one text, which counts so many times.
    pub(super) fn read(
        &self,
        question: &str,
        in_full: Option<&str>,
        facts: Option<(&str, f32)>,
        entries: usize,
    ) -> Result<Near, PipelineError> {
        let sense = together::sense(|text| self.vector(text), question, in_full, facts)?;
        let similarities = self.index.similarities(&sense.searched, entries)?;
        let nearest = match &sense.with_facts {
            None => similarities.nearest(),
            Some(both) => {
                let own = self.index.similarities(&sense.asked, entries)?.nearest();
                own.max(self.index.similarities(both, entries)?.nearest())
            }
        };
        Ok(Near { vector: sense.typed, similarities, nearest })
    }

    fn vector(&self, text: &str) -> Result<Vec<f32>, PipelineError> {
        Ok(self.encoder.encode(&self.tokenizer.encode(text)?.ids)?)
    }

    /// Starts to read the question, with the note, together with each text; nothing where the encoder was not taught to.
    pub(super) fn begin_reading(
        &self,
        question: &str,
        note: Option<&str>,
        materials: &[Material],
    ) -> Result<Option<Readings<'_>>, PipelineError> {
        let Some(asked) = Asked::of(&self.tokenizer, question, note)? else { return Ok(None) };
        let mut waiting = Vec::with_capacity(materials.len());
        for (index, material) in materials.iter().enumerate() {
            // As it was called in training.
            let title = if material.evidence.kind == EvidenceKind::Note { "Note" } else { &material.evidence.title };
            let lines = material.sentences.iter().filter_map(|bytes| material.evidence.text.get(bytes.clone()));
            waiting.extend(asked.with(title, lines)?.map(|reading| (index, reading)));
        }
        waiting.reverse();
        let scores = vec![Vec::new(); materials.len()];
        Ok(Some(Readings { encoder: &self.encoder, waiting, current: None, scores }))
    }

    /// Width of its vectors.
    pub(super) fn dimensions(&self) -> usize {
        self.index.dimensions()
    }
}

/// Readings on their way, a layer of one a step.
pub(super) struct Readings<'a> {
    encoder: &'a SentenceEncoder,
    /// The next one is the last.
    waiting: Vec<(usize, Reading)>,
    current: Option<(usize, ReadingRun<'a>)>,
    scores: Vec<Vec<LineScore>>,
}

impl Readings<'_> {
    /// Runs one layer; `false` when all is read.
    pub(super) fn step(&mut self) -> Result<bool, PipelineError> {
        if let Some((material, mut run)) = self.current.take() {
            if run.step() {
                self.current = Some((material, run));
                return Ok(true);
            }
            let scores = run.finish()?;
            if let Some(own) = self.scores.get_mut(material) {
                *own = scores;
            }
        }
        let Some((material, reading)) = self.waiting.pop() else { return Ok(false) };
        self.current = Some((material, self.encoder.begin_reading(reading)?));
        Ok(true)
    }

    /// For each text the scores of its first lines, when [`Self::step`] has returned `false`.
    pub(super) fn scores(self) -> Vec<Vec<LineScore>> {
        self.scores
    }
}
