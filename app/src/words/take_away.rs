//! What an answer says that is copied or printed, and what stands beside it.

use mambaformer_wasm::protocol::{LibraryInfo, ModelInfo};

/// The first line.
pub const TITLE: &str = "MambaFormer Chairside";
/// Over the question.
pub const QUESTION: &str = "Question";
/// Over the note.
pub const NOTE: &str = "Note";
/// Over red flags.
pub const RED_FLAGS: &str = "Red flags";
/// Over dose records.
pub const DOSES: &str = "Doses and limits";
/// Over the answer.
pub const ANSWER: &str = "Answer";
/// Over the sources.
pub const SOURCES: &str = "Sources";
/// What it means that an answer is supported, away from the page.
pub const SUPPORTED: &str = "Every sentence stands in a source listed below. Check it before you rely on it.";
/// In the place of an answer that was not written.
pub const LOOKED_UP: &str = "Passages found; the model has written no answer.";
/// In the place of a sentence that the answer took from the note.
pub const FROM_NOTE: &str = "[A sentence of the note is left out here.]";

/// The section on the page.
pub const HEADING: &str = "Take this answer with you";
/// Copies the text.
pub const COPY: &str = "Copy";
/// Prints the text.
pub const PRINT: &str = "Print";
/// Saves the text as a file.
pub const SAVE: &str = "Save as Markdown";
/// Saves the answer as a file for other programs.
pub const SAVE_JSON: &str = "Save as JSON";
/// Where whoever uses it signs.
pub const SIGN_OFF: &str = "Checked against the sources by: ____________________   Date: ____________";
/// Takes question and note along.
pub const INCLUDE: &str = "Include question and note";
/// What is taken along without it.
pub const WITHOUT: &str = "Answer, sources, versions and date. Question and note stay on this page.";
/// While question and note are searched.
pub const SEARCHING: &str = "Looking for identifiers…";
/// Nothing was found to replace.
pub const NONE_FOUND: &str = "No identifier was found.";
/// Over what is marked.
pub const MARKED: &str = "What was found, replaced by its kind";
/// Over the text that can be changed.
pub const EDIT: &str = "Text to copy or print; change it as you like";
/// After copying.
pub const COPIED: &str = "Copied.";
/// The browser did not let the page copy.
pub const NOT_COPIED: &str = "The browser did not allow copying. Select the text below and copy it yourself.";

/// The second line.
#[must_use]
pub fn date(date: &str) -> String {
    format!("Answer of {date}")
}

/// A red flag in one line.
#[must_use]
pub fn red_flag(urgency: &str, name: &str, text: &str, source: &str) -> String {
    format!("{urgency}: {name}. {text} Guideline: {source}")
}

/// Where a dose stands.
#[must_use]
pub fn source(source: &str) -> String {
    format!("Source: {source}")
}

/// The model and its version; empty where there is none.
#[must_use]
pub fn made_by(model: Option<&ModelInfo>) -> String {
    model.map(|model| format!("Model: {} {}.", model.model, model.version)).unwrap_or_default()
}

/// The knowledge base and who has to be named; empty where there is none.
#[must_use]
pub fn rests_on(library: Option<&LibraryInfo>) -> String {
    let told = |library: &LibraryInfo| {
        let named = library.attributions.join(". ");
        format!("{} {} {named}.", super::library_version(library), super::NOT_REVIEWED)
    };
    library.map(told).unwrap_or_default()
}

/// How many placeholders there are.
#[must_use]
pub fn found(placeholders: usize) -> String {
    match placeholders {
        0 => NONE_FOUND.to_owned(),
        1 => "1 identifier was found and replaced.".to_owned(),
        count => format!("{count} identifiers were found and replaced."),
    }
}
