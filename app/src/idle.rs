//! When a page that nobody touches clears itself: plain data, counted by the clock of `parts/clear`.

/// Minutes a reader can choose from; 0 is never.
pub const CHOICES: [u32; 5] = [0, 1, 2, 5, 15];
/// How long before the end the page says so.
pub const WARNING_SECONDS: u32 = 20;

/// What is due after so many seconds without a touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// To say that the page is cleared in so many seconds.
    Warning(u32),
    /// To clear the page.
    Clear,
}

/// What is due; `minutes` is one of [`CHOICES`].
#[must_use]
pub fn due(minutes: u32, quiet_seconds: u32) -> Due {
    let limit = minutes.saturating_mul(60);
    if limit == 0 {
        return Due::Nothing;
    }
    match limit.saturating_sub(quiet_seconds) {
        0 => Due::Clear,
        left if left <= WARNING_SECONDS => Due::Warning(left),
        _ => Due::Nothing,
    }
}

/// Milliseconds between two readings of a clock, in whole seconds; a clock that was set back gives 0.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // held between 0 and the largest
pub fn whole_seconds(milliseconds: f64) -> u32 {
    (milliseconds / 1000.0).clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A choice as it is kept in the browser's settings.
#[must_use]
pub fn choice(text: &str) -> Option<u32> {
    text.parse().ok().filter(|minutes| CHOICES.contains(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_warns_and_then_clears() {
        for (minutes, quiet, expected) in [
            (0, 100_000, Due::Nothing),
            (1, 0, Due::Nothing),
            (1, 39, Due::Nothing),
            (1, 40, Due::Warning(20)),
            (1, 59, Due::Warning(1)),
            (1, 60, Due::Clear),
            (15, 899, Due::Warning(1)),
            (15, u32::MAX, Due::Clear),
        ] {
            assert_eq!(due(minutes, quiet), expected, "{minutes} min, {quiet} s");
        }
        for (ms, expected) in [(0.0, 0), (999.0, 0), (61_500.0, 61), (-5_000.0, 0), (1e300, u32::MAX), (f64::NAN, 0)] {
            assert_eq!(whole_seconds(ms), expected, "{ms} ms");
        }
        for (text, expected) in [("5", Some(5)), ("0", Some(0)), ("7", None), ("", None), ("-1", None)] {
            assert_eq!(choice(text), expected, "{text}");
        }
    }
}
