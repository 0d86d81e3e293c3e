//! From references to the text of an answer: what is copied stays as it is, word for word.
//!
//! Parts are joined with spaces. Only the marks between them change: no space before `,` `;` `:` `.`, the full stop of a part
//! gives way to the connective behind it, an answer sentence begins with a capital and ends with a full stop.

use mambaformer_clinical::text::sentences::sentences;

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
    #[error(
        "the text of `{part}` joined to its neighbours makes {found} sentences where one is meant; use fewer parts: `{text}`"
    )]
    Sentences { part: String, found: usize, text: String },
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

/// How many sentences the splitter of the product sees in `text`.
pub(crate) fn count_sentences(text: &str) -> usize {
    sentences(text).len()
}
