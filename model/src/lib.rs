//! MambaFormer on candle.

pub mod config;
pub mod preset;
mod tensor_list;
