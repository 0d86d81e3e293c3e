//! Clusters: schema beyond types, paraphrases, and what the answer says and does not say.

use mambaformer_clinical::text::phrases::holds;
use std::collections::BTreeSet;

use mambaformer_clinical::retrieval::analyze::is_stop_word;

use crate::data::authored::{Cluster, Kind, Style, Tag};
use crate::data::compose::{self, Answer};
use crate::data::corpus::Corpus;
use crate::data::findings::{Findings, Place};
use crate::data::read::Located;
use crate::data::words::{self, words};

use super::{display, ids, passages};

/// Paraphrases of a question.
const QUESTIONS: std::ops::RangeInclusive<usize> = 3..=4;
/// Different styles among them.
const MIN_STYLES: usize = 3;
/// Sentences of an answer, its opening aside.
const SENTENCES: std::ops::RangeInclusive<usize> = 1..=4;
/// Key facts of an answer.
const KEY_FACTS: std::ops::RangeInclusive<usize> = 1..=4;
/// Words of a key fact.
const KEY_FACT_WORDS: std::ops::RangeInclusive<usize> = 1..=6;
/// Words that search leaves out and a key fact may rest on: "at once", "not", "after".
const TELLING: &[&str] = &["after", "before", "no", "not", "off", "once", "only", "same", "under"];
/// Strings a wrong answer would hold.
const FORBIDDEN: std::ops::RangeInclusive<usize> = 1..=3;
/// Levels.
const LEVELS: std::ops::RangeInclusive<u8> = 1..=3;
/// Characters of a question.
const QUESTION_CHARS: std::ops::RangeInclusive<usize> = 8..=300;

/// Checks every cluster.
pub(super) fn check(corpus: &Corpus, findings: &mut Findings) {
    for Located { place, value: cluster } in &corpus.clusters {
        ids::check(ids::CLUSTER, &cluster.id, Some(cluster.discipline), place, findings);
        passages::topic(&cluster.topic, cluster.discipline.prefix(), corpus, place, findings);
        let mut fault = |rule, message: String| findings.error(place, rule, format!("{}: {message}", cluster.id));
        if !LEVELS.contains(&cluster.level) {
            fault("field", format!("`level` is {}, the levels are 1, 2 and 3", cluster.level));
        }
        if cluster.tags.iter().collect::<BTreeSet<_>>().len() != cluster.tags.len() {
            fault("field", "a tag stands there twice; take one out".to_owned());
        }
        match (cluster.kind, &cluster.note) {
            (Kind::Note, None) => fault("note", "kind is \"note\" and `note` is missing; name the note".to_owned()),
            (Kind::Short | Kind::Complex, Some(_)) => {
                fault(
                    "note",
                    format!("there is a note and kind is \"{}\"; make it \"note\" or take the note out", cluster.kind),
                );
            }
            (Kind::Note, Some(id)) if corpus.note(id).is_none() => {
                fault("note", format!("there is no note `{id}`; correct the id or write it"));
            }
            _ => {}
        }
        questions(cluster, place, findings);
        match compose::compose(cluster, corpus) {
            Ok(answer) => self::answer(cluster, &answer, place, findings),
            Err(errors) => {
                for error in errors {
                    findings.error(place, "answer", format!("{}: {error}", cluster.id));
                }
            }
        }
    }
}

fn questions(cluster: &Cluster, place: &Place, findings: &mut Findings) {
    let mut fault = |message: String| findings.error(place, "question", format!("{}: {message}", cluster.id));
    let found = cluster.questions.len();
    if !QUESTIONS.contains(&found) {
        fault(format!("{found} questions, a cluster has {} to {}", QUESTIONS.start(), QUESTIONS.end()));
    }
    let styles: BTreeSet<Style> = cluster.questions.iter().map(|question| question.style).collect();
    if styles.len() < MIN_STYLES {
        fault(format!(
            "{} styles, the questions of a cluster have at least {MIN_STYLES} of full, terse, typo, student",
            styles.len()
        ));
    }
    let mut seen = BTreeSet::new();
    for question in &cluster.questions {
        let text = &question.text;
        let chars = text.chars().count();
        if !QUESTION_CHARS.contains(&chars) {
            let (least, most) = (QUESTION_CHARS.start(), QUESTION_CHARS.end());
            fault(format!("the question `{text}` has {chars} characters, it should have {least} to {most}"));
        }
        if mambaformer_clinical::text::whitespace::collapse(text) != *text || text.chars().any(char::is_control) {
            fault(format!("the question `{text}` holds line breaks or repeated white space; write it as one line"));
        }
        if !seen.insert(words(text)) {
            fault(format!("the question `{text}` stands there twice; ask it in other words"));
        }
    }
}

