//! The gate's features of each token: the normed embedding, the dispersion of its window, surprisal, length, affinity to the domain.

use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

/// Below this a norm counts as zero in a cosine, as in `model`'s gate.
pub const NORM_FLOOR: f32 = 1e-6;
/// Epsilon of the embedding's norm, as in `model`'s gate.
pub const EPSILON: f32 = 1e-6;

/// Features `[L, width + 4]`.
#[derive(Clone, Copy, Debug)]
pub struct GateFeatures {
    /// Model width `d_model`, a multiple of 4.
    pub width: usize,
    /// Tokens on either side.
    pub window: usize,
    /// Domain prototypes.
    pub prototypes: usize,
    /// Mean squared norm of the embedding table's rows.
    pub table_mean_sq_norm: f32,
    /// `L_max`.
    pub max_tokens: usize,
}

impl Kernel for GateFeatures {
    fn name(&self) -> &'static str {
        "gate_features"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/gate_features.wgsl"),
            &[("width4", &(self.width / 4).to_string()), ("reduction", &reduction(64, "vec3<f32>"))],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            Count::Tokens.at(),
            dimension(self.window),
            dimension(self.prototypes),
            EPSILON.to_bits(),
            NORM_FLOOR.to_bits(),
            self.table_mean_sq_norm.to_bits(),
            (1.0 + self.max_tokens as f32).ln().to_bits(),
        ]
    }
}

/// What the shader must compute: `e [L, width]`, `norm [width]`, `prototypes [prototypes, width]` (rows of length 1),
/// `surprisal [vocab_size]`.
#[must_use]
pub fn reference(
    kernel: &GateFeatures,
    e: &[f32],
    ids: &[u32],
    norm: &[f32],
    prototypes: &[f32],
    surprisal: &[f32],
) -> Vec<f32> {
    let d = kernel.width;
    let tokens = ids.len();
    let mut features = Vec::with_capacity(tokens * (d + 4));
    for (token, &id) in ids.iter().enumerate() {
        let row = &e[token * d..][..d];
        let inverse = 1.0 / (row.iter().map(|x| x * x).sum::<f32>() / d as f32 + EPSILON).sqrt();
        features.extend(row.iter().zip(norm).map(|(x, weight)| x * inverse * weight));
        let from = token.saturating_sub(kernel.window);
        let to = (token + kernel.window + 1).min(tokens);
        let window: Vec<&[f32]> = e[from * d..to * d].chunks_exact(d).collect();
        let count = window.len() as f32;
        let mean: Vec<f32> = (0..d).map(|k| window.iter().map(|row| row[k]).sum::<f32>() / count).collect();
        let spread: f32 =
            window.iter().map(|row| row.iter().zip(&mean).map(|(x, m)| (x - m) * (x - m)).sum::<f32>()).sum();
        let length = mean.iter().map(|m| m * m).sum::<f32>().sqrt().max(NORM_FLOOR);
        let affinity = prototypes
            .chunks_exact(d)
            .map(|prototype| prototype.iter().zip(&mean).map(|(p, m)| p * m).sum::<f32>() / length)
            .fold(f32::NEG_INFINITY, f32::max);
        features.extend([
            spread / count / kernel.table_mean_sq_norm,
            surprisal[id as usize],
            (1.0 + tokens as f32).ln() / (1.0 + kernel.max_tokens as f32).ln(),
            affinity,
        ]);
    }
    features
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &GateFeatures, tokens: usize) -> Case {
    let vocabulary = 11;
    let e = noise(1, tokens * kernel.width);
    let ids: Vec<u32> = (0..tokens).map(|token| dimension(token * 5 % vocabulary)).collect();
    let norm = noise(2, kernel.width);
    let mut prototypes = noise(3, kernel.prototypes * kernel.width);
    for row in prototypes.chunks_exact_mut(kernel.width) {
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        for value in row {
            *value /= length;
        }
    }
    let surprisal = noise(4, vocabulary);
    let expected = reference(kernel, &e, &ids, &norm, &prototypes, &surprisal);
    Case {
        name: format!("{kernel:?}, {tokens} tokens"),
        buffers: vec![
            words(&e),
            ids,
            words(&norm),
            words(&prototypes),
            words(&surprisal),
            vec![0; expected.len()],
            counted(&[(Count::Tokens, dimension(tokens))]),
        ],
        grid: [1, dimension(tokens), 1],
        output: 5,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    [(1, 64, 4, 16), (2, 64, 4, 1), (9, 256, 4, 16), (20, 260, 3, 65), (5, 4, 0, 2), (40, 512, 8, 16)]
        .into_iter()
        .map(|(tokens, width, window, prototypes)| {
            case(&GateFeatures { width, window, prototypes, table_mean_sq_norm: 3.5, max_tokens: 1024 }, tokens)
        })
        .collect()
}
