//! Grounded decoding on the GPU: the tables a question brings, the state of its answer, and how the host reads it.
//!
//! There is no plain f32 reference here: it is `model`'s `GroundedDecoder`, and the tests hold whole answers against it.

use mambaformer_model::generate::{GroundedOptions, Resumed, Sources, Statistics, UnitOrigin};

use super::case::dimension;
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

/// Events that fit into the head of the state.
pub const MAX_EVENTS: usize = 64;
/// Words of the state's head that the host reads: 8 numbers and the events.
pub const HEAD_WORDS: usize = 8 + 4 * MAX_EVENTS;
const TAIL_WORDS: usize = 9;
const UNIT_WORDS: usize = 7;
const NONE: u32 = u32::MAX;

/// Room for a question's tables.
#[derive(Clone, Copy, Debug)]
pub struct Decide {
    /// Units.
    pub max_units: usize,
    /// Distinct first tokens of the units, the end included.
    pub max_vocabulary: usize,
    /// Prompt positions of the end token.
    pub max_ends: usize,
    /// Tokens of all units.
    pub max_unit_tokens: usize,
    /// Rows of one decoder call.
    pub max_rows: usize,
    /// Whether there is a copy head; without one the language model scores every unit.
    pub copies: bool,
}

impl Decide {
    /// Bytes of the units' table.
    #[must_use]
    pub fn unit_bytes(&self) -> usize {
        4 * UNIT_WORDS * self.max_units
    }

    /// Bytes of the other tables.
    #[must_use]
    pub fn table_bytes(&self) -> usize {
        4 * (self.max_vocabulary + self.max_ends + self.max_unit_tokens)
    }

    /// Bytes of the state.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        4 * (HEAD_WORDS + TAIL_WORDS + self.max_units)
    }
}

impl Kernel for Decide {
    fn name(&self) -> &'static str {
        "decide"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/decide.wgsl"), &[("reduction", &reduction(256, "f32"))])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Write, Access::Write]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            Count::Units.at(),
            Count::Vocabulary.at(),
            Count::Ends.at(),
            Count::Pending.at(),
            Count::Base.at(),
            Count::Go.at(),
            dimension(self.max_rows),
            dimension(self.max_vocabulary),
            dimension(self.max_ends),
            u32::from(self.copies),
        ]
    }
}

/// What a question brings: the contents of `decide`'s buffers.
pub struct Tables {
    /// One row a unit.
    pub units: Vec<u32>,
    /// First tokens, ends, tokens of the units.
    pub tables: Vec<u32>,
    /// The initial state.
    pub state: Vec<u32>,
    /// What the decoder reads before the answer, and the answer's tokens so far.
    pub answer: Vec<u32>,
    /// Numbers for the counts.
    pub counts: [(Count, u32); 6],
}

/// The prompt and the tokens that mean something to the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'p> {
    /// The prompt's tokens.
    pub ids: &'p [u32],
    /// The end token.
    pub eos: u32,
    /// What the decoder reads before the answer; the start token last.
    pub start: &'p [u32],
}

/// A question that does not fit into the buffers made at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sources have {found} {what}, the GPU's tables hold {limit}; the processor answers this question")]
pub struct TooMany {
    /// Of what.
    pub what: &'static str,
    /// How many.
    pub found: usize,
    /// How many fit.
    pub limit: usize,
}

