//! What the authored data must keep to, one file for each subject.

mod clusters;
mod display;
mod doses;
mod ids;
mod notes;
mod passages;
mod records;

use super::corpus::Corpus;
use super::findings::Findings;

/// Every rule about the authored files.
pub(crate) fn check(corpus: &Corpus, findings: &mut Findings) {
    passages::check(corpus, findings);
    records::check(corpus, findings);
    notes::check(corpus, findings);
    clusters::check(corpus, findings);
}
