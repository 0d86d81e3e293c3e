//! The lexical and the dense side put together, and a confidence that can be compared across questions.

use super::parameters::{Calibration, Fusion};
use super::search::Hit;

/// The dense side's best entries that are taken in, besides those of the lexical side.
const DENSE_CANDIDATES: usize = 50;

/// An entry as evidence for a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Its place among the entries.
    pub entry: usize,
    /// What it is ranked by; comparable within one question only.
    pub score: f32,
    /// Share of the question's words that it covers, weighted by rarity; 0 where only the dense side found it.
    pub coverage: f32,
    /// Cosine with the question, where there is a dense side.
    pub similarity: Option<f32>,
    /// How likely it is to hold the answer, comparable across questions: 0 to 1.
    pub confidence: f32,
}

/// All that either side found, best first; ties go to the entry that comes first. `dense` holds a similarity for each entry; entries that it
/// does not reach have none; `fusion` is how both are weighed ([`Parameters::fusion`](super::parameters::Parameters::fusion)). The first ones are shown and answered from, the rest is further reading.
#[must_use]
pub fn fuse(lexical: &[Hit], dense: Option<&[f32]>, fusion: Fusion, calibration: Calibration) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = lexical
        .iter()
        .map(|hit| Evidence {
            entry: hit.entry,
            score: hit.score,
            coverage: hit.coverage,
            similarity: None,
            confidence: 0.0,
        })
        .collect();
    match dense {
        None => {
            let best = evidence.first().map_or(0.0, |first| first.score);
            for found in &mut evidence {
                found.score = share(found.score, best);
            }
        }
        Some(similarities) => {
            let ranked = nearest(similarities);
            for entry in &ranked {
                if !evidence.iter().any(|found| found.entry == *entry) {
                    evidence.push(Evidence {
                        entry: *entry,
                        score: 0.0,
                        coverage: 0.0,
                        similarity: None,
                        confidence: 0.0,
                    });
                }
            }
            combine(&mut evidence, similarities, &ranked, fusion);
        }
    }
    evidence.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
    calibrate(&mut evidence, calibration);
    evidence
}

fn combine(evidence: &mut [Evidence], similarities: &[f32], ranked: &[usize], fusion: Fusion) {
    let lexical_best = evidence.iter().map(|found| found.score).fold(0.0, f32::max);
    let at = |entry: usize| similarities.get(entry).copied().filter(|similarity| similarity.is_finite());
    let best = ranked.first().and_then(|entry| at(*entry)).unwrap_or(0.0);
    let least = ranked.last().and_then(|entry| at(*entry)).unwrap_or(0.0);
    // Lexical ranks are the order in which they came.
    for (rank, found) in evidence.iter_mut().enumerate() {
        found.similarity = at(found.entry);
        let lexical = share(found.score, lexical_best);
        found.score = match fusion {
            Fusion::Scores { dense } => {
                let near = found.similarity.map_or(0.0, |similarity| share(similarity - least, best - least).max(0.0));
                (1.0 - dense) * lexical + dense * near
            }
            Fusion::Ranks { dense, k } => {
                let by_words = if found.score > 0.0 { (1.0 - dense) / (k + 1.0 + rank as f32) } else { 0.0 };
                let by_sense = ranked
                    .iter()
                    .position(|entry| *entry == found.entry)
                    .map_or(0.0, |rank| dense / (k + 1.0 + rank as f32));
                by_words + by_sense
            }
        };
    }
}

/// The entries with the greatest similarities, greatest first.
fn nearest(similarities: &[f32]) -> Vec<usize> {
    let mut entries: Vec<usize> = (0..similarities.len()).filter(|entry| similarities[*entry].is_finite()).collect();
    entries.sort_by(|a, b| similarities[*b].total_cmp(&similarities[*a]).then(a.cmp(b)));
    entries.truncate(DENSE_CANDIDATES);
    entries
}

fn calibrate(evidence: &mut [Evidence], calibration: Calibration) {
    let first = evidence.first().map_or(0.0, |found| found.score);
    let second = evidence.get(1).map_or(0.0, |found| found.score);
    let margin = share(first - second, first);
    for (rank, found) in evidence.iter_mut().enumerate() {
        let share = share(found.score, first);
        // The lead speaks for the first and against the others.
        let lead = if rank == 0 { margin } else { -margin };
        let z = calibration.intercept
            + calibration.share * share
            + calibration.coverage * found.coverage
            + calibration.margin * lead;
        found.confidence = 1.0 / (1.0 + (-z).exp());
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::parameters::tests::shipped;
    use proptest::prelude::*;

    fn hit(entry: usize, score: f32) -> Hit {
        Hit { entry, score, coverage: 0.5 }
    }

    fn order(evidence: &[Evidence]) -> Vec<usize> {
        evidence.iter().map(|found| found.entry).collect()
    }

    #[test]
    fn without_a_dense_side_the_order_stays() {
        let found = fuse(&[hit(4, 9.0), hit(1, 6.0)], None, shipped().fusion(false), shipped().calibration);
        assert_eq!(order(&found), [4, 1]);
        assert!((found[0].score - 1.0).abs() < 1e-6 && found[0].confidence > found[1].confidence);
    }

    #[test]
    fn what_both_sides_find_comes_first() {
        for fusion in [Fusion::Scores { dense: 0.5 }, Fusion::Ranks { dense: 0.5, k: 60.0 }] {
            let dense = [0.1, 0.7, 0.8, f32::NAN];
            let found = fuse(&[hit(0, 9.0), hit(2, 8.0)], Some(&dense), fusion, shipped().calibration);
            assert_eq!(found[0].entry, 2, "{fusion:?}");
            assert_eq!(found.len(), 3, "an entry without a similarity is not found by it");
        }
    }

    proptest! {
        #[test]
        fn any_scores(
            lexical in proptest::collection::vec(0.0_f32..100.0, 0..20),
            dense in proptest::option::of(proptest::collection::vec(any::<f32>(), 0..40)),
        ) {
            let mut hits: Vec<Hit> = lexical.iter().enumerate().map(|(entry, score)| hit(entry, *score)).collect();
            hits.sort_by(|a, b| b.score.total_cmp(&a.score));
            let found = fuse(&hits, dense.as_deref(), shipped().fusion(false), shipped().calibration);
            prop_assert!(found.len() >= hits.len());
            for pair in found.windows(2) {
                prop_assert!(pair[0].score >= pair[1].score);
            }
            for one in &found {
                prop_assert!((0.0..=1.0).contains(&one.confidence), "{one:?}");
            }
        }
    }
}
