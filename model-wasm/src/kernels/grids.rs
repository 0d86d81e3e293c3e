//! Sizes of later dispatches from counts that only the GPU knows, so that routing and decoding never wait for the host.

use super::case::{Case, Expected, counted, dimension};
use crate::gpu::counts::Count;
use crate::gpu::program::Kernel;
use crate::gpu::shader::Access;

/// One rule: as many workgroups in y as `rows` each need for `count` rows, `x` in x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// How many rows there are.
    pub count: Count,
    /// Workgroups in x.
    pub x: u32,
    /// Rows of one workgroup.
    pub rows: u32,
}

/// Applies all rules.
#[derive(Clone, Copy, Debug)]
pub struct Grids {
    /// How many rules.
    pub rules: usize,
}

impl Kernel for Grids {
    fn name(&self) -> &'static str {
        "grids"
    }

    fn text(&self) -> String {
        include_str!("../../../shaders/grids.wgsl").to_owned()
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Read, Access::Write]
    }

    fn params(&self) -> Vec<u32> {
        vec![dimension(self.rules)]
    }
}

/// The rules as the shader reads them.
#[must_use]
pub fn table(rules: &[Rule]) -> Vec<u32> {
    rules.iter().flat_map(|rule| [rule.count.at(), rule.x, rule.rows, 0]).collect()
}

/// What the shader must write: three words a rule.
#[must_use]
pub fn reference(rules: &[Rule], counts: &[u32]) -> Vec<u32> {
    rules
        .iter()
        .flat_map(|rule| {
            let groups = counts[rule.count.at() as usize].div_ceil(rule.rows);
            [if groups > 0 { rule.x } else { 0 }, groups, 1]
        })
        .collect()
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    let counts = counted(&[(Count::Tokens, 33), (Count::Et5, 0), (Count::Emamba, 64), (Count::Pending, 1)]);
    let mut rules = Vec::new();
    for count in [Count::Tokens, Count::Et5, Count::Emamba, Count::Pending, Count::One] {
        for (x, rows) in [(1, 1), (7, 4), (12, 32), (3, 64)] {
            rules.push(Rule { count, x, rows });
        }
    }
    let mut cases = Vec::new();
    for rules in [&rules[..1], &rules] {
        cases.push(Case {
            name: format!("{} rules", rules.len()),
            buffers: vec![table(rules), counts.clone(), vec![u32::MAX; 3 * rules.len()]],
            grid: [dimension(rules.len()).div_ceil(64), 1, 1],
            output: 2,
            expected: Expected::Words(reference(rules, &counts)),
            kernel: Box::new(Grids { rules: rules.len() }),
        });
    }
    // More rules than a workgroup has invocations.
    let many: Vec<Rule> = rules.iter().copied().cycle().take(130).collect();
    cases.push(Case {
        name: "130 rules".to_owned(),
        buffers: vec![table(&many), counts.clone(), vec![u32::MAX; 3 * many.len()]],
        grid: [3, 1, 1],
        output: 2,
        expected: Expected::Words(reference(&many, &counts)),
        kernel: Box::new(Grids { rules: many.len() }),
    });
    cases
}
