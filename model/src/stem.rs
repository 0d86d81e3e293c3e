//! The optional shared stem: a causal depthwise convolution on the embedding, before the gate, so that every token — whichever
//! expert it goes to — knows its left neighbours (copying in order needs them). Absent in converted checkpoints.

use crate::error::ModelError;
use crate::nn::{CausalConv, Rows, add};
use crate::parameters::Parameters;

/// `e_t += conv(e)_t`.
pub(crate) struct Stem {
    conv: CausalConv,
    d_model: usize,
}

impl Stem {
    pub(crate) fn load(parameters: &mut Parameters, width: usize, d_model: usize) -> Result<Self, ModelError> {
        Ok(Self { conv: CausalConv::load(parameters, "stem", width)?, d_model })
    }

    /// Adds the convolution to `e [tokens, d_model]`.
    pub(crate) fn apply(&self, e: &mut [f32]) {
        let mut convolved = Rows::default();
        let mut before = self.conv.nothing_before();
        self.conv.forward(e.chunks_exact(self.d_model), &mut before, &mut Vec::new(), &mut convolved);
        add(e, convolved.values());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)] // small whole numbers and halves are exact
    fn a_token_reads_itself_and_its_left_neighbours_only() {
        // Width 3, one channel: y_t = x_t + 1 x_(t-2) + 10 x_(t-1) + 100 x_t + 0.5.
        let stem = Stem { conv: CausalConv::new(&[1.0, 10.0, 100.0], vec![0.5], 3), d_model: 1 };
        let mut e = vec![1.0, 2.0, 3.0, 4.0];
        stem.apply(&mut e);
        assert_eq!(e, [101.5, 212.5, 324.5, 436.5]);
    }
}
