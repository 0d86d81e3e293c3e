//! What the page says around the boxes.

use mambaformer_wasm::protocol::{MAX_NOTE_CHARS, MAX_QUESTION_CHARS};

use super::grouped;
use crate::language::Word;
use crate::session::{Model, Session, Waiting};

/// Questions a first-time reader can try, with their subjects; they only fill the box. Not translated: questions are understood in English.
pub const EXAMPLES: [(Word, &str); 10] = [
    (trauma, "How long do I splint an avulsed incisor?"),
    (prescribing, "Amoxicillin dose for a dental abscess, adult, UK?"),
    (conditions, "INR limit for an extraction on warfarin?"),
    (oral_medicine, "What are the treatments for dry mouth?"),
    (endodontics, "Which irrigant do I use in a root canal, and how strong?"),
    (periodontology, "When is a gum abscess treated with antibiotics?"),
    (surgery, "How do I manage a dry socket?"),
    (anaesthesia, "Maximum articaine for an adult?"),
    (children, "What do I do about a knocked-out milk tooth?"),
    (radiology, "When is a cone beam CT justified in endodontics?"),
];

words! { ask:
    /// Over the question box.
    question;
    /// Over the questions to start with.
    examples;
    /// Unfolds the note.
    add_note;
    /// Above the note.
    note_help;
    /// Asks.
    ask;
    /// Ends the answer.
    stop;
    /// Until it has ended.
    stopping;
    /// Under the question box.
    how_to_ask;
    /// Asked before the knowledge base was there.
    queued;
    /// Looked up before the model was there.
    looked_up;
    /// The knowledge base is there and the model is not.
    looking_up;
    /// Before the question that the next one follows.
    follow_up;
    /// A subject of an example.
    trauma;
    /// A subject of an example.
    prescribing;
    /// A subject of an example.
    conditions;
    /// A subject of an example.
    oral_medicine;
    /// A subject of an example.
    endodontics;
    /// A subject of an example.
    periodontology;
    /// A subject of an example.
    surgery;
    /// A subject of an example.
    anaesthesia;
    /// A subject of an example.
    children;
    /// A subject of an example.
    radiology;
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
        (Model::Starting | Model::Loading { .. }, Some(Waiting::Box)) => queued(),
        (Model::Starting | Model::Loading { .. }, Some(Waiting::Answer)) => looked_up(),
        (Model::Starting | Model::Loading { .. }, None) if session.is_searchable() => looking_up(),
        _ => how_to_ask(),
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
        assert_eq!(help(&session), queued());
        session.library = Some(std::sync::Arc::new(LibraryInfo::default()));
        session.queued = None;
        assert_eq!(help(&session), looking_up());
        session.queued = Some(Waiting::Answer);
        assert_eq!(help(&session), looked_up());
        session.queued = None;
        session.model = Model::Failed;
        assert_eq!(help(&session), how_to_ask());
    }
}
