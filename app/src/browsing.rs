//! The knowledge base to be looked through: contents, what of them is looked for, and the entry that is open.

use std::sync::Arc;

use mambaformer_wasm::browse::{Contents, Entry, EntryTitle};

/// The most hits of a search in the titles that are listed.
pub const MOST_HITS: usize = 60;

/// What is known of the knowledge base's contents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Browsing {
    /// `None` until they were asked for and came.
    pub contents: Option<Arc<Contents>>,
    /// The entry that is open.
    pub entry: Option<Arc<Entry>>,
    /// Why there is none, in words.
    pub problem: Option<String>,
    /// The entries that were open before, the last one last.
    pub before: Vec<String>,
    waiting: Option<String>,
}

impl Browsing {
    /// Something was sent under this identifier.
    pub fn asked(&mut self, id: String) {
        self.waiting = Some(id);
        self.problem = None;
    }

    /// Takes in the contents.
    pub fn came(&mut self, id: &str, contents: Contents) {
        if self.waits_for(id) {
            self.waiting = None;
            self.contents = Some(Arc::new(contents));
        }
    }

    /// Takes in an entry. One that is no longer waited for changes nothing.
    pub fn opened(&mut self, id: &str, entry: Entry) {
        if !self.waits_for(id) {
            return;
        }
        self.waiting = None;
        if let Some(last) = self.entry.replace(Arc::new(entry)) {
            self.before.push(last.evidence.passage.clone());
        }
    }

    /// The entry that was open before this one, which is then forgotten.
    pub fn back(&mut self) -> Option<String> {
        self.entry = None;
        self.before.pop()
    }

    /// Back to the contents.
    pub fn close(&mut self) {
        self.entry = None;
        self.before.clear();
        self.waiting = None;
    }

    /// Takes in a refusal; `false` where it is none of what is waited for.
    pub fn refused(&mut self, id: Option<&str>, message: &str) -> bool {
        let ours = id.is_some_and(|id| self.waits_for(id));
        if ours {
            self.waiting = None;
            self.problem = Some(message.to_owned());
        }
        ours
    }

    /// The worker is gone: what is waited for does not come. What is there stays.
    pub fn lost(&mut self) {
        self.waiting = None;
    }

    fn waits_for(&self, id: &str) -> bool {
        self.waiting.as_deref() == Some(id)
    }
}

/// The titles that hold every word of `looked_for`, those that begin with it first; at most [`MOST_HITS`], and how many there are.
#[must_use]
pub fn hits<'c>(contents: &'c Contents, looked_for: &str) -> (Vec<&'c EntryTitle>, usize) {
    let wanted = looked_for.to_lowercase();
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    if wanted.is_empty() {
        return (Vec::new(), 0);
    }
    let holds = |title: &str| wanted.iter().all(|word| title.contains(word));
    let entries = contents.subjects.iter().flat_map(|subject| &subject.entries);
    let mut found: Vec<(bool, String, &EntryTitle)> = entries
        .map(|entry| (entry, entry.title.to_lowercase()))
        .filter(|(_, title)| holds(title))
        .map(|(entry, title)| (!title.starts_with(wanted[0]), title, entry))
        .collect();
    found.sort_by(|a, b| (a.0, &a.1, &a.2.passage).cmp(&(b.0, &b.1, &b.2.passage)));
    let count = found.len();
    (found.into_iter().take(MOST_HITS).map(|(_, _, entry)| entry).collect(), count)
}

/// All entries by the first letter of their titles, `#` for what begins with none; letters in order.
#[must_use]
pub fn by_letter(contents: &Contents) -> Vec<(char, Vec<&EntryTitle>)> {
    let mut letters: std::collections::BTreeMap<char, Vec<&EntryTitle>> = std::collections::BTreeMap::new();
    for entry in contents.subjects.iter().flat_map(|subject| &subject.entries) {
        let first = entry.title.chars().find(|c| c.is_alphanumeric());
        let letter = first.filter(|c| c.is_alphabetic()).and_then(|c| c.to_uppercase().next()).unwrap_or('#');
        letters.entry(letter).or_default().push(entry);
    }
    for entries in letters.values_mut() {
        entries.sort_by_cached_key(|entry| (entry.title.to_lowercase(), entry.passage.clone()));
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mambaformer_wasm::answer::Evidence;
    use mambaformer_wasm::browse::Subject;

    fn contents() -> Contents {
        let subject = |name: &str, titles: &[&str]| Subject {
            name: name.to_owned(),
            entries: titles
                .iter()
                .map(|title| EntryTitle {
                    passage: format!("{name}-{title}"),
                    title: (*title).to_owned(),
                    ..EntryTitle::default()
                })
                .collect(),
        };
        Contents {
            subjects: vec![
                subject("a", &["Dry socket", "Bleeding after extraction"]),
                subject("b", &["socket preservation", "5 % varnish", "Älter"]),
            ],
        }
    }

    fn entry(passage: &str) -> Entry {
        Entry { evidence: Evidence { passage: passage.to_owned(), ..Evidence::default() }, ..Entry::default() }
    }

    #[test]
    fn titles_are_found_by_their_words() {
        let contents = contents();
        let titles =
            |looked_for: &str| hits(&contents, looked_for).0.iter().map(|e| e.title.clone()).collect::<Vec<_>>();
        assert_eq!(titles("SOCKET"), ["socket preservation", "Dry socket"]);
        assert_eq!(titles("extraction bleeding"), ["Bleeding after extraction"]);
        assert!(titles("   ").is_empty() && titles("zebra").is_empty());
        let many =
            Contents { subjects: vec![Subject { name: String::new(), entries: vec![EntryTitle::default(); 100] }] };
        let titled = |mut contents: Contents| {
            contents.subjects[0].entries.iter_mut().for_each(|entry| entry.title = "x".to_owned());
            contents
        };
        let many = titled(many);
        assert_eq!((hits(&many, "x").0.len(), hits(&many, "x").1), (MOST_HITS, 100));
    }

    #[test]
    fn every_entry_stands_under_one_letter() {
        let contents = contents();
        let letters: String = by_letter(&contents).iter().map(|(letter, _)| *letter).collect();
        assert_eq!(letters, "#BDSÄ");
        assert_eq!(by_letter(&contents).iter().map(|(_, entries)| entries.len()).sum::<usize>(), 5);
    }

    #[test]
    fn only_what_is_waited_for_is_taken_in() {
        let mut browsing = Browsing::default();
        browsing.came("1", contents());
        assert!(browsing.contents.is_none());
        browsing.asked("1".to_owned());
        browsing.came("1", contents());
        assert!(browsing.contents.is_some());
        browsing.asked("2".to_owned());
        browsing.opened("1", entry("old"));
        assert!(browsing.entry.is_none());
        browsing.opened("2", entry("a"));
        browsing.asked("3".to_owned());
        browsing.opened("3", entry("b"));
        assert_eq!(browsing.back().as_deref(), Some("a"));
        assert_eq!(browsing.back(), None);
        browsing.asked("4".to_owned());
        assert!(!browsing.refused(Some("3"), "why") && browsing.problem.is_none());
        assert!(browsing.refused(Some("4"), "why"));
        assert_eq!(browsing.problem.as_deref(), Some("why"));
        browsing.close();
        assert!(browsing.contents.is_some() && browsing.before.is_empty());
    }
}
