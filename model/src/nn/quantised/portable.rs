//! The product in plain Rust: for processors without a kernel of their own, and what the kernels are held against.

use crate::weights::quant::BLOCK;

use super::layout::Format;
use super::{PANEL, Panel, Row};

pub(super) fn tile<const R: usize, const NIBBLES: bool>(panel: Panel<'_>, rows: [Row<'_>; R]) -> [[f32; PANEL]; R] {
    let format = if NIBBLES { Format::Four } else { Format::Eight };
    let mut sums = [[0.0; PANEL]; R];
    let blocks = panel.weights.chunks_exact(format.block_bytes()).zip(panel.scales);
    for (index, (weights, scales)) in blocks.enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            let mut products = [0i32; PANEL];
            for (k, x) in integers(&row.words[index]).enumerate().take(BLOCK) {
                for (output, product) in products.iter_mut().enumerate() {
                    *product += i32::from(x) * i32::from(format.value::<2>(weights, output, k));
                }
            }
            for ((sum, product), scale) in sums.iter_mut().zip(products).zip(scales) {
                *sum += product as f32 * (scale * row.scales[index]);
            }
        }
    }
    sums
}

fn integers(words: &[u32]) -> impl Iterator<Item = i16> {
    words.iter().flat_map(|word| {
        let [a, b, c, d] = word.to_le_bytes();
        [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])]
    })
}
