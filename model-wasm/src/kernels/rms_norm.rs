//! RMSNorm on the GPU: one workgroup a token, or the decoder's last token alone. Memory-bound.

use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// Root-mean-square normalisation of each row of x (Zhang & Sennrich 2019).
#[derive(Clone, Copy, Debug)]
pub struct RmsNorm {
    /// Model width `d_model`, a multiple of 4.
    pub width: usize,
    /// Added to the mean square before the root.
    pub epsilon: f32,
    /// How many rows.
    pub rows_at: Count,
    /// Only the last row, into row 0.
    pub last_only: bool,
}

impl Kernel for RmsNorm {
    fn name(&self) -> &'static str {
        "rms_norm"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/rms_norm.wgsl"), &[("last_only", &self.last_only.to_string())])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![self.rows_at.at(), dimension(self.width), self.epsilon.to_bits()]
    }
}

/// What the shader must compute: `x [rows, width]`, `weight [width]`.
#[must_use]
pub fn reference(kernel: &RmsNorm, x: &[f32], weight: &[f32]) -> Vec<f32> {
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks_exact(kernel.width) {
        let mean = row.iter().map(|x| x * x).sum::<f32>() / kernel.width as f32;
        let inverse = 1.0 / (mean + kernel.epsilon).sqrt();
        y.extend(row.iter().zip(weight).map(|(x, weight)| x * inverse * weight));
    }
    if kernel.last_only { y.split_off(y.len().saturating_sub(kernel.width)) } else { y }
}

/// A run on made-up input, scaled.
#[must_use]
pub fn case(kernel: &RmsNorm, rows: usize, scale: f32) -> Case {
    let x: Vec<f32> = noise(1, rows * kernel.width).into_iter().map(|x| x * scale).collect();
    let weight = noise(2, kernel.width);
    let expected = reference(kernel, &x, &weight);
    Case {
        name: format!("{kernel:?}, {rows} rows, scale {scale}"),
        buffers: vec![
            words(&x),
            words(&weight),
            vec![0; expected.len()],
            counted(&[(kernel.rows_at, dimension(rows))]),
        ],
        grid: [1, if kernel.last_only { 1 } else { dimension(rows) }, 1],
        output: 2,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for last_only in [false, true] {
        for (rows, width, scale) in
            [(1, 4, 1.0), (3, 64, 1e-20), (2, 252, 1.0), (5, 256, 1e6), (257, 260, 1.0), (2, 1024, 1.0)]
        {
            cases.push(case(&RmsNorm { width, epsilon: 1e-6, rows_at: Count::Pending, last_only }, rows, scale));
        }
    }
    cases
}
