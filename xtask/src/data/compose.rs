//! From references to the text of an answer: what is copied stays as it is, word for word.
//!
//! Parts are joined with spaces. Only the marks between them change: no space before `,` `;` `:` `.`, the full stop of a part
//! gives way to the connective behind it, an answer sentence begins with a capital and ends with a full stop.

use super::authored::Cluster;
use super::corpus::Corpus;
use super::reference::{Part, ReferenceError};

/// An answer, put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) sentences: Vec<AnswerSentence>,
}

/// A sentence of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerSentence {
    pub(crate) text: String,
    /// Ids of passages and records, or `note`, in order, each once.
    pub(crate) passages: Vec<String>,
    pub(crate) parts: Vec<Part>,
    /// How many characters of the text are copied.
    pub(crate) copied_chars: usize,
}

/// Why an answer cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ComposeError {
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error("`{part}`: there is no {what} `{id}`; correct the id or write it first")]
    Missing { part: String, what: &'static str, id: String },
    #[error("`{part}`: the {what} has {found} {unit}; correct the number")]
    Range { part: String, what: String, found: usize, unit: &'static str },
    #[error("`{part}`: the record has {found} lines; name the entry, such as `{part}#1`")]
    WhichEntry { part: String, found: usize },
    #[error("`{part}`: the cluster has no note; set `note` and kind \"note\"")]
    NoNote { part: String },
    #[error("`{part}` is an opening; it stands first in the first sentence")]
    OpeningInside { part: String },
    #[error("`{part}` has nothing on one side; a connective stands between two references or behind an opening")]
    LooseConnective { part: String },
    #[error(
        "`{part}` is a whole sentence inside a sentence (`… {before} {shown} …`); begin a new answer sentence with it or use a clause"
    )]
    CapitalInside { part: String, before: String, shown: String },
    #[error("sentence {sentence} of the answer has no reference; every sentence copies from a source")]
    Empty { sentence: usize },
}

