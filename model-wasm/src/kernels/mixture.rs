//! What free generation chooses from: the language model's distribution over the whole vocabulary and the pointer's over the prompt, mixed
//! (See et al. 2017, eq. 9). Memory-bound: reads the logits twice and writes the probabilities twice, `16 * V` bytes.

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::merged::Merged;
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

/// `P(v) = g softmax(logits)_v + (1 - g) sum of a_t over the positions of v`.
#[derive(Clone, Copy, Debug)]
pub struct Mixture {
    /// Most prompt tokens.
    pub room: usize,
}

impl Kernel for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/mixture.wgsl"), &[("reduction", &reduction(256, "f32"))])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![Count::Vocabulary.at(), Count::Distinct.at(), Count::Go.at(), dimension(self.room)]
    }
}

/// What the shader must compute: `logits [V]`, `attention [L]` over `prompt [L]`, and the language model's `share`.
#[must_use]
pub fn reference(logits: &[f32], attention: &[f32], prompt: &[u32], share: f32) -> Vec<f32> {
    let peak = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = logits.iter().map(|logit| (logit - peak).exp()).collect();
    let mass: f32 = weights.iter().sum();
    let mut probabilities: Vec<f32> = weights.iter().map(|weight| weight / mass * share).collect();
    for (id, mass) in prompt.iter().zip(attention) {
        probabilities[*id as usize] += (1.0 - share) * mass;
    }
    probabilities
}

/// Attention over so many made-up positions, and `share` in the last place of a buffer.
fn pointed(tokens: usize, share: f32) -> (Vec<f32>, Vec<f32>) {
    let mut attention: Vec<f32> = noise(2, tokens).iter().map(|x| x.abs() + 1e-3).collect();
    let mass: f32 = attention.iter().sum();
    for weight in &mut attention {
        *weight /= mass;
    }
    let mut stored = attention.clone();
    stored.resize((tokens + 1).next_multiple_of(4) - 1, 0.0);
    stored.push(share);
    (attention, stored)
}

/// A run on made-up input, `repeated` distinct tokens at most in the prompt; without `go` nothing may be written.
#[must_use]
pub fn case(vocabulary: usize, tokens: usize, repeated: usize, share: f32, go: bool) -> Case {
    let kernel = Mixture { room: tokens + 3 };
    let logits: Vec<f32> = noise(1, vocabulary).iter().map(|x| 8.0 * x).collect();
    let (attention, stored) = pointed(tokens, share);
    let prompt: Vec<u32> = (0..tokens).map(|index| dimension((index * 7 + 3) % repeated % vocabulary)).collect();
    let merged = Merged::new(&prompt, kernel.room);
    let expected = if go { reference(&logits, &attention, &prompt, share) } else { vec![0.0; vocabulary] };
    Case {
        name: format!("V {vocabulary}, {tokens} tokens, at most {repeated} distinct, share {share}, go {go}"),
        buffers: vec![
            words(&logits),
            words(&stored),
            merged.words,
            vec![0; vocabulary],
            counted(&[
                (Count::Vocabulary, dimension(vocabulary)),
                (Count::Distinct, merged.distinct),
                (Count::Go, u32::from(go)),
            ]),
        ],
        grid: [1, 1, 1],
        output: 3,
        expected: Expected::values(expected),
        kernel: Box::new(kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let shapes = [
        (1, 1, 1, 0.5),
        (255, 1, 9, 0.5),
        (256, 255, 7, 0.25),
        (257, 256, 300, 0.9),
        (8192, 257, 257, 0.5),
        // Every position holds the same token; all is copied; nothing is; no prompt token is left out of a large vocabulary.
        (512, 1024, 1, 0.3),
        (300, 40, 11, 0.0),
        (300, 40, 11, 1.0),
        (32_128, 1024, 900, 0.6),
    ];
    let mut cases: Vec<Case> = shapes
        .iter()
        .map(|&(vocabulary, tokens, repeated, share)| case(vocabulary, tokens, repeated, share, true))
        .collect();
    cases.push(case(64, 9, 5, 0.5, false));
    cases
}
