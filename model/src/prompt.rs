//! The prompt: question, note and passages as one token sequence, with every token's place in its source.
//!
//! `<q> question [<n> note] (<p> title <t> text)* </s>`; each part is split by itself, so that a sentence has the same tokens in
//! a passage and in an answer.

use std::ops::Range;

use crate::config::Config;
use crate::tokenizer::{Token, Tokenizer, TokenizerError};

/// A passage as the model reads it. White space is collapsed by the caller: offsets count the bytes of these very strings.
#[derive(Clone, Copy, Debug)]
pub struct PassageText<'a> {
    /// Heading.
    pub title: &'a str,
    /// Body.
    pub text: &'a str,
}

/// The part of the prompt a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A mark or the end.
    Mark,
    /// The question.
    Question,
    /// The clinical note.
    Note,
    /// A passage's heading.
    Title(usize),
    /// A passage's body.
    Text(usize),
}

/// A text that answers may be taken from, as it lies in the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedText {
    /// [`Part::Note`] or [`Part::Text`].
    pub part: Part,
    /// Prompt position of its first token.
    pub position: usize,
    /// Its tokens with their bytes in the text.
    pub tokens: Vec<Token>,
}

impl PlacedText {
    /// Prompt positions of the tokens that stand for the given bytes; `None` where part of them did not fit the prompt.
    #[must_use]
    pub fn positions(&self, bytes: &Range<usize>) -> Option<Range<usize>> {
        let first = self.tokens.iter().position(|token| token.end > bytes.start)?;
        let after = self.tokens.iter().position(|token| token.start >= bytes.end).unwrap_or(self.tokens.len());
        let covered = self.tokens.get(after.checked_sub(1)?)?.end >= bytes.end;
        (covered && first < after).then_some(self.position + first..self.position + after)
    }
}

/// A prompt ready to be encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The part each token belongs to.
    pub parts: Vec<Part>,
    /// The note and the passages that fitted.
    pub texts: Vec<PlacedText>,
}

/// A prompt that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A text could not be split.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Question and note alone are longer than the model allows.
    #[error("question and note have {found} tokens, the model takes {limit} with its passages; shorten the note")]
    TooLong {
        /// Tokens of question, note and marks.
        found: usize,
        /// `max_tokens` of the configuration.
        limit: usize,
    },
}

impl Prompt {
    /// Builds the prompt; passages that do not fit are left out from the end, and the last that does not fit whole is left out too.
    pub fn build(
        config: &Config,
        tokenizer: &Tokenizer,
        question: &str,
        note: Option<&str>,
        passages: &[PassageText],
    ) -> Result<Self, PromptError> {
        let marks = tokenizer.marks();
        let mark = |id: Option<u32>| id.map(|id| Token { id, start: 0, end: 0 });
        let mut prompt = Self::default();
        prompt.push(Part::Mark, mark(marks.map(|marks| marks.question)).as_slice());
        prompt.push(Part::Question, &tokenizer.encode(question)?);
        if let Some(note) = note {
            prompt.push(Part::Mark, mark(marks.map(|marks| marks.note)).as_slice());
            prompt.push(Part::Note, &tokenizer.encode(note)?);
        }
        let limit = config.max_tokens;
        if prompt.ids.len() + 1 > limit {
            return Err(PromptError::TooLong { found: prompt.ids.len() + 1, limit });
        }
        for (index, passage) in passages.iter().enumerate() {
            let title = tokenizer.encode(passage.title)?;
            let text = tokenizer.encode(passage.text)?;
            if prompt.ids.len() + title.len() + text.len() + 3 > limit {
                break;
            }
            prompt.push(Part::Mark, mark(marks.map(|marks| marks.passage)).as_slice());
            prompt.push(Part::Title(index), &title);
            prompt.push(Part::Mark, mark(marks.map(|marks| marks.text)).as_slice());
            prompt.push(Part::Text(index), &text);
        }
        prompt.push(Part::Mark, &[Token { id: config.eos_token_id, start: 0, end: 0 }]);
        Ok(prompt)
    }

    /// The question's tokens.
    #[must_use]
    pub fn question(&self) -> &[u32] {
        let is_asked = |part: &Part| *part == Part::Question;
        let first = self.parts.iter().position(is_asked).unwrap_or_default();
        let count = self.parts.iter().skip(first).take_while(|part| is_asked(part)).count();
        self.ids.get(first..first + count).unwrap_or_default()
    }

    fn push(&mut self, part: Part, tokens: &[Token]) {
        if matches!(part, Part::Note | Part::Text(_)) {
            self.texts.push(PlacedText { part, position: self.ids.len(), tokens: tokens.to_vec() });
        }
        self.ids.extend(tokens.iter().map(|token| token.id));
        self.parts.extend(std::iter::repeat_n(part, tokens.len()));
    }
}
