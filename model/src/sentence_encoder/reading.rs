//! A question read together with a passage: attention runs between them, which vectors made apart cannot have.
//!
//! `[CLS] question note [SEP] title. line line … [SEP]`. The mean of the states over a line's tokens is the line, that over the tokens before the first mark
//! is what is asked; each of a line's scores is a direction of it and its cosine with what is asked (training/mambaformer_training/retriever/reading.py).

use std::ops::Range;

use super::config::ReadingConfig;
use super::encoder::{SentenceEncoder, SentenceEncoding};
use super::tokenizer::SentenceTokenizer;
use crate::error::ModelError;
use crate::nn::{Linear, Rows, add, dot, sum_of_squares};
use crate::parameters::Parameters;
use crate::tokenizer::TokenizerError;

/// The tokens of a question with a passage, and where the passage's lines stand in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    ids: Vec<u32>,
    /// Where question and note stand.
    asked: Range<usize>,
    lines: Vec<Range<usize>>,
}

/// What a line is to the answer, in logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineScore {
    /// That the answer begins with it, among all lines that were read and none of them, which has 0.
    pub first: f32,
    /// That the answer uses it.
    pub used: f32,
}

impl LineScore {
    /// Number of scores.
    pub const COUNT: usize = 2;
}

/// A question with its note, ready to be read together with passages.
pub struct Asked<'t> {
    tokenizer: &'t SentenceTokenizer,
    max_tokens: usize,
    /// Start, pieces, end.
    ids: Vec<u32>,
}

impl<'t> Asked<'t> {
    /// Splits a question and the note behind it; what exceeds `max_asked` is left out. `None` if the encoder was not taught to read.
    pub fn of(
        tokenizer: &'t SentenceTokenizer,
        question: &str,
        note: Option<&str>,
    ) -> Result<Option<Self>, TokenizerError> {
        let Some(ReadingConfig { max_asked, max_tokens, .. }) = tokenizer.reading else { return Ok(None) };
        let mut ids = vec![tokenizer.start];
        for text in [Some(question), note].into_iter().flatten() {
            ids.extend(tokenizer.pieces(text)?);
        }
        ids.truncate(1 + max_asked);
        ids.push(tokenizer.end);
        Ok(Some(Self { tokenizer, max_tokens, ids }))
    }

    /// Lays a passage's title and its lines behind it; from the first line on that does not fit whole, lines are left out. `None` if no line fits.
    pub fn with<'l>(
        &self,
        title: &str,
        lines: impl IntoIterator<Item = &'l str>,
    ) -> Result<Option<Reading>, TokenizerError> {
        let (tokenizer, mut ids) = (self.tokenizer, self.ids.clone());
        let asked = 1..ids.len() - 1;
        ids.extend(tokenizer.pieces(&format!("{title}."))?);
        let mut places = Vec::new();
        for line in lines {
            let own: Vec<u32> = tokenizer.pieces(line)?.collect();
            if own.is_empty() || ids.len() + own.len() + 1 > self.max_tokens {
                break;
            }
            places.push(ids.len()..ids.len() + own.len());
            ids.extend(own);
        }
        ids.push(tokenizer.end);
        Ok((!places.is_empty()).then_some(Reading { ids, asked, lines: places }))
    }
}

impl Reading {
    /// One question with one passage, see [`Asked::of`] and [`Asked::with`].
    pub fn lay<'l>(
        tokenizer: &SentenceTokenizer,
        question: &str,
        note: Option<&str>,
        title: &str,
        lines: impl IntoIterator<Item = &'l str>,
    ) -> Result<Option<Self>, TokenizerError> {
        Asked::of(tokenizer, question, note)?.map_or(Ok(None), |asked| asked.with(title, lines))
    }

    /// Number of lines that fitted: the first ones.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// What the encoder reads.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }
}

impl SentenceEncoder {
    /// The scores of a reading's lines.
    pub fn read(&self, reading: &Reading) -> Result<Vec<LineScore>, ModelError> {
        let mut run = self.begin_reading(reading.clone())?;
        while run.step() {}
        run.finish()
    }

    /// Starts on a reading; call [`ReadingRun::step`] until it is done.
    pub fn begin_reading(&self, reading: Reading) -> Result<ReadingRun<'_>, ModelError> {
        let (Some(head), Some(config)) = (&self.reading, self.config().reading) else {
            return Err(ModelError::Absent("taught reading of passages"));
        };
        Ok(ReadingRun { encoding: self.begin(&reading.ids)?, layers: config.layers, head, reading })
    }
}

/// A reading on its way, a layer a step.
pub struct ReadingRun<'m> {
    encoding: SentenceEncoding<'m>,
    layers: usize,
    head: &'m ReadingHead,
    reading: Reading,
}

impl ReadingRun<'_> {
    /// Runs one layer; `false` when all that read have run.
    pub fn step(&mut self) -> bool {
        self.encoding.layers_run() < self.layers && self.encoding.step()
    }

    /// The scores of the lines, when [`Self::step`] has returned `false`.
    pub fn finish(self) -> Result<Vec<LineScore>, ModelError> {
        let hidden = self.encoding.hidden();
        let width = hidden.len() / self.reading.ids.len();
        let asked = mean(hidden, width, &self.reading.asked);
        let lines: Vec<Vec<f32>> = self.reading.lines.iter().map(|line| mean(hidden, width, line)).collect();
        let mut scores = Rows::default();
        self.head.directions.forward(&mut Rows::new(lines.concat(), width), &mut scores);
        for (pair, line) in scores.values_mut().chunks_exact_mut(LineScore::COUNT).zip(&lines) {
            let similarity = cosine(&asked, line);
            for (score, weight) in pair.iter_mut().zip(&self.head.similarity) {
                *score += weight * similarity;
            }
        }
        if scores.values().iter().any(|score| !score.is_finite()) {
            return Err(ModelError::NotFinite("scores of a passage's lines"));
        }
        Ok(scores
            .values()
            .chunks_exact(LineScore::COUNT)
            .map(|pair| LineScore { first: pair[0], used: pair[1] })
            .collect())
    }
}

/// What makes scores of states.
pub(super) struct ReadingHead {
    /// `[2, d_model]` with a constant each.
    directions: Linear,
    /// `[2]`: what the cosine counts.
    similarity: Vec<f32>,
}

impl ReadingHead {
    pub(super) fn load(parameters: &mut Parameters) -> Result<Self, ModelError> {
        Ok(Self {
            directions: parameters.linear_with_bias("reading")?,
            similarity: parameters.values("reading.similarity")?,
        })
    }
}

/// The mean of the states `[tokens, width]` over some tokens; zeros over none.
fn mean(hidden: &[f32], width: usize, tokens: &Range<usize>) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for state in hidden.get(tokens.start * width..tokens.end * width).unwrap_or_default().chunks_exact(width) {
        add(&mut mean, state);
    }
    for value in &mut mean {
        *value /= tokens.len().max(1) as f32;
    }
    mean
}

/// 0 where one of them is zero.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    const FLOOR: f32 = 1e-8;
    dot(a, b) / (sum_of_squares(a).sqrt() * sum_of_squares(b).sqrt()).max(FLOOR)
}
