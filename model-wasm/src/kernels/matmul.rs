//! `y = epilogue(norm(x) W^T)` with weights in any format: `matmul_tile` for many rows (compute-bound, a tile of 32 x 32 a workgroup) and
//! `matmul_rows` for few (memory-bound: reads each weight once for four rows).

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::weights::{Format, made_up};
use crate::gpu::counts::{Count, NOWHERE};
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// What happens to a finished sum before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// Nothing.
    Plain = 0,
    /// A bias is added.
    Bias = 1,
    /// A bias is added, then SiLU.
    BiasSilu = 2,
    /// It is added to what `y` holds.
    Residual = 3,
    /// Rows of W come in groups of four, two of `wi_0` and two of `wi_1`: `gelu(first) * second`, half as many columns.
    GatedGelu = 4,
}

/// Which of the two shaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Many: prefill.
    Many,
    /// Few: decoding.
    Few,
}

/// A product.
#[derive(Clone, Copy, Debug)]
pub struct Matmul {
    /// Many or few rows.
    pub rows: Rows,
    /// How the weights are kept.
    pub format: Format,
    /// Columns of x and W.
    pub inputs: usize,
    /// Rows of W.
    pub outputs: usize,
    /// Whether x goes through an RMS norm first, and its epsilon.
    pub norm: Option<f32>,
    /// What happens to the sums.
    pub epilogue: Epilogue,
    /// How many rows there are.
    pub rows_at: Count,
    /// Where the first row of y goes; row 0 if `None`.
    pub y_row_at: Option<Count>,
    /// Columns of a row of x, of which the first `inputs` are read.
    pub x_stride: usize,
}

impl Matmul {
    /// A product of the columns of x as they are, `rows_at` many rows.
    #[must_use]
    pub fn new(rows: Rows, format: Format, inputs: usize, outputs: usize, rows_at: Count) -> Self {
        Self {
            rows,
            format,
            inputs,
            outputs,
            norm: None,
            epilogue: Epilogue::Plain,
            rows_at,
            y_row_at: None,
            x_stride: inputs,
        }
    }

    /// With an epilogue.
    #[must_use]
    pub fn with(self, epilogue: Epilogue) -> Self {
        Self { epilogue, ..self }
    }

    /// With a norm of x.
    #[must_use]
    pub fn normed(self, epsilon: f32) -> Self {
        Self { norm: Some(epsilon), ..self }
    }

    /// Columns of a row of y.
    #[must_use]
    pub fn columns(&self) -> usize {
        if self.epilogue == Epilogue::GatedGelu { self.outputs / 2 } else { self.outputs }
    }

    /// Workgroups in x, and rows that a workgroup in y makes.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        match self.rows {
            Rows::Many => (dimension(self.outputs.div_ceil(32)), 32),
            Rows::Few => (dimension(self.outputs.div_ceil(8)), 4),
        }
    }
}

impl Kernel for Matmul {
    fn name(&self) -> &'static str {
        match self.rows {
            Rows::Many => "matmul_tile",
            Rows::Few => "matmul_rows",
        }
    }

    fn text(&self) -> String {
        let template = match self.rows {
            Rows::Many => include_str!("../../../shaders/matmul_tile.wgsl"),
            Rows::Few => include_str!("../../../shaders/matmul_rows.wgsl"),
        };
        let norm = self.norm.is_some().to_string();
        let epilogue = format!("{}u", self.epilogue as u32);
        fill(
            template,
            &[
                ("product_interface", include_str!("../../../shaders/product_interface.wgsl")),
                ("weights", self.format.text()),
                ("epilogue_functions", include_str!("../../../shaders/epilogue.wgsl")),
                ("norm", &norm),
                ("epilogue", &epilogue),
            ],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            self.rows_at.at(),
            dimension(self.inputs),
            dimension(self.outputs),
            dimension(self.x_stride / 4),
            0,
            dimension(self.columns()),
            self.y_row_at.map_or(NOWHERE, Count::at),
            self.norm.unwrap_or(0.0).to_bits(),
        ]
    }
}

