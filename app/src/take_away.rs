//! An answer as plain text, to be copied or printed: what it says, on what it rests, and what made it.
//!
//! Question and note are not in it unless the reader asks for them, and then only as they come back from the search for identifiers.
//! What quotes them is never in it: sentences taken from the note, words a red flag rests on, words read as others.

use std::sync::Arc;

use mambaformer_wasm::answer::{Alarm, AlarmKind, AnswerState, DoseRow, EvidenceKind, NOTE_PASSAGE};
use mambaformer_wasm::protocol::{ErrorKind, LibraryInfo, ModelInfo};
use mambaformer_wasm::redaction::{Placeholder, Redacted};

use serde_json::json;

use crate::language;
use crate::session::{DraftSentence, Message, Problem, Turn};
use crate::spans::{self, Mark};
use crate::words;

/// What is known of question and note of the answer on screen.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Included {
    /// They stay here.
    #[default]
    Nothing,
    /// Sent under this identifier to be searched for identifiers.
    Waiting(String),
    /// Without what was found in them.
    Searched(Arc<Redacted>),
    /// They cannot be searched, and so stay here.
    Refused(Problem),
}

impl Included {
    /// Takes in what came back. Something that is no longer waited for changes nothing.
    pub fn searched(&mut self, id: &str, redacted: Redacted) {
        if self.waits_for(id) {
            *self = Self::Searched(Arc::new(redacted));
        }
    }

    /// Takes in a refusal; `false` where it is none of what is waited for.
    pub fn refused(&mut self, id: Option<&str>, kind: ErrorKind, message: &str) -> bool {
        let ours = id.is_some_and(|id| self.waits_for(id));
        if ours {
            *self = Self::Refused(Problem { kind, message: Message::Worker(message.to_owned()) });
        }
        ours
    }

    /// The worker is gone: what is waited for does not come, what came stays.
    pub fn lost(&mut self) {
        if matches!(self, Self::Waiting(_)) {
            *self = Self::Nothing;
        }
    }

    fn waits_for(&self, id: &str) -> bool {
        matches!(self, Self::Waiting(own) if own == id)
    }
}

/// What made an answer.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// The day, as year, month and day.
    pub date: &'a str,
    /// The model, where it is there.
    pub model: Option<&'a ModelInfo>,
    /// The knowledge base, where it is there.
    pub library: Option<&'a LibraryInfo>,
}

/// What is searched for identifiers: the question and, where there is one, the note.
#[must_use]
pub fn searched_texts(turn: &Turn) -> Vec<String> {
    std::iter::once(turn.whole_question()).chain(turn.note.as_deref().map(str::to_owned)).collect()
}

