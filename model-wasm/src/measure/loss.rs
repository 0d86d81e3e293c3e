//! How long it takes until a graphics processor that went away serves again, wherever it was at that moment, and whether the answer is the same.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use mambaformer_model::weights::Weights;
use serde::Serialize;
use web_time::Instant;

use super::{MeasureError, milliseconds};
use crate::gpu::self_test::AsyncPause;
use crate::pipeline::{Assistant, AssistantParts, Clinic, ClinicFiles, Measures, clinic, trial_evidence};
use crate::protocol::{Ask, Engine, Event, Preference};

/// Where the device was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// While the kernels are tested.
    SelfTest,
    /// Right before the weights are uploaded.
    Upload,
    /// While the prompt is read.
    Prefill,
    /// Between decoder calls.
    Decode,
    /// While the engine waits for a result. (Outside a browser waiting cannot be interrupted: it is lost right after.)
    Readback,
    /// While nobody asks; it is noticed with the next question.
    Idle,
}

/// One loss.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Loss {
    /// Where.
    pub stage: Stage,
    /// Milliseconds from the loss (of an idle device: from the next question) until a graphics processor serves again.
    pub reopened_ms: f64,
    /// Until the answer is whole; of stages before a question the same as `reopened_ms`.
    pub answered_ms: f64,
    /// Whether the answer is the one that the processor gives.
    pub same: bool,
}

/// Takes the device away in every stage, `repeats` times. `load` gives the model's weights, each time anew.
pub async fn losses(
    load: &dyn Fn() -> Result<Weights, MeasureError>,
    repeats: usize,
    tell: &mut dyn FnMut(&Loss),
) -> Result<Vec<Loss>, MeasureError> {
    let on_the_processor = answer(&assistant(load)?, None).await?.text;
    let mut counted = Thief { assistant: None, pauses: 0, at: None, lost: None };
    assistant(load)?.open_gpu(&mut counted).await?;
    // The last pause comes after the upload, the one before it before.
    let before_upload = counted.pauses - 1;
    let mut losses = Vec::new();
    for _ in 0..repeats {
        for (opening, at, working) in [
            (Stage::SelfTest, 1, [Stage::Readback, Stage::Idle]),
            (Stage::Upload, before_upload, [Stage::Prefill, Stage::Decode]),
        ] {
            let assistant = assistant(load)?;
            let mut thief = Thief { assistant: Some(&assistant), pauses: 0, at: Some(at), lost: None };
            serve(&assistant, &mut thief).await?;
            let took = milliseconds(thief.lost.ok_or(MeasureError::NotLost(opening))?);
            let same = answer(&assistant, None).await?.text == on_the_processor;
            let mut found = vec![Loss { stage: opening, reopened_ms: took, answered_ms: took, same }];
            for stage in working {
                let answer = answer(&assistant, Some(stage)).await?;
                let (reopened_ms, answered_ms) = answer.since_loss.ok_or(MeasureError::NotLost(stage))?;
                found.push(Loss { stage, reopened_ms, answered_ms, same: answer.text == on_the_processor });
            }
            found.iter().for_each(&mut *tell);
            losses.extend(found);
        }
    }
    Ok(losses)
}

fn assistant(load: &dyn Fn() -> Result<Weights, MeasureError>) -> Result<Assistant, MeasureError> {
    let rules = include_bytes!("../../../assets/grounding.json").to_vec();
    let clinic = Clinic::new(&ClinicFiles::default().with(clinic::GROUNDING, rules))?;
    Ok(Assistant::new(AssistantParts { weights: load()?, clinic: Rc::new(clinic), for_gpu: true })?)
}

/// Lets the graphics processor serve.
async fn serve(assistant: &Assistant, pause: &mut dyn AsyncPause) -> Result<(), MeasureError> {
    match assistant.choose_engine(Preference::Gpu, None, &|| true, pause).await {
        Ok(report) if report.engine == Engine::Gpu => Ok(()),
        Ok(report) => Err(MeasureError::NotServing(report.reason)),
        Err(_) => Err(MeasureError::NotServing("the trial was interrupted".to_owned())),
    }
}

/// Takes a device away that is being opened.
struct Thief<'a> {
    assistant: Option<&'a Assistant>,
    pauses: usize,
    /// The pause in which it does, from 1; only counts without.
    at: Option<usize>,
    lost: Option<Instant>,
}

impl AsyncPause for Thief<'_> {
    fn pause(&mut self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.pauses += 1;
        if self.at == Some(self.pauses)
            && let Some(gpu) = self.assistant.and_then(Assistant::opening)
        {
            gpu.device.destroy();
            self.lost = Some(Instant::now());
        }
        Box::pin(std::future::ready(()))
    }
}

/// An answer, and milliseconds from the loss to the device and to its end.
struct Answered {
    text: String,
    since_loss: Option<(f64, f64)>,
}

async fn answer(assistant: &Assistant, lose_at: Option<Stage>) -> Result<Answered, MeasureError> {
    let destroy = || {
        if let Some(model) = assistant.gpu() {
            model.gpu().device.destroy();
        }
        Instant::now()
    };
    let ask = Ask { id: "loss".to_owned(), question: "Which engine is to serve?".to_owned(), ..Ask::default() };
    let measures = Measures { abstain: false, ..Measures::default() };
    let mut lost = (lose_at == Some(Stage::Idle)).then(destroy);
    let mut reopened = None;
    let mut answering = assistant.start_with(&ask, Some(trial_evidence(4)), measures)?;
    let mut told = false;
    for step in 0.. {
        let due = match lose_at {
            Some(Stage::Prefill) => step == 2,
            Some(Stage::Decode) => told,
            _ => false,
        };
        if lost.is_none() && due {
            lost = Some(destroy());
        }
        let mut next = Box::pin(answering.step());
        let mut ended = None;
        if lost.is_none() && lose_at == Some(Stage::Readback) && step >= 2 {
            ended = poll_fn(|context| match next.as_mut().poll(context) {
                Poll::Ready(found) => Poll::Ready(Some(found)),
                Poll::Pending => Poll::Ready(None),
            })
            .await;
            lost = Some(destroy());
        }
        let found = match ended {
            Some(found) => found,
            None => next.await,
        };
        let Some(events) = found? else { break };
        for event in events {
            match event {
                Event::Text { .. } => told = true,
                Event::Engine(report) if report.engine == Engine::Gpu => reopened = lost.map(milliseconds),
                Event::Engine(report) => return Err(MeasureError::NotServing(report.reason)),
                Event::Done { answer, .. } => {
                    let since_loss = lost.zip(reopened).map(|(at, reopened)| (reopened, milliseconds(at)));
                    return Ok(Answered { text: answer.answer, since_loss });
                }
                _ => {}
            }
        }
    }
    Ok(Answered { text: String::new(), since_loss: None })
}
