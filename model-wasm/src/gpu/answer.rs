//! One question on the GPU: the prompt in slices, then decoder calls, several a submit; one small readback a submit.

use std::rc::Rc;

use mambaformer_model::generate::{GroundedOptions, Sources, Statistics};
use mambaformer_model::{Expert, Routing};

use super::GpuError;
use super::counts::{Count, counts};
use super::model::GpuModel;
use super::submit::{Calls, SLICE_MS};
use crate::kernels::case::dimension;
use crate::kernels::decide::{Announced, HEAD_WORDS, Head, Prompt, Tables, TooMany};
use crate::kernels::gate_choose::{ROUTE_WORDS, UNFORCED};

/// A prompt on its way through the experts, slice by slice.
pub struct GpuEncoding {
    pub(super) model: Rc<GpuModel>,
    tokens: usize,
    next: usize,
    /// Dispatches of the next slice, by how long the last one took.
    slice: usize,
}

/// What the gate decided, read back for display.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    /// The expert of each token.
    pub experts: Vec<Expert>,
    /// Its weight.
    pub weights: Vec<f32>,
}

impl GpuModel {
    /// Starts to encode a prompt.
    pub fn begin(self: &Rc<Self>, ids: &[u32], routing: Routing) -> Result<GpuEncoding, GpuError> {
        if ids.is_empty() || ids.len() > self.capacity.prompt {
            return Err(TooMany { what: "prompt tokens", found: ids.len(), limit: self.capacity.prompt }.into());
        }
        let (bias, force) = bias_and_force(routing)?;
        let counts =
            counts(&[(Count::Tokens, dimension(ids.len())), (Count::GateBias, bias.to_bits()), (Count::Force, force)]);
        self.gpu.queue.write_buffer(&self.counts, 0, bytemuck::cast_slice(&counts));
        self.gpu.queue.write_buffer(&self.prompt_ids, 0, bytemuck::cast_slice(ids));
        Ok(GpuEncoding { model: Rc::clone(self), tokens: ids.len(), next: 0, slice: 24 })
    }
}

/// What `gate_choose` is told of the routing.
fn bias_and_force(routing: Routing) -> Result<(f32, u32), GpuError> {
    match routing {
        Routing::Gate { bias } => Ok((bias, UNFORCED)),
        Routing::Force(expert) => Ok((0.0, expert as u32)),
        Routing::Random { .. } => Err(GpuError::RandomRouting),
    }
}

