//! Free generation on the GPU: any token of the vocabulary, several decoder calls a submit, one small readback a submit.

use std::rc::Rc;

use mambaformer_model::generate::{FreeToken, Sampling};

use super::GpuError;
use super::answer::GpuEncoding;
use super::counts::Count;
use super::model::{GpuModel, MAX_ROWS};
use super::submit::{Calls, MOST_CALLS};
use crate::kernels::case::dimension;
use crate::kernels::decide::TooMany;
use crate::kernels::merged::Merged;
use crate::kernels::sample::{self, HEAD_WORDS, Head, Progress, TOKEN_WORDS, draws, token};

/// An answer being generated on the GPU.
pub struct GpuFree {
    model: Rc<GpuModel>,
    staging: wgpu::Buffer,
    calls: Calls,
    /// Tokens already returned.
    told: usize,
    /// Tokens that the decoder reads before the answer.
    before: usize,
    head: Head,
    submits: usize,
    z: Vec<f32>,
}

impl GpuEncoding {
    /// Starts to generate an answer to `question` freely over the encoded prompt `ids`, after the tokens `written` that an interrupted
    /// answer held already.
    /// Nothing if this GPU does not generate freely.
    pub fn generate(
        self,
        ids: &[u32],
        question: &[u32],
        sampling: Sampling,
        max_tokens: usize,
        written: &[u32],
    ) -> Result<Option<GpuFree>, TooMany> {
        let model = self.model;
        let Some(free) = &model.free else { return Ok(None) };
        let limit = model.capacity.answer;
        if max_tokens > limit {
            return Err(TooMany { what: "answer tokens allowed", found: max_tokens, limit });
        }
        if written.len() > limit {
            return Err(TooMany { what: "answer tokens written", found: written.len(), limit });
        }
        let merged = Merged::new(ids, model.capacity.prompt);
        let mut answer = model.config.decoder_start(question);
        let before = answer.len();
        answer.extend(written);
        let state = sample::state(sampling, max_tokens, written.len());
        let queue = &model.gpu.queue;
        queue.write_buffer(&free.merged, 0, bytemuck::cast_slice(&merged.words));
        queue.write_buffer(&free.draws, 0, bytemuck::cast_slice(&draws(sampling, max_tokens)));
        queue.write_buffer(&free.state, 0, bytemuck::cast_slice(&state));
        queue.write_buffer(&model.answer_ids, 0, bytemuck::cast_slice(&answer));
        for (count, value) in [
            (Count::Vocabulary, dimension(model.config.vocab_size)),
            (Count::Distinct, merged.distinct),
            (Count::Before, dimension(before)),
            (Count::Pending, dimension(answer.len().min(MAX_ROWS))),
            (Count::Base, 0),
            (Count::Go, u32::from(answer.len() <= MAX_ROWS)),
        ] {
            queue.write_buffer(&model.counts, 4 * u64::from(count.at()), bytemuck::bytes_of(&value));
        }
        let bytes = HEAD_WORDS + TOKEN_WORDS * MOST_CALLS + model.config.d_model;
        Ok(Some(GpuFree {
            staging: model.gpu.staging(4 * bytes as u64),
            head: Head::read(&state),
            told: written.len(),
            before,
            calls: Calls::default(),
            submits: 0,
            z: Vec::new(),
            model,
        }))
    }
}

impl GpuFree {
    /// Runs the next decoder calls; the tokens that became known, or `None` when the answer is complete.
    pub async fn step(&mut self) -> Result<Option<Vec<FreeToken>>, GpuError> {
        if self.head.progress != Progress::Writing {
            return Ok(None);
        }
        let tokens = self.run().await?;
        self.told += tokens.len();
        Ok(Some(tokens))
    }

