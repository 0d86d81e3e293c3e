//! Where an interrupted answer stood, told by the units it had announced.

use super::sources::{SourceUnit, UnitOrigin};

/// The state of grounded decoding after some units, see [`super::GroundedDecoder::resume`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// The answer's tokens.
    pub tokens: Vec<u32>,
    /// Units that may not be started again.
    pub used: Vec<bool>,
    /// Units the answer may be in.
    pub matched: Vec<usize>,
    /// How far in them.
    pub offset: usize,
    /// Units taken from texts.
    pub units_written: usize,
    /// The last unit that is settled.
    pub last: Option<usize>,
    /// Whether the unit the answer is in is settled.
    pub announced: bool,
}

impl Resumed {
    /// After `announced` of `units`; indices that do not exist are passed over.
    #[must_use]
    pub fn new(units: &[SourceUnit], announced: &[usize]) -> Self {
        let mut state = Self { used: vec![false; units.len()], announced: true, ..Self::default() };
        for &index in announced {
            let Some(unit) = units.get(index) else { continue };
            state.tokens.extend(&unit.ids);
            state.offset = unit.ids.len();
            // A unit that this one begins could have been meant: whether it was is part of the next choice.
            let longer = |other: usize| {
                !state.used[other] && units[other].ids.len() > unit.ids.len() && units[other].ids.starts_with(&unit.ids)
            };
            if index == *announced.last().unwrap_or(&index) && (0..units.len()).any(longer) {
                state.matched = (0..units.len())
                    .filter(|other| !state.used[*other] && units[*other].ids.starts_with(&unit.ids))
                    .collect();
                state.announced = false;
                break;
            }
            for (used, other) in state.used.iter_mut().zip(units) {
                *used |= other.ids == unit.ids;
            }
            state.matched = vec![index];
            state.last = Some(index);
            state.units_written += usize::from(matches!(unit.origin, UnitOrigin::Text { .. }));
        }
        state
    }
}
