//! Grounded decoding with jump-forward (docs/ARCHITECTURE.md): the answer is put together from whole units of its sources. The model
//! chooses at the end of each unit which one comes next; the tokens of a unit are read without asking it.

use super::resume::Resumed;
use super::sampler::largest;
use super::sources::{Sources, UnitOrigin};
use crate::error::ModelError;
use crate::heads::{HeadRows, HeadScratch, LanguageModelHead, Verdict};
use crate::mambaformer::{DecoderState, Encoded, MambaFormer};
use crate::nn::{exp, ln, softmax_in_place};

/// Limits of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundedOptions {
    /// Most tokens; a unit that would go over it is not started, so that no sentence is cut.
    pub max_tokens: usize,
    /// Most units taken from texts.
    pub max_units: usize,
    /// Read the tokens of a chosen unit in one call, and take a single candidate without asking the model. Off only to measure what
    /// it saves; the answer is the same.
    pub jump_forward: bool,
    /// What the end of the answer is multiplied by, as a unit is by its prior; below 1 answers become longer.
    pub end_prior: f32,
    /// How much the pointer counts beside the priors: its mass is raised to this power. 1 for a model that judges as it was trained to,
    /// 0 for one whose judgement counts nothing.
    pub model_weight: ModelWeight,
}

/// How much the pointer's mass counts beside the priors, at the choice of the first sentence and at those after it: a model may have learnt
/// one and not the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelWeight {
    /// Before there is a sentence of a text.
    pub first: f32,
    /// From then on.
    pub then: f32,
}

impl ModelWeight {
    /// The same at every choice.
    #[must_use]
    pub const fn even(weight: f32) -> Self {
        Self { first: weight, then: weight }
    }
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub enum GroundedStep {
    /// The answer holds this unit next (index into [`Sources::units`]); `score` is its probability among the candidates.
    Unit {
        /// Index of the unit.
        unit: usize,
        /// 0..1
        score: f32,
    },
    /// The answer is complete.
    Done,
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Times the model chose between two or more candidates.
    pub decisions: usize,
    /// Decoder calls.
    pub model_calls: usize,
    /// Answer tokens.
    pub tokens: usize,
}

/// What may come next: one text, in every unit that holds it; no unit is the end of the answer.
struct Candidate {
    units: Vec<usize>,
}

/// An answer being written.
pub struct GroundedDecoder<'m> {
    model: &'m MambaFormer,
    sources: Sources,
    options: GroundedOptions,
    state: DecoderState,
    verdict: Verdict,
    /// Tokens a choice can fall on (see [`Sources::first_tokens`]) and the head's rows for them.
    vocabulary: Vec<u32>,
    rows: HeadRows,
    /// Tokens of the answer that the decoder has not read yet.
    pending: Vec<u32>,
    /// Logits, then probabilities of the vocabulary.
    generated: Vec<f32>,
    scratch: HeadScratch,
    /// Prompt positions of the end token, from which the pointer copies the end of the answer.
    ends: Vec<usize>,
    used: Vec<bool>,
    last: Option<UnitOrigin>,
    units_written: usize,
    statistics: Statistics,
    finished: bool,
}

impl<'m> GroundedDecoder<'m> {
    /// Reads what stands before an answer to `question` (its tokens); nothing is written yet.
    pub fn new(
        model: &'m MambaFormer,
        encoded: &Encoded,
        question: &[u32],
        sources: Sources,
        options: GroundedOptions,
    ) -> Result<Self, ModelError> {
        let config = model.config();
        let vocabulary = sources.first_tokens(config.eos_token_id);
        let rows = model.head_rows(&vocabulary);
        let mut state = model.begin_decoding(encoded)?;
        model.read(&mut state, &config.decoder_start(question))?;
        let verdict = model.verdict_of(&state);
        let units = sources.units().len();
        Ok(Self {
            model,
            finished: !sources.has_text(),
            sources,
            options,
            state,
            verdict,
            vocabulary,
            rows,
            pending: Vec::new(),
            generated: Vec::new(),
            scratch: HeadScratch::default(),
            ends: (0..encoded.ids.len()).filter(|at| encoded.ids[*at] == config.eos_token_id).collect(),
            used: vec![false; units],
            last: None,
            units_written: 0,
            statistics: Statistics { model_calls: 1, ..Statistics::default() },
        })
    }

