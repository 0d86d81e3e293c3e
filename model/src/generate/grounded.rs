//! Grounded decoding with jump-forward (docs/ARCHITECTURE.md): the answer is put together from whole units of its sources; the
//! model's probabilities choose where a unit starts, and whatever has one possible continuation is followed without asking it.

use super::resume::Resumed;
use super::sampler::largest;
use super::sources::{Sources, UnitOrigin};
use crate::error::ModelError;
use crate::heads::{HeadRows, HeadScratch, LanguageModelHead, Pointer, Verdict};
use crate::mambaformer::{DecoderState, Encoded, MambaFormer};
use crate::nn::softmax_in_place;

/// Limits of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroundedOptions {
    /// Most tokens; a unit that would go over it is not started, so that no sentence is cut.
    pub max_tokens: usize,
    /// Most units taken from texts.
    pub max_units: usize,
    /// Follow a single candidate without asking the model. Off only to measure what it saves; the answer is the same.
    pub jump_forward: bool,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub enum GroundedStep {
    /// The model was asked and the answer goes on, but it is not settled yet which unit it is in.
    Undecided,
    /// The answer holds this unit next (index into [`Sources::units`]); `score` is the least probability, among the candidates,
    /// of the choices that led to it.
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

/// One token an answer could go on with.
struct Candidate {
    id: u32,
    /// The units it continues or starts, each with the prompt position it would be copied from; none for the end.
    places: Vec<Place>,
    continues: bool,
}

#[derive(Clone, Copy)]
struct Place {
    unit: usize,
    position: Option<usize>,
}

/// An answer being written.
pub struct GroundedDecoder<'m> {
    model: &'m MambaFormer,
    sources: Sources,
    options: GroundedOptions,
    state: DecoderState,
    verdict: Verdict,
    /// Tokens an answer can hold and the head's rows for them.
    vocabulary: Vec<u32>,
    rows: HeadRows,
    /// Tokens chosen or followed that the decoder has not read yet.
    pending: Vec<u32>,
    /// Logits, then probabilities of the vocabulary.
    generated: Vec<f32>,
    scratch: HeadScratch,
    /// Prompt positions of the end token, from which the pointer copies the end of the answer.
    ends: Vec<usize>,
    used: Vec<bool>,
    /// Units the answer may be in, all at the same offset.
    matched: Vec<usize>,
    offset: usize,
    /// Pointer mass each matched unit has gathered: it decides between units of identical text.
    pointed: Vec<f32>,
    announced: bool,
    score: f32,
    last: Option<UnitOrigin>,
    /// A choice already made that leaves a unit which has to be settled first.
    postponed: Option<(Candidate, f32)>,
    units_written: usize,
    statistics: Statistics,
    finished: bool,
}

