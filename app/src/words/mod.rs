//! Every word the page itself says, and how it writes numbers.

pub mod browsing;
pub mod calculators;
pub mod device;
pub mod display;
pub mod download;
pub mod note_file;
pub mod take_away;

use mambaformer_wasm::answer::{
    Alarm, AlarmKind, AnswerState, Band, Checked, Confidence, DoseColumns, EvidenceKind, FoundBy, ReadAs, TimingsMs,
    Urgency,
};
use mambaformer_wasm::protocol::{
    LibraryInfo, MAX_NOTE_CHARS, MAX_QUESTION_CHARS, ModelInfo, Preference, PromptPart, RoutedExpert, Stage,
};

use crate::session::{Model, Session, Waiting};

/// Questions a first-time reader can try, by subject; they only fill the box.
pub const EXAMPLES: [(&str, &str); 10] = [
    ("Trauma", "How long do I splint an avulsed incisor?"),
    ("Prescribing", "Amoxicillin dose for a dental abscess, adult, UK?"),
    ("Medical conditions", "INR limit for an extraction on warfarin?"),
    ("Oral medicine", "What are the treatments for dry mouth?"),
    ("Endodontics", "Which irrigant do I use in a root canal, and how strong?"),
    ("Periodontology", "When is a gum abscess treated with antibiotics?"),
    ("Oral surgery", "How do I manage a dry socket?"),
    ("Local anaesthesia", "Maximum articaine for an adult?"),
    ("Children", "What do I do about a knocked-out milk tooth?"),
    ("Radiology", "When is a cone beam CT justified in endodontics?"),
];

/// The text has no Unicode meaning (a lone surrogate).
pub const ILL_FORMED: &str = "The text contains half of a character (a lone surrogate), often left by a broken copy. \
     Delete the odd character, shown as a box or a question mark, and ask again.";

/// Before the question that the next one follows.
pub const FOLLOW_UP: &str = "Read together with:";

/// Above a question that follows another.
#[must_use]
pub fn followed(before: &str) -> String {
    format!("Follow-up to: {before}")
}

/// Asked before the knowledge base was there.
pub const QUEUED: &str = "Your question is kept and will be asked as soon as the knowledge base is loaded.";

/// Looked up before the model was there.
pub const LOOKED_UP: &str = "The answer follows by itself as soon as the model is ready.";

/// The knowledge base is there and the model is not.
pub const LOOKING_UP: &str =
    "Ask already: red flags, doses and passages are looked up at once. The answer follows when the model is loaded.";

/// Under the reader's question where a red flag is only asked about.
pub const ASKED_ABOUT: &str = "If a patient has it now";

/// In the place of the words that a red flag rests on, where the second net raised it.
pub const BY_LIKENESS: &str = "Your question reads like messages about this, although none of the usual words is in it. Check whether it applies.";

/// Over the headings of a question that is not covered.
pub const NEAREST_TOPICS: &str = "Ask about one of these instead:";

/// The caption of the dose table.
pub const DOSES_CAPTION: &str = "Doses and limits from the records of the knowledge base, best match first";

/// The most urgent red flag, said again where the answer ends: a heading and what it means. A pathway is no emergency, and what is only
/// possible is to be ruled out.
#[must_use]
pub fn red_flag_first(urgency: Urgency, found_by: FoundBy) -> (&'static str, &'static str) {
    if found_by == FoundBy::Net {
        return ("Possible red flag first", "Check whether what is named above applies before reading on.");
    }
    match urgency {
        Urgency::Immediate => ("Emergency first", "Deal with the emergency named above before reading on."),
        Urgency::SameDay => ("Urgent first", "What is named above needs action today; read it first."),
        Urgency::TwoWeeks => ("Red flag first", "Consider the pathway named above before reading on."),
    }
}

/// A cell whose column the record leaves open.
pub const NOT_STATED: &str = "not stated";

/// What no clinician has done; a test holds this against the knowledge base that ships.
pub const NOT_REVIEWED: &str = "Not yet reviewed by a clinician.";

/// There is no worker to speak to.
pub const NO_WORKER: &str = "The assistant is not running on this page. Nothing you typed is lost: start it again.";

/// Under the question box.
pub const HOW_TO_ASK: &str = "Enter asks, Shift + Enter starts a new line.";

/// Above the note.
pub const NOTE_HELP: &str = "Clinical note to answer with. It stays in this page and is forgotten when you close it.";

/// Before the passages are there.
pub const SEARCHING: &str = "Looking for sources…";

