//! Runs of words: what two texts share, and which texts are near copies of each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Every run of `length` words, in order; none where the text is shorter.
pub(crate) fn runs(words: &[String], length: usize) -> impl Iterator<Item = &[String]> {
    words.windows(length.max(1))
}

/// The length of the longest run of words of `text` that stands in one of `sources`, and where it begins in `text`.
pub(crate) fn longest_shared(text: &[String], sources: &[&[String]]) -> (usize, usize) {
    let mut best = (0, 0);
    for source in sources {
        // Lengths of the common runs that end at the previous word of `text`, by their end in `source`.
        let mut previous = vec![0_usize; source.len() + 1];
        for (at, word) in text.iter().enumerate() {
            let mut current = vec![0_usize; source.len() + 1];
            for (index, other) in source.iter().enumerate() {
                if word == other {
                    current[index + 1] = previous[index] + 1;
                    if current[index + 1] > best.0 {
                        best = (current[index + 1], at + 1 - current[index + 1]);
                    }
                }
            }
            previous = current;
        }
    }
    best
}

/// Two texts that share much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    /// The first, by its place in the list.
    pub(crate) first: usize,
    /// The second.
    pub(crate) second: usize,
    /// Shared runs of words as a part of all runs of both.
    pub(crate) jaccard: f64,
}

/// All pairs of `texts` (as words) whose sets of runs of `length` words have a Jaccard index of at least `threshold`.
///
/// Exact: the runs of a text are sorted from the rarest on, and two sets that similar must share one of their first
/// `n - ceil(threshold * n) + 1` (prefix filter of Chaudhuri et al. 2006), so that only few pairs are compared.
pub(crate) fn near_pairs(texts: &[&[String]], length: usize, threshold: f64) -> Vec<Near> {
    let mut numbers: HashMap<&[String], usize> = HashMap::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut sets: Vec<Vec<usize>> = Vec::with_capacity(texts.len());
    for text in texts {
        let mut set = BTreeSet::new();
        // A text shorter than a run is one run.
        let length = length.min(text.len());
        for run in runs(text, length).filter(|run| !run.is_empty()) {
            let next = numbers.len();
            let number = *numbers.entry(run).or_insert(next);
            if number == counts.len() {
                counts.push(0);
            }
            if set.insert(number) {
                counts[number] += 1;
            }
        }
        sets.push(set.into_iter().collect());
    }
    for set in &mut sets {
        set.sort_by_key(|number| (counts[*number], *number));
    }
    let mut seen_in: Vec<Vec<usize>> = vec![Vec::new(); counts.len()];
    let mut pairs = Vec::new();
    for (second, set) in sets.iter().enumerate() {
        let prefix = set.len() - needed(set.len(), threshold) + usize::from(!set.is_empty());
        let mut candidates = BTreeSet::new();
        for number in set.iter().take(prefix) {
            candidates.extend(seen_in[*number].iter().copied());
            seen_in[*number].push(second);
        }
        for first in candidates {
            let jaccard = jaccard(&sets[first], set);
            if jaccard >= threshold {
                pairs.push(Near { first, second, jaccard });
            }
        }
    }
    pairs
}

/// The least number of shared runs for a set of `size`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a part of `size`, rounded up
fn needed(size: usize, threshold: f64) -> usize {
    ((size as f64 * threshold - 1e-9).ceil().max(0.0) as usize).min(size)
}

fn jaccard(first: &[usize], second: &[usize]) -> f64 {
    let own: BTreeSet<usize> = first.iter().copied().collect();
    let both = second.iter().filter(|number| own.contains(number)).count();
    let all = first.len() + second.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}

/// Which texts hold each run of `length` words, for runs that more than one text holds; a text counts once.
pub(crate) fn shared_runs<'a>(texts: &[&'a [String]], length: usize) -> BTreeMap<&'a [String], Vec<usize>> {
    let mut holders: HashMap<&[String], Vec<usize>> = HashMap::new();
    for (index, text) in texts.iter().enumerate() {
        for run in runs(text, length) {
            let held = holders.entry(run).or_default();
            if held.last() != Some(&index) {
                held.push(index);
            }
        }
    }
    holders.into_iter().filter(|(_, held)| held.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::words::words;

    fn all(texts: &[&str]) -> Vec<Vec<String>> {
        texts.iter().map(|text| words(text)).collect()
    }

    fn slices(texts: &[Vec<String>]) -> Vec<&[String]> {
        texts.iter().map(Vec::as_slice).collect()
    }

    #[test]
    fn longest_runs() {
        let sources = all(&["Dry socket usually begins two to four days after an extraction.", "Rinse it."]);
        for (text, expected) in [
            ("does pain begin two to four days after it", (5, 3)),
            ("when does it begin", (1, 2)),
            ("nothing", (0, 0)),
            ("", (0, 0)),
        ] {
            assert_eq!(longest_shared(&words(text), &slices(&sources)), expected, "{text}");
        }
    }

    #[test]
    fn near_copies_are_found_and_others_are_not() {
        let texts = all(&[
            "how long does a splint stay on an avulsed tooth",
            "how long does a splint stay on an extruded tooth",
            "how long does the splint stay",
            "which antibiotic for a dental abscess",
            "short one",
            "short one",
            "",
            "",
        ]);
        let pairs: Vec<(usize, usize)> =
            near_pairs(&slices(&texts), 3, 0.4).into_iter().map(|near| (near.first, near.second)).collect();
        assert_eq!(pairs, [(0, 1), (4, 5)]);
        assert_eq!(near_pairs(&slices(&texts), 3, 0.99).len(), 1);
    }

    /// The filter leaves nothing out: every pair compared gives the same.
    #[test]
    fn the_filter_is_exact() {
        let vocabulary = ["tooth", "gum", "pain", "root"];
        let texts: Vec<Vec<String>> = (0..60_usize)
            .map(|n| (0..4 + n % 5).map(|w| vocabulary[(n * 7 + w * (n % 3 + 1)) % 4].to_owned()).collect())
            .collect();
        for threshold in [0.2, 0.5, 0.8] {
            let found = near_pairs(&slices(&texts), 2, threshold).len();
            let sets: Vec<BTreeSet<&[String]>> = texts.iter().map(|text| runs(text, 2).collect()).collect();
            let mut expected = 0;
            for second in 0..sets.len() {
                for first in 0..second {
                    let both = sets[first].intersection(&sets[second]).count() as f64;
                    let all = sets[first].union(&sets[second]).count() as f64;
                    expected += usize::from(both / all >= threshold);
                }
            }
            assert_eq!(found, expected, "{threshold}");
        }
    }

    #[test]
    fn runs_that_are_shared() {
        let texts = all(&["a b c d", "x b c d", "b c", "b c d b c d"]);
        let shared = shared_runs(&slices(&texts), 3);
        assert_eq!(shared.len(), 1);
        assert_eq!(shared.into_values().next(), Some(vec![0, 1, 3]));
    }
}
