//! Writing the answer: grounded (the product) or free (research and converted checkpoints).

mod free;
mod grounded;
mod resume;
mod sampler;
mod sources;

pub use free::{FreeDecoder, FreeError, FreeOptions, FreeStep, FreeText, FreeToken, StopReason};
pub use grounded::{GroundedDecoder, GroundedOptions, GroundedStep, ModelWeight, Statistics};
pub use resume::Resumed;
pub use sampler::{Sampling, uniform};
pub use sources::{SourceUnit, Sources, UnitOrigin};
