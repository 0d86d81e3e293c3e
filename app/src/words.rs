//! Every word the page itself says, and how it writes numbers.

use mambaformer_wasm::answer::{AnswerState, TimingsMs};
use mambaformer_wasm::protocol::{
    MAX_NOTE_CHARS, MAX_QUESTION_CHARS, ModelInfo, Preference, PromptPart, RoutedExpert, Stage,
};

use crate::session::Model;

/// Questions a first-time reader can try; they only fill the box.
pub const EXAMPLES: [&str; 3] =
    ["What are the treatments for dry mouth?", "What causes gum disease?", "What are the symptoms of oral cancer?"];

/// The text has no Unicode meaning (a lone surrogate).
pub const ILL_FORMED: &str = "The text contains half of a character (a lone surrogate), often left by a broken copy. \
     Delete the odd character, shown as a box or a question mark, and ask again.";

/// Asked before the model was there.
pub const QUEUED: &str = "Your question is kept and will be asked as soon as the model is ready.";

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

/// The state of an answer: a heading and what it means.
#[must_use]
pub fn answer_state(state: AnswerState) -> (&'static str, &'static str) {
    match state {
        AnswerState::Supported => {
            ("Supported", "Every sentence stands in a source below. Check it before you rely on it.")
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
    parts.push(format!("{tokens_out} tokens"));
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
    fn every_state_of_the_model_has_words() {
        let loading = Model::Loading { stage: Stage::Weights, loaded_bytes: 12_300_000, total_bytes: 36_000_000 };
        assert_eq!(model_status(&loading), "Loading the model: 12.3 of 36.0 MB");
        assert!(model_status(&Model::Starting).contains("Starting"));
        assert!(!model_status(&Model::Failed).is_empty());
    }
}
