//! How likely each line of what was found is to be what the answer is made of, before the model chooses: by the search, and by what was read.

use mambaformer_clinical::retrieval::alike::Said;
use mambaformer_clinical::retrieval::analyze::Analyzer;
use mambaformer_clinical::retrieval::read::{ReadLine, ReadWeights};
use mambaformer_model::sentence_encoder::LineScore;

use super::clinic::{Found, Material};

/// How much likelier the record's line that answers a question about a dose is than the likeliest other line. The end of the answer is
/// likelier than those, too: the doses of another age or weight stand right beside.
const DOSE_PREFERENCE: f32 = 20.0;

/// What a line for other teeth or another age than the question's counts less, in logarithms: it is shown and not told.
const CONTRADICTION: f32 = 6.0;

/// What a line that says what a likelier one says counts less: it is shown and not told.
const REPETITION: f32 = 0.002;
/// The likeliest lines that are held against each other; an answer has fewer sentences.
const HELD: usize = 16;

/// The highest prior of a line that the answer is not to begin with; the first one has 1.
const BEHIND: f32 = 0.9;

/// What the search knows of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Logarithm of the odds that the answer uses it.
    pub(super) logit: f32,
    /// How much of the question it covers, 0 to 1.
    pub(super) coverage: f32,
    /// The cosine of its vector with the question's; 0 where there is no dense side.
    pub(super) similarity: f32,
    /// It is for other teeth or another age than the question's.
    pub(super) unfit: bool,
}

impl Known {
    fn off(self) -> f32 {
        if self.unfit { CONTRADICTION } else { 0.0 }
    }
}

/// When an answer ends: the next line's odds are held against those of a line that is no longer worth telling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ends {
    /// The odds of the likeliest line, whose prior is 1.
    highest: f32,
    /// The probability below which a line is not worth telling.
    enough: f32,
}

impl Ends {
    /// What the end counts beside the lines' priors; with another `enough` where one is given.
    pub(super) fn prior(self, enough: Option<f32>) -> f32 {
        let enough = enough.unwrap_or(self.enough);
        enough / (1.0 - enough) / self.highest
    }
}

/// Priors by the search alone. A line whose probability is below `enough` is not told any more.
pub(super) fn by_search(found: &mut Found<'_>, enough: f32) {
    let odds = |known: &Known| (known.logit - known.off()).exp();
    let mut odds: Vec<Vec<f32>> =
        found.materials.iter().map(|material| material.known.iter().map(odds).collect()).collect();
    tell_once(&found.materials, &mut odds);
    if by_odds(found, odds, enough) {
        prefer_dose(found);
    }
}

/// Priors by what was read, too; the line that reads most like an answer's first begins it. `scores` are those of each text's first lines.
pub(super) fn by_reading(found: &mut Found<'_>, scores: &[Vec<LineScore>], weights: &ReadWeights) {
    let lines = Lines::of(found, scores);
    let Some(unread) = lines.least() else { return };
    let mut first = (f32::NEG_INFINITY, (0, 0));
    let mut begins = Vec::new();
    let mut odds: Vec<Vec<f32>> = Vec::with_capacity(found.materials.len());
    for (index, material) in found.materials.iter().enumerate() {
        let mut own = Vec::with_capacity(material.sentences.len());
        for at in 0..material.sentences.len() {
            let off = material.known.get(at).map_or(0.0, |known| known.off());
            let line = lines.line(found, index, at, unread);
            let logit = weights.first(&line) - off;
            if logit > first.0 {
                first = (logit, (index, at));
            }
            begins.push(logit);
            own.push(weights.odds(&line) * (-off).exp());
        }
        odds.push(own);
    }
    tell_once(&found.materials, &mut odds);
    if !by_odds(found, odds, weights.enough) {
        return;
    }
    found.read_first = Some(1.0 / begins.iter().map(|logit| (logit - first.0).exp()).sum::<f32>());
    for prior in found.materials.iter_mut().flat_map(|material| &mut material.priors) {
        *prior = prior.min(BEHIND);
    }
    let (_, (index, at)) = first;
    if let Some(prior) = found.materials.get_mut(index).and_then(|material| material.priors.get_mut(at)) {
        *prior = 1.0;
    }
    prefer_dose(found);
}

