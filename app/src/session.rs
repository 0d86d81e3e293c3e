//! What the page knows, as plain data: the worker's events go in, the parts of the page read it out.
//!
//! No browser in here, so every transition is tested natively.

use std::sync::Arc;

use mambaformer_wasm::answer::{
    Alarm, AlarmKind, AnswerRecord, AnswerState, Author, Citation, Doses, Evidence, FoundBy, NOTE_PASSAGE,
};
use mambaformer_wasm::protocol::{
    EngineReport, ErrorKind, Event, Hold, LibraryInfo, MAX_QUESTION_CHARS, ModelInfo, RoutingToken, Stage, Stored,
};

use crate::browsing::Browsing;
use crate::calculators::Calculators;
use crate::language;
use crate::take_away::Included;

/// How far the model is.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// The worker has been started and has not said anything yet.
    Starting,
    /// Files are coming in.
    Loading {
        /// Which.
        stage: Stage,
        /// Bytes received.
        loaded_bytes: u64,
        /// Bytes in all, as far as known.
        total_bytes: u64,
    },
    /// Questions can be asked.
    Ready(ModelInfo),
    /// Loading failed or the worker died; only starting again helps.
    Failed,
}

/// Something that went wrong, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// For the page's own decisions.
    pub kind: ErrorKind,
    /// For the reader.
    pub message: Message,
}

/// What is told of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The worker's own sentence, in English.
    Worker(String),
    /// Question or note contain half of a character.
    IllFormed,
    /// A calculator's entry does.
    IllFormedEntry,
    /// There is no worker to speak to.
    NoWorker,
}

impl Message {
    /// The language of the sentence where it is not the page's.
    #[must_use]
    pub fn lang(&self) -> Option<&'static str> {
        matches!(self, Self::Worker(_)).then_some(language::CONTENT)
    }
}

impl Problem {
    /// Whether only a new worker helps.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        match self.kind {
            ErrorKind::Network
            | ErrorKind::Manifest
            | ErrorKind::Integrity
            | ErrorKind::Weights
            | ErrorKind::Tokenizer
            | ErrorKind::Knowledge
            | ErrorKind::WorkerDied => true,
            ErrorKind::BadRequest
            | ErrorKind::EmptyQuestion
            | ErrorKind::QuestionTooLong
            | ErrorKind::NoteTooLong
            | ErrorKind::NulCharacter
            | ErrorKind::IllFormedText
            | ErrorKind::BadOption
            | ErrorKind::PromptTooLong
            | ErrorKind::BadWeight
            | ErrorKind::UnusualWeight
            | ErrorKind::BadAge
            | ErrorKind::BadStrength
            | ErrorKind::BadCartridges
            | ErrorKind::NoResult
            | ErrorKind::NotReady
            | ErrorKind::Busy
            | ErrorKind::Model => false,
        }
    }
}

/// What waits to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// What stands in the box.
    Box,
    /// The question on screen: it was looked up while the model loaded, or its answer was cut off by a new worker.
    Answer,
}

/// A sentence as it grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftSentence {
    /// So far.
    pub text: String,
    /// Source spans, adjoining ones merged.
    pub citations: Vec<Citation>,
}

/// The prompt's tokens by expert.
#[derive(Debug, Clone, PartialEq)]
pub struct Routing {
    /// In prompt order.
    pub tokens: Vec<RoutingToken>,
    /// Tokens on ET5.
    pub et5: u32,
    /// Tokens on EMamba.
    pub emamba: u32,
}

/// One question and what has come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Identifier in the worker's events.
    pub id: String,
    /// As it was asked.
    pub question: String,
    /// The question before, where this one follows it.
    pub follows: Option<Arc<str>>,
    /// As it was asked.
    pub note: Option<Arc<str>>,
    /// Red flags, most urgent first.
    pub alarms: Arc<Vec<Alarm>>,
    /// `None` until retrieval has answered.
    pub evidence: Option<Arc<Vec<Evidence>>>,
    /// Found as well, and not given to the model.
    pub more: Arc<Vec<Evidence>>,
    /// What the records say, where the question is about a dose or a limit.
    pub doses: Option<Arc<Doses>>,
    /// `None` until the gate has run.
    pub routing: Option<Arc<Routing>>,
    /// The answer so far.
    pub sentences: Vec<DraftSentence>,
    /// The finished answer.
    pub record: Option<Arc<AnswerRecord>>,
    /// Peak of the worker's heap at the end of the answer.
    pub heap_bytes: Option<u64>,
    /// The answer broke off.
    pub failed: bool,
    /// The reader stopped it. Said on screen at once; the worker's own end follows when its step is done.
    pub stopped: bool,
}

