//! What must not leak and what should not repeat: splits, near copies, wording taken over from the passages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::data::corpus::Corpus;
use crate::data::dentalqa::{Built, DentalQa};
use crate::data::findings::{Findings, Place};
use crate::data::shingles;
use crate::data::split::{self, RUN, Split};

/// Words in a row that a test question may share with a passage of its answer.
const TAKEN_OVER: usize = 4;
/// Words of the runs by which near copies of passages are known, and how many of them two passages share.
const PASSAGE_RUN: usize = 4;
const PASSAGE_NEAR: f64 = 0.4;
/// The least share of copied text over the whole set.
pub(crate) const SOURCE_SHARE: f64 = 0.9;
/// The least share in one answer that is not remarked upon.
const ANSWER_SHARE: f64 = 0.6;

/// Checks the built set and the passages against each other.
pub(super) fn check(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    near_passages(corpus, findings);
    same_questions(set, findings);
    for (first, second) in &set.assignments.near {
        let (first, second) = (&set.clusters[*first], &set.clusters[*second]);
        let message = format!(
            "{}: a question is nearly one of {} (both go to one split); ask it otherwise",
            second.cluster.id, first.cluster.id
        );
        findings.warning(second.place, "near_question", message);
    }
    shared_runs(set, findings);
    held_out(corpus, set, findings);
    taken_over(corpus, set, findings);
    shares(set, findings);
}

fn near_passages(corpus: &Corpus, findings: &mut Findings) {
    let texts: Vec<&[String]> = corpus.passages.iter().map(|entry| entry.words.as_slice()).collect();
    for near in shingles::near_pairs(&texts, PASSAGE_RUN, PASSAGE_NEAR) {
        let (first, second) = (&corpus.passages[near.first], &corpus.passages[near.second]);
        let share = near.jaccard * 100.0;
        let message = format!(
            "{} shares {share:.0} % of its wording with {}; keep the better one",
            second.passage.id, first.passage.id
        );
        findings.warning(&second.place, "near_passage", message);
    }
    let mut seen: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for entry in &corpus.passages {
        for (index, sentence) in entry.marked.sentences().iter().enumerate() {
            let Some(text) = entry.marked.text().get(sentence.bytes.clone()) else { continue };
            let id = entry.passage.id.as_str();
            if let Some((first, at)) = seen.insert(text, (id, index)) {
                let message = format!("{id}#{} is word for word {first}#{}; say it once", index + 1, at + 1);
                findings.warning(&entry.place, "same_sentence", message);
            }
        }
    }
}

fn same_questions(set: &DentalQa<'_>, findings: &mut Findings) {
    let mut seen: HashMap<&[String], &str> = HashMap::new();
    for built in &set.clusters {
        for (question, asked) in built.cluster.questions.iter().zip(&built.asked) {
            let id = built.cluster.id.as_str();
            if let Some(first) = seen.insert(asked, id).filter(|first| *first != id) {
                findings.error(
                    built.place,
                    "question",
                    format!("{id}: `{}` is a question of {first}, too; ask it otherwise", question.text),
                );
            }
        }
    }
}

/// No run of [`RUN`] words in questions of training and of test. The grouping sees to it; this does not trust it.
fn shared_runs(set: &DentalQa<'_>, findings: &mut Findings) {
    let of = |split: Split| set.clusters.iter().filter(move |built| built.assignment.split == split);
    let learnt: HashMap<&[String], &str> =
        of(Split::Train).flat_map(|built| runs(built).map(|run| (run, built.cluster.id.as_str()))).collect();
    for built in of(Split::Test) {
        if let Some((run, first)) = runs(built).find_map(|run| learnt.get(run).map(|first| (run, *first))) {
            let (id, run) = (&built.cluster.id, run.join(" "));
            findings.error(
                built.place,
                "leak",
                format!("{id} (test) shares `{run}` with {first} (train); both must be in one split"),
            );
        }
    }
}

fn runs<'a>(built: &'a Built<'_>) -> impl Iterator<Item = &'a [String]> {
    built.asked.iter().flat_map(|question| shingles::runs(question, RUN))
}

/// No held-out passage in an answer of training or validation.
fn held_out(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    for built in set.clusters.iter().filter(|built| built.assignment.split != Split::Test) {
        for id in built.answer.sources().into_iter().filter(|id| corpus.passage(id).is_some() && split::is_held_out(id))
        {
            let (cluster, split) = (&built.cluster.id, built.assignment.split);
            findings.error(
                built.place,
                "leak",
                format!("{cluster} is in {split} and its answer uses the held-out passage {id}; it belongs to test"),
            );
        }
    }
}

/// Test questions that take over the wording of their answer's passages.
fn taken_over(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    for built in set.clusters.iter().filter(|built| built.assignment.split == Split::Test) {
        let sources: Vec<&[String]> = built
            .answer
            .sources()
            .iter()
            .filter_map(|id| corpus.passage(id))
            .map(|entry| entry.words.as_slice())
            .collect();
        for asked in &built.asked {
            let (length, at) = shingles::longest_shared(asked, &sources);
            if length > TAKEN_OVER {
                let (id, run) = (&built.cluster.id, asked[at..at + length].join(" "));
                findings.warning(built.place, "taken_over", format!("{id} (test): `{run}` is the wording of its passage; at most {TAKEN_OVER} words in a row are meant"));
            }
        }
    }
}

fn shares(set: &DentalQa<'_>, findings: &mut Findings) {
    let (mut copied, mut all) = (0, 0);
    for built in &set.clusters {
        let (own_copied, own_all) = built.answer.copied();
        (copied, all) = (copied + own_copied, all + own_all);
        let share = own_copied as f64 / own_all.max(1) as f64;
        if share < ANSWER_SHARE {
            let (id, percent) = (&built.cluster.id, share * 100.0);
            findings.warning(
                built.place,
                "share",
                format!("{id}: {percent:.0} % of the answer is source text; use fewer connectives"),
            );
        }
    }
    let share = copied as f64 / all.max(1) as f64;
    if all > 0 && share < SOURCE_SHARE {
        let (percent, least) = (share * 100.0, SOURCE_SHARE * 100.0);
        findings.error(
            &Place::file("clusters"),
            "share",
            format!(
                "{percent:.1} % of all answers is source text, at least {least:.0} % is asked; use fewer connectives"
            ),
        );
    }
}

/// The ids of all passages and records that some answer copies.
pub(crate) fn used(set: &DentalQa<'_>) -> BTreeSet<String> {
    set.clusters.iter().flat_map(|built| built.answer.sources()).map(str::to_owned).collect()
}