/// Between the passages and the first word.
pub const READING: &str = "Reading the sources…";

/// What a share of tokens is not.
pub const ROUTING_CAVEAT: &str = "The gate chooses an expert for each token of your question and the passages. A share says who read what, \
     not how sure the answer is.";

/// What this is.
pub const WHAT_IT_IS: &str = "For dental professionals. Decision support with sources you can review; not a medical device and no \
     substitute for your own judgement.";

/// Where it runs.
pub const WHERE_IT_RUNS: &str = "Everything runs on this device: your question and your note are not sent anywhere.";

/// The engine on the processor.
pub const CPU: &str = "Processor";

/// The engine on the graphics processor.
pub const GPU: &str = "Graphics processor";

/// Before the engines have been compared.
pub const ENGINE_UNDECIDED: &str =
    "The processor answers. Whether the graphics processor is faster is measured while nobody asks.";

/// A choice of engine in words.
#[must_use]
pub fn preference(preference: Preference) -> &'static str {
    match preference {
        Preference::Fastest => "whichever is faster",
        Preference::Cpu => "processor",
        Preference::Gpu => "graphics processor",
    }
}

/// A choice of engine as it is kept.
#[must_use]
pub fn preference_key(preference: Preference) -> &'static str {
    match preference {
        Preference::Fastest => "fastest",
        Preference::Cpu => "cpu",
        Preference::Gpu => "gpu",
    }
}

/// The choice of engine that was kept so.
#[must_use]
pub fn preference_of(key: &str) -> Option<Preference> {
    [Preference::Fastest, Preference::Cpu, Preference::Gpu]
        .into_iter()
        .find(|preference| preference_key(*preference) == key)
}

/// Bytes as megabytes, one decimal (a megabyte is a million bytes, as in a download).
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    let tenths = (bytes + 50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A count with thousands separators.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Milliseconds as people read them.
#[must_use]
pub fn duration(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    }
}

/// Parameters in millions.
fn millions(count: u64) -> String {
    if count < 1_000_000 {
        return format!("{} parameters", grouped(count));
    }
    let tenths = (count + 50_000) / 100_000;
    format!("{}.{} million parameters", tenths / 10, tenths % 10)
}

/// The model's status in one line.
#[must_use]
pub fn model_status(model: &Model) -> String {
    match model {
        Model::Starting => "Starting the assistant…".to_owned(),
        Model::Loading { stage: Stage::Build, .. } => "All files checked. Building the model…".to_owned(),
        Model::Loading { stage, loaded_bytes, total_bytes } => {
            let what = match stage {
                Stage::Manifest => "the list of files",
                Stage::Knowledge => "the sources",
                Stage::Retriever => "the search",
                Stage::Weights | Stage::Build => "the model",
            };
            format!("Loading {what}: {} of {} MB", megabytes(*loaded_bytes), megabytes(*total_bytes))
        }
        Model::Ready(_) => "Ready, on this device".to_owned(),
        Model::Failed => "Not available".to_owned(),
    }
}

/// The model in one line for the foot of the page.
#[must_use]
pub fn model_version(info: &ModelInfo) -> String {
    format!(
        "{} {} · {} · {} MB · {} · {}",
        info.model,
        info.version,
        millions(info.parameters),
        megabytes(info.bytes),
        info.formats.join(" + "),
        info.backend
    )
}

/// Under the question box: what Ask does now.
#[must_use]
pub fn help(session: &Session) -> &'static str {
    match (&session.model, session.queued) {
        (Model::Starting | Model::Loading { .. }, Some(Waiting::Box)) => QUEUED,
        (Model::Starting | Model::Loading { .. }, Some(Waiting::Answer)) => LOOKED_UP,
        (Model::Starting | Model::Loading { .. }, None) if session.is_searchable() => LOOKING_UP,
        _ => HOW_TO_ASK,
    }
}

/// The knowledge base in one line for the foot of the page.
#[must_use]
pub fn library_version(info: &LibraryInfo) -> String {
    format!(
        "Knowledge base {}: {} passages, {} records.",
        info.version,
        grouped(u64::from(info.passages)),
        grouped(u64::from(info.records))
    )
}

/// How soon something has to be done.
#[must_use]
pub fn urgency(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Immediate => "Act now",
        Urgency::SameDay => "Today",
        Urgency::TwoWeeks => "Two-week pathway",
    }
}

/// An urgency as the style sheet and the tests name it.
#[must_use]
pub fn urgency_key(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Immediate => "immediate",
        Urgency::SameDay => "same_day",
        Urgency::TwoWeeks => "two_weeks",
    }
}