    /// Runs one decoder call and puts `token` in the place of the token that was chosen, which is returned: decoding forced along a given
    /// text, to be compared with the reference. What was written before must fit into one call.
    pub async fn forced(&mut self, token: u32) -> Result<u32, GpuError> {
        self.calls = Calls::default();
        let chosen = self.run().await?.first().map_or(self.model.config.eos_token_id, |token| token.id);
        self.told += 1;
        self.head.progress = Progress::Writing;
        let (GpuModel { gpu, answer_ids, counts, .. }, Some(free)) = (&*self.model, &self.model.free) else {
            return Ok(chosen);
        };
        let (told, last) = (dimension(self.told), self.before + self.told - 1);
        let calls = dimension(self.head.calls);
        gpu.queue.write_buffer(answer_ids, 4 * last as u64, bytemuck::bytes_of(&token));
        gpu.queue.write_buffer(&free.state, 0, bytemuck::cast_slice(&[0, told, 0, calls, dimension(last)]));
        for (count, value) in [(Count::Pending, 1), (Count::Base, dimension(last)), (Count::Go, 1)] {
            gpu.queue.write_buffer(counts, 4 * u64::from(count.at()), bytemuck::bytes_of(&value));
        }
        Ok(chosen)
    }

    /// One submit: the tokens it wrote.
    async fn run(&mut self) -> Result<Vec<FreeToken>, GpuError> {
        let GpuModel { gpu, decoder, z, config, .. } = &*self.model;
        let Some(free) = &self.model.free else { return Ok(Vec::new()) };
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.calls.encode(&mut encoder, [decoder, &free.program]);
        // Read back: the head, the tokens that these calls can have written, and the decoder's last state.
        let (head_bytes, token_bytes) = (4 * HEAD_WORDS as u64, 4 * TOKEN_WORDS as u64);
        let room = self.model.capacity.answer.saturating_sub(self.told);
        let new_bytes = token_bytes * self.calls.count().min(room) as u64;
        let after = head_bytes + token_bytes * MOST_CALLS as u64;
        encoder.copy_buffer_to_buffer(&free.state, 0, &self.staging, 0, head_bytes);
        let from = head_bytes + token_bytes * self.told as u64;
        encoder.copy_buffer_to_buffer(&free.state, from, &self.staging, head_bytes, new_bytes);
        encoder.copy_buffer_to_buffer(z, 0, &self.staging, after, 4 * config.d_model as u64);
        let started = web_time::Instant::now();
        gpu.queue.submit([encoder.finish()]);
        let bytes = gpu.mapped(&self.staging).await?;
        self.calls.adapt(started.elapsed().as_secs_f64() * 1e3);
        self.submits += 1;
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        self.head = Head::read(&words);
        if self.submits == 1 {
            let z = words.iter().skip(HEAD_WORDS + TOKEN_WORDS * MOST_CALLS);
            self.z = z.map(|word| f32::from_bits(*word)).collect();
        }
        if self.head.progress == Progress::NotFinite {
            return Err(GpuError::NotFinite("the answer's probabilities"));
        }
        let new = self.head.tokens.saturating_sub(self.told);
        let written = words.get(HEAD_WORDS..).unwrap_or_default();
        Ok(written.chunks_exact(TOKEN_WORDS).take(new).map(token).collect())
    }

    /// How the answer stands.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.head.progress
    }

    /// The decoder's state `[d_model]` at the start token, after the first step of an answer that was not resumed.
    #[must_use]
    pub fn first_state(&self) -> &[f32] {
        &self.z
    }

    /// Decoder calls so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.head.calls
    }

    /// Submits, each with one readback.
    #[must_use]
    pub fn submits(&self) -> usize {
        self.submits
    }

    /// The probabilities `[V]` of the last choice, for comparison with the reference.
    pub async fn probabilities(&self) -> Result<Vec<f32>, GpuError> {
        let Some(free) = &self.model.free else { return Ok(Vec::new()) };
        let bytes = self.model.gpu.read(&free.probabilities, 4 * self.model.config.vocab_size as u64).await?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }
}
