//! Scalar functions of the experts, written so that the compiler can keep them in SIMD registers.
//!
//! Exponential and logarithm are our own: the libraries' are calls that cannot be vectorised, and differ by machine in the last
//! bit. With these the model computes the same bits everywhere.

/// `sqrt(2 / pi)`, the constant of the tanh approximation of GELU.
const SQRT_2_OVER_PI: f32 = 0.797_884_6;
/// Adding 1.5 * 2^23 rounds to the nearest integer, kept in the low mantissa bits; cheaper than `round` on wasm.
pub(super) const ROUND: f32 = 12_582_912.0;
/// `ln 2` in two parts: the first has so few bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Partial sums of a reduction: enough to fill the SIMD registers, and the same on every machine.
const LANES: usize = 8;

/// `x * sigmoid(x)`.
#[inline]
pub(crate) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// The logistic function.
#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The tanh form of GELU that T5 v1.1 calls `gelu_new` (Hendrycks & Gimpel 2016, eq. 2); `(1 + tanh u) / 2 = sigmoid(2u)`.
#[inline]
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    x * sigmoid(2.0 * SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x))
}

/// GELU as BERT has it, `x * Phi(x)` with the normal distribution's `Phi` (Hendrycks & Gimpel 2016, eq. 1).
///
/// The tail `Phi(-|x|)` by Abramowitz & Stegun 7.1.26, absolute error below 1e-7: computed first, so that nothing cancels where it is
/// small.
#[inline]
pub(crate) fn gelu_erf(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152_1 + t * 1.061_405_4))));
    let tail = 0.5 * polynomial * exp(-z * z);
    x * if x < 0.0 { tail } else { 1.0 - tail }
}

/// `ln(1 + e^x)`; above 20 it equals x to f32 precision, long before `e^x` overflows at 88.
#[inline]
pub(crate) fn softplus(x: f32) -> f32 {
    let y = exp(x.min(20.0));
    let sum = 1.0 + y;
    // What rounding took from the sum, to first order: for very negative x it is all there is.
    let small = ln(sum) + (y - (sum - 1.0)) / sum;
    if x > 20.0 { x } else { small }
}

/// `2^n` of the integer n in `rounded = ROUND + n`, -126 to 127: n stands in the low bits and is shifted to the exponent's.
#[inline]
fn power_of_two(rounded: f32) -> f32 {
    f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23))
}

/// `e^x`, relative error below 3e-7 (a polynomial of Cephes, Moshier 1989); 0 below -87, `e^88` above 88.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    let clamped = x.clamp(-87.0, 88.0);
    let rounded = clamped * std::f32::consts::LOG2_E + ROUND;
    let integer = rounded - ROUND;
    let r = clamped - integer * LN_2_HIGH - integer * LN_2_LOW;
    let polynomial =
        0.5 + r * (0.166_666_65 + r * (0.041_665_796 + r * (0.008_333_452 + r * (0.001_398_2 + r * 1.987_569_2e-4))));
    let fraction = 1.0 + (r + r * r * polynomial);
    let value = fraction * power_of_two(rounded);
    if x < -87.0 { 0.0 } else { value }
}

/// The natural logarithm of a normal positive number, relative error below 3e-7 (a polynomial of Cephes).
#[inline]
#[allow(clippy::cast_possible_wrap)] // the bits of a positive number are below 2^31
pub(crate) fn ln(x: f32) -> f32 {
    // The mantissa between sqrt(1/2) and sqrt(2), so that the polynomial's argument is small on both sides of 1.
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let exponent = (bits - SQRT_HALF) >> 23;
    let f = f32::from_bits((bits - (exponent << 23)).cast_unsigned()) - 1.0;
    let exponent = exponent as f32;
    let z = f * f;
    let low = 0.116_769_99 + f * (-0.115_146_1 + f * 0.070_376_836);
    let middle = -0.166_680_58 + f * (0.142_493_23 + f * (-0.124_201_41 + f * low));
    let polynomial = 0.333_333_3 + f * (-0.249_999_94 + f * (0.200_007_15 + f * middle));
    f + (f * z * polynomial + exponent * LN_2_LOW - 0.5 * z) + exponent * LN_2_HIGH
}

/// `2^x` for `x <= 126`, relative error below 3e-7; below -126 the result is 0.
///
/// The scan needs one exponential per token, channel and state. Branch-free: the integer part goes into the exponent bits, the
/// fraction in [-1/2, 1/2] into the Taylor polynomial of `e^(f ln 2)`.
#[inline]
pub(crate) fn exp2(x: f32) -> f32 {
    let x = x.clamp(-127.0, 127.0);
    let rounded = x + ROUND;
    let fraction = x - (rounded - ROUND);
    let polynomial = 1.0
        + fraction
            * (std::f32::consts::LN_2
                + fraction
                    * (0.240_226_5
                        + fraction
                            * (0.055_504_11
                                + fraction
                                    * (0.009_618_129 + fraction * (0.001_333_355_8 + fraction * 0.000_154_035_3)))));
    power_of_two(rounded) * polynomial
}

