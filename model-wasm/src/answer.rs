//! The record of one answer: one line of `xtask eval` and the payload of the worker's `done` event.
//!
//! Field names are the file format (`snake_case`), so that a line written by the native tools and a record seen in the
//! browser are the same JSON.

use std::collections::BTreeMap;

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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Identifier, unique in the knowledge base.
    pub passage: String,
    /// Heading.
    pub title: String,
    /// The passage itself; citations count its bytes.
    pub text: String,
    /// Where it comes from, in words.
    pub source: String,
    /// The retriever's score, 0 to 1; larger is better.
    pub score: f64,
    /// What it is.
    #[serde(default)]
    pub kind: EvidenceKind,
}

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A passage of the knowledge base, or one that came with the question.
    #[default]
    Passage,
    /// The lines of a record.
    Record,
    /// The patient's note: facts about this patient, never advice.
    Note,
}

/// Whether a patient is in danger, or somebody asks about such a danger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A patient is described who needs help: shown before everything else.
    Alarm,
    /// The danger is only asked about: what to do is offered, without the alarm.
    Note,
}

/// How soon something has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Now.
    Immediate,
    /// Today.
    SameDay,
    /// On the suspected-cancer pathway.
    TwoWeeks,
}

/// What raised a red flag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// A rule: words that are known to mean it.
    #[default]
    Rule,
    /// The second net: the question is like messages about it. Say "possibly"; there are no words to show.
    Net,
}

/// A red flag in the question or the note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Alarm or note.
    pub kind: AlarmKind,
    /// Whether a rule found it, or the second net.
    #[serde(default)]
    pub found_by: FoundBy,
    /// How soon.
    pub urgency: Urgency,
    /// Identifier of the rule that fired, or that the second net points at.
    pub rule: String,
    /// What it is about, for a heading.
    pub name: String,
    /// What to do first; fixed text with the emergency number.
    pub text: String,
    /// The guideline the text follows.
    pub source: String,
    /// The words that it rests on, as they were typed; none where the second net found it.
    pub words: Vec<String>,
}

/// A dose record in columns; what the record does not say is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoseColumns {
    /// The drug; for a local anaesthetic with strength and vasoconstrictor.
    pub drug: String,
    /// What it is for.
    pub indication: String,
    /// Whom it is for: "an adult".
    pub population: String,
    /// How it is given.
    pub route: String,
    /// One dose.
    pub dose: String,
    /// How often, or when.
    pub frequency: String,
    /// For how long.
    pub duration: String,
    /// The most.
    pub maximum: String,
    /// Where it holds.
    pub region: String,
}

/// A dose or limit from a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoseRow {
    /// Where the line stands.
    pub citation: Citation,
    /// The whole line as the one formatter writes it.
    pub line: String,
    /// The line in columns.
    pub columns: DoseColumns,
    /// What else to heed.
    pub remarks: Vec<String>,
    /// What question or note name and the record is not for.
    pub conflicts: Vec<String>,
    /// What it comes to at the body weight that question or note name, or why that is not worked out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worked: Option<String>,
    /// What it rests on.
    pub source: String,
}

/// What the records say to a question about a dose or a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doses {
    /// Best first.
    pub rows: Vec<DoseRow>,
    /// What was taken for granted, in sentences.
    pub assumed: Vec<String>,
    /// What was asked and is not there, in sentences.
    pub missing: Vec<String>,
}

/// How sure an answer is. The reader sees the band with its measured accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Read the passages before relying on it.
    Low,
    /// In between.
    Medium,
    /// As sure as this assistant gets.
    High,
}

/// A band and what was counted in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confidence {
    /// The band.
    pub band: Band,
    /// Answers of this band that were right when it was measured.
    pub right: u32,
    /// Answers of this band that were measured.
    pub of: u32,
}

/// What the knowledge base does hold, near a question that it does not cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// The passage.
    pub passage: String,
    /// Its heading.
    pub title: String,
}

/// A word that was read as another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAs {
    /// As it was typed.
    pub typed: String,
    /// As it was searched.
    pub read: String,
}

/// What the check after the model did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Sentences that got back what had been cut off, with the reasons.
    pub repaired: Vec<String>,
    /// Sentences that are not shown, with the reasons.
    pub withheld: Vec<String>,
}

/// Who put the answer together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The model chose among the sentences of the sources.
    #[default]
    Model,
    /// The model was not loaded: passages and records only.
    Search,
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
    /// Duration of reading the question together with what was found.
    pub reading: Option<f64>,
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
    /// Passages that were found as well and not used.
    #[serde(default)]
    pub more: Vec<Evidence>,
    /// Red flags, most urgent first.
    #[serde(default)]
    pub emergency: Vec<Alarm>,
    /// What the records say, where the question is about a dose or a limit.
    #[serde(default)]
    pub doses: Option<Doses>,
    /// What of the question no cited sentence speaks of.
    #[serde(default)]
    pub gaps: Vec<String>,
    /// What the knowledge base holds instead, where it does not cover the question.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// Words that were read as others.
    #[serde(default)]
    pub read_as: Vec<ReadAs>,
    /// How sure the answer is; absent where nothing was answered or nothing was measured.
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// What the check after the model did.
    #[serde(default)]
    pub checked: Checked,
    /// Who put it together.
    #[serde(default)]
    pub author: Author,
    /// What the confidence was made of, by name; empty where nothing was answered.
    #[serde(default)]
    pub features: BTreeMap<String, f64>,
    /// Tokens by expert.
    pub routing: RoutingCounts,
    /// Where the time went.
    pub timings_ms: TimingsMs,
    /// Tokens of the answer.
    pub tokens_out: u32,
}

impl AnswerRecord {
    /// A record without text: what an answer begins with, and what is left of one that failed.
    #[must_use]
    pub fn empty(id: impl Into<String>, state: AnswerState) -> Self {
        Self {
            id: id.into(),
            state,
            answer: String::new(),
            sentences: Vec::new(),
            evidence: Vec::new(),
            more: Vec::new(),
            emergency: Vec::new(),
            doses: None,
            gaps: Vec::new(),
            topics: Vec::new(),
            read_as: Vec::new(),
            confidence: None,
            checked: Checked::default(),
            author: Author::Model,
            features: BTreeMap::new(),
            routing: RoutingCounts::default(),
            timings_ms: TimingsMs::default(),
            tokens_out: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record() -> AnswerRecord {
        AnswerRecord {
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
                score: 0.5,
                kind: EvidenceKind::Record,
            }],
            gaps: vec!["in pregnancy".to_owned()],
            confidence: Some(Confidence { band: Band::High, right: 95, of: 100 }),
            routing: RoutingCounts { tokens: 12, et5: 5, emamba: 7 },
            timings_ms: TimingsMs { total: Some(81.5), ..TimingsMs::default() },
            tokens_out: 4,
            ..AnswerRecord::empty("q1", AnswerState::PartlyCovered)
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
                              "source": "MedQuAD", "score": 0.5, "kind": "record"}],
                "more": [], "emergency": [], "doses": null, "gaps": ["in pregnancy"], "topics": [], "read_as": [],
                "confidence": {"band": "high", "right": 95, "of": 100}, "checked": {"repaired": [], "withheld": []},
                "author": "model", "features": {},
                "routing": {"tokens": 12, "et5": 5, "emamba": 7},
                "timings_ms": {"triage": null, "retrieval": null, "reading": null, "encode": null, "first_token": null,
                               "total": 81.5},
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
