//! What can go wrong between this program and the graphics processor.

use crate::kernels::decide::TooMany;

/// Why the GPU path cannot serve; the CPU path takes over.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GpuError {
    /// No WebGPU, or none that may be used.
    #[error("no graphics processor can be used ({0}); the processor computes the answers instead")]
    NoAdapter(String),
    /// The adapter gave no device.
    #[error("the graphics processor {adapter} refused to open ({reason}); the processor computes the answers instead")]
    NoDevice {
        /// The adapter's name.
        adapter: String,
        /// What it said.
        reason: String,
    },
    /// A limit below what the kernels need.
    #[error(
        "this graphics processor allows {found} of {limit}, {needed} are needed; the processor computes the answers instead"
    )]
    Limit {
        /// The limit's name in the WebGPU specification.
        limit: &'static str,
        /// What the adapter has.
        found: u64,
        /// What is needed.
        needed: u64,
    },
    /// A single tensor that no binding can hold.
    #[error("tensor `{name}` has {bytes} bytes, this graphics processor binds at most {limit}; take a quantised model")]
    TooLarge {
        /// The tensor.
        name: String,
        /// Its size in bytes.
        bytes: u64,
        /// The largest binding in bytes.
        limit: u64,
    },
    /// A shape the kernels are not written for.
    #[error("{what} is {found}, the GPU kernels need {needed}; the processor computes the answers instead")]
    Shape {
        /// Which dimension.
        what: &'static str,
        /// Its value.
        found: usize,
        /// What it has to be.
        needed: &'static str,
    },
    /// A question that does not fit into the buffers made at load.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Tokens were to be routed by lot, a comparison that only the processor computes.
    #[error(
        "the graphics processor has no kernel that routes tokens at random; let the processor compute, or leave the routing to the gate"
    )]
    RandomRouting,
    /// Memory ran out.
    #[error(
        "the graphics processor has no room for {what} ({bytes} bytes); close other pages, or let the processor compute"
    )]
    OutOfMemory {
        /// What was being made.
        what: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The driver or browser refused a command.
    #[error("the graphics processor refused {what}: {reason}")]
    Refused {
        /// What was being done.
        what: String,
        /// What it said.
        reason: String,
    },
    /// The device went away: driver reset, sleep, another page's fault.
    #[error("the graphics processor was lost ({0}); the processor computes the answers until it is opened again")]
    Lost(String),
    /// It went away too often.
    #[error(
        "the graphics processor was lost {times} times ({reason}), {most} at most are put up with; the processor computes the answers instead"
    )]
    GivenUp {
        /// How often.
        times: usize,
        /// How often it may.
        most: usize,
        /// What the system said the last time.
        reason: String,
    },
    /// Another one came back than the one that was lost.
    #[error(
        "the graphics processor was lost, and another one was found in its place ({0}), which has not been measured; the processor computes the answers instead"
    )]
    Another(String),
    /// A kernel that nothing can replace computes wrongly on this device.
    #[error(
        "the kernel {kernel} computes wrongly on this graphics processor ({reason}); the processor computes the answers instead"
    )]
    WrongResults {
        /// Its name.
        kernel: String,
        /// Where and how.
        reason: String,
    },
    /// Results that are no numbers.
    #[error(
        "the graphics processor computed values that are not finite in {0}; the processor computes the answers instead"
    )]
    NotFinite(&'static str),
    /// The weights do not have what the model needs.
    #[error(transparent)]
    Weights(std::sync::Arc<mambaformer_model::weights::WeightsError>),
}

impl From<mambaformer_model::weights::WeightsError> for GpuError {
    fn from(error: mambaformer_model::weights::WeightsError) -> Self {
        Self::Weights(std::sync::Arc::new(error))
    }
}