/// What a red flag is called. What the second net raised is only possible.
#[must_use]
pub fn alarm_name(alarm: &Alarm) -> String {
    match alarm.found_by {
        FoundBy::Rule => alarm.name.clone(),
        FoundBy::Net => format!("Possibly: {}", alarm.name),
    }
}

/// What a red flag rests on: its words, each once, or its likeness to others; `None` where a rule names no words.
#[must_use]
pub fn rests_on(alarm: &Alarm) -> Option<String> {
    if alarm.found_by == FoundBy::Net {
        return Some(BY_LIKENESS.to_owned());
    }
    let mut quoted: Vec<String> = Vec::new();
    for word in &alarm.words {
        let word = format!("“{}”", word.trim());
        if !quoted.contains(&word) {
            quoted.push(word);
        }
    }
    (!quoted.is_empty()).then(|| format!("Because you wrote: {}", quoted.join(", ")))
}

/// What a source is.
#[must_use]
pub fn evidence_kind(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Passage => "Passage",
        EvidenceKind::Record => "Record",
        EvidenceKind::Note => "Your note",
    }
}

/// A column of the dose table: its heading, and where it stands in a row.
pub type DoseColumn = (&'static str, fn(&DoseColumns) -> &str);

/// The dose table's columns in order.
pub const DOSE_COLUMNS: [DoseColumn; 9] = [
    ("Drug", |row| &row.drug),
    ("Indication", |row| &row.indication),
    ("Population", |row| &row.population),
    ("Route", |row| &row.route),
    ("Dose", |row| &row.dose),
    ("Frequency", |row| &row.frequency),
    ("Duration", |row| &row.duration),
    ("Maximum", |row| &row.maximum),
    ("Region", |row| &row.region),
];

/// What question or note name and a record is not for.
#[must_use]
pub fn conflict(conflict: &str) -> String {
    format!("Not for: {conflict}")
}

/// How sure an answer is, with what was counted when it was measured.
#[must_use]
pub fn confidence(confidence: &Confidence) -> String {
    let (band, of, right) =
        (band(confidence.band), grouped(u64::from(confidence.of)), grouped(u64::from(confidence.right)));
    match confidence.of {
        0 => format!("{band}: no answers like this have been measured."),
        1 => format!("{band}: of 1 answer like this, {right} was right when measured."),
        _ => format!("{band}: of {of} answers like this, {right} were right when measured."),
    }
}

fn band(band: Band) -> &'static str {
    match band {
        Band::Low => "Lowest of three bands",
        Band::Medium => "Middle of three bands",
        Band::High => "Highest of three bands",
    }
}

/// What the sources leave open; `None` where nothing was found open.
#[must_use]
pub fn gaps(gaps: &[String]) -> Option<String> {
    (!gaps.is_empty()).then(|| format!("No cited sentence speaks of: {}.", gaps.join(", ")))
}

/// What the check after the model did, in one sentence; `None` where it found nothing.
#[must_use]
pub fn checked(checked: &Checked) -> Option<String> {
    let sentences = |count: usize| match count {
        1 => "1 sentence".to_owned(),
        _ => format!("{count} sentences"),
    };
    let withheld = match checked.withheld.len() {
        0 => None,
        count => Some(format!("{} left out", sentences(count))),
    };
    let repaired = match checked.repaired.len() {
        0 => None,
        count => Some(format!("{} completed from the source", sentences(count))),
    };
    let told: Vec<String> = withheld.into_iter().chain(repaired).collect();
    (!told.is_empty()).then(|| format!("Checked against the sources: {}.", told.join(", ")))
}

/// Words that were read as others; `None` where all were read as they stand.
#[must_use]
pub fn read_as(read: &[ReadAs]) -> Option<String> {
    let told: Vec<String> = read.iter().map(|word| format!("“{}” (for “{}”)", word.read, word.typed)).collect();
    (!told.is_empty()).then(|| format!("Read as: {}", told.join(", ")))
}

