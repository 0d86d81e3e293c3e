//! Activations in 7 bits: each row in blocks of 32 with a scale of their own, made for every product anew.

use crate::nn::activation::ROUND;
use crate::weights::quant::BLOCK;

use super::layout::{GROUP, LARGEST, OFFSET, WORDS};

/// Rows of activations `[rows, width]`, width a multiple of 32, as integers and scales.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::nn) struct Blocks {
    /// `[rows, width / 32]` blocks; each word holds a group of neighbours: two 16-bit integers, or four bytes with [`OFFSET`]
    /// added.
    pub(super) words: Vec<[u32; WORDS]>,
    /// `[rows, width / 32]`: value = integer * scale.
    pub(super) scales: Vec<f32>,
}

impl Blocks {
    /// Takes over whole blocks of values. A block with a value that is not finite gets a scale that is not finite, so that it does
    /// not go unnoticed in the integers.
    pub(in crate::nn) fn quantise(&mut self, values: &[f32]) {
        let (blocks, _) = values.as_chunks::<BLOCK>();
        self.words.clear();
        self.scales.clear();
        for block in blocks {
            let largest = largest(block);
            let inverse = if largest > 0.0 { LARGEST / largest } else { 0.0 };
            self.scales.push(largest / LARGEST);
            let mut words = [0; WORDS];
            for (word, group) in words.iter_mut().zip(block.chunks_exact(GROUP)) {
                *word = pack(group, inverse);
            }
            self.words.push(words);
        }
    }
}

/// A group as a word.
#[inline]
fn pack(group: &[f32], inverse: f32) -> u32 {
    match *group {
        [a, b] => integer(a * inverse) & 0xffff | integer(b * inverse) << 16,
        [a, b, c, d] => {
            let byte = |x: f32| integer(x * inverse).wrapping_add(OFFSET.cast_unsigned()) & 0xff;
            byte(a) | byte(b) << 8 | byte(c) << 16 | byte(d) << 24
        }
        _ => 0,
    }
}

/// The largest magnitude; infinite or not a number where a value is.
#[inline]
fn largest(block: &[f32; BLOCK]) -> f32 {
    // Magnitudes order like their bits, and what is not a number is above all of them.
    let mut lanes = [0u32; 8];
    for values in block.as_chunks::<8>().0 {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane = (*lane).max(value.to_bits() & 0x7fff_ffff);
        }
    }
    f32::from_bits(lanes.into_iter().fold(0, u32::max))
}

/// The nearest integer of `|x| < 2^15`, in the low 16 bits: ties to even, as the addition rounds.
#[inline]
fn integer(x: f32) -> u32 {
    (x + ROUND).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantised(values: &[f32]) -> (Vec<i16>, Vec<f32>) {
        let mut blocks = Blocks::default();
        blocks.quantise(values);
        let integers = blocks.words.iter().flatten().flat_map(|word| {
            let [a, b, c, d] = word.to_le_bytes();
            [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])]
        });
        (integers.collect(), blocks.scales)
    }

    #[test]
    fn each_block_by_its_own_largest_magnitude() {
        let mut values = vec![0.0; 96];
        values[..5].copy_from_slice(&[-126.0, 1.0, 3.0, 126.0, 5.0]);
        values[63] = 0.5;
        let (integers, scales) = quantised(&values);
        assert_eq!(scales, [2.0, 0.5 / 63.0, 0.0]);
        assert_eq!(integers[..6], [-63, 0, 2, 63, 2, 0], "halves go to the even neighbour");
        assert_eq!((integers[62], integers[63]), (0, 63));
        assert!(integers[64..].iter().all(|integer| *integer == 0));
    }

    #[test]
    fn groups_of_four_hold_the_same_integers() {
        assert_eq!(pack(&[-63.0, 62.5, 0.0, 63.0], 1.0).to_le_bytes(), [1, 126, 64, 127]);
        assert_eq!(pack(&[-63.0, 2.0], 1.0).to_le_bytes(), [0xc1, 0xff, 2, 0]);
    }

    #[test]
    fn what_is_not_finite_shows() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = vec![1.0; 64];
            values[3] = bad;
            let (_, scales) = quantised(&values);
            assert!(!scales[0].is_finite() && scales[1].is_finite(), "{bad}");
        }
    }

    #[test]
    fn the_smallest_magnitudes_do_not_overflow() {
        let (integers, scales) = quantised(&[f32::from_bits(1); 32]);
        assert!(integers.iter().all(|integer| integer.abs() <= 63), "{integers:?}, {scales:?}");
    }
}
