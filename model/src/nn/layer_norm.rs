//! Layer normalisation with bias (Ba, Kiros & Hinton 2016), as BERT has it.

use super::{Rows, sum, sum_of_squares};

/// `y = (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias` for each row of `[rows, width]`.
pub(crate) struct LayerNorm {
    /// `[width]`
    weight: Vec<f32>,
    /// `[width]`
    bias: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    /// `weight` and `bias` are of one length.
    pub(crate) fn new(weight: Vec<f32>, bias: Vec<f32>, epsilon: f32) -> Self {
        debug_assert_eq!(weight.len(), bias.len(), "the config's shapes were checked at load");
        Self { weight, bias, epsilon }
    }

    /// Makes `y` the normalised rows of `x [rows, width]`.
    pub(crate) fn forward(&self, x: &[f32], y: &mut Rows) {
        let width = self.weight.len();
        let out = y.reset(x.len() / width, width);
        for (x, y) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = sum(x) / width as f32;
            // The variance from differences, not from mean squares: those cancel where the mean is large.
            for (y, x) in y.iter_mut().zip(x) {
                *y = x - mean;
            }
            let inverse = 1.0 / (sum_of_squares(y) / width as f32 + self.epsilon).sqrt();
            for ((y, weight), bias) in y.iter_mut().zip(&self.weight).zip(&self.bias) {
                *y = *y * inverse * weight + bias;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_by_its_own_mean_and_variance() {
        let norm = LayerNorm::new(vec![1.0, 2.0], vec![0.0, 10.0], 0.0);
        let mut y = Rows::default();
        norm.forward(&[3.0, 1.0, -1000.5, -1000.0], &mut y);
        assert_eq!(y.values(), [1.0, 8.0, -1.0, 12.0]);
    }

    #[test]
    fn a_row_of_equal_values_is_the_bias() {
        let norm = LayerNorm::new(vec![1.0; 9], vec![0.25; 9], 1e-12);
        let mut y = Rows::default();
        norm.forward(&[7.0; 9], &mut y);
        assert_eq!(y.values(), [0.25; 9]);
    }
}
