//! Causal depthwise convolution: each channel by itself, each token from itself and its left neighbours.

use super::Rows;
use crate::error::ModelError;
use crate::parameters::Parameters;

/// `y_t = sum_k weight[k] * x_(t - (width - 1) + k) + bias`, per channel.
pub(crate) struct CausalConv {
    /// `[width, channels]`, transposed at load so that a tap is one contiguous row.
    weight: Vec<f32>,
    /// `[channels]`
    bias: Vec<f32>,
}

impl CausalConv {
    /// From `{prefix}.weight [channels, 1, width]` and `{prefix}.bias [channels]`.
    pub(crate) fn load(parameters: &mut Parameters, prefix: &str, width: usize) -> Result<Self, ModelError> {
        Ok(Self::new(
            &parameters.values(&format!("{prefix}.weight"))?,
            parameters.values(&format!("{prefix}.bias"))?,
            width,
        ))
    }

    /// From `stored [channels, 1, width]`.
    pub(crate) fn new(stored: &[f32], bias: Vec<f32>, width: usize) -> Self {
        let mut weight = vec![0.0; stored.len()];
        for (channel, taps) in stored.chunks_exact(width).enumerate() {
            for (tap, value) in taps.iter().enumerate() {
                weight[tap * bias.len() + channel] = *value;
            }
        }
        Self { weight, bias }
    }

    /// What stands to the left of the first token: `[width - 1, channels]` zeros.
    pub(crate) fn nothing_before(&self) -> Vec<f32> {
        vec![0.0; self.weight.len() - self.bias.len()]
    }

    /// Makes `y [tokens, channels]` the convolution of the rows `x`, continuing from the inputs in `before [width - 1, channels]`
    /// (oldest first), which move on by these tokens. `padded` is scratch.
    pub(crate) fn forward<'a>(
        &self,
        x: impl Iterator<Item = &'a [f32]>,
        before: &mut [f32],
        padded: &mut Vec<f32>,
        y: &mut Rows,
    ) {
        let channels = self.bias.len();
        padded.clear();
        padded.extend_from_slice(before);
        x.for_each(|row| padded.extend_from_slice(row));
        let out = y.reset((padded.len() - before.len()) / channels, channels);
        let windows = padded.windows(self.weight.len()).step_by(channels);
        for (y, window) in out.chunks_exact_mut(channels).zip(windows) {
            y.copy_from_slice(&self.bias);
            for (inputs, weights) in window.chunks_exact(channels).zip(self.weight.chunks_exact(channels)) {
                for ((sum, input), weight) in y.iter_mut().zip(inputs).zip(weights) {
                    *sum += input * weight;
                }
            }
        }
        before.copy_from_slice(&padded[padded.len() - before.len()..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(conv: &CausalConv, x: &[f32], before: &mut [f32]) -> Vec<f32> {
        let mut y = Rows::default();
        conv.forward(x.chunks_exact(conv.bias.len()), before, &mut Vec::new(), &mut y);
        y.values().to_vec()
    }

    #[test]
    fn a_token_reads_itself_and_its_left_neighbours_only() {
        // Width 3, one channel: y_t = 1 x_(t-2) + 10 x_(t-1) + 100 x_t + 0.5.
        let conv = CausalConv::new(&[1.0, 10.0, 100.0], vec![0.5], 3);
        let mut before = conv.nothing_before();
        assert_eq!(forward(&conv, &[1.0, 2.0, 3.0, 4.0], &mut before), [100.5, 210.5, 321.5, 432.5]);
        assert_eq!(before, [3.0, 4.0]);
    }

    #[test]
    fn pieces_give_what_the_whole_gives() {
        // Two channels, width 2: the second channel only looks back.
        let conv = CausalConv::new(&[1.0, 2.0, 3.0, 0.0], vec![0.0, 1.0], 2);
        let x = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        let whole = forward(&conv, &x, &mut conv.nothing_before());
        assert_eq!(whole, [2.0, 1.0, 5.0, 31.0, 8.0, 61.0]);
        let mut before = conv.nothing_before();
        let mut pieces = forward(&conv, &x[..2], &mut before);
        pieces.extend(forward(&conv, &[], &mut before));
        pieces.extend(forward(&conv, &x[2..], &mut before));
        assert_eq!(pieces, whole);
    }
}