/// Of lines that say the same the likeliest keeps its odds.
fn tell_once(materials: &[Material], odds: &mut [Vec<f32>]) {
    let mut order: Vec<(usize, usize)> =
        odds.iter().enumerate().flat_map(|(index, own)| (0..own.len()).map(move |at| (index, at))).collect();
    order.sort_by(|a, b| odds[b.0][b.1].total_cmp(&odds[a.0][a.1]));
    let analyzer = Analyzer::default();
    let mut told: Vec<Said> = Vec::new();
    for (index, at) in order.into_iter().take(HELD) {
        let material = &materials[index];
        let text = material.sentences.get(at).and_then(|bytes| material.evidence.text.get(bytes.clone()));
        let Some(said) = text.map(|text| Said::of(text, &analyzer)) else { continue };
        if told.iter().any(|before| said.repeats(before)) {
            odds[index][at] *= REPETITION;
        } else {
            told.push(said);
        }
    }
}

/// Each line's prior is the odds that the answer uses it, as a share of the likeliest one's; `false`, and nothing is changed, where no line has any.
fn by_odds(found: &mut Found<'_>, odds: Vec<Vec<f32>>, enough: f32) -> bool {
    let highest = odds.iter().flatten().copied().fold(0.0f32, f32::max);
    if !(highest > 0.0 && highest.is_finite()) {
        return false;
    }
    for (material, own) in found.materials.iter_mut().zip(odds) {
        material.uses = own.iter().map(|odds| odds / (1.0 + odds)).collect();
        material.priors = own.iter().map(|odds| odds / highest).collect();
    }
    found.ends = Some(Ends { highest, enough });
    true
}

/// What is known of lines: by the search and by reading.
struct Lines<'a> {
    scores: &'a [Vec<LineScore>],
    /// The unlikeliest line's logit by the search.
    worst: f32,
}

impl<'a> Lines<'a> {
    fn of(found: &Found<'_>, scores: &'a [Vec<LineScore>]) -> Self {
        let logits = found.materials.iter().flat_map(|material| &material.known).map(|known| known.logit);
        Self { scores, worst: logits.fold(f32::INFINITY, f32::min) }
    }

    /// The least of what was read; nothing if nothing was.
    fn least(&self) -> Option<LineScore> {
        let least = |a: LineScore, b: &LineScore| LineScore { first: a.first.min(b.first), used: a.used.min(b.used) };
        let mut all = self.scores.iter().flatten();
        all.next().map(|score| all.fold(*score, least))
    }

    /// A line that was not read has the least of what was; one that was not searched for, as those of a note, the unlikeliest one's logit.
    fn line(&self, found: &Found<'_>, material: usize, at: usize, unread: LineScore) -> ReadLine {
        let score = self.scores.get(material).and_then(|own| own.get(at)).copied().unwrap_or(unread);
        let known = found.materials.get(material).and_then(|material| material.known.get(at));
        let logit = known.map_or(self.worst, |known| known.logit);
        ReadLine { prior: logit, first: score.first, used: score.used }
    }
}

/// The record's line that answers a question about a dose is where its answer begins, unless the model is very sure of another, and where it ends.
fn prefer_dose(found: &mut Found<'_>) {
    let Some(line) = found.dose_line else { return };
    for prior in found.materials.iter_mut().flat_map(|material| &mut material.priors) {
        *prior /= DOSE_PREFERENCE;
    }
    if let Some(prior) = found.materials.first_mut().and_then(|first| first.priors.get_mut(line)) {
        *prior = 1.0;
    }
    found.ends = None;
}

