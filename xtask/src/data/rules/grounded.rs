//! Every word and number of an answer stands in a source that its sentence names. The composition sees to it; this proves it again
//! from the text alone.

use std::collections::BTreeSet;

use crate::data::corpus::Corpus;
use crate::data::dentalqa::{Built, DentalQa};
use crate::data::findings::Findings;
use crate::data::reference::{CONNECTIVES, OPENINGS};
use crate::data::words::words;

/// Checks every sentence of every answer.
pub(super) fn check(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    let listed: BTreeSet<String> = OPENINGS.iter().chain(CONNECTIVES).flat_map(|text| words(text)).collect();
    for built in &set.clusters {
        for (index, sentence) in built.answer.sentences.iter().enumerate() {
            let mut held: BTreeSet<String> = BTreeSet::new();
            for id in &sentence.passages {
                held.extend(source_text(id, built, corpus).iter().flat_map(|text| words(text)));
            }
            let foreign =
                words(&sentence.text).into_iter().find(|word| !(held.contains(word) || listed.contains(word)));
            if let Some(word) = foreign {
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

/// What the source `id` of an answer says: a passage, the lines of a record, or the sentences of the cluster's note.
fn source_text<'a>(id: &str, built: &Built<'_>, corpus: &'a Corpus) -> Vec<&'a str> {
    if let Some(entry) = corpus.passage(id) {
        return vec![entry.marked.text()];
    }
    let lines = match corpus.record(id) {
        Some(entry) => Some(&entry.lines),
        None => built
            .cluster
            .note
            .as_deref()
            .filter(|_| id == "note")
            .and_then(|id| corpus.note(id))
            .map(|entry| &entry.sentences),
    };
    lines.into_iter().flatten().map(String::as_str).collect()
}
