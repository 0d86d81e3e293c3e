//! One Mamba-1 block: norm, input projection, causal depthwise convolution, selective scan, gate, output projection.

use super::selective_scan::{ScanInput, selective_scan};
use crate::config::EMambaConfig;
use crate::error::ModelError;
use crate::nn::{CausalConv, Linear, RmsNorm, Rows, add, exp, silu, softplus};
use crate::parameters::Parameters;

/// What a block remembers of the tokens it has read (its forward direction).
#[derive(Clone, Debug, PartialEq)]
pub struct LayerState {
    /// The last `d_conv - 1` inputs of the convolution, oldest first: `[d_conv - 1, d_inner]`.
    pub conv: Vec<f32>,
    /// The scan's state h: `[d_inner, d_state]`.
    pub ssm: Vec<f32>,
    /// Tokens read so far.
    pub tokens: usize,
}

/// Buffers of one call, kept for the next.
#[derive(Default)]
pub(super) struct BlockScratch {
    normed: Rows,
    /// `[tokens, 2 * d_inner]`: x and z.
    projected: Rows,
    y: Rows,
    /// The backward direction's output, last token first.
    other: Rows,
    direction: DirectionScratch,
    out: Rows,
}

#[derive(Default)]
struct DirectionScratch {
    padded: Vec<f32>,
    x: Rows,
    selected: Rows,
    dt_low: Rows,
    dt: Rows,
    b: Vec<f32>,
    c: Vec<f32>,
}

/// One scan direction: its own convolution, selection and state matrices.
struct Direction {
    conv: CausalConv,
    x_proj: Linear,
    dt_proj: Linear,
    /// `-exp(A_log) * log2(e)`, `[d_inner, d_state]`.
    a_log2e: Vec<f32>,
    d: Vec<f32>,
}

/// A residual Mamba-1 block.
pub(super) struct Block {
    norm: RmsNorm,
    in_proj: Linear,
    forward: Direction,
    backward: Option<Direction>,
    out_proj: Linear,
    config: EMambaConfig,
}

impl Block {
    pub(super) fn load(parameters: &mut Parameters, index: usize, config: &EMambaConfig) -> Result<Self, ModelError> {
        let layer = format!("emamba.layers.{index}");
        let mixer = format!("{layer}.mixer");
        Ok(Self {
            norm: RmsNorm::new(parameters.values(&format!("{layer}.norm.weight"))?, config.layer_norm_epsilon),
            in_proj: parameters.linear(&format!("{mixer}.in_proj"))?,
            forward: Direction::load(parameters, &mixer, config)?,
            backward: config
                .bidirectional
                .then(|| Direction::load(parameters, &format!("{mixer}.backward"), config))
                .transpose()?,
            out_proj: parameters.linear(&format!("{mixer}.out_proj"))?,
            config: config.clone(),
        })
    }

    pub(super) fn initial_state(&self) -> LayerState {
        let EMambaConfig { d_inner, d_state, .. } = self.config;
        LayerState { conv: self.forward.conv.nothing_before(), ssm: vec![0.0; d_inner * d_state], tokens: 0 }
    }

    /// Whether a sequence must be read in one call.
    pub(super) fn needs_all_tokens(&self) -> bool {
        self.backward.is_some()
    }

    /// Adds the block's output to `hidden [tokens, d_model]`.
    pub(super) fn forward(
        &self,
        hidden: &mut [f32],
        state: &mut LayerState,
        scratch: &mut BlockScratch,
    ) -> Result<(), ModelError> {
        if self.backward.is_some() && state.tokens > 0 {
            return Err(ModelError::ChunkedBidirectional);
        }
        let d_inner = self.config.d_inner;
        let BlockScratch { normed, projected, y, other, direction, out } = scratch;
        self.norm.forward(hidden, normed);
        self.in_proj.forward(normed, projected);
        let rows = projected.values().chunks_exact(2 * d_inner);
        let x = rows.clone().map(|row| &row[..d_inner]);
        self.forward.run(x.clone(), &self.config, state, direction, y);
        if let Some(backward) = &self.backward {
            backward.run(x.rev(), &self.config, &mut self.initial_state(), direction, other);
            let reversed = other.values().chunks_exact(d_inner).rev();
            for (sum, row) in y.values_mut().chunks_exact_mut(d_inner).zip(reversed) {
                add(sum, row);
            }
        }
        for (y, row) in y.values_mut().chunks_exact_mut(d_inner).zip(rows) {
            for (value, z) in y.iter_mut().zip(&row[d_inner..]) {
                *value *= silu(*z);
            }
        }
        self.out_proj.forward(y, out);
        add(hidden, out.values());
        Ok(())
    }
}

impl Direction {
    fn load(parameters: &mut Parameters, prefix: &str, config: &EMambaConfig) -> Result<Self, ModelError> {
        let a_log = parameters.values(&format!("{prefix}.A_log"))?;
        Ok(Self {
            conv: CausalConv::load(parameters, &format!("{prefix}.conv1d"), config.d_conv)?,
            x_proj: parameters.linear(&format!("{prefix}.x_proj"))?,
            dt_proj: parameters.linear_with_bias(&format!("{prefix}.dt_proj"))?,
            a_log2e: a_log.into_iter().map(|a| -exp(a) * std::f32::consts::LOG2_E).collect(),
            d: parameters.values(&format!("{prefix}.D"))?,
        })
    }

    /// Makes `y [tokens, d_inner]` of the rows `x`: convolution, SiLU, selection and scan.
    fn run<'a>(
        &self,
        x: impl Iterator<Item = &'a [f32]>,
        config: &EMambaConfig,
        state: &mut LayerState,
        scratch: &mut DirectionScratch,
        y: &mut Rows,
    ) {
        let EMambaConfig { d_inner, d_state, dt_rank, .. } = *config;
        let DirectionScratch { padded, x: convolved, selected, dt_low, dt, b, c } = scratch;
        self.conv.forward(x, &mut state.conv, padded, convolved);
        for value in convolved.values_mut() {
            *value = silu(*value);
        }
        self.x_proj.forward(convolved, selected);
        let tokens = selected.count();
        b.clear();
        c.clear();
        let low = dt_low.reset(tokens, dt_rank).chunks_exact_mut(dt_rank);
        for (row, low) in selected.values().chunks_exact(dt_rank + 2 * d_state).zip(low) {
            low.copy_from_slice(&row[..dt_rank]);
            b.extend_from_slice(&row[dt_rank..dt_rank + d_state]);
            c.extend_from_slice(&row[dt_rank + d_state..]);
        }
        self.dt_proj.forward(dt_low, dt);
        for value in dt.values_mut() {
            *value = softplus(*value);
        }
        let (x, dt) = (convolved.values(), dt.values());
        let input = ScanInput { x, dt, b, c, a_log2e: &self.a_log2e, d: &self.d, d_state };
        selective_scan(&input, &mut state.ssm, y.reset(tokens, d_inner));
        state.tokens += tokens;
    }
}
