//! The named configs.

use std::str::FromStr;

use crate::config::{Combine, Config, EMambaConfig, Et5Config, GateConfig, HeadWidth, HeadsConfig};

/// A config with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// For tests: d 64, a few hundred kB, everything switched on.
    Nano,
    /// What ships: at most 40 M parameters.
    Chairside,
    /// Shape of t5-v1_1-base with mamba-130m blocks, for converted checkpoints and benchmarks.
    Base,
    /// ET5 alone in T5-Large's shape, for comparison.
    T5Large,
    /// ET5 alone in the shape that other runtimes are compared in (`tests/speed/t5.mjs`).
    T5Peer,
}

impl Preset {
    /// All of them, smallest first.
    pub const ALL: [Self; 5] = [Self::Nano, Self::Chairside, Self::T5Peer, Self::Base, Self::T5Large];

    /// The name used on the command line and in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nano => "nano",
            Self::Chairside => "chairside",
            Self::Base => "base",
            Self::T5Large => "t5-large",
            Self::T5Peer => "t5-peer",
        }
    }

    /// The config itself; always valid (held by a test).
    #[must_use]
    pub fn config(self) -> Config {
        match self {
            Self::Nano => nano(),
            Self::Chairside => chairside(),
            Self::Base => base(),
            Self::T5Large => t5_large(),
            Self::T5Peer => t5_peer(),
        }
    }
}

/// A name that is no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset `{name}`; the presets are nano, chairside, t5-peer, base and t5-large")]
pub struct UnknownPreset {
    /// What was asked for.
    pub name: String,
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == name)
            .ok_or_else(|| UnknownPreset { name: name.to_owned() })
    }
}

fn nano() -> Config {
    Config {
        name: "nano".into(),
        vocab_size: 512,
        d_model: 64,
        max_tokens: 512,
        pad_token_id: 0,
        eos_token_id: 1,
        decoder_start_token_id: 0,
        decoder_prefix: 7,
        stem_conv: Some(4),
        gate: GateConfig { hidden: 16, window: 2, prototypes: 4, temperature: 1.0 },
        et5: Et5Config {
            num_layers: 2,
            num_decoder_layers: 2,
            num_heads: 2,
            d_kv: 32,
            d_ff: 128,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: 1e-6,
            tie_word_embeddings: true,
        },
        emamba: Some(EMambaConfig {
            d_model: 64,
            num_layers: 2,
            d_inner: 128,
            d_state: 8,
            d_conv: 4,
            dt_rank: 4,
            bidirectional: false,
            layer_norm_epsilon: 1e-5,
        }),
        combine: Combine::Residual,
        heads: HeadsConfig {
            copy: Some(HeadWidth { width: 16 }),
            decision: true,
            answerable: true,
            embedding: Some(HeadWidth { width: 64 }),
        },
    }
}

fn chairside() -> Config {
    Config {
        name: "chairside".into(),
        vocab_size: 8_192,
        d_model: 256,
        max_tokens: 1_024,
        pad_token_id: 0,
        eos_token_id: 1,
        decoder_start_token_id: 0,
        decoder_prefix: 63,
        stem_conv: Some(4),
        gate: GateConfig { hidden: 64, window: 4, prototypes: 16, temperature: 1.0 },
        et5: Et5Config {
            num_layers: 4,
            num_decoder_layers: 4,
            num_heads: 4,
            d_kv: 64,
            d_ff: 768,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: 1e-6,
            tie_word_embeddings: true,
        },
        emamba: Some(EMambaConfig {
            d_model: 256,
            num_layers: 4,
            d_inner: 512,
            d_state: 16,
            d_conv: 4,
            dt_rank: 16,
            bidirectional: false,
            layer_norm_epsilon: 1e-5,
        }),
        combine: Combine::Residual,
        heads: HeadsConfig {
            copy: Some(HeadWidth { width: 64 }),
            decision: true,
            answerable: true,
            embedding: Some(HeadWidth { width: 256 }),
        },
    }
}

/// Heads, gate and limits of a checkpoint that was never trained for answers here: the decoder's own head alone.
pub(crate) fn converted(
    name: &str,
    vocab_size: usize,
    d_model: usize,
    et5: Et5Config,
    emamba: Option<EMambaConfig>,
) -> Config {
    Config {
        name: name.into(),
        vocab_size,
        d_model,
        max_tokens: 1_024,
        pad_token_id: 0,
        eos_token_id: 1,
        decoder_start_token_id: 0,
        decoder_prefix: 0,
        stem_conv: None,
        gate: GateConfig { hidden: 64, window: 4, prototypes: 16, temperature: 1.0 },
        et5,
        emamba,
        combine: Combine::Expert,
        heads: HeadsConfig { copy: None, decision: false, answerable: false, embedding: None },
    }
}

/// T5 v1.1 of `num_layers` layers on either side.
fn t5_v1_1(num_layers: usize, num_heads: usize, d_ff: usize) -> Et5Config {
    Et5Config {
        num_layers,
        num_decoder_layers: num_layers,
        num_heads,
        d_kv: 64,
        d_ff,
        relative_attention_num_buckets: 32,
        relative_attention_max_distance: 128,
        layer_norm_epsilon: 1e-6,
        tie_word_embeddings: false,
    }
}

fn base() -> Config {
    let et5 = t5_v1_1(12, 12, 2_048);
    let emamba = EMambaConfig {
        d_model: 768,
        num_layers: 24,
        d_inner: 1_536,
        d_state: 16,
        d_conv: 4,
        dt_rank: 48,
        bidirectional: false,
        layer_norm_epsilon: 1e-5,
    };
    converted("base", 32_128, 768, et5, Some(emamba))
}

fn t5_large() -> Config {
    converted("t5-large", 32_128, 1_024, t5_v1_1(24, 16, 2_816), None)
}

fn t5_peer() -> Config {
    converted("t5-peer", 8_192, 384, t5_v1_1(6, 6, 1_024), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_of_the_promised_size() {
        // (preset, least, most parameters)
        for (preset, least, most) in [
            (Preset::Nano, 250_000, 500_000),
            (Preset::Chairside, 10_000_000, 40_000_000),
            (Preset::T5Peer, 30_000_000, 35_000_000),
            (Preset::Base, 330_000_000, 360_000_000),
            (Preset::T5Large, 780_000_000, 785_000_000),
        ] {
            let config = preset.config();
            assert_eq!(config.validate(), Ok(()), "{}", preset.name());
            assert!((least..=most).contains(&config.parameters()), "{}: {}", preset.name(), config.parameters());
            assert_eq!(preset.name().parse(), Ok(preset));
            let json = serde_json::to_vec(&config).unwrap();
            assert_eq!(Config::from_json(&json), Ok(config));
        }
        assert!("large".parse::<Preset>().is_err());
    }
}
