//! One run of a kernel on made-up input with the result it must have.

use crate::gpu::counts::{COUNTS, Count, counts};
use crate::gpu::program::{Grid, Kernel, Program};
use crate::gpu::shader::{Access, Pipelines};
use crate::gpu::{Gpu, GpuError};

/// A kernel, its buffers' content and the values one of them must hold afterwards.
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// The kernel with its shape.
    pub kernel: Box<dyn Kernel>,
    /// Content of its buffers, in the order of its bindings.
    pub buffers: Vec<Vec<u32>>,
    /// Workgroups.
    pub grid: [u32; 3],
    /// The binding that is looked at.
    pub output: usize,
    /// What it must begin with.
    pub expected: Expected,
}

/// What a buffer must hold.
pub enum Expected {
    /// Values, as close as `tolerance` times the largest magnitude among them.
    Values {
        /// In order.
        values: Vec<f32>,
        /// Relative to the largest magnitude.
        tolerance: f32,
    },
    /// Words, exactly.
    Words(Vec<u32>),
}

/// How far f32 results of another order of operations may lie apart: sums of up to some thousand terms, `exp` of a GPU.
pub const TOLERANCE: f32 = 2e-5;

impl Expected {
    /// Values within [`TOLERANCE`].
    #[must_use]
    pub fn values(values: Vec<f32>) -> Self {
        Self::Values { values, tolerance: TOLERANCE }
    }

    fn words(&self) -> usize {
        match self {
            Self::Values { values, .. } => values.len(),
            Self::Words(words) => words.len(),
        }
    }

    /// `None` if `found` is right, otherwise where and how it differs.
    #[must_use]
    pub fn differs(&self, found: &[u32]) -> Option<String> {
        match self {
            Self::Words(words) => {
                let at = words.iter().zip(found).position(|(a, b)| a != b)?;
                Some(format!("word {at} is {}, not {}", found[at], words[at]))
            }
            Self::Values { values, tolerance } => {
                let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                let allowed = tolerance * largest.max(1e-20);
                let wrong = |(_, (value, word)): &(usize, (&f32, &u32))| {
                    let found = f32::from_bits(**word);
                    found.is_nan() || (found - **value).abs() > allowed
                };
                let (at, (value, word)) = values.iter().zip(found).enumerate().find(wrong)?;
                Some(format!("value {at} is {}, not {value} (within {allowed})", f32::from_bits(*word)))
            }
        }
    }
}

impl Case {
    /// Milliseconds of one run: of `repeats` dispatches in one pass, the best of `rounds`, divided.
    pub async fn time(
        &self,
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        repeats: usize,
        rounds: usize,
    ) -> Result<f64, GpuError> {
        let (buffers, program) = self.made(gpu, pipelines, repeats).await?;
        let mut best = f64::INFINITY;
        // One round more: the first compiles what the driver has put off.
        for _ in 0..=rounds {
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                program.encode(&mut pass, 0, program.len());
            }
            let started = web_time::Instant::now();
            gpu.queue.submit([encoder.finish()]);
            gpu.finished().await?;
            best = best.min(started.elapsed().as_secs_f64() * 1e3 / repeats as f64);
        }
        buffers.iter().for_each(wgpu::Buffer::destroy);
        Ok(best)
    }

    /// Its buffers, and a program of `repeats` dispatches.
    async fn made(
        &self,
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        repeats: usize,
    ) -> Result<(Vec<wgpu::Buffer>, Program), GpuError> {
        let name = self.kernel.name();
        let bytes = self.buffers.iter().map(|words| 4 * words.len() as u64).sum();
        let made = gpu
            .guarded(name, bytes, || {
                let buffers: Vec<wgpu::Buffer> = self.buffers.iter().map(|words| gpu.upload(name, words)).collect();
                let bound: Vec<&wgpu::Buffer> = buffers.iter().collect();
                let mut program = Program::default();
                for _ in 0..repeats {
                    program.push(gpu, pipelines, self.kernel.as_ref(), &bound, Grid::Direct(self.grid));
                }
                (buffers, program)
            })
            .await;
        if let Err(GpuError::Refused { .. }) = &made {
            pipelines.forget(&self.kernel.text());
        }
        made
    }

    /// Runs it on `gpu`; `None` if the result is right, otherwise what is wrong.
    pub async fn run(&self, gpu: &Gpu, pipelines: &mut Pipelines) -> Result<Option<String>, GpuError> {
        let name = self.kernel.name();
        debug_assert_eq!(self.buffers.len(), self.kernel.bindings().len(), "{name}");
        let (buffers, program) = self.made(gpu, pipelines, 1).await?;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            program.encode(&mut pass, 0, program.len());
        }
        gpu.queue.submit([encoder.finish()]);
        debug_assert_eq!(self.kernel.bindings()[self.output], Access::Write, "{name}");
        let bytes = gpu.read(&buffers[self.output], 4 * self.expected.words() as u64).await?;
        buffers.iter().for_each(wgpu::Buffer::destroy);
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        Ok(self.expected.differs(&words))
    }
}

/// f32 values as the words of a buffer.
#[must_use]
pub fn words(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A buffer of counts.
#[must_use]
pub fn counted(set: &[(Count, u32)]) -> Vec<u32> {
    let all: [u32; COUNTS] = counts(set);
    all.to_vec()
}

/// Pseudo-random values between -1 and 1, the same on every machine (`SplitMix64`).
#[must_use]
#[allow(clippy::cast_possible_truncation)] // 24 bits fill an f32's mantissa
pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    (0..count)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            (z >> 40) as u32 as f32 / f32::from_bits(0x4B00_0000) - 1.0
        })
        .collect()
}

/// A dimension as a shader reads it; shapes of real models are far below the limit.
#[must_use]
pub fn dimension(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