impl Answer {
    /// The whole text.
    pub(crate) fn text(&self) -> String {
        self.sentences.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Ids of all sources, in order, each once.
    pub(crate) fn sources(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for id in self.sentences.iter().flat_map(|sentence| &sentence.passages) {
            if !all.contains(&id.as_str()) {
                all.push(id);
            }
        }
        all
    }

    /// Characters copied from sources, and all characters.
    pub(crate) fn copied(&self) -> (usize, usize) {
        let copied = self.sentences.iter().map(|sentence| sentence.copied_chars).sum();
        let all = self.sentences.iter().map(|sentence| sentence.text.chars().count()).sum();
        (copied, all)
    }

    /// The references it copies, sorted: what makes two answers the same.
    pub(crate) fn references(&self) -> Vec<&Part> {
        let mut parts: Vec<&Part> =
            self.sentences.iter().flat_map(|sentence| &sentence.parts).filter(|part| part.is_source()).collect();
        parts.sort();
        parts.dedup();
        parts
    }
}

/// Puts the answer of `cluster` together; all that keeps it from being put together otherwise.
pub(crate) fn compose(cluster: &Cluster, corpus: &Corpus) -> Result<Answer, Vec<ComposeError>> {
    let mut errors = Vec::new();
    let mut answer = Answer::default();
    for (index, parts) in cluster.answer.iter().enumerate() {
        let parts: Vec<Part> =
            parts.iter().filter_map(|part| Part::parse(part).map_err(|error| errors.push(error.into())).ok()).collect();
        match sentence(index, parts, cluster.note.as_deref(), corpus) {
            Ok(sentence) => answer.sentences.push(sentence),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(answer) } else { Err(errors) }
}

fn sentence(
    index: usize,
    parts: Vec<Part>,
    note: Option<&str>,
    corpus: &Corpus,
) -> Result<AnswerSentence, ComposeError> {
    let mut text = String::new();
    let mut passages = Vec::new();
    let mut copied_chars = 0;
    for (at, part) in parts.iter().enumerate() {
        let next = parts.get(at + 1);
        match part {
            Part::Opening(opening) => {
                if index > 0 || at > 0 {
                    return Err(ComposeError::OpeningInside { part: part.to_string() });
                }
                text.push_str(opening);
            }
            Part::Connective(connective) => {
                let between = at > 0 && (next.is_some_and(Part::is_source) || *connective == "." && next.is_none());
                let double = matches!(next, Some(Part::Connective(_))) && connective.starts_with([',', ';']);
                if !(between || at > 0 && double) {
                    return Err(ComposeError::LooseConnective { part: part.to_string() });
                }
                if !connective.starts_with([',', ';', ':', '.']) {
                    text.push(' ');
                }
                text.push_str(connective);
            }
            source => {
                let (id, copied) = look_up(source, note, corpus)?;
                let copied = before(copied, next);
                if inside_sentence(&text) && corpus.begins_sentence(copied) {
                    let words = |text: &str| text.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
                    let before = text.rsplit(' ').next().unwrap_or_default().to_owned();
                    return Err(ComposeError::CapitalInside { part: part.to_string(), before, shown: words(copied) });
                }
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(copied);
                copied_chars += copied.chars().count();
                if !passages.contains(&id) {
                    passages.push(id);
                }
            }
        }
    }
    let opening_alone = matches!(parts.as_slice(), [Part::Opening(opening)] if opening.ends_with('.'));
    if passages.is_empty() && !opening_alone {
        return Err(ComposeError::Empty { sentence: index + 1 });
    }
    let text = finished(&text);
    Ok(AnswerSentence { copied_chars: copied_chars.min(text.chars().count()), text, passages, parts })
}

/// The id and text that a reference names.
fn look_up<'a>(part: &Part, note: Option<&str>, corpus: &'a Corpus) -> Result<(String, &'a str), ComposeError> {
    let missing = |what, id: &str| ComposeError::Missing { part: part.to_string(), what, id: id.to_owned() };
    let range = |what: String, found, unit| ComposeError::Range { part: part.to_string(), what, found, unit };
    match part {
        Part::Passage { id, sentence, clause } => {
            let entry = corpus.passage(id).ok_or_else(|| missing("passage", id))?;
            let sentences = entry.marked.sentences();
            let whole = entry
                .marked
                .sentence(*sentence)
                .ok_or_else(|| range("passage".to_owned(), sentences.len(), "sentences"))?;
            let Some(clause) = clause else { return Ok((id.clone(), whole)) };
            let found = sentences.get(*sentence).map_or(0, |sentence| sentence.clauses.len());
            let text = entry.marked.clause(*sentence, *clause);
            Ok((id.clone(), text.ok_or_else(|| range(format!("sentence `{whole}`"), found, "marked clauses"))?))
        }
        Part::Record { id, entry } => {
            let record = corpus.record(id).ok_or_else(|| missing("record", id))?;
            let found = record.lines.len();
            let line = match entry {
                None if found > 1 => return Err(ComposeError::WhichEntry { part: part.to_string(), found }),
                entry => record.lines.get(entry.unwrap_or(0)),
            };
            Ok((id.clone(), line.ok_or_else(|| range("record".to_owned(), found, "entries"))?))
        }
        Part::Note { sentence } => {
            let id = note.ok_or_else(|| ComposeError::NoNote { part: part.to_string() })?;
            let entry = corpus.note(id).ok_or_else(|| missing("note", id))?;
            let text = entry.sentences.get(*sentence);
            let text = text.ok_or_else(|| range("note".to_owned(), entry.sentences.len(), "sentences"))?;
            Ok(("note".to_owned(), text))
        }
        Part::Opening(_) | Part::Connective(_) => Err(ComposeError::LooseConnective { part: part.to_string() }),
    }
}

/// What is left of a copied text before the next part: its full stop gives way to a connective, its comma to a mark.
fn before<'a>(copied: &'a str, next: Option<&Part>) -> &'a str {
    match next {
        Some(Part::Connective(mark)) if mark.starts_with([',', ';', ':', '.']) => {
            copied.trim_end_matches(['.', ',', ';', ':'])
        }
        Some(Part::Connective(_)) => copied.trim_end_matches('.'),
        _ => copied,
    }
}

/// Whether what follows `text` is inside a sentence.
fn inside_sentence(text: &str) -> bool {
    !text.is_empty() && !text.ends_with(['.', '!', '?'])
}

