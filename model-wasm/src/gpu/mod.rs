//! The WebGPU engine: the device, the programs made for a model at load, and the loop that runs them.

pub mod answer;
pub mod arena;
pub mod counts;
pub mod device;
pub mod error;
pub mod forms;
pub mod free;
pub mod grid_table;
pub mod model;
pub mod program;
pub mod self_test;
pub mod shader;
pub mod submit;
pub mod tensors;
pub mod variants;

pub use device::Gpu;
pub use error::GpuError;
pub use model::{Capacity, GpuModel};