impl<'m> GroundedDecoder<'m> {
    /// Reads the start token; nothing is written yet.
    pub fn new(
        model: &'m MambaFormer,
        encoded: &Encoded,
        sources: Sources,
        options: GroundedOptions,
    ) -> Result<Self, ModelError> {
        let config = model.config();
        let vocabulary = sources.vocabulary(config.eos_token_id);
        let rows = model.head_rows(&vocabulary);
        let mut state = model.begin_decoding(encoded)?;
        model.read(&mut state, &[config.decoder_start_token_id])?;
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
            matched: Vec::new(),
            offset: 0,
            pointed: vec![0.0; units],
            announced: true,
            score: 1.0,
            last: None,
            postponed: None,
            units_written: 0,
            statistics: Statistics { model_calls: 1, ..Statistics::default() },
        })
    }

    /// Puts back what another decoder over the same sources had announced before it was interrupted: the answer goes on after these
    /// units. To be called before the first step.
    ///
    /// Where the last of them begins a longer unit, leaving it was part of the choice that came next: that choice is made again, and the
    /// unit is announced a second time.
    pub fn resume(&mut self, units: &[usize]) {
        let resumed = Resumed::new(self.sources.units(), units);
        self.statistics.tokens += resumed.tokens.len();
        self.pending.extend(resumed.tokens);
        self.used = resumed.used;
        self.matched = resumed.matched;
        self.offset = resumed.offset;
        self.units_written = resumed.units_written;
        self.last = resumed.last.map(|unit| self.sources.units()[unit].origin);
        self.announced = resumed.announced;
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

    /// Goes on until a unit is settled, the answer ends, or the model has been asked once.
    pub fn step(&mut self) -> Result<GroundedStep, ModelError> {
        loop {
            if self.finished {
                return Ok(GroundedStep::Done);
            }
            if !self.announced && self.is_settled() {
                return Ok(self.announce());
            }
            if let Some((candidate, probability)) = self.postponed.take() {
                self.follow(&candidate, probability);
                continue;
            }
            let mut candidates = self.candidates();
            let asked = candidates.len() > 1 || (!self.options.jump_forward && !candidates.is_empty());
            let (chosen, probability) = if asked { self.ask(&candidates)? } else { (0, 1.0) };
            if candidates.is_empty() {
                // Nothing may follow: every unit is used, too long, or the limit of units is reached.
                self.finished = true;
                continue;
            }
            let candidate = candidates.swap_remove(chosen);
            if !candidate.continues && !self.announced {
                // The text so far is one whole unit and the beginning of a longer one; leaving it settles which it was.
                let units = self.sources.units();
                self.matched.retain(|unit| units[*unit].ids.len() == self.offset);
                self.postponed = Some((candidate, probability));
                return Ok(self.announce());
            }
            self.follow(&candidate, probability);
            if asked && !self.finished && (self.announced || !self.is_settled()) {
                return Ok(GroundedStep::Undecided);
            }
        }
    }

    /// Whether only one unit, or several of identical text, can be meant.
    fn is_settled(&self) -> bool {
        let units = self.sources.units();
        self.matched
            .split_first()
            .is_some_and(|(first, rest)| rest.iter().all(|unit| units[*unit].ids == units[*first].ids))
    }

    /// Settles the unit the answer is in: of identical texts the one the pointer favoured.
    fn announce(&mut self) -> GroundedStep {
        let mut unit = self.matched[0];
        for &other in &self.matched[1..] {
            if self.pointed[other] > self.pointed[unit] {
                unit = other;
            }
        }
        self.announced = true;
        self.last = Some(self.sources.units()[unit].origin);
        for &identical in &self.matched {
            self.used[identical] = true;
        }
        if matches!(self.sources.units()[unit].origin, UnitOrigin::Text { .. }) {
            self.units_written += 1;
        }
        self.matched = vec![unit];
        GroundedStep::Unit { unit, score: self.score }
    }

    /// Everything the next token can be, one entry per distinct token.
    fn candidates(&self) -> Vec<Candidate> {
        let units = self.sources.units();
        let place = |unit: usize, offset: usize| Place {
            unit,
            position: match units[unit].origin {
                UnitOrigin::Text { position, .. } => Some(position + offset),
                UnitOrigin::Opening | UnitOrigin::Connective => None,
            },
        };
        let mut candidates = Vec::new();
        for &unit in &self.matched {
            if let Some(&id) = units[unit].ids.get(self.offset) {
                add(&mut candidates, id, place(unit, self.offset), true);
            }
        }
        let ended = self.matched.iter().copied().find(|unit| units[*unit].ids.len() == self.offset);
        if !self.matched.is_empty() && ended.is_none() {
            return candidates;
        }
        let last = ended.map(|unit| units[unit].origin).or(self.last);
        let after_text = matches!(last, Some(UnitOrigin::Text { .. }));
        let unannounced = usize::from(!self.announced && after_text);
        let more_text = self.units_written + unannounced < self.options.max_units;
        let room = self.options.max_tokens.saturating_sub(self.statistics.tokens);
        for (index, unit) in units.iter().enumerate() {
            let may_start = match unit.origin {
                UnitOrigin::Text { .. } => more_text,
                UnitOrigin::Opening => last.is_none(),
                UnitOrigin::Connective => after_text && more_text,
            };
            if may_start && !self.used[index] && !self.matched.contains(&index) && unit.ids.len() <= room {
                add(&mut candidates, unit.ids[0], place(index, 0), false);
            }
        }
        if after_text {
            candidates.push(Candidate { id: self.model.config().eos_token_id, places: Vec::new(), continues: false });
        }
        candidates
    }

    /// Lets the decoder read what is pending and chooses among the candidates: the chosen index and its probability among them.
    fn ask(&mut self, candidates: &[Candidate]) -> Result<(usize, f32), ModelError> {
        if !self.pending.is_empty() {
            self.model.read(&mut self.state, &self.pending)?;
            self.pending.clear();
            self.statistics.model_calls += 1;
        }
        let z = self.state.last();
        LanguageModelHead::score(z, &self.rows, &mut self.generated);
        softmax_in_place(&mut self.generated);
        let pointer = self.model.point(z, &self.state, &mut self.scratch);
        let mut scores = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let likelihood = self.vocabulary.binary_search(&candidate.id).map_or(0.0, |row| self.generated[row]);
            scores.push(self.score(candidate, likelihood, pointer.as_ref()));
        }
        let total: f32 = scores.iter().sum();
        if !total.is_finite() {
            return Err(ModelError::NotFinite("answer probabilities"));
        }
        let chosen = largest(&scores).unwrap_or(0);
        if candidates.len() > 1 {
            self.statistics.decisions += 1;
        }
        if let Some(pointer) = &pointer {
            for place in &candidates[chosen].places {
                let mass = place.position.map_or(0.0, |at| pointer.attention[at]);
                self.pointed[place.unit] += mass * self.sources.units()[place.unit].prior;
            }
        }
        // With no mass on any candidate the first one is as good as another, and nothing is known of it.
        Ok((chosen, if total > 0.0 { scores[chosen] / total } else { 0.0 }))
    }

    /// The mass of one candidate: generated and copied, the copied part from its own places only, each by its unit's prior.
    fn score(&self, candidate: &Candidate, likelihood: f32, pointer: Option<&Pointer>) -> f32 {
        let units = self.sources.units();
        // Also inside a unit: while several still match, each further token tells them apart, and retrieval's say stays the same.
        let prior = |place: &Place| units[place.unit].prior;
        let generated = likelihood * candidate.places.iter().map(prior).reduce(f32::max).unwrap_or(1.0);
        let Some(pointer) = pointer else { return generated };
        let mass = |place: &Place| place.position.map_or(0.0, |at| pointer.attention[at] * prior(place));
        let copied: f32 = if candidate.places.is_empty() {
            self.ends.iter().map(|at| pointer.attention[*at]).sum()
        } else {
            candidate.places.iter().map(mass).sum()
        };
        pointer.generate * generated + (1.0 - pointer.generate) * copied
    }

    /// Moves on by the chosen token.
    fn follow(&mut self, candidate: &Candidate, probability: f32) {
        if candidate.places.is_empty() {
            self.finished = true;
            return;
        }
        if candidate.continues {
            self.offset += 1;
            self.score = self.score.min(probability);
        } else {
            self.offset = 1;
            self.announced = false;
            self.score = probability;
        }
        self.matched = candidate.places.iter().map(|place| place.unit).collect();
        self.pending.push(candidate.id);
        self.statistics.tokens += 1;
    }
}

/// Adds a place to the candidate of its token. A token that continues the unit at hand is not also the start of another.
fn add(candidates: &mut Vec<Candidate>, id: u32, place: Place, continues: bool) {
    match candidates.iter_mut().find(|candidate| candidate.id == id) {
        Some(candidate) if candidate.continues == continues => candidate.places.push(place),
        Some(_) => {}
        None => candidates.push(Candidate { id, places: vec![place], continues }),
    }
}
