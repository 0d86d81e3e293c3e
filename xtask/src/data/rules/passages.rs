//! Passages: schema beyond types, length, sentences that stand alone, references.

use crate::data::corpus::{Corpus, PassageEntry};
use crate::data::findings::{Findings, Place};
use crate::data::words;

use super::{display, doses, ids, names};

/// Words of a passage.
const WORDS: std::ops::RangeInclusive<usize> = 50..=160;
/// Sentences of a passage.
const SENTENCES: std::ops::RangeInclusive<usize> = 3..=8;
/// Words of a sentence as it should be.
const SENTENCE_WORDS: std::ops::RangeInclusive<usize> = 8..=32;
/// Words of a sentence beyond which it is an error.
const SENTENCE_LIMITS: std::ops::RangeInclusive<usize> = 4..=40;
/// Characters of a title.
const TITLE_CHARS: usize = 100;
/// Years a source can be of.
const YEARS: std::ops::RangeInclusive<u16> = 1950..=2026;

/// Words a sentence cannot begin with when it stands alone: nothing says what they mean.
const DANGLING: &[&str] = &[
    "It",
    "Its",
    "This",
    "These",
    "That",
    "Those",
    "Such",
    "They",
    "Their",
    "Them",
    "He",
    "She",
    "His",
    "Her",
    "Here",
    "Otherwise",
    "Therefore",
    "Thus",
    "Hence",
    "However",
    "Moreover",
    "Furthermore",
    "Additionally",
    "Also",
    "Then",
    "Instead",
    "Nevertheless",
    "Conversely",
    "Similarly",
    "Likewise",
    "Afterwards",
    "Thereafter",
    "Meanwhile",
    "But",
    "And",
    "Or",
    "So",
];
/// The same in more words.
const DANGLING_PHRASES: &[&str] = &[
    "The above",
    "The former",
    "The latter",
    "As above",
    "In this",
    "In these",
    "In such",
    "In that case",
    "For this",
    "For these",
    "The same applies",
    "As mentioned",
    "As described",
];
/// Abbreviations with a full stop, and what to write.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("e.g.", "for example"),
    ("i.e.", "that is"),
    ("approx.", "approximately"),
    ("vs.", "versus"),
    ("etc.", "the rest of the list, or nothing"),
    ("cf.", "compare"),
    ("max.", "at most"),
    ("min.", "at least, or minutes"),
    ("incl.", "including"),
    ("resp.", "or"),
];

/// Checks every passage.
pub(super) fn check(corpus: &Corpus, findings: &mut Findings) {
    for entry in &corpus.passages {
        let PassageEntry { place, passage, marked, .. } = entry;
        ids::check(ids::PASSAGE, &passage.id, Some(passage.discipline), place, findings);
        topic(&passage.topic, passage.discipline.prefix(), corpus, place, findings);
        fields(entry, findings);
        references(entry, corpus, findings);
        if marked.text().is_empty() {
            continue;
        }
        text(entry, findings);
        display::check(&format!("{}, title", passage.id), &passage.title, place, findings);
        display::check(&passage.id, marked.text(), place, findings);
        doses::check(entry, corpus, findings);
        names::check(&passage.id, marked.text(), place, findings);
    }
}

/// The topic is one of the syllabus and of the discipline.
pub(super) fn topic(topic: &str, discipline: &str, corpus: &Corpus, place: &Place, findings: &mut Findings) {
    if !corpus.syllabus.contains(topic) {
        let nearest = corpus.syllabus.nearest(topic).unwrap_or("a topic of it");
        findings.error(place, "topic", format!("the topic `{topic}` is not in syllabus.md; did you mean `{nearest}`?"));
    } else if topic.split('/').next() != Some(discipline) {
        findings.error(
            place,
            "topic",
            format!("the topic `{topic}` is none of `{discipline}`; choose one of this discipline"),
        );
    }
}

fn fields(entry: &PassageEntry, findings: &mut Findings) {
    let PassageEntry { place, passage, .. } = entry;
    let mut fault = |message: String| findings.error(place, "field", format!("{}: {message}", passage.id));
    for (name, value) in [
        ("title", &passage.title),
        ("population", &passage.population),
        ("source.organisation", &passage.source.organisation),
        ("source.title", &passage.source.title),
    ] {
        if value.trim().is_empty() || value.trim() != value || value.chars().any(char::is_control) {
            fault(format!("`{name}` is empty or holds white space at its ends; fill and trim it"));
        }
    }
    let chars = passage.title.chars().count();
    if chars > TITLE_CHARS {
        fault(format!("`title` has {chars} characters, at most {TITLE_CHARS} fit; shorten it"));
    }
    if passage.title.ends_with('.') {
        fault("`title` ends with a full stop; take it away".to_owned());
    }
    if !YEARS.contains(&passage.source.year) {
        let (first, last) = (YEARS.start(), YEARS.end());
        fault(format!("`source.year` is {}, sources are of {first} to {last}; correct it", passage.source.year));
    }
    if !is_month(&passage.updated) {
        fault(format!("`updated` is `{}`; write year and month, such as `2026-11`", passage.updated));
    }
}

fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    year.len() == 4 && month.len() == 2 && year.parse::<u16>().is_ok() && matches!(month.parse::<u8>(), Ok(1..=12))
}

fn references(entry: &PassageEntry, corpus: &Corpus, findings: &mut Findings) {
    let PassageEntry { place, passage, .. } = entry;
    for (field, ids, exists) in [
        ("see_also", &passage.see_also, &(|id: &str| corpus.passage(id).is_some()) as &dyn Fn(&str) -> bool),
        ("records", &passage.records, &|id: &str| corpus.record(id).is_some()),
    ] {
        for (index, id) in ids.iter().enumerate() {
            let fault = if !exists(id) {
                "does not exist; correct it or write it"
            } else if *id == passage.id {
                "is the passage itself; take it out"
            } else if ids[..index].contains(id) {
                "stands there twice; take one out"
            } else {
                continue;
            };
            findings.error(place, "reference", format!("{}: `{id}` in `{field}` {fault}", passage.id));
        }
    }
}

fn text(entry: &PassageEntry, findings: &mut Findings) {
    let PassageEntry { place, passage, marked, .. } = entry;
    let id = &passage.id;
    let clean = marked.text();
    if mambaformer_clinical::text::whitespace::collapse(clean) != clean || clean.chars().any(char::is_control) {
        findings.error(
            place,
            "text",
            format!("{id}: the text holds line breaks, repeated or invisible white space; write it as one line"),
        );
    }
    let found = words::count(clean);
    if !WORDS.contains(&found) {
        let (least, most) = (WORDS.start(), WORDS.end());
        findings.error(
            place,
            "length",
            format!("{id}: {found} words, a passage has {least} to {most}; divide or fill it"),
        );
    }
    let found = marked.sentences().len();
    if !SENTENCES.contains(&found) {
        let (least, most) = (SENTENCES.start(), SENTENCES.end());
        findings.error(
            place,
            "length",
            format!("{id}: {found} sentences, a passage has {least} to {most}; divide or fill it"),
        );
    }
    for word in clean.split_whitespace().filter(|word| word.ends_with('.')) {
        let word = word.trim_start_matches('(');
        if let Some((written, meant)) = ABBREVIATIONS.iter().find(|(written, _)| *written == word) {
            findings.error(place, "abbreviation", format!("{id}: `{written}`; write `{meant}`"));
        }
    }
    for index in 0..marked.sentences().len() {
        if let Some(sentence) = marked.sentence(index) {
            self::sentence(&format!("{id}#{}", index + 1), sentence, place, findings);
        }
    }
}

fn sentence(id: &str, sentence: &str, place: &Place, findings: &mut Findings) {
    let first = sentence.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let phrase = DANGLING_PHRASES.iter().find(|phrase| sentence.starts_with(&format!("{phrase} ")));
    if DANGLING.contains(&first) && sentence[first.len()..].starts_with([' ', ',']) || phrase.is_some() {
        let begin = phrase.copied().unwrap_or(first);
        findings.error(
            place,
            "dangling",
            format!("{id} begins with `{begin}`, which means nothing when the sentence stands alone; name the subject"),
        );
    }
    if !sentence.ends_with(['.', '?', '!']) {
        findings.error(place, "sentence", format!("{id} has no full stop at its end; add it"));
    }
    if sentence.starts_with(char::is_lowercase) && !sentence.starts_with("pH") {
        findings.error(place, "sentence", format!("{id} begins with a small letter; write a capital"));
    }
    let words = words::count(sentence);
    if !SENTENCE_LIMITS.contains(&words) {
        let (least, most) = (SENTENCE_WORDS.start(), SENTENCE_WORDS.end());
        findings.error(
            place,
            "sentence",
            format!("{id} has {words} words, a sentence has {least} to {most}; divide or fill it"),
        );
    } else if !SENTENCE_WORDS.contains(&words) {
        let (least, most) = (SENTENCE_WORDS.start(), SENTENCE_WORDS.end());
        findings.warning(
            place,
            "sentence",
            format!("{id} has {words} words, a sentence should have {least} to {most}"),
        );
    }
}
