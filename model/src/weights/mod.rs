//! Weights on disk and in memory: read with every byte hash-checked and every tensor held against the config, quantised,
//! written. The format is described in docs/FORMAT.md.
//!
//! Nothing here touches a file system but `folder`, which does not exist in the browser.

#[cfg(target_endian = "big")]
compile_error!("weights are little-endian on disk and are read in place; big-endian machines are not supported");

mod chunks;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod header;
mod layout;
mod matrix;
mod new_model;
pub mod quant;
mod recipe;
mod store;
mod write;

pub use chunks::ChunkVerifier;
pub use error::WeightsError;
#[cfg(not(target_arch = "wasm32"))]
pub use folder::{read_manifest, write_folder};
pub use header::{Entry, HEADER_LIMIT_BYTES, Header};
pub use matrix::Matrix;
pub use new_model::{MANIFEST_FILE, NewModel, TOKENIZER_FILE, WEIGHTS_FILE};
pub use recipe::{Recipe, RecipeError, Scheme};
pub(crate) use store::Tensors;
pub use store::{Loader, LoaderOf, Weights, WeightsOf};
pub use write::{TensorReport, WeightsWriter, Written};
