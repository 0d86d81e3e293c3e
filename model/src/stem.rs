//! The optional shared stem: a causal depthwise convolution on the embedding, before the gate, so that every token — whichever
//! expert it goes to — knows its left neighbours (copying in order needs them). Absent in converted checkpoints.

use crate::error::ModelError;
use crate::parameters::Parameters;

/// `e_t += sum_k weight[k] * e_(t - (width - 1) + k) + bias`.
pub(crate) struct Stem {
    /// `[width, d_model]`, transposed at load.
    weight: Vec<f32>,
    /// `[d_model]`
    bias: Vec<f32>,
    width: usize,
}

impl Stem {
    pub(crate) fn load(parameters: &mut Parameters, d_model: usize, width: usize) -> Result<Self, ModelError> {
        let stored = parameters.values("stem.weight")?;
        let mut weight = vec![0.0; stored.len()];
        for (channel, taps) in stored.chunks_exact(width).enumerate() {
            for (tap, value) in taps.iter().enumerate() {
                weight[tap * d_model + channel] = *value;
            }
        }
        Ok(Self { weight, bias: parameters.values("stem.bias")?, width })
    }

    /// Adds the convolution to `e [tokens, d_model]`.
    pub(crate) fn apply(&self, e: &mut [f32]) {
        let d_model = self.bias.len();
        let tokens = e.len() / d_model;
        // Last token first: a token reads only itself and its left neighbours, which are then still unchanged.
        for token in (0..tokens).rev() {
            let mut sum = self.bias.clone();
            for tap in 0..self.width {
                let Some(source) = (token + tap + 1).checked_sub(self.width) else { continue };
                let weights = &self.weight[tap * d_model..][..d_model];
                for ((sum, value), weight) in sum.iter_mut().zip(&e[source * d_model..][..d_model]).zip(weights) {
                    *sum += value * weight;
                }
            }
            for (value, sum) in e[token * d_model..][..d_model].iter_mut().zip(sum) {
                *value += sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_itself_and_its_left_neighbours_only() {
        // Width 3, one channel: y_t = x_t + 1 x_(t-2) + 10 x_(t-1) + 100 x_t + 0.5.
        let stem = Stem { weight: vec![1.0, 10.0, 100.0], bias: vec![0.5], width: 3 };
        let mut e = vec![1.0, 2.0, 3.0, 4.0];
        stem.apply(&mut e);
        assert_eq!(e, [101.5, 212.5, 324.5, 436.5]);
    }
}
