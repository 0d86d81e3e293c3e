//! The product in WebAssembly SIMD, as [`super::portable`] computes it.

#[cfg(target_feature = "relaxed-simd")]
mod relaxed;
#[cfg(not(target_feature = "relaxed-simd"))]
mod simd128;

use std::arch::wasm32::{f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, f32x4_splat, v128, v128_load};

#[cfg(target_feature = "relaxed-simd")]
use relaxed::products;
#[cfg(not(target_feature = "relaxed-simd"))]
use simd128::products;

use super::layout::Format;
use super::{PANEL, Panel, Row};

#[inline]
pub(super) fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    let block_bytes = if NIBBLES { Format::Four.block_bytes() } else { Format::Eight.block_bytes() };
    let mut sums = [[f32x4_splat(0.0); 2]; R];
    let blocks = panel.weights.chunks_exact(block_bytes).zip(panel.scales);
    for (index, (weights, scales)) in blocks.enumerate() {
        let words = rows.map(|row| &row.words[index]);
        let products = products::<R, NIBBLES>(weights, words, panel.starts.get(index));
        let scales = match scales.as_chunks::<4>().0 {
            [front, back] => [load(front), load(back)],
            _ => [f32x4_splat(0.0); 2],
        };
        for (row, (sums, products)) in sums.iter_mut().zip(products).enumerate() {
            let scale = f32x4_splat(rows[row].scales[index]);
            for half in 0..2 {
                let scaled = f32x4_mul(f32x4_convert_i32x4(products[half]), f32x4_mul(scales[half], scale));
                sums[half] = f32x4_add(sums[half], scaled);
            }
        }
    }
    sums.map(|[front, back]| {
        let [a, b, c, d] = lanes(front);
        let [e, f, g, h] = lanes(back);
        [a, b, c, d, e, f, g, h]
    })
}

/// Sixteen bytes as a register.
#[inline]
fn load<T: bytemuck::NoUninit, const N: usize>(values: &[T; N]) -> v128 {
    const { assert!(size_of::<[T; N]>() == 16) };
    // SAFETY: reads the 16 bytes of the reference, all of them initialised; a v128 load needs no alignment.
    unsafe { v128_load(values.as_ptr().cast()) }
}

#[inline]
fn lanes(x: v128) -> [f32; 4] {
    [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x), f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)]
}
