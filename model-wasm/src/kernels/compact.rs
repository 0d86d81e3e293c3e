//! Order-preserving dispatch on the GPU: which tokens each expert gets, and how many, without a readback.

use super::case::{Case, Expected, counted, dimension};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::Access;

/// Compacts the token indices of both experts.
#[derive(Clone, Copy, Debug)]
pub struct Compact;

impl Kernel for Compact {
    fn name(&self) -> &'static str {
        "compact"
    }

    fn text(&self) -> String {
        include_str!("../../../shaders/compact.wgsl").to_owned()
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Write, Access::Write, Access::Write, Access::Write]
    }

    fn params(&self) -> Vec<u32> {
        vec![Count::Tokens.at(), Count::Et5.at(), Count::Emamba.at()]
    }
}

/// What the shader must find: positions of ET5's and EMamba's tokens, and each token's place among those of its expert.
#[must_use]
pub fn reference(experts: &[u32]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let (mut et5, mut emamba, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for (token, expert) in (0u32..).zip(experts) {
        let list = if *expert == 1 { &mut emamba } else { &mut et5 };
        places.push(dimension(list.len()));
        list.push(token);
    }
    (et5, emamba, places)
}

/// Runs on made-up choices, one looking at each result.
#[must_use]
pub fn cases_of(name: &str, experts: &[u32]) -> Vec<Case> {
    let (et5, emamba, places) = reference(experts);
    let routes: Vec<u32> = experts.iter().flat_map(|expert| [*expert, 99, 7, 0]).collect();
    let routed: Vec<u32> = experts.iter().zip(&places).flat_map(|(expert, place)| [*expert, *place, 7, 0]).collect();
    let found = counted(&[
        (Count::Tokens, dimension(experts.len())),
        (Count::Et5, dimension(et5.len())),
        (Count::Emamba, dimension(emamba.len())),
    ]);
    [(0, routed), (1, et5), (2, emamba), (3, found)]
        .into_iter()
        .map(|(output, expected)| Case {
            name: format!("{name}, binding {output}"),
            kernel: Box::new(Compact),
            buffers: vec![
                routes.clone(),
                vec![0; experts.len().max(1)],
                vec![0; experts.len().max(1)],
                counted(&[(Count::Tokens, dimension(experts.len()))]),
            ],
            grid: [1, 1, 1],
            output,
            expected: Expected::Words(expected),
        })
        .filter(|case| !matches!(&case.expected, Expected::Words(words) if words.is_empty()))
        .collect()
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for tokens in [1, 255, 256, 257, 700] {
        let mixed: Vec<u32> = (0..tokens).map(|token| u32::from(token % 3 == 1 || token % 7 == 0)).collect();
        cases.extend(cases_of(&format!("{tokens} tokens, mixed"), &mixed));
    }
    cases.extend(cases_of("all on ET5", &[0; 300]));
    cases.extend(cases_of("all on EMamba", &[1; 300]));
    cases
}
