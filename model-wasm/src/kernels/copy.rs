//! A plain copy: what a device's memory gives, as the mark for the memory-bound kernels.

use super::case::{Case, Expected, dimension, noise, words};
use crate::gpu::program::Kernel;
use crate::gpu::shader::Access;

/// `y = x`.
#[derive(Clone, Copy, Debug)]
pub struct Copy {
    /// Values, a multiple of 4.
    pub values: usize,
}

/// Workgroups of a row.
const ROW: usize = 1024;

impl Copy {
    /// Workgroups.
    #[must_use]
    pub fn grid(&self) -> [u32; 3] {
        let groups = (self.values / 4).div_ceil(256);
        [dimension(groups.min(ROW)), dimension(groups.div_ceil(ROW)), 1]
    }
}

impl Kernel for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn text(&self) -> String {
        include_str!("../../../shaders/copy.wgsl").to_owned()
    }

    fn bindings(&self) -> &'static [Access] {
        &[Access::Read, Access::Write]
    }

    fn params(&self) -> Vec<u32> {
        vec![dimension(self.values / 4), self.grid()[0] * 256]
    }
}

/// A run on made-up input.
#[must_use]
pub fn case(kernel: &Copy) -> Case {
    let x = noise(1, kernel.values);
    Case {
        name: format!("{kernel:?}"),
        buffers: vec![words(&x), vec![0; kernel.values]],
        grid: kernel.grid(),
        output: 1,
        expected: Expected::Words(words(&x)),
        kernel: Box::new(*kernel),
    }
}

/// The table every device is held to.
#[must_use]
pub fn cases() -> Vec<Case> {
    [4, 1020, 1024, 1028, 1 << 20, (1 << 20) + 4].into_iter().map(|values| case(&Copy { values })).collect()
}
