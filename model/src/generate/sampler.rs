//! Choosing a token from probabilities: greedy, or temperature and top-k with a seed.

/// How to choose.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Sampling {
    /// The likeliest token; equal ones by the smaller id.
    #[default]
    Greedy,
    /// Among the `top_k` likeliest (0: all), after dividing log-probabilities by `temperature`.
    TopK {
        /// Above 0.
        temperature: f32,
        /// Candidates kept; 0 keeps all.
        top_k: usize,
        /// Start of the generator: the same seed gives the same answer.
        seed: u64,
    },
}

impl Sampling {
    /// The index that step `step` of an answer takes of `probabilities`; `None` when there is none to take. A step's draw depends on the
    /// seed and its number alone, so that an answer that was interrupted goes on as it would have.
    #[must_use]
    pub fn choose(self, probabilities: &[f32], step: u64) -> Option<usize> {
        let (temperature, top_k, seed) = match self {
            Self::Greedy => return largest(probabilities),
            Self::TopK { temperature, top_k, seed } => (temperature, top_k, seed),
        };
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]).then(a.cmp(&b)));
        if top_k > 0 {
            order.truncate(top_k);
        }
        let top = probabilities.get(*order.first()?)?.max(f32::MIN_POSITIVE).ln();
        let weights: Vec<f64> = order
            .iter()
            .map(|&index| f64::from((probabilities[index].max(f32::MIN_POSITIVE).ln() - top) / temperature).exp())
            .collect();
        let mut left = uniform(seed, step) * weights.iter().sum::<f64>();
        for (&index, weight) in order.iter().zip(&weights) {
            left -= weight;
            if left < 0.0 {
                return Some(index);
            }
        }
        order.first().copied()
    }
}

/// The index of the largest value, the first of equal ones.
pub(super) fn largest(values: &[f32]) -> Option<usize> {
    (0..values.len()).reduce(|best, index| if values[index] > values[best] { index } else { best })
}

/// A number in 0..1 from a seed and a counter (SplitMix64; Steele, Lea & Flood 2014): step n of seed s is the same on every machine.
#[must_use]
pub fn uniform(seed: u64, step: u64) -> f64 {
    let mut z = seed.wrapping_add(step.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_takes_the_first_of_equals() {
        assert_eq!(Sampling::Greedy.choose(&[0.2, 0.4, 0.4], 0), Some(1));
        assert_eq!(Sampling::Greedy.choose(&[], 0), None);
    }

    #[test]
    fn frequencies_follow_the_probabilities_and_the_seed_decides() {
        let sampling = Sampling::TopK { temperature: 1.0, top_k: 0, seed: 7 };
        let run = || (0..4000).filter_map(|step| sampling.choose(&[0.1, 0.6, 0.3], step)).collect::<Vec<_>>();
        let drawn = run();
        assert_eq!(drawn, run());
        for (index, expected) in [(0, 0.1), (1, 0.6), (2, 0.3)] {
            let share = drawn.iter().filter(|&&choice| choice == index).count() as f64 / 4000.0;
            assert!((share - expected).abs() < 0.03, "index {index}: {share}");
        }
    }

    #[test]
    fn top_k_and_low_temperature_narrow_the_choice() {
        let narrow = Sampling::TopK { temperature: 5.0, top_k: 2, seed: 1 };
        assert!((0..200).all(|step| matches!(narrow.choose(&[0.1, 0.3, 0.2, 0.4], step), Some(1 | 3))));
        let cold = Sampling::TopK { temperature: 0.01, top_k: 0, seed: 1 };
        assert!((0..200).all(|step| cold.choose(&[0.1, 0.3, 0.2, 0.4], step) == Some(3)));
    }
}
