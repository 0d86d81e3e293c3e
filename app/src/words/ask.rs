//! What the page says around the boxes.

use mambaformer_wasm::protocol::{MAX_NOTE_CHARS, MAX_QUESTION_CHARS};

use super::grouped;
use crate::language::Word;
use crate::session::{Model, Session, Waiting};

/// Questions a first-time reader can try, with their subjects; they only fill the box. Not translated: questions are understood in English.
pub const EXAMPLES: [(Word, &str); 10] = [
    (TRAUMA, "How long do I splint an avulsed incisor?"),
    (PRESCRIBING, "Amoxicillin dose for a dental abscess, adult, UK?"),
    (CONDITIONS, "INR limit for an extraction on warfarin?"),
    (ORAL_MEDICINE, "What are the treatments for dry mouth?"),
    (ENDODONTICS, "Which irrigant do I use in a root canal, and how strong?"),
    (PERIODONTOLOGY, "When is a gum abscess treated with antibiotics?"),
    (SURGERY, "How do I manage a dry socket?"),
    (ANAESTHESIA, "Maximum articaine for an adult?"),
    (CHILDREN, "What do I do about a knocked-out milk tooth?"),
    (RADIOLOGY, "When is a cone beam CT justified in endodontics?"),
];

words! { ask:
    /// Over the question box.
    QUESTION = question;
    /// Over the questions to start with.
    EXAMPLES_GROUP = examples;
    /// Unfolds the note.
    ADD_NOTE = add_note;
    /// Above the note.
    NOTE_HELP = note_help;
    /// Asks.
    ASK = ask;
    /// Ends the answer.
    STOP = stop;
    /// Until it has ended.
    STOPPING = stopping;
    /// Under the question box.
    HOW_TO_ASK = how_to_ask;
    /// Asked before the knowledge base was there.
    QUEUED = queued;
    /// Looked up before the model was there.
    LOOKED_UP = looked_up;
    /// The knowledge base is there and the model is not.
    LOOKING_UP = looking_up;
    /// Before the question that the next one follows.
    FOLLOW_UP = follow_up;
    /// A subject of an example.
    TRAUMA = trauma;
    /// A subject of an example.
    PRESCRIBING = prescribing;
    /// A subject of an example.
    CONDITIONS = conditions;
    /// A subject of an example.
    ORAL_MEDICINE = oral_medicine;
    /// A subject of an example.
    ENDODONTICS = endodontics;
    /// A subject of an example.
    PERIODONTOLOGY = periodontology;
    /// A subject of an example.
    SURGERY = surgery;
    /// A subject of an example.
    ANAESTHESIA = anaesthesia;
    /// A subject of an example.
    CHILDREN = children;
    /// A subject of an example.
    RADIOLOGY = radiology;
}

/// Above a question that follows another.
#[must_use]
pub fn followed(before: &str) -> String {
    say!(ask.followed, before = before)
}

/// In the empty question box.
#[must_use]
pub fn example() -> String {
    say!(ask.example, question = EXAMPLES[0].1)
}

/// Under the question box: what Ask does now.
#[must_use]
pub fn help(session: &Session) -> &'static str {
    match (&session.model, session.queued) {
        (Model::Starting | Model::Loading { .. }, Some(Waiting::Box)) => QUEUED(),
        (Model::Starting | Model::Loading { .. }, Some(Waiting::Answer)) => LOOKED_UP(),
        (Model::Starting | Model::Loading { .. }, None) if session.is_searchable() => LOOKING_UP(),
        _ => HOW_TO_ASK(),
    }
}

/// The counter under the question; `None` while there is room enough not to speak of it.
#[must_use]
pub fn question_counter(chars: usize) -> Option<String> {
    counter(chars, MAX_QUESTION_CHARS)
}

/// The counter under the note.
#[must_use]
pub fn note_counter(chars: usize) -> Option<String> {
    counter(chars, MAX_NOTE_CHARS)
}

fn counter(chars: usize, limit: usize) -> Option<String> {
    let told = |n: usize| grouped(u64::try_from(n).unwrap_or(u64::MAX));
    if chars > limit {
        Some(say!(ask.counter_over, count = told(chars), limit = told(limit), over = told(chars - limit)))
    } else if chars * 10 >= limit * 8 {
        Some(say!(ask.counter, count = told(chars), limit = told(limit)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mambaformer_wasm::protocol::LibraryInfo;

    #[test]
    fn the_counter_speaks_near_the_limit() {
        assert_eq!(question_counter(1_599), None);
        assert_eq!(question_counter(1_600).as_deref(), Some("1,600 of 2,000 characters"));
        assert_eq!(question_counter(2_143).as_deref(), Some("2,143 of 2,000 characters: 143 too many"));
    }

    #[test]
    fn examples_can_be_asked() {
        for (_, example) in EXAMPLES {
            assert_eq!(question_counter(example.chars().count()), None, "{example}");
        }
    }

    #[test]
    fn the_form_says_what_ask_does() {
        let mut session = Session { queued: Some(Waiting::Box), ..Session::default() };
        assert_eq!(help(&session), QUEUED());
        session.library = Some(std::sync::Arc::new(LibraryInfo::default()));
        session.queued = None;
        assert_eq!(help(&session), LOOKING_UP());
        session.queued = Some(Waiting::Answer);
        assert_eq!(help(&session), LOOKED_UP());
        session.queued = None;
        session.model = Model::Failed;
        assert_eq!(help(&session), HOW_TO_ASK());
    }
}