/// Softmax over `x` in place, stable for any finite input.
pub(crate) fn softmax_in_place(x: &mut [f32]) {
    let largest = reduce(x, f32::NEG_INFINITY, |value| value, f32::max);
    for value in x.iter_mut() {
        *value = exp(*value - largest);
    }
    let inverse = 1.0 / sum(x);
    for value in x.iter_mut() {
        *value *= inverse;
    }
}

/// The sum of `x`.
pub(crate) fn sum(x: &[f32]) -> f32 {
    reduce(x, 0.0, |value| value, |a, b| a + b)
}

/// The sum of the squares of `x`.
pub(crate) fn sum_of_squares(x: &[f32]) -> f32 {
    reduce(x, 0.0, |value| value * value, |a, b| a + b)
}

/// The scalar product of two slices of one length.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Folds `map(x)` in [`LANES`] partial results, then these and the rest in order.
#[inline]
fn reduce(x: &[f32], start: f32, map: impl Fn(f32) -> f32, fold: impl Fn(f32, f32) -> f32) -> f32 {
    let (lanes, rest) = x.as_chunks::<LANES>();
    let mut partial = [start; LANES];
    for values in lanes {
        for lane in 0..LANES {
            partial[lane] = fold(partial[lane], map(values[lane]));
        }
    }
    let partial = partial.into_iter().fold(start, &fold);
    rest.iter().fold(partial, |sum, value| fold(sum, map(*value)))
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
    fn exp_and_ln_follow_the_library_over_their_whole_range() {
        let (mut worst, mut worst_back) = (0.0f64, 0.0f64);
        for step in -86_999..=87_999i32 {
            let x = step as f32 * 1e-3;
            worst = worst.max((f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs());
            let y = x.exp();
            let expected = f64::from(y).ln();
            worst_back = worst_back.max((f64::from(ln(y)) - expected).abs() / expected.abs().max(1e-2));
        }
        assert!(worst < 3e-7, "exp: relative error {worst}");
        assert!(worst_back < 3e-7, "ln: relative error {worst_back}");
        assert_eq!([exp(f32::NEG_INFINITY), exp(-1e30), exp(0.0), ln(1.0)], [0.0, 0.0, 1.0, 0.0]);
        assert!(exp(f32::INFINITY).is_finite() && exp(f32::NAN).is_nan());
    }

    #[test]
    fn softplus_meets_its_identity_where_the_naive_form_overflows() {
        for (x, expected) in [
            (-100.0f32, 0.0),
            (-80.0, 1.804_851_4e-35),
            (-20.0, 2.061_153_6e-9),
            (-5.0, 6.715_348_5e-3),
            (0.0, std::f32::consts::LN_2),
            (19.9, 19.9),
            (100.0, 100.0),
            (1e30, 1e30),
        ] {
            let found = softplus(x);
            assert!((found - expected).abs() <= 1e-6 * expected, "softplus({x}) = {found}");
        }
    }

    #[test]
    fn softmax_of_equal_and_huge_values() {
        let mut x = [1e30f32, 1e30, -1e30];
        softmax_in_place(&mut x);
        assert_eq!(x, [0.5, 0.5, 0.0]);
        let mut many = [3.0f32; 19];
        softmax_in_place(&mut many);
        assert!(many.iter().all(|share| (share - 1.0 / 19.0).abs() < 1e-8), "{many:?}");
    }

    #[test]
    fn gelu_has_the_published_values() {
        for (x, expected) in
            [(0.0f32, 0.0f32), (1.0, 0.841_192), (-1.0, -0.158_808), (3.0, 2.996_363), (-50.0, 0.0), (50.0, 50.0)]
        {
            assert!((gelu_tanh(x) - expected).abs() < 1e-5, "gelu({x})");
        }
    }

    #[test]
    fn the_exact_gelu_has_the_values_of_the_normal_distribution() {
        // x * Phi(x) to ten digits.
        for (x, expected) in [
            (0.0f32, 0.0f32),
            (0.5, 0.345_731_23),
            (1.0, 0.841_344_7),
            (-1.0, -0.158_655_25),
            (2.0, 1.954_499_7),
            (-2.0, -0.045_500_264),
            (-4.0, -1.266_849_7e-4),
            (-6.0, -5.919_526e-9),
            (30.0, 30.0),
            (-30.0, 0.0),
        ] {
            let found = gelu_erf(x);
            assert!((found - expected).abs() < 2e-7 * x.abs().max(1.0), "gelu({x}) = {found}");
        }
        assert!(gelu_erf(f32::NAN).is_nan());
    }

    #[test]
    fn reductions_take_every_element_once() {
        for count in [0usize, 1, 7, 8, 9, 16, 31] {
            let x: Vec<f32> = (1..=count).map(|value| value as f32).collect();
            let expected: f32 = x.iter().map(|value| value * value).sum();
            assert_eq!([sum_of_squares(&x), dot(&x, &x)], [expected; 2], "{count} values");
        }
    }
}
