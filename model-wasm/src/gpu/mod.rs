//! The WebGPU engine: the device, the programs made for a model at load, and the loop that runs them.

pub mod counts;
pub mod device;
pub mod error;
pub mod program;
pub mod shader;

pub use device::Gpu;
pub use error::GpuError;