impl Turn {
    /// A question that has just been sent.
    #[must_use]
    pub fn new(id: String, question: String, note: Option<String>) -> Self {
        Self {
            id,
            question,
            follows: None,
            note: note.map(Arc::from),
            alarms: Arc::default(),
            evidence: None,
            more: Arc::default(),
            doses: None,
            routing: None,
            sentences: Vec::new(),
            record: None,
            heap_bytes: None,
            failed: false,
            stopped: false,
        }
    }

    /// The same as a follow-up.
    #[must_use]
    pub fn following(self, before: Option<String>) -> Self {
        Self { follows: before.map(Arc::from), ..self }
    }

    /// The question, after the one that it follows.
    #[must_use]
    pub fn whole_question(&self) -> String {
        self.follows.as_ref().map_or_else(|| self.question.clone(), |before| format!("{before} {}", self.question))
    }

    /// What a follow-up to this question is read with: all that led to it, or what fits.
    #[must_use]
    pub fn before_next(&self) -> String {
        let whole = self.whole_question();
        if whole.chars().count() <= MAX_QUESTION_CHARS { whole } else { self.question.clone() }
    }

    /// How the answer ended; `None` while it runs.
    #[must_use]
    pub fn state(&self) -> Option<AnswerState> {
        if self.failed {
            return Some(if self.stopped { AnswerState::Stopped } else { AnswerState::Failed });
        }
        let ended = self.record.as_ref().map(|record| record.state);
        ended.or(self.stopped.then_some(AnswerState::Stopped))
    }

    /// Whether it was only looked up, without the model.
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.author == Author::Search)
    }

    /// Red flags of one kind, most urgent first.
    pub fn alarms_of(&self, kind: AlarmKind) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(move |alarm| alarm.kind == kind)
    }

    /// The number a source is listed under: first those the answer draws on, then the others; `None` for the reader's note and for
    /// what is not listed.
    #[must_use]
    pub fn number_of(&self, passage: &str) -> Option<usize> {
        let evidence = self.evidence.iter().flat_map(|evidence| evidence.iter());
        let listed = evidence.chain(self.more.iter()).map(|item| item.passage.as_str());
        listed.filter(|own| *own != NOTE_PASSAGE).position(|own| own == passage).map(|index| index + 1)
    }

    /// Takes in red flags. The rules are told before the second net is asked again: what it raised when the same question was looked up stays
    /// meanwhile, so that nothing is taken off and announced twice.
    fn raise(&mut self, mut alarms: Vec<Alarm>) {
        let is_known =
            |own: &&Alarm| own.found_by == FoundBy::Rule || alarms.iter().any(|alarm| alarm.rule == own.rule);
        let (_, kept): (Vec<&Alarm>, Vec<&Alarm>) = self.alarms.iter().partition(is_known);
        let kept: Vec<Alarm> = kept.into_iter().cloned().collect();
        alarms.extend(kept);
        alarms.sort_by_key(|alarm| alarm.urgency);
        self.alarms = Arc::new(alarms);
    }

    /// Takes over what was found for the same question, until the worker has found it again: nothing vanishes from the screen for a
    /// moment when the model answers what was looked up before.
    fn inherit(&mut self, before: &Turn) {
        if self.question == before.question && self.note == before.note && self.evidence.is_none() {
            self.alarms = Arc::clone(&before.alarms);
            self.evidence.clone_from(&before.evidence);
            self.more = Arc::clone(&before.more);
            self.doses.clone_from(&before.doses);
        }
    }

    /// Whether the worker is still at it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.record.is_none() && !self.failed
    }

    fn append(&mut self, sentence: usize, text: &str, citation: Option<Citation>) {
        if self.sentences.len() <= sentence {
            self.sentences.resize_with(sentence + 1, DraftSentence::default);
        }
        let Some(draft) = self.sentences.get_mut(sentence) else { return };
        draft.text.push_str(text);
        let Some(next) = citation else { return };
        match draft.citations.last_mut() {
            // The pieces of one span arrive one after the other, sometimes with the blank between them left out.
            Some(last) if last.passage == next.passage && next.start >= last.start && next.start <= last.end + 1 => {
                last.end = last.end.max(next.end);
            }
            _ => draft.citations.push(next),
        }
    }
}

