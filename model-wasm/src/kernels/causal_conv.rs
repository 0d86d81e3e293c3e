//! Causal depthwise convolution over tokens: before the scan of Mamba-1 (with SiLU, either direction) and as the shared stem (added to
//! its input). Memory-bound.

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::matmul::silu;
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// What becomes of the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// SiLU; tokens in order.
    Forward,
    /// SiLU; the sequence is read from its end.
    Backward,
    /// It is added to x.
    Stem,
}

/// The convolution.
#[derive(Clone, Copy, Debug)]
pub struct CausalConv {
    /// What becomes of the sum.
    pub role: Use,
    /// Taps.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Columns of a row of x; the channels stand first in it.
    pub x_stride: usize,
    /// How many tokens.
    pub rows_at: Count,
}

impl CausalConv {
    /// Workgroups in x; one token each in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (dimension(self.channels.div_ceil(64)), 1)
    }
}

impl Kernel for CausalConv {
    fn name(&self) -> &'static str {
        "causal_conv"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/causal_conv.wgsl"),
            &[
                ("width", &self.width.to_string()),
                ("backward", &(self.role == Use::Backward).to_string()),
                ("stem", &(self.role == Use::Stem).to_string()),
            ],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![self.rows_at.at(), dimension(self.channels), dimension(self.x_stride)]
    }
}

/// What the shader must compute: `x [rows, x_stride]`, `weight [channels, width]`, `bias [channels]`.
#[must_use]
pub fn reference(kernel: &CausalConv, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let rows = x.len() / kernel.x_stride;
    let mut y = Vec::with_capacity(rows * kernel.channels);
    for token in 0..rows {
        for channel in 0..kernel.channels {
            let mut sum = bias[channel];
            for tap in 0..kernel.width {
                let distance = kernel.width - 1 - tap;
                let from = if kernel.role == Use::Backward {
                    Some(token + distance).filter(|from| *from < rows)
                } else {
                    token.checked_sub(distance)
                };
                if let Some(from) = from {
                    sum += weight[channel * kernel.width + tap] * x[from * kernel.x_stride + channel];
                }
            }
            y.push(if kernel.role == Use::Stem { x[token * kernel.x_stride + channel] + sum } else { silu(sum) });
        }
    }
    y
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &CausalConv, rows: usize) -> Case {
    let x = noise(1, rows * kernel.x_stride);
    let weight = noise(2, kernel.channels * kernel.width);
    let bias = noise(3, kernel.channels);
    let expected = reference(kernel, &x, &weight, &bias);
    Case {
        name: format!("{kernel:?}, {rows} tokens"),
        buffers: vec![
            words(&x),
            words(&weight),
            words(&bias),
            vec![0; expected.len()],
            counted(&[(kernel.rows_at, dimension(rows))]),
        ],
        grid: [kernel.grid().0, dimension(rows), 1],
        output: 3,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in [Use::Forward, Use::Backward, Use::Stem] {
        for (rows, channels, x_stride, width) in
            [(1, 1, 1, 4), (2, 63, 64, 4), (3, 64, 128, 4), (9, 65, 130, 4), (5, 512, 1024, 2)]
        {
            cases.push(case(&CausalConv { role, width, channels, x_stride, rows_at: Count::Emamba }, rows));
        }
    }
    cases
}
