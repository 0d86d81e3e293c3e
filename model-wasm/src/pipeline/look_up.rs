//! Looking a question up without a model: red flags, records and passages, while the model is loading or where it cannot be.

use super::checked::Sentences;
use super::clinic::{self, Clinic};
use super::ending::{self, Ended};
use super::{EVIDENCE_PASSAGES, PipelineError, question_of};
use crate::answer::{AnswerRecord, AnswerState, Author, EvidenceKind};
use crate::protocol::{Ask, Event};
use web_time::Instant;

impl Clinic {
    /// Everything that can be said at once: `emergency` where there is one, `evidence`, `done`. The answer of `done` has no text; its
    /// state is `partly_covered` where passages were found.
    pub fn look_up(&self, ask: &Ask) -> Result<Vec<Event>, PipelineError> {
        let started = Instant::now();
        let elapsed_ms = || started.elapsed().as_secs_f64() * 1e3;
        let question = question_of(ask)?;
        let mut assessment = self.assess(&question);
        let triage_ms = elapsed_ms();
        let found = self.find(&question, EVIDENCE_PASSAGES)?;
        self.suspect(&found, &mut assessment);
        let alarms = clinic::alarms(&question, &assessment);
        let mut events: Vec<Event> = ending::emergency(&ask.id, &alarms).into_iter().collect();
        events.push(ending::evidence(&ask.id, &found, &question));
        let mut record = AnswerRecord::empty(ask.id.clone(), AnswerState::NotCovered);
        record.timings_ms.triage = Some(triage_ms);
        record.timings_ms.retrieval = Some(elapsed_ms() - triage_ms);
        record.timings_ms.total = Some(elapsed_ms());
        let ended = Ended { declined: found.out_of_scope, stopped: false, free: false, answerable: None };
        ending::conclude(&mut record, self, &question, &alarms, &found, &Sentences::default(), ended);
        record.author = Author::Search;
        let holds = record.evidence.iter().any(|piece| piece.kind != EvidenceKind::Note);
        if record.state == AnswerState::NotCovered && holds && !found.out_of_scope {
            record.state = AnswerState::PartlyCovered;
            record.topics.clear();
        }
        events.push(Event::Done { id: ask.id.clone(), answer: Box::new(record), heap_bytes: None });
        Ok(events)
    }
}
