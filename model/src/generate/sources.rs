//! What a grounded answer may be made of: units (sentences or clauses of the sources, openings, connectives) as token runs.

use std::ops::Range;

/// Where a unit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitOrigin {
    /// A text of the prompt ([`crate::prompt::Prompt::texts`]); the unit's tokens stand at these prompt positions.
    Text {
        /// Index into the prompt's texts.
        text: usize,
        /// Prompt position of the unit's first token.
        position: usize,
    },
    /// The closed list of openings ("Yes.") : only at the start of an answer.
    Opening,
    /// The closed list of connectives ("and"): only between two source units.
    Connective,
}

/// A run of tokens that an answer holds whole or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceUnit {
    /// Where it comes from.
    pub origin: UnitOrigin,
    /// The unit's tokens, never empty.
    pub ids: Vec<u32>,
    /// Its bytes in the text; for openings and connectives the bytes of their own text.
    pub bytes: Range<usize>,
    /// How likely an answer starts this unit, before the model has read it, relative to the others: 1 where nothing is known. The
    /// pipeline takes it from retrieval.
    pub prior: f32,
}

/// All units of one question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    units: Vec<SourceUnit>,
    /// For each unit the lowest index of a unit of the same text.
    same: Vec<usize>,
}

impl Sources {
    /// Units without tokens are dropped: nothing could start them.
    #[must_use]
    pub fn new(units: Vec<SourceUnit>) -> Self {
        let units: Vec<SourceUnit> = units.into_iter().filter(|unit| !unit.ids.is_empty()).collect();
        let first = |unit: &SourceUnit| units.iter().position(|other| other.ids == unit.ids);
        let same = units.iter().enumerate().map(|(index, unit)| first(unit).unwrap_or(index)).collect();
        Self { units, same }
    }

    /// The units, in the order given.
    #[must_use]
    pub fn units(&self) -> &[SourceUnit] {
        &self.units
    }

    /// Whether an answer can be taken from a text at all.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.units.iter().any(|unit| matches!(unit.origin, UnitOrigin::Text { .. }))
    }

    /// The lowest index of a unit of the same text as `unit`.
    #[must_use]
    pub fn same(&self, unit: usize) -> usize {
        self.same.get(unit).copied().unwrap_or(unit)
    }

    /// Marks `unit` and every other unit of its text in `[units]`.
    pub fn mark_same(&self, unit: usize, marks: &mut [bool]) {
        for (mark, same) in marks.iter_mut().zip(&self.same) {
            *mark |= *same == self.same(unit);
        }
    }

    /// Every token that the choice of a unit can fall on, ascending, once each: their first tokens, and `eos`.
    #[must_use]
    pub fn first_tokens(&self, eos: u32) -> Vec<u32> {
        let mut ids: Vec<u32> = self.units.iter().filter_map(|unit| unit.ids.first().copied()).chain([eos]).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
