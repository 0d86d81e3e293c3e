//! Rows of the shared embedding by token id, widened to f32. Memory-bound.

use super::case::{Case, Expected, counted, dimension};
use super::weights::{Format, made_up};
use crate::gpu::counts::{Count, NOWHERE};
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// `y = table[ids[first..first + rows]]`.
#[derive(Clone, Copy, Debug)]
pub struct Embed {
    /// How the table is kept.
    pub format: Format,
    /// Model width `d_model`.
    pub width: usize,
    /// How many tokens.
    pub rows_at: Count,
    /// Which id is the first; the first of the list if `None`.
    pub first_at: Option<Count>,
}

impl Embed {
    /// Workgroups in x; one row each in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (dimension(self.width.div_ceil(256)), 1)
    }
}

impl Kernel for Embed {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/embed.wgsl"), &[("weights", self.format.text())])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![self.rows_at.at(), dimension(self.width), self.first_at.map_or(NOWHERE, Count::at)]
    }
}

/// What the shader must compute: rows of `table [vocab_size, width]`.
#[must_use]
pub fn reference(kernel: &Embed, table: &[f32], ids: &[u32]) -> Vec<f32> {
    ids.iter().flat_map(|id| table[*id as usize * kernel.width..][..kernel.width].iter().copied()).collect()
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &Embed, rows: usize) -> Option<Case> {
    let vocabulary = 19;
    let (words, scales, table) = made_up(kernel.format, vocabulary, kernel.width)?;
    let first = if kernel.first_at.is_some() { 3 } else { 0 };
    let ids: Vec<u32> = (0..first + rows).map(|index| dimension((index * 7 + 18) % vocabulary)).collect();
    let mut set = vec![(kernel.rows_at, dimension(rows))];
    set.extend(kernel.first_at.map(|at| (at, dimension(first))));
    Some(Case {
        name: format!("{kernel:?}, {rows} rows"),
        expected: Expected::values(reference(kernel, &table, &ids[first..])),
        buffers: vec![ids, words, scales, vec![0; (rows * kernel.width).max(4)], counted(&set)],
        grid: [kernel.grid().0, dimension(rows).max(1), 1],
        output: 3,
        kernel: Box::new(*kernel),
    })
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for format in [Format::F32, Format::Q8, Format::Q4] {
        for (rows, width, first_at) in
            [(1, 32, None), (5, 64, Some(Count::Base)), (19, 256, None), (2, 288, None), (0, 32, None)]
        {
            cases.extend(case(&Embed { format, width, rows_at: Count::Tokens, first_at }, rows));
        }
    }
    cases
}