impl Tables {
    /// Lays a question out for `room`. `resume`: the units that an interrupted answer held already.
    pub fn new(
        room: &Decide,
        sources: &Sources,
        options: GroundedOptions,
        resume: &[usize],
        Prompt { ids: prompt, eos, start }: Prompt,
    ) -> Result<Self, TooMany> {
        let vocabulary = sources.first_tokens(eos);
        let units = sources.units();
        let ends: Vec<u32> = (0u32..).zip(prompt).filter(|(_, id)| **id == eos).map(|(at, _)| at).collect();
        let tokens: usize = units.iter().map(|unit| unit.ids.len()).sum();
        for (what, found, limit) in [
            ("sentences", units.len(), room.max_units),
            ("first words", vocabulary.len(), room.max_vocabulary),
            ("end tokens", ends.len(), room.max_ends),
            ("tokens", tokens, room.max_unit_tokens),
        ] {
            if found > limit {
                return Err(TooMany { what, found, limit });
            }
        }
        let row_of = |id: u32| vocabulary.binary_search(&id).map_or(NONE, dimension);
        let mut rows = Vec::with_capacity(UNIT_WORDS * units.len());
        let mut unit_tokens = Vec::with_capacity(tokens);
        for (index, unit) in units.iter().enumerate() {
            let (kind, position) = match unit.origin {
                UnitOrigin::Text { position, .. } => (1, dimension(position)),
                UnitOrigin::Opening => (2, NONE),
                UnitOrigin::Connective => (3, NONE),
            };
            let (first, same) = (dimension(unit_tokens.len()), dimension(sources.same(index)));
            let row = unit.ids.first().map_or(NONE, |id| row_of(*id));
            rows.extend([first, dimension(unit.ids.len()), kind, position, unit.prior.to_bits(), same, row]);
            unit_tokens.extend(&unit.ids);
        }
        let mut tables = vocabulary.clone();
        tables.resize(room.max_vocabulary, 0);
        tables.extend(&ends);
        tables.resize(room.max_vocabulary + room.max_ends, 0);
        tables.extend(&unit_tokens);

        let resumed = Resumed::new(sources, resume);
        let mut answer = start.to_vec();
        answer.extend(&resumed.tokens);
        let mut state = vec![0; HEAD_WORDS];
        state[0] = u32::from(!sources.has_text());
        state[2] = dimension(resumed.tokens.len());
        state[6] = dimension(answer.len());
        state.extend([
            resumed.last.map_or(0, |unit| rows[UNIT_WORDS * unit + 2]),
            dimension(resumed.units_written),
            dimension(options.max_tokens),
            dimension(options.max_units),
            row_of(eos),
            u32::from(options.jump_forward),
            options.end_prior.to_bits(),
            options.model_weight.first.to_bits(),
            options.model_weight.then.to_bits(),
        ]);
        debug_assert_eq!(state.len(), HEAD_WORDS + TAIL_WORDS);
        state.extend(resumed.used.iter().map(|used| u32::from(*used)));
        let most = if options.jump_forward { room.max_rows } else { 1 };
        let counts = [
            (Count::Units, dimension(units.len())),
            (Count::Vocabulary, dimension(vocabulary.len())),
            (Count::Ends, dimension(ends.len())),
            (Count::Pending, dimension(answer.len().min(most))),
            (Count::Base, 0),
            (Count::Go, u32::from(answer.len() <= most)),
        ];
        Ok(Self { units: rows, tables, state, answer, counts })
    }
}

/// A unit that the answer holds next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announced {
    /// Index of the unit.
    pub unit: usize,
    /// Its probability among the candidates.
    pub score: f32,
}

/// The head of the state.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The answer is complete.
    pub finished: bool,
    /// Values that are no numbers turned up.
    pub not_finite: bool,
    /// What it cost so far.
    pub statistics: Statistics,
    /// The units so far, in order.
    pub events: Vec<Announced>,
}

impl Head {
    /// Reads the first [`HEAD_WORDS`] words.
    #[must_use]
    pub fn read(words: &[u32]) -> Self {
        let at = |index: usize| words.get(index).copied().unwrap_or(0);
        let number = |index: usize| usize::try_from(at(index)).unwrap_or(usize::MAX);
        let events = words
            .get(8..)
            .unwrap_or_default()
            .chunks_exact(4)
            .take(number(1).min(MAX_EVENTS))
            .map(|event| Announced {
                unit: usize::try_from(event[0]).unwrap_or(usize::MAX),
                score: f32::from_bits(event[1]),
            })
            .collect();
        Self {
            finished: at(0) == 1,
            not_finite: at(5) == 1,
            statistics: Statistics { decisions: number(3), model_calls: number(4), tokens: number(2) },
            events,
        }
    }
}
