//! A flat list of dispatches with everything they need made beforehand: to run it is to encode it into one pass.

use std::rc::Rc;

use super::device::Gpu;
use super::shader::{Access, Pipeline, Pipelines};

/// Workgroups of a dispatch.
#[derive(Clone, Debug)]
pub enum Grid {
    /// Known when the program is made.
    Direct([u32; 3]),
    /// Written by an earlier dispatch: three `u32` at a byte offset.
    Indirect(wgpu::Buffer, u64),
}

/// A kernel with its shape: what a dispatch is made of besides its buffers.
pub trait Kernel {
    /// Its name: that of its shader.
    fn name(&self) -> &'static str;
    /// The shader's text for this variant.
    fn text(&self) -> String;
    /// How it uses its buffers.
    fn bindings(&self) -> &'static [Access];
    /// The uniform parameters, in the order of the shader's `Params`.
    fn params(&self) -> Vec<u32>;
}

struct Step {
    name: &'static str,
    pipeline: Rc<Pipeline>,
    group: wgpu::BindGroup,
    grid: Grid,
}

/// Dispatches in order. Nothing is created when it runs.
#[derive(Default)]
pub struct Program {
    steps: Vec<Step>,
}

impl Program {
    /// Appends a dispatch; `buffers` in the order of the kernel's bindings.
    pub fn push(
        &mut self,
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        kernel: &dyn Kernel,
        buffers: &[&wgpu::Buffer],
        grid: Grid,
    ) {
        let pipeline = pipelines.get(gpu, kernel.name(), &kernel.text(), kernel.bindings());
        // Uniform structs are sized in multiples of 16 bytes.
        let mut params = kernel.params();
        params.resize(params.len().max(1).next_multiple_of(4), 0);
        let uniform = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(kernel.name()),
            size: (params.len() * 4) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue.write_buffer(&uniform, 0, bytemuck::cast_slice(&params));
        let entries: Vec<wgpu::BindGroupEntry> = buffers
            .iter()
            .copied()
            .chain([&uniform])
            .enumerate()
            .map(|(index, buffer)| wgpu::BindGroupEntry {
                binding: u32::try_from(index).unwrap_or(u32::MAX),
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name()),
            layout: &pipeline.layout,
            entries: &entries,
        });
        self.steps.push(Step { name: kernel.name(), pipeline, group, grid });
    }

    /// Encodes steps `from..to` into a pass.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>, from: usize, to: usize) {
        for step in self.steps.get(from..to).unwrap_or_default() {
            pass.set_pipeline(&step.pipeline.pipeline);
            pass.set_bind_group(0, &step.group, &[]);
            match &step.grid {
                Grid::Direct([x, y, z]) => pass.dispatch_workgroups(*x, *y, *z),
                Grid::Indirect(buffer, offset) => pass.dispatch_workgroups_indirect(buffer, *offset),
            }
        }
    }

    /// Dispatches of one run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The kernels in order, for counting and reports.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|step| step.name)
    }
}
