//! A model's weights on their way to the GPU: picked by name, stacked where one dispatch serves several, uploaded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mambaformer_model::weights::quant::QuantError;
use mambaformer_model::weights::{Matrix, Weights, WeightsError};

use super::{Gpu, GpuError};
use crate::kernels::weights::{Format, WeightBuffer, shape};

/// Looks up weights by name.
pub struct Tensors<'w>(BTreeMap<&'w str, Cow<'w, Matrix>>);

impl<'w> Tensors<'w> {
    /// All tensors that `weights` still holds, as they are kept or (`widened`) in f32.
    pub fn new(weights: &'w Weights, widened: bool) -> Result<Self, GpuError> {
        let tensors = weights.tensors().map(|(name, matrix)| {
            if !widened {
                return Ok((name, Cow::Borrowed(matrix)));
            }
            let wide = widen(matrix).map_err(|source| WeightsError::Quant { name: name.to_owned(), source })?;
            Ok((name, Cow::Owned(wide)))
        });
        Ok(Self(tensors.collect::<Result<_, WeightsError>>()?))
    }

    /// A tensor as it is kept.
    pub fn matrix(&self, name: &str) -> Result<&Matrix, GpuError> {
        self.0.get(name).map(AsRef::as_ref).ok_or_else(|| WeightsError::NotHeld { name: name.to_owned() }.into())
    }

    /// A tensor's values, widened.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, GpuError> {
        let widened = self.matrix(name)?.clone().into_f32();
        widened.map_err(|source| WeightsError::Quant { name: name.to_owned(), source }.into())
    }

    /// The weight of a linear map, uploaded.
    pub fn upload(&self, gpu: &Gpu, name: &str) -> Result<WeightBuffer, GpuError> {
        let name = format!("{name}.weight");
        WeightBuffer::new(gpu, &name, self.matrix(&name)?)
    }

    /// The weights of several linear maps of one input, their rows taken in turns of `turn` (all of the first, then all of the second,
    /// … if `turn` is `None`), uploaded as one.
    pub fn upload_stacked(&self, gpu: &Gpu, names: &[String], turn: Option<usize>) -> Result<WeightBuffer, GpuError> {
        let matrices: Vec<&Matrix> =
            names.iter().map(|name| self.matrix(&format!("{name}.weight"))).collect::<Result<_, _>>()?;
        let stacked = stack(&matrices, turn).map_err(|source| WeightsError::Quant { name: names.join("+"), source })?;
        WeightBuffer::new(gpu, &names.join("+"), &stacked)
    }
}

/// Rows `(which, row)` of several row-major parts with so many rows each.
fn rows_of<T: Copy>(parts: &[&[T]], heights: &[usize], order: &[(usize, usize)]) -> Vec<T> {
    let mut all = Vec::new();
    for &(which, row) in order {
        let width = parts[which].len() / heights[which];
        all.extend_from_slice(&parts[which][row * width..][..width]);
    }
    all
}

fn widen(matrix: &Matrix) -> Result<Matrix, QuantError> {
    let (rows, columns) = shape(matrix);
    Ok(Matrix::F32 { rows, columns, values: matrix.clone().into_f32()? })
}

/// Rows of several matrices of one width in one, see [`Tensors::upload_stacked`]. Matrices of different formats are widened.
fn stack(matrices: &[&Matrix], turn: Option<usize>) -> Result<Matrix, QuantError> {
    let same = matrices.iter().all(|matrix| Format::of(matrix) == Format::of(matrices[0]));
    if !same {
        let widened: Vec<Matrix> = matrices.iter().map(|matrix| widen(matrix)).collect::<Result<_, _>>()?;
        return stack(&widened.iter().collect::<Vec<_>>(), turn);
    }
    let heights: Vec<usize> = matrices.iter().map(|matrix| shape(matrix).0).collect();
    let (rows, columns) = (heights.iter().sum(), shape(matrices[0]).1);
    let order: Vec<(usize, usize)> = match turn {
        None => {
            heights.iter().enumerate().flat_map(|(which, height)| (0..*height).map(move |row| (which, row))).collect()
        }
        Some(turn) => (0..heights[0].div_ceil(turn))
            .flat_map(|round| {
                heights.iter().enumerate().flat_map(move |(which, height)| {
                    (round * turn..((round + 1) * turn).min(*height)).map(move |row| (which, row))
                })
            })
            .collect(),
    };
    let words: Vec<&[u32]> = matrices
        .iter()
        .filter_map(|matrix| match matrix {
            Matrix::Q8 { words, .. } | Matrix::Q4 { words, .. } => Some(words.as_slice()),
            Matrix::F32 { .. } => None,
        })
        .collect();
    let scales: Vec<&[half::f16]> = matrices
        .iter()
        .filter_map(|matrix| match matrix {
            Matrix::Q8 { scales, .. } | Matrix::Q4 { scales, .. } => Some(scales.as_slice()),
            Matrix::F32 { .. } => None,
        })
        .collect();
    Ok(match matrices[0] {
        Matrix::F32 { .. } => {
            let values: Vec<&[f32]> = matrices
                .iter()
                .filter_map(|matrix| match matrix {
                    Matrix::F32 { values, .. } => Some(values.as_slice()),
                    Matrix::Q8 { .. } | Matrix::Q4 { .. } => None,
                })
                .collect();
            Matrix::F32 { rows, columns, values: rows_of(&values, &heights, &order) }
        }
        Matrix::Q8 { .. } => Matrix::Q8 {
            rows,
            columns,
            words: rows_of(&words, &heights, &order),
            scales: rows_of(&scales, &heights, &order),
        },
        Matrix::Q4 { .. } => Matrix::Q4 {
            rows,
            columns,
            words: rows_of(&words, &heights, &order),
            scales: rows_of(&scales, &heights, &order),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mambaformer_model::manifest::Storage;

    fn numbered(storage: Storage, rows: usize, first: f32) -> Matrix {
        let values: Vec<f32> = (0..rows).flat_map(|row| [first + row as f32; 32]).collect();
        Matrix::pack(storage, rows, 32, &values).unwrap()
    }

    fn first_columns(matrix: Matrix) -> Vec<f32> {
        matrix.into_f32().unwrap().chunks(32).map(|row| row[0].round()).collect()
    }

    #[test]
    fn rows_are_stacked_or_taken_in_turns_in_every_format() {
        for (a, b) in [
            (Storage::F32, Storage::F32),
            (Storage::Q8, Storage::Q8),
            (Storage::Q4, Storage::Q4),
            (Storage::F32, Storage::Q8),
        ] {
            let (a, b) = (numbered(a, 4, 1.0), numbered(b, 4, 11.0));
            assert_eq!(first_columns(stack(&[&a, &b], None).unwrap()), [1.0, 2.0, 3.0, 4.0, 11.0, 12.0, 13.0, 14.0]);
            assert_eq!(first_columns(stack(&[&a, &b], Some(2)).unwrap()), [1.0, 2.0, 11.0, 12.0, 3.0, 4.0, 13.0, 14.0]);
        }
    }
}
