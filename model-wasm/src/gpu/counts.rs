//! The numbers that dispatches share: one small buffer, written by the host for a question and by the GPU along the way.

/// Places in the buffer of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Count {
    /// Prompt tokens `L`.
    Tokens = 0,
    /// Tokens on ET5; written by `compact`.
    Et5 = 1,
    /// Tokens on EMamba; written by `compact`.
    Emamba = 2,
    /// The gate's bias, f32 bits.
    GateBias = 3,
    /// 0 or 1: every token to ET5 or EMamba; otherwise the gate decides.
    Force = 4,
    /// Rows of the decoder's next call; written by the last kernel of a call.
    Pending = 5,
    /// Position of the first of them.
    Base = 6,
    /// 1: the next call reads all that is queued, so that a choice can follow.
    Go = 7,
    /// Tokens that a unit can begin with, and the end.
    Vocabulary = 8,
    /// Units of the sources.
    Units = 9,
    /// Prompt positions of the end token.
    Ends = 10,
    /// Always 1.
    One = 11,
    /// Distinct tokens of the prompt.
    Distinct = 12,
    /// Tokens that the decoder reads before an answer.
    Before = 13,
}

/// Words of the buffer.
pub const COUNTS: usize = 16;
/// In a shader: no such count.
pub const NOWHERE: u32 = u32::MAX;

impl Count {
    /// Its place.
    #[must_use]
    pub const fn at(self) -> u32 {
        self as u32
    }
}

/// Counts with a few set and [`Count::One`] in its place.
#[must_use]
pub fn counts(set: &[(Count, u32)]) -> [u32; COUNTS] {
    let mut counts = [0; COUNTS];
    counts[Count::One as usize] = 1;
    for (count, value) in set {
        counts[*count as usize] = *value;
    }
    counts
}
