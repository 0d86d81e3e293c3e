//! Where the kernels expect each weight and activation.
//!
//! A block of a panel holds 32 inputs of eight outputs. The integer dot products of the SIMD sets add up neighbours within a 32-bit
//! lane, so an output's neighbouring inputs — two of 16 bits — stand beside each other, and next to them those of the next output:
//! every lane then sums one output, and nothing has to be added across lanes.

use crate::weights::quant::{BLOCK, Q4_WORDS, Q8_WORDS};

use super::PANEL;

/// Activations of a block: pairs of 16-bit integers, ready to be copied to all lanes.
pub(super) const WORDS: usize = BLOCK / 2;
/// Bytes that hold four inputs of eight outputs in 8 bits; half of that in 4 bits.
pub(super) const QUAD_BYTES: usize = 4 * PANEL;

/// How many bits a weight has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Byte `8 * (k / 2) * 2 + 2 * output + k % 2` is input k of the output, as `i8`.
    Eight,
    /// The bytes of inputs 4i and 4i + 1 above in the low nibbles, those of 4i + 2 and 4i + 3 in the high ones; the value is
    /// the nibble minus 8.
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

    /// Puts an output's stored block into the panel's.
    pub(super) fn place(self, words: &[u32], output: usize, block: &mut [u8]) {
        match self {
            Self::Eight => {
                for (k, byte) in words.iter().flat_map(|word| word.to_le_bytes()).enumerate() {
                    block[pair(k, output)] = byte;
                }
            }
            Self::Four => {
                let nibbles = words
                    .iter()
                    .flat_map(|word| (0..8).map(move |nibble| (word >> (4 * nibble)).to_le_bytes()[0] & 15));
                for (k, nibble) in nibbles.enumerate() {
                    let (at, shift) = half(k, output);
                    block[at] = block[at] & !(15 << shift) | nibble << shift;
                }
            }
        }
    }

    /// The integer of an output and input of a panel's block.
    pub(super) fn value(self, block: &[u8], output: usize, k: usize) -> i8 {
        match self {
            Self::Eight => block[pair(k, output)].cast_signed(),
            Self::Four => {
                let (at, shift) = half(k, output);
                (block[at] >> shift & 15).cast_signed() - 8
            }
        }
    }
}

/// The byte of an 8-bit weight.
const fn pair(k: usize, output: usize) -> usize {
    k / 2 * 2 * PANEL + 2 * output + k % 2
}

/// The byte of a 4-bit weight, and its place in it.
const fn half(k: usize, output: usize) -> (usize, u32) {
    (k / 4 * 2 * PANEL + 2 * output + k % 2, if k % 4 < 2 { 0 } else { 4 })
}
