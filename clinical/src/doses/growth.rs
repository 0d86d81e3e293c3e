//! At which ages a child may weigh so much: where only the weight is known, the dose of an infant is none for a child of 20 kg.
//!
//! After the UK-WHO growth charts (Royal College of Paediatrics and Child Health), limits rounded outwards beyond the lowest and the highest
//! centile, so that no child they show is left out; they choose among rows and give no dose.

/// Age in years, least, usual and most weight in kilograms.
const CHART: [(f64, f64, f64, f64); 14] = [
    (0.0, 1.5, 3.4, 5.5),
    (0.25, 3.8, 6.0, 9.0),
    (0.5, 5.0, 7.6, 11.0),
    (1.0, 6.5, 9.3, 14.0),
    (2.0, 8.3, 12.0, 18.0),
    (3.0, 9.8, 14.1, 22.0),
    (4.0, 11.0, 16.2, 26.0),
    (5.0, 12.5, 18.2, 31.0),
    (6.0, 13.8, 20.4, 37.0),
    (8.0, 16.5, 25.4, 50.0),
    (10.0, 19.5, 32.0, 66.0),
    (12.0, 22.0, 40.0, 84.0),
    (14.0, 26.0, 50.0, 100.0),
    (18.0, 35.0, 62.0, f64::INFINITY),
];

/// The ages in years, from and to, at which a child may weigh `kg`; none where no child does.
pub(super) fn ages(kg: f64) -> Option<(f64, f64)> {
    let youngest = at(kg, |row| row.3)?;
    let oldest = if kg >= CHART[CHART.len() - 1].1 { f64::INFINITY } else { at(kg, |row| row.1)? };
    Some((youngest, oldest))
}

/// The age in years at which a child usually weighs `kg`.
pub(super) fn usual_age(kg: f64) -> Option<f64> {
    at(kg, |row| row.2)
}

/// The age at which a column of the chart reaches `kg`.
fn at(kg: f64, column: impl Fn(&(f64, f64, f64, f64)) -> f64) -> Option<f64> {
    if kg.is_nan() || kg < CHART[0].1 {
        return None;
    }
    let after = CHART.iter().position(|row| column(row) >= kg);
    Some(match after {
        None => CHART[CHART.len() - 1].0,
        Some(0) => 0.0,
        Some(after) => {
            let (low, high) = (&CHART[after - 1], &CHART[after]);
            let (from, to) = (column(low), column(high));
            let share = if to.is_finite() { (kg - from) / (to - from) } else { 0.0 };
            low.0 + share * (high.0 - low.0)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_has_its_ages() {
        for (kg, inside, outside) in [
            (4.0, vec![0.0, 0.2], vec![1.0, 3.0]),
            (10.0, vec![0.5, 1.0, 2.0, 3.0], vec![0.1, 5.0]),
            (20.0, vec![3.0, 5.0, 8.0], vec![0.5, 1.0, 12.0]),
            (60.0, vec![10.0, 14.0, 17.9, 60.0], vec![6.0]),
            (150.0, vec![17.0], vec![8.0]),
        ] {
            let (from, to) = ages(kg).expect("some");
            for age in inside {
                assert!(from <= age && age <= to, "{kg} kg at {age}: {from} to {to}");
            }
            for age in outside {
                assert!(age < from || age > to, "{kg} kg at {age}: {from} to {to}");
            }
            let usual = usual_age(kg).expect("some");
            assert!(from <= usual && usual <= to, "{kg} kg is usual at {usual}, possible from {from} to {to}");
        }
        for none in [0.0, 1.0, -5.0, f64::NAN] {
            assert_eq!((ages(none), usual_age(none)), (None, None), "{none}");
        }
    }

    #[test]
    fn the_chart_rises() {
        for pair in CHART.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            assert!(a.0 < b.0 && a.1 < b.1 && a.2 < b.2 && a.3 < b.3, "{a:?} {b:?}");
            assert!(a.1 < a.2 && a.2 < a.3, "{a:?}");
        }
    }
}
