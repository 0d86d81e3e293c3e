//! The product in WebAssembly SIMD: pairs of 16-bit integers multiplied and added into 32-bit lanes.

use std::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, f32x4_splat, i8x16_splat, i8x16_sub,
    i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i16x8_load_extend_i8x8, i32x4_add, i32x4_dot_i16x8, i32x4_splat,
    u8x16_shr, v128, v128_and, v128_load,
};

use super::layout::{QUAD_BYTES, WORDS};
use super::{PANEL, Panel, Row};

#[inline]
pub(super) fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    let quad_bytes = if NIBBLES { QUAD_BYTES / 2 } else { QUAD_BYTES };
    let mut sums = [[f32x4_splat(0.0); 2]; R];
    let blocks = panel.weights.chunks_exact(quad_bytes * WORDS / 2).zip(panel.scales);
    for (index, (weights, scales)) in blocks.enumerate() {
        let words = rows.map(|row| &row.words[index]);
        let mut products = [[i32x4_splat(0); 2]; R];
        for (at, weights) in weights.chunks_exact(quad_bytes).take(WORDS / 2).enumerate() {
            let [a, b, c, d] = quad::<NIBBLES>(weights);
            for (row, products) in products.iter_mut().enumerate() {
                let x = i32x4_splat(words[row][2 * at].cast_signed());
                products[0] = i32x4_add(products[0], i32x4_dot_i16x8(a, x));
                products[1] = i32x4_add(products[1], i32x4_dot_i16x8(b, x));
                let x = i32x4_splat(words[row][2 * at + 1].cast_signed());
                products[0] = i32x4_add(products[0], i32x4_dot_i16x8(c, x));
                products[1] = i32x4_add(products[1], i32x4_dot_i16x8(d, x));
            }
        }
        let scales = halves(scales);
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

/// Four inputs of eight outputs, widened to 16 bits: the first two of outputs 0 to 3, of 4 to 7, the last two likewise.
#[inline]
fn quad<const NIBBLES: bool>(bytes: &[u8]) -> [v128; 4] {
    if NIBBLES {
        let Some(bytes) = bytes.first_chunk::<16>() else { return [i8x16_splat(0); 4] };
        // SAFETY: reads the 16 bytes of the reference; a v128 load needs no alignment.
        let both = unsafe { v128_load(bytes.as_ptr().cast()) };
        let first = i8x16_sub(v128_and(both, i8x16_splat(15)), i8x16_splat(8));
        let last = i8x16_sub(u8x16_shr(both, 4), i8x16_splat(8));
        [
            i16x8_extend_low_i8x16(first),
            i16x8_extend_high_i8x16(first),
            i16x8_extend_low_i8x16(last),
            i16x8_extend_high_i8x16(last),
        ]
    } else {
        let (eights, _) = bytes.as_chunks::<8>();
        let [a, b, c, d] = eights else { return [i8x16_splat(0); 4] };
        // SAFETY: each reads the 8 bytes of its reference; the load needs no alignment.
        [a, b, c, d].map(|bytes| unsafe { i16x8_load_extend_i8x8(bytes.as_ptr().cast()) })
    }
}

/// Eight scales in two registers.
#[inline]
fn halves(scales: &[f32; PANEL]) -> [v128; 2] {
    let (halves, _) = scales.as_chunks::<4>();
    let [front, back] = halves else { return [f32x4_splat(0.0); 2] };
    // SAFETY: each reads the 16 bytes of its reference; a v128 load needs no alignment.
    [front, back].map(|four| unsafe { v128_load(four.as_ptr().cast()) })
}

#[inline]
fn lanes(x: v128) -> [f32; 4] {
    [f32x4_extract_lane::<0>(x), f32x4_extract_lane::<1>(x), f32x4_extract_lane::<2>(x), f32x4_extract_lane::<3>(x)]
}
