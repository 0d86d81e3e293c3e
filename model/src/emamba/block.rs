//! One Mamba-1 block: norm, input projection, causal depthwise convolution, selective scan, gate, output projection.

use candle_core::Tensor;

use super::selective_scan::{ScanInput, selective_scan};
use crate::config::EMambaConfig;
use crate::error::ModelError;
use crate::nn::{CausalConv, Linear, RmsNorm, matrix, silu, softplus, values};
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
            norm: RmsNorm::new(parameters.vector(&format!("{layer}.norm.weight"))?, config.layer_norm_epsilon),
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

    /// `hidden [tokens, d_model] -> [tokens, d_model]`, residual included.
    pub(super) fn forward(&self, hidden: &Tensor, state: &mut LayerState) -> Result<Tensor, ModelError> {
        if self.backward.is_some() && state.tokens > 0 {
            return Err(ModelError::ChunkedBidirectional);
        }
        let tokens = hidden.dim(0)?;
        let d_inner = self.config.d_inner;
        let projected = values(&self.in_proj.forward(&self.norm.forward(hidden)?)?)?;
        let mut x = Vec::with_capacity(tokens * d_inner);
        for row in projected.chunks_exact(2 * d_inner) {
            x.extend_from_slice(&row[..d_inner]);
        }
        let mut y = self.forward.run(&x, &self.config, state)?;
        if let Some(backward) = &self.backward {
            let reversed = reverse_rows(&x, d_inner);
            let other = backward.run(&reversed, &self.config, &mut self.initial_state())?;
            for (sum, value) in y.iter_mut().zip(reverse_rows(&other, d_inner)) {
                *sum += value;
            }
        }
        for (y, row) in y.chunks_exact_mut(d_inner).zip(projected.chunks_exact(2 * d_inner)) {
            for (value, z) in y.iter_mut().zip(&row[d_inner..]) {
                *value *= silu(*z);
            }
        }
        Ok((hidden + self.out_proj.forward(&matrix(y, d_inner)?)?)?)
    }
}

impl Direction {
    fn load(parameters: &mut Parameters, prefix: &str, config: &EMambaConfig) -> Result<Self, ModelError> {
        let a_log = parameters.values(&format!("{prefix}.A_log"))?;
        Ok(Self {
            conv: CausalConv::load(parameters, &format!("{prefix}.conv1d"), config.d_conv)?,
            x_proj: parameters.linear(&format!("{prefix}.x_proj"))?,
            dt_proj: parameters.linear_with_bias(&format!("{prefix}.dt_proj"))?,
            a_log2e: a_log.into_iter().map(|a| -a.exp() * std::f32::consts::LOG2_E).collect(),
            d: parameters.values(&format!("{prefix}.D"))?,
        })
    }

    /// Convolution, SiLU, selection and scan of `x [tokens, d_inner]`.
    fn run(&self, x: &[f32], config: &EMambaConfig, state: &mut LayerState) -> Result<Vec<f32>, ModelError> {
        let EMambaConfig { d_inner, d_state, dt_rank, .. } = *config;
        let mut x = self.conv.forward(x, &mut state.conv);
        for value in &mut x {
            *value = silu(*value);
        }
        let selected = self.x_proj.forward_values(x.clone(), d_inner)?;
        let width = dt_rank + 2 * d_state;
        let tokens = selected.len() / width;
        let mut dt = Vec::with_capacity(tokens * dt_rank);
        let mut b = Vec::with_capacity(tokens * d_state);
        let mut c = Vec::with_capacity(tokens * d_state);
        for row in selected.chunks_exact(width) {
            dt.extend_from_slice(&row[..dt_rank]);
            b.extend_from_slice(&row[dt_rank..dt_rank + d_state]);
            c.extend_from_slice(&row[dt_rank + d_state..]);
        }
        let mut dt = self.dt_proj.forward_values(dt, dt_rank)?;
        for value in &mut dt {
            *value = softplus(*value);
        }
        let mut y = vec![0.0; tokens * d_inner];
        let input = ScanInput { x: &x, dt: &dt, b: &b, c: &c, a_log2e: &self.a_log2e, d: &self.d, d_state };
        selective_scan(&input, &mut state.ssm, &mut y);
        state.tokens += tokens;
        Ok(y)
    }
}

fn reverse_rows(x: &[f32], width: usize) -> Vec<f32> {
    x.chunks_exact(width).rev().flatten().copied().collect()
}
