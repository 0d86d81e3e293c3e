//! What the page says of an answer: how it ended, how sure it is, what the check did.

use mambaformer_wasm::answer::{AlarmKind, AnswerState, Band, Checked, Confidence, ReadAs, TimingsMs};

use super::{alarms, duration, grouped, quoted};
use crate::session::{Model, Session, Waiting};

words! { answer:
    /// The part of the page.
    HEADING = heading;
    /// Before the passages are there.
    SEARCHING = searching;
    /// Between the passages and the first word.
    READING = reading;
    /// In the place of a source's number.
    NOTE = note;
    /// On the mark of a sentence taken from the note.
    NOTE_CITATION = note_citation;
    /// Over the headings of a question that is not covered.
    NEAREST_TOPICS = nearest_topics;
    /// Before the band.
    CONFIDENCE = confidence;
}

/// On the mark of a sentence.
#[must_use]
pub fn citation(number: usize) -> String {
    say!(answer.citation, number = number)
}

/// How sure an answer is, with what was counted when it was measured.
#[must_use]
pub fn measured(confidence: &Confidence) -> String {
    let band = match confidence.band {
        Band::Low => say!(answer.band_low),
        Band::Medium => say!(answer.band_medium),
        Band::High => say!(answer.band_high),
    };
    let (of, right) = (grouped(u64::from(confidence.of)), grouped(u64::from(confidence.right)));
    match confidence.of {
        0 => say!(answer.unmeasured, band = band),
        1 => say!(answer.measured_one, band = band, right = right),
        _ => say!(answer.measured_many, band = band, of = of, right = right),
    }
}

/// What the sources leave open; `None` where nothing was found open.
#[must_use]
pub fn gaps(gaps: &[String]) -> Option<String> {
    (!gaps.is_empty()).then(|| say!(answer.gaps, gaps = gaps.join(", ")))
}

/// What the check after the model did, in one sentence; `None` where it found nothing.
#[must_use]
pub fn checked(checked: &Checked) -> Option<String> {
    let left_out = match checked.withheld.len() {
        0 => None,
        1 => Some(say!(answer.left_out_one).to_owned()),
        count => Some(say!(answer.left_out_many, count = count)),
    };
    let completed = match checked.repaired.len() {
        0 => None,
        1 => Some(say!(answer.completed_one).to_owned()),
        count => Some(say!(answer.completed_many, count = count)),
    };
    let done: Vec<String> = left_out.into_iter().chain(completed).collect();
    (!done.is_empty()).then(|| say!(answer.checked, done = done.join(", ")))
}

/// Words that were read as others; `None` where all were read as they stand.
#[must_use]
pub fn read_as(read: &[ReadAs]) -> Option<String> {
    let told = |word: &ReadAs| say!(answer.read_for, read = quoted(&word.read), typed = quoted(&word.typed));
    let words: Vec<String> = read.iter().map(told).collect();
    (!words.is_empty()).then(|| say!(answer.read_as, words = words.join(", ")))
}

/// How an answer ended: a heading, what it means, and what the sources leave open in words of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// A word or two.
    pub heading: &'static str,
    /// What it means, in sentences.
    pub meaning: String,
    /// What no sentence speaks of: the reader's words.
    pub gaps: Vec<String>,
}

/// How the answer on screen ended; `None` while it runs.
#[must_use]
pub fn ending(session: &Session) -> Option<Ending> {
    let turn = session.turn.as_ref()?;
    let ended = turn.state()?;
    let alarm = turn.alarms_of(AlarmKind::Alarm).next();
    let (heading, meaning) = match (ended, alarm) {
        (AnswerState::EmergencyFirst, Some(alarm)) => alarms::first(alarm.urgency, alarm.found_by),
        _ => state(ended),
    };
    let told = |heading, sentences: &[&str]| Ending { heading, meaning: sentences.join(" "), gaps: Vec::new() };
    if !turn.is_looked_up() {
        let gaps = turn.record.as_ref().map(|record| record.gaps.clone()).unwrap_or_default();
        return Some(Ending { gaps, ..told(heading, &[meaning]) });
    }
    let follows = follows(session);
    Some(match ended {
        // Passages and no sentence of an answer yet.
        AnswerState::PartlyCovered => told(say!(answer.found), &[follows]),
        AnswerState::NotCovered => told(heading, &[meaning]),
        _ => told(heading, &[meaning, follows]),
    })
}

