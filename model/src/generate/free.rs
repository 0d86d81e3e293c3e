//! Free generation: any token of the vocabulary, one decoder call per token.

use super::sampler::{Sampling, largest};
use crate::error::ModelError;
use crate::heads::{HeadScratch, Verdict};
use crate::mambaformer::{DecoderState, Encoded, MambaFormer, Mixture};
use crate::tokenizer::{Tokenizer, TokenizerError};

/// Limits and manner of free generation.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FreeOptions {
    /// Most tokens.
    pub max_tokens: usize,
    /// Greedy or sampled.
    pub sampling: Sampling,
    /// Generation ends before the first of these; empty strings are ignored.
    pub stop_strings: Vec<String>,
}

/// A generated token and where it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FreeToken {
    /// The token.
    pub id: u32,
    /// The prompt position of the same token with the most pointer mass; absent without copy head or where the prompt has no such token.
    pub source: Option<usize>,
    /// The share of the token's probability that came from copying, 0..1.
    pub copy_share: f32,
    /// Its probability.
    pub probability: f32,
}

/// Why generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The model ended the answer.
    EndOfSequence,
    /// `max_tokens` was reached.
    MaxTokens,
    /// A stop string appeared; the text ends before it.
    StopString,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub enum FreeStep {
    /// A token was generated; `text` is what can be shown of it already (a stop string's possible beginning is held back).
    Token {
        /// The token.
        token: FreeToken,
        /// New text, possibly empty.
        text: String,
    },
    /// The end; `text` is what had been held back.
    Done {
        /// Last text, possibly empty.
        text: String,
        /// Why.
        reason: StopReason,
    },
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum FreeError {
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokens could not be joined to text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// The text of an answer as its tokens come, whatever engine generates them: joined, held back where it may become a stop string.
#[derive(Clone)]
pub struct FreeText<'m> {
    tokenizer: &'m Tokenizer,
    stop_strings: Vec<String>,
    ids: Vec<u32>,
    shown: usize,
}

impl<'m> FreeText<'m> {
    /// No token yet.
    #[must_use]
    pub fn new(tokenizer: &'m Tokenizer, mut stop_strings: Vec<String>) -> Self {
        stop_strings.retain(|stop| !stop.is_empty());
        Self { tokenizer, stop_strings, ids: Vec::new(), shown: 0 }
    }

    /// The tokens so far.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Takes in the next token; `Done` where it completes a stop string.
    pub fn push(&mut self, token: FreeToken) -> Result<FreeStep, TokenizerError> {
        self.ids.push(token.id);
        let text = self.tokenizer.decode(&self.ids)?;
        let stop = self.stop_strings.iter().filter_map(|stop| text.find(stop.as_str())).min();
        if let Some(at) = stop {
            let text = text.get(self.shown..at).unwrap_or_default().to_owned();
            return Ok(FreeStep::Done { text, reason: StopReason::StopString });
        }
        let safe = safe_length(&text, &self.stop_strings);
        let new = text.get(self.shown..safe).unwrap_or_default().to_owned();
        self.shown = self.shown.max(safe);
        Ok(FreeStep::Token { token, text: new })
    }

    /// The end, with what had been held back.
    pub fn end(&self, reason: StopReason) -> Result<FreeStep, TokenizerError> {
        let text = self.tokenizer.decode(&self.ids)?;
        Ok(FreeStep::Done { text: text.get(self.shown..).unwrap_or_default().to_owned(), reason })
    }
}

/// An answer being generated.
pub struct FreeDecoder<'m> {
    model: &'m MambaFormer,
    text: FreeText<'m>,
    max_tokens: usize,
    sampling: Sampling,
    prompt: Vec<u32>,
    state: DecoderState,
    scratch: HeadScratch,
    verdict: Verdict,
    ended: Option<StopReason>,
}

