//! Identifiers in what was typed, asked for through the protocol: rules and lists, no model.

use mambaformer_clinical::identifiers::{Identifiers, NOTICE};

use crate::protocol::{ErrorKind, Event, MAX_NOTE_CHARS};
use crate::redaction::{MAX_TEXTS, Placeholder, Redact, Redacted};

/// Why nothing was searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactionError {
    /// More texts than a question and a note with what belongs to them.
    #[error("{found} texts were sent to be searched for identifiers, at most {MAX_TEXTS} are taken; send fewer")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// Longer than a note.
    #[error(
        "a text of {found} characters was sent to be searched for identifiers, at most {MAX_NOTE_CHARS} are taken; shorten it"
    )]
    TooLong {
        /// Its length in characters.
        found: usize,
    },
}

impl RedactionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::TooMany { .. } => ErrorKind::BadOption,
            Self::TooLong { .. } => ErrorKind::NoteTooLong,
        }
    }
}

/// The reply to a request: `redacted`, or `error`.
#[must_use]
pub fn reply(identifiers: &Identifiers, request: &Redact) -> Event {
    let id = request.id.clone();
    match redacted(identifiers, &request.texts) {
        Ok(redacted) => Event::Redacted { id, redacted },
        Err(error) => Event::Error { id: Some(id), kind: error.kind(), message: error.to_string() },
    }
}

fn redacted(identifiers: &Identifiers, texts: &[String]) -> Result<Redacted, RedactionError> {
    if texts.len() > MAX_TEXTS {
        return Err(RedactionError::TooMany { found: texts.len() });
    }
    if let Some(found) = texts.iter().map(|text| text.chars().count()).find(|&found| found > MAX_NOTE_CHARS) {
        return Err(RedactionError::TooLong { found });
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = identifiers.redact_all(&texts);
    let mut placeholders: Vec<Placeholder> = Vec::new();
    for replaced in found.iter().flat_map(|text| &text.replaced) {
        if !placeholders.iter().any(|known| known.text == replaced.placeholder) {
            let class = replaced.identifier.class.label().to_owned();
            placeholders.push(Placeholder { text: replaced.placeholder.clone(), class });
        }
    }
    let texts = found.into_iter().map(|text| text.text).collect();
    Ok(Redacted { texts, placeholders, notice: NOTICE.to_owned() })
}
