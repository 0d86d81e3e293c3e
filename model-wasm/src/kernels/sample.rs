//! Free generation's choice and its record: greedy, or temperature and top-k with a seed.
//!
//! The reference is `model`'s own [`Sampling::choose`]. Draws come from its counter-based generator (`uniform`), evaluated for every step
//! of an answer when it starts and kept to 23 bits, so that a draw is below 1 and below the sum of all weights in f32 as well. The
//! reference adds weights in f64, the shader in f32: both choose the same token unless the draw falls within [`DRAW_TOLERANCE`] of the
//! boundary between two; see [`boundary_distance`]. The greedy choice, of the same probabilities, is always the same.

use mambaformer_model::generate::{FreeToken, Sampling, uniform};

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::merged::Merged;
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill, reduction};

/// How far a draw has to be from the boundary between two tokens, as a part of all weights, for the choice to be certain: the error of
/// `exp` and `log` of a GPU over 256 partial sums.
pub const DRAW_TOLERANCE: f64 = 1e-4;
/// Words of the state before the tokens.
pub const HEAD_WORDS: usize = 8;
/// Words of a token's record.
pub const TOKEN_WORDS: usize = 4;
/// No position.
const NONE: u32 = u32::MAX;
/// Below it the weight of every token but the likeliest is 0 in f32; a smaller temperature could not be divided by.
const COLDEST: f32 = 1e-30;

/// The choice of one token.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Most prompt tokens.
    pub room: usize,
    /// Rows of one decoder call.
    pub max_rows: usize,
    /// The token that ends an answer.
    pub end: u32,
}

impl Sample {
    /// Bytes of the state for so many tokens.
    #[must_use]
    pub const fn state_bytes(tokens: usize) -> usize {
        4 * (HEAD_WORDS + TOKEN_WORDS * tokens)
    }
}

impl Kernel for Sample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/sample.wgsl"), &[("reduction", &reduction(256, "f32"))])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Write, Access::Write]
    }

    fn params(&self) -> Vec<u32> {
        vec![
            Count::Vocabulary.at(),
            Count::Distinct.at(),
            Count::Pending.at(),
            Count::Base.at(),
            Count::Go.at(),
            Count::Before.at(),
            dimension(self.max_rows),
            dimension(self.room),
            self.end,
        ]
    }
}

/// An answer's initial state after `written` tokens.
#[must_use]
pub fn state(sampling: Sampling, max_tokens: usize, written: usize) -> [u32; HEAD_WORDS] {
    let (temperature, top_k) = match sampling {
        Sampling::Greedy => (1.0, 1),
        Sampling::TopK { temperature, top_k, .. } => (temperature, dimension(top_k)),
    };
    let full = if written >= max_tokens { FULL } else { 0 };
    let temperature = temperature.max(COLDEST).to_bits();
    [full, dimension(written), 0, 0, 0, dimension(max_tokens), top_k, temperature]
}

const FULL: u32 = 2;

/// The draws of the first `steps` steps, below 1.
#[must_use]
#[allow(clippy::cast_possible_truncation)] // 23 bits are exact in f32
pub fn draws(sampling: Sampling, steps: usize) -> Vec<f32> {
    const BITS: f64 = (1u32 << 23) as f64;
    let seed = match sampling {
        Sampling::Greedy => return vec![0.0; steps],
        Sampling::TopK { seed, .. } => seed,
    };
    (0..steps as u64).map(|step| ((uniform(seed, step) * BITS).floor() / BITS) as f32).collect()
}

/// How an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Writing,
    /// The model ended it.
    Ended,
    /// It has as many tokens as it may.
    Full,
    /// Values that are no numbers turned up.
    NotFinite,
}

/// The head of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How the answer stands.
    pub progress: Progress,
    /// Its tokens.
    pub tokens: usize,
    /// Decoder calls so far.
    pub calls: usize,
}

impl Head {
    /// Reads the first [`HEAD_WORDS`] words.
    #[must_use]
    pub fn read(words: &[u32]) -> Self {
        let at = |index: usize| words.get(index).copied().unwrap_or(0);
        let number = |index: usize| usize::try_from(at(index)).unwrap_or(usize::MAX);
        let progress = match (at(2), at(0)) {
            (1, _) => Progress::NotFinite,
            (_, 0) => Progress::Writing,
            (_, FULL) => Progress::Full,
            _ => Progress::Ended,
        };
        Self { progress, tokens: number(1), calls: number(3) }
    }
}

