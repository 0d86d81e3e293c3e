//! Clinical notes.

use crate::data::corpus::{Corpus, NoteEntry};
use crate::data::findings::Findings;
use crate::data::words;

use super::ids;

/// Words of a note.
const WORDS: std::ops::RangeInclusive<usize> = 150..=1_500;

/// Checks every note.
pub(super) fn check(corpus: &Corpus, findings: &mut Findings) {
    for NoteEntry { place, note, .. } in &corpus.notes {
        ids::check(ids::NOTE, &note.id, None, place, findings);
        let found = words::count(&note.text);
        if !WORDS.contains(&found) {
            let (least, most) = (WORDS.start(), WORDS.end());
            findings.error(
                place,
                "length",
                format!("{}: {found} words, a note has {least} to {most}; shorten or fill it", note.id),
            );
        }
        if !corpus.clusters.iter().any(|cluster| cluster.value.note.as_deref() == Some(&note.id)) {
            findings.warning(place, "unused", format!("{}: no cluster asks about this note", note.id));
        }
    }
}
