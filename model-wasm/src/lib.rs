//! How MambaFormer runs in the browser.

pub mod answer;
pub mod protocol;