impl GpuEncoding {
    /// Runs the next dispatches; `false` when all have run.
    pub async fn step(&mut self) -> Result<bool, GpuError> {
        let GpuModel { gpu, prompt, .. } = &*self.model;
        if self.next >= prompt.len() {
            return Ok(false);
        }
        let to = (self.next + self.slice).min(prompt.len());
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            prompt.encode(&mut pass, self.next, to);
        }
        let started = web_time::Instant::now();
        gpu.queue.submit([encoder.finish()]);
        gpu.finished().await?;
        let took_ms = started.elapsed().as_secs_f64() * 1e3;
        if took_ms > SLICE_MS {
            self.slice = (self.slice / 2).max(1);
        } else if took_ms < SLICE_MS / 4.0 {
            self.slice = (self.slice * 2).min(prompt.len());
        }
        self.next = to;
        Ok(self.next < prompt.len())
    }

    /// What the gate decided, when all has run.
    pub async fn routes(&self) -> Result<Routes, GpuError> {
        let bytes = self.model.gpu.read(&self.model.routes, 4 * (ROUTE_WORDS * self.tokens) as u64).await?;
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        let mut routes = Routes { experts: Vec::new(), weights: Vec::new() };
        for route in words.chunks_exact(ROUTE_WORDS) {
            routes.experts.push(if route[0] == 1 { Expert::EMamba } else { Expert::Et5 });
            routes.weights.push(f32::from_bits(route[2]));
        }
        Ok(routes)
    }

    /// `M [L, d_model]`, for comparison with the reference.
    pub async fn memory(&self) -> Result<Vec<f32>, GpuError> {
        let values = self.tokens * self.model.config.d_model;
        let bytes = self.model.gpu.read(&self.model.memory, 4 * values as u64).await?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// The gate's logits `[L, 2]`, for comparison with the reference.
    pub async fn gate_logits(&self) -> Result<Vec<f32>, GpuError> {
        let bytes = self.model.gpu.read(&self.model.gate_logits, 8 * self.tokens as u64).await?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Starts a grounded answer to `question` over the encoded prompt `ids`, after the units that an interrupted answer held already.
    pub fn answer(
        self,
        ids: &[u32],
        question: &[u32],
        sources: Sources,
        options: GroundedOptions,
        resume: &[usize],
    ) -> Result<GpuGrounded, TooMany> {
        let model = self.model;
        if options.max_tokens > model.capacity.answer {
            let limit = model.capacity.answer;
            return Err(TooMany { what: "answer tokens allowed", found: options.max_tokens, limit });
        }
        let start = model.config.decoder_start(question);
        let prompt = Prompt { ids, eos: model.config.eos_token_id, start: &start };
        let tables = Tables::new(&model.room, &sources, options, resume, prompt)?;
        let queue = &model.gpu.queue;
        queue.write_buffer(&model.units, 0, bytemuck::cast_slice(&tables.units));
        queue.write_buffer(&model.tables, 0, bytemuck::cast_slice(&tables.tables));
        queue.write_buffer(&model.state, 0, bytemuck::cast_slice(&tables.state));
        queue.write_buffer(&model.answer_ids, 0, bytemuck::cast_slice(&tables.answer));
        for (count, value) in tables.counts {
            queue.write_buffer(&model.counts, 4 * u64::from(count.at()), bytemuck::bytes_of(&value));
        }
        let z_bytes = 4 * model.config.d_model as u64;
        Ok(GpuGrounded {
            staging: model.gpu.staging(4 * HEAD_WORDS as u64 + z_bytes),
            model,
            sources,
            calls: Calls::default(),
            told: 0,
            head: Head { finished: false, not_finite: false, statistics: Statistics::default(), events: Vec::new() },
            submits: 0,
            z: Vec::new(),
        })
    }
}

/// An answer being written on the GPU.
pub struct GpuGrounded {
    model: Rc<GpuModel>,
    sources: Sources,
    staging: wgpu::Buffer,
    calls: Calls,
    /// Events already returned.
    told: usize,
    head: Head,
    submits: usize,
    z: Vec<f32>,
}

impl GpuGrounded {
    /// Runs the next decoder calls; the units that became known, or `None` when the answer is complete.
    pub async fn step(&mut self) -> Result<Option<Vec<Announced>>, GpuError> {
        if self.head.finished {
            return Ok(None);
        }
        let GpuModel { gpu, decoder, grounded, state, z, config, .. } = &*self.model;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.calls.encode(&mut encoder, [decoder, grounded]);
        let head_bytes = 4 * HEAD_WORDS as u64;
        encoder.copy_buffer_to_buffer(state, 0, &self.staging, 0, head_bytes);
        encoder.copy_buffer_to_buffer(z, 0, &self.staging, head_bytes, 4 * config.d_model as u64);
        let started = web_time::Instant::now();
        gpu.queue.submit([encoder.finish()]);
        let bytes = gpu.mapped(&self.staging).await?;
        let took_ms = started.elapsed().as_secs_f64() * 1e3;
        self.submits += 1;
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        self.head = Head::read(&words);
        if self.submits == 1 {
            self.z = words.iter().skip(HEAD_WORDS).map(|word| f32::from_bits(*word)).collect();
        }
        if self.head.not_finite {
            return Err(GpuError::NotFinite("the answer's probabilities"));
        }
        self.calls.adapt(took_ms);
        let new = self.head.events.get(self.told..).unwrap_or_default().to_vec();
        self.told = self.head.events.len();
        Ok(Some(new))
    }

    /// The sources the answer is made of.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The decoder's state `[d_model]` at the start token, after the first step of an answer that was not resumed.
    #[must_use]
    pub fn first_state(&self) -> &[f32] {
        &self.z
    }

    /// What the answer cost so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.head.statistics
    }

    /// Submits, each with one readback.
    #[must_use]
    pub fn submits(&self) -> usize {
        self.submits
    }
}

#[cfg(test)]
mod tests {
    use mambaformer_model::Share;

    use super::*;

    #[test]
    fn routing_by_lot_is_refused_and_every_other_way_is_told() {
        let share = Share::new(0.32).unwrap();
        for (routing, told) in [
            (Routing::Gate { bias: 0.5 }, Some((0.5, UNFORCED))),
            (Routing::Force(Expert::Et5), Some((0.0, 0))),
            (Routing::Force(Expert::EMamba), Some((0.0, 1))),
            (Routing::Random { share, seed: 17 }, None),
        ] {
            match bias_and_force(routing) {
                Ok(found) => assert_eq!(Some(found), told, "{routing:?}"),
                Err(error) => {
                    assert!(told.is_none() && matches!(error, GpuError::RandomRouting), "{routing:?}: {error}");
                    assert!(error.to_string().contains("let the processor compute"), "a remedy: {error}");
                }
            }
        }
    }
}