fn answer(cluster: &Cluster, answer: &Answer, place: &Place, findings: &mut Findings) {
    let text = answer.text();
    let found = answer.sentences.iter().filter(|sentence| !sentence.passages.is_empty()).count();
    let mut fault = |rule, message: String| findings.error(place, rule, format!("{}: {message}", cluster.id));
    if !SENTENCES.contains(&found) {
        fault("answer", format!("{found} sentences, an answer has {} to {}", SENTENCES.start(), SENTENCES.end()));
    }
    let parts = answer.sentences.iter().flat_map(|sentence| &sentence.parts).filter(|part| part.is_source()).count();
    if parts > answer.references().len() {
        fault("answer", "the answer copies the same sentence twice; take one out".to_owned());
    }
    if let Some(word) = doubled_word(&text) {
        fault(
            "answer",
            format!("`{word} {word}` stands in the answer; leave out the connective or use another clause"),
        );
    }
    let sources = answer.sources().len();
    if cluster.tags.contains(&Tag::Multi) && sources < 2 {
        fault(
            "tag",
            format!("the tag `multi` stands for two or more sources, the answer has {sources}; take the tag out"),
        );
    }
    if !KEY_FACTS.contains(&cluster.key_facts.len()) {
        let found = cluster.key_facts.len();
        fault("key_fact", format!("{found} key facts, an answer has {} to {}", KEY_FACTS.start(), KEY_FACTS.end()));
    }
    for alternatives in &cluster.key_facts {
        let shown = alternatives.join("` / `");
        for alternative in alternatives {
            let count = words::count(alternative);
            if !KEY_FACT_WORDS.contains(&count) {
                fault(
                    "key_fact",
                    format!("the key fact `{alternative}` has {count} words, 1 to 5 are meant; shorten it"),
                );
            } else if words(alternative).iter().all(|word| is_stop_word(word) && !TELLING.contains(&word.as_str())) {
                fault("key_fact", format!("the key fact `{alternative}` says nothing; choose a word with content"));
            }
        }
        if !alternatives.iter().any(|alternative| holds(&text, alternative)) {
            fault(
                "key_fact",
                format!(
                    "no wording of the key fact `{shown}` is in the answer `{text}`; correct the fact or the answer"
                ),
            );
        }
    }
    if !FORBIDDEN.contains(&cluster.forbidden.len()) {
        let found = cluster.forbidden.len();
        fault(
            "forbidden",
            format!("{found} forbidden strings, there are {} to {}", FORBIDDEN.start(), FORBIDDEN.end()),
        );
    }
    for forbidden in &cluster.forbidden {
        if forbidden.trim().is_empty() {
            fault("forbidden", "a forbidden string is empty; take it out".to_owned());
        } else if holds(&text, forbidden) {
            fault("forbidden", format!("the forbidden `{forbidden}` is in the answer `{text}`; correct one of them"));
        }
    }
    if sources >= 2 && !cluster.tags.contains(&Tag::Multi) {
        findings.warning(place, "tag", format!("{}: the answer has {sources} sources and no tag `multi`", cluster.id));
    }
    for sentence in answer.sentences.iter().filter(|sentence| !sentence.passages.contains(&"note".to_owned())) {
        display::check(&format!("{}, answer", cluster.id), &sentence.text, place, findings);
    }
}

/// A word that stands twice with nothing but a space between.
fn doubled_word(text: &str) -> Option<&str> {
    let all: Vec<&str> = text.split_whitespace().collect();
    all.iter().zip(all.iter().skip(1)).find(|(first, second)| first == second).map(|(word, _)| *word)
}
