//! The selective scan of Mamba-1 (Gu & Dao 2023, eq. 2 with zero-order hold on A and Euler on B):
//! `h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t`, `y_t = C_t . h_t + D x_t`.

use crate::nn::exp2;

/// What the scan reads. Rows are tokens, row-major.
pub(super) struct ScanInput<'a> {
    /// `[tokens, d_inner]`, after convolution and SiLU.
    pub(super) x: &'a [f32],
    /// `[tokens, d_inner]`, after softplus.
    pub(super) dt: &'a [f32],
    /// `[tokens, d_state]`
    pub(super) b: &'a [f32],
    /// `[tokens, d_state]`
    pub(super) c: &'a [f32],
    /// `A * log2(e)`, `[d_inner, d_state]`: the scan uses `2^x`, one multiplication less per state.
    pub(super) a_log2e: &'a [f32],
    /// `[d_inner]`
    pub(super) d: &'a [f32],
    pub(super) d_state: usize,
}

/// Scans forward and writes `y [tokens, d_inner]` to `output`; `state [d_inner, d_state]` moves on.
///
/// Channels are the outer loop: a channel's state stays in registers over all tokens, and B and C (a few kilobytes) in the
/// first-level cache.
pub(super) fn selective_scan(input: &ScanInput, state: &mut [f32], output: &mut [f32]) {
    match input.d_state {
        8 => scan_states::<8>(input, state, output),
        16 => scan_states::<16>(input, state, output),
        _ => scan_any(input, state, output),
    }
}

/// The scan with the number of states known to the compiler, which then keeps them in SIMD registers.
fn scan_states<const N: usize>(input: &ScanInput, state: &mut [f32], output: &mut [f32]) {
    let d_inner = input.d.len();
    let (b_rows, _) = input.b.as_chunks::<N>();
    let (c_rows, _) = input.c.as_chunks::<N>();
    let (a_rows, _) = input.a_log2e.as_chunks::<N>();
    let (states, _) = state.as_chunks_mut::<N>();
    for (channel, (a, stored)) in a_rows.iter().zip(states).enumerate() {
        let mut h = *stored;
        for (token, (b, c)) in b_rows.iter().zip(c_rows).enumerate() {
            let at = token * d_inner + channel;
            let (x, dt) = (input.x[at], input.dt[at]);
            let dx = dt * x;
            let mut products = [0.0f32; N];
            for s in 0..N {
                h[s] = exp2(dt * a[s]) * h[s] + dx * b[s];
                products[s] = h[s] * c[s];
            }
            // Four partial sums, as many as a register holds.
            let mut sums = [0.0f32; 4];
            for four in products.as_chunks::<4>().0 {
                for (sum, product) in sums.iter_mut().zip(four) {
                    *sum += product;
                }
            }
            output[at] = (sums[0] + sums[1]) + (sums[2] + sums[3]) + input.d[channel] * x;
        }
        *stored = h;
    }
}

/// The same for any number of states.
fn scan_any(input: &ScanInput, state: &mut [f32], output: &mut [f32]) {
    let (d_inner, d_state) = (input.d.len(), input.d_state);
    let tokens = input.x.len() / d_inner;
    for channel in 0..d_inner {
        let a = &input.a_log2e[channel * d_state..][..d_state];
        let h = &mut state[channel * d_state..][..d_state];
        for token in 0..tokens {
            let at = token * d_inner + channel;
            let (x, dt) = (input.x[at], input.dt[at]);
            let b = &input.b[token * d_state..][..d_state];
            let c = &input.c[token * d_state..][..d_state];
            let mut y = input.d[channel] * x;
            for s in 0..d_state {
                h[s] = exp2(dt * a[s]) * h[s] + dt * x * b[s];
                y += h[s] * c[s];
            }
            output[at] = y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The recurrence as the paper writes it, in f64.
    fn reference(input: &ScanInput, state: &mut [f64]) -> Vec<f64> {
        let (d_inner, d_state) = (input.d.len(), input.d_state);
        let tokens = input.x.len() / d_inner;
        let mut output = vec![0.0; tokens * d_inner];
        for token in 0..tokens {
            for channel in 0..d_inner {
                let at = token * d_inner + channel;
                let (x, dt) = (f64::from(input.x[at]), f64::from(input.dt[at]));
                output[at] = f64::from(input.d[channel]) * x;
                for s in 0..d_state {
                    let a = f64::from(input.a_log2e[channel * d_state + s]) * std::f64::consts::LN_2;
                    let h = &mut state[channel * d_state + s];
                    *h = (dt * a).exp() * *h + dt * f64::from(input.b[token * d_state + s]) * x;
                    output[at] += *h * f64::from(input.c[token * d_state + s]);
                }
            }
        }
        output
    }

    fn pseudo(seed: u64, count: usize, low: f32, high: f32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..count)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                low + (high - low) * ((state >> 40) as f32 / (1u64 << 24) as f32)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Output and last state, as state-spaces/mamba checks them, with a cut anywhere: chunked equals whole.
        #[test]
        fn matches_the_recurrence_and_carries_the_state(
            seed in 1u64..1_000_000, tokens in 1usize..70, d_inner in 1usize..9, d_state in prop::sample::select(vec![1usize, 3, 8, 16, 17]), cut in 0usize..70,
        ) {
            let x = pseudo(seed, tokens * d_inner, -2.0, 2.0);
            let dt = pseudo(seed + 1, tokens * d_inner, 0.0, 0.3);
            let b = pseudo(seed + 2, tokens * d_state, -1.0, 1.0);
            let c = pseudo(seed + 3, tokens * d_state, -1.0, 1.0);
            let a = pseudo(seed + 4, d_inner * d_state, -24.0, -0.1);
            let d = pseudo(seed + 5, d_inner, -1.0, 1.0);
            let whole = ScanInput { x: &x, dt: &dt, b: &b, c: &c, a_log2e: &a, d: &d, d_state };
            let mut state = vec![0.0f64; d_inner * d_state];
            let expected = reference(&whole, &mut state);

            let at = cut.min(tokens);
            let mut found = vec![0.0f32; tokens * d_inner];
            let mut carried = vec![0.0f32; d_inner * d_state];
            for (from, to) in [(0, at), (at, tokens)] {
                let part = ScanInput {
                    x: &x[from * d_inner..to * d_inner], dt: &dt[from * d_inner..to * d_inner],
                    b: &b[from * d_state..to * d_state], c: &c[from * d_state..to * d_state], a_log2e: &a, d: &d, d_state,
                };
                selective_scan(&part, &mut carried, &mut found[from * d_inner..to * d_inner]);
            }
            for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                prop_assert!((f64::from(*found) - expected).abs() <= 2e-5 + 2e-5 * expected.abs(), "y[{}] {} against {}", index, found, expected);
            }
            for (found, expected) in carried.iter().zip(&state) {
                prop_assert!((f64::from(*found) - expected).abs() <= 2e-5 + 2e-5 * expected.abs(), "last state {} against {}", found, expected);
            }
        }
    }
}
