//! Practice questions: they train and never judge, so they must not give away what judges.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::data::authored::Practice;
use crate::data::corpus::Corpus;
use crate::data::dentalqa::DentalQa;
use crate::data::findings::{Findings, Place};
use crate::data::read::Located;
use crate::data::reference::Part;
use crate::data::shingles;
use crate::data::split::{self, NEAR, NEAR_RUN, RUN, Split};
use crate::data::words::words;

use super::{ids, notes};

/// Most characters of a question.
const MAX_CHARS: usize = 300;
/// Words of a note.
const NOTE_WORDS: std::ops::RangeInclusive<usize> = 80..=1_500;
/// Words of a run that a note shares with none that judges. Notes are full of set phrases, so it is longer than that of questions.
const NOTE_RUN: usize = 15;

/// Checks every practice question against its passage and against the questions of validation and test.
pub(super) fn check(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    for Located { place, value } in &corpus.practice {
        source(value, place, corpus, findings);
    }
    practice_notes(corpus, set, findings);
    same_answers(corpus, set, findings);
    near_questions(corpus, set, findings);
}

/// The passage is there and may be learnt from, its sentences exist, the question is one line of text.
fn source(asked: &Practice, place: &Place, corpus: &Corpus, findings: &mut Findings) {
    let Practice { passage, sentences, text, .. } = asked;
    let Some(entry) = corpus.passage(passage) else {
        findings.error(place, "reference", format!("the passage `{passage}` does not exist"));
        return;
    };
    if entry.place.stem() != place.stem() {
        let home = entry.place.stem();
        findings.error(place, "id", format!("`{passage}` belongs to {home}; write the question into its file"));
    }
    if split::is_held_out(passage) {
        findings.error(place, "leak", format!("{passage} is held out from training; nothing practises on it"));
    }
    let (count, distinct) = (entry.marked.sentences().len(), sentences.iter().collect::<HashSet<_>>().len());
    if sentences.is_empty() || distinct < sentences.len() || !sentences.iter().all(|n| (1..=count).contains(n)) {
        let message =
            format!("`sentences` is {sentences:?}; {passage} has the sentences 1 to {count}, each at most once");
        findings.error(place, "reference", message);
    }
    let length = text.chars().count();
    if text.split_whitespace().collect::<Vec<_>>().join(" ") != *text || length == 0 || length > MAX_CHARS {
        let message =
            format!("`{text}` has {length} characters; a question is one line of 1 to {MAX_CHARS}, single spaces");
        findings.error(place, "field", message);
    }
}

/// Each note is called after its file, has a fair length, is asked about, and is no copy of one that judges; questions name notes that exist.
fn practice_notes(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    let asked: HashSet<&str> = corpus.practice.iter().filter_map(|asked| asked.value.note.as_deref()).collect();
    let judging = set.clusters.iter().filter(|built| built.assignment.split != Split::Train);
    let judging: BTreeMap<&str, Vec<String>> = judging
        .filter_map(|built| corpus.note(built.cluster.note.as_deref()?))
        .map(|entry| (entry.note.id.as_str(), words(&entry.note.text)))
        .collect();
    let runs: HashMap<&[String], &str> =
        judging.iter().flat_map(|(id, words)| shingles::runs(words, NOTE_RUN).map(move |run| (run, *id))).collect();
    let mut seen = HashSet::new();
    for Located { place, value: note } in &corpus.practice_notes {
        notes::check_one(note, ids::PRACTICE_NOTE, &NOTE_WORDS, place, findings);
        if !seen.insert(note.id.as_str()) {
            findings.error(place, "id", format!("the id `{}` is taken; give the next free number", note.id));
        }
        if !asked.contains(note.id.as_str()) {
            findings.warning(place, "unused", format!("{}: no practice question asks about this note", note.id));
        }
        let own = words(&note.text);
        if let Some((run, id)) = shingles::runs(&own, NOTE_RUN).find_map(|run| Some((run, runs.get(run)?))) {
            let message = format!("{} shares `{}` with {id}, which judges", note.id, run.join(" "));
            findings.error(place, "leak", message);
        }
    }
    for Located { place, value } in &corpus.practice {
        if let Some(id) = value.note.as_deref().filter(|id| !seen.contains(id)) {
            findings.error(place, "note", format!("there is no practice note `{id}`; correct the id or write it"));
        }
    }
}

/// The references of an answer as one key, sorted.
fn key(passage: &str, sentences: &[usize]) -> String {
    let part = |n: &usize| Part::Passage { id: passage.to_owned(), sentence: n.saturating_sub(1), clause: None };
    let mut parts: Vec<Part> = sentences.iter().map(part).collect();
    parts.sort();
    joined(&parts.iter().collect::<Vec<_>>())
}

fn joined(parts: &[&Part]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What clusters are tied by (see `split`): the answer of a question that judges is the answer of none that trains.
fn same_answers(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    let judged: BTreeMap<String, &str> = set
        .clusters
        .iter()
        .filter(|built| built.assignment.split != Split::Train)
        .map(|built| (joined(&built.answer.references()), built.cluster.id.as_str()))
        .collect();
    for Located { place, value } in &corpus.practice {
        if let Some(cluster) = judged.get(&key(&value.passage, &value.sentences)) {
            let message = format!("`{}` has the answer of {cluster}, which judges; leave it out", value.text);
            findings.error(place, "leak", message);
        }
    }
}

/// No run of [`RUN`] words with a question that judges, no near copy of one, and no question twice.
fn near_questions(corpus: &Corpus, set: &DentalQa<'_>, findings: &mut Findings) {
    let own: Vec<Vec<String>> = corpus.practice.iter().map(|asked| words(&asked.value.text)).collect();
    let mut seen: HashMap<(Option<&str>, &[String]), usize> = HashMap::new();
    for (index, asked) in own.iter().enumerate() {
        // "When do I see her again?" is another question about another patient.
        if let Some(first) = seen.insert((corpus.practice[index].value.note.as_deref(), asked), index) {
            let (asked, first) = (&corpus.practice[index], &corpus.practice[first]);
            let message = format!("`{}` is asked at {}, too", asked.value.text, first.place);
            findings.error(&asked.place, "question", message);
        }
    }
    let judging = set.clusters.iter().filter(|built| built.assignment.split != Split::Train);
    let (names, judged): (Vec<&str>, Vec<&[String]>) =
        judging.flat_map(|built| built.asked.iter().map(|asked| (built.cluster.id.as_str(), asked.as_slice()))).unzip();
    let runs: HashMap<&[String], &str> =
        names.iter().zip(&judged).flat_map(|(id, asked)| shingles::runs(asked, RUN).map(|run| (run, *id))).collect();
    for (asked, located) in own.iter().zip(&corpus.practice) {
        if let Some((run, id)) = shingles::runs(asked, RUN).find_map(|run| Some((run, runs.get(run)?))) {
            let message = format!("`{}` shares `{}` with {id}, which judges", located.value.text, run.join(" "));
            findings.error(&located.place, "leak", message);
        }
    }
    let all: Vec<&[String]> = own.iter().map(Vec::as_slice).chain(judged).collect();
    for near in shingles::near_pairs(&all, NEAR_RUN, NEAR) {
        let (first, second) = (near.first.min(near.second), near.first.max(near.second));
        if let (Some(asked), Some(id)) = (corpus.practice.get(first), second.checked_sub(own.len()).map(|at| names[at]))
        {
            let message = format!("`{}` is nearly a question of {id}, which judges; leave it out", asked.value.text);
            findings.error(&asked.place, "leak", message);
        }
    }
}