/// What comes after a question was looked up without the model.
fn follows(session: &Session) -> &'static str {
    match &session.model {
        Model::Starting | Model::Loading { .. } if session.queued == Some(Waiting::Answer) => {
            say!(answer.found_follows)
        }
        Model::Starting | Model::Loading { .. } => say!(answer.found_loading),
        Model::Ready(_) if session.running().is_some() => say!(answer.found_running),
        Model::Ready(_) => say!(answer.found_alone),
        Model::Failed => say!(answer.found_failed),
    }
}

/// The state of an answer: a heading and what it means.
#[must_use]
pub fn state(state: AnswerState) -> (&'static str, &'static str) {
    match state {
        AnswerState::Supported => (say!(answer.supported), say!(answer.supported_means)),
        AnswerState::PartlyCovered => (say!(answer.partly_covered), say!(answer.partly_covered_means)),
        AnswerState::NotCovered => (say!(answer.not_covered), say!(answer.not_covered_means)),
        AnswerState::EmergencyFirst => (say!(answer.emergency_first), say!(answer.emergency_first_means)),
        AnswerState::Stopped => (say!(answer.stopped), say!(answer.stopped_means)),
        AnswerState::Failed => (say!(answer.failed), say!(answer.failed_means)),
    }
}

/// Where the time went.
#[must_use]
pub fn timings(timings: &TimingsMs, tokens_out: u32) -> String {
    let mut parts = Vec::new();
    parts.extend(timings.retrieval.map(|ms| say!(answer.time_sources, time = duration(ms))));
    parts.extend(timings.reading.map(|ms| say!(answer.time_weighing, time = duration(ms))));
    parts.extend(timings.encode.map(|ms| say!(answer.time_reading, time = duration(ms))));
    parts.extend(timings.first_token.map(|ms| say!(answer.time_first, time = duration(ms))));
    parts.extend(timings.total.map(|ms| say!(answer.time_complete, time = duration(ms))));
    if tokens_out > 0 {
        parts.push(say!(answer.tokens, count = tokens_out));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_name_only_what_ran() {
        let some = TimingsMs { retrieval: Some(2.0), total: Some(80.0), ..TimingsMs::default() };
        assert_eq!(timings(&some, 12), "sources 2.0 ms · complete after 80 ms · 12 tokens");
    }

    #[test]
    fn confidence_is_a_band_with_its_count() {
        let told = |band, right, of| measured(&Confidence { band, right, of });
        assert_eq!(
            told(Band::High, 285, 300),
            "Highest of three bands: of 300 answers like this, 285 were right when measured."
        );
        assert_eq!(
            told(Band::Medium, 1, 1),
            "Middle of three bands: of 1 answer like this, 1 was right when measured."
        );
        assert_eq!(told(Band::Low, 0, 0), "Lowest of three bands: no answers like this have been measured.");
        assert_eq!(
            told(Band::Low, 800, 2_000),
            "Lowest of three bands: of 2,000 answers like this, 800 were right when measured."
        );
    }

    #[test]
    fn the_check_is_told_in_one_sentence() {
        let told = |repaired: usize, withheld: usize| {
            checked(&Checked { repaired: vec![String::new(); repaired], withheld: vec![String::new(); withheld] })
        };
        assert_eq!(told(0, 0), None);
        assert_eq!(told(0, 1).as_deref(), Some("Checked against the sources: 1 sentence left out."));
        assert_eq!(
            told(2, 1).as_deref(),
            Some("Checked against the sources: 1 sentence left out, 2 sentences completed from the source.")
        );
    }

    #[test]
    fn words_of_the_question_are_named() {
        let word = |text: &str| text.to_owned();
        assert_eq!(gaps(&[]), None);
        assert_eq!(
            gaps(&[word("in pregnancy"), word("dose")]).as_deref(),
            Some("No cited sentence speaks of: in pregnancy, dose.")
        );
        assert_eq!(read_as(&[]), None);
        assert_eq!(
            read_as(&[ReadAs { typed: word("amoxicilin"), read: word("amoxicillin") }]).as_deref(),
            Some("Read as: “amoxicillin” (for “amoxicilin”)")
        );
    }

    #[test]
    fn what_was_looked_up_says_what_follows() {
        let mut session = Session { queued: Some(Waiting::Answer), ..Session::default() };
        assert!(follows(&session).contains("follows by itself"));
        session.queued = None;
        assert!(follows(&session).contains("Ask again"));
        session.model = Model::Failed;
        assert!(follows(&session).contains("could not be loaded"));
    }
}
