//! The assistant of the native tools: from which files it is built and how it is to answer.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mambaformer_model::Expert;
use mambaformer_model::weights::Weights;
use mambaformer_wasm::gpu::self_test::NoPause;
use mambaformer_wasm::pipeline::{Assistant, AssistantParts, Interrupted, Measures};
use mambaformer_wasm::protocol::{AskOptions, Engine, Mode, Preference};

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
    fn load(&self, gpu: bool) -> Result<Assistant> {
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let parts = AssistantParts {
            weights: Weights::open(&self.model)?,
            knowledge: self.knowledge.exists().then(|| read(&self.knowledge)).transpose()?,
            grounding: read(&self.grounding)?,
            for_gpu: gpu,
        };
        Ok(Assistant::new(parts)?)
    }
}

/// How answers are to be worked out; what `ask` and `eval` have in common.
#[derive(clap::Args)]
pub struct Manner {
    /// Generate freely instead of from source spans.
    #[arg(long)]
    free: bool,
    /// Most answer tokens.
    #[arg(long, default_value_t = AskOptions::default().max_tokens)]
    max_tokens: u32,
    /// Added to the gate's EMamba logit.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    bias: f32,
    /// Every prompt token to this expert.
    #[arg(long, value_enum)]
    force: Option<Force>,
    /// Answer even what the model calls unanswerable.
    #[arg(long)]
    no_abstain: bool,
    /// Compute on the graphics processor (grounded answers only).
    #[arg(long)]
    gpu: bool,
}

impl Manner {
    /// The assistant, on the engine that is wanted.
    pub fn load(&self, files: &Files) -> Result<Assistant> {
        let assistant = files.load(self.gpu)?;
        if self.gpu {
            let report = pollster::block_on(assistant.choose_engine(Preference::Gpu, None, &|| true, &mut NoPause));
            match report {
                Ok(report) if report.engine == Engine::Gpu => {}
                Ok(report) => anyhow::bail!("{}", report.reason),
                Err(Interrupted) => anyhow::bail!("the trial of the graphics processor was interrupted"),
            }
        }
        Ok(assistant)
    }

    /// What a page could ask for.
    pub fn options(&self) -> AskOptions {
        AskOptions {
            mode: if self.free { Mode::Free } else { Mode::Grounded },
            gate_bias: self.bias,
            max_tokens: self.max_tokens,
            ..AskOptions::default()
        }
    }

    /// What only the tools can ask for.
    pub fn measures(&self) -> Measures {
        Measures { force: self.force.map(Into::into), abstain: !self.no_abstain, ..Measures::default() }
    }
}
