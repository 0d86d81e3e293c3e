//! The language-model head for the tokens an answer can hold: a few hundred rows of the table, not the whole vocabulary.

use super::case::{Case, Expected, counted, dimension, noise, words};
use super::weights::{Format, made_up};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::{Access, fill};

/// `logits[i] = scale * table[ids[i]] . z`.
#[derive(Clone, Copy, Debug)]
pub struct ScoreRows {
    /// How the table is kept.
    pub format: Format,
    /// Model width `d_model`.
    pub width: usize,
    /// `d_model^-0.5` for a tied head, otherwise 1.
    pub scale: f32,
}

impl ScoreRows {
    /// Workgroups in x, ids of one in y.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (1, 8)
    }
}

impl Kernel for ScoreRows {
    fn name(&self) -> &'static str {
        "score_rows"
    }

    fn text(&self) -> String {
        fill(include_str!("../../../shaders/score_rows.wgsl"), &[("weights", self.format.text())])
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Read]
    }

    fn params(&self) -> Vec<u32> {
        vec![Count::Vocabulary.at(), dimension(self.width), Count::Go.at(), self.scale.to_bits()]
    }
}

/// What the shader must compute: `z [width]`, `table [vocab_size, width]`.
#[must_use]
pub fn reference(kernel: &ScoreRows, z: &[f32], table: &[f32], ids: &[u32]) -> Vec<f32> {
    ids.iter()
        .map(|id| {
            let row = &table[*id as usize * kernel.width..][..kernel.width];
            row.iter().zip(z).map(|(w, z)| w * z).sum::<f32>() * kernel.scale
        })
        .collect()
}

/// A run on made-up input; without `go` nothing may be written.
#[must_use]
pub fn case(kernel: &ScoreRows, ids: usize, go: bool) -> Option<Case> {
    let vocabulary = 37;
    let (stored_words, scales, table) = made_up(kernel.format, vocabulary, kernel.width)?;
    let z = noise(2, kernel.width);
    let ids: Vec<u32> = (0..ids).map(|index| dimension((index * 5 + 3) % vocabulary)).collect();
    let expected = if go { reference(kernel, &z, &table, &ids) } else { vec![0.0; ids.len()] };
    Some(Case {
        name: format!("{kernel:?}, {} ids, go {go}", ids.len()),
        buffers: vec![
            words(&z),
            stored_words,
            scales,
            ids.clone(),
            vec![0; ids.len()],
            counted(&[(Count::Vocabulary, dimension(ids.len())), (Count::Go, u32::from(go))]),
        ],
        grid: [1, dimension(ids.len()).div_ceil(8), 1],
        output: 4,
        expected: Expected::values(expected),
        kernel: Box::new(*kernel),
    })
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for format in [Format::F32, Format::Q8, Format::Q4] {
        for (ids, width) in [(1, 32), (7, 64), (8, 256), (9, 96), (100, 288)] {
            cases.extend(case(&ScoreRows { format, width, scale: 0.125 }, ids, true));
        }
        cases.extend(case(&ScoreRows { format, width: 64, scale: 1.0 }, 9, false));
    }
    cases
}
