//! The product on x86-64 with AVX2, as [`super::portable`] computes it: pairs of 16-bit integers multiplied and added into 32-bit lanes.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_and_si128, _mm_loadu_si128, _mm_set1_epi8, _mm_srli_epi16, _mm_sub_epi8,
    _mm256_add_epi32, _mm256_add_ps, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps, _mm256_loadu_ps, _mm256_madd_epi16,
    _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_storeu_ps,
};

use super::layout::{QUAD_BYTES, WORDS};
use super::{PANEL, Panel, Row};

#[target_feature(enable = "avx2")]
pub(super) fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    let quad_bytes = if NIBBLES { QUAD_BYTES / 2 } else { QUAD_BYTES };
    let mut sums = [_mm256_setzero_ps(); R];
    let blocks = panel.weights.chunks_exact(quad_bytes * WORDS / 2).zip(panel.scales);
    for (index, (weights, scales)) in blocks.enumerate() {
        let words = rows.map(|row| &row.words[index]);
        let mut products = [_mm256_setzero_si256(); R];
        for (at, weights) in weights.chunks_exact(quad_bytes).take(WORDS / 2).enumerate() {
            let [a, b] = quad::<NIBBLES>(weights);
            for (row, product) in products.iter_mut().enumerate() {
                let x = _mm256_set1_epi32(words[row][2 * at].cast_signed());
                *product = _mm256_add_epi32(*product, _mm256_madd_epi16(a, x));
                let x = _mm256_set1_epi32(words[row][2 * at + 1].cast_signed());
                *product = _mm256_add_epi32(*product, _mm256_madd_epi16(b, x));
            }
        }
        // SAFETY: reads the 32 bytes of the array; the load needs no alignment.
        let scales = unsafe { _mm256_loadu_ps(scales.as_ptr()) };
        for (row, (sum, product)) in sums.iter_mut().zip(products).enumerate() {
            let scale = _mm256_mul_ps(scales, _mm256_set1_ps(rows[row].scales[index]));
            *sum = _mm256_add_ps(*sum, _mm256_mul_ps(_mm256_cvtepi32_ps(product), scale));
        }
    }
    sums.map(|sum| values(sum))
}

/// Four inputs of eight outputs, widened to 16 bits: the first two, the last two.
#[target_feature(enable = "avx2")]
fn quad<const NIBBLES: bool>(bytes: &[u8]) -> [__m256i; 2] {
    let (halves, _) = bytes.as_chunks::<16>();
    if NIBBLES {
        let [both] = halves else { return [_mm256_setzero_si256(); 2] };
        let both = load(both);
        let nibble = _mm_set1_epi8(15);
        let eight = _mm_set1_epi8(8);
        let first = _mm_and_si128(both, nibble);
        let last = _mm_and_si128(_mm_srli_epi16(both, 4), nibble);
        [_mm256_cvtepi8_epi16(_mm_sub_epi8(first, eight)), _mm256_cvtepi8_epi16(_mm_sub_epi8(last, eight))]
    } else {
        let [first, last] = halves else { return [_mm256_setzero_si256(); 2] };
        [_mm256_cvtepi8_epi16(load(first)), _mm256_cvtepi8_epi16(load(last))]
    }
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: reads the 16 bytes of the reference; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn values(x: __m256) -> [f32; PANEL] {
    let mut values = [0.0; PANEL];
    // SAFETY: writes the 32 bytes of the array; the store needs no alignment.
    unsafe { _mm256_storeu_ps(values.as_mut_ptr(), x) };
    values
}
