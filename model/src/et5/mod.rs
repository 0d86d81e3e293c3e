//! ET5, the Transformer expert: a T5 v1.1 encoder over the tokens routed to it, and the decoder that writes the answer.
//!
//! Raffel et al. 2020; v1.1 (gated GELU, untied head, unscaled attention) as released with Flan-T5. Tensor names are Hugging Face's.

mod attention;
mod decoder;
mod encoder;
mod feed_forward;
mod relative_bias;

pub(crate) use decoder::{Decoder, DecoderCache};
pub(crate) use encoder::{Encoder, EncoderRun};

/// The relative-position bias of every distance, `[heads, 2 max_distance + 1]`, from the table `[buckets, heads]` of a stack's first
/// layer; for implementations that compute attention themselves.
#[must_use]
pub fn bias_by_distance(table: &[f32], config: &crate::config::Et5Config, bidirectional: bool) -> Vec<f32> {
    relative_bias::RelativeBias::new(table, config, bidirectional).by_distance()
}