/// The answer on screen as text; `included` are its question and note after the search for identifiers.
#[must_use]
pub fn text(turn: &Turn, provenance: Provenance, included: Option<&Redacted>) -> String {
    use words::take_away as say;
    let mut parts = vec![vec![words::TITLE.to_owned(), say::date(provenance.date)]];
    if let Some(included) = included {
        let labels = [say::QUESTION(), say::NOTE()];
        parts.extend(labels.iter().zip(&included.texts).map(|(label, text)| vec![(*label).to_owned(), text.clone()]));
    }
    let alarms: Vec<String> = turn.alarms_of(AlarmKind::Alarm).map(alarm_line).collect();
    parts.extend(section(say::RED_FLAGS(), alarms));
    let doses: Vec<String> = turn.doses.iter().flat_map(|doses| &doses.rows).map(dose_line).collect();
    parts.extend(section(say::DOSES(), doses));
    parts.push(answer(turn));
    parts.extend(section(say::SOURCES(), sources(turn)));
    let mut made = vec![say::made_by(provenance.model), say::rests_on(provenance.library)];
    made.push(words::WHAT_IT_IS().to_owned());
    parts.push(made.into_iter().filter(|line| !line.is_empty()).collect());
    parts.push(vec![say::SIGN_OFF().to_owned()]);
    let mut text = parts.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

/// The text as Markdown: its first line is the title, what heads a part a heading. It may have been changed by the reader.
#[must_use]
pub fn markdown(text: &str) -> String {
    let headings = words::take_away::headings();
    let part = |part: &str| match part.split_once('\n') {
        Some((first, rest)) if first == words::TITLE => format!("# {first}\n\n{rest}"),
        // A line is a line in what is copied; Markdown would run them together.
        Some((first, rest)) if headings.contains(&first) => format!("## {first}\n\n{}", rest.replace('\n', "  \n")),
        _ => part.replace('\n', "  \n"),
    };
    let mut told = text.trim_end().split("\n\n").map(part).collect::<Vec<_>>().join("\n\n");
    told.push('\n');
    told
}

/// The answer as JSON, for other programs. `text` is what would be copied, with question and note only where the reader took them in; nothing
/// else of it quotes them.
#[must_use]
pub fn json(turn: &Turn, provenance: Provenance, text: &str) -> String {
    let quotes_note =
        |sentence: &&DraftSentence| !sentence.citations.iter().any(|citation| citation.passage == NOTE_PASSAGE);
    let sentences: Vec<_> = turn
        .sentences
        .iter()
        .filter(quotes_note)
        .map(|sentence| {
            let citations = sentence.citations.iter();
            let citations: Vec<_> = citations
                .map(|place| json!({"passage": place.passage, "start": place.start, "end": place.end}))
                .collect();
            json!({"text": sentence.text.trim(), "citations": citations})
        })
        .collect();
    let cited: Vec<_> = turn
        .evidence
        .iter()
        .flat_map(|evidence| evidence.iter())
        .chain(turn.more.iter())
        .filter(|item| item.kind != EvidenceKind::Note)
        .map(|item| json!({"passage": item.passage, "title": item.title, "source": item.source}))
        .collect();
    let alarms: Vec<_> = turn
        .alarms_of(AlarmKind::Alarm)
        .map(|alarm| json!({"urgency": words::alarms::urgency(alarm.urgency), "name": words::alarms::name(alarm), "text": alarm.text, "source": alarm.source}))
        .collect();
    let doses: Vec<_> = turn
        .doses
        .iter()
        .flat_map(|doses| &doses.rows)
        .map(|row| json!({"line": row.line, "source": row.source}))
        .collect();
    let state = turn.state().map(|state| words::answer::state(state).0);
    let told = json!({
        "format": 1,
        "program": words::TITLE,
        // Of the page's own words in here; the contents are English.
        "language": language::tag(language::now()),
        "date": provenance.date,
        "notice": words::WHAT_IT_IS(),
        "model": provenance.model.map(|model| json!({"name": model.model, "version": model.version})),
        "knowledgeBase": provenance.library.map(|library| json!({"version": library.version, "sha256": library.sha256, "attributions": library.attributions})),
        "state": state,
        "redFlags": alarms,
        "doses": doses,
        "sentences": sentences,
        "sources": cited,
        "text": text,
    });
    format!("{told:#}\n")
}

/// `text` in pieces, the placeholders apart with the class of what they stand for.
#[must_use]
pub fn marked<'t>(text: &'t str, placeholders: &'t [Placeholder]) -> Vec<(&'t str, Option<&'t str>)> {
    let places: Vec<(usize, usize)> = placeholders
        .iter()
        .flat_map(|known| text.match_indices(&known.text).map(|(start, found)| (start, start + found.len())))
        .collect();
    let class = |piece: &str| placeholders.iter().find(|known| known.text == piece).map(|known| known.class.as_str());
    let pieces = spans::pieces(text, &places, &[]).into_iter();
    pieces.map(|(piece, mark)| (piece, if mark == Mark::Plain { None } else { class(piece).or(Some("")) })).collect()
}

/// A heading and its lines; nothing without lines.
fn section(heading: &str, lines: Vec<String>) -> Option<Vec<String>> {
    (!lines.is_empty()).then(|| std::iter::once(heading.to_owned()).chain(lines).collect())
}

fn alarm_line(alarm: &Alarm) -> String {
    words::take_away::red_flag(
        words::alarms::urgency(alarm.urgency),
        &words::alarms::name(alarm),
        &alarm.text,
        &alarm.source,
    )
}

fn dose_line(row: &DoseRow) -> String {
    let conflicts = row.conflicts.iter().map(|conflict| format!("{}.", words::doses::conflict(conflict)));
    let line: Vec<String> = std::iter::once(row.line.clone())
        .chain(conflicts)
        .chain(row.remarks.iter().cloned())
        .chain([words::take_away::source(&row.source)])
        .collect();
    format!("- {}", line.join(" "))
}

