//! How MambaFormer runs in the browser.

pub mod answer;
pub mod browse;
pub mod calculation;
#[cfg(feature = "engine")]
pub mod gpu;
#[cfg(feature = "engine")]
pub mod kernels;
#[cfg(feature = "measure")]
pub mod measure;
pub mod part_name;
#[cfg(feature = "engine")]
pub mod pipeline;
pub mod protocol;
pub mod redaction;

#[cfg(all(feature = "client", target_arch = "wasm32"))]
pub mod client;
#[cfg(all(feature = "engine", target_arch = "wasm32"))]
pub mod worker;