#[cfg(test)]
mod tests {
    use super::super::clinic::Material;
    use super::*;
    use crate::answer::{Evidence, EvidenceKind};
    use mambaformer_clinical::retrieval::read::{FirstWeights, UsedWeights};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const WEIGHTS: ReadWeights = ReadWeights {
        first: FirstWeights { prior: 1.0, read: 1.0 },
        used: UsedWeights { intercept: 0.0, prior: 0.0, read: 1.0 },
        enough: 0.5,
    };

    static COUNT: AtomicUsize = AtomicUsize::new(0);

    /// A text of as many lines as there are logits; a line of `None` is for other teeth. Without logits it is the note, of two lines.
    fn text(logits: &[Option<f32>]) -> Material {
        let lines = if logits.is_empty() { 2 } else { logits.len() };
        // No two lines say the same.
        let line = |_| format!("Rinse it {} times.", COUNT.fetch_add(1, Ordering::Relaxed));
        let text = (0..lines).map(line).collect::<Vec<_>>().join(" ");
        let evidence = Evidence {
            passage: "p".to_owned(),
            title: "Tooth".to_owned(),
            text,
            source: String::new(),
            score: 1.0,
            kind: if logits.is_empty() { EvidenceKind::Note } else { EvidenceKind::Passage },
        };
        let known = |logit: &Option<f32>| Known {
            logit: logit.unwrap_or(0.0),
            coverage: 0.0,
            similarity: 0.0,
            unfit: logit.is_none(),
        };
        Material { known: logits.iter().map(known).collect(), priors: Vec::new(), ..Material::plain(evidence) }
    }