/// What the shaders must compute, in plain f32. `x` is `[rows, x_stride]`, `weight` `[outputs, inputs]`, `aux` the norm's weight or the
/// bias; `y [rows, columns]` is what was there before.
#[must_use]
pub fn reference(kernel: &Matmul, x: &[f32], weight: &[f32], aux: &[f32], y: &[f32]) -> Vec<f32> {
    let mut result = Vec::with_capacity(y.len());
    for (row, before) in x.chunks_exact(kernel.x_stride).zip(y.chunks_exact(kernel.columns())) {
        let mut line = row[..kernel.inputs].to_vec();
        if let Some(epsilon) = kernel.norm {
            let mean = line.iter().map(|x| x * x).sum::<f32>() / kernel.inputs as f32;
            let inverse = 1.0 / (mean + epsilon).sqrt();
            for (x, weight) in line.iter_mut().zip(aux) {
                *x *= inverse * weight;
            }
        }
        let sums: Vec<f32> = weight
            .chunks_exact(kernel.inputs)
            .map(|weight| weight.iter().zip(&line).map(|(w, x)| w * x).sum())
            .collect();
        match kernel.epilogue {
            Epilogue::Plain => result.extend(sums),
            Epilogue::Bias => result.extend(sums.iter().zip(aux).map(|(sum, bias)| sum + bias)),
            Epilogue::BiasSilu => result.extend(sums.iter().zip(aux).map(|(sum, bias)| silu(sum + bias))),
            Epilogue::Residual => result.extend(sums.iter().zip(before).map(|(sum, before)| sum + before)),
            Epilogue::GatedGelu => {
                for group in sums.chunks_exact(4) {
                    result.push(gelu(group[0]) * group[2]);
                    result.push(gelu(group[1]) * group[3]);
                }
            }
        }
    }
    result
}

/// The tanh form of GELU (Hendrycks & Gimpel 2016).
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh())
}

/// `x * sigmoid(x)`.
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &Matmul, rows: usize) -> Option<Case> {
    let first = if kernel.y_row_at.is_some() { 2 } else { 0 };
    let (stored_words, scales, weight) = made_up(kernel.format, kernel.outputs, kernel.inputs)?;
    let x = noise(2, rows * kernel.x_stride);
    let aux = noise(3, if kernel.norm.is_some() { kernel.inputs } else { kernel.outputs });
    let columns = kernel.columns();
    let before = noise(4, (first + rows) * columns);
    let mut expected = before[..first * columns].to_vec();
    expected.extend(reference(kernel, &x, &weight, &aux, &before[first * columns..]));
    let mut set = vec![(kernel.rows_at, dimension(rows))];
    set.extend(kernel.y_row_at.map(|at| (at, dimension(first))));
    let (groups, per_group) = kernel.grid();
    Some(Case {
        name: format!("{kernel:?}, {rows} rows"),
        buffers: vec![words(&x), stored_words, scales, words(&aux), words(&before), counted(&set)],
        grid: [groups, dimension(rows).div_ceil(per_group), 1],
        output: 4,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    })
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for shader in [Rows::Many, Rows::Few] {
        for format in [Format::F32, Format::Q8, Format::Q4] {
            for (rows, inputs, outputs) in
                [(1, 32, 4), (3, 64, 8), (4, 96, 36), (5, 256, 33), (31, 32, 32), (32, 64, 64), (33, 128, 100)]
            {
                cases.extend(case(&Matmul::new(shader, format, inputs, outputs, Count::Tokens), rows));
            }
            let base = Matmul::new(shader, format, 64, 40, Count::Et5);
            for epilogue in [Epilogue::Bias, Epilogue::BiasSilu, Epilogue::Residual, Epilogue::GatedGelu] {
                cases.extend(case(&base.with(epilogue), 35));
            }
            cases.extend(case(&base.normed(1e-6), 34));
            cases.extend(case(&base.normed(1e-6).with(Epilogue::GatedGelu), 2));
            cases.extend(case(&base.normed(1e-6).with(Epilogue::Residual), 7));
            cases.extend(case(&Matmul { y_row_at: Some(Count::Base), x_stride: 128, ..base }, 3));
        }
        // Widths that only f32 has: the gate's features, the time step's rank.
        for (rows, inputs, outputs) in [(6, 260, 64), (70, 4, 130), (9, 12, 5)] {
            cases.extend(case(&Matmul::new(shader, Format::F32, inputs, outputs, Count::Emamba), rows));
        }
        cases.extend(case(&Matmul::new(shader, Format::Q8, 64, 64, Count::Pending), 0));
    }
    cases
}
