//! Clinical notes.

use std::ops::RangeInclusive;

use crate::data::authored::Note;
use crate::data::corpus::{Corpus, NoteEntry};
use crate::data::findings::{Findings, Place};
use crate::data::words;

use super::ids;

/// Words of a note.
const WORDS: RangeInclusive<usize> = 150..=1_500;

/// Checks every note.
pub(super) fn check(corpus: &Corpus, findings: &mut Findings) {
    for NoteEntry { place, note, .. } in &corpus.notes {
        check_one(note, ids::NOTE, &WORDS, place, findings);
        if !corpus.clusters.iter().any(|cluster| cluster.value.note.as_deref() == Some(&note.id)) {
            findings.warning(place, "unused", format!("{}: no cluster asks about this note", note.id));
        }
    }
}

/// The id has its form, and the text as many words as are wanted.
pub(super) fn check_one(
    note: &Note,
    form: ids::Form,
    wanted: &RangeInclusive<usize>,
    place: &Place,
    findings: &mut Findings,
) {
    ids::check(form, &note.id, None, place, findings);
    let found = words::count(&note.text);
    if !wanted.contains(&found) {
        let (least, most) = (wanted.start(), wanted.end());
        findings.error(
            place,
            "length",
            format!("{}: {found} words, a note has {least} to {most}; shorten or fill it", note.id),
        );
    }
}
