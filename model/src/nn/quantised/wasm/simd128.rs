//! Sums of products in WebAssembly SIMD: pairs of 16-bit integers multiplied and added into 32-bit lanes.

use std::arch::wasm32::{
    i8x16_splat, i8x16_sub, i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i16x8_load_extend_i8x8, i32x4_add,
    i32x4_dot_i16x8, i32x4_splat, u8x16_shr, v128, v128_and,
};

use super::super::PANEL;
use super::super::layout::{QUAD_BYTES, WORDS};
use super::load;

/// The integer sums of one block: R rows, eight outputs.
#[inline]
pub(super) fn products<const R: usize, const NIBBLES: bool>(
    weights: &[u8],
    words: [&[u32; WORDS]; R],
    _start: Option<&[i32; PANEL]>,
) -> [[v128; 2]; R] {
    let quad_bytes = if NIBBLES { QUAD_BYTES / 2 } else { QUAD_BYTES };
    let mut products = [[i32x4_splat(0); 2]; R];
    for (at, weights) in weights.chunks_exact(quad_bytes).take(WORDS / 2).enumerate() {
        let [a, b, c, d] = quad::<NIBBLES>(weights);
        for (words, products) in words.iter().zip(&mut products) {
            let x = i32x4_splat(words[2 * at].cast_signed());
            products[0] = i32x4_add(products[0], i32x4_dot_i16x8(a, x));
            products[1] = i32x4_add(products[1], i32x4_dot_i16x8(b, x));
            let x = i32x4_splat(words[2 * at + 1].cast_signed());
            products[0] = i32x4_add(products[0], i32x4_dot_i16x8(c, x));
            products[1] = i32x4_add(products[1], i32x4_dot_i16x8(d, x));
        }
    }
    products
}

/// Four inputs of eight outputs, widened to 16 bits: the first two of outputs 0 to 3, of 4 to 7, the last two likewise.
#[inline]
fn quad<const NIBBLES: bool>(bytes: &[u8]) -> [v128; 4] {
    if NIBBLES {
        let Some(bytes) = bytes.first_chunk::<16>() else { return [i8x16_splat(0); 4] };
        let both = load(bytes);
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
