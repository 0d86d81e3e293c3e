//! The selective scan of Mamba-1 in chunks: `scan_chunk` computes the time steps and each chunk's effect on a state, `scan_apply` the
//! outputs, starting each chunk from the folded effects of those before it. Work grows with tokens, depth with tokens / chunk + chunk.

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::matmul::silu;
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// Tokens of a chunk where nothing else is asked for.
pub const CHUNK: usize = 64;

/// Sizes of a scan.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    /// Channels.
    pub d_inner: usize,
    /// States of a channel, a multiple of 4.
    pub d_state: usize,
    /// Rank of the time step's projection, a multiple of 4.
    pub dt_rank: usize,
    /// Tokens of a chunk.
    pub chunk: usize,
    /// From the last token to the first.
    pub backward: bool,
    /// How many tokens.
    pub rows_at: Count,
}

/// First half: time steps and chunk summaries.
#[derive(Clone, Copy, Debug)]
pub struct ScanChunk(pub Scan);

/// Second half: outputs.
#[derive(Clone, Copy, Debug)]
pub struct ScanApply {
    /// Sizes.
    pub scan: Scan,
    /// y holds the other direction's result.
    pub add: bool,
    /// This is the last direction: gate by `silu(z)`.
    pub gate: bool,
}

impl Scan {
    /// Columns of a row of what `x_proj` selects: dt, B, C.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.dt_rank + 2 * self.d_state
    }

    /// Workgroups in x, tokens of one in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (dimension(self.d_inner.div_ceil(64)), dimension(self.chunk))
    }

    /// Values of the summaries of `rows` tokens.
    #[must_use]
    pub fn summary(&self, rows: usize) -> usize {
        rows.div_ceil(self.chunk) * (self.d_state + 4) * self.d_inner
    }

    fn params(&self) -> Vec<u32> {
        vec![
            self.rows_at.at(),
            dimension(self.d_inner),
            dimension(self.dt_rank),
            dimension(self.selected()),
            dimension(self.chunk),
        ]
    }
}

impl Kernel for ScanChunk {
    fn name(&self) -> &'static str {
        "scan_chunk"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/scan_chunk.wgsl"),
            &[("state4", &(self.0.d_state / 4).to_string()), ("backward", &self.0.backward.to_string())],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        self.0.params()
    }
}

impl Kernel for ScanApply {
    fn name(&self) -> &'static str {
        "scan_apply"
    }

    fn text(&self) -> String {
        fill(
            include_str!("../../../shaders/scan_apply.wgsl"),
            &[
                ("state4", &(self.scan.d_state / 4).to_string()),
                ("backward", &self.scan.backward.to_string()),
                ("add", &self.add.to_string()),
                ("gate", &self.gate.to_string()),
            ],
        )
    }

    fn bindings(&self) -> &'static [Access] {
        &[
            Access::Read,
            Access::Read,
            Access::Read,
            Access::Read,
            Access::Read,
            Access::Read,
            Access::Write,
            Access::Read,
        ]
    }

    fn params(&self) -> Vec<u32> {
        self.scan.params()
    }
}

/// What a scan reads, rows are tokens.
pub struct Input {
    /// `[rows, d_inner]`, after convolution and SiLU.
    pub x: Vec<f32>,
    /// `[rows, dt_rank + 2 d_state]`: dt, B, C.
    pub selected: Vec<f32>,
    /// `[d_inner, dt_rank]`, then `[d_inner]` biases.
    pub dt_proj: Vec<f32>,
    /// `[d_inner, d_state]`: `-exp(A_log) log2(e)`.
    pub a: Vec<f32>,
    /// `[d_inner]`
    pub d: Vec<f32>,
    /// `[rows, 2 d_inner]`: z in the second half.
    pub xz: Vec<f32>,
}

/// Time steps of every token, `[rows, d_inner]`.
#[must_use]
pub fn time_steps(scan: &Scan, input: &Input) -> Vec<f32> {
    let (weights, biases) = input.dt_proj.split_at(scan.d_inner * scan.dt_rank);
    let mut dt = Vec::new();
    for row in input.selected.chunks_exact(scan.selected()) {
        for (channel, bias) in biases.iter().enumerate() {
            let weight = &weights[channel * scan.dt_rank..][..scan.dt_rank];
            let raw = weight.iter().zip(row).map(|(w, s)| w * s).sum::<f32>() + bias;
            dt.push(if raw > 20.0 { raw } else { raw.exp().ln_1p() });
        }
    }
    dt
}

/// The recurrence as the paper writes it (Gu & Dao 2023, eq. 2), token by token and gated: `y [rows, d_inner]` on top of `before`.
#[must_use]
pub fn reference(apply: &ScanApply, input: &Input, before: &[f32]) -> Vec<f32> {
    let scan = &apply.scan;
    let dt = time_steps(scan, input);
    let rows = input.x.len() / scan.d_inner;
    let mut y = vec![0.0; input.x.len()];
    for channel in 0..scan.d_inner {
        let mut h = vec![0.0f32; scan.d_state];
        for step in 0..rows {
            let token = if scan.backward { rows - 1 - step } else { step };
            let at = token * scan.d_inner + channel;
            let row = &input.selected[token * scan.selected() + scan.dt_rank..][..2 * scan.d_state];
            let (b, c) = row.split_at(scan.d_state);
            let mut sum = input.d[channel] * input.x[at];
            for state in 0..scan.d_state {
                let decay = (dt[at] * input.a[channel * scan.d_state + state]).exp2();
                h[state] = decay * h[state] + dt[at] * input.x[at] * b[state];
                sum += h[state] * c[state];
            }
            if apply.add {
                sum += before[at];
            }
            if apply.gate {
                sum *= silu(input.xz[token * 2 * scan.d_inner + scan.d_inner + channel]);
            }
            y[at] = sum;
        }
    }
    y
}

