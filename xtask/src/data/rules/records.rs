//! Records: what cannot be meant, and how their lines read.

use crate::data::corpus::{Corpus, RecordEntry};
use crate::data::findings::Findings;

use super::{display, ids};

/// Checks every record.
pub(super) fn check(corpus: &Corpus, findings: &mut Findings) {
    for RecordEntry { place, record, lines } in &corpus.records {
        ids::check(ids::RECORD, &record.id, Some(record.discipline), place, findings);
        if let Err(error) = record.check() {
            findings.error(place, "record", format!("{}: {error}", record.id));
        }
        for text in lines.iter().chain(&record.remarks()) {
            display::check(&record.id, text, place, findings);
        }
    }
}
