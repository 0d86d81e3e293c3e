//! ET5, the Transformer expert: a T5 v1.1 encoder over the tokens routed to it, and the decoder that writes the answer.
//!
//! Raffel et al. 2020; v1.1 (gated GELU, untied head, unscaled attention) as released with Flan-T5. Tensor names are Hugging Face's.

mod decoder;
mod encoder;
mod feed_forward;
mod relative_bias;

use crate::config::Et5Config;
use crate::error::ModelError;
use crate::nn::{Attention, Projections};
use crate::parameters::Parameters;

pub(crate) use decoder::{Decoder, DecoderCache};
pub(crate) use encoder::{Encoder, EncoderRun};

/// The relative-position bias of every distance, `[heads, 2 max_distance + 1]`, from the table `[buckets, heads]` of a stack's first
/// layer; for implementations that compute attention themselves.
#[must_use]
pub fn bias_by_distance(table: &[f32], config: &Et5Config, bidirectional: bool) -> Vec<f32> {
    relative_bias::RelativeBias::new(table, config, bidirectional).by_distance()
}

/// T5's attention: no biases, scores not scaled.
fn attention(parameters: &mut Parameters, prefix: &str, config: &Et5Config) -> Result<Attention, ModelError> {
    let mut map = |name: &str| parameters.linear(&format!("{prefix}.{name}"));
    let projections = Projections { q: map("q")?, k: map("k")?, v: map("v")?, o: map("o")? };
    Ok(Attention::new(projections, config.num_heads, config.d_kv))
}
