//! Products of quantised weights: 7-bit activations against 8- or 4-bit weights, both in blocks of 32 along the inputs.
//!
//! A block's products are summed in integers, which is exact in any order; then `sum += integers * (weight scale * activation
//! scale)` in f32, block by block. So every implementation — and a batch against its rows one by one — gives the same bits.

mod blocks;
mod layout;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

pub(super) use blocks::Blocks;

use half::f16;

use super::dense::{BAND_ROWS, put};
use crate::weights::quant::{BLOCK, QuantError, check_blocks};
use layout::{Format, GROUP, OFFSET};

/// Rows computed together, by measurement: with more, V8 keeps sums in memory.
const TILE_ROWS: usize = if GROUP == 4 { 3 } else { 4 };
/// Outputs computed together: two SIMD registers of wasm, one of AVX2.
const PANEL: usize = 8;

/// A block-quantised weight `[outputs, inputs]`, packed for the kernels in panels of eight outputs, the last one filled up with zeros.
pub(crate) struct QuantisedMatrix {
    format: Format,
    /// `[ceil(outputs / 8), inputs / 32]` blocks of [`Format::block_bytes`].
    weights: Vec<u8>,
    /// `[ceil(outputs / 8), inputs / 32, 8]`
    scales: Vec<[f32; PANEL]>,
    /// What each block's sum starts from where activations have [`OFFSET`] added: minus so many times the sum of its weights. As
    /// `scales`; empty where they have not.
    starts: Vec<[i32; PANEL]>,
    inputs: usize,
    outputs: usize,
}

/// What a tile reads of the weights: the blocks of one panel and their scales.
#[derive(Clone, Copy)]
struct Panel<'a> {
    weights: &'a [u8],
    scales: &'a [[f32; PANEL]],
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code))] // only relaxed SIMD has offsets
    starts: &'a [[i32; PANEL]],
}

/// What a tile reads of one row of activations.
#[derive(Clone, Copy)]
struct Row<'a> {
    words: &'a [[u32; layout::WORDS]],
    scales: &'a [f32],
}

impl QuantisedMatrix {
    /// From stored 8-bit blocks.
    pub(crate) fn eight(outputs: usize, inputs: usize, words: &[u32], scales: &[f16]) -> Result<Self, QuantError> {
        Self::pack(Format::Eight, outputs, inputs, words, scales)
    }

    /// From stored 4-bit blocks.
    pub(crate) fn four(outputs: usize, inputs: usize, words: &[u32], scales: &[f16]) -> Result<Self, QuantError> {
        Self::pack(Format::Four, outputs, inputs, words, scales)
    }

