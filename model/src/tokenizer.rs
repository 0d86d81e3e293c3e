//! The tokenizer: a Hugging Face `tokenizer.json`, and the marks that structure a prompt.

/// A tokenizer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file is no `tokenizer.json`.
    #[error(
        "tokenizer.json cannot be read ({0}); export it again with the tokenizers library 0.23 or load the model again"
    )]
    Unreadable(String),
    /// A text could not be split.
    #[error("a text of {bytes} bytes could not be split into tokens ({reason}); remove unusual characters from it")]
    Encode {
        /// Length of the text.
        bytes: usize,
        /// What the tokenizer said.
        reason: String,
    },
    /// The tokenizer knows more tokens than the embedding table has rows.
    #[error("the tokenizer has {found} tokens, the model's table {limit} rows; they do not belong together")]
    TooManyTokens {
        /// Tokens of the tokenizer.
        found: usize,
        /// `vocab_size` of the configuration.
        limit: usize,
    },
}

/// One token of a text and the bytes it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Row of the embedding table.
    pub id: u32,
    /// First byte in the text (the space before a word belongs to its first token).
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The marks between the parts of a prompt. A tokenizer without them (a converted checkpoint's) has none of the prompt's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// `<q>`
    pub question: u32,
    /// `<p>`
    pub passage: u32,
    /// `<t>`
    pub text: u32,
    /// `<n>`
    pub note: u32,
}

/// Splits texts into tokens and joins tokens to text.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    marks: Option<Marks>,
}

impl Tokenizer {
    /// Reads the bytes of a `tokenizer.json`; `vocab_size` is the embedding table's number of rows.
    pub fn from_bytes(bytes: &[u8], vocab_size: usize) -> Result<Self, TokenizerError> {
        // By way of a value, since the library's readers of parts panic where the text is no JSON.
        let mut inner: tokenizers::Tokenizer = serde_json::from_slice::<serde_json::Value>(bytes)
            .and_then(serde_json::from_value)
            .map_err(|error| TokenizerError::Unreadable(error.to_string()))?;
        // Marks typed by a user or standing in a note are text, never structure.
        inner.set_encode_special_tokens(true);
        // Sizes are the model's to know: a tokenizer saved after training may cut or fill up every text to one length.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| TokenizerError::Unreadable(error.to_string()))?;
        let found = inner.get_vocab_size(true);
        if found > vocab_size {
            return Err(TokenizerError::TooManyTokens { found, limit: vocab_size });
        }
        let id = |mark: &str| inner.token_to_id(mark);
        let marks = match (id("<q>"), id("<p>"), id("<t>"), id("<n>")) {
            (Some(question), Some(passage), Some(text), Some(note)) => Some(Marks { question, passage, text, note }),
            _ => None,
        };
        Ok(Self { inner, marks })
    }

    /// The prompt's marks, if the tokenizer has them.
    #[must_use]
    pub fn marks(&self) -> Option<Marks> {
        self.marks
    }

    /// Splits a text, without special tokens. A mark written out in the text stays text.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>, TokenizerError> {
        let failed = |error: tokenizers::Error| TokenizerError::Encode { bytes: text.len(), reason: error.to_string() };
        let encoding = self.inner.encode(text, false).map_err(failed)?;
        let tokens = encoding.get_ids().iter().zip(encoding.get_offsets());
        Ok(tokens.map(|(&id, &(start, end))| Token { id, start, end }).collect())
    }

    /// The tokens that the tokenizer itself puts round a text: those of an empty one.
    pub fn frame(&self) -> Result<Vec<u32>, TokenizerError> {
        let failed = |error: tokenizers::Error| TokenizerError::Encode { bytes: 0, reason: error.to_string() };
        Ok(self.inner.encode("", true).map_err(failed)?.get_ids().to_vec())
    }

    /// Joins tokens to text; special tokens are left out.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        self.inner.decode(ids, true).map_err(|error| TokenizerError::Unreadable(error.to_string()))
    }

    /// The piece of one token as it is shown to people: its leading space mark as a space.
    #[must_use]
    pub fn piece(&self, id: u32) -> String {
        self.inner.id_to_token(id).unwrap_or_default().replace('\u{2581}', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{SMALLEST_VOCABULARY, byte_tokenizer};

    #[test]
    fn a_spoilt_file_is_refused() {
        let whole = String::from_utf8(byte_tokenizer(SMALLEST_VOCABULARY).unwrap()).unwrap();
        assert!(Tokenizer::from_bytes(whole.as_bytes(), SMALLEST_VOCABULARY).is_ok());
        for (what, spoilt) in [
            ("cut off", whole[..whole.len() / 2].to_owned()),
            // Inside what the library reads by a helper of its own.
            ("in the decoder", whole.replacen("{\"type\":\"ByteFallback\"}", "{\"type\":\"ByteFallback\";}", 1)),
            ("in the pre-tokenizer", whole.replacen("\"behavior\":\"Isolated\"", "\"behavior\":\"Isolated", 1)),
            ("no such decoder", whole.replacen("ByteFallback", "ByteFallforward", 1)),
            ("nothing", String::new()),
        ] {
            assert!(spoilt != whole, "{what}");
            let refused = Tokenizer::from_bytes(spoilt.as_bytes(), SMALLEST_VOCABULARY);
            assert!(matches!(refused, Err(TokenizerError::Unreadable(_))), "{what}");
        }
        let few = Tokenizer::from_bytes(whole.as_bytes(), SMALLEST_VOCABULARY - 1);
        assert!(matches!(few, Err(TokenizerError::TooManyTokens { .. })));
    }
}
