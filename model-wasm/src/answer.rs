//! The record of one answer: one line of `xtask eval` and the payload of the worker's `done` event.
//!
//! Field names are the file format (`snake_case`), so that a line written by the native tools and a record seen in the
//! browser are the same JSON.

use serde::{Deserialize, Serialize};

/// `passage` of a [`Citation`] that points into the clinical note of the question instead of a passage.
pub const NOTE_PASSAGE: &str = "note";

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerState {
    /// The sources support the answer.
    Supported,
    /// The sources answer a part of the question.
    PartlyCovered,
    /// The sources do not answer the question; no answer is given.
    NotCovered,
    /// A red flag: the emergency text stands before any answer.
    EmergencyFirst,
    /// The user stopped the answer; what was written is kept.
    Stopped,
    /// The answer broke off with an error; what was written is kept.
    Failed,
}

impl AnswerState {
    /// The state as it is written in a record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::PartlyCovered => "partly_covered",
            Self::NotCovered => "not_covered",
            Self::EmergencyFirst => "emergency_first",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// A span of a passage, in **bytes** of the UTF-8 passage text, `start..end` on character boundaries.
///
/// Browsers count UTF-16 units: slice with [`Citation::slice`] in Rust or `sliceBytes` of the JavaScript API.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Citation {
    /// [`Evidence::passage`] of the passage, or [`NOTE_PASSAGE`].
    pub passage: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Citation {
    /// The cited part of `text`; `None` where the span does not fit the text.
    #[must_use]
    pub fn slice<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.start..self.end)
    }

    /// `text` as (before, cited, after); `None` where the span does not fit the text.
    #[must_use]
    pub fn split<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str, &'t str)> {
        Some((text.get(..self.start)?, self.slice(text)?, text.get(self.end..)?))
    }
}

/// One sentence of the answer with the source spans it was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence, without surrounding white space.
    pub text: String,
    /// In the order of the sentence's words; empty only for text from the closed list of openings ("Yes.").
    pub citations: Vec<Citation>,
}

/// A passage the answer may draw on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Identifier, unique in the knowledge base.
    pub passage: String,
    /// Heading.
    pub title: String,
    /// The passage itself; citations count its bytes.
    pub text: String,
    /// Where it comes from, in words.
    pub source: String,
    /// The retriever's score; larger is better, comparable within one question only.
    pub score: f64,
}

/// What triage found (filled by a later version; always `null` now).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// How soon, for example `immediate`.
    pub urgency: String,
    /// Identifier of the rule that fired.
    pub rule: String,
    /// What to do, in words.
    pub text: String,
}

/// How many tokens of the prompt each expert handled; `et5 + emamba == tokens`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingCounts {
    /// Tokens in the prompt.
    pub tokens: u32,
    /// Tokens on ET5.
    pub et5: u32,
    /// Tokens on `EMamba`.
    pub emamba: u32,
}

/// Wall-clock times since the question arrived, in milliseconds; `null` for a stage that did not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TimingsMs {
    /// Duration of triage.
    pub triage: Option<f64>,
    /// Duration of retrieval.
    pub retrieval: Option<f64>,
    /// Duration of tokenising, gate and experts.
    pub encode: Option<f64>,
    /// From the question to the first generated token.
    pub first_token: Option<f64>,
    /// From the question to the end.
    pub total: Option<f64>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// The question's identifier.
    pub id: String,
    /// How it ended.
    pub state: AnswerState,
    /// The whole text.
    pub answer: String,
    /// The same text by sentence, with citations.
    pub sentences: Vec<Sentence>,
    /// Passages, best first.
    pub evidence: Vec<Evidence>,
    /// What triage found.
    pub emergency: Option<Emergency>,
    /// Tokens by expert.
    pub routing: RoutingCounts,
    /// Where the time went.
    pub timings_ms: TimingsMs,
    /// Tokens of the answer.
    pub tokens_out: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record() -> AnswerRecord {
        AnswerRecord {
            id: "q1".to_owned(),
            state: AnswerState::PartlyCovered,
            answer: "Dry mouth.".to_owned(),
            sentences: vec![Sentence {
                text: "Dry mouth.".to_owned(),
                citations: vec![Citation { passage: "p7".to_owned(), start: 0, end: 10 }],
            }],
            evidence: vec![Evidence {
                passage: "p7".to_owned(),
                title: "Xerostomia".to_owned(),
                text: "Dry mouth. It is common.".to_owned(),
                source: "MedQuAD".to_owned(),
                score: 4.5,
            }],
            emergency: None,
            routing: RoutingCounts { tokens: 12, et5: 5, emamba: 7 },
            timings_ms: TimingsMs { total: Some(81.5), ..TimingsMs::default() },
            tokens_out: 4,
        }
    }

    #[test]
    fn a_record_is_one_line_of_eval() {
        let found = serde_json::to_value(record()).expect("serialises");
        assert_eq!(
            found,
            json!({
                "id": "q1", "state": "partly_covered", "answer": "Dry mouth.",
                "sentences": [{"text": "Dry mouth.", "citations": [{"passage": "p7", "start": 0, "end": 10}]}],
                "evidence": [{"passage": "p7", "title": "Xerostomia", "text": "Dry mouth. It is common.",
                              "source": "MedQuAD", "score": 4.5}],
                "emergency": null,
                "routing": {"tokens": 12, "et5": 5, "emamba": 7},
                "timings_ms": {"triage": null, "retrieval": null, "encode": null, "first_token": null, "total": 81.5},
                "tokens_out": 4
            })
        );
        let line = serde_json::to_string(&record()).expect("serialises");
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<AnswerRecord>(&line).expect("parses"), record());
    }

    #[test]
    fn states_are_snake_case() {
        let all = [
            (AnswerState::Supported, "supported"),
            (AnswerState::PartlyCovered, "partly_covered"),
            (AnswerState::NotCovered, "not_covered"),
            (AnswerState::EmergencyFirst, "emergency_first"),
            (AnswerState::Stopped, "stopped"),
            (AnswerState::Failed, "failed"),
        ];
        for (state, name) in all {
            assert_eq!(serde_json::to_value(state).expect("serialises"), json!(name));
        }
    }

    #[test]
    fn citations_count_bytes_and_never_split_a_character() {
        let text = "Größe 5 mm.";
        let cite = |start, end| Citation { passage: "p".to_owned(), start, end };
        assert_eq!(cite(0, 7).slice(text), Some("Größe"));
        assert_eq!(cite(0, 7).split(text), Some(("", "Größe", " 5 mm.")));
        // Byte 3 is inside "ö", 99 is past the end, and a reversed span is no span.
        assert_eq!(cite(0, 3).slice(text), None);
        assert_eq!(cite(0, 99).slice(text), None);
        assert_eq!(cite(5, 2).slice(text), None);
    }
}