/// A token's record.
#[must_use]
pub fn token(words: &[u32]) -> FreeToken {
    let at = |index: usize| words.get(index).copied().unwrap_or(0);
    let (copied, probability) = (f32::from_bits(at(2)), f32::from_bits(at(3)));
    FreeToken {
        id: at(0),
        source: Some(at(1)).filter(|source| *source != NONE).and_then(|source| usize::try_from(source).ok()),
        copy_share: if probability > 0.0 { (copied / probability).min(1.0) } else { 0.0 },
        probability,
    }
}

/// How far the draw of `step` is from the nearest boundary between two tokens, as a part of all weights, computed in f64; infinite for
/// the greedy choice.
#[must_use]
pub fn boundary_distance(sampling: Sampling, probabilities: &[f32], step: u64) -> f64 {
    let (temperature, top_k, seed) = match sampling {
        Sampling::Greedy => return f64::INFINITY,
        Sampling::TopK { temperature, top_k, seed } => (f64::from(temperature), top_k, seed),
    };
    let mut ordered = probabilities.to_vec();
    ordered.sort_by(|a, b| b.total_cmp(a));
    if top_k > 0 {
        ordered.truncate(top_k);
    }
    let log = |probability: f32| f64::from(probability.max(f32::MIN_POSITIVE)).ln();
    let top = ordered.first().map_or(0.0, |first| log(*first));
    let weights: Vec<f64> = ordered.iter().map(|probability| ((log(*probability) - top) / temperature).exp()).collect();
    let all: f64 = weights.iter().sum();
    let draw = uniform(seed, step);
    let mut sum = 0.0;
    // The last boundary is 1, which no draw reaches.
    weights[..weights.len().saturating_sub(1)].iter().fold(f64::INFINITY, |nearest, weight| {
        sum += weight;
        nearest.min((sum / all - draw).abs())
    })
}

/// What a made-up run is about.
#[derive(Clone, Copy, Debug)]
struct Shape {
    vocabulary: usize,
    tokens: usize,
    sampling: Sampling,
    /// Tokens written before.
    written: usize,
    /// Different values among the probabilities: few make many equal ones.
    levels: u32,
}

/// A run on made-up probabilities; `None` where the draw is too close to a boundary for the choice to be certain.
fn case(name: &str, Shape { vocabulary, tokens, sampling, written, levels }: Shape, end: bool) -> Option<Case> {
    const MOST: usize = 6;
    let mut probabilities: Vec<f32> =
        noise(5, vocabulary).iter().map(|x| ((x.abs() * levels as f32).floor() + 1.0).powi(4)).collect();
    let mass: f32 = probabilities.iter().sum();
    for probability in &mut probabilities {
        *probability /= mass;
    }
    let step = written as u64;
    if boundary_distance(sampling, &probabilities, step) < DRAW_TOLERANCE {
        return None;
    }
    let chosen = sampling.choose(&probabilities, step)?;
    let id = dimension(chosen);
    let kernel = Sample { room: tokens + 2, max_rows: 64, end: if end { id } else { dimension(vocabulary) } };
    // Powers of two: their sums are exact, so that words can be compared.
    let attention: Vec<f32> = (0..tokens).map(|index| if index % 3 == 1 { 0.25 } else { 0.125 }).collect();
    let mut stored = attention.clone();
    stored.resize((tokens + 1).next_multiple_of(4) - 1, 0.0);
    stored.push(0.5);
    // The chosen token at the first and at every fourth position, others in between.
    let prompt: Vec<u32> = (0..tokens)
        .map(|index| if index % 4 == 0 { id } else { dimension((chosen + index) % vocabulary.max(2)) })
        .collect();
    let merged = Merged::new(&prompt, kernel.room);
    let before: Vec<u32> = (0..=written).map(|index| dimension(index + 1)).collect();

    let mut expected = state(sampling, MOST, written).to_vec();
    expected[3] = 1;
    expected[4] = dimension(written + 1);
    expected.resize(HEAD_WORDS + TOKEN_WORDS * written, 0);
    if end {
        expected[0] = 1;
    } else {
        let own: Vec<usize> = (0..tokens).filter(|position| prompt[*position] == id).collect();
        // Not `sum`: that of nothing is -0.
        let copied = 0.5 * own.iter().fold(0.0, |mass, position| mass + attention[*position]);
        let favourite = own.iter().copied().reduce(|best, at| if attention[at] > attention[best] { at } else { best });
        let source = favourite.map_or(NONE, dimension);
        expected.extend([id, source, copied.to_bits(), probabilities[chosen].to_bits()]);
        expected[1] += 1;
        expected[0] = if written + 1 == MOST { FULL } else { 0 };
    }
    let mut start = state(sampling, MOST, written).to_vec();
    start.resize(Sample::state_bytes(MOST) / 4, 0);
    let mut ids = before;
    ids.resize(MOST + 1, 0);
    Some(Case {
        name: format!("{name}: {sampling:?} of {vocabulary}, {tokens} prompt tokens, {written} written"),
        buffers: vec![
            words(&probabilities),
            words(&stored),
            merged.words,
            words(&draws(sampling, MOST)),
            start,
            counted(&[
                (Count::Vocabulary, dimension(vocabulary)),
                (Count::Distinct, merged.distinct),
                (Count::Pending, dimension(written + 1)),
                (Count::Go, 1),
                (Count::Before, 1),
            ]),
            ids,
        ],
        grid: [1, 1, 1],
        output: 4,
        expected: Expected::Words(expected),
        kernel: Box::new(kernel),
    })
}