/// How the answer on screen ended: a heading, and what it means in sentences; `None` while it runs.
#[must_use]
pub fn ending(session: &Session) -> Option<(&'static str, Vec<String>)> {
    let turn = session.turn.as_ref()?;
    let state = turn.state()?;
    let alarm = turn.alarms_of(AlarmKind::Alarm).next();
    let (heading, meaning) = match (state, alarm) {
        (AnswerState::EmergencyFirst, Some(alarm)) => red_flag_first(alarm.urgency, alarm.found_by),
        _ => answer_state(state),
    };
    if !turn.is_looked_up() {
        let gaps = turn.record.as_ref().and_then(|record| gaps(&record.gaps));
        return Some((heading, std::iter::once(meaning.to_owned()).chain(gaps).collect()));
    }
    let (found, follows) = looked_up(session);
    Some(match state {
        // Passages and no sentence of an answer yet.
        AnswerState::PartlyCovered => (found, vec![follows.to_owned()]),
        AnswerState::NotCovered => (heading, vec![meaning.to_owned()]),
        _ => (heading, vec![meaning.to_owned(), follows.to_owned()]),
    })
}

/// A question that was looked up without the model: a heading and what it means.
fn looked_up(session: &Session) -> (&'static str, &'static str) {
    let meaning = match &session.model {
        Model::Starting | Model::Loading { .. } if session.queued == Some(Waiting::Answer) => {
            "The model is still loading: these are the passages found. The answer follows by itself."
        }
        Model::Starting | Model::Loading { .. } => {
            "The model is still loading: these are the passages found. Ask again for an answer."
        }
        Model::Ready(_) if session.running().is_some() => "These are the passages found. The answer follows.",
        Model::Ready(_) => "These are the passages found without the model. Ask again for an answer.",
        Model::Failed => "The model could not be loaded: these are the passages found.",
    };
    ("Passages found", meaning)
}

/// The state of an answer: a heading and what it means.
#[must_use]
pub fn answer_state(state: AnswerState) -> (&'static str, &'static str) {
    match state {
        AnswerState::Supported => {
            ("Supported", "Every sentence stands in a source on this page. Check it before you rely on it.")
        }
        AnswerState::PartlyCovered => ("Partly covered", "The sources answer a part of the question."),
        AnswerState::NotCovered => {
            ("Not covered", "The sources do not answer this question. The nearest passages are shown.")
        }
        AnswerState::EmergencyFirst => ("Emergency first", "Deal with the emergency before reading on."),
        AnswerState::Stopped => ("Stopped", "You stopped this answer; it is incomplete."),
        AnswerState::Failed => ("Broken off", "The answer ended with an error; it is incomplete."),
    }
}

/// An expert's name with what it is.
#[must_use]
pub fn expert(expert: RoutedExpert) -> &'static str {
    match expert {
        RoutedExpert::Et5 => "ET5",
        RoutedExpert::Emamba => "EMamba",
    }
}

/// What an expert is.
#[must_use]
pub fn expert_meaning(expert: RoutedExpert) -> &'static str {
    match expert {
        RoutedExpert::Et5 => "Transformer: compares words with each other",
        RoutedExpert::Emamba => "State space: reads along, in order",
    }
}

/// Where a token stands.
#[must_use]
pub fn part(part: PromptPart) -> &'static str {
    match part {
        PromptPart::Question => "question",
        PromptPart::Note => "note",
        PromptPart::Title => "passage title",
        PromptPart::Text => "passage",
        PromptPart::Mark => "mark",
    }
}

/// Share of `part` in `whole`, in whole per cent.
#[must_use]
pub fn share(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    format!("{:.0} %", 100.0 * f64::from(part) / f64::from(whole))
}