    /// Puts back what another decoder over the same sources had written before it was interrupted: the answer goes on after these
    /// units. To be called before the first step.
    pub fn resume(&mut self, units: &[usize]) {
        let resumed = Resumed::new(&self.sources, units);
        self.statistics.tokens += resumed.tokens.len();
        self.pending.extend(resumed.tokens);
        self.used = resumed.used;
        self.units_written = resumed.units_written;
        self.last = resumed.last.map(|unit| self.sources.units()[unit].origin);
    }

    /// What the model says of the question as a whole, known before the first word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The sources the answer is taken from.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What the answer has cost so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Chooses what comes next: a unit, or the end of the answer.
    pub fn step(&mut self) -> Result<GroundedStep, ModelError> {
        if self.finished {
            return Ok(GroundedStep::Done);
        }
        let mut candidates = self.candidates();
        let chosen = match candidates.len() {
            // Nothing may follow: every unit is used, too long, or the limit of units is reached.
            0 => None,
            1 if self.options.jump_forward => Some((0, 1.0)),
            _ => Some(self.ask(&mut candidates)?),
        };
        let unit = chosen.and_then(|(index, score)| Some((*candidates[index].units.first()?, score)));
        let Some((unit, score)) = unit else {
            self.finished = true;
            return Ok(GroundedStep::Done);
        };
        self.write(unit);
        Ok(GroundedStep::Unit { unit, score })
    }

    /// Every text that can come next, and the end of the answer as the last.
    fn candidates(&self) -> Vec<Candidate> {
        let after_text = matches!(self.last, Some(UnitOrigin::Text { .. }));
        let more_text = self.units_written < self.options.max_units;
        let room = self.options.max_tokens.saturating_sub(self.statistics.tokens);
        let mut candidates: Vec<Candidate> = Vec::new();
        for (index, unit) in self.sources.units().iter().enumerate() {
            let may_start = match unit.origin {
                UnitOrigin::Text { .. } => more_text,
                UnitOrigin::Opening => self.last.is_none(),
                UnitOrigin::Connective => after_text && more_text,
            };
            if !may_start || self.used[index] || unit.ids.len() > room {
                continue;
            }
            let same = |candidate: &&mut Candidate| self.sources.same(candidate.units[0]) == self.sources.same(index);
            match candidates.iter_mut().find(same) {
                Some(candidate) => candidate.units.push(index),
                None => candidates.push(Candidate { units: vec![index] }),
            }
        }
        if after_text {
            candidates.push(Candidate { units: Vec::new() });
        }
        candidates
    }

    /// Lets the decoder read what is pending and chooses among the candidates: the chosen index and its probability among them. The
    /// first unit of a candidate is then the one that the pointer favours.
    fn ask(&mut self, candidates: &mut [Candidate]) -> Result<(usize, f32), ModelError> {
        let batch = if self.options.jump_forward { self.pending.len().max(1) } else { 1 };
        for tokens in self.pending.chunks(batch) {
            self.model.read(&mut self.state, tokens)?;
            self.statistics.model_calls += 1;
        }
        self.pending.clear();
        let z = self.state.last();
        LanguageModelHead::score(z, &self.rows, &mut self.generated);
        softmax_in_place(&mut self.generated);
        let pointer = self.model.point(z, &self.state, &mut self.scratch);
        let scores: Vec<f32> = match &pointer {
            None => candidates.iter().map(|candidate| self.generated(candidate)).collect(),
            Some(pointer) => {
                let copied = self.copied(candidates, &pointer.attention);
                // Without any mass every text has none.
                let of_pointer = (1.0 - pointer.generate) / copied.iter().sum::<f32>().max(f32::MIN_POSITIVE);
                let score = |(candidate, copied): (&Candidate, f32)| {
                    let in_text = !self.stands_in_no_text(candidate);
                    if in_text { of_pointer * copied } else { pointer.generate * self.generated(candidate) }
                };
                candidates.iter().zip(copied).map(score).collect()
            }
        };
        let total: f32 = scores.iter().sum();
        if !total.is_finite() {
            return Err(ModelError::NotFinite("answer probabilities"));
        }
        let chosen = largest(&scores).unwrap_or(0);
        if candidates.len() > 1 {
            self.statistics.decisions += 1;
        }
        // With no mass on any candidate the first one is as good as another, and nothing is known of it.
        Ok((chosen, if total > 0.0 { scores[chosen] / total } else { 0.0 }))
    }

