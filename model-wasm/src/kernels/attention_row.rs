//! T5 attention of few tokens, while decoding: causal over the cache, or across over the memory. Memory-bound: reads keys and values once
//! a row and head.

use super::attention_tile::{attend, bias_index};
use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// Attention of [`Count::Pending`] rows.
#[derive(Clone, Copy, Debug)]
pub struct AttentionRow {
    /// Over the memory ([`Count::Tokens`] keys) instead of the answer's own tokens.
    pub cross: bool,
    /// Heads.
    pub heads: usize,
    /// Width of a head.
    pub d_kv: usize,
    /// Distances are clamped to it.
    pub max_distance: usize,
}

impl AttentionRow {
    /// Workgroups in x; one row each in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (dimension(self.heads), 1)
    }
}

impl Kernel for AttentionRow {
    fn name(&self) -> &'static str {
        "attention_row"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/attention_row.wgsl"),
            &[
                ("d", &self.d_kv.to_string()),
                ("slices", &self.d_kv.div_ceil(64).to_string()),
                ("cross", &self.cross.to_string()),
            ],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            Count::Pending.at(),
            Count::Base.at(),
            Count::Tokens.at(),
            dimension(self.heads),
            dimension(self.max_distance),
        ]
    }
}

/// What the shader must compute for rows `base..base + rows`. Self: `cache [base + rows, 3, heads, d_kv]` and `bias [heads, 2
/// max_distance + 1]`; cross: `queries [rows, heads, d_kv]`, `cache [keys, 2, heads, d_kv]`.
#[must_use]
pub fn reference(
    kernel: &AttentionRow,
    queries: &[f32],
    cache: &[f32],
    bias: &[f32],
    base: usize,
    rows: usize,
) -> Vec<f32> {
    let inner = kernel.heads * kernel.d_kv;
    let parts = if kernel.cross { 2 } else { 3 };
    let part = |row: usize, which: usize, head: usize| {
        &cache[(row * parts + which) * inner + head * kernel.d_kv..][..kernel.d_kv]
    };
    let mut y = Vec::with_capacity(rows * inner);
    for row in 0..rows {
        for head in 0..kernel.heads {
            let (q, count, first) = if kernel.cross {
                (&queries[row * inner + head * kernel.d_kv..][..kernel.d_kv], cache.len() / (2 * inner), 0)
            } else {
                (part(base + row, 0, head), base + row + 1, 1)
            };
            let keys: Vec<&[f32]> = (0..count).map(|key| part(key, first, head)).collect();
            let values: Vec<&[f32]> = (0..count).map(|key| part(key, first + 1, head)).collect();
            let table = bias.get(head * (2 * kernel.max_distance + 1)..).unwrap_or_default();
            let bias: Vec<f32> = (0..count)
                .map(|key| {
                    if kernel.cross {
                        0.0
                    } else {
                        table[bias_index(dimension(key), dimension(base + row), kernel.max_distance)]
                    }
                })
                .collect();
            y.extend(attend(q, &keys, &values, &bias));
        }
    }
    y
}

/// A run on made-up input: `before` keys before the rows (cross: keys in all).
#[must_use]
pub fn case(kernel: &AttentionRow, before: usize, rows: usize) -> Case {
    let inner = kernel.heads * kernel.d_kv;
    let cache = noise(1, if kernel.cross { before * 2 * inner } else { (before + rows) * 3 * inner });
    let queries = if kernel.cross { noise(2, rows * inner) } else { cache.clone() };
    let bias = noise(3, kernel.heads * (2 * kernel.max_distance + 1));
    let expected = reference(kernel, &queries, &cache, &bias, before, rows);
    let mut set = vec![(Count::Pending, dimension(rows))];
    set.push((if kernel.cross { Count::Tokens } else { Count::Base }, dimension(before)));
    Case {
        name: format!("{kernel:?}, {before} before, {rows} rows"),
        buffers: vec![words(&queries), words(&cache), words(&bias), vec![0; expected.len()], counted(&set)],
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
    for (before, rows, heads, d_kv, max_distance) in [
        (0, 1, 2, 16, 128),
        (1, 3, 1, 64, 2),
        (62, 2, 4, 64, 128),
        (63, 1, 2, 64, 20),
        (64, 5, 3, 32, 128),
        (130, 4, 2, 96, 128),
    ] {
        cases.push(case(&AttentionRow { cross: false, heads, d_kv, max_distance }, before, rows));
        cases.push(case(&AttentionRow { cross: true, heads, d_kv, max_distance }, before + 1, rows));
    }
    cases
}