/// The page's knowledge.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The model.
    pub model: Model,
    /// The question on screen.
    pub turn: Option<Turn>,
    /// Sent, and not yet heard of: it takes the screen with its first event, so that a refused question leaves the
    /// answer before it where it is.
    pub pending: Option<Turn>,
    /// Stop was pressed and the answer has not ended yet.
    pub stopping: bool,
    /// To be asked as soon as possible (the assistant is loading, or another answer is being stopped).
    pub queued: Option<Waiting>,
    /// The last thing that went wrong.
    pub problem: Option<Problem>,
    /// Which engine computes, once that is decided.
    pub engine: Option<EngineReport>,
    /// The knowledge base, as soon as it is there: from then on questions are looked up, and from `Model::Ready` on answered.
    pub library: Option<Arc<LibraryInfo>>,
    /// The calculators, which need no model.
    pub calculators: Calculators,
    /// Question and note of the answer on screen, where they are to be taken along.
    pub included: Included,
    /// The knowledge base to be looked through.
    pub browsing: Browsing,
    /// What this browser keeps of the assistant's files.
    pub stored: Option<Stored>,
    /// Whether the next question follows the one on screen.
    pub follow_up: bool,
    /// Why the download does not go on, where it does not.
    pub hold: Option<Hold>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            model: Model::Starting,
            turn: None,
            pending: None,
            stopping: false,
            queued: None,
            problem: None,
            engine: None,
            library: None,
            calculators: Calculators::default(),
            included: Included::default(),
            browsing: Browsing::default(),
            stored: None,
            follow_up: false,
            hold: None,
        }
    }
}

impl Session {
    /// The running answer's identifier.
    #[must_use]
    pub fn running(&self) -> Option<&str> {
        if let Some(turn) = &self.pending {
            return Some(&turn.id);
        }
        self.turn.as_ref().filter(|turn| turn.is_running()).map(|turn| turn.id.as_str())
    }

