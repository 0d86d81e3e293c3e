//! Taking identifiers of a person out of what was typed, before it leaves the page.

use serde::{Deserialize, Serialize};

/// Most texts of a request.
pub const MAX_TEXTS: usize = 8;

/// Texts of one case, such as a question and its note; answered by `redacted`, or `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redact {
    /// Chosen by the page, different from every question's; comes back in the reply.
    pub id: String,
    /// At most [`MAX_TEXTS`], each no longer than a note may be.
    pub texts: Vec<String>,
}

/// The texts of a [`Redact`] with placeholders in the place of what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redacted {
    /// As many as were sent, in their order.
    pub texts: Vec<String>,
    /// The placeholders in the order of the texts, each once.
    pub placeholders: Vec<Placeholder>,
    /// What has to be read beside them: the search assists and does not guarantee.
    pub notice: String,
}

/// What stands in the place of an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placeholder {
    /// As it stands in the text: `[NAME 1]`.
    pub text: String,
    /// The class of the identifier in words.
    pub class: String,
}
