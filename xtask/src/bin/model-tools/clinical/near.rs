//! The dense side of retrieval for the reports: how near every entry is to a question.

use std::path::Path;

use anyhow::{Context as _, Result};
use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::{DenseIndex, Similarities};
use mambaformer_clinical::retrieval::together;

use crate::embed::Encoder;

/// An encoder and the vectors made with it.
pub(crate) struct Near {
    pub(super) encoder: Encoder,
    index: DenseIndex,
}

impl Near {
    /// Reads the folder and checks that its vectors belong to `base`.
    pub(crate) fn open(folder: &Path, base: &KnowledgeBase) -> Result<Near> {
        let encoder = Encoder::open(folder)?;
        let path = folder.join("vectors.bin");
        let bytes = std::fs::read(&path)
            .with_context(|| format!("{} cannot be read; `cargo xtask embed` makes it", path.display()))?;
        let index = DenseIndex::from_bytes(&bytes)?;
        index.belongs_to(base.sha256(), &encoder.manifest_sha256)?;
        Ok(Near { encoder, index })
    }

    /// How near `question` is to everything, with itself in full where that says more; with the facts of a note, it and, so many times, both as one text.
    pub(crate) fn read(
        &self,
        question: &str,
        in_full: Option<&str>,
        facts: Option<(&str, f32)>,
        entries: usize,
    ) -> Result<Similarities> {
        let vector = |text: &str| anyhow::Ok(self.encoder.encode(text)?.0);
        let sense = together::sense(vector, question, in_full, facts)?;
        Ok(self.index.similarities(&sense.searched, entries)?)
    }
}

/// An encoder alone: the vectors that the second net of triage reads.
pub(crate) struct Vectors(Encoder);

impl Vectors {
    /// Reads the folder.
    pub(crate) fn open(folder: &Path) -> Result<Vectors> {
        Ok(Vectors(Encoder::open(folder)?))
    }

    /// SHA-256 of the encoder's manifest, in hexadecimal.
    pub(crate) fn manifest_sha256(&self) -> &str {
        &self.0.manifest_sha256
    }

    /// Width of the vectors.
    pub(crate) fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// The vector of a text, `[dimensions]` of length 1.
    pub(crate) fn read(&self, text: &str) -> Result<Vec<f32>> {
        Ok(self.0.encode(text)?.0)
    }
}

/// The greatest of them.
pub(crate) fn nearest(similarities: &[f32]) -> f32 {
    similarities.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}
