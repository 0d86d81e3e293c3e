//! One question on its way, in bounded steps, so that a worker can look at its messages in between.

use std::rc::Rc;

use mambaformer_clinical::question::{Note, Question};
use mambaformer_clinical::triage::Assessment;
use mambaformer_model::generate::{
    FreeDecoder, FreeOptions, FreeStep, FreeText, FreeToken, GroundedDecoder, GroundedOptions, GroundedStep, Sampling,
    Sources, Statistics, StopReason, UnitOrigin,
};
use mambaformer_model::prompt::{Part, PassageText, Prompt};
use mambaformer_model::{Encoding, Expert, Routing, Verdict};
use web_time::Instant;

use super::checked::Sentences;
use super::clinic::{self, Found, Material};
use super::composition::Composition;
use super::retriever::Readings;
use super::units::{END_PRIOR, sources};
use super::{Assistant, Book, EVIDENCE_PASSAGES, Measures, PipelineError};
use super::{ending, priors};
use crate::answer::{Alarm, AnswerRecord, AnswerState, Citation, Evidence, EvidenceKind, RoutingCounts, TimingsMs};
use crate::gpu::answer::{GpuEncoding, GpuGrounded};
use crate::gpu::free::GpuFree;
use crate::gpu::{GpuError, GpuModel};
use crate::kernels::sample::Progress;
use crate::protocol::{Ask, Event, Mode, PromptPart, RoutedExpert, RoutingToken};

/// Below this probability of being answerable from the passages nothing is answered.
const ANSWERABLE: f32 = 0.5;

