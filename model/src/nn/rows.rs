//! Activations: rows of f32, and beside them the 8-bit blocks that quantised matrices read.

use super::quantised::Blocks;

/// Activations `[rows, width]`, row-major. The buffers stay when the contents change, so that a layer that ran once allocates
/// nothing when it runs again.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    values: Vec<f32>,
    width: usize,
    blocks: Blocks,
    /// Whether `blocks` are those of `values`.
    quantised: bool,
}

impl Rows {
    /// Takes over row-major values.
    pub(crate) fn new(values: Vec<f32>, width: usize) -> Self {
        Self { values, width, ..Self::default() }
    }

    /// Length of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// All values, row-major.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be changed.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        self.quantised = false;
        &mut self.values
    }

    /// Makes it `[rows, width]`. What it holds then is to be overwritten.
    pub(crate) fn reset(&mut self, rows: usize, width: usize) -> &mut [f32] {
        self.width = width;
        self.values.resize(rows * width, 0.0);
        self.values_mut()
    }

    /// The 8-bit blocks, made when first asked for: matrices that read the same activations share them.
    pub(super) fn blocks(&mut self) -> &Blocks {
        if !self.quantised {
            self.blocks.quantise(&self.values);
            self.quantised = true;
        }
        &self.blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_the_values() {
        let mut rows = Rows::new(vec![1.0; 64], 64);
        let before = rows.blocks().clone();
        assert_eq!(*rows.blocks(), before, "asked again, the same");
        rows.values_mut()[40] = 2.0;
        assert_ne!(*rows.blocks(), before, "changed with the values");
        assert_eq!((rows.width(), rows.count()), (64, 1));
        assert_eq!(rows.reset(2, 32).len(), 64);
        assert_eq!((rows.width(), rows.count()), (32, 2));
    }
}
