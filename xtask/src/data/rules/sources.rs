//! One source, one name: the same title under two organisations or of two years is a slip in one of them.

use std::collections::BTreeMap;

use mambaformer_clinical::records::Citation;

use crate::data::corpus::Corpus;
use crate::data::findings::{Findings, Place};

/// How often something is cited, and where first.
type Cited<'a> = BTreeMap<String, (usize, &'a Place)>;

/// Checks the sources of passages and records against each other.
pub(super) fn check(corpus: &Corpus, findings: &mut Findings) {
    let passages = corpus.passages.iter().map(|entry| (&entry.place, &entry.passage.source));
    let records = corpus.records.iter().map(|entry| (&entry.place, &entry.record.source));
    let sources: Vec<(&Place, &Citation)> = passages.chain(records).collect();
    let mut organisations: BTreeMap<String, Cited<'_>> = BTreeMap::new();
    let mut years: BTreeMap<String, Cited<'_>> = BTreeMap::new();
    for (place, source) in sources {
        let title = source.title.to_lowercase();
        count(&mut organisations, title.clone(), &source.organisation, place);
        count(&mut years, title, &source.year.to_string(), place);
    }
    for (what, by_title) in [("from", &organisations), ("of", &years)] {
        for (title, cited) in by_title.iter().filter(|(_, cited)| cited.len() > 1) {
            report(what, title, cited, findings);
        }
    }
}

fn count<'a>(by_title: &mut BTreeMap<String, Cited<'a>>, title: String, name: &str, place: &'a Place) {
    by_title.entry(title).or_default().entry(name.to_owned()).or_insert((0, place)).0 += 1;
}

/// Names every rarer form at its first place.
fn report(what: &str, title: &str, cited: &Cited<'_>, findings: &mut Findings) {
    let Some((usual, (most, _))) = cited.iter().max_by_key(|(_, (count, _))| *count) else { return };
    for (name, (_, place)) in cited.iter().filter(|(name, _)| *name != usual) {
        let message =
            format!("`{title}` is cited {what} `{name}` here and {what} `{usual}` in {most} places; cite it one way");
        findings.warning(place, "source", message);
    }
}
