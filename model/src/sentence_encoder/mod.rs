//! The sentence encoder: one vector of length 1 for a question, a passage or a sentence, for retrieval by meaning.
//!
//! A BERT (Devlin et al. 2019: learned positions, a norm after each half of a layer, exact GELU), the mean over its tokens (Reimers &
//! Gurevych 2019), optionally a projection to fewer dimensions, and length 1. All sizes come from its config.
//!
//! Texts take this way: [`SentenceTokenizer::encode`] → [`SentenceEncoder::encode`], or [`SentenceEncoder::begin`] and
//! [`SentenceEncoding::step`] where something else must have its turn between the layers.
//!
//! An encoder that was taught to also reads a question together with a passage and says of each line what it is to the answer:
//! [`Asked::of`] → [`Asked::with`] for each passage → [`SentenceEncoder::read`].

mod config;
mod encoder;
mod layer;
mod reading;
mod tokenizer;

pub use config::{ReadingConfig, SentenceEncoderConfig};
pub use encoder::{SentenceEncoder, SentenceEncoding};
pub use reading::{Asked, LineScore, Reading, ReadingRun};
pub use tokenizer::{SentenceTokenizer, SentenceTokens};

use crate::manifest::ManifestOf;
use crate::weights::{LoaderOf, WeightsOf};

/// The manifest of a sentence encoder.
pub type SentenceEncoderManifest = ManifestOf<SentenceEncoderConfig>;
/// Collects the files of a sentence encoder.
pub type SentenceEncoderLoader = LoaderOf<SentenceEncoderConfig>;
/// Verified weights and tokenizer of a sentence encoder.
pub type SentenceEncoderWeights = WeightsOf<SentenceEncoderConfig>;
