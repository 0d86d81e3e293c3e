//! The GPU kernels: for each the binding to its shader, what it must compute in plain f32, and its cases.
//!
//! A file here and a file in `shaders/` share a name. The references and cases are part of the product, not of its tests: at load the
//! engine runs cases of the model's own shapes on the user's own GPU before it trusts a kernel.

pub mod attention_row;
pub mod attention_tile;
pub mod case;
pub mod causal_conv;
pub mod combine;
pub mod compact;
pub mod copy;
pub mod decide;
pub mod embed;
pub mod gate_choose;
pub mod gate_features;
pub mod gather_rows;
pub mod grids;
pub mod matmul;
pub mod merged;
pub mod mixture;
pub mod pointer;
pub mod rms_norm;
pub mod sample;
pub mod scan;
pub mod score_rows;
pub mod weights;
