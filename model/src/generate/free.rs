//! Free generation: any token of the vocabulary, one decoder call per token.

use super::sampler::{Sampler, Sampling, largest};
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

/// An answer being generated.
pub struct FreeDecoder<'m> {
    model: &'m MambaFormer,
    tokenizer: &'m Tokenizer,
    options: FreeOptions,
    prompt: Vec<u32>,
    state: DecoderState,
    scratch: HeadScratch,
    verdict: Verdict,
    sampler: Sampler,
    ids: Vec<u32>,
    shown: usize,
    ended: Option<StopReason>,
}

impl<'m> FreeDecoder<'m> {
    /// Reads the start token; nothing is generated yet.
    pub fn new(
        model: &'m MambaFormer,
        tokenizer: &'m Tokenizer,
        encoded: &Encoded,
        mut options: FreeOptions,
    ) -> Result<Self, ModelError> {
        options.stop_strings.retain(|stop| !stop.is_empty());
        let mut state = model.begin_decoding(encoded)?;
        model.read(&mut state, &[model.config().decoder_start_token_id])?;
        Ok(Self {
            verdict: model.verdict_of(&state),
            sampler: Sampler::new(options.sampling),
            model,
            tokenizer,
            options,
            prompt: encoded.ids.clone(),
            state,
            scratch: HeadScratch::default(),
            ids: Vec::new(),
            shown: 0,
            ended: None,
        })
    }

    /// What the model says of the question as a whole.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The tokens generated so far.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Generates one token.
    pub fn step(&mut self) -> Result<FreeStep, FreeError> {
        if let Some(reason) = self.ended {
            return Ok(FreeStep::Done { text: String::new(), reason });
        }
        if self.ids.len() >= self.options.max_tokens {
            return self.end(StopReason::MaxTokens);
        }
        let token = self.next_token()?;
        if token.id == self.model.config().eos_token_id {
            return self.end(StopReason::EndOfSequence);
        }
        self.ids.push(token.id);
        let text = self.tokenizer.decode(&self.ids)?;
        let stop = self.options.stop_strings.iter().filter_map(|stop| text.find(stop.as_str())).min();
        if let Some(at) = stop {
            self.ended = Some(StopReason::StopString);
            let text = text.get(self.shown..at).unwrap_or_default().to_owned();
            return Ok(FreeStep::Done { text, reason: StopReason::StopString });
        }
        let safe = safe_length(&text, &self.options.stop_strings);
        let new = text.get(self.shown..safe).unwrap_or_default().to_owned();
        self.shown = self.shown.max(safe);
        self.model.read(&mut self.state, &[token.id])?;
        Ok(FreeStep::Token { token, text: new })
    }

    fn end(&mut self, reason: StopReason) -> Result<FreeStep, FreeError> {
        self.ended = Some(reason);
        let text = self.tokenizer.decode(&self.ids)?;
        Ok(FreeStep::Done { text: text.get(self.shown..).unwrap_or_default().to_owned(), reason })
    }

    fn next_token(&mut self) -> Result<FreeToken, ModelError> {
        let Mixture { probabilities, pointer } =
            self.model.mix(self.state.last(), &self.state, &self.prompt, &mut self.scratch)?;
        let chosen = self.sampler.choose(&probabilities).unwrap_or(0);
        let id = u32::try_from(chosen).unwrap_or(u32::MAX);
        let probability = probabilities[chosen];
        let (source, copy_share) = pointer.map_or((None, 0.0), |pointer| {
            let mass = |position: usize| if self.prompt[position] == id { pointer.attention[position] } else { 0.0 };
            let masses: Vec<f32> = (0..self.prompt.len()).map(mass).collect();
            let copied = (1.0 - pointer.generate) * masses.iter().sum::<f32>();
            let source = largest(&masses).filter(|position| self.prompt[*position] == id);
            (source, if probability > 0.0 { (copied / probability).min(1.0) } else { 0.0 })
        });
        Ok(FreeToken { id, source, copy_share, probability })
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
