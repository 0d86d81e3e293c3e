//! Block quantisation: 32 neighbours of a row share one f16 scale; the integers are packed into `u32` words, apart from
//! the scales, so that a shader reads both aligned.
//!
//! A matrix of n rows and k columns, k a multiple of 32, becomes
//! - q8: words `[n, k / 4]`, byte i of word w is element 4w + i as `i8`, value = integer * scale;
//! - q4: words `[n, k / 8]`, nibble i of word w is element 8w + i, value = (nibble - 8) * scale;
//! - scales `[n, k / 32]` in f16 for either.

use half::f16;

/// Values that share a scale.
pub const BLOCK: usize = 32;
/// Words of a q8 block.
pub const Q8_WORDS: usize = BLOCK / 4;
/// Words of a q4 block.
pub const Q4_WORDS: usize = BLOCK / 8;

/// Largest integer of q8; -128 is not used, so that a block can be negated exactly.
const Q8_LARGEST: f32 = 127.0;

/// Integers and scales of a quantised matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// Packed integers, row-major.
    pub words: Vec<u32>,
    /// One scale per 32 values, row-major.
    pub scales: Vec<f16>,
}

/// A matrix that cannot be quantised.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QuantError {
    /// Rows that are not whole blocks.
    #[error("its rows have {columns} values, blocks need a multiple of {BLOCK}; keep it in f32")]
    Columns {
        /// Length of a row.
        columns: usize,
    },
    /// Values, words or scales do not make up the shape.
    #[error("{found} {what} for a matrix of {rows} x {columns}, expected are {expected}")]
    Length {
        /// "values", "words" or "scales".
        what: &'static str,
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
        /// How many there are.
        found: usize,
        /// How many the shape asks for.
        expected: usize,
    },
    /// Infinite or not a number.
    #[error("value {index} is not finite; the training diverged or the file is damaged")]
    NotFinite {
        /// Its index, row-major.
        index: usize,
    },
    /// A block whose scale does not fit f16.
    #[error("block {block} reaches {largest}, its scale does not fit 16 bits; keep the tensor in f32")]
    TooLarge {
        /// Index of the block.
        block: usize,
        /// Largest magnitude in it.
        largest: f32,
    },
}

/// Quantises `[rows, columns]` to 8 bits. The error of a value is at most 0.57 scales where the scale is a normal f16.
pub fn quantise_q8(rows: usize, columns: usize, values: &[f32]) -> Result<Blocks, QuantError> {
    quantise(rows, columns, values, Q8_WORDS, |block, words| {
        let scale = f16::from_f32(largest(block) / Q8_LARGEST);
        let by = scale.to_f32();
        for (word, four) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = four.iter().rev().fold(0, |word, &value| word << 8 | u32::from(q8_byte(value, by)));
        }
        scale
    })
}

/// Quantises `[rows, columns]` to 4 bits. Each block takes, of some thirty scales, the one with the least squared error.
pub fn quantise_q4(rows: usize, columns: usize, values: &[f32]) -> Result<Blocks, QuantError> {
    quantise(rows, columns, values, Q4_WORDS, |block, words| {
        let scale = best_q4_scale(block);
        let by = scale.to_f32();
        for (word, eight) in words.iter_mut().zip(block.chunks_exact(8)) {
            *word = eight.iter().rev().fold(0, |word, &value| word << 4 | q4_nibble(value, by));
        }
        scale
    })
}

/// Checks the matrix and runs `pack` on each block; it fills the words and gives the scale.
fn quantise(
    rows: usize,
    columns: usize,
    values: &[f32],
    words_per_block: usize,
    mut pack: impl FnMut(&[f32], &mut [u32]) -> f16,
) -> Result<Blocks, QuantError> {
    if !columns.is_multiple_of(BLOCK) || columns == 0 {
        return Err(QuantError::Columns { columns });
    }
    expect_length("values", rows, columns, values.len(), rows.checked_mul(columns))?;
    let blocks = values.len() / BLOCK;
    let mut words = vec![0; blocks * words_per_block];
    let mut scales = Vec::with_capacity(blocks);
    for (index, (block, words)) in values.chunks_exact(BLOCK).zip(words.chunks_exact_mut(words_per_block)).enumerate() {
        if let Some(at) = block.iter().position(|value| !value.is_finite()) {
            return Err(QuantError::NotFinite { index: index * BLOCK + at });
        }
        let scale = pack(block, words);
        if !scale.is_finite() {
            return Err(QuantError::TooLarge { block: index, largest: largest(block) });
        }
        scales.push(scale);
    }
    Ok(Blocks { words, scales })
}

/// Widens q8 words and scales of `[rows, columns]` to f32.
pub fn dequantise_q8(rows: usize, columns: usize, words: &[u32], scales: &[f16]) -> Result<Vec<f32>, QuantError> {
    check_blocks(rows, columns, words, scales, Q8_WORDS)?;
    let mut values = Vec::with_capacity(rows * columns);
    for (words, scale) in words.chunks_exact(Q8_WORDS).zip(scales) {
        let scale = scale.to_f32();
        for word in words {
            values.extend(word.to_le_bytes().map(|byte| f32::from(byte.cast_signed()) * scale));
        }
    }
    Ok(values)
}

