//! `y = epilogue(norm(x) W^T)` with weights in any format: `matmul_tile` for many rows (compute-bound, a tile of 32 x 32 a workgroup) and
//! `matmul_rows` for few (memory-bound: reads each weight once for four rows). Each has a form that every device runs, and forms for
//! devices that offer more.

use super::case::{Case, Expected, TOLERANCE, counted, dimension, noise, words};
use super::weights::{Format, made_up};
use crate::gpu::counts::{Count, NOWHERE};
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

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

/// How a product is computed: in the form that every device runs, or in one that needs something WebGPU does not promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// f32, nothing optional.
    #[default]
    Plain,
    /// `matmul_tile` with factors in half precision (`shader-f16`).
    Half,
    /// `matmul_tile` with packed weights as they are and x in 8 bits (WGSL's `packed_4x8_integer_dot_product`).
    Dot4,
    /// `matmul_rows` with sums over a subgroup (`subgroups`; outside browsers only, since wgpu does not pass it on to them).
    Subgroup,
}

impl Form {
    /// The forms that need something optional.
    pub const OPTIONAL: [Self; 3] = [Self::Half, Self::Dot4, Self::Subgroup];

    /// For which of the two shaders.
    #[must_use]
    pub fn speeds_up(self) -> Option<Rows> {
        match self {
            Self::Plain => None,
            Self::Half | Self::Dot4 => Some(Rows::Many),
            Self::Subgroup => Some(Rows::Few),
        }
    }

    /// What it is called in reports: the name of the WebGPU feature behind it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "f32",
            Self::Half => "shader-f16",
            Self::Dot4 => "dot4I8Packed",
            Self::Subgroup => "subgroups",
        }
    }

    /// How far a result may lie from that of plain f32, or for [`Form::Dot4`] of f32 with the same rounded factors, where a value on the
    /// border may be rounded either way.
    fn tolerance(self) -> f32 {
        match self {
            Self::Plain | Self::Subgroup => TOLERANCE,
            Self::Half => 2e-3,
            Self::Dot4 => 5e-3,
        }
    }
}

/// A product.
#[derive(Clone, Copy, Debug)]
pub struct Matmul {
    /// Many or few rows.
    pub rows: Rows,
    /// How it is computed.
    pub form: Form,
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
            form: Form::Plain,
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

    /// In a form if that is one of this shader and of these weights; as it was otherwise. What is kept in f32 (the gate, for one, whose
    /// decisions must not depend on the device) is multiplied in f32.
    #[must_use]
    pub fn formed(self, form: Form) -> Self {
        let fits = match form {
            Form::Plain => true,
            Form::Half | Form::Dot4 => self.rows == Rows::Many && self.format != Format::F32,
            Form::Subgroup => self.rows == Rows::Few,
        };
        if fits { Self { form, ..self } } else { self }
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
        match (self.rows, self.form) {
            (Rows::Many, Form::Half) => "matmul_tile (shader-f16)",
            (Rows::Many, Form::Dot4) => "matmul_tile (dot4I8Packed)",
            (Rows::Many, Form::Plain | Form::Subgroup) => "matmul_tile",
            (Rows::Few, Form::Subgroup) => "matmul_rows (subgroups)",
            (Rows::Few, Form::Plain | Form::Half | Form::Dot4) => "matmul_rows",
        }
    }

    fn text(&self) -> String {
        let template = match self.rows {
            Rows::Many => include_str!("../../../shaders/matmul_tile.wgsl"),
            Rows::Few => include_str!("../../../shaders/matmul_rows.wgsl"),
        };
        let norm = self.norm.is_some().to_string();
        let epilogue = format!("{}u", self.epilogue as u32);
        let (enable, real) = match self.form {
            Form::Half => ("enable f16;", "f16"),
            // Browsers want the line; wgpu's own shader compiler refuses it and goes by the device's features.
            Form::Subgroup if cfg!(target_arch = "wasm32") => ("enable subgroups;", "f32"),
            Form::Plain | Form::Dot4 | Form::Subgroup => ("", "f32"),
        };
        let tile = if self.form == Form::Dot4 {
            format!("{}\n{}", self.format.packed_text(), include_str!("../../../shaders/tile_dot4.wgsl"))
        } else {
            fill(include_str!("../../../shaders/tile_float.wgsl"), &[("real", real)])
        };
        let shares = if self.form == Form::Subgroup {
            include_str!("../../../shaders/shares_subgroup.wgsl").to_owned()
        } else {
            let all = reduction(64, "vec4<f32>");
            fill(include_str!("../../../shaders/shares_workgroup.wgsl"), &[("reduction", &all)])
        };
        fill(
            template,
            &[
                ("enable", enable),
                ("product_interface", include_str!("../../../shaders/product_interface.wgsl")),
                ("tile", &tile),
                ("shares", &shares),
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
        if kernel.form == Form::Dot4 {
            for block in line.chunks_mut(32) {
                let peak = block.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
                let scale = if peak > 0.0 { 127.0 / peak } else { 0.0 };
                for x in block {
                    *x = (*x * scale).round_ties_even() * (peak / 127.0);
                }
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
        expected: Expected::Values { values: expected, tolerance: kernel.form.tolerance() },
        kernel: Box::new(*kernel),
    })
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = of_form(Form::Plain);
    for shader in [Rows::Many, Rows::Few] {
        // Widths that only f32 has: the gate's features, the time step's rank.
        for (rows, inputs, outputs) in [(6, 260, 64), (70, 4, 130), (9, 12, 5)] {
            cases.extend(case(&Matmul::new(shader, Format::F32, inputs, outputs, Count::Emamba), rows));
        }
        cases.extend(case(&Matmul::new(shader, Format::Q8, 64, 64, Count::Pending), 0));
    }
    cases
}

/// The part of the table that every form goes through, in every format it has.
#[must_use]
pub fn of_form(form: Form) -> Vec<Case> {
    let mut cases = Vec::new();
    for shader in [Rows::Many, Rows::Few] {
        for format in [Format::F32, Format::Q8, Format::Q4] {
            let base = Matmul::new(shader, format, 64, 40, Count::Et5).formed(form);
            if base.form != form {
                continue;
            }
            for (rows, inputs, outputs) in
                [(1, 32, 4), (3, 64, 8), (4, 96, 36), (5, 256, 33), (31, 32, 32), (32, 64, 64), (33, 128, 100)]
            {
                cases.extend(case(&Matmul { inputs, outputs, x_stride: inputs, rows_at: Count::Tokens, ..base }, rows));
            }
            for epilogue in [Epilogue::Bias, Epilogue::BiasSilu, Epilogue::Residual, Epilogue::GatedGelu] {
                cases.extend(case(&base.with(epilogue), 35));
            }
            cases.extend(case(&base.normed(1e-6), 34));
            cases.extend(case(&base.normed(1e-6).with(Epilogue::GatedGelu), 2));
            cases.extend(case(&base.normed(1e-6).with(Epilogue::Residual), 7));
            cases.extend(case(&Matmul { y_row_at: Some(Count::Base), x_stride: 128, ..base }, 3));
        }
    }
    cases
}
