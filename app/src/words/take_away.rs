//! What an answer says that is copied or printed, and what stands beside it.

use mambaformer_wasm::protocol::{LibraryInfo, ModelInfo};

use crate::language::{self, Locale, td_string};

words! { take_away:
    /// Over the question.
    QUESTION = question;
    /// Over the note.
    NOTE = note;
    /// Over red flags.
    RED_FLAGS = red_flags;
    /// Over dose records.
    DOSES = doses;
    /// Over the answer.
    ANSWER = answer;
    /// Over the sources.
    SOURCES = sources;
    /// What it means that an answer is supported, away from the page.
    SUPPORTED = supported;
    /// In the place of an answer that was not written.
    LOOKED_UP = looked_up;
    /// In the place of a sentence that the answer took from the note.
    FROM_NOTE = from_note;
    /// The section on the page.
    HEADING = heading;
    /// Copies the text.
    COPY = copy;
    /// Prints the text.
    PRINT = print;
    /// Saves the text as a file.
    SAVE = save;
    /// Saves the answer as a file for other programs.
    SAVE_JSON = save_json;
    /// Where whoever uses it signs.
    SIGN_OFF = sign_off;
    /// Takes question and note along.
    INCLUDE = include;
    /// What is taken along without it.
    WITHOUT = without;
    /// While question and note are searched.
    SEARCHING = searching;
    /// Nothing was found to replace.
    NONE_FOUND = none_found;
    /// Over what is marked.
    MARKED = marked;
    /// Over the text that can be changed.
    EDIT = edit;
    /// After copying.
    COPIED = copied;
    /// The browser did not let the page copy.
    NOT_COPIED = not_copied;
}

/// What heads a part of the text in any language: the reader may have changed the page's since it was put together.
#[must_use]
pub fn headings() -> Vec<&'static str> {
    let of = |locale: Locale| {
        let (question, note) = (td_string!(locale, take_away.question), td_string!(locale, take_away.note));
        let (red_flags, doses) = (td_string!(locale, take_away.red_flags), td_string!(locale, take_away.doses));
        let (answer, sources) = (td_string!(locale, take_away.answer), td_string!(locale, take_away.sources));
        [question, note, red_flags, doses, answer, sources]
    };
    language::all().iter().flat_map(|locale| of(*locale)).collect()
}

/// The second line.
#[must_use]
pub fn date(date: &str) -> String {
    say!(take_away.date, date = date)
}

/// A red flag in one line.
#[must_use]
pub fn red_flag(urgency: &str, name: &str, text: &str, source: &str) -> String {
    say!(take_away.red_flag, urgency = urgency, name = name, text = text, source = source)
}

/// Where a dose stands.
#[must_use]
pub fn source(source: &str) -> String {
    say!(take_away.source, source = source)
}

/// The model and its version; empty where there is none.
#[must_use]
pub fn made_by(model: Option<&ModelInfo>) -> String {
    let told = |info: &ModelInfo| say!(take_away.made_by, model = info.model.as_str(), version = info.version.as_str());
    model.map(told).unwrap_or_default()
}

/// The knowledge base and who has to be named; empty where there is none.
#[must_use]
pub fn rests_on(library: Option<&LibraryInfo>) -> String {
    let told = |library: &LibraryInfo| {
        let named = library.attributions.join(". ");
        format!("{} {} {named}.", super::library_version(library), super::NOT_REVIEWED())
    };
    library.map(told).unwrap_or_default()
}

/// How many placeholders there are.
#[must_use]
pub fn found(placeholders: usize) -> String {
    match placeholders {
        0 => NONE_FOUND().to_owned(),
        1 => say!(take_away.found_one).to_owned(),
        count => say!(take_away.found_many, count = count),
    }
}
