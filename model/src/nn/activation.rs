//! Scalar functions of the experts, written so that the compiler can keep them in SIMD registers.

/// `sqrt(2 / pi)`, the constant of the tanh approximation of GELU.
const SQRT_2_OVER_PI: f32 = 0.797_884_6;

/// `x * sigmoid(x)`.
pub(crate) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// The logistic function.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The tanh form of GELU that T5 v1.1 calls `gelu_new` (Hendrycks & Gimpel 2016, eq. 2).
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    0.5 * x * (1.0 + (SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x)).tanh())
}

/// `ln(1 + e^x)`; above 20 it equals x to f32 precision, long before `e^x` overflows at 88.
pub(crate) fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

/// `2^x` for `x <= 126`, relative error below 3e-7; below -126 the result is 0.
///
/// The scan needs one exponential per token, channel and state. The library's `exp2` is a call the compiler cannot
/// vectorise; this one is branch-free: the integer part goes into the exponent bits, the fraction in [-1/2, 1/2] into the
/// Taylor polynomial of `e^(f ln 2)`.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the clamp bounds the exponent to -127..=127
pub(crate) fn exp2(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to the nearest integer in the low mantissa bits; cheaper than `round` on wasm.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-127.0, 127.0);
    let integer = (x + ROUND) - ROUND;
    let fraction = x - integer;
    let polynomial = 1.0
        + fraction
            * (std::f32::consts::LN_2
                + fraction
                    * (0.240_226_5
                        + fraction
                            * (0.055_504_11
                                + fraction
                                    * (0.009_618_129 + fraction * (0.001_333_355_8 + fraction * 0.000_154_035_3)))));
    let bits = ((integer as i32 + 127) << 23) as u32;
    f32::from_bits(bits) * polynomial
}

/// Softmax over `x` in place, stable for any finite input.
pub(crate) fn softmax_in_place(x: &mut [f32]) {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in x.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in x.iter_mut() {
        *value /= sum;
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // exact results are what these cases promise
mod tests {
    use super::*;

    #[test]
    fn exp2_follows_the_library_over_its_whole_range() {
        let mut worst = 0.0f32;
        for step in -126_000..=126_000i32 {
            let x = step as f32 * 1e-3;
            worst = worst.max((exp2(x) / x.exp2() - 1.0).abs());
        }
        assert!(worst < 3e-7, "relative error {worst}");
        assert!(exp2(-1e9) < 1e-37, "far below the range the factor vanishes");
        assert!(exp2(0.0) == 1.0, "a zero time step keeps the state exactly");
    }

    #[test]
    fn softplus_meets_its_identity_where_the_naive_form_overflows() {
        for (x, expected) in
            [(-100.0f32, 0.0), (0.0, std::f32::consts::LN_2), (19.9, 19.9), (100.0, 100.0), (1e30, 1e30)]
        {
            let found = softplus(x);
            assert!((found - expected).abs() <= 1e-5 * expected.max(1e-3), "softplus({x}) = {found}");
        }
    }

    #[test]
    fn softmax_of_equal_and_huge_values() {
        let mut x = [1e30f32, 1e30, -1e30];
        softmax_in_place(&mut x);
        assert_eq!(x, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn gelu_has_the_published_values() {
        for (x, expected) in [(0.0f32, 0.0f32), (1.0, 0.841_192), (-1.0, -0.158_808), (3.0, 2.996_363)] {
            assert!((gelu_tanh(x) - expected).abs() < 1e-5, "gelu({x})");
        }
    }
}
