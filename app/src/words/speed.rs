//! What the page says of the choice between speed and quality.

use super::{decimals, grouped};
use crate::speed::{KEY_FACTS, QUESTIONS, Speed};

words! { speed:
    /// The slider.
    LABEL = label;
    /// Its left end.
    SLOW = slow;
    /// Its right end.
    FAST = fast;
    /// From when on it holds.
    FROM_WHEN = from_when;
}

/// A position, for who hears the slider.
#[must_use]
pub fn position(speed: Speed) -> &'static str {
    match speed {
        Speed::NearlyAllEt5 => say!(speed.nearly_all_et5),
        Speed::MoreEt5 => say!(speed.more_et5),
        Speed::AsTrained => say!(speed.as_trained),
        Speed::MoreEmamba => say!(speed.more_emamba),
        Speed::NearlyAllEmamba => say!(speed.nearly_all_emamba),
    }
}

/// What the position was measured to do.
#[must_use]
pub fn effect(speed: Speed) -> String {
    let (facts, whole, questions) = (speed.key_facts(), KEY_FACTS, grouped(u64::from(QUESTIONS)));
    let middle = Speed::default();
    if speed == middle {
        return say!(speed.in_the_middle, facts = facts, whole = whole, questions = questions);
    }
    let times = decimals(speed.times(), 2);
    let by = middle.key_facts();
    say!(speed.effect, times = times, facts = facts, whole = whole, middle = by, questions = questions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{self, Locale};

    #[test]
    fn every_position_says_what_it_was_measured_to_do() {
        let told: Vec<String> = Speed::ALL.into_iter().map(effect).collect();
        for figure in ["0.80 times", "280 of 453", "283 in the middle", "209 test questions"] {
            assert!(told[4].contains(figure), "{figure}: {}", told[4]);
        }
        assert!(told[2].contains("283 of 453") && !told[2].contains("times"), "{}", told[2]);
        let names: std::collections::BTreeSet<&str> = Speed::ALL.into_iter().map(position).collect();
        assert_eq!(names.len(), 5, "{names:?}");
        language::speak(Locale::de);
        assert!(effect(Speed::of("1").expect("a position")).contains("0,83"));
    }
}
