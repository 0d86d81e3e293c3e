//! A tensor as it stands on disk, and its ways into candle and into plain f32.

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use half::f16;
use std::borrow::Cow;

use crate::manifest::Storage;

use super::quant::{self, BLOCK, Blocks, QuantError};

/// A tensor in its storage, seen as rows and columns: a vector is one row, further dimensions are flattened into columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// Plain values.
    F32 {
        /// Outputs; 1 for a vector.
        rows: usize,
        /// Inputs.
        columns: usize,
        /// `[rows, columns]`
        values: Vec<f32>,
    },
    /// 8-bit blocks.
    Q8 {
        /// Outputs.
        rows: usize,
        /// Inputs, a multiple of 32.
        columns: usize,
        /// `[rows, columns / 4]`
        words: Vec<u32>,
        /// `[rows, columns / 32]`
        scales: Vec<f16>,
    },
    /// 4-bit blocks.
    Q4 {
        /// Outputs.
        rows: usize,
        /// Inputs, a multiple of 32.
        columns: usize,
        /// `[rows, columns / 8]`
        words: Vec<u32>,
        /// `[rows, columns / 32]`
        scales: Vec<f16>,
    },
}

impl Matrix {
    /// Quantises (or keeps) the values of `[rows, columns]`.
    pub fn pack(storage: Storage, rows: usize, columns: usize, values: &[f32]) -> Result<Self, QuantError> {
        Ok(match storage {
            Storage::F32 => Self::F32 { rows, columns, values: values.to_vec() },
            Storage::Q8 => {
                let Blocks { words, scales } = quant::quantise_q8(rows, columns, values)?;
                Self::Q8 { rows, columns, words, scales }
            }
            Storage::Q4 => {
                let Blocks { words, scales } = quant::quantise_q4(rows, columns, values)?;
                Self::Q4 { rows, columns, words, scales }
            }
        })
    }

    /// Its format.
    #[must_use]
    pub fn storage(&self) -> Storage {
        match self {
            Self::F32 { .. } => Storage::F32,
            Self::Q8 { .. } => Storage::Q8,
            Self::Q4 { .. } => Storage::Q4,
        }
    }

    /// Bytes of values, or of words and scales.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::F32 { values, .. } => size_of_val(values.as_slice()),
            Self::Q8 { words, scales, .. } | Self::Q4 { words, scales, .. } => {
                size_of_val(words.as_slice()) + size_of_val(scales.as_slice())
            }
        }
    }

    /// The values in f32, row-major.
    pub fn into_f32(self) -> Result<Vec<f32>, QuantError> {
        match self {
            Self::F32 { values, .. } => Ok(values),
            Self::Q8 { rows, columns, words, scales } => quant::dequantise_q8(rows, columns, &words, &scales),
            Self::Q4 { rows, columns, words, scales } => quant::dequantise_q4(rows, columns, &words, &scales),
        }
    }

    /// Appends one row's values in f32: a table of embeddings stays in its storage and is widened where it is read.
    pub(crate) fn append_row(&self, row: usize, target: &mut Vec<f32>) -> Result<(), QuantError> {
        match self {
            Self::F32 { columns, values, .. } => target.extend_from_slice(&values[row * columns..][..*columns]),
            Self::Q8 { columns, words, scales, .. } => {
                let (words, scales) = of_row(row, *columns, quant::Q8_WORDS, words, scales);
                target.extend(quant::dequantise_q8(1, *columns, words, scales)?);
            }
            Self::Q4 { columns, words, scales, .. } => {
                let (words, scales) = of_row(row, *columns, quant::Q4_WORDS, words, scales);
                target.extend(quant::dequantise_q4(1, *columns, words, scales)?);
            }
        }
        Ok(())
    }

    /// Hands the matrix to candle, for `QMatMul::from_qtensor`. Quantised storage is repacked into candle's interleaved
    /// `Q8_0` and `Q4_0` blocks, value for value; f32 stays f32.
    pub fn into_qtensor(self) -> candle_core::Result<QTensor> {
        let malformed = |error: QuantError| candle_core::Error::wrap(error);
        let (rows, columns, storage) = match self {
            Self::F32 { rows, columns, values } => {
                (rows, columns, stored(bytemuck::cast_slice(&values), GgmlDType::F32)?)
            }
            Self::Q8 { rows, columns, words, scales } => {
                quant::check_blocks(rows, columns, &words, &scales, quant::Q8_WORDS).map_err(malformed)?;
                (rows, columns, stored(bytemuck::cast_slice(&q8_0_blocks(&words, &scales)), GgmlDType::Q8_0)?)
            }
            Self::Q4 { rows, columns, words, scales } => {
                quant::check_blocks(rows, columns, &words, &scales, quant::Q4_WORDS).map_err(malformed)?;
                (rows, columns, stored(bytemuck::cast_slice(&q4_0_blocks(&words, &scales)), GgmlDType::Q4_0)?)
            }
        };
        QTensor::new(storage, (rows, columns))
    }
}

/// The blocks of one row.
fn of_row<'a>(
    row: usize,
    columns: usize,
    words_per_block: usize,
    words: &'a [u32],
    scales: &'a [f16],
) -> (&'a [u32], &'a [f16]) {
    let across = columns / BLOCK;
    (&words[row * across * words_per_block..][..across * words_per_block], &scales[row * across..][..across])
}

fn stored(bytes: &[u8], dtype: GgmlDType) -> candle_core::Result<QStorage> {
    QStorage::from_data(Cow::Borrowed(bytes), &Device::Cpu, dtype)
}

/// candle's `BlockQ8_0`: the f16 scale, then the 32 integers in order. Made of `u16` because candle reads them as such.
fn q8_0_blocks(words: &[u32], scales: &[f16]) -> Vec<u16> {
    let mut blocks = Vec::with_capacity(scales.len() * (1 + BLOCK / 2));
    for (words, scale) in words.chunks_exact(quant::Q8_WORDS).zip(scales) {
        blocks.push(scale.to_bits());
        for word in words {
            let [a, b, c, d] = word.to_le_bytes();
            blocks.push(u16::from_le_bytes([a, b]));
            blocks.push(u16::from_le_bytes([c, d]));
        }
    }
    blocks
}

/// candle's `BlockQ4_0`: the f16 scale, then 16 bytes; byte j holds element j in its low and element j + 16 in its high nibble.
fn q4_0_blocks(words: &[u32], scales: &[f16]) -> Vec<u16> {
    let mut blocks = Vec::with_capacity(scales.len() * (1 + BLOCK / 4));
    for (words, scale) in words.chunks_exact(quant::Q4_WORDS).zip(scales) {
        blocks.push(scale.to_bits());
        let (front, back) = words.split_at(quant::Q4_WORDS / 2);
        for (&front, &back) in front.iter().zip(back) {
            // Nibbles 2i and 2i + 1 of the word become bytes 2i and 2i + 1, one u16 at a time.
            for pair in 0..4 {
                let low = front >> (8 * pair);
                let high = back >> (8 * pair);
                let even = (low & 15) | (high & 15) << 4;
                let odd = (low >> 4 & 15) | (high >> 4 & 15) << 4;
                let [first, ..] = even.to_le_bytes();
                let [second, ..] = odd.to_le_bytes();
                blocks.push(u16::from_le_bytes([first, second]));
            }
        }
    }
    blocks
}
