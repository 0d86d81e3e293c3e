//! What an answer says that is copied or printed, and what stands beside it.

use mambaformer_wasm::protocol::{LibraryInfo, ModelInfo};

use crate::language::{self, Locale, td_string};

words! { take_away:
    /// Over the question.
    question;
    /// Over the note.
    note;
    /// Over red flags.
    red_flags;
    /// Over dose records.
    doses;
    /// Over the answer.
    answer;
    /// Over the sources.
    sources;
    /// What it means that an answer is supported, away from the page.
    supported;
    /// In the place of an answer that was not written.
    looked_up;
    /// In the place of a sentence that the answer took from the note.
    from_note;
    /// The section on the page.
    heading;
    /// Copies the text.
    copy;
    /// Prints the text.
    print;
    /// Saves the text as a file.
    save;
    /// Saves the answer as a file for other programs.
    save_json;
    /// Where whoever uses it signs.
    sign_off;
    /// Takes question and note along.
    include;
    /// What is taken along without it.
    without;
    /// While question and note are searched.
    searching;
    /// Nothing was found to replace.
    none_found;
    /// Over what is marked.
    marked;
    /// Over the text that can be changed.
    edit;
    /// After copying.
    copied;
    /// The browser did not let the page copy.
    not_copied;
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
        format!("{} {} {named}.", super::library_version(library), super::not_reviewed())
    };
    library.map(told).unwrap_or_default()
}

/// How many placeholders there are.
#[must_use]
pub fn found(placeholders: usize) -> String {
    match placeholders {
        0 => none_found().to_owned(),
        1 => say!(take_away.found_one).to_owned(),
        count => say!(take_away.found_many, count = count),
    }
}
