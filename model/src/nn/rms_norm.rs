//! Root-mean-square normalisation (Zhang & Sennrich 2019; `T5LayerNorm`, `MambaRMSNorm`).

use super::{Rows, sum_of_squares};

/// `y = x / sqrt(mean(x^2) + epsilon) * weight` for each row of `[rows, width]`.
pub(crate) struct RmsNorm {
    /// `[width]`
    weight: Vec<f32>,
    epsilon: f32,
}

impl RmsNorm {
    pub(crate) fn new(weight: Vec<f32>, epsilon: f32) -> Self {
        Self { weight, epsilon }
    }

    /// Length of a row.
    pub(crate) fn width(&self) -> usize {
        self.weight.len()
    }

    /// Makes `y` the normalised rows of `x [rows, width]`.
    pub(crate) fn forward(&self, x: &[f32], y: &mut Rows) {
        let width = self.weight.len();
        let out = y.reset(x.len() / width, width);
        for (x, y) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let inverse = 1.0 / (sum_of_squares(x) / width as f32 + self.epsilon).sqrt();
            for ((y, x), weight) in y.iter_mut().zip(x).zip(&self.weight) {
                *y = x * inverse * weight;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_by_its_own_mean_square() {
        let norm = RmsNorm::new(vec![1.0, 2.0], 0.0);
        let mut y = Rows::default();
        norm.forward(&[3.0, -3.0, 0.5, 0.5], &mut y);
        assert_eq!(y.values(), [1.0, -2.0, 1.0, 2.0]);
    }
}