    impl Found<'_> {
        fn end_prior(&self, enough: Option<f32>) -> f32 {
            self.ends.unwrap().prior(enough)
        }
    }

    fn found(materials: Vec<Material>) -> Found<'static> {
        Found { materials, ..Found::default() }
    }

    fn priors(found: &Found<'_>) -> Vec<Vec<f32>> {
        found.materials.iter().map(|material| material.priors.clone()).collect()
    }

    fn score(first: f32, used: f32) -> LineScore {
        LineScore { first, used }
    }

    fn close(found: &[Vec<f32>], expected: &[Vec<f32>]) {
        let pairs = found.iter().flatten().zip(expected.iter().flatten());
        assert!(
            found.iter().map(Vec::len).eq(expected.iter().map(Vec::len))
                && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5),
            "{found:?}, expected {expected:?}"
        );
    }

    #[test]
    fn the_search_says_how_likely_lines_are_and_when_it_is_enough() {
        let mut all = found(vec![text(&[Some(1.0), Some(2.0)]), text(&[None])]);
        by_search(&mut all, 0.5);
        close(&priors(&all), &[vec![(-1.0f32).exp(), 1.0], vec![(-8.0f32).exp()]]);
        // A line of even odds is e^2 times less than the likeliest.
        close(&[vec![all.end_prior(None), all.end_prior(Some(0.8))]], &[vec![(-2.0f32).exp(), 4.0 * (-2.0f32).exp()]]);
        let use_of = |logit: f32| 1.0 / (1.0 + (-logit).exp());
        close(&[all.materials[0].uses.clone()], &[vec![use_of(1.0), use_of(2.0)]]);
    }

    #[test]
    fn what_a_likelier_line_says_is_not_told_again() {
        let mut all = found(vec![text(&[Some(1.0), Some(2.0)]), text(&[Some(3.0)])]);
        let same = all.materials[0].evidence.text[all.materials[0].sentences[1].clone()].to_owned();
        all.materials[1] = Material {
            known: all.materials[1].known.clone(),
            ..Material::plain(Evidence { text: same, ..all.materials[1].evidence.clone() })
        };
        by_search(&mut all, 0.5);
        close(&priors(&all), &[vec![(-2.0f32).exp(), REPETITION * (-1.0f32).exp()], vec![1.0]]);
    }

    #[test]
    fn what_was_read_says_where_the_answer_begins_what_belongs_to_it_and_when_it_ends() {
        let mut all = found(vec![text(&[Some(0.0), Some(-1.0)]), text(&[Some(-2.0)])]);
        // The second line is likeliest to be used, the first to begin; the third is neither.
        let scores = [vec![score(3.0, 1.0), score(0.0, 2.0)], vec![score(0.0, -2.0)]];
        by_reading(&mut all, &scores, &WEIGHTS);
        close(&priors(&all), &[vec![1.0, BEHIND], vec![(-4.0f32).exp()]]);
        close(&[vec![all.end_prior(None)]], &[vec![(-2.0f32).exp()]]);
        let use_of = |odds: f32| odds.exp() / (1.0 + odds.exp());
        close(&[all.materials[0].uses.clone()], &[vec![use_of(1.0), use_of(2.0)]]);
        // 3, -1 and -2 among each other.
        let share = 1.0 / (1.0 + (-4.0f32).exp() + (-5.0f32).exp());
        close(&[vec![all.read_first.unwrap()]], &[vec![share]]);
    }

    #[test]
    fn a_line_that_was_not_read_or_not_searched_has_the_least_of_what_was() {
        let mut all = found(vec![text(&[Some(0.0), Some(0.0), Some(-3.0)]), text(&[])]);
        let scores = [vec![score(1.0, 2.0), score(1.0, 1.0)], vec![score(1.0, 2.0)]];
        by_reading(&mut all, &scores, &WEIGHTS);
        let lines = Lines::of(&all, &scores);
        let least = lines.least().unwrap();
        let line = |used, prior| ReadLine { prior, first: 1.0, used };
        assert_eq!(least, score(1.0, 1.0));
        assert_eq!(lines.line(&all, 0, 2, least), line(1.0, -3.0), "did not fit");
        assert_eq!(lines.line(&all, 1, 0, least), line(2.0, -3.0), "was not searched");
        close(&priors(&all), &[vec![1.0, (-1.0f32).exp(), (-1.0f32).exp()], vec![BEHIND, (-1.0f32).exp()]]);
    }

    #[test]
    fn a_line_for_other_teeth_is_not_told_however_it_reads() {
        let mut all = found(vec![text(&[None, Some(0.0)])]);
        by_reading(&mut all, &[vec![score(5.0, 3.0), score(0.0, 0.0)]], &WEIGHTS);
        let end = all.end_prior(None);
        assert!(all.materials[0].priors[0] < end && all.materials[0].priors[1] >= end, "{:?}", priors(&all));
    }

    #[test]
    fn a_doses_line_begins_and_ends_the_answer() {
        for read in [false, true] {
            let mut all =
                Found { dose_line: Some(1), ..found(vec![text(&[Some(3.0), Some(0.0)]), text(&[Some(1.0)])]) };
            by_search(&mut all, 0.2);
            if read {
                by_reading(&mut all, &[vec![score(5.0, 3.0), score(0.0, 0.0)], vec![score(1.0, 1.0)]], &WEIGHTS);
            }
            let [other, dose] = all.materials[0].priors[..] else { panic!("two lines") };
            assert!(dose >= 1.0 && other <= 1.0 / DOSE_PREFERENCE && all.ends.is_none(), "read: {read}");
        }
    }

    #[test]
    fn without_a_line_that_was_read_nothing_changes() {
        let mut all = found(vec![text(&[Some(1.0), Some(2.0)])]);
        by_search(&mut all, 0.2);
        let before = (priors(&all), all.ends);
        for scores in [vec![], vec![Vec::new()], vec![vec![score(0.0, f32::INFINITY)]]] {
            by_reading(&mut all, &scores, &WEIGHTS);
            assert_eq!((priors(&all), all.ends), before);
        }
    }
}
