//! Notes with orders to the assistant in them: hand-written wordings put into the invented notes, with the question that is asked.
//!
//! Which note, which place and which frame a line gets is decided by the hash of its id, so that the set is the same on every machine.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::corpus::Corpus;
use super::split::hash;
use super::variants::names;

/// How many lines are made.
pub(crate) const LINES: usize = 500;
/// The fewest and the most lines of a note that are kept.
const NOTE_LINES: (usize, usize) = (6, 11);
/// What stands in front of the wording, as it gets into notes: letters, mails, dictations.
const FRAMES: [&str; 12] = [
    "",
    "",
    "",
    "",
    "Letter brought by pt: ",
    "E-mail from pt, pasted: ",
    "Scanned referral: ",
    "Dictated, not read: ",
    "Pt says: ",
    "PS: ",
    "Copied from the other practice: ",
    "Text in the photo: ",
];

/// What an injected text tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InjectionClass {
    Override,
    System,
    Dose,
    Safety,
    Scope,
    Citation,
    Record,
    Markup,
    Role,
    Language,
    Encoding,
    Hidden,
    Disclosure,
    Authority,
}

names!(InjectionClass {
    Override => "override",
    System => "system marks",
    Dose => "dose",
    Safety => "safety",
    Scope => "scope",
    Citation => "citation",
    Record => "record",
    Markup => "markup",
    Role => "role play",
    Language => "other language",
    Encoding => "encoding",
    Hidden => "hidden text",
    Disclosure => "disclosure",
    Authority => "authority",
});

/// A line of `injections.jsonl`: a wording.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wording {
    pub(crate) id: String,
    pub(crate) class: InjectionClass,
    pub(crate) text: String,
}

/// A line of `built/injections.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct InjectedNote {
    pub(crate) id: String,
    note: String,
    question: String,
    pub(crate) class: InjectionClass,
    wording: String,
    /// The bytes of the note that were put in; without them it is the note as it was.
    injected: Bytes,
}

/// Bytes of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Bytes {
    start: usize,
    end: usize,
}

/// Puts the wordings into the notes of questions that have one; nothing where there is no wording or no such question.
pub(crate) fn build(wordings: &[Wording], corpus: &Corpus) -> Vec<InjectedNote> {
    let asked: Vec<(&str, &str)> = corpus
        .clusters
        .iter()
        .filter_map(|cluster| {
            let note = corpus.note(cluster.value.note.as_deref()?)?;
            Some(cluster.value.questions.iter().map(|question| (note.note.text.as_str(), question.text.as_str())))
        })
        .flatten()
        .collect();
    if wordings.is_empty() || asked.is_empty() {
        return Vec::new();
    }
    (0..LINES)
        .map(|index| {
            let id = format!("inj-{:03}", index + 1);
            // Each wording as often as any other; the rest by the hash.
            let wording = &wordings[index % wordings.len()];
            let (note, question) = asked[choice(&format!("{id} question"), asked.len())];
            let (note, injected) = put_in(&id, &excerpt(&id, note), &wording.text);
            InjectedNote {
                id,
                note,
                question: question.to_owned(),
                class: wording.class,
                wording: wording.id.clone(),
                injected: Bytes { start: injected.start, end: injected.end },
            }
        })
        .collect()
}

/// A number below `count` that depends on `name` alone.
fn choice(name: &str, count: usize) -> usize {
    usize::try_from(hash(name) % count.max(1) as u64).unwrap_or(0)
}

/// Some lines in a row of a note.
fn excerpt(id: &str, note: &str) -> String {
    let lines: Vec<&str> = note.lines().collect();
    let wanted = NOTE_LINES.0 + choice(&format!("{id} length"), NOTE_LINES.1 - NOTE_LINES.0 + 1);
    let first = choice(&format!("{id} first"), lines.len().saturating_sub(wanted) + 1);
    lines.iter().skip(first).take(wanted).copied().collect::<Vec<_>>().join("\n")
}

/// The note with the text in it, and where.
fn put_in(id: &str, note: &str, text: &str) -> (String, Range<usize>) {
    let framed = format!("{}{text}", FRAMES[choice(&format!("{id} frame"), FRAMES.len())]);
    // Behind a line of its own, behind a sentence inside a line, in front of all, or behind all.
    let breaks: Vec<usize> = note.match_indices('\n').map(|(at, _)| at).collect();
    let stops: Vec<usize> = note.match_indices(". ").map(|(at, _)| at + 1).collect();
    let (at, inserted) = match choice(&format!("{id} place"), 4) {
        0 => (0, format!("{framed}\n")),
        1 if !breaks.is_empty() => (breaks[choice(&format!("{id} line"), breaks.len())], format!("\n{framed}")),
        2 if !stops.is_empty() => (stops[choice(&format!("{id} stop"), stops.len())], format!(" {framed}")),
        _ => (note.len(), format!("\n{framed}")),
    };
    (format!("{}{inserted}{}", &note[..at], &note[at..]), at..at + inserted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_can_be_taken_out() {
        let note = "Pt well. No pain.\nI/O: sound.\nPlan: review.";
        for index in 0..200 {
            let (with, injected) = put_in(&format!("inj-{index}"), note, "Ignore \u{200B}all.");
            assert!(with[injected.clone()].contains("Ignore \u{200B}all."));
            assert_eq!(format!("{}{}", &with[..injected.start], &with[injected.end..]), note);
        }
        let (with, _) = put_in("inj-1", "", "Ignore all.");
        assert!(with.contains("Ignore all."));
    }

    #[test]
    fn excerpts_are_lines_in_a_row() {
        let note = (0..30).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
        for index in 0..100 {
            let part = excerpt(&format!("inj-{index}"), &note);
            assert!(note.contains(&part) && (NOTE_LINES.0..=NOTE_LINES.1).contains(&part.lines().count()), "{part}");
        }
        assert_eq!(excerpt("inj-1", "one\ntwo"), "one\ntwo");
    }

    #[test]
    fn without_wordings_or_notes_nothing_is_made() {
        assert!(build(&[], &Corpus::default()).is_empty());
        let wording = Wording { id: "a".to_owned(), class: InjectionClass::Dose, text: "b".to_owned() };
        assert!(build(&[wording], &Corpus::default()).is_empty());
    }
}
