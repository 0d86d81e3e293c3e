//! What the authored data must keep to, one file for each subject.

mod clusters;
mod display;
mod doses;
mod grounded;
mod ids;
mod names;
mod notes;
mod overlap;
mod passages;
mod practice;
mod records;
mod sources;
#[cfg(test)]
mod tests;

use super::corpus::Corpus;
use super::dentalqa::DentalQa;
use super::findings::Findings;

pub(crate) use overlap::used;

/// Every rule about the authored files and what is built from them.
pub(crate) fn check(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    passages::check(corpus, findings);
    records::check(corpus, findings);
    notes::check(corpus, findings);
    clusters::check(corpus, findings);
    sources::check(corpus, findings);
    grounded::check(corpus, set, findings);
    overlap::check(corpus, set, findings);
    practice::check(corpus, set, findings);
}
