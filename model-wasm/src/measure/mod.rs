//! What `cargo xtask bench` measures on a graphics processor, natively and in the browser alike. No part of what ships.
//!
//! Figures of one run compare with each other and with nothing else: a software adapter says how kernels relate, not how fast they are.

pub mod kernels;
pub mod loss;
pub mod model;

use mambaformer_model::config::Config;
use mambaformer_model::generate::{GroundedOptions, ModelWeight};
use mambaformer_model::weights::WeightsError;
use mambaformer_model::{Expert, Routing};
use serde::Serialize;
use web_time::Instant;

use crate::gpu::GpuError;
use crate::kernels::decide::TooMany;
use crate::pipeline::PipelineError;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The question.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The pipeline.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The graphics processor was to serve.
    #[error("the graphics processor does not serve: {0}")]
    NotServing(String),
    /// The answer was over before the device could be taken away.
    #[error("the device was not lost in the stage {0:?}: ask the model for longer answers")]
    NotLost(loss::Stage),
}

/// Two sentences: 48 tokens.
pub const OPTIONS: GroundedOptions = GroundedOptions {
    max_tokens: 48,
    max_units: 2,
    jump_forward: true,
    end_prior: 1.0,
    model_weight: ModelWeight::even(1.0),
};

/// A question of one size, routed one way, on one engine.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Which engine.
    pub engine: &'static str,
    /// Of the prompt.
    pub tokens: usize,
    /// How they were routed.
    pub routing: &'static str,
    /// Median of `n` rounds.
    pub prompt_ms: f64,
    /// Of a grounded answer of 48 tokens, median of `n` rounds.
    pub answer_ms: f64,
    /// Decoder calls of it.
    pub calls: usize,
    /// Rounds.
    pub n: usize,
}

impl Run {
    /// Of milliseconds for prompt and answer.
    #[must_use]
    pub fn new(engine: &'static str, tokens: usize, routing: &'static str, times: &[(f64, f64)], calls: usize) -> Self {
        let prompt_ms = median(times.iter().map(|(prompt, _)| *prompt).collect());
        let answer_ms = median(times.iter().map(|(_, answer)| *answer).collect());
        Self { engine, tokens, routing, prompt_ms, answer_ms, calls, n: times.len() }
    }
}

/// The ways tokens can go, with their names.
#[must_use]
pub fn routings(config: &Config) -> Vec<(&'static str, Routing)> {
    let all = ("all on ET5", Routing::Force(Expert::Et5));
    if config.emamba.is_none() {
        return vec![all];
    }
    vec![("routed", Routing::default()), all, ("all on EMamba", Routing::Force(Expert::EMamba))]
}

/// The middle value; NaN of none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Milliseconds since then.
pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
