//! Where the kernels expect each weight and activation.
//!
//! A block of a panel holds 32 inputs of eight outputs. The integer dot products of the SIMD sets add up neighbours within a 32-bit
//! lane: two of 16 bits or, with relaxed SIMD, four of 8. So such a group of an output's inputs stands together, and next to it the
//! same inputs of the next output: every lane then sums one output, and nothing has to be added across lanes.

use crate::weights::quant::{BLOCK, Q4_WORDS, Q8_WORDS};

use super::PANEL;

/// Neighbouring inputs of an output that stand together.
pub(super) const GROUP: usize = if cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd")) { 4 } else { 2 };
/// Activations of a block: groups, each in a word that is ready to be copied to all lanes.
pub(super) const WORDS: usize = BLOCK / GROUP;
/// Bytes that hold four inputs of eight outputs in 8 bits; half of that in 4 bits.
pub(super) const QUAD_BYTES: usize = 4 * PANEL;

/// The largest magnitude of an activation. Seven bits with the sign, because the dot product of relaxed SIMD takes no more on one
/// side; the other kernels do the same, so that all give the same answers.
pub(super) const LARGEST: f32 = 63.0;
/// Added to activations in groups of four: that dot product wants them from 0 to 127.
pub(super) const OFFSET: i32 = 64;

/// How many bits a weight has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A byte each, as `i8`: a group of inputs of output 0, the same of output 1, …, the next group.
    Eight,
    /// Two weights a byte, the value is the nibble minus 8. Of four inputs, with groups of two: the first group in the low nibbles, the
    /// second in the high ones. With groups of four: outputs 0 to 3 in the low nibbles, 4 to 7 in the high ones.
    Four,
}

impl Format {
    /// Stored words of a block of one output.
    pub(super) const fn words(self) -> usize {
        match self {
            Self::Eight => Q8_WORDS,
            Self::Four => Q4_WORDS,
        }
    }

    /// Bytes of a block of a panel.
    pub(super) const fn block_bytes(self) -> usize {
        match self {
            Self::Eight => BLOCK * PANEL,
            Self::Four => BLOCK * PANEL / 2,
        }
    }

    /// The byte of weights that are 0.
    pub(super) const fn zero_byte(self) -> u8 {
        match self {
            Self::Eight => 0,
            Self::Four => 0x88,
        }
    }

    /// Puts an output's stored block into the panel's, in groups of G.
    pub(super) fn place<const G: usize>(self, words: &[u32], output: usize, block: &mut [u8]) {
        match self {
            Self::Eight => {
                for (k, byte) in words.iter().flat_map(|word| word.to_le_bytes()).enumerate() {
                    block[whole::<G>(k, output)] = byte;
                }
            }
            Self::Four => {
                let nibbles = words.iter().flat_map(|word| word.to_le_bytes()).flat_map(|byte| [byte & 15, byte >> 4]);
                for (k, nibble) in nibbles.enumerate() {
                    let (at, shift) = half::<G>(k, output);
                    block[at] = block[at] & !(15 << shift) | nibble << shift;
                }
            }
        }
    }

    /// The integer of an output and input of a panel's block in groups of G.
    pub(super) fn value<const G: usize>(self, block: &[u8], output: usize, k: usize) -> i8 {
        match self {
            Self::Eight => block[whole::<G>(k, output)].cast_signed(),
            Self::Four => {
                let (at, shift) = half::<G>(k, output);
                (block[at] >> shift & 15).cast_signed() - 8
            }
        }
    }
}

/// The byte of an 8-bit weight.
const fn whole<const G: usize>(k: usize, output: usize) -> usize {
    k / G * G * PANEL + G * output + k % G
}

/// The byte of a 4-bit weight, and its place in it.
const fn half<const G: usize>(k: usize, output: usize) -> (usize, u32) {
    let (column, high) = if G == 4 { (output % 4, output >= 4) } else { (output, k % 4 >= 2) };
    (k / 4 * 2 * PANEL + G * column + k % G, if high { 4 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places a block of each output and reads every weight back.
    fn there_and_back<const G: usize>() {
        for format in [Format::Eight, Format::Four] {
            let mut block = vec![format.zero_byte(); format.block_bytes()];
            assert_eq!(format.value::<G>(&block, 3, 17), 0, "{format:?}");
            let word =
                |output: usize, at: usize| u32::try_from(output * 97 + at * 31).unwrap().wrapping_mul(0x9E37_79B1);
            for output in 0..PANEL {
                let words: Vec<u32> = (0..format.words()).map(|at| word(output, at)).collect();
                format.place::<G>(&words, output, &mut block);
            }
            for output in 0..PANEL {
                for k in 0..BLOCK {
                    let expected = if format == Format::Eight {
                        word(output, k / 4).to_le_bytes()[k % 4].cast_signed()
                    } else {
                        (word(output, k / 8) >> (k % 8 * 4) & 15).to_le_bytes()[0].cast_signed() - 8
                    };
                    assert_eq!(format.value::<G>(&block, output, k), expected, "{format:?}, {G}: {output}, {k}");
                }
            }
        }
    }

    #[test]
    fn every_weight_has_a_place_of_its_own() {
        there_and_back::<2>();
        there_and_back::<4>();
    }

    #[test]
    fn the_integer_products_of_relaxed_simd_cannot_saturate() {
        // Two neighbours are added in 16 bits.
        let largest = OFFSET + 63;
        assert!((0..=127).contains(&largest) && OFFSET - 63 >= 0);
        assert!(2 * largest * 128 <= i32::from(i16::MAX));
    }
}
