//! Model folders made from other folders: Hugging Face checkpoints of T5, Mamba and BERT, and exports of the training.
//!
//! Reads and writes files, so it does not exist in the browser.

mod bert;
mod checkpoint;
mod error;
mod hugging_face;
mod mamba;
mod pack;
mod t5;

pub use bert::{ConvertedSentenceEncoder, SentenceEncoderConversion};
pub use checkpoint::Checkpoint;
pub use error::ConvertError;
pub use hugging_face::{Conversion, Converted};
pub use pack::{pack, repack};
