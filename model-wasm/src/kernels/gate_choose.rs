//! The gate's second layer and its choice of an expert for each token.

use super::case::{Case, Expected, counted, dimension, noise, words};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::Access;

/// Words of a token's route: expert, place among its tokens (filled by `compact`), weight bits, unused.
pub const ROUTE_WORDS: usize = 4;
/// The value of [`Count::Force`] that leaves the choice to the gate.
pub const UNFORCED: u32 = u32::MAX;

/// Logits and choice.
#[derive(Clone, Copy, Debug)]
pub struct GateChoose {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Softmax temperature.
    pub temperature: f32,
    /// There is only ET5.
    pub single: bool,
}

impl GateChoose {
    /// Workgroups in x and tokens of one in y: each serves 64.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (1, 64)
    }
}

impl Kernel for GateChoose {
    fn name(&self) -> &'static str {
        "gate_choose"
    }

    fn text(&self) -> String {
        include_str!("../../../shaders/gate_choose.wgsl").to_owned()
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Write, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            Count::Tokens.at(),
            dimension(self.hidden),
            Count::GateBias.at(),
            Count::Force.at(),
            self.temperature.to_bits(),
            u32::from(self.single),
        ]
    }
}

/// What the shader must compute: `hidden [L, hidden]`, `weight [2, hidden]` and two biases; logits and (expert, weight) of each token.
#[must_use]
pub fn reference(
    kernel: &GateChoose,
    hidden: &[f32],
    weight: &[f32],
    bias: f32,
    force: u32,
) -> (Vec<f32>, Vec<(u32, f32)>) {
    let (rows, biases) = weight.split_at(2 * kernel.hidden);
    let mut logits = Vec::new();
    let mut choices = Vec::new();
    for h in hidden.chunks_exact(kernel.hidden) {
        let of = |row: usize| {
            rows[row * kernel.hidden..][..kernel.hidden].iter().zip(h).map(|(w, h)| w * h).sum::<f32>() + biases[row]
        };
        let (et5, emamba) = (of(0), of(1) + bias);
        logits.extend([et5, emamba]);
        let p = 1.0 / (1.0 + (-(emamba - et5).abs() / kernel.temperature).exp());
        choices.push(match force {
            0 | 1 => (force, 1.0),
            _ if kernel.single => (0, 1.0),
            _ => (u32::from(emamba >= et5), p),
        });
    }
    (logits, choices)
}

/// Runs on made-up input, one looking at the logits and one at the choices.
#[must_use]
pub fn cases_of(kernel: &GateChoose, tokens: usize, bias: f32, force: u32) -> Vec<Case> {
    let hidden = noise(1, tokens * kernel.hidden);
    let weight = noise(2, 2 * kernel.hidden + 2);
    let (logits, choices) = reference(kernel, &hidden, &weight, bias, force);
    let margins_are_clear = logits.chunks_exact(2).all(|pair| (pair[0] - pair[1]).abs() > 1e-4);
    debug_assert!(margins_are_clear, "a choice of this made-up input hangs on rounding");
    let buffers = vec![
        words(&hidden),
        words(&weight),
        vec![0; 2 * tokens],
        vec![9; ROUTE_WORDS * tokens],
        counted(&[(Count::Tokens, dimension(tokens)), (Count::GateBias, bias.to_bits()), (Count::Force, force)]),
    ];
    let routes: Vec<f32> =
        choices.iter().flat_map(|(expert, weight)| [f32::from_bits(*expert), 0.0, *weight, 0.0]).collect();
    let case = |output: usize, expected: Expected| Case {
        name: format!("{kernel:?}, {tokens} tokens, bias {bias}, force {force}, binding {output}"),
        kernel: Box::new(*kernel),
        buffers: buffers.clone(),
        grid: [1, dimension(tokens).div_ceil(64), 1],
        output,
        expected,
    };
    // The weights are compared as values, the experts as words.
    let experts: Vec<u32> = choices.iter().map(|(expert, _)| *expert).collect();
    vec![
        case(2, Expected::values(logits)),
        case(3, Expected::values(routes)),
        case(3, Expected::Words(experts.first().copied().into_iter().collect())),
    ]
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let kernel = GateChoose { hidden: 64, temperature: 1.0, single: false };
    [
        cases_of(&kernel, 1, 0.0, UNFORCED),
        cases_of(&kernel, 63, 0.5, UNFORCED),
        cases_of(&kernel, 65, -2.0, UNFORCED),
        cases_of(&kernel, 5, 0.0, 0),
        cases_of(&kernel, 5, 0.0, 1),
        cases_of(&GateChoose { single: true, ..kernel }, 7, 0.0, UNFORCED),
        cases_of(&GateChoose { hidden: 4, temperature: 0.3, single: false }, 7, 0.0, UNFORCED),
    ]
    .into_iter()
    .flatten()
    .collect()
}
