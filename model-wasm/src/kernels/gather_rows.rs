//! An expert's tokens out of all of them, in order. Memory-bound.

use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::Access;

/// `y[i] = x[positions[i]]`.
#[derive(Clone, Copy, Debug)]
pub struct GatherRows {
    /// Model width `d_model`, a multiple of 4.
    pub width: usize,
    /// How many rows.
    pub rows_at: Count,
}

impl GatherRows {
    /// Workgroups in x; one row each in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (dimension(self.width.div_ceil(256)), 1)
    }
}

impl Kernel for GatherRows {
    fn name(&self) -> &'static str {
        "gather_rows"
    }

    fn text(&self) -> String {
        include_str!("../../../shaders/gather_rows.wgsl").to_owned()
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![self.rows_at.at(), dimension(self.width / 4)]
    }
}

/// What the shader must do with `x [L, width]`.
#[must_use]
pub fn reference(kernel: &GatherRows, x: &[f32], positions: &[u32]) -> Vec<f32> {
    positions.iter().flat_map(|at| x[*at as usize * kernel.width..][..kernel.width].iter().copied()).collect()
}

/// A run on made-up input: every second of `2 rows` tokens.
#[must_use]
pub fn case(kernel: &GatherRows, rows: usize) -> Case {
    let x = noise(1, 2 * rows.max(1) * kernel.width);
    let mut positions: Vec<u32> = (0..rows).map(|row| dimension(2 * row + 1)).collect();
    let expected = reference(kernel, &x, &positions);
    positions.push(0);
    Case {
        name: format!("{kernel:?}, {rows} rows"),
        buffers: vec![
            words(&x),
            positions,
            vec![0; expected.len().max(4)],
            counted(&[(kernel.rows_at, dimension(rows))]),
        ],
        grid: [kernel.grid().0, dimension(rows).max(1), 1],
        output: 2,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    [(1, 4), (7, 64), (64, 256), (65, 260), (3, 1024), (0, 64)]
        .into_iter()
        .map(|(rows, width)| case(&GatherRows { width, rows_at: Count::Et5 }, rows))
        .collect()
}