/// How it ended, and its sentences with the numbers of their sources.
fn answer(turn: &Turn) -> Vec<String> {
    use words::take_away as say;
    let mut lines = vec![say::ANSWER().to_owned()];
    if turn.is_looked_up() {
        lines.push(say::LOOKED_UP().to_owned());
    } else if let Some(state) = turn.state().filter(|state| *state != AnswerState::EmergencyFirst) {
        // The fixed words of the state: what the sources leave open is told in words of the question. Red flags stand above already,
        // each with its own urgency.
        let (heading, meaning) = match state {
            AnswerState::Supported => (words::answer::state(state).0, say::SUPPORTED()),
            _ => words::answer::state(state),
        };
        lines.push(format!("{heading}. {meaning}"));
    }
    lines.extend(turn.sentences.iter().map(|sentence| sentence_line(turn, sentence)));
    lines
}

fn sentence_line(turn: &Turn, sentence: &DraftSentence) -> String {
    if sentence.citations.iter().any(|citation| citation.passage == NOTE_PASSAGE) {
        return words::take_away::FROM_NOTE().to_owned();
    }
    let mut cited: Vec<String> = Vec::new();
    for number in sentence.citations.iter().filter_map(|citation| turn.number_of(&citation.passage)) {
        let mark = format!(" [{number}]");
        if !cited.contains(&mark) {
            cited.push(mark);
        }
    }
    format!("{}{}", sentence.text.trim(), cited.concat())
}

