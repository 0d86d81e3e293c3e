//! The memory M from the embeddings and the experts' outputs, norms included. Memory-bound.

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::compact;
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

/// `M = rmsnorm(e + p y)` (trained models) or `M = y` (converted checkpoints).
#[derive(Clone, Copy, Debug)]
pub struct Combine {
    /// Model width `d_model`, a multiple of 4.
    pub width: usize,
    /// The embedding is added, `y` weighted, and the memory normed.
    pub residual: bool,
    /// EMamba's rows have been through its final norm (and adapter) already.
    pub emamba_normed: bool,
    /// Epsilon of ET5's final norm.
    pub et5_epsilon: f32,
    /// Epsilon of EMamba's final norm.
    pub emamba_epsilon: f32,
    /// Epsilon of the memory's norm.
    pub memory_epsilon: f32,
}

impl Kernel for Combine {
    fn name(&self) -> &'static str {
        "combine"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/combine.wgsl"),
            &[("width4", &(self.width / 4).to_string()), ("reduction", &reduction(64, "f32"))],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            Count::Tokens.at(),
            u32::from(self.residual),
            u32::from(self.emamba_normed),
            self.et5_epsilon.to_bits(),
            self.emamba_epsilon.to_bits(),
            self.memory_epsilon.to_bits(),
        ]
    }
}

fn normed(row: &[f32], epsilon: f32, weight: &[f32]) -> Vec<f32> {
    let mean = row.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
    let inverse = 1.0 / (mean + epsilon).sqrt();
    row.iter().zip(weight).map(|(x, weight)| x * inverse * weight).collect()
}

/// What the shader must compute: `e [L, width]`, the experts' rows, `(expert, weight)` of each token, `norms [3, width]`.
#[must_use]
pub fn reference(
    kernel: &Combine,
    e: &[f32],
    et5: &[f32],
    emamba: &[f32],
    choices: &[(u32, f32)],
    norms: &[f32],
) -> Vec<f32> {
    let d = kernel.width;
    let experts: Vec<u32> = choices.iter().map(|(expert, _)| *expert).collect();
    let (_, _, places) = compact::reference(&experts);
    let mut memory = Vec::with_capacity(e.len());
    for (token, ((expert, weight), place)) in choices.iter().zip(&places).enumerate() {
        let place = *place as usize;
        let y = match expert {
            1 if kernel.emamba_normed => emamba[place * d..][..d].to_vec(),
            1 => normed(&emamba[place * d..][..d], kernel.emamba_epsilon, &norms[d..2 * d]),
            _ => normed(&et5[place * d..][..d], kernel.et5_epsilon, &norms[..d]),
        };
        if kernel.residual {
            let sum: Vec<f32> = e[token * d..][..d].iter().zip(&y).map(|(e, y)| e + weight * y).collect();
            memory.extend(normed(&sum, kernel.memory_epsilon, &norms[2 * d..]));
        } else {
            memory.extend(y);
        }
    }
    memory
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &Combine, choices: &[(u32, f32)]) -> Case {
    let e = noise(1, choices.len() * kernel.width);
    let et5 = noise(2, choices.len() * kernel.width);
    let emamba = noise(3, choices.len() * kernel.width);
    let norms = noise(4, 3 * kernel.width);
    let experts: Vec<u32> = choices.iter().map(|(expert, _)| *expert).collect();
    let (_, _, places) = compact::reference(&experts);
    let routes = choices
        .iter()
        .zip(places)
        .flat_map(|((expert, weight), place)| [*expert, place, weight.to_bits(), 0])
        .collect();
    let expected = reference(kernel, &e, &et5, &emamba, choices, &norms);
    Case {
        name: format!("{kernel:?}, {} tokens", choices.len()),
        buffers: vec![
            words(&e),
            words(&et5),
            words(&emamba),
            routes,
            words(&norms),
            vec![0; expected.len()],
            counted(&[(Count::Tokens, dimension(choices.len()))]),
        ],
        grid: [1, dimension(choices.len()), 1],
        output: 5,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (width, residual, emamba_normed) in
        [(4, true, false), (64, true, true), (256, true, false), (260, false, false), (128, false, true)]
    {
        let kernel =
            Combine { width, residual, emamba_normed, et5_epsilon: 1e-6, emamba_epsilon: 1e-5, memory_epsilon: 1e-6 };
        for tokens in [1usize, 7, 70] {
            let choices: Vec<(u32, f32)> =
                (0..tokens).map(|token| (u32::from(token % 3 == 1), 0.5 + 0.3 * (token % 2) as f32)).collect();
            cases.push(case(&kernel, &choices));
        }
        cases.push(case(&kernel, &[(1, 0.7); 5]));
    }
    cases
}
