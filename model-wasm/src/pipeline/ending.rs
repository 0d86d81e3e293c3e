//! What an answer is told with besides its sentences: alarms and evidence before them, state, gaps and confidence after them.

use std::ops::Range;

use mambaformer_clinical::question::{Note, Question};
use mambaformer_clinical::records::Region;
use mambaformer_clinical::verify::{self, Feature, Features, Group};

use super::checked::Sentences;
use super::clinic::{Clinic, Found, Material};
use crate::answer::{
    Alarm, AlarmKind, AnswerRecord, AnswerState, Band, Confidence, Evidence, EvidenceKind, NOTE_PASSAGE,
};
use crate::protocol::Event;

/// How an answer came to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The sources do not answer the question: retrieval or the model says so.
    pub(super) declined: bool,
    /// The reader stopped it.
    pub(super) stopped: bool,
    /// It was generated freely: its sentences are not units of sources.
    pub(super) free: bool,
    /// The model's probability that the passages answer the question.
    pub(super) answerable: Option<f32>,
}

/// The event for red flags, where there are some.
pub(super) fn emergency(id: &str, alarms: &[Alarm]) -> Option<Event> {
    (!alarms.is_empty()).then(|| Event::Emergency { id: id.to_owned(), alarms: alarms.to_vec() })
}

/// The note as a text that may be cited as the patient's facts.
pub(super) fn note(note: &Note) -> Material {
    Material {
        evidence: Evidence {
            passage: NOTE_PASSAGE.to_owned(),
            title: "The note".to_owned(),
            text: note.text().to_owned(),
            source: "entered with the question".to_owned(),
            score: 0.0,
            kind: EvidenceKind::Note,
        },
        rank: 0.0,
        sentences: note.sentences().to_vec(),
        known: Vec::new(),
        priors: Vec::new(),
        uses: Vec::new(),
        group: Group::All,
        region: Region::International,
    }
}

/// The event for what was found.
pub(super) fn evidence(id: &str, found: &Found<'_>, question: &Question) -> Event {
    let mut passages: Vec<Evidence> = found.materials.iter().map(|material| material.evidence.clone()).collect();
    passages.extend(question.facts().map(|own| note(own).evidence));
    Event::Evidence { id: id.to_owned(), passages, more: found.more.clone(), doses: found.doses.clone() }
}

/// Fills in everything that is known at the end.
pub(super) fn conclude(
    record: &mut AnswerRecord,
    clinic: &Clinic,
    question: &Question,
    alarms: &[Alarm],
    found: &Found<'_>,
    sentences: &Sentences,
    ended: Ended,
) {
    let told: Vec<String> = sentences
        .told()
        .iter()
        .filter_map(|(index, range)| {
            let evidence = &found.materials.get(*index)?.evidence;
            Some(format!("{}. {}", evidence.title, evidence.text.get(range.clone())?))
        })
        .collect();
    let cited: Vec<&str> = told.iter().map(String::as_str).collect();
    let evidence_sentences = if ended.free { usize::from(record.tokens_out > 0) } else { sentences.evidence };
    let gaps = if cited.is_empty() { Vec::new() } else { clinic.gaps(question.text(), found.wanted.as_ref(), &cited) };
    let state = verify::AnswerState::decide(&verify::Ending {
        emergency: alarms.iter().any(|alarm| alarm.kind == AlarmKind::Alarm),
        stopped: ended.stopped,
        failed: false,
        out_of_scope: ended.declined,
        evidence_sentences,
        gaps,
    });
    if evidence_sentences > 0 && !ended.free && !ended.stopped {
        let features = features(found, sentences, ended);
        record.features = features.named();
        record.confidence = clinic.confidence().map(|confidence| {
            let band = confidence.band(&features);
            let measured = confidence.measured(band);
            let band = match band {
                verify::Band::Low => Band::Low,
                verify::Band::Medium => Band::Medium,
                verify::Band::High => Band::High,
            };
            Confidence { band, right: measured.right, of: measured.of }
        });
    }
    record.state = match &state {
        verify::AnswerState::Supported => AnswerState::Supported,
        verify::AnswerState::PartlyCovered { .. } => AnswerState::PartlyCovered,
        verify::AnswerState::NotCovered => AnswerState::NotCovered,
        verify::AnswerState::EmergencyFirst => AnswerState::EmergencyFirst,
        verify::AnswerState::Stopped => AnswerState::Stopped,
        verify::AnswerState::Failed => AnswerState::Failed,
    };
    if let verify::AnswerState::PartlyCovered { gaps } = state {
        record.gaps = gaps;
    }
    if evidence_sentences == 0 {
        record.topics = found.topics();
        // "Yes." with nothing behind it, because what followed was withheld, is no answer.
        if !ended.stopped {
            record.answer.clear();
            record.sentences.clear();
        }
    }
    let own = |material: &&Material| material.evidence.kind != EvidenceKind::Note;
    record.evidence = found.materials.iter().filter(own).map(|material| material.evidence.clone()).collect();
    record.more.clone_from(&found.more);
    record.doses.clone_from(&found.doses);
    record.read_as.clone_from(&found.read_as);
    record.checked = sentences.checked.clone();
    record.emergency = alarms.to_vec();
}

