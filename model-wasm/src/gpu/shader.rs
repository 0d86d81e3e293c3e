//! Shader text with its variants put in, and the pipelines made of it, once each.

use std::collections::HashMap;

use super::device::Gpu;

/// How a kernel uses one of its buffers. The position in the list is the binding's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `var<storage, read>`
    Read,
    /// `var<storage, read_write>`
    Write,
}

/// A shader's text with every `{{name}}` replaced.
///
/// Text is put in instead of pipeline overrides because arrays of overridden size fail silently on some browsers.
#[must_use]
pub fn fill(template: &str, variables: &[(&str, &str)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    text
}

/// Sums and maxima of values of a type (f32 or a vector of it) over a workgroup of so many invocations (a power of two), as a part of a shader.
#[must_use]
pub fn reduction(lanes: u32, of: &str) -> String {
    fill(include_str!("../../../shaders/reduction.wgsl"), &[("lanes", &lanes.to_string()), ("of", of)])
}

/// A pipeline with the layout of its one bind group: the storage buffers, then the parameters.
pub struct Pipeline {
    /// What is dispatched.
    pub pipeline: wgpu::ComputePipeline,
    /// Its bind group's layout.
    pub layout: wgpu::BindGroupLayout,
}

/// Pipelines by their text.
#[derive(Default)]
pub struct Pipelines(HashMap<String, std::rc::Rc<Pipeline>>);

impl Pipelines {
    /// The pipeline of a shader text; compiled the first time it is asked for.
    pub fn get(&mut self, gpu: &Gpu, name: &str, text: &str, bindings: &[Access]) -> std::rc::Rc<Pipeline> {
        if let Some(pipeline) = self.0.get(text) {
            return std::rc::Rc::clone(pipeline);
        }
        let pipeline = std::rc::Rc::new(compile(gpu, name, text, bindings));
        self.0.insert(text.to_owned(), std::rc::Rc::clone(&pipeline));
        pipeline
    }

    /// Forgets a pipeline that the driver refused, so that the next who asks for it is told so as well.
    pub fn forget(&mut self, text: &str) {
        self.0.remove(text);
    }

    /// How many were compiled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was compiled yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn compile(gpu: &Gpu, name: &str, text: &str, bindings: &[Access]) -> Pipeline {
    let entry = |binding: usize, ty: wgpu::BufferBindingType| wgpu::BindGroupLayoutEntry {
        binding: u32::try_from(binding).unwrap_or(u32::MAX),
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    };
    let mut entries: Vec<wgpu::BindGroupLayoutEntry> = bindings
        .iter()
        .enumerate()
        .map(|(index, access)| entry(index, wgpu::BufferBindingType::Storage { read_only: *access == Access::Read }))
        .collect();
    entries.push(entry(bindings.len(), wgpu::BufferBindingType::Uniform));
    let layout =
        gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(name), entries: &entries });
    let module = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(text.into()),
    });
    let pipeline_layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(name),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    Pipeline { pipeline, layout }
}
