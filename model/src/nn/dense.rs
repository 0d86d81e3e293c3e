//! Products in f32: weights that are not quantised, and attention.
//!
//! Each result is one sum over the inputs in ascending order, whatever else is computed beside it: so a batch gives bit for bit
//! what its rows give one by one, on every machine.

/// Outputs whose weights stand together, and what one row is multiplied with at a time: eight SIMD registers of sums on wasm, enough
/// to hide the latency of an addition.
pub(crate) const PANEL: usize = 32;
/// Outputs that several rows are multiplied with at a time.
const COLUMNS: usize = 8;
/// Rows computed together: with [`COLUMNS`] these are again eight registers, and each weight that was loaded is used four times.
pub(crate) const TILE_ROWS: usize = 4;
/// Rows that run through all panels before the next ones come: few enough for their inputs to stay in the second-level cache.
pub(super) const BAND_ROWS: usize = 128;

/// An f32 weight `[outputs, inputs]` in panels of 32 outputs: `[ceil(outputs / 32), inputs, 32]`, the last one filled up
/// with zeros.
pub(crate) struct DenseMatrix {
    panels: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl DenseMatrix {
    /// From row-major values `[outputs, inputs]`.
    pub(crate) fn new(values: &[f32], inputs: usize) -> Self {
        let outputs = values.len() / inputs;
        let mut panels = vec![0.0; outputs.div_ceil(PANEL) * inputs * PANEL];
        for (output, row) in values.chunks_exact(inputs).enumerate() {
            let panel = &mut panels[output / PANEL * inputs * PANEL..];
            for (place, value) in panel.iter_mut().skip(output % PANEL).step_by(PANEL).zip(row) {
                *place = *value;
            }
        }
        Self { panels, inputs, outputs }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Writes `x W^T` of `x [rows, inputs]` to `y [rows, outputs]`.
    pub(crate) fn multiply(&self, x: &[f32], y: &mut [f32]) {
        for (x, y) in x.chunks(BAND_ROWS * self.inputs).zip(y.chunks_mut(BAND_ROWS * self.outputs)) {
            let rows = x.len() / self.inputs;
            let whole = rows / TILE_ROWS * TILE_ROWS;
            let (x, x_rest) = x.split_at(whole * self.inputs);
            let (y, y_rest) = y.split_at_mut(whole * self.outputs);
            self.tiles::<TILE_ROWS>(x, y);
            match rows - whole {
                0 => {}
                1 => self.tiles::<1>(x_rest, y_rest),
                2 => self.tiles::<2>(x_rest, y_rest),
                _ => self.tiles::<3>(x_rest, y_rest),
            }
        }
    }

    /// [`Self::multiply`] of a multiple of R rows.
    fn tiles<const R: usize>(&self, x: &[f32], y: &mut [f32]) {
        for (panel, weights) in self.panels.chunks_exact(self.inputs * PANEL).enumerate() {
            let first = panel * PANEL;
            for (x, y) in x.chunks_exact(R * self.inputs).zip(y.chunks_exact_mut(R * self.outputs)) {
                let rows = std::array::from_fn(|row| &x[row * self.inputs..][..self.inputs]);
                tile::<R>(rows, weights, PANEL, &mut y[first..], self.outputs);
            }
        }
    }

    /// Appends row `output` of the weight, `[inputs]`.
    pub(crate) fn append_row(&self, output: usize, row: &mut Vec<f32>) {
        let panel = &self.panels[output / PANEL * self.inputs * PANEL..][..self.inputs * PANEL];
        row.extend(panel.iter().skip(output % PANEL).step_by(PANEL));
    }
}

/// Writes `sum_k rows[r][k] * weights[k * stride + column]` for up to 32 columns to `y[r * y_stride + column]`: as many as are left of a
/// row of `y`, which may start anywhere in one. The rows have one length.
#[inline]
pub(crate) fn tile<const R: usize>(rows: [&[f32]; R], weights: &[f32], stride: usize, y: &mut [f32], y_stride: usize) {
    // What is left of the last row is left of all.
    let left = y.len().saturating_sub((R - 1) * y_stride).min(PANEL);
    if R == 1 {
        for sums in &columns::<R, PANEL>(rows, weights, stride) {
            put(sums, &mut y[..left]);
        }
        return;
    }
    for first in (0..left).step_by(COLUMNS) {
        let sums = columns::<R, COLUMNS>(rows, &weights[first..], stride);
        for (row, sums) in sums.iter().enumerate() {
            put(sums, &mut y[row * y_stride..][first..left]);
        }
    }
}

/// Writes the sums to the front of `y`, as many as fit.
#[inline]
pub(super) fn put<const C: usize>(sums: &[f32; C], y: &mut [f32]) {
    // Nearly always all of them, and then no call to copy memory, which would take longer than the sums.
    match y.first_chunk_mut::<C>() {
        Some(y) => *y = *sums,
        None => {
            for (y, sum) in y.iter_mut().zip(sums) {
                *y = *sum;
            }
        }
    }
}

#[inline]
fn columns<const R: usize, const C: usize>(rows: [&[f32]; R], weights: &[f32], stride: usize) -> [[f32; C]; R] {
    let mut sums = [[0.0; C]; R];
    let length = rows.first().map_or(0, |row| row.len());
    let rows = rows.map(|row| &row[..length]);
    for (k, weights) in (0..length).zip(weights.chunks(stride)) {
        let Some(weights) = weights.first_chunk::<C>() else { break };
        for row in 0..R {
            let x = rows[row][k];
            for column in 0..C {
                sums[row][column] += x * weights[column];
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_shape_row_by_row() {
        for (rows, inputs, outputs) in
            [(1, 1, 1), (2, 3, 31), (3, 16, 32), (4, 5, 33), (5, 33, 64), (1, 20, 65), (257, 12, 20)]
        {
            let value = |seed: usize| ((seed * 37 + 11) % 64) as f32 / 8.0 - 4.0;
            let weight: Vec<f32> = (0..outputs * inputs).map(value).collect();
            let x: Vec<f32> = (0..rows * inputs).map(|at| value(at + 5)).collect();
            let matrix = DenseMatrix::new(&weight, inputs);
            let mut found = vec![f32::NAN; rows * outputs];
            matrix.multiply(&x, &mut found);
            for row in 0..rows {
                for output in 0..outputs {
                    let products = (0..inputs).map(|k| x[row * inputs + k] * weight[output * inputs + k]);
                    let expected = products.fold(0.0, |sum, product| sum + product);
                    let found = found[row * outputs + output];
                    assert_eq!(found.to_bits(), f32::to_bits(expected), "{rows} x {inputs} x {outputs}");
                }
            }
            let mut last = Vec::new();
            matrix.append_row(outputs - 1, &mut last);
            assert_eq!(last, weight[(outputs - 1) * inputs..]);
        }
    }
}
