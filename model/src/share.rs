//! The share of tokens that random routing sends to `EMamba`, and its draw.

use std::str::FromStr;

use crate::dispatch::Expert;
use crate::generate::uniform;

/// A share of tokens for `EMamba`, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f32);

/// A share that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the share of tokens for EMamba is {found}, allowed is 0 to 1; give 0.32 for about every third token")]
pub struct ShareError {
    /// What was given.
    pub found: String,
}

impl Share {
    /// The share, if it is one.
    pub fn new(share: f32) -> Result<Self, ShareError> {
        // What is not a number is in no range.
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err(ShareError { found: share.to_string() }) }
    }

    /// The share as a number.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }

    /// The expert of one token, by seed, position and piece id alone: the same prompt is routed the same on every machine.
    pub(crate) fn draw(self, seed: u64, position: usize, id: u32) -> Expert {
        // Below 1, so that a share of 1 leaves nothing to ET5; not below 0, so that a share of 0 leaves nothing to EMamba.
        let drawn = uniform(seed, (position as u64) << 32 | u64::from(id));
        if drawn < f64::from(self.0) { Expert::EMamba } else { Expert::Et5 }
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map_err(|_| ShareError { found: format!("`{text}`") }).and_then(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 40,000 tokens, in prompts of 400, the number on `EMamba`.
    fn on_emamba(share: Share, seed: u64) -> usize {
        let tokens = (0..40_000_u32).map(|token| (token % 400, token.wrapping_mul(2_654_435_761) >> 19));
        tokens.filter(|(position, id)| share.draw(seed, *position as usize, *id) == Expert::EMamba).count()
    }

    #[test]
    fn the_share_is_honoured() {
        for (share, seed, least, most) in [
            (0.0, 17, 0, 0),
            (1.0, 17, 40_000, 40_000),
            (0.32, 17, 12_400, 13_200),
            (0.32, 18, 12_400, 13_200),
            (0.5, 0, 19_600, 20_400),
            (0.01, u64::MAX, 320, 480),
        ] {
            let found = on_emamba(Share::new(share).unwrap(), seed);
            assert!((least..=most).contains(&found), "share {share}, seed {seed}: {found} of 40,000");
        }
    }

    /// Drawn values stay: who repeats a run gets its routes.
    #[test]
    fn seed_position_and_piece_decide() {
        let share = Share::new(0.5).unwrap();
        let routes = |seed, first: usize, id: u32| -> String {
            (first..first + 24).map(|at| if share.draw(seed, at, id) == Expert::EMamba { 'm' } else { 't' }).collect()
        };
        let of = routes(17, 0, 5);
        assert_eq!(of, routes(17, 0, 5));
        for (what, other) in [("seed", routes(18, 0, 5)), ("position", routes(17, 1, 5)), ("piece", routes(17, 0, 6))] {
            assert_ne!(of, other, "another {what}");
        }
        assert_eq!(of[1..], routes(17, 1, 5)[..23], "a token's route does not depend on its neighbours");
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["-0.01", "1.01", "NaN", "inf", "-inf", "", "a third", "32%"] {
            let error = text.parse::<Share>().unwrap_err().to_string();
            assert!(error.contains("allowed is 0 to 1"), "{text}: {error}");
        }
        for (text, share) in [("0", 0.0), ("1", 1.0), ("0.32", 0.32), ("-0", 0.0)] {
            assert_eq!(text.parse::<Share>().map(Share::get), Ok(share), "{text}");
        }
    }
}
