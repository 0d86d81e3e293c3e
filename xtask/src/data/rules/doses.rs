//! Doses stand in records; a text repeats only those of the records it names.

use mambaformer_clinical::records::{Quantity, quantities};

use crate::data::corpus::{Corpus, PassageEntry};
use crate::data::findings::Findings;

/// Checks the doses of one passage.
pub(super) fn check(entry: &PassageEntry, corpus: &Corpus, findings: &mut Findings) {
    let PassageEntry { place, passage, marked, .. } = entry;
    let asked = quantities(marked.text());
    let own: Vec<Quantity> =
        passage.records.iter().filter_map(|id| corpus.record(id)).flat_map(|entry| entry.record.quantities()).collect();
    for quantity in asked.iter().filter(|asked| !own.iter().any(|own| own.equals(asked))) {
        let shown = &quantity.shown;
        let message = if passage.records.is_empty() {
            format!(
                "{}: the dose `{shown}` stands in no record; name the record in `records` or leave the number out",
                passage.id
            )
        } else {
            let records = passage.records.join(", ");
            format!(
                "{}: the dose `{shown}` is not in {records}; correct the number or name the record that holds it",
                passage.id
            )
        };
        findings.error(place, "dose", message);
    }
}