/// Cases for a vocabulary of so many tokens.
#[must_use]
pub fn cases_of(vocabulary: usize) -> Vec<Case> {
    let few = Shape { vocabulary, tokens: 21, sampling: Sampling::Greedy, written: 0, levels: 3 };
    let many = Shape { levels: 1000, tokens: 6, written: 3, ..few };
    let mut cases = vec![
        case("many equals", few, false),
        case("hardly an equal", many, false),
        case("the end", many, true),
        case("the last that is allowed", Shape { written: 5, ..many }, false),
        case("no prompt", Shape { tokens: 0, ..few }, false),
    ];
    for (seed, temperature, top_k) in
        [(1, 1.0, 0), (2, 0.7, 40), (3, 1.5, 2), (4, 0.2, 0), (5, 4.0, 300), (6, 1e-38, 9), (7, 1.0, usize::MAX)]
    {
        let sampling = Sampling::TopK { temperature, top_k, seed };
        cases.push(case("many equals", Shape { sampling, ..few }, false));
        cases.push(case("hardly an equal", Shape { sampling, ..many }, false));
    }
    cases.into_iter().flatten().collect()
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    [1, 2, 255, 256, 257, 8192, 32_128].into_iter().flat_map(cases_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_the_reference_and_below_one() {
        let sampling = Sampling::TopK { temperature: 1.0, top_k: 0, seed: 11 };
        for (step, draw) in draws(sampling, 2000).into_iter().enumerate() {
            assert!((f64::from(draw) - uniform(11, step as u64)).abs() < 1.3e-7 && draw < 1.0);
        }
        assert_eq!(draws(Sampling::Greedy, 3), [0.0; 3]);
    }

    #[test]
    fn boundaries_are_where_the_choice_changes() {
        let sampling = Sampling::TopK { temperature: 1.0, top_k: 0, seed: 7 };
        let draw = uniform(7, 0);
        #[allow(clippy::cast_possible_truncation)]
        let first = draw as f32;
        assert!(boundary_distance(sampling, &[first, 1.0 - first], 0).abs() < 1e-6 || first < 0.5);
        assert!((boundary_distance(sampling, &[0.5, 0.5], 0) - (0.5 - draw).abs()).abs() < 1e-12);
        assert!(boundary_distance(Sampling::Greedy, &[1.0], 0).is_infinite());
    }

    #[test]
    fn the_table_holds_most_of_its_cases() {
        // Cases whose draw is too close to a boundary are left out; that must stay the exception.
        assert!(cases().len() > 110, "{}", cases().len());
    }
}
