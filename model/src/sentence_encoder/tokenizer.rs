//! From a text to the tokens an encoder reads: start, pieces, end.

use super::config::{ReadingConfig, SentenceEncoderConfig};
use crate::tokenizer::{Tokenizer, TokenizerError};

/// Splits texts for a sentence encoder.
pub struct SentenceTokenizer {
    inner: Tokenizer,
    pub(super) start: u32,
    pub(super) end: u32,
    max_tokens: usize,
    pub(super) reading: Option<ReadingConfig>,
}

/// The tokens of a text, and how much of it they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceTokens {
    /// Start, pieces, end: what the encoder reads.
    pub ids: Vec<u32>,
    /// Pieces of the text that did not fit.
    pub left_out: usize,
    /// Bytes of the text the pieces stand for: all, or those up to the last piece that fitted.
    pub read_bytes: usize,
}

impl SentenceTokenizer {
    /// Reads the bytes of a `tokenizer.json` that belongs to an encoder of this config.
    pub fn from_bytes(bytes: &[u8], config: &SentenceEncoderConfig) -> Result<Self, TokenizerError> {
        Ok(Self {
            inner: Tokenizer::from_bytes(bytes, config.vocab_size)?,
            start: config.start_token_id,
            end: config.end_token_id,
            max_tokens: config.max_tokens,
            reading: config.reading,
        })
    }

    /// The tokens of a text. What exceeds the encoder's limit is left out at the end, and said so.
    pub fn encode(&self, text: &str) -> Result<SentenceTokens, TokenizerError> {
        let pieces = self.inner.encode(text)?;
        let fit = pieces.len().min(self.max_tokens.saturating_sub(2));
        let (read, left) = pieces.split_at(fit);
        let mut ids = Vec::with_capacity(fit + 2);
        ids.push(self.start);
        ids.extend(read.iter().map(|piece| piece.id));
        ids.push(self.end);
        let read_bytes = if left.is_empty() { text.len() } else { read.last().map_or(0, |piece| piece.end) };
        Ok(SentenceTokens { ids, left_out: left.len(), read_bytes })
    }

    /// The pieces of a text, without start and end.
    pub(super) fn pieces(&self, text: &str) -> Result<impl Iterator<Item = u32>, TokenizerError> {
        Ok(self.inner.encode(text)?.into_iter().map(|token| token.id))
    }
}
