//! Quantities as whole numbers: nanograms and microlitres.
//!
//! A float of kilograms holds 36 mg only nearly, and 288 mg may then hold 7.999 cartridges of it. A nanogram is finer than any number of a record (four decimals of a milligram are 100 ng), and a patient of 300 kg is
//! 3e14 of them, which a float still tells apart: so every quantity is the nearest whole number of nanograms, exactly.

use uom::si::mass::{kilogram, nanogram};
use uom::si::volume::microliter;

use crate::records::Number;

pub use uom::si::f64::{Mass, Volume};

/// Nanograms of a microgram.
pub(super) const MCG: u64 = 1_000;
/// Nanograms of a milligram.
pub(super) const MG: u64 = 1_000_000;
/// Nanograms of a gram.
pub(super) const G: u64 = 1_000_000_000;
/// Nanograms of a kilogram.
pub(super) const KG: u64 = 1_000_000_000_000;
/// Nanograms of an international avoirdupois pound, 0.45359237 kg exactly. The pound of `uom` is rounded to seven digits, so
/// that [`pounds`] makes the mass.
pub(super) const LB: u64 = 453_592_370_000;
/// Microlitres of a millilitre.
pub(super) const ML: u64 = 1_000;

/// The largest count that is taken: a thousand kilograms in nanograms.
const MOST: f64 = 1e15;

/// The nearest whole number; `None` for what is negative, not finite, or beyond [`MOST`].
fn whole(value: f64) -> Option<u64> {
    if !(0.0..=MOST).contains(&value) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 1e15")]
    let count = value.round() as u64;
    Some(count)
}

/// A mass in whole nanograms; `None` for what no drug and no patient weighs.
pub(super) fn nanograms(mass: Mass) -> Option<u64> {
    whole(mass.get::<nanogram>())
}

/// A volume in whole microlitres; `None` for what nobody swallows.
pub(super) fn microlitres(volume: Volume) -> Option<u64> {
    whole(volume.get::<microliter>())
}

/// A record's number of `unit`s (nanograms or microlitres each); `None` where it is negative or too large.
pub(super) fn count(number: Number, unit: u64) -> Option<u64> {
    whole(number.get() * unit as f64)
}

/// So many pounds, of 0.45359237 kg exactly.
#[must_use]
pub fn pounds(count: f64) -> Mass {
    Mass::new::<kilogram>(count * 0.453_592_37)
}

/// Nanograms as a mass.
pub(super) fn mass(nanograms: u64) -> Mass {
    Mass::new::<nanogram>(nanograms as f64)
}

/// Microlitres as a volume.
pub(super) fn volume(microlitres: u64) -> Volume {
    Volume::new::<microliter>(microlitres as f64)
}

/// `value * by / of`, rounded down; the largest count if it does not fit.
pub(super) fn scaled_down(value: u64, by: u64, of: u64) -> u64 {
    let product = u128::from(value) * u128::from(by);
    product.checked_div(u128::from(of)).and_then(|scaled| u64::try_from(scaled).ok()).unwrap_or(u64::MAX)
}

/// `value * by / of`, rounded up; the largest count if it does not fit.
pub(super) fn scaled_up(value: u64, by: u64, of: u64) -> u64 {
    let (product, of) = (u128::from(value) * u128::from(by), u128::from(of));
    if of == 0 {
        return u64::MAX;
    }
    u64::try_from(product.div_ceil(of)).unwrap_or(u64::MAX)
}

/// How many `unit`s, shown with two decimals and rounded down.
pub(super) fn shown(count: u64, unit: u64) -> Number {
    Number::hundredths(u32::try_from(scaled_down(count, 100, unit)).unwrap_or(u32::MAX))
}

/// How many `unit`s, shown with two decimals and rounded up: for what is used.
pub(super) fn shown_up(count: u64, unit: u64) -> Number {
    Number::hundredths(u32::try_from(scaled_up(count, 100, unit)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uom::si::mass::milligram;

    #[test]
    fn units_are_exact() {
        assert_eq!(nanograms(pounds(150.0)), Some(150 * LB));
        assert_eq!(nanograms(Mass::new::<kilogram>(12.5)), Some(12_500 * G));
        assert_eq!(nanograms(Mass::new::<milligram>(0.0001)), Some(100));
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(nanograms(Mass::new::<kilogram>(bad)), None, "{bad}");
        }
    }

    #[test]
    fn divisions_never_round_the_wrong_way() {
        assert_eq!((scaled_down(10, 1, 3), scaled_up(10, 1, 3), scaled_up(9, 1, 3)), (3, 4, 3));
        assert_eq!((scaled_down(1, 1, 0), scaled_up(1, 1, 0)), (u64::MAX, u64::MAX));
        assert_eq!(shown(8_999_999, MG).to_string(), "8.99");
        assert_eq!(shown(1_200_000_000, MG).to_string(), "1,200");
    }

    proptest! {
        /// What is typed with four decimals is the same count on the way in and on the way out.
        #[test]
        fn four_decimals_survive(ten_thousandths in 0_u64..10_000_000_000) {
            let milligrams = ten_thousandths as f64 / 10_000.0;
            prop_assert_eq!(nanograms(Mass::new::<milligram>(milligrams)), Some(ten_thousandths * 100));
            prop_assert_eq!(nanograms(mass(ten_thousandths * 100)), Some(ten_thousandths * 100));
        }
    }
}
