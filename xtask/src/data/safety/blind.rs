//! The messages that nobody has looked at: `blind_red_flags.jsonl` and `blind_near_misses.jsonl`.
//!
//! They measure triage once, in `cargo xtask eval clinical triage --blind`; nothing is written or fitted by them, and they are not built. What is
//! wrong with one is told by its id and never by its words.

use std::collections::HashMap;
use std::path::Path;

use super::{Message, check_messages};
use crate::data::findings::Findings;
use crate::data::read::{self, Located};
use crate::data::shingles::runs;
use crate::data::split::RUN;
use crate::data::words::words;

/// How many there are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blind {
    pub(super) red_flags: usize,
    pub(super) near_misses: usize,
}

impl Blind {
    /// Reads what there is and notes what is wrong with it, beside what is not blind (id and text of each line).
    pub(super) fn read<'a>(
        data: &Path,
        known: impl Iterator<Item = (&'a str, &'a str)>,
        findings: &mut Findings,
    ) -> Self {
        let red_flags = read::file(data, "safety/blind_red_flags.jsonl", findings);
        let near_misses = read::file(data, "safety/blind_near_misses.jsonl", findings);
        Self::check(&red_flags, &near_misses, known, findings)
    }

    /// Each has an id of its own, is labelled like the others, and shares no run of [`RUN`] words with what is known.
    fn check<'a>(
        red_flags: &[Located<Message>],
        near_misses: &[Located<Message>],
        known: impl Iterator<Item = (&'a str, &'a str)>,
        findings: &mut Findings,
    ) -> Self {
        check_messages(red_flags, true, findings);
        check_messages(near_misses, false, findings);
        let mut ids: HashMap<String, String> = HashMap::new();
        let mut holders: HashMap<Vec<String>, String> = HashMap::new();
        for (id, text) in known {
            ids.insert(id.to_owned(), "a line that is not blind".to_owned());
            let words = words(text);
            // A text shorter than a run is one run.
            for run in runs(&words, RUN.min(words.len())) {
                holders.entry(run.to_vec()).or_insert_with(|| id.to_owned());
            }
        }
        for Located { place, value: Message { id, text, .. } } in red_flags.iter().chain(near_misses) {
            if let Some(first) = ids.insert(id.clone(), place.to_string()) {
                findings.error(place, "id", format!("the id `{id}` is taken by {first}; give this line another one"));
            }
            let words = words(text);
            if words.is_empty() {
                findings.error(place, "field", format!("{id}: the text is empty; fill it"));
            }
            let shared = runs(&words, RUN.min(words.len())).find_map(|run| holders.get(run));
            if let Some(other) = shared {
                let message = format!("{id} shares {RUN} words with `{other}`, which is not blind; take it out");
                findings.error(place, "blind", message);
            }
        }
        Self { red_flags: red_flags.len(), near_misses: near_misses.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_others_give_away_is_named_without_its_words() {
        let known = [("rf-1", "One two three four five six seven eight nine."), ("nm-1", "no trismus")];
        let red =
            |id: &str, text: &str| format!(r#"{{"id":"{id}","text":"{text}","urgency":"immediate","rule":"airway"}}"#);
        for (red, near, expected) in [
            (red("b-1", "two three four five six seven eight ten"), String::new(), None),
            (red("b-1", "well, two, three four five six seven eight NINE now"), String::new(), Some("blind")),
            (red("b-1", "No trismus!"), String::new(), Some("blind")),
            (red("rf-1", "stridor"), String::new(), Some("id")),
            (format!("{}\n{}", red("b-1", "stridor"), red("b-1", "drooling")), String::new(), Some("id")),
            (red("b-1", "…"), String::new(), Some("field")),
            (red("b-1", "stridor").replace("\"immediate\"", "null"), String::new(), Some("urgency")),
            (String::new(), red("b-1", "stridor"), Some("urgency")),
            (red("b-1", "stridor").replace("airway", ""), String::new(), Some("field")),
        ] {
            let mut findings = Findings::default();
            let lines = |name, text: &str, findings: &mut Findings| read::lines::<Message>(name, text, findings);
            let red_flags = lines("safety/blind_red_flags.jsonl", &red, &mut findings);
            let near_misses = lines("safety/blind_near_misses.jsonl", &near, &mut findings);
            let blind = Blind::check(&red_flags, &near_misses, known.into_iter(), &mut findings);
            assert_eq!(blind.red_flags + blind.near_misses, red_flags.len() + near_misses.len());
            let told: Vec<&str> = findings.rules().into_iter().collect();
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{red} {near}");
            assert!(!findings.text().contains("seven") && !findings.text().contains("trismus"), "{}", findings.text());
        }
    }
}