/// A capital in front, one full stop at the end.
fn finished(text: &str) -> String {
    let body = text.trim_end_matches([',', ';', ':', ' ']);
    let mut chars = body.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if body.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::findings::Findings;
    use crate::data::read;
    use crate::data::syllabus::Syllabus;

    const PASSAGE: &str = r#"{"id":"perio-0001","discipline":"perio","topic":"perio/a","title":"T","text":"Splint the tooth for 4 weeks,| but review it after two weeks. INR is read first. Review the tooth again. Give amoxicillin.","source":{"organisation":"O","title":"T","year":2020},"strength":"textbook","population":"all","region":"UK","updated":"2026-11","see_also":[],"records":[],"reviewed":null}"#;
    const RECORD: &str = r#"{"id":"rec-perio-001","type":"classification","discipline":"perio","region":"UK","source":{"organisation":"O","title":"T","year":2020},"reviewed":null,"name":"grade of mobility","entries":[{"label":"Grade I","criteria":"up to 1 mm"},{"label":"Grade II","criteria":"above 1 mm"}]}"#;
    const NOTE: &str = r#"{"id":"perio-n01","text":"Seen today. Tooth 36 hurts"}"#;

    fn composed(answer: &str) -> Result<Answer, Vec<ComposeError>> {
        let mut findings = Findings::default();
        let cluster = format!(
            r#"{{"id":"perio-q0001","discipline":"perio","topic":"perio/a","kind":"note","level":1,"tags":[],"note":"perio-n01","questions":[],"answer":{answer},"key_facts":[],"forbidden":[]}}"#
        );
        let corpus = Corpus::new(
            Syllabus::default(),
            read::lines("knowledge/perio.jsonl", PASSAGE, &mut findings),
            read::lines("records/perio.jsonl", RECORD, &mut findings),
            read::lines("notes/perio.jsonl", NOTE, &mut findings),
            read::lines("clusters/perio.jsonl", &cluster, &mut findings),
            &mut findings,
        );
        assert_eq!(findings.text(), "");
        compose(&corpus.clusters[0].value, &corpus)
    }

    #[test]
    fn answers_are_copied() {
        for (answer, expected) in [
            (r#"[["perio-0001#3"]]"#, "Review the tooth again."),
            (r#"[["Yes."],["perio-0001#3"]]"#, "Yes. Review the tooth again."),
            (r#"[["Yes.","perio-0001#3"]]"#, "Yes. Review the tooth again."),
            (r#"[["perio-0001#1a"]]"#, "Splint the tooth for 4 weeks."),
            (r#"[["perio-0001#1b"]]"#, "But review it after two weeks."),
            (r#"[["perio-0001#1"]]"#, "Splint the tooth for 4 weeks, but review it after two weeks."),
            (r#"[["perio-0001#3","and","perio-0001#2"]]"#, "Review the tooth again and INR is read first."),
            (r#"[["perio-0001#3",";","perio-0001#1b"]]"#, "Review the tooth again; but review it after two weeks."),
            (r#"[["perio-0001#3",",","but","perio-0001#2"]]"#, "Review the tooth again, but INR is read first."),
            (r#"[["perio-0001#3",".","perio-0001#4"]]"#, "Review the tooth again. Give amoxicillin."),
            (r#"[["rec-perio-001#2"]]"#, "Grade of mobility (UK), Grade II: above 1 mm."),
            (r#"[["note#2"]]"#, "Tooth 36 hurts."),
        ] {
            assert_eq!(composed(answer).expect(answer).text(), expected, "{answer}");
        }
    }

    #[test]
    fn what_is_copied_is_counted_and_cited() {
        let answer = composed(r#"[["Yes.","perio-0001#3","and","perio-0001#2"],["note#1"],["rec-perio-001#1"]]"#)
            .expect("composes");
        assert_eq!(answer.sources(), ["perio-0001", "note", "rec-perio-001"]);
        assert_eq!(answer.sentences[0].passages, ["perio-0001"]);
        let (copied, all) = answer.copied();
        assert_eq!(all - copied, "Yes. ".len() + " and ".len());
        assert_eq!(
            answer.references().iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["perio-0001#2", "perio-0001#3", "rec-perio-001#1", "note#1"]
        );
    }

    /// Whatever is composed holds nothing but its sources, openings and connectives.
    #[test]
    fn nothing_is_added() {
        let answer =
            composed(r#"[["It depends."],["perio-0001#3","so","perio-0001#1b"],["note#2"]]"#).expect("composes");
        let sources = format!("{PASSAGE} {NOTE}").to_lowercase().replace('|', "");
        for word in answer.text().to_lowercase().split([' ', '.', ',']) {
            assert!(sources.contains(word) || ["it", "depends", "so"].contains(&word), "{word}");
        }
    }

    #[test]
    fn what_cannot_be_composed() {
        for (answer, expected) in [
            (r#"[["perio-0009#1"]]"#, "there is no passage `perio-0009`"),
            (r#"[["rec-perio-009"]]"#, "there is no record"),
            (r#"[["rec-perio-001"]]"#, "the record has 2 lines; name the entry"),
            (r#"[["rec-perio-001#3"]]"#, "the record has 2 entries"),
            (r#"[["perio-0001#1c"]]"#, "has 2 marked clauses"),
            (r#"[["note#3"]]"#, "the note has 2 sentences"),
            (r#"[["perio-0001#3"],["No."]]"#, "is an opening"),
            (r#"[["perio-0001#3","and"]]"#, "has nothing on one side"),
            (r#"[["and","perio-0001#3"]]"#, "has nothing on one side"),
            (
                r#"[["perio-0001#2","but","perio-0001#3"]]"#,
                "`perio-0001#3` is a whole sentence inside a sentence (`… but Review the tooth …`)",
            ),
            ("[[]]", "sentence 1 of the answer has no reference"),
        ] {
            let errors = composed(answer).expect_err(expected);
            let message = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            assert!(message.contains(expected), "{answer}: {message}");
        }
    }
}
