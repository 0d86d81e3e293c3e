//! MambaFormer: what the model is, computed on the CPU.
//!
//! The reference the GPU kernels are held against, and the CPU path in the browser. Knows no GPU and no browser.
//!
//! One question takes this way: [`prompt::Prompt`] → [`MambaFormer::begin_encoding`] (embedding, gate, experts, memory) →
//! [`generate::GroundedDecoder`] (the product) or [`generate::FreeDecoder`] (research).

pub mod certificate;
pub mod config;
#[cfg(not(target_arch = "wasm32"))]
pub mod convert;
mod dispatch;
mod emamba;
mod error;
mod et5;
mod gate;
pub mod generate;
mod heads;
pub mod kind;
mod mambaformer;
pub mod manifest;
mod nn;
mod parameters;
pub mod preset;
pub mod prompt;
pub mod random;
pub mod sentence_encoder;
mod share;
mod stem;
mod tensor_list;
pub mod tokenizer;
pub mod weights;

pub use dispatch::{Dispatch, Expert, Positions};
pub use emamba::LayerState;
pub use error::ModelError;
pub use et5::bias_by_distance;
pub use gate::{Decisions, Routing};
pub use heads::{Pointer, Verdict};
pub use mambaformer::{DecoderState, Encoded, Encoding, MambaFormer, Mixture, Trace};
pub use share::{Share, ShareError};
