//! Builds the assistant from the files a static site would serve.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mambaformer_model::Expert;
use mambaformer_model::weights::Weights;
use mambaformer_wasm::pipeline::{Assistant, AssistantParts};

/// Where the assistant's files are.
#[derive(clap::Args)]
pub struct Files {
    /// Model folder (manifest.json, weights, tokenizer).
    #[arg(long, default_value = "assets/model")]
    pub model: PathBuf,
    /// Knowledge base.
    #[arg(long, default_value = "assets/knowledge.json")]
    pub knowledge: PathBuf,
    /// Grounding rules.
    #[arg(long, default_value = "assets/grounding.json")]
    pub grounding: PathBuf,
}

/// An expert that is to take every token.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Force {
    /// The Transformer expert.
    Et5,
    /// The state-space expert.
    Emamba,
}

impl From<Force> for Expert {
    fn from(force: Force) -> Self {
        match force {
            Force::Et5 => Self::Et5,
            Force::Emamba => Self::EMamba,
        }
    }
}

impl Files {
    /// Reads, checks and builds.
    pub fn load(&self) -> Result<Assistant> {
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let parts = AssistantParts {
            weights: Weights::open(&self.model)?,
            knowledge: self.knowledge.exists().then(|| read(&self.knowledge)).transpose()?,
            grounding: read(&self.grounding)?,
        };
        Ok(Assistant::new(parts)?)
    }
}