impl<'m> FreeDecoder<'m> {
    /// Reads what stands before an answer to `question` (its tokens); nothing is generated yet.
    pub fn new(
        model: &'m MambaFormer,
        tokenizer: &'m Tokenizer,
        encoded: &Encoded,
        question: &[u32],
        options: FreeOptions,
    ) -> Result<Self, ModelError> {
        let mut state = model.begin_decoding(encoded)?;
        model.read(&mut state, &model.config().decoder_start(question))?;
        Ok(Self {
            verdict: model.verdict_of(&state),
            text: FreeText::new(tokenizer, options.stop_strings),
            max_tokens: options.max_tokens,
            sampling: options.sampling,
            model,
            prompt: encoded.ids.clone(),
            state,
            scratch: HeadScratch::default(),
            ended: None,
        })
    }

    /// Goes on after what another engine had written; call it before the first step.
    pub fn resume(&mut self, written: FreeText<'m>) -> Result<(), ModelError> {
        if !written.ids.is_empty() {
            self.model.read(&mut self.state, &written.ids)?;
        }
        self.text = written;
        Ok(())
    }

    /// What the model says of the question as a whole.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The tokens generated so far.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        self.text.ids()
    }

    /// Generates one token.
    pub fn step(&mut self) -> Result<FreeStep, FreeError> {
        if let Some(reason) = self.ended {
            return Ok(FreeStep::Done { text: String::new(), reason });
        }
        let step = if self.ids().len() >= self.max_tokens {
            self.text.end(StopReason::MaxTokens)?
        } else {
            let token = self.next_token()?;
            if token.id == self.model.config().eos_token_id {
                self.text.end(StopReason::EndOfSequence)?
            } else {
                self.text.push(token)?
            }
        };
        match &step {
            FreeStep::Token { token, .. } => self.model.read(&mut self.state, &[token.id])?,
            FreeStep::Done { reason, .. } => self.ended = Some(*reason),
        }
        Ok(step)
    }

    fn next_token(&mut self) -> Result<FreeToken, ModelError> {
        let mixture = self.model.mix(self.state.last(), &self.state, &self.prompt, &mut self.scratch)?;
        // A step's number is that of its token: an answer that goes on elsewhere draws the same.
        let chosen = self.sampling.choose(&mixture.probabilities, self.text.ids.len() as u64).unwrap_or(0);
        Ok(FreeToken::chosen(chosen, &mixture, &self.prompt))
    }
}

impl FreeToken {
    /// The token that was chosen of a mixture, and where in the prompt it came from.
    #[must_use]
    pub fn chosen(chosen: usize, Mixture { probabilities, pointer }: &Mixture, prompt: &[u32]) -> Self {
        let id = u32::try_from(chosen).unwrap_or(u32::MAX);
        let probability = probabilities.get(chosen).copied().unwrap_or(0.0);
        let (source, copy_share) = pointer.as_ref().map_or((None, 0.0), |pointer| {
            let mass = |position: usize| if prompt[position] == id { pointer.attention[position] } else { 0.0 };
            let masses: Vec<f32> = (0..prompt.len()).map(mass).collect();
            let copied = (1.0 - pointer.generate) * masses.iter().sum::<f32>();
            let source = largest(&masses).filter(|position| prompt[*position] == id);
            (source, if probability > 0.0 { (copied / probability).min(1.0) } else { 0.0 })
        });
        Self { id, source, copy_share, probability }
    }
}

/// How much of `text` may be shown: not an unfinished character, not what could become a stop string.
fn safe_length(text: &str, stops: &[String]) -> usize {
    let complete = text.trim_end_matches(char::REPLACEMENT_CHARACTER).len();
    let held = stops
        .iter()
        .flat_map(|stop| stop.char_indices().map(move |(at, character)| &stop[..at + character.len_utf8()]))
        .filter(|beginning| text[..complete].ends_with(beginning))
        .map(str::len)
        .max();
    complete - held.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_held_back_while_it_may_become_a_stop_string() {
        let stops = vec!["\n\nQ:".to_owned(), "END".to_owned()];
        for (text, shown) in
            [("All done", 8), ("All E", 4), ("All EN", 4), ("All EX", 6), ("x\n\n", 1), ("caf\u{fffd}", 3), ("", 0)]
        {
            assert_eq!(safe_length(text, &stops), shown, "{text:?}");
        }
    }
}