/// Where the time went.
#[must_use]
pub fn timings(timings: &TimingsMs, tokens_out: u32) -> String {
    let mut parts = Vec::new();
    let mut say = |what: &str, ms: Option<f64>| {
        if let Some(ms) = ms {
            parts.push(format!("{what} {}", duration(ms)));
        }
    };
    say("sources", timings.retrieval);
    say("reading", timings.encode);
    say("first word after", timings.first_token);
    say("complete after", timings.total);
    if tokens_out > 0 {
        parts.push(format!("{tokens_out} tokens"));
    }
    parts.join(" · ")
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
    let count = |n: usize| grouped(u64::try_from(n).unwrap_or(u64::MAX));
    if chars > limit {
        Some(format!("{} of {} characters: {} too many", count(chars), count(limit), count(chars - limit)))
    } else if chars * 10 >= limit * 8 {
        Some(format!("{} of {} characters", count(chars), count(limit)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::alarm;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(megabytes(0), "0.0");
        assert_eq!(megabytes(35_949_999), "35.9");
        assert_eq!(megabytes(35_950_000), "36.0");
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(123_456_789), "123,456,789");
        assert_eq!(duration(3.06), "3.1 ms");
        assert_eq!(duration(77.4), "77 ms");
        assert_eq!(duration(1234.0), "1.23 s");
        assert_eq!(share(1, 3), "33 %");
        assert_eq!(share(0, 0), "0 %");
    }

    #[test]
    fn the_counter_speaks_near_the_limit() {
        assert_eq!(question_counter(1_599), None);
        assert_eq!(question_counter(1_600).as_deref(), Some("1,600 of 2,000 characters"));
        assert_eq!(question_counter(2_143).as_deref(), Some("2,143 of 2,000 characters: 143 too many"));
    }

    #[test]
    fn timings_name_only_what_ran() {
        let some = TimingsMs { retrieval: Some(2.0), total: Some(80.0), ..TimingsMs::default() };
        assert_eq!(timings(&some, 12), "sources 2.0 ms · complete after 80 ms · 12 tokens");
    }

    #[test]
    fn examples_can_be_asked() {
        for (_, example) in EXAMPLES {
            assert_eq!(question_counter(example.chars().count()), None, "{example}");
        }
    }

    #[test]
    fn only_what_cannot_wait_is_an_emergency() {
        assert!(red_flag_first(Urgency::Immediate, FoundBy::Rule).0.contains("Emergency"));
        for (urgency, found_by) in
            [(Urgency::SameDay, FoundBy::Rule), (Urgency::TwoWeeks, FoundBy::Rule), (Urgency::Immediate, FoundBy::Net)]
        {
            let (heading, meaning) = red_flag_first(urgency, found_by);
            assert!(!heading.contains("Emergency") && !meaning.contains("emergency"), "{urgency:?} {found_by:?}");
        }
    }

    #[test]
    fn what_the_second_net_raised_is_possible_and_quotes_nothing() {
        let alarm = |found_by| Alarm { found_by, name: "Sepsis".to_owned(), ..alarm(AlarmKind::Alarm, "sepsis") };
        assert_eq!(alarm_name(&alarm(FoundBy::Rule)), "Sepsis");
        assert_eq!(alarm_name(&alarm(FoundBy::Net)), "Possibly: Sepsis");
        assert_eq!(rests_on(&alarm(FoundBy::Net)).as_deref(), Some(BY_LIKENESS));
    }

    #[test]
    fn confidence_is_a_band_with_its_count() {
        let told = |band, right, of| confidence(&Confidence { band, right, of });
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
    fn typed_words_are_quoted_once() {
        let word = |text: &str| text.to_owned();
        let typed = |words: Vec<String>| rests_on(&Alarm { words, ..alarm(AlarmKind::Alarm, "airway") });
        assert_eq!(typed(vec![]), None);
        assert_eq!(
            typed(vec![word("stridor"), word("  swollen tongue "), word("stridor")]).as_deref(),
            Some("Because you wrote: “stridor”, “swollen tongue”")
        );
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
    fn the_form_says_what_ask_does() {
        let mut session = Session { queued: Some(Waiting::Box), ..Session::default() };
        assert_eq!(help(&session), QUEUED);
        session.library = Some(std::sync::Arc::new(LibraryInfo::default()));
        session.queued = None;
        assert_eq!(help(&session), LOOKING_UP);
        session.queued = Some(Waiting::Answer);
        assert_eq!(help(&session), LOOKED_UP);
        assert!(looked_up(&session).1.contains("follows by itself"));
        session.queued = None;
        assert!(looked_up(&session).1.contains("Ask again"));
        session.model = Model::Failed;
        assert_eq!(help(&session), HOW_TO_ASK);
        assert!(looked_up(&session).1.contains("could not be loaded"));
    }

    #[test]
    fn the_foot_tells_the_truth_about_the_review() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/knowledge.json");
        let text = std::fs::read_to_string(path).expect("the knowledge base");
        let fields = text.matches("\"reviewed\":").count();
        assert!(fields > 0, "no entry says whether it was reviewed");
        assert_eq!(
            text.matches("\"reviewed\":null").count(),
            fields,
            "some entry was reviewed: say so in NOT_REVIEWED"
        );
        let info = LibraryInfo { version: "2f21".to_owned(), passages: 1_761, records: 536, ..LibraryInfo::default() };
        assert_eq!(library_version(&info), "Knowledge base 2f21: 1,761 passages, 536 records.");
    }

    #[test]
    fn every_state_of_the_model_has_words() {
        let loading = Model::Loading { stage: Stage::Weights, loaded_bytes: 12_300_000, total_bytes: 36_000_000 };
        assert_eq!(model_status(&loading), "Loading the model: 12.3 of 36.0 MB");
        assert!(model_status(&Model::Starting).contains("Starting"));
        assert!(!model_status(&Model::Failed).is_empty());
    }
}
