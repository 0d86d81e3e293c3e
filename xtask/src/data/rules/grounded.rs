//! Every word and number of an answer stands in a source that its sentence names. The composition sees to it; this proves it again
//! from the text alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::data::authored::Cluster;
use crate::data::corpus::Corpus;
use crate::data::dentalqa::DentalQa;
use crate::data::findings::Findings;
use crate::data::reference::{CONNECTIVES, OPENINGS};
use crate::data::words::words;

/// Checks every sentence of every answer.
pub(super) fn check(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    let listed: BTreeSet<String> = OPENINGS.iter().chain(CONNECTIVES).flat_map(|text| words(text)).collect();
    let mut known: HashMap<String, HashSet<String>> = HashMap::new();
    for built in &set.clusters {
        for (index, sentence) in built.answer.sentences.iter().enumerate() {
            let sources: Vec<&str> = sentence.passages.iter().map(|id| named(id, built.cluster)).collect();
            for id in &sources {
                known.entry((*id).to_owned()).or_insert_with(|| held(id, corpus));
            }
            let is_held =
                |word: &String| sources.iter().any(|id| known.get(*id).is_some_and(|held| held.contains(word)));
            if let Some(word) = words(&sentence.text).iter().find(|word| !(is_held(word) || listed.contains(*word))) {
                let (id, sources) = (&built.cluster.id, sentence.passages.join(", "));
                let message = format!(
                    "{id}: sentence {} says `{word}`, which {sources} does not hold; name its source",
                    index + 1
                );
                findings.error(built.place, "grounded", message);
            }
        }
    }
}

/// The id of a source: the cluster's note is called `note` in its answer.
fn named<'a>(source: &'a str, cluster: &'a Cluster) -> &'a str {
    if source == "note" { cluster.note.as_deref().unwrap_or_default() } else { source }
}

/// The words of a passage, record or note.
fn held(id: &str, corpus: &Corpus) -> HashSet<String> {
    if let Some(entry) = corpus.passage(id) {
        return entry.words.iter().cloned().collect();
    }
    let lines = corpus.record(id).map(|entry| &entry.lines).or_else(|| corpus.note(id).map(|entry| &entry.sentences));
    lines.into_iter().flatten().flat_map(|line| words(line)).collect()
}