/// Summaries of each chunk, `[chunks, d_state / 4 + 1, d_inner, 4]`.
#[must_use]
pub fn summaries(scan: &Scan, input: &Input) -> Vec<f32> {
    let dt = time_steps(scan, input);
    let rows = input.x.len() / scan.d_inner;
    let groups = scan.d_state / 4 + 1;
    let mut summary = vec![0.0; scan.summary(rows)];
    for chunk in 0..rows.div_ceil(scan.chunk) {
        for channel in 0..scan.d_inner {
            let mut h = vec![0.0f32; scan.d_state];
            let mut total = 0.0;
            for step in chunk * scan.chunk..((chunk + 1) * scan.chunk).min(rows) {
                let token = if scan.backward { rows - 1 - step } else { step };
                let at = token * scan.d_inner + channel;
                total += dt[at];
                for (state, h) in h.iter_mut().enumerate() {
                    let b = input.selected[token * scan.selected() + scan.dt_rank + state];
                    *h = (dt[at] * input.a[channel * scan.d_state + state]).exp2() * *h + dt[at] * input.x[at] * b;
                }
            }
            for (state, h) in h.iter().enumerate() {
                summary[((chunk * groups + state / 4) * scan.d_inner + channel) * 4 + state % 4] = *h;
            }
            summary[((chunk * groups + groups - 1) * scan.d_inner + channel) * 4] = total;
        }
    }
    summary
}

/// Made-up input with time steps and decays as trained models have them.
#[must_use]
pub fn made_up(scan: &Scan, rows: usize) -> Input {
    Input {
        x: noise(1, rows * scan.d_inner),
        selected: noise(2, rows * scan.selected()),
        dt_proj: noise(3, scan.d_inner * (scan.dt_rank + 1)).into_iter().map(|w| 2.0 * w - 1.0).collect(),
        a: noise(4, scan.d_inner * scan.d_state).into_iter().map(|a| -8.0 * (a + 1.001)).collect(),
        d: noise(5, scan.d_inner),
        xz: noise(6, rows * 2 * scan.d_inner),
    }
}

/// Runs of both halves on made-up input.
#[must_use]
pub fn cases_of(apply: &ScanApply, rows: usize) -> Vec<Case> {
    let scan = apply.scan;
    let input = made_up(&scan, rows);
    let before = noise(7, rows * scan.d_inner);
    let (dt, summary) = (time_steps(&scan, &input), summaries(&scan, &input));
    let counts = counted(&[(scan.rows_at, dimension(rows))]);
    let grid = [scan.grid().0, dimension(rows.div_ceil(scan.chunk)), 1];
    // The last group of a channel's decays is followed by D, in whole vec4s.
    let mut a_and_d = input.a.clone();
    a_and_d.extend(&input.d);
    a_and_d.resize(a_and_d.len().next_multiple_of(4), 0.0);
    let mut dt_proj = input.dt_proj.clone();
    dt_proj.resize(dt_proj.len().next_multiple_of(4), 0.0);
    let first = |output: usize, expected: &[f32]| Case {
        name: format!("{scan:?}, {rows} tokens, binding {output}"),
        kernel: Box::new(ScanChunk(scan)),
        buffers: vec![
            words(&input.x),
            words(&input.selected),
            words(&dt_proj),
            words(&a_and_d),
            vec![0; dt.len()],
            vec![0; summary.len()],
            counts.clone(),
        ],
        grid,
        output,
        expected: Expected::values(expected.to_vec()),
    };
    let second = Case {
        name: format!("{apply:?}, {rows} tokens"),
        kernel: Box::new(*apply),
        buffers: vec![
            words(&input.x),
            words(&input.selected),
            words(&input.xz),
            words(&a_and_d),
            words(&dt),
            words(&summary),
            words(&before),
            counts.clone(),
        ],
        grid,
        output: 6,
        expected: Expected::values(reference(apply, &input, &before)),
    };
    vec![first(4, &dt), first(5, &summary), second]
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rows, d_inner, d_state, dt_rank, chunk) in [
        (1, 4, 4, 4, 64),
        (15, 64, 16, 4, 16),
        (16, 64, 16, 4, 16),
        (17, 68, 16, 16, 16),
        (200, 128, 16, 8, 64),
        (65, 64, 8, 4, 1024),
    ] {
        for backward in [false, true] {
            let scan = Scan { d_inner, d_state, dt_rank, chunk, backward, rows_at: Count::Emamba };
            cases.extend(cases_of(&ScanApply { scan, add: backward, gate: true }, rows));
        }
        let scan = Scan { d_inner, d_state, dt_rank, chunk, backward: false, rows_at: Count::Emamba };
        cases.extend(cases_of(&ScanApply { scan, add: false, gate: false }, rows));
    }
    cases
}
