//! The copy head: where the next token may be copied from, and the share of the language model (See et al. 2017).

use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

/// Pointer attention over the prompt.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    /// Model width `d_model`, a multiple of 4.
    pub inputs: usize,
    /// Width of a pointer, a multiple of 4, at most 256.
    pub width: usize,
}

impl Kernel for Pointer {
    fn name(&self) -> &'static str {
        "pointer"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/pointer.wgsl"), &[("reduction", &reduction(256, "f32"))])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![Count::Tokens.at(), dimension(self.inputs), dimension(self.width), Count::Go.at()]
    }
}

/// What the shader must compute: `z [inputs]`, `query [width, inputs]`, `gate [inputs]` and its bias, `keys [L, width]`; the attention and
/// the share.
#[must_use]
pub fn reference(kernel: &Pointer, z: &[f32], query: &[f32], gate: &[f32], keys: &[f32]) -> (Vec<f32>, f32) {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let q: Vec<f32> = query.chunks_exact(kernel.inputs).map(|row| dot(row, z)).collect();
    let scale = 1.0 / (kernel.width as f32).sqrt();
    let scores: Vec<f32> = keys.chunks_exact(kernel.width).map(|key| dot(key, &q) * scale).collect();
    let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| (score - peak).exp()).collect();
    let mass: f32 = weights.iter().sum();
    let logit = dot(&gate[..kernel.inputs], z) + gate[kernel.inputs];
    (weights.iter().map(|weight| weight / mass).collect(), 1.0 / (1.0 + (-logit).exp()))
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &Pointer, tokens: usize) -> Case {
    let z = noise(1, kernel.inputs);
    let query = noise(2, kernel.width * kernel.inputs);
    let mut gate = noise(3, kernel.inputs + 1);
    let keys = noise(4, tokens * kernel.width);
    let (mut expected, share) = reference(kernel, &z, &query, &gate, &keys);
    gate.resize(kernel.inputs + 4, 0.0);
    // The share stands in the last place of a buffer that is larger than the prompt.
    expected.resize((tokens + 1).next_multiple_of(4) - 1, 0.0);
    expected.push(share);
    Case {
        name: format!("{kernel:?}, {tokens} tokens"),
        buffers: vec![
            words(&z),
            words(&query),
            words(&gate),
            words(&keys),
            vec![0; expected.len()],
            counted(&[(Count::Tokens, dimension(tokens)), (Count::Go, 1)]),
        ],
        grid: [1, 1, 1],
        output: 4,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    [(1, 4, 4), (255, 64, 64), (256, 256, 64), (257, 1024, 256), (1030, 260, 32)]
        .into_iter()
        .map(|(tokens, inputs, width)| case(&Pointer { inputs, width }, tokens))
        .collect()
}
