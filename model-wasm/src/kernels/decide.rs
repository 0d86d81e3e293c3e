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
const TAIL_WORDS: usize = 12;
const PROGRESS_WORDS: usize = 8;
const UNIT_WORDS: usize = 6;
const NONE: u32 = u32::MAX;

/// Room for a question's tables.
#[derive(Clone, Copy, Debug)]
pub struct Decide {
    /// Units.
    pub max_units: usize,
    /// Distinct tokens of the units, the end included.
    pub max_vocabulary: usize,
    /// Prompt positions of the end token.
    pub max_ends: usize,
    /// Tokens of all units.
    pub max_unit_tokens: usize,
    /// Rows of one decoder call.
    pub max_rows: usize,
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
        4 * (HEAD_WORDS + TAIL_WORDS + PROGRESS_WORDS * self.max_units)
    }
}

impl Kernel for Decide {
    fn name(&self) -> &'static str {
        "decide"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/decide.wgsl"), &[("reduction", &reduction(256))])
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
            dimension(self.max_units),
            dimension(self.max_vocabulary),
            dimension(self.max_ends),
        ]
    }
}

/// What a question brings: the contents of `decide`'s buffers.
pub struct Tables {
    /// One row a unit.
    pub units: Vec<u32>,
    /// Vocabulary, ends, tokens of the units.
    pub tables: Vec<u32>,
    /// The initial state.
    pub state: Vec<u32>,
    /// The answer's tokens so far, the start token first.
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
    /// The first decoder input.
    pub start: u32,
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
        let vocabulary = sources.vocabulary(eos);
        let units = sources.units();
        let ends: Vec<u32> = (0u32..).zip(prompt).filter(|(_, id)| **id == eos).map(|(at, _)| at).collect();
        let tokens: usize = units.iter().map(|unit| unit.ids.len()).sum();
        for (what, found, limit) in [
            ("sentences", units.len(), room.max_units),
            ("different tokens", vocabulary.len(), room.max_vocabulary),
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
        for unit in units {
            let (kind, position) = match unit.origin {
                UnitOrigin::Text { position, .. } => (1, dimension(position)),
                UnitOrigin::Opening => (2, NONE),
                UnitOrigin::Connective => (3, NONE),
            };
            let same = units.iter().position(|other| other.ids == unit.ids).map_or(NONE, dimension);
            let first = dimension(unit_tokens.len());
            rows.extend([first, dimension(unit.ids.len()), kind, position, unit.prior.to_bits(), same]);
            unit_tokens.extend(unit.ids.iter().map(|id| row_of(*id)));
        }
        let mut tables = vocabulary.clone();
        tables.resize(room.max_vocabulary, 0);
        tables.extend(&ends);
        tables.resize(room.max_vocabulary + room.max_ends, 0);
        tables.extend(&unit_tokens);

        let mut state = vec![0; HEAD_WORDS + TAIL_WORDS + PROGRESS_WORDS * units.len()];
        state[0] = u32::from(!sources.has_text());
        let resumed = Resumed::new(units, resume);
        for (index, used) in resumed.used.iter().enumerate() {
            let progress = &mut state[HEAD_WORDS + TAIL_WORDS + PROGRESS_WORDS * index..];
            progress[0] = u32::from(resumed.matched.contains(&index));
            progress[1] = u32::from(*used);
        }
        let mut answer = vec![start];
        answer.extend(&resumed.tokens);
        state[2] = dimension(answer.len() - 1);
        state[6] = dimension(answer.len());
        let tail = &mut state[HEAD_WORDS..];
        tail[0] = dimension(resumed.offset);
        tail[1] = u32::from(resumed.announced);
        tail[2] = resumed.last.map_or(0, |unit| rows[UNIT_WORDS * unit + 2]);
        tail[3] = dimension(resumed.units_written);
        tail[4] = 1.0f32.to_bits();
        tail[5] = dimension(options.max_tokens);
        tail[6] = dimension(options.max_units);
        tail[7] = row_of(eos);
        tail[8] = u32::from(options.jump_forward);
        let counts = [
            (Count::Units, dimension(units.len())),
            (Count::Vocabulary, dimension(vocabulary.len())),
            (Count::Ends, dimension(ends.len())),
            (Count::Pending, dimension(answer.len().min(room.max_rows))),
            (Count::Base, 0),
            (Count::Go, u32::from(answer.len() <= room.max_rows)),
        ];
        Ok(Self { units: rows, tables, state, answer, counts })
    }
}

/// A unit that the answer was found to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announced {
    /// Index of the unit.
    pub unit: usize,
    /// Least probability of the choices that led to it.
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