enum Stage<'a> {
    Triage,
    Retrieve,
    Read { prompt: Prompt, readings: Box<Readings<'a>>, since: Instant },
    Encode { prompt: Prompt, encoding: Box<Encoding<'a>> },
    EncodeOnGpu { prompt: Prompt, encoding: Box<GpuEncoding> },
    Grounded { prompt: Prompt, decoder: Box<GroundedDecoder<'a>> },
    GroundedOnGpu { prompt: Prompt, answer: Box<GpuGrounded> },
    Free { prompt: Prompt, decoder: Box<FreeDecoder<'a>> },
    FreeOnGpu { prompt: Prompt, answer: Box<GpuFree> },
    Ended,
}

/// An answer being worked out.
pub struct Answering<'a> {
    assistant: &'a Assistant,
    ask: Ask,
    question: Question,
    given: Option<Vec<Evidence>>,
    measures: Measures,
    stage: Stage<'a>,
    started: Instant,
    assessment: Assessment,
    /// What of it the page is told.
    alarms: Vec<Alarm>,
    found: Found<'a>,
    routing: RoutingCounts,
    timings: TimingsMs,
    verdict: Verdict,
    answer: Composition,
    sentences: Sentences,
    tokens_out: usize,
    statistics: Statistics,
    /// Units written so far, in the order of the sources: where another engine takes over if this one breaks down.
    told: Vec<usize>,
    /// What a GPU generated freely so far, for the same purpose.
    generated: FreeText<'a>,
    /// The answer was interrupted and goes on.
    resumed: bool,
    /// Encoding began.
    encoding_since: Instant,
    /// The GPU that computes, if it is one.
    gpu: Option<Rc<GpuModel>>,
    /// No other engine takes over.
    trial: bool,
}

impl<'a> Answering<'a> {
    pub(super) fn new(
        assistant: &'a Assistant,
        ask: &Ask,
        question: Question,
        given: Option<Vec<Evidence>>,
        measures: Measures,
    ) -> Self {
        let mut ask = ask.clone();
        if measures.book == Book::Closed {
            ask.options.mode = Mode::Free;
        }
        Self {
            assistant,
            question,
            given,
            measures,
            stage: Stage::Triage,
            started: Instant::now(),
            assessment: Assessment::default(),
            alarms: Vec::new(),
            found: Found::default(),
            routing: RoutingCounts::default(),
            timings: TimingsMs::default(),
            verdict: Verdict::default(),
            answer: Composition::default(),
            sentences: Sentences::default(),
            tokens_out: 0,
            statistics: Statistics::default(),
            told: Vec::new(),
            generated: FreeText::new(&assistant.tokenizer, ask.options.stop_strings.clone()),
            ask,
            resumed: false,
            encoding_since: Instant::now(),
            gpu: assistant.gpu(),
            trial: false,
        }
    }

    /// Computes on this GPU (`None`: the processor) and on no other engine, whatever happens: its time is wanted.
    pub(super) fn on_trial(&mut self, gpu: Option<Rc<GpuModel>>) {
        self.gpu = gpu;
        self.trial = true;
    }

    /// Runs one bounded piece of work (one layer of an expert, one decoder call, or one submit of the GPU) and returns what it
    /// produced; `None` at the end. Without a GPU it never waits.
    pub async fn step(&mut self) -> Result<Option<Vec<Event>>, PipelineError> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Triage => Ok(Some(self.triage())),
            Stage::Retrieve => self.retrieve().map(Some),
            Stage::Read { prompt, readings, since } => self.read(prompt, readings, since).map(Some),
            Stage::Encode { prompt, encoding } => self.encode(prompt, encoding).map(Some),
            Stage::EncodeOnGpu { prompt, encoding } => self.encode_on_gpu(prompt, encoding).await.map(Some),
            Stage::GroundedOnGpu { prompt, answer } => self.write_on_gpu(prompt, answer).await.map(Some),
            Stage::Grounded { prompt, decoder } => self.write_grounded(prompt, decoder).map(Some),
            Stage::Free { prompt, decoder } => self.write_free(prompt, decoder).map(Some),
            Stage::FreeOnGpu { prompt, answer } => self.write_freely_on_gpu(prompt, answer).await.map(Some),
            Stage::Ended => Ok(None),
        }
    }

    /// Ends the answer where it is; what was written is kept.
    pub fn stop(&mut self) -> Vec<Event> {
        if matches!(self.stage, Stage::Ended) {
            return Vec::new();
        }
        self.stage = Stage::Ended;
        vec![self.finish(false, true)]
    }

    /// What grounded decoding has cost so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What the model says of the question as a whole, once the first token is decided.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    /// Red flags first: nothing an answer needs is waited for.
    fn triage(&mut self) -> Vec<Event> {
        self.assessment = self.assistant.clinic().assess(&self.question);
        self.alarms = clinic::alarms(&self.question, &self.assessment);
        self.timings.triage = Some(self.elapsed_ms());
        self.stage = Stage::Retrieve;
        ending::emergency(&self.ask.id, &self.alarms).into_iter().collect()
    }

    /// What the second net sees now that the question has a vector: all red flags again, if that adds one.
    fn suspect(&mut self) -> Option<Event> {
        if !self.assistant.clinic().suspect(&self.found, &mut self.assessment) {
            return None;
        }
        self.alarms = clinic::alarms(&self.question, &self.assessment);
        ending::emergency(&self.ask.id, &self.alarms)
    }

    fn retrieve(&mut self) -> Result<Vec<Event>, PipelineError> {
        let since = Instant::now();
        if let Some(given) = self.given.take() {
            let materials = given.into_iter().map(Material::plain).collect();
            let wanted = self.assistant.clinic().library().map(|library| library.read(&self.question));
            self.found = Found { wanted, materials, coverage: 1.0, ..Found::default() };
        } else {
            self.found = self.assistant.clinic().find(&self.question, EVIDENCE_PASSAGES)?;
            self.timings.retrieval = Some(since.elapsed().as_secs_f64() * 1e3);
        }
        let mut events: Vec<Event> = self.suspect().into_iter().collect();
        let declined = self.found.materials.is_empty() || self.found.out_of_scope && self.measures.abstain;
        if self.measures.book == Book::Closed && !declined {
            self.found.put_away();
        }
        events.push(ending::evidence(&self.ask.id, &self.found, &self.question));
        if declined {
            events.push(self.done(true));
            return Ok(events);
        }

        let model = &self.assistant.model;
        let passages: Vec<PassageText> = self
            .found
            .materials
            .iter()
            .map(|material| PassageText { title: &material.evidence.title, text: &material.evidence.text })
            .collect();
        let facts = self.question.facts();
        let note = facts.map(Note::text);
        let prompt = Prompt::build(model.config(), &self.assistant.tokenizer, &self.question.whole(), note, &passages)?;
        self.found.materials.extend(facts.map(ending::note));
        match self.begin_reading()? {
            Some(readings) => {
                self.stage = Stage::Read { prompt, readings: Box::new(readings), since: Instant::now() };
            }
            None => events.extend(self.begin(prompt)?),
        }
        Ok(events)
    }

    /// Starts to read what was found; texts that came with the question are the model's alone, as everything is that is written freely.
    fn begin_reading(&self) -> Result<Option<Readings<'a>>, PipelineError> {
        let searched = self.found.materials.iter().any(|material| !material.known.is_empty());
        match self.assistant.clinic().library() {
            Some(library) if searched && self.measures.read && self.ask.options.mode == Mode::Grounded => {
                library.begin_reading(&self.question, &self.found)
            }
            _ => Ok(None),
        }
    }

    fn read(
        &mut self,
        prompt: Prompt,
        mut readings: Box<Readings<'a>>,
        since: Instant,
    ) -> Result<Vec<Event>, PipelineError> {
        if readings.step()? {
            self.stage = Stage::Read { prompt, readings, since };
            return Ok(Vec::new());
        }
        if let Some(library) = self.assistant.clinic().library() {
            priors::by_reading(&mut self.found, &readings.scores(), library.read_weights());
        }
        self.timings.reading = Some(since.elapsed().as_secs_f64() * 1e3);
        self.begin(prompt)
    }

    /// Starts to encode on the engine that serves: the GPU where it was found the faster and has kernels for this way of writing.
    fn begin(&mut self, prompt: Prompt) -> Result<Vec<Event>, PipelineError> {
        let routing = self.measures.routing.unwrap_or(Routing::Gate { bias: self.ask.options.gate_bias });
        self.encoding_since = Instant::now();
        let able = |gpu: &&Rc<GpuModel>| self.ask.options.mode == Mode::Grounded || gpu.free_dispatches().is_some();
        if let Some(gpu) = self.gpu.as_ref().filter(able) {
            match gpu.begin(&prompt.ids, routing) {
                Ok(encoding) => {
                    self.stage = Stage::EncodeOnGpu { prompt, encoding: Box::new(encoding) };
                    return Ok(Vec::new());
                }
                // A question that is too large for the GPU's buffers is answered by the processor.
                Err(GpuError::TooMany(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let encoding = self.assistant.model.begin_encoding(&prompt.ids, routing)?;
        let decisions = encoding.decisions();
        let events = self.routing(&prompt, &decisions.experts, &decisions.weights);
        self.stage = Stage::Encode { prompt, encoding: Box::new(encoding) };
        Ok(events.into_iter().collect())
    }

    /// The event that tells which expert read which token; nothing if it was told before an interruption.
    fn routing(&mut self, prompt: &Prompt, experts: &[Expert], weights: &[f32]) -> Option<Event> {
        if self.resumed && self.routing.tokens > 0 {
            return None;
        }
        let tokens: Vec<RoutingToken> = prompt
            .ids
            .iter()
            .zip(&prompt.parts)
            .zip(experts.iter().zip(weights))
            .map(|((id, part), (expert, weight))| RoutingToken {
                text: self.assistant.tokenizer.piece(*id),
                expert: match expert {
                    Expert::Et5 => RoutedExpert::Et5,
                    Expert::EMamba => RoutedExpert::Emamba,
                },
                p: *weight,
                part: match part {
                    Part::Mark => PromptPart::Mark,
                    Part::Question => PromptPart::Question,
                    Part::Note => PromptPart::Note,
                    Part::Title(_) => PromptPart::Title,
                    Part::Text(_) => PromptPart::Text,
                },
            })
            .collect();
        let emamba = count(tokens.iter().filter(|token| token.expert == RoutedExpert::Emamba).count());
        let all = count(tokens.len());
        self.routing = RoutingCounts { tokens: all, et5: all - emamba, emamba };
        Some(Event::Routing { id: self.ask.id.clone(), tokens, et5: all - emamba, emamba })
    }

    async fn encode_on_gpu(
        &mut self,
        prompt: Prompt,
        mut encoding: Box<GpuEncoding>,
    ) -> Result<Vec<Event>, PipelineError> {
        let routes = match encoding.step().await {
            Ok(true) => {
                self.stage = Stage::EncodeOnGpu { prompt, encoding };
                return Ok(Vec::new());
            }
            Ok(false) => encoding.routes().await,
            Err(error) => Err(error),
        };
        let routes = match routes {
            Ok(routes) => routes,
            Err(error) => return self.take_over(prompt, error).await,
        };
        let events = self.routing(&prompt, &routes.experts, &routes.weights);
        self.note_encoded();
        let events = events.into_iter().collect();
        match self.ask.options.mode {
            Mode::Grounded => {
                let (sources, limits) = self.sources(&prompt)?;
                if let Ok(answer) = encoding.answer(&prompt.ids, prompt.question(), sources, limits, &self.told) {
                    self.stage = Stage::GroundedOnGpu { prompt, answer: Box::new(answer) };
                    return Ok(events);
                }
            }
            Mode::Free => {
                let (sampling, limit) = (self.sampling(), self.max_tokens());
                if let Ok(Some(answer)) =
                    encoding.generate(&prompt.ids, prompt.question(), sampling, limit, self.generated.ids())
                {
                    self.stage = Stage::FreeOnGpu { prompt, answer: Box::new(answer) };
                    return Ok(events);
                }
            }
        }
        // More than the GPU's tables hold: the processor answers.
        self.gpu = None;
        self.resumed = true;
        self.begin(prompt)?;
        Ok(events)
    }

    fn max_tokens(&self) -> usize {
        usize::try_from(self.ask.options.max_tokens).unwrap_or(usize::MAX)
    }

    /// How free generation chooses.
    fn sampling(&self) -> Sampling {
        let options = &self.ask.options;
        options.temperature.map_or(Sampling::Greedy, |temperature| Sampling::TopK {
            temperature,
            top_k: options.top_k.map_or(0, |top_k| usize::try_from(top_k).unwrap_or(usize::MAX)),
            seed: options.seed.unwrap_or(0),
        })
    }

    /// The GPU broke down: its successor, or the processor, goes on after what was written.
    async fn take_over(&mut self, prompt: Prompt, error: GpuError) -> Result<Vec<Event>, PipelineError> {
        if self.trial {
            return Err(error.into());
        }
        self.resumed = true;
        let mut events = vec![Event::Engine(self.assistant.reopen_gpu(error).await)];
        self.gpu = self.assistant.gpu();
        events.extend(self.begin(prompt)?);
        Ok(events)
    }

    fn note_encoded(&mut self) {
        self.timings.encode = Some(self.encoding_since.elapsed().as_secs_f64() * 1e3);
    }

    /// What a grounded answer may be made of, and its limits.
    fn sources(&self, prompt: &Prompt) -> Result<(Sources, GroundedOptions), PipelineError> {
        let assistant = self.assistant;
        let grounding = assistant.clinic().grounding();
        let max_units = usize::try_from(grounding.max_sentences()).unwrap_or(usize::MAX);
        let Measures { jump_forward, enough, model_weight, .. } = self.measures;
        let max_tokens = self.max_tokens();
        let end_prior = self.found.ends.map_or(END_PRIOR, |ends| ends.prior(enough));
        let (materials, note) = (&self.found.materials, self.question.facts());
        let sources = sources(prompt, materials, note, grounding, &assistant.tokenizer, end_prior)?;
        Ok((sources, GroundedOptions { max_tokens, max_units, jump_forward, end_prior, model_weight }))
    }

    async fn write_on_gpu(
        &mut self,
        prompt: Prompt,
        mut answer: Box<GpuGrounded>,
    ) -> Result<Vec<Event>, PipelineError> {
        let told = match answer.step().await {
            Ok(Some(told)) => told,
            Ok(None) => return Ok(vec![self.done(false)]),
            Err(error) => return self.take_over(prompt, error).await,
        };
        self.statistics = answer.statistics();
        self.tokens_out = self.statistics.tokens;
        if answer.submits() == 1 && !self.resumed {
            self.verdict = self.assistant.model.verdict_at(answer.first_state());
            if self.unanswerable() {
                return Ok(vec![self.done(true)]);
            }
        }
        if self.tokens_out > 0 {
            self.note_first_token();
        }
        let events = told.iter().flat_map(|told| self.write_unit(&prompt, answer.sources(), told.unit)).collect();
        self.stage = Stage::GroundedOnGpu { prompt, answer };
        Ok(events)
    }

    /// Whether the model itself says that the passages do not answer the question.
    fn unanswerable(&self) -> bool {
        self.measures.abstain && self.verdict.answerable.is_some_and(|answerable| answerable < ANSWERABLE)
    }

    fn encode(&mut self, prompt: Prompt, mut encoding: Box<Encoding<'a>>) -> Result<Vec<Event>, PipelineError> {
        if encoding.step()? {
            self.stage = Stage::Encode { prompt, encoding };
            return Ok(Vec::new());
        }
        let encoded = encoding.finish()?;
        self.note_encoded();
        let assistant = self.assistant;
        self.verdict = match self.ask.options.mode {
            Mode::Grounded => {
                let (sources, limits) = self.sources(&prompt)?;
                let mut decoder = GroundedDecoder::new(&assistant.model, &encoded, prompt.question(), sources, limits)?;
                let verdict = decoder.verdict();
                decoder.resume(&self.told);
                self.stage = Stage::Grounded { prompt, decoder: Box::new(decoder) };
                verdict
            }
            Mode::Free => {
                let options = FreeOptions {
                    max_tokens: self.max_tokens(),
                    sampling: self.sampling(),
                    stop_strings: self.ask.options.stop_strings.clone(),
                };
                let mut decoder =
                    FreeDecoder::new(&assistant.model, &assistant.tokenizer, &encoded, prompt.question(), options)?;
                decoder.resume(self.generated.clone())?;
                let verdict = decoder.verdict();
                self.stage = Stage::Free { prompt, decoder: Box::new(decoder) };
                verdict
            }
        };
        if self.told.is_empty() && self.generated.ids().is_empty() && self.unanswerable() {
            self.stage = Stage::Ended;
            return Ok(vec![self.done(true)]);
        }
        Ok(Vec::new())
    }

    fn write_grounded(
        &mut self,
        prompt: Prompt,
        mut decoder: Box<GroundedDecoder<'a>>,
    ) -> Result<Vec<Event>, PipelineError> {
        let step = decoder.step()?;
        self.statistics = decoder.statistics();
        self.tokens_out = self.statistics.tokens;
        if self.tokens_out > 0 {
            self.note_first_token();
        }
        let events = match step {
            GroundedStep::Unit { unit, .. } => self.write_unit(&prompt, decoder.sources(), unit),
            GroundedStep::Done => return Ok(vec![self.done(false)]),
        };
        self.stage = Stage::Grounded { prompt, decoder };
        Ok(events)
    }

    fn write_unit(&mut self, prompt: &Prompt, sources: &Sources, index: usize) -> Vec<Event> {
        let Some(unit) = sources.units().get(index) else { return Vec::new() };
        self.told.push(index);
        let (text, span) = match unit.origin {
            UnitOrigin::Text { text, .. } => {
                let Some(index) = self.material_of(prompt.texts[text].part) else { return Vec::new() };
                let text = &self.found.materials[index].evidence.text;
                (text.get(unit.bytes.clone()).unwrap_or_default().to_owned(), Some((index, unit.bytes.clone())))
            }
            UnitOrigin::Opening | UnitOrigin::Connective => {
                (self.assistant.tokenizer.decode(&unit.ids).unwrap_or_default().trim().to_owned(), None)
            }
        };
        let verifier = self.assistant.clinic().verifier();
        self.sentences.push(text, span, &self.found.materials, verifier, &mut self.answer, &self.ask.id)
    }

    /// The material a part of the prompt shows; the note stands behind the passages.
    fn material_of(&self, part: Part) -> Option<usize> {
        match part {
            Part::Text(index) => Some(index),
            Part::Note => self.found.materials.iter().position(|own| own.evidence.kind == EvidenceKind::Note),
            Part::Mark | Part::Question | Part::Title(_) => None,
        }
    }

    fn write_free(&mut self, prompt: Prompt, mut decoder: Box<FreeDecoder<'a>>) -> Result<Vec<Event>, PipelineError> {
        let step = decoder.step()?;
        let ended = matches!(step, FreeStep::Done { .. });
        let events = self.write_token(&prompt, step, decoder.ids().len());
        if !ended {
            self.stage = Stage::Free { prompt, decoder };
        }
        Ok(events)
    }

    async fn write_freely_on_gpu(
        &mut self,
        prompt: Prompt,
        mut answer: Box<GpuFree>,
    ) -> Result<Vec<Event>, PipelineError> {
        let tokens = match answer.step().await {
            Ok(Some(tokens)) => tokens,
            Ok(None) => {
                let full = answer.progress() == Progress::Full;
                let reason = if full { StopReason::MaxTokens } else { StopReason::EndOfSequence };
                let step = self.generated.end(reason)?;
                return Ok(self.write_token(&prompt, step, self.generated.ids().len()));
            }
            Err(error) => return self.take_over(prompt, error).await,
        };
        if answer.submits() == 1 && !self.resumed {
            self.verdict = self.assistant.model.verdict_at(answer.first_state());
            if self.unanswerable() {
                return Ok(vec![self.done(true)]);
            }
        }
        let mut events = Vec::new();
        for token in tokens {
            let step = self.generated.push(token)?;
            let ended = matches!(step, FreeStep::Done { .. });
            events.extend(self.write_token(&prompt, step, self.generated.ids().len()));
            if ended {
                // What the GPU has written after a stop string is left.
                return Ok(events);
            }
        }
        self.stage = Stage::FreeOnGpu { prompt, answer };
        Ok(events)
    }

    /// The events of a step of free generation, after which the answer has `tokens` tokens.
    fn write_token(&mut self, prompt: &Prompt, step: FreeStep, tokens: usize) -> Vec<Event> {
        let mut events = Vec::new();
        match step {
            FreeStep::Token { token, text } => {
                self.tokens_out = tokens;
                self.note_first_token();
                let citation = self.origin(prompt, token);
                if !text.is_empty() {
                    events.push(self.answer.push_raw(&self.ask.id, &text, citation));
                }
            }
            FreeStep::Done { text, .. } => {
                if !text.is_empty() {
                    events.push(self.answer.push_raw(&self.ask.id, &text, None));
                }
                events.push(self.done(false));
            }
        }
        events
    }

    /// The source span of a token that was mostly copied.
    fn origin(&self, prompt: &Prompt, token: FreeToken) -> Option<Citation> {
        const MOSTLY: f32 = 0.5;
        let position = token.source.filter(|_| token.copy_share > MOSTLY)?;
        let placed = prompt
            .texts
            .iter()
            .find(|placed| (placed.position..placed.position + placed.tokens.len()).contains(&position))?;
        let source = placed.tokens[position - placed.position];
        let evidence = &self.found.materials[self.material_of(placed.part)?].evidence;
        let (passage, text) = (evidence.passage.clone(), evidence.text.as_str());
        // A word's leading space belongs to its token but not to a citation.
        let word = text.get(source.start..source.end)?;
        let start = source.end - word.trim_start().len();
        (start < source.end).then_some(Citation { passage, start, end: source.end })
    }

    fn note_first_token(&mut self) {
        if self.timings.first_token.is_none() {
            self.timings.first_token = Some(self.elapsed_ms());
        }
    }

    /// The end of the answer: how it ended, and everything that was found and done.
    fn done(&mut self, declined: bool) -> Event {
        self.finish(declined, false)
    }

    fn finish(&mut self, declined: bool, stopped: bool) -> Event {
        self.answer.close();
        self.timings.total = Some(self.elapsed_ms());
        let (answer, sentences) = self.answer.parts();
        let mut record = AnswerRecord {
            answer,
            sentences,
            routing: self.routing,
            timings_ms: self.timings,
            tokens_out: count(self.tokens_out),
            ..AnswerRecord::empty(self.ask.id.clone(), AnswerState::NotCovered)
        };
        let free = self.ask.options.mode == Mode::Free;
        let ended = ending::Ended { declined, stopped, free, answerable: self.verdict.answerable };
        ending::conclude(
            &mut record,
            self.assistant.clinic(),
            &self.question,
            &self.alarms,
            &self.found,
            &self.sentences,
            ended,
        );
        Event::Done { id: self.ask.id.clone(), answer: Box::new(record), heap_bytes: None }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
