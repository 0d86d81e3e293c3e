//! A whole model on a graphics processor: what it dispatches, submits, reads back and reads of its weights, and how long prompts and answers take.

use std::rc::Rc;

use mambaformer_model::generate::Sampling;
use mambaformer_model::random::question;
use mambaformer_model::weights::Weights;
use mambaformer_model::{Expert, Routing};
use serde::Serialize;
use web_time::Instant;

use super::{MeasureError, OPTIONS, Run, milliseconds, routings};
use crate::gpu::variants::Variants;
use crate::gpu::{Capacity, Gpu, GpuError, GpuModel};

/// What the model is on a device, whatever it is asked.
#[derive(Clone, Debug, Serialize)]
pub struct Loaded {
    /// Milliseconds of loading.
    pub load_ms: f64,
    /// Pipelines compiled.
    pub pipelines: usize,
    /// Of a prompt and of one decoder call.
    pub dispatches: [usize; 2],
    /// Of one decoder call that generates freely.
    pub free_dispatches: Option<usize>,
    /// Of weights and activations.
    pub bytes: [u64; 2],
    /// Of weights that one decoder call reads.
    pub bytes_per_call: u64,
    /// The optional forms of kernels that serve.
    pub forms: Vec<&'static str>,
}

/// A run with what it asked of the device.
#[derive(Clone, Debug, Serialize)]
pub struct GpuRun {
    /// Prompt and grounded answer.
    #[serde(flatten)]
    pub run: Run,
    /// Submits of the answer, each with one readback.
    pub submits: usize,
    /// Weights read for each of the answer's tokens.
    pub bytes_per_token: f64,
}

/// Free generation of up to 48 tokens.
#[derive(Clone, Debug, Serialize)]
pub struct FreeRun {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Tokens generated.
    pub tokens: usize,
    /// Milliseconds.
    pub ms: f64,
    /// Decoder calls.
    pub calls: usize,
    /// Submits, each with one readback.
    pub submits: usize,
}

/// A model on a device, to be measured.
pub struct Subject {
    model: Rc<GpuModel>,
    /// What it is.
    pub loaded: Loaded,
}

impl Subject {
    /// Loads it for prompts of up to `prompt` tokens.
    pub async fn load(gpu: &Rc<Gpu>, weights: &Weights, prompt: usize, variants: &Variants) -> Result<Self, GpuError> {
        let capacity = Capacity { prompt: prompt.min(weights.config().max_tokens), answer: 64 };
        let started = Instant::now();
        let model = Rc::new(GpuModel::load(Rc::clone(gpu), weights, capacity, variants).await?);
        gpu.finished().await?;
        let (prompt, call) = model.dispatches();
        let (weight_bytes, activation_bytes) = model.bytes();
        let loaded = Loaded {
            load_ms: milliseconds(started),
            pipelines: model.pipelines(),
            dispatches: [prompt, call],
            free_dispatches: model.free_dispatches(),
            bytes: [weight_bytes, activation_bytes],
            bytes_per_call: model.bytes_per_call(),
            forms: variants.chosen().map(crate::kernels::matmul::Form::name).collect(),
        };
        Ok(Self { model, loaded })
    }

    /// A prompt of so many tokens, routed in every way, with a grounded answer; the first round warms up and is thrown away.
    pub async fn run(
        &self,
        engine: &'static str,
        tokens: usize,
        rounds: usize,
        tell: &mut dyn FnMut(&GpuRun),
    ) -> Result<Vec<GpuRun>, MeasureError> {
        let (ids, sources) = question(self.model.config(), tokens);
        let mut runs = Vec::new();
        for (name, routing) in routings(self.model.config()) {
            let (mut times, mut calls, mut submits, mut told) = (Vec::new(), 0, 0, 0);
            for round in 0..=rounds {
                let started = Instant::now();
                let mut encoding = self.model.begin(&ids, routing)?;
                while encoding.step().await? {}
                let prompt = milliseconds(started);
                let started = Instant::now();
                let mut answer = encoding.answer(&ids, &[], sources.clone(), OPTIONS, &[])?;
                while answer.step().await?.is_some() {}
                if round > 0 {
                    times.push((prompt, milliseconds(started)));
                }
                let statistics = answer.statistics();
                (calls, submits, told) = (statistics.model_calls, answer.submits(), statistics.tokens);
            }
            let bytes_per_token = self.loaded.bytes_per_call as f64 * calls as f64 / told.max(1) as f64;
            let run = GpuRun { run: Run::new(engine, tokens, name, &times, calls), submits, bytes_per_token };
            tell(&run);
            runs.push(run);
        }
        Ok(runs)
    }

    /// Free generation after a prompt of so many tokens; `None` where the processor has to generate.
    pub async fn free(&self, tokens: usize) -> Result<Option<FreeRun>, MeasureError> {
        let (ids, _) = question(self.model.config(), tokens);
        let mut encoding = self.model.begin(&ids, Routing::Force(Expert::Et5))?;
        while encoding.step().await? {}
        let Some(mut answer) = encoding.generate(&ids, &[], Sampling::Greedy, OPTIONS.max_tokens, &[])? else {
            return Ok(None);
        };
        let started = Instant::now();
        let mut generated = 0;
        while let Some(new) = answer.step().await? {
            generated += new.len();
        }
        let (calls, submits) = (answer.calls(), answer.submits());
        Ok(Some(FreeRun { prompt: tokens, tokens: generated, ms: milliseconds(started), calls, submits }))
    }
}
