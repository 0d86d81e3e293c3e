//! Patterns: signs that together raise an alarm.

use super::Urgency;
use super::context::Standing;

/// The most things that a pattern asks for.
pub(super) const MAX_ITEMS: usize = 6;
/// How many words the parts of a pattern may be apart where the file says nothing: two or three sentences of a note.
pub(super) const DEFAULT_WITHIN_WORDS: usize = 45;

/// How many words the end of a sentence counts for: what belongs together mostly stands in one.
pub(super) const SENTENCE_END_WORDS: usize = 6;

/// A list of phrases, by its place.
pub(super) type ListId = usize;

/// A place where a phrase of a list stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// First and last word.
    pub(super) first: usize,
    pub(super) last: usize,
    /// How it is meant there.
    pub(super) standing: Standing,
}

/// Signs that together raise an alarm.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) all: Vec<Vec<ListId>>,
    pub(super) unless: Vec<ListId>,
    pub(super) within: usize,
    pub(super) urgency: Urgency,
    pub(super) even_if_over: bool,
    pub(super) note_only: bool,
}

/// All places of all lists in a text.
pub(super) struct Places<'a> {
    /// How far into the text each word is: a step for each word and several for each end of a sentence.
    pub(super) depth: &'a [usize],
    /// By list, in the order of the text.
    pub(super) found: &'a [Vec<Found>],
    /// Which lists count although what they say is long ago.
    pub(super) background: &'a [bool],
}

impl Places<'_> {
    fn depth(&self, word: usize) -> usize {
        self.depth.get(word).copied().unwrap_or(word)
    }
}

impl Pattern {
    /// The first place where the pattern is met; `asked` takes what is only asked about, too.
    pub(super) fn find(&self, places: &Places<'_>, asked: bool) -> Option<Vec<Found>> {
        if (self.note_only && !asked)
            || self.all.iter().any(|item| item.iter().all(|list| places.found[*list].is_empty()))
        {
            return None;
        }
        let counts = |list: ListId, found: &Found| {
            let Standing { denied, over, other, asked: generic } = found.standing;
            !denied && !other && (asked || !generic) && (!over || self.even_if_over || places.background[list])
        };
        let mut events: Vec<(usize, Found)> = Vec::new();
        for (item, lists) in self.all.iter().enumerate() {
            for list in lists {
                events.extend(
                    places.found[*list].iter().filter(|found| counts(*list, found)).map(|found| (item, *found)),
                );
            }
        }
        events.sort_unstable_by_key(|(item, found)| (found.first, *item, found.last));
        let mut latest: Vec<Option<Found>> = vec![None; self.all.len()];
        for (item, found) in events {
            latest[item] = Some(found);
            let Some(all) = latest.iter().copied().collect::<Option<Vec<Found>>>() else { continue };
            let first = all.iter().map(|found| found.first).min().unwrap_or(found.first);
            let last = all.iter().map(|found| found.last).max().unwrap_or(found.last);
            if places.depth(last) - places.depth(first) <= self.within && !self.is_excluded(places, first, last) {
                return Some(all);
            }
        }
        None
    }

    fn is_excluded(&self, places: &Places<'_>, first: usize, last: usize) -> bool {
        let (low, high) = (first.saturating_sub(self.within), last.saturating_add(self.within));
        self.unless.iter().any(|list| {
            let found = &places.found[*list];
            let begin = found.partition_point(|found| found.first < low);
            found[begin..]
                .iter()
                .take_while(|found| found.first <= high)
                .any(|found| !found.standing.denied && (!found.standing.over || places.background[*list]))
        })
    }
}
