//! What a line is to the answer once a reader has read the question together with its passage: that is put together here with what was known
//! before ([`super::lines`]), and says where an answer begins, what belongs to it, and when it is enough.
//!
//! The weights were fitted to DentalQA's validation questions (`python -m mambaformer_training lines`): `first` as a choice among the lines, `used` as a
//! logistic regression over them.

use serde::Deserialize;

/// What is known of a line that was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadLine {
    /// Its logit before it was read ([`super::lines::LineWeights::logit`]).
    pub prior: f32,
    /// The reader's logit that the answer begins with it.
    pub first: f32,
    /// The reader's logit that the answer uses it.
    pub used: f32,
}

/// What each of them counts.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadWeights {
    /// For where the answer begins.
    pub first: FirstWeights,
    /// For what belongs to it.
    pub used: UsedWeights,
    /// The probability below which a line does not belong to the answer any more.
    pub enough: f32,
}

/// See [`ReadWeights::first`].
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstWeights {
    /// Of [`ReadLine::prior`].
    pub prior: f32,
    /// Of [`ReadLine::first`].
    pub read: f32,
}

/// See [`ReadWeights::used`].
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedWeights {
    /// The constant.
    pub intercept: f32,
    /// Of [`ReadLine::prior`].
    pub prior: f32,
    /// Of [`ReadLine::used`].
    pub read: f32,
}

impl ReadWeights {
    /// Logarithm of how likely the answer begins with `line`, up to a constant that all lines of a question share.
    #[must_use]
    pub fn first(&self, line: &ReadLine) -> f32 {
        self.first.prior * line.prior + self.first.read * line.first
    }

    /// Odds that the answer uses `line`.
    #[must_use]
    pub fn odds(&self, line: &ReadLine) -> f32 {
        (self.used.intercept + self.used.prior * line.prior + self.used.read * line.used).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: ReadWeights = ReadWeights {
        first: FirstWeights { prior: 0.5, read: 2.0 },
        used: UsedWeights { intercept: -1.0, prior: 0.25, read: 1.0 },
        enough: 0.2,
    };

    #[test]
    fn what_is_known_and_what_was_read_count_as_weighed() {
        let line = ReadLine { prior: -2.0, first: 1.5, used: 3.0 };
        assert!((WEIGHTS.first(&line) - 2.0).abs() < 1e-6);
        assert!((WEIGHTS.odds(&line) - 1.5f32.exp()).abs() < 1e-5);
    }

    #[test]
    fn a_line_that_reads_better_is_likelier() {
        let line = |prior, read| ReadLine { prior, first: read, used: read };
        for (worse, better) in [(line(-3.0, 1.0), line(-1.0, 1.0)), (line(-1.0, 0.0), line(-1.0, 1.0))] {
            assert!(WEIGHTS.first(&better) > WEIGHTS.first(&worse));
            assert!(WEIGHTS.odds(&better) > WEIGHTS.odds(&worse));
        }
    }
}