/// Widens q4 words and scales of `[rows, columns]` to f32.
pub fn dequantise_q4(rows: usize, columns: usize, words: &[u32], scales: &[f16]) -> Result<Vec<f32>, QuantError> {
    check_blocks(rows, columns, words, scales, Q4_WORDS)?;
    let mut values = Vec::with_capacity(rows * columns);
    for (words, scale) in words.chunks_exact(Q4_WORDS).zip(scales) {
        let scale = scale.to_f32();
        for word in words {
            for byte in word.to_le_bytes() {
                values.push((f32::from(byte & 15) - 8.0) * scale);
                values.push((f32::from(byte >> 4) - 8.0) * scale);
            }
        }
    }
    Ok(values)
}

/// Checks that words and scales make up `[rows, columns]`.
pub(crate) fn check_blocks(
    rows: usize,
    columns: usize,
    words: &[u32],
    scales: &[f16],
    words_per_block: usize,
) -> Result<(), QuantError> {
    if !columns.is_multiple_of(BLOCK) || columns == 0 {
        return Err(QuantError::Columns { columns });
    }
    let blocks = rows.checked_mul(columns / BLOCK);
    expect_length("scales", rows, columns, scales.len(), blocks)?;
    expect_length("words", rows, columns, words.len(), blocks.and_then(|blocks| blocks.checked_mul(words_per_block)))
}

fn expect_length(
    what: &'static str,
    rows: usize,
    columns: usize,
    found: usize,
    expected: Option<usize>,
) -> Result<(), QuantError> {
    if expected == Some(found) {
        return Ok(());
    }
    Err(QuantError::Length { what, rows, columns, found, expected: expected.unwrap_or(usize::MAX) })
}

/// Root of the squared error over the squared values; 0 for a tensor of zeros kept as zeros.
#[must_use]
pub fn relative_rms_error(original: &[f32], restored: &[f32]) -> f64 {
    let mut error = 0.0;
    let mut power = 0.0;
    for (&original, &restored) in original.iter().zip(restored) {
        error += f64::from(original - restored).powi(2);
        power += f64::from(original).powi(2);
    }
    if power > 0.0 { (error / power).sqrt() } else { error.sqrt() }
}

fn largest(block: &[f32]) -> f32 {
    block.iter().fold(0.0, |largest, value| value.abs().max(largest))
}

/// Rounds `value / scale` to -127..=127; a scale of 0 (all values below f16's range) gives 0.
#[allow(clippy::cast_possible_truncation)] // clamped to the range of i8
fn q8_byte(value: f32, scale: f32) -> u8 {
    if scale == 0.0 {
        return 0;
    }
    ((value / scale).round_ties_even().clamp(-Q8_LARGEST, Q8_LARGEST) as i8).cast_unsigned()
}

/// Rounds `value / scale` to -8..=7 and adds 8.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=15
fn q4_nibble(value: f32, scale: f32) -> u32 {
    if scale == 0.0 {
        return 8;
    }
    (q4_level(value, scale.recip()) + 8.0) as u32
}

#[inline]
fn q4_level(value: f32, inverse: f32) -> f32 {
    (value * inverse).round_ties_even().clamp(-8.0, 7.0)
}

/// The scale with the least squared error among: the largest magnitude on level -8 (16 levels used, either sign of scale),
/// the same clipped or stretched by up to a quarter, and the least-squares fit of the best of these.
fn best_q4_scale(block: &[f32]) -> f16 {
    let extreme =
        block.iter().copied().fold(0.0f32, |extreme, value| if value.abs() > extreme.abs() { value } else { extreme });
    if extreme == 0.0 {
        return f16::ZERO;
    }
    let mut best = f16::from_f32(extreme / -8.0);
    let mut least = q4_error(block, best);
    let mut consider = |scale: f32| {
        let scale = f16::from_f32(scale);
        let error = q4_error(block, scale);
        if error < least {
            (best, least) = (scale, error);
        }
    };
    for level in [-10.0, -9.5, -9.0, -8.75, -8.5, -8.25, -7.75, -7.5, -7.25, -7.0, -6.75, -6.5, -6.25, -6.0] {
        consider(extreme / level);
        consider(extreme / (-level - 1.0));
    }
    let inverse = best.to_f32().recip();
    let (mut product, mut square) = (0.0, 0.0);
    for &value in block {
        let level = q4_level(value, inverse);
        product += value * level;
        square += level * level;
    }
    let refined = f16::from_f32(product / square);
    if q4_error(block, refined) < least { refined } else { best }
}

/// Squared error of a block at a scale; infinite for a scale that cannot be used.
fn q4_error(block: &[f32], scale: f16) -> f32 {
    let scale = scale.to_f32();
    if scale == 0.0 || !scale.is_finite() {
        return f32::INFINITY;
    }
    let inverse = scale.recip();
    block
        .iter()
        .map(|&value| {
            let error = value - q4_level(value, inverse) * scale;
            error * error
        })
        .sum()
}