/// What the lines that were searched say of the answer; not a number where none was.
struct LinesTold {
    /// Of the lines that the answer could use, each by how likely it does, the share that is told.
    share: f64,
    /// The entropy of what each of them counts, in nats.
    spread: f64,
    /// How much of the question the told line covers that covers most.
    coverage: f64,
    /// The cosine of the nearest line.
    nearest: f64,
}

impl LinesTold {
    fn of(found: &Found<'_>, told: &[(usize, Range<usize>)]) -> Self {
        let (mut all, mut own, mut weighed) = (0.0, 0.0, 0.0);
        let (mut coverage, mut nearest) = (f64::NAN, f64::NAN);
        for (index, material) in found.materials.iter().enumerate() {
            for ((bytes, used), known) in material.sentences.iter().zip(&material.uses).zip(&material.known) {
                let used = f64::from(*used);
                all += used;
                weighed += if used > 0.0 { used * used.ln() } else { 0.0 };
                nearest = nearest.max(f64::from(known.similarity));
                if told.iter().any(|(text, span)| *text == index && span == bytes) {
                    own += used;
                    coverage = coverage.max(f64::from(known.coverage));
                }
            }
        }
        // Of p = used / all: -sum p ln p.
        Self { share: own / all, spread: all.ln() - weighed / all, coverage, nearest }
    }
}

/// What the confidence of an answer is made of.
#[allow(clippy::cast_precision_loss)] // a handful of sentences
fn features(found: &Found<'_>, sentences: &Sentences, ended: Ended) -> Features {
    let score = |index: usize| found.materials.get(index).map_or(0.0, |material| material.evidence.score);
    let told = sentences.told();
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    let best = told.iter().filter(|(index, _)| *index == 0).count();
    let faults = sentences.checked.repaired.len() + sentences.checked.withheld.len();
    let is_record = |(index, _): &(usize, _)| {
        found.materials.get(*index).is_some_and(|material| material.evidence.kind == EvidenceKind::Record)
    };
    let lines = LinesTold::of(found, told);
    Features::default()
        .with(Feature::ReadFirst, found.read_first.map_or(f64::NAN, f64::from))
        .with(Feature::LineShare, lines.share)
        .with(Feature::LineSpread, lines.spread)
        .with(Feature::LineCoverage, lines.coverage)
        .with(Feature::LineNearest, lines.nearest)
        .with(Feature::Asked, found.asked.split_whitespace().count() as f64)
        .with(Feature::RetrievalScore, score(0))
        .with(Feature::RetrievalMargin, score(0) - score(1))
        .with(Feature::Coverage, f64::from(found.coverage))
        .with(Feature::InScope, f64::from(found.in_scope))
        .with(Feature::Answerable, ended.answerable.map_or(f64::NAN, f64::from))
        .with(Feature::FromBestPassage, share(best, told.len()))
        .with(Feature::Sentences, told.len() as f64)
        .with(Feature::Faulted, share(faults, sentences.written()))
        .with(Feature::Record, share(told.iter().filter(|span| is_record(span)).count().min(1), 1))
}