    /// Whether questions can be asked now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.model, Model::Ready(_))
    }

    /// Whether questions can be looked up, with or without the model.
    #[must_use]
    pub fn is_searchable(&self) -> bool {
        self.library.is_some() && self.model != Model::Failed
    }

    /// What can be asked now of what waits. The box can be looked up as soon as the knowledge base is there; an answer needs the model.
    #[must_use]
    pub fn due(&self) -> Option<Waiting> {
        let waiting = self.queued.filter(|_| self.running().is_none())?;
        let able = match waiting {
            Waiting::Box => self.is_ready() || self.is_searchable(),
            Waiting::Answer => self.is_ready() && self.turn.is_some(),
        };
        able.then_some(waiting)
    }

    /// A question goes out. Without the model it is looked up, and its answer follows.
    pub fn asked(&mut self, turn: Turn) {
        self.pending = Some(turn);
        self.stopping = false;
        self.queued = (!self.is_ready()).then_some(Waiting::Answer);
        self.problem = None;
    }

    /// The reader presses Stop: nothing more is added to the running answer, and a queued question is forgotten.
    pub fn stopped(&mut self) {
        self.queued = None;
        if self.running().is_none() {
            return;
        }
        self.stopping = true;
        self.show_pending();
        if let Some(turn) = &mut self.turn {
            turn.stopped = true;
        }
    }

    /// A new worker starts; the question on screen stays, and is asked again where its answer was still running.
    pub fn restarted(&mut self) {
        if self.running().is_some() && !self.stopping {
            self.show_pending();
            self.queued = Some(Waiting::Answer);
        }
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.is_running()) {
            turn.failed = true;
        }
        self.model = Model::Starting;
        self.hold = None;
        self.engine = None;
        self.library = None;
        self.calculators.lost();
        self.included.lost();
        self.browsing.lost();
        self.pending = None;
        self.stopping = false;
        self.problem = None;
    }

    /// Takes in an event of the worker. Events of answers that are no longer of interest change nothing.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Progress { stage, loaded_bytes, total_bytes } => {
                self.model = Model::Loading { stage, loaded_bytes, total_bytes };
            }
            Event::Held { hold } => self.hold = hold,
            Event::Stored(stored) => self.stored = Some(stored),
            Event::Library(info) => self.library = Some(Arc::new(info)),
            Event::Calculators(choices) => self.calculators.choices = Some(Arc::new(choices)),
            Event::Ready(info) => self.model = Model::Ready(info),
            Event::Engine(report) => self.engine = Some(report),
            Event::Emergency { id, alarms } => {
                if let Some(turn) = self.turn_of(&id) {
                    turn.raise(alarms);
                }
            }
            Event::Evidence { id, passages, more, doses } => {
                if let Some(turn) = self.turn_of(&id) {
                    turn.evidence = Some(Arc::new(passages));
                    turn.more = Arc::new(more);
                    turn.doses = doses.map(Arc::new);
                }
            }
            Event::Routing { id, tokens, et5, emamba } => {
                if let Some(turn) = self.turn_of(&id) {
                    turn.routing = Some(Arc::new(Routing { tokens, et5, emamba }));
                }
            }
            Event::Text { id, text, sentence, citation } => {
                if let (Some(turn), Ok(index)) = (self.turn_of(&id), usize::try_from(sentence))
                    && !turn.stopped
                {
                    turn.append(index, &text, citation);
                }
            }
            Event::Done { id, answer, heap_bytes } => self.done(&id, *answer, heap_bytes),
            Event::Calculated { id, sheets, left_out } => self.calculators.calculated(&id, sheets, left_out),
            Event::Contents { id, contents } => self.browsing.came(&id, contents),
            Event::Opened { id, entry } => self.browsing.opened(&id, *entry),
            Event::Redacted { id, redacted } => self.included.searched(&id, redacted),
            Event::Error { id, kind, message } => {
                let refused = self.calculators.refused(id.as_deref(), kind, &message)
                    || self.included.refused(id.as_deref(), kind, &message)
                    || self.browsing.refused(id.as_deref(), &message);
                if !refused {
                    self.failed(id.as_deref(), kind, Message::Worker(message));
                }
            }
        }
    }

    /// There is no worker to send anything to.
    pub fn without_worker(&mut self) {
        self.failed(None, ErrorKind::WorkerDied, Message::NoWorker);
    }

    fn done(&mut self, id: &str, answer: AnswerRecord, heap_bytes: Option<u64>) {
        let Some(turn) = self.turn_of(id) else { return };
        turn.sentences = answer
            .sentences
            .iter()
            .map(|sentence| DraftSentence { text: sentence.text.clone(), citations: sentence.citations.clone() })
            .collect();
        if turn.evidence.is_none() {
            turn.evidence = Some(Arc::new(answer.evidence.clone()));
            turn.more = Arc::new(answer.more.clone());
            turn.doses = answer.doses.clone().map(Arc::new);
        }
        // A record without red flags takes none off the screen.
        if turn.alarms.is_empty() {
            turn.alarms = Arc::new(answer.emergency.clone());
        }
        turn.heap_bytes = heap_bytes;
        turn.record = Some(Arc::new(answer));
        self.stopping = false;
    }

    fn failed(&mut self, id: Option<&str>, kind: ErrorKind, message: Message) {
        let problem = Problem { kind, message };
        let ours = id.is_none_or(|id| self.running() == Some(id));
        if !ours {
            return;
        }
        // Refused before anything was seen of it: the answer on screen stays as it is.
        let refused = self.pending.take().is_some();
        if !refused
            && let Some(turn) = self.turn.as_mut()
            && turn.is_running()
        {
            turn.failed = true;
        }
        if problem.needs_restart() {
            self.model = Model::Failed;
        }
        // Where only the model could not be loaded the records are still there.
        if problem.kind == ErrorKind::WorkerDied {
            self.calculators.lost();
            self.included.lost();
        }
        self.stopping = false;
        // What was looked up before a question that is refused still waits for its answer.
        let waits =
            refused && self.is_searchable() && !self.is_ready() && self.turn.as_ref().is_some_and(Turn::is_looked_up);
        self.queued = waits.then_some(Waiting::Answer);
        self.problem = Some(problem);
    }

    /// Puts the pending question on screen.
    fn show_pending(&mut self) {
        let Some(mut turn) = self.pending.take() else { return };
        if let Some(before) = &self.turn {
            turn.inherit(before);
        }
        self.included = Included::default();
        self.turn = Some(turn);
    }

    /// The turn an event belongs to; the first event of a pending one puts it on screen.
    fn turn_of(&mut self, id: &str) -> Option<&mut Turn> {
        if self.pending.as_ref().is_some_and(|turn| turn.id == id) {
            self.show_pending();
        }
        self.turn.as_mut().filter(|turn| turn.id == id && turn.is_running())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use mambaformer_wasm::answer::{EvidenceKind, Sentence, Urgency};

    fn info() -> ModelInfo {
        ModelInfo {
            model: "nano".to_owned(),
            version: "1".to_owned(),
            parameters: 1,
            bytes: 1,
            backend: "cpu-simd".to_owned(),
            formats: Vec::new(),
        }
    }

    fn text(id: &str, text: &str, sentence: u32, span: Option<(usize, usize)>) -> Event {
        Event::Text {
            id: id.to_owned(),
            text: text.to_owned(),
            sentence,
            citation: span.map(|(start, end)| Citation { passage: "p".to_owned(), start, end }),
        }
    }

    fn done(id: &str, state: AnswerState) -> Event {
        Event::Done {
            id: id.to_owned(),
            answer: Box::new(AnswerRecord {
                answer: "A b.".to_owned(),
                sentences: vec![Sentence { text: "A b.".to_owned(), citations: Vec::new() }],
                tokens_out: 3,
                ..AnswerRecord::empty(id, state)
            }),
            heap_bytes: Some(9),
        }
    }

    fn evidence(id: &str) -> Event {
        Event::Evidence { id: id.to_owned(), passages: Vec::new(), more: Vec::new(), doses: None }
    }

    fn problem(id: Option<&str>, kind: ErrorKind) -> Event {
        Event::Error { id: id.map(str::to_owned), kind, message: "why".to_owned() }
    }

    fn asked(id: &str) -> Session {
        let mut session = Session { model: Model::Ready(info()), ..Session::default() };
        session.asked(Turn::new(id.to_owned(), "Q?".to_owned(), None));
        session
    }

    #[test]
    fn a_question_runs_from_evidence_to_done() {
        let mut session = asked("1");
        assert_eq!(session.running(), Some("1"));
        session.apply(evidence("1"));
        session.apply(text("1", "A", 0, Some((4, 5))));
        session.apply(text("1", " b.", 0, Some((5, 8))));
        session.apply(text("1", " C", 1, Some((20, 21))));
        let turn = session.turn.as_ref().expect("on screen");
        assert_eq!(turn.sentences.len(), 2);
        assert_eq!(turn.sentences[0].text, "A b.");
        assert_eq!(turn.sentences[0].citations.len(), 1, "adjoining pieces are one span");
        assert_eq!((turn.sentences[0].citations[0].start, turn.sentences[0].citations[0].end), (4, 8));
        session.apply(done("1", AnswerState::Supported));
        assert_eq!(session.running(), None);
        let turn = session.turn.expect("on screen");
        assert_eq!(turn.state(), Some(AnswerState::Supported));
        assert_eq!(turn.sentences.len(), 1, "the record replaces the draft");
    }

    #[test]
    fn spans_apart_stay_apart() {
        let mut turn = Turn::new("1".to_owned(), String::new(), None);
        let cite = |passage: &str, start, end| Citation { passage: passage.to_owned(), start, end };
        turn.append(0, "a", Some(cite("p", 0, 5)));
        turn.append(0, "b", Some(cite("p", 9, 12)));
        turn.append(0, "c", Some(cite("q", 12, 13)));
        turn.append(0, "d", Some(cite("q", 2, 3)));
        assert_eq!(turn.sentences[0].citations.len(), 4);
    }

    #[test]
    fn a_refused_question_leaves_the_answer_before_it() {
        let mut session = asked("1");
        session.apply(text("1", "A", 0, None));
        session.apply(done("1", AnswerState::Supported));
        session.asked(Turn::new("2".to_owned(), " ".to_owned(), None));
        session.apply(problem(Some("2"), ErrorKind::EmptyQuestion));
        assert_eq!(session.turn.as_ref().map(|turn| turn.id.as_str()), Some("1"));
        assert_eq!(session.turn.as_ref().and_then(Turn::state), Some(AnswerState::Supported));
        assert_eq!(session.problem.as_ref().map(|p| p.kind), Some(ErrorKind::EmptyQuestion));
        assert!(session.is_ready());
        assert_eq!(session.running(), None);
    }

    #[test]
    fn a_dead_worker_keeps_what_was_written() {
        let mut session = asked("1");
        session.apply(text("1", "A", 0, None));
        session.apply(problem(None, ErrorKind::WorkerDied));
        assert_eq!(session.model, Model::Failed);
        let turn = session.turn.as_ref().expect("on screen");
        assert_eq!(turn.state(), Some(AnswerState::Failed));
        assert_eq!(turn.sentences[0].text, "A");
        session.restarted();
        assert_eq!(session.model, Model::Starting);
        assert_eq!(session.problem, None);
        assert_eq!(session.turn.as_ref().map(|turn| turn.sentences.len()), Some(1));
    }

    #[test]
    fn stop_is_said_at_once_and_the_worker_ends_in_its_own_time() {
        let mut session = asked("1");
        session.apply(text("1", "A", 0, None));
        session.queued = Some(Waiting::Box);
        session.stopped();
        assert_eq!(session.queued, None);
        assert_eq!(session.turn.as_ref().and_then(Turn::state), Some(AnswerState::Stopped));
        assert_eq!(session.running(), Some("1"), "no new question before the worker is free");
        session.apply(text("1", " more", 0, None));
        assert_eq!(session.turn.as_ref().map(|turn| turn.sentences[0].text.as_str()), Some("A"));
        session.apply(done("1", AnswerState::Stopped));
        assert_eq!(session.running(), None);
        assert!(!session.stopping);
    }

    #[test]
    fn stop_before_the_first_event_shows_the_stopped_question() {
        let mut session = asked("1");
        session.stopped();
        assert_eq!(session.turn.as_ref().and_then(Turn::state), Some(AnswerState::Stopped));
        assert_eq!(session.running(), Some("1"));
        let mut idle = Session::default();
        idle.stopped();
        assert_eq!(idle, Session::default());
    }

    #[test]
    fn late_events_of_an_old_answer_change_nothing() {
        let mut session = asked("1");
        session.apply(text("1", "A", 0, None));
        session.apply(done("1", AnswerState::Stopped));
        session.asked(Turn::new("2".to_owned(), "R?".to_owned(), None));
        session.apply(text("2", "B", 0, None));
        let before = session.clone();
        session.apply(text("1", "x", 0, None));
        session.apply(done("1", AnswerState::Supported));
        session.apply(problem(Some("1"), ErrorKind::Model));
        assert_eq!(session, before);
    }

    #[test]
    fn a_failed_download_asks_for_a_restart_and_a_busy_worker_does_not() {
        for kind in [ErrorKind::Network, ErrorKind::Integrity, ErrorKind::Manifest] {
            let mut session = Session::default();
            session.apply(problem(None, kind));
            assert_eq!(session.model, Model::Failed, "{kind:?}");
        }
        let mut session = asked("1");
        session.apply(problem(Some("1"), ErrorKind::Busy));
        assert!(session.is_ready());
    }

    pub(crate) fn alarm(kind: AlarmKind, rule: &str) -> Alarm {
        Alarm {
            kind,
            found_by: FoundBy::Rule,
            urgency: Urgency::Immediate,
            rule: rule.to_owned(),
            name: rule.to_owned(),
            text: "Call 112.".to_owned(),
            source: "a guideline".to_owned(),
            words: Vec::new(),
        }
    }

    fn source(passage: &str, kind: EvidenceKind) -> Evidence {
        Evidence {
            passage: passage.to_owned(),
            title: String::new(),
            text: String::new(),
            source: String::new(),
            score: 1.0,
            kind,
        }
    }

    fn looked_up(id: &str) -> Event {
        let record = AnswerRecord { author: Author::Search, ..AnswerRecord::empty(id, AnswerState::PartlyCovered) };
        Event::Done { id: id.to_owned(), answer: Box::new(record), heap_bytes: None }
    }

    fn loading() -> Session {
        let model = Model::Loading { stage: Stage::Weights, loaded_bytes: 1, total_bytes: 2 };
        Session { model, ..Session::default() }
    }

    #[test]
    fn red_flags_are_taken_in_by_kind_and_never_taken_off() {
        let mut session = asked("1");
        let alarms = vec![alarm(AlarmKind::Alarm, "a"), alarm(AlarmKind::Alarm, "b"), alarm(AlarmKind::Note, "c")];
        session.apply(Event::Emergency { id: "1".to_owned(), alarms });
        let rules = |session: &Session, kind| -> Vec<String> {
            session.turn.iter().flat_map(|turn| turn.alarms_of(kind)).map(|alarm| alarm.rule.clone()).collect()
        };
        assert_eq!(rules(&session, AlarmKind::Alarm), ["a", "b"]);
        assert_eq!(rules(&session, AlarmKind::Note), ["c"]);
        session.apply(done("1", AnswerState::EmergencyFirst));
        assert_eq!(rules(&session, AlarmKind::Alarm), ["a", "b"], "a record without red flags takes none off");
        session.asked(Turn::new("2".to_owned(), "Another?".to_owned(), None));
        session.apply(evidence("2"));
        assert!(rules(&session, AlarmKind::Alarm).is_empty(), "they belong to their question");
    }

    #[test]
    fn what_the_second_net_raised_stays_while_the_same_question_is_answered() {
        let possible = |rule: &str, urgency| Alarm { found_by: FoundBy::Net, urgency, ..alarm(AlarmKind::Alarm, rule) };
        let rules = |session: &Session| -> Vec<String> {
            session.turn.iter().flat_map(|turn| turn.alarms.iter()).map(|alarm| alarm.rule.clone()).collect()
        };
        let hear = |session: &mut Session, id: &str, alarms: Vec<Alarm>| {
            session.apply(Event::Emergency { id: id.to_owned(), alarms });
        };
        let ulcer = || Alarm { urgency: Urgency::TwoWeeks, ..alarm(AlarmKind::Alarm, "ulcer") };
        let mut session = loading();
        session.apply(Event::Library(LibraryInfo::default()));
        session.asked(Turn::new("1".to_owned(), "Q?".to_owned(), None));
        hear(&mut session, "1", vec![possible("sepsis", Urgency::Immediate), ulcer()]);
        session.apply(looked_up("1"));
        session.apply(Event::Ready(info()));
        session.asked(Turn::new("2".to_owned(), "Q?".to_owned(), None));
        hear(&mut session, "2", vec![ulcer()]);
        assert_eq!(rules(&session), ["sepsis", "ulcer"], "the rules alone take nothing off");
        hear(&mut session, "2", vec![possible("sepsis", Urgency::Immediate), ulcer()]);
        assert_eq!(rules(&session), ["sepsis", "ulcer"], "and nothing is there twice");
        session.asked(Turn::new("3".to_owned(), "R?".to_owned(), None));
        hear(&mut session, "3", vec![ulcer()]);
        assert_eq!(rules(&session), ["ulcer"], "it belongs to its question");
    }

    #[test]
    fn sources_are_numbered_through_and_the_note_is_none() {
        let mut turn = Turn::new("1".to_owned(), String::new(), None);
        assert_eq!(turn.number_of("p"), None);
        turn.evidence = Some(Arc::new(vec![
            source("p", EvidenceKind::Passage),
            source(NOTE_PASSAGE, EvidenceKind::Note),
            source("r", EvidenceKind::Record),
        ]));
        turn.more = Arc::new(vec![source("m", EvidenceKind::Passage)]);
        let numbers = ["p", NOTE_PASSAGE, "r", "m", "x"].map(|passage| turn.number_of(passage));
        assert_eq!(numbers, [Some(1), None, Some(2), Some(3), None]);
    }

    #[test]
    fn a_question_is_looked_up_while_the_model_loads_and_answered_when_it_is_there() {
        let mut session = loading();
        session.queued = Some(Waiting::Box);
        assert_eq!(session.due(), None, "nothing can be looked up yet");
        session.apply(Event::Library(LibraryInfo::default()));
        assert_eq!(session.due(), Some(Waiting::Box));
        session.asked(Turn::new("1".to_owned(), "Q?".to_owned(), None));
        assert_eq!((session.queued, session.due()), (Some(Waiting::Answer), None));
        let passages = vec![source("p", EvidenceKind::Passage)];
        session.apply(Event::Evidence { id: "1".to_owned(), passages, more: Vec::new(), doses: None });
        session.apply(looked_up("1"));
        assert!(session.turn.as_ref().is_some_and(Turn::is_looked_up));
        assert_eq!(session.due(), None, "the model is not there yet");
        session.apply(Event::Ready(info()));
        assert_eq!(session.due(), Some(Waiting::Answer));
        session.asked(Turn::new("2".to_owned(), "Q?".to_owned(), None));
        assert_eq!(session.queued, None);
        let alarms = vec![alarm(AlarmKind::Note, "a")];
        session.apply(Event::Emergency { id: "2".to_owned(), alarms });
        let turn = session.turn.as_ref().expect("on screen");
        assert_eq!((turn.id.as_str(), turn.number_of("p")), ("2", Some(1)), "what was found stays meanwhile");
        session.apply(evidence("2"));
        assert_eq!(session.turn.as_ref().and_then(|turn| turn.number_of("p")), None, "and is replaced");
    }

    #[test]
    fn the_calculators_outlive_a_model_that_cannot_be_loaded() {
        use mambaformer_wasm::calculation::CalculatorChoices;
        for (kind, stay) in [(ErrorKind::Network, true), (ErrorKind::Integrity, true), (ErrorKind::WorkerDied, false)] {
            let mut session = loading();
            session.apply(Event::Calculators(CalculatorChoices::default()));
            session.apply(problem(None, kind));
            assert_eq!(session.calculators.choices.is_some(), stay, "{kind:?}");
        }
    }

    #[test]
    fn another_question_takes_nothing_of_the_one_before_along() {
        use mambaformer_wasm::redaction::Redacted;
        let mut session = asked("1");
        session.apply(done("1", AnswerState::Supported));
        session.included = Included::Waiting("redaction-1".to_owned());
        session.asked(Turn::new("2".to_owned(), "R?".to_owned(), None));
        assert_eq!(session.included, Included::Waiting("redaction-1".to_owned()), "it may yet be refused");
        session.apply(evidence("2"));
        session.apply(Event::Redacted { id: "redaction-1".to_owned(), redacted: Redacted::default() });
        assert_eq!(session.included, Included::Nothing);
    }

    #[test]
    fn a_refused_calculation_is_no_problem_of_the_question() {
        use crate::calculators::{Calculator, Outcome};
        let mut session = asked("1");
        session.calculators.set(Calculator::Dose, Outcome::Waiting("c1".to_owned()));
        session.apply(problem(Some("c1"), ErrorKind::BadAge));
        assert_eq!((session.running(), &session.problem), (Some("1"), &None));
        assert!(matches!(session.calculators.outcome(Calculator::Dose), Outcome::Refused(_)));
        session.apply(problem(Some("c1"), ErrorKind::BadAge));
        assert_eq!(session.problem, None, "an old calculation's refusal is nobody's");
    }

    #[test]
    fn stop_forgets_the_answer_that_waits() {
        let mut session = loading();
        session.library = Some(Arc::default());
        session.asked(Turn::new("1".to_owned(), "Q?".to_owned(), None));
        session.apply(looked_up("1"));
        session.stopped();
        session.apply(Event::Ready(info()));
        assert_eq!((session.queued, session.due()), (None, None));
    }

    #[test]
    fn a_refused_question_leaves_what_was_looked_up_waiting() {
        let mut session = loading();
        session.library = Some(Arc::default());
        session.asked(Turn::new("1".to_owned(), "Q?".to_owned(), None));
        session.apply(looked_up("1"));
        session.asked(Turn::new("2".to_owned(), " ".to_owned(), None));
        session.apply(problem(Some("2"), ErrorKind::EmptyQuestion));
        session.apply(Event::Ready(info()));
        assert_eq!(session.due(), Some(Waiting::Answer));
        assert_eq!(session.turn.as_ref().map(|turn| turn.id.as_str()), Some("1"));
    }

    #[test]
    fn a_new_worker_answers_what_the_old_one_was_answering() {
        let mut session = asked("1");
        session.apply(text("1", "A", 0, None));
        session.restarted();
        assert_eq!(session.turn.as_ref().and_then(Turn::state), Some(AnswerState::Failed));
        assert_eq!(session.running(), None);
        session.apply(Event::Ready(info()));
        assert_eq!(session.due(), Some(Waiting::Answer));

        let mut session = asked("1");
        session.stopped();
        session.restarted();
        assert_eq!(session.turn.as_ref().and_then(Turn::state), Some(AnswerState::Stopped));
        assert_eq!((session.running(), session.queued), (None, None), "a stopped answer is not asked again");
    }
}
