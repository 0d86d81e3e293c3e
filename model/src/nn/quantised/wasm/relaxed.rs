//! Sums of products in relaxed SIMD: groups of four bytes multiplied and added into 32-bit lanes by one instruction.
//!
//! Its second operand must be 0 to 127, or what it computes depends on the machine: these are the activations, with an offset
//! that the start of the sum takes back.

use std::arch::wasm32::{
    i8x16_splat, i8x16_sub, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat, u8x16_shr, v128, v128_and,
};

use super::super::PANEL;
use super::super::layout::{QUAD_BYTES, WORDS};
use super::load;

/// The integer sums of one block: R rows, eight outputs.
#[inline]
pub(super) fn products<const R: usize, const NIBBLES: bool>(
    weights: &[u8],
    words: [&[u32; WORDS]; R],
    start: Option<&[i32; PANEL]>,
) -> [[v128; 2]; R] {
    let quad_bytes = if NIBBLES { QUAD_BYTES / 2 } else { QUAD_BYTES };
    let start = match start.map(|start| start.as_chunks::<4>().0) {
        Some([front, back]) => [load(front), load(back)],
        _ => [i32x4_splat(0); 2],
    };
    let mut products = [start; R];
    // A loop whose length the compiler knows is unrolled, and V8 then moves the sums between registers and memory all the time:
    // 45 instead of 70 products a nanosecond.
    let quads = std::hint::black_box(WORDS);
    for (at, weights) in weights.chunks_exact(quad_bytes).take(quads).enumerate() {
        let [front, back] = quad::<NIBBLES>(weights);
        for (words, products) in words.iter().zip(&mut products) {
            let x = i32x4_splat(words[at % WORDS].cast_signed());
            products[0] = i32x4_relaxed_dot_i8x16_i7x16_add(front, x, products[0]);
            products[1] = i32x4_relaxed_dot_i8x16_i7x16_add(back, x, products[1]);
        }
    }
    products
}

/// Four inputs of outputs 0 to 3 and of 4 to 7.
#[inline]
fn quad<const NIBBLES: bool>(bytes: &[u8]) -> [v128; 2] {
    let (halves, _) = bytes.as_chunks::<16>();
    match halves {
        [both] if NIBBLES => {
            let both = load(both);
            let front = i8x16_sub(v128_and(both, i8x16_splat(15)), i8x16_splat(8));
            [front, i8x16_sub(u8x16_shr(both, 4), i8x16_splat(8))]
        }
        [front, back] => [load(front), load(back)],
        _ => [i8x16_splat(0); 2],
    }
}