/// What the answer cites, by its number on the page; without a cited sentence, everything that was found for it.
fn sources(turn: &Turn) -> Vec<String> {
    let cites = |passage: &str| {
        let by_sentence = turn.sentences.iter().flat_map(|sentence| &sentence.citations);
        by_sentence.into_iter().any(|citation| citation.passage == passage)
    };
    let listed = || turn.evidence.iter().flat_map(|evidence| evidence.iter());
    let none = !listed().any(|item| item.kind != EvidenceKind::Note && cites(&item.passage));
    listed()
        .chain(turn.more.iter().filter(|_| !none))
        .filter(|item| item.kind != EvidenceKind::Note && (none || cites(&item.passage)))
        .filter_map(|item| Some(format!("[{}] {}. {}", turn.number_of(&item.passage)?, item.title, item.source)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mambaformer_wasm::answer::{
        AnswerRecord, AnswerState, Author, Citation, DoseColumns, Doses, Evidence, FoundBy, ReadAs,
    };

    use crate::session::tests::alarm;

    const SECRET: &str = "Brackwell";

    fn source(passage: &str, kind: EvidenceKind) -> Evidence {
        Evidence {
            passage: passage.to_owned(),
            title: if kind == EvidenceKind::Note { SECRET.to_owned() } else { format!("About {passage}") },
            text: String::new(),
            source: "Guideline (2020)".to_owned(),
            score: 1.0,
            kind,
        }
    }

    fn sentence(text: &str, passages: &[&str]) -> DraftSentence {
        let cite = |passage: &&str| Citation { passage: (*passage).to_owned(), start: 0, end: 1 };
        DraftSentence { text: text.to_owned(), citations: passages.iter().map(cite).collect() }
    }

    /// An answer in which everything that can quote question or note does.
    fn turn() -> Turn {
        let mut turn = Turn::new("1".to_owned(), format!("Can {SECRET} have it?"), Some(format!("Mrs {SECRET}")));
        turn.alarms =
            Arc::new(vec![Alarm { words: vec![SECRET.to_owned()], ..alarm(AlarmKind::Alarm, "Anaphylaxis") }]);
        turn.evidence = Some(Arc::new(vec![
            source(NOTE_PASSAGE, EvidenceKind::Note),
            source("p", EvidenceKind::Passage),
            source("q", EvidenceKind::Passage),
        ]));
        turn.more = Arc::new(vec![source("m", EvidenceKind::Passage)]);
        turn.doses = Some(Arc::new(Doses {
            rows: vec![DoseRow {
                citation: Citation { passage: "q".to_owned(), start: 0, end: 1 },
                line: "Amoxicillin: 500 mg.".to_owned(),
                columns: DoseColumns::default(),
                remarks: vec!["Caution: x.".to_owned()],
                conflicts: vec!["penicillin allergy".to_owned()],
                worked: Some(format!("For {SECRET}.")),
                source: "SDCEP (2021)".to_owned(),
            }],
            assumed: Vec::new(),
            missing: vec![SECRET.to_owned()],
        }));
        turn.sentences = vec![
            sentence(" Yes.", &[]),
            sentence(&format!(" {SECRET} takes warfarin."), &[NOTE_PASSAGE]),
            sentence(" Sip water.", &["p", "p", "m"]),
        ];
        turn.record = Some(Arc::new(AnswerRecord {
            gaps: vec![SECRET.to_owned()],
            read_as: vec![ReadAs { typed: SECRET.to_owned(), read: SECRET.to_owned() }],
            ..AnswerRecord::empty("1", AnswerState::Supported)
        }));
        turn
    }

    fn library() -> LibraryInfo {
        LibraryInfo { version: "2f21".to_owned(), attributions: vec!["CC BY 4.0".to_owned()], ..LibraryInfo::default() }
    }

    fn told(turn: &Turn, included: Option<&Redacted>) -> String {
        let model = ModelInfo {
            model: "chairside".to_owned(),
            version: "0.3".to_owned(),
            parameters: 1,
            bytes: 1,
            backend: String::new(),
            formats: Vec::new(),
        };
        let library = library();
        let provenance = Provenance { date: "2026-11-22", model: Some(&model), library: Some(&library) };
        text(turn, provenance, included)
    }

    #[test]
    fn an_answer_is_told_with_its_sources_and_makers() {
        let told = told(&turn(), None);
        for words in [
            "2026-11-22",
            "Act now: Anaphylaxis. Call 112. Guideline: a guideline",
            "- Amoxicillin: 500 mg. Not for: penicillin allergy. Caution: x. Source: SDCEP (2021)",
            "Supported. Every sentence stands in a source",
            "\nYes.\n",
            "\nSip water. [1] [3]\n",
            "[1] About p. Guideline (2020)",
            "[3] About m. Guideline (2020)",
            "chairside 0.3",
            "Knowledge base 2f21",
            "Not yet reviewed by a clinician.",
            "CC BY 4.0",
        ] {
            assert!(told.contains(words), "`{words}` is not in:\n{told}");
        }
        assert!(!told.contains("About q"), "a source that no sentence cites:\n{told}");
    }

    #[test]
    fn as_markdown_and_as_json_it_says_the_same() {
        let (turn, library) = (turn(), library());
        let text = told(&turn, None);
        let markdown = markdown(&text);
        assert!(
            markdown.starts_with("# MambaFormer Chairside\n\nAnswer of 2026-11-22\n\n## Red flags\n\n"),
            "{markdown}"
        );
        assert!(markdown.contains("\n## Sources\n\n[1] About p. Guideline (2020)  \n[3]"), "{markdown}");
        let plain = |text: &str| {
            text.replace("# ", "").replace('#', "").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(plain(&markdown), plain(&text), "no word more or less");
        let provenance = Provenance { date: "2026-11-22", model: None, library: Some(&library) };
        let json = json(&turn, provenance, &text);
        assert!(!json.contains(SECRET), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(read["sentences"].as_array().map(Vec::len), Some(2), "the note's is left out");
        assert_eq!(read["sentences"][1]["citations"][0]["passage"], "p");
        assert_eq!((&read["knowledgeBase"]["version"], &read["model"]), (&json!("2f21"), &serde_json::Value::Null));
        assert_eq!(read["text"], text);
    }

    #[test]
    fn the_page_s_own_words_are_in_its_language_and_the_headings_known_in_any() {
        language::speak(language::Locale::de);
        let (turn, library) = (turn(), library());
        let text = told(&turn, None);
        for words in
            ["Antwort vom 2026-11-22", "Sofort handeln: Anaphylaxis. Call 112. Leitlinie:", "kein Medizinprodukt"]
        {
            assert!(text.contains(words), "`{words}` is not in:\n{text}");
        }
        let provenance = Provenance { date: "2026-11-22", model: None, library: Some(&library) };
        assert!(json(&turn, provenance, &text).contains("\"language\": \"de\""));
        language::speak(language::Locale::en);
        assert!(markdown(&text).contains("\n## Quellen\n\n[1] About p."), "{}", markdown(&text));
    }

    #[test]
    fn nothing_of_question_and_note_leaves_unasked() {
        let told = told(&turn(), None);
        assert!(!told.contains(SECRET), "{told}");
        assert!(!told.contains(words::take_away::QUESTION()), "{told}");
    }

    #[test]
    fn what_is_included_is_what_came_back_from_the_search() {
        let redacted = Redacted {
            texts: vec!["Can [NAME 1] have it?".to_owned(), "Mrs [NAME 1]".to_owned()],
            ..Redacted::default()
        };
        let told = told(&turn(), Some(&redacted));
        assert!(!told.contains(SECRET), "{told}");
        let question = format!(
            "{}\nCan [NAME 1] have it?\n\n{}\nMrs [NAME 1]\n",
            words::take_away::QUESTION(),
            words::take_away::NOTE()
        );
        assert!(told.contains(&question), "{told}");
        assert_eq!(searched_texts(&turn()), ["Can Brackwell have it?", "Mrs Brackwell"]);
    }

    #[test]
    fn what_was_only_looked_up_lists_what_was_found() {
        let mut turn = turn();
        turn.sentences.clear();
        turn.record = Some(Arc::new(AnswerRecord {
            author: Author::Search,
            ..AnswerRecord::empty("1", AnswerState::PartlyCovered)
        }));
        let told = told(&turn, None);
        assert!(
            told.contains(words::take_away::LOOKED_UP())
                && told.contains("[1] About p")
                && told.contains("[2] About q")
        );
        assert!(!told.contains("About m") && !told.contains(SECRET), "{told}");
    }

    #[test]
    fn a_pathway_is_not_called_an_emergency() {
        let mut turn = turn();
        turn.record = Some(Arc::new(AnswerRecord::empty("1", AnswerState::EmergencyFirst)));
        let told = told(&turn, None);
        assert!(!told.contains("Emergency first") && told.contains("Act now: Anaphylaxis"), "{told}");
        let possible = Alarm { found_by: FoundBy::Net, ..alarm(AlarmKind::Alarm, "Sepsis") };
        turn.alarms = Arc::new(vec![possible]);
        let told = text(&turn, Provenance { date: "", model: None, library: None }, None);
        assert!(told.contains("Act now: Possibly: Sepsis"), "{told}");
    }

    #[test]
    fn placeholders_are_marked_wherever_they_stand() {
        let known = |text: &str, class: &str| Placeholder { text: text.to_owned(), class: class.to_owned() };
        let placeholders = [known("[NAME 1]", "name"), known("[DATE 1]", "date")];
        assert_eq!(
            marked("Größe [NAME 1], [DATE 1]; [NAME 1]", &placeholders),
            [
                ("Größe ", None),
                ("[NAME 1]", Some("name")),
                (", ", None),
                ("[DATE 1]", Some("date")),
                ("; ", None),
                ("[NAME 1]", Some("name")),
            ]
        );
        assert_eq!(marked("[NAME 2]", &placeholders), [("[NAME 2]", None)]);
        assert!(marked("", &placeholders).is_empty());
    }

    #[test]
    fn only_what_is_waited_for_is_included() {
        let mut included = Included::Waiting("r2".to_owned());
        included.searched("r1", Redacted::default());
        assert!(
            !included.refused(Some("r1"), ErrorKind::NoteTooLong, "why")
                && !included.refused(None, ErrorKind::Busy, "why")
        );
        assert_eq!(included, Included::Waiting("r2".to_owned()));
        included.searched("r2", Redacted::default());
        included.lost();
        assert!(matches!(included, Included::Searched(_)), "the reader may be changing it");
        assert!(!included.refused(Some("r2"), ErrorKind::NoteTooLong, "why"), "it was answered already");
        let mut included = Included::Waiting("r3".to_owned());
        included.lost();
        assert_eq!(included, Included::Nothing);
        included = Included::Waiting("r3".to_owned());
        assert!(included.refused(Some("r3"), ErrorKind::NoteTooLong, "why"));
        assert!(matches!(included, Included::Refused(_)));
    }
}
