//! What children of an age weigh, to notice a weight that cannot be meant.
//!
//! Medians of girls and boys together, rounded: World Health Organization child growth standards (2006) to 5 years and
//! reference (2007) to 10 years, Centers for Disease Control and Prevention charts (2000) above.

use super::patient::Age;

/// Age in months and median weight in kilograms.
const MEDIANS: [(u16, f64); 24] = [
    (0, 3.3),
    (1, 4.3),
    (3, 6.1),
    (6, 7.6),
    (9, 8.6),
    (12, 9.3),
    (18, 10.5),
    (24, 11.9),
    (36, 14.1),
    (48, 16.2),
    (60, 18.3),
    (72, 20.4),
    (84, 22.7),
    (96, 25.2),
    (108, 28.2),
    (120, 31.6),
    (132, 36.0),
    (144, 41.0),
    (156, 46.0),
    (168, 50.0),
    (180, 54.0),
    (192, 57.0),
    (204, 60.0),
    (216, 62.0),
];

/// Half of the median and twice the median weight at an age, in kilograms.
///
/// A weight outside is unusual enough to ask: pounds taken for kilograms are 2.2 times the weight, the other way round
/// 0.45 times. Healthy children lie inside (the 0.4th and 99.6th centiles are about 0.65 and 1.8 times the median).
pub(super) fn plausible_kg(age: Age) -> (f64, f64) {
    let months = age.in_months();
    let above = MEDIANS.iter().position(|&(month, _)| f64::from(month) > months);
    let median = match above {
        Some(0) => MEDIANS[0].1,
        Some(index) => {
            let ((from, low), (to, high)) = (MEDIANS[index - 1], MEDIANS[index]);
            low + (high - low) * (months - f64::from(from)) / f64::from(to - from)
        }
        None => MEDIANS[MEDIANS.len() - 1].1,
    };
    (median / 2.0, median * 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_medians_rise() {
        assert!(MEDIANS.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
    }

    #[test]
    fn mixed_units_lie_outside() {
        for (month, median) in MEDIANS {
            let (low, high) = plausible_kg(Age::months(f64::from(month)).expect("an age"));
            assert!(median * 2.204 > high && median * 0.4536 < low, "{month} months");
            assert!(low < median && median < high);
        }
        let (low, high) = plausible_kg(Age::years(4.5).expect("an age"));
        assert!((low - 8.625).abs() < 1e-9 && (high - 34.5).abs() < 1e-9, "{low} {high}");
    }
}
