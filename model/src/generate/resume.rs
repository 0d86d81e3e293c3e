//! Where an interrupted answer stood, told by the units it held.

use super::sources::{Sources, UnitOrigin};

/// The state of grounded decoding after some units, see [`super::GroundedDecoder::resume`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// The answer's tokens.
    pub tokens: Vec<u32>,
    /// Units that may not be started again.
    pub used: Vec<bool>,
    /// Units taken from texts.
    pub units_written: usize,
    /// The last unit.
    pub last: Option<usize>,
}

impl Resumed {
    /// After the units `written`; indices that do not exist are passed over.
    #[must_use]
    pub fn new(sources: &Sources, written: &[usize]) -> Self {
        let mut state = Self { used: vec![false; sources.units().len()], ..Self::default() };
        for &index in written {
            let Some(unit) = sources.units().get(index) else { continue };
            state.tokens.extend(&unit.ids);
            sources.mark_same(index, &mut state.used);
            state.units_written += usize::from(matches!(unit.origin, UnitOrigin::Text { .. }));
            state.last = Some(index);
        }
        state
    }
}