    fn pack(format: Format, outputs: usize, inputs: usize, words: &[u32], scales: &[f16]) -> Result<Self, QuantError> {
        check_blocks(outputs, inputs, words, scales, format.words())?;
        let across = inputs / BLOCK;
        let blocks = outputs.div_ceil(PANEL) * across;
        let mut packed = Self {
            format,
            weights: vec![format.zero_byte(); blocks * format.block_bytes()],
            scales: vec![[0.0; PANEL]; blocks],
            starts: Vec::new(),
            inputs,
            outputs,
        };
        for (index, (words, scale)) in words.chunks_exact(format.words()).zip(scales).enumerate() {
            let (output, block) = (index / across, index % across);
            let at = output / PANEL * across + block;
            packed.scales[at][output % PANEL] = scale.to_f32();
            let bytes = &mut packed.weights[at * format.block_bytes()..][..format.block_bytes()];
            format.place::<GROUP>(words, output % PANEL, bytes);
        }
        if GROUP == 4 {
            let sum = |block: &[u8], output| {
                (0..BLOCK).map(|k| i32::from(format.value::<GROUP>(block, output, k))).sum::<i32>()
            };
            let blocks = packed.weights.chunks_exact(format.block_bytes());
            packed.starts = blocks.map(|block| std::array::from_fn(|output| -OFFSET * sum(block, output))).collect();
        }
        Ok(packed)
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Writes `x W^T` of `x [rows, inputs]` to `y [rows, outputs]`.
    pub(super) fn multiply(&self, x: &Blocks, y: &mut [f32]) {
        let kernel = match self.format {
            Format::Eight => Self::multiply_by::<false>,
            Format::Four => Self::multiply_by::<true>,
        };
        let across = self.inputs / BLOCK;
        let bands = x.words.chunks(BAND_ROWS * across).zip(x.scales.chunks(BAND_ROWS * across));
        for ((words, scales), y) in bands.zip(y.chunks_mut(BAND_ROWS * self.outputs)) {
            kernel(self, Row { words, scales }, y);
        }
    }

    fn multiply_by<const NIBBLES: bool>(&self, x: Row<'_>, y: &mut [f32]) {
        let across = self.inputs / BLOCK;
        let rows = x.scales.len() / across;
        let whole = rows / TILE_ROWS * TILE_ROWS;
        let (words, words_rest) = x.words.split_at(whole * across);
        let (scales, scales_rest) = x.scales.split_at(whole * across);
        let (y, y_rest) = y.split_at_mut(whole * self.outputs);
        self.tiles::<TILE_ROWS, NIBBLES>(Row { words, scales }, y);
        let rest = Row { words: words_rest, scales: scales_rest };
        match rows - whole {
            0 => {}
            1 => self.tiles::<1, NIBBLES>(rest, y_rest),
            2 => self.tiles::<2, NIBBLES>(rest, y_rest),
            _ => self.tiles::<3, NIBBLES>(rest, y_rest),
        }
    }

    /// The product for a multiple of R rows: all rows against one panel before the next, whose weights then come from the first-level
    /// cache.
    fn tiles<const R: usize, const NIBBLES: bool>(&self, x: Row<'_>, y: &mut [f32]) {
        let across = self.inputs / BLOCK;
        let panels =
            self.weights.chunks_exact(across * self.format.block_bytes()).zip(self.scales.chunks_exact(across));
        for (index, (weights, scales)) in panels.enumerate() {
            let starts = self.starts.get(index * across..(index + 1) * across).unwrap_or_default();
            let panel = Panel { weights, scales, starts };
            let first = index * PANEL;
            let groups = x.words.chunks_exact(R * across).zip(x.scales.chunks_exact(R * across));
            for ((words, row_scales), y) in groups.zip(y.chunks_exact_mut(R * self.outputs)) {
                let rows = std::array::from_fn(|row| Row {
                    words: &words[row * across..][..across],
                    scales: &row_scales[row * across..][..across],
                });
                let sums = tile::<R, NIBBLES>(panel, rows);
                for (sums, y) in sums.iter().zip(y.chunks_exact_mut(self.outputs)) {
                    put(sums, &mut y[first..]);
                }
            }
        }
    }

    /// Appends row `output` of the weight, widened to f32, `[inputs]`.
    pub(crate) fn append_row(&self, output: usize, row: &mut Vec<f32>) {
        let across = self.inputs / BLOCK;
        let first = output / PANEL * across;
        let blocks = self.weights.chunks_exact(self.format.block_bytes()).zip(&self.scales);
        for (bytes, scales) in blocks.skip(first).take(across) {
            let scale = scales[output % PANEL];
            row.extend((0..BLOCK).map(|k| f32::from(self.format.value::<GROUP>(bytes, output % PANEL, k)) * scale));
        }
    }
}

/// `sum_blocks (sum_k integers) * (weight scale * activation scale)` of R rows and eight outputs.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    wasm::tile::<R, NIBBLES>(panel, rows)
}

/// `sum_blocks (sum_k integers) * (weight scale * activation scale)` of R rows and eight outputs.
#[cfg(target_arch = "x86_64")]
#[inline]
fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the function needs nothing but AVX2, and this processor has it.
        return unsafe { avx2::tile::<R, NIBBLES>(panel, rows) };
    }
    portable::tile::<R, NIBBLES>(panel, rows)
}

/// `sum_blocks (sum_k integers) * (weight scale * activation scale)` of R rows and eight outputs.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline]
fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    portable::tile::<R, NIBBLES>(panel, rows)
}

#[cfg(test)]
mod tests;
