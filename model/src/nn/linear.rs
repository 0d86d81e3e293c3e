//! A weight matrix applied from the right, `y = x W^T (+ b)`, in f32 or quantised.

use super::Rows;
use super::dense::DenseMatrix;
use super::quantised::QuantisedMatrix;
use crate::weights::Matrix;
use crate::weights::quant::QuantError;

enum Weight {
    Dense(DenseMatrix),
    Quantised(QuantisedMatrix),
}

/// A linear map with weight `[outputs, inputs]` and an optional bias `[outputs]`.
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<Vec<f32>>,
}

impl Linear {
    /// From the stored weight `[outputs, inputs]`, packed for the kernels.
    pub(crate) fn new(weight: &Matrix, bias: Option<Vec<f32>>) -> Result<Self, QuantError> {
        let weight = match weight {
            Matrix::F32 { columns, values, .. } => Weight::Dense(DenseMatrix::new(values, *columns)),
            Matrix::Q8 { rows, columns, words, scales } => {
                Weight::Quantised(QuantisedMatrix::eight(*rows, *columns, words, scales)?)
            }
            Matrix::Q4 { rows, columns, words, scales } => {
                Weight::Quantised(QuantisedMatrix::four(*rows, *columns, words, scales)?)
            }
        };
        Ok(Self { weight, bias })
    }

    /// Makes `y [rows, outputs]` the map of `x [rows, inputs]`.
    pub(crate) fn forward(&self, x: &mut Rows, y: &mut Rows) {
        let (inputs, outputs) = match &self.weight {
            Weight::Dense(weight) => (weight.inputs(), weight.outputs()),
            Weight::Quantised(weight) => (weight.inputs(), weight.outputs()),
        };
        debug_assert_eq!(x.width(), inputs, "the config's shapes were checked at load");
        let out = y.reset(x.values().len() / inputs, outputs);
        match &self.weight {
            Weight::Dense(weight) => weight.multiply(x.values(), out),
            Weight::Quantised(weight) => weight.multiply(x.blocks(), out),
        }
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(outputs) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    *value += bias;
                }
            }
        }
    }

    /// Makes `rows [ids, inputs]` the weight's rows of the given indices, widened to f32.
    pub(crate) fn gather(&self, ids: &[u32], rows: &mut Vec<f32>) {
        rows.clear();
        for &id in ids {
            match &self.weight {
                Weight::Dense(weight) => weight.append_row(id as usize, rows),
                Weight::Quantised(weight) => weight.append_row(id as usize, rows),
            }
        }
    }
}
