//! How MambaFormer runs in the browser.

pub mod answer;
pub mod protocol;

#[cfg(all(feature = "client", target_arch = "wasm32"))]
pub mod client;
