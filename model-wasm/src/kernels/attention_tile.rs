//! T5 self-attention of many tokens, tiled, without a stored score matrix. Compute-bound: `rows^2 * d_kv * 4` operations a head.

use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// Values of keys in workgroup memory at a time (4 KiB; values take as much), within what every device has.
const KEY_VALUES: usize = 1024;

/// Self-attention over rows `[q; k; v]`.
#[derive(Clone, Copy, Debug)]
pub struct AttentionTile {
    /// Heads.
    pub heads: usize,
    /// Width of a head, a multiple of 4, at most 128 (workgroup memory).
    pub d_kv: usize,
    /// Distances are clamped to it.
    pub max_distance: usize,
    /// How many tokens.
    pub rows_at: Count,
}

impl AttentionTile {
    /// Workgroups in x, queries of one in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (dimension(self.heads), 64)
    }
}

impl Kernel for AttentionTile {
    fn name(&self) -> &'static str {
        "attention_tile"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/attention_tile.wgsl"),
            &[("d4", &(self.d_kv / 4).to_string()), ("keys", &(KEY_VALUES / self.d_kv).clamp(1, 16).to_string())],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![self.rows_at.at(), dimension(self.heads), dimension(self.max_distance)]
    }
}

/// Index of a distance in a head's row of the bias table.
#[must_use]
pub fn bias_index(key: u32, query: u32, max_distance: usize) -> usize {
    let (key, query) = (key as usize, query as usize);
    if key >= query {
        max_distance + (key - query).min(max_distance)
    } else {
        max_distance - (query - key).min(max_distance)
    }
}

/// Softmax attention of one query over keys and values, `[keys, d]` each, with a bias a key.
pub(super) fn attend(q: &[f32], keys: &[&[f32]], values: &[&[f32]], bias: &[f32]) -> Vec<f32> {
    let scores: Vec<f32> =
        keys.iter().zip(bias).map(|(key, bias)| key.iter().zip(q).map(|(k, q)| k * q).sum::<f32>() + bias).collect();
    let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| (score - peak).exp()).collect();
    let mass: f32 = weights.iter().sum();
    (0..q.len())
        .map(|i| values.iter().zip(&weights).map(|(value, weight)| value[i] * weight).sum::<f32>() / mass)
        .collect()
}

/// What the shader must compute: `qkv [rows, 3, heads, d_kv]`, `bias [heads, 2 max_distance + 1]`.
#[must_use]
pub fn reference(kernel: &AttentionTile, qkv: &[f32], bias: &[f32], positions: &[u32]) -> Vec<f32> {
    let inner = kernel.heads * kernel.d_kv;
    let part = |row: usize, which: usize, head: usize| {
        &qkv[row * 3 * inner + which * inner + head * kernel.d_kv..][..kernel.d_kv]
    };
    let rows = positions.len();
    let mut y = Vec::with_capacity(rows * inner);
    for row in 0..rows {
        for head in 0..kernel.heads {
            let keys: Vec<&[f32]> = (0..rows).map(|key| part(key, 1, head)).collect();
            let values: Vec<&[f32]> = (0..rows).map(|key| part(key, 2, head)).collect();
            let table = &bias[head * (2 * kernel.max_distance + 1)..];
            let bias: Vec<f32> =
                positions.iter().map(|key| table[bias_index(*key, positions[row], kernel.max_distance)]).collect();
            y.extend(attend(part(row, 0, head), &keys, &values, &bias));
        }
    }
    y
}

/// A run on made-up input; every third position is another expert's.
#[must_use]
pub fn case(kernel: &AttentionTile, rows: usize) -> Case {
    let inner = kernel.heads * kernel.d_kv;
    let qkv = noise(1, rows * 3 * inner);
    let bias = noise(2, kernel.heads * (2 * kernel.max_distance + 1));
    let positions: Vec<u32> = (0..rows).map(|row| dimension(row + row / 2)).collect();
    let expected = reference(kernel, &qkv, &bias, &positions);
    Case {
        name: format!("{kernel:?}, {rows} tokens"),
        buffers: vec![
            words(&qkv),
            words(&bias),
            positions,
            vec![0; expected.len()],
            counted(&[(kernel.rows_at, dimension(rows))]),
        ],
        grid: [kernel.grid().0, dimension(rows).div_ceil(64), 1],
        output: 3,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        (1, 1, 4, 8),
        (15, 2, 16, 8),
        (16, 4, 64, 128),
        (17, 1, 64, 4),
        (63, 2, 16, 128),
        (65, 3, 32, 20),
        (130, 2, 64, 128),
        (20, 1, 128, 16),
    ]
    .into_iter()
    .map(|(rows, heads, d_kv, max_distance)| {
        case(&AttentionTile { heads, d_kv, max_distance, rows_at: Count::Et5 }, rows)
    })
    .collect()
}
