//! The indirect sizes of a program's dispatches: rules collected while it is made, applied by one dispatch at its beginning.

use super::Gpu;
use super::counts::Count;
use super::program::Grid;
use crate::kernels::grids::{Rule, table};

/// Most rules of a program.
pub const MAX_RULES: usize = 256;

/// Rules and the buffers they stand in.
pub struct GridTable {
    rules: Vec<Rule>,
    /// `[MAX_RULES]` rules as `grids` reads them.
    pub rules_buffer: wgpu::Buffer,
    /// `[MAX_RULES, 3]` workgroups.
    pub grids_buffer: wgpu::Buffer,
}

impl GridTable {
    /// No rules yet.
    #[must_use]
    pub fn new(gpu: &Gpu) -> Self {
        Self {
            rules: Vec::new(),
            rules_buffer: gpu.storage("grid rules", 16 * MAX_RULES as u64),
            grids_buffer: gpu.storage("grids", 12 * MAX_RULES as u64),
        }
    }

    /// The grid of a kernel with `(x, rows)` for `count` rows.
    pub fn grid(&mut self, count: Count, (x, rows): (u32, u32)) -> Grid {
        let rule = Rule { count, x, rows };
        let index = self.rules.iter().position(|other| *other == rule).unwrap_or_else(|| {
            self.rules.push(rule);
            self.rules.len() - 1
        });
        debug_assert!(index < MAX_RULES, "a program has more than {MAX_RULES} sizes of dispatches");
        Grid::Indirect(self.grids_buffer.clone(), 12 * index as u64)
    }

    /// Uploads the rules, when the program is complete.
    pub fn finish(&self, gpu: &Gpu) {
        let mut rules = self.rules.clone();
        // Unused places make no workgroups.
        rules.resize(MAX_RULES, Rule { count: Count::One, x: 0, rows: 1 });
        gpu.queue.write_buffer(&self.rules_buffer, 0, bytemuck::cast_slice(&table(&rules)));
    }
}