    /// Openings and connectives: only the language model can propose them.
    fn stands_in_no_text(&self, candidate: &Candidate) -> bool {
        let origin = |unit: &usize| self.sources.units()[*unit].origin;
        candidate.units.first().is_some_and(|unit| !matches!(origin(unit), UnitOrigin::Text { .. }))
    }

    /// What the language model gives to the first token of a candidate, by its prior.
    fn generated(&self, candidate: &Candidate) -> f32 {
        let units = self.sources.units();
        let id = candidate.units.first().map_or(self.model.config().eos_token_id, |unit| units[*unit].ids[0]);
        let likelihood = self.vocabulary.binary_search(&id).map_or(0.0, |row| self.generated[row]);
        let prior = candidate.units.iter().map(|unit| units[*unit].prior).reduce(f32::max);
        likelihood * prior.unwrap_or(self.options.end_prior)
    }

    /// What the pointer, `attention [L]`, gives to each candidate, by its priors; not normalised. The units of a candidate are put in the
    /// order in which it favours them.
    fn copied(&self, candidates: &mut [Candidate], attention: &[f32]) -> Vec<f32> {
        let logs: Vec<f32> = attention.iter().map(|mass| ln(mass.max(f32::MIN_POSITIVE))).collect();
        let weight = self.options.model_weight;
        let weight = if self.units_written == 0 { weight.first } else { weight.then };
        let weighed = |log: f32| exp(weight * log);
        let of_unit = |unit: usize| {
            let unit = &self.sources.units()[unit];
            match unit.origin {
                UnitOrigin::Text { position, .. } => {
                    weighed(mean(logs.get(position..position + unit.ids.len()).unwrap_or_default())) * unit.prior
                }
                UnitOrigin::Opening | UnitOrigin::Connective => 0.0,
            }
        };
        candidates
            .iter_mut()
            .map(|candidate| {
                if candidate.units.is_empty() {
                    return self.options.end_prior * self.ends.iter().map(|at| weighed(logs[*at])).sum::<f32>();
                }
                candidate.units.sort_by(|a, b| of_unit(*b).total_cmp(&of_unit(*a)));
                candidate.units.iter().map(|unit| of_unit(*unit)).sum()
            })
            .collect()
    }

    /// Puts a unit behind the answer. Neither it nor another of its text comes again.
    fn write(&mut self, unit: usize) {
        let written = &self.sources.units()[unit];
        self.pending.extend(&written.ids);
        self.statistics.tokens += written.ids.len();
        self.last = Some(written.origin);
        self.units_written += usize::from(matches!(written.origin, UnitOrigin::Text { .. }));
        self.sources.mark_same(unit, &mut self.used);
    }
}

/// The mean of the logarithms of a unit's masses; of a unit that does not stand in the prompt, that of no mass.
fn mean(logs: &[f32]) -> f32 {
    if logs.is_empty() { ln(f32::MIN_POSITIVE) } else { logs.iter().sum::<f32>() / logs.len() as f32 }
}
