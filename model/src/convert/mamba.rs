//! Mamba-1 as `EMamba`, in Hugging Face's naming and config (`MambaForCausalLM`) and in those of the original `mamba_ssm`.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::config::{EMambaConfig, TensorSpec};

use super::checkpoint::{Checkpoint, read_json};
use super::error::ConvertError;

/// The rank of the step projection: a number, or "auto" for a sixteenth of the width.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Rank {
    Number(usize),
    Word(String),
}

impl Rank {
    fn resolve(rank: Option<&Self>, d_model: usize) -> Result<usize, String> {
        match rank {
            None => Ok(d_model.div_ceil(16)),
            Some(Self::Number(rank)) => Ok(*rank),
            Some(Self::Word(word)) if word == "auto" => Ok(d_model.div_ceil(16)),
            Some(Self::Word(word)) => Err(word.clone()),
        }
    }
}

/// `config.json` of `MambaForCausalLM`.
#[derive(Debug, Deserialize)]
struct HuggingFaceConfig {
    model_type: Option<String>,
    hidden_size: usize,
    num_hidden_layers: usize,
    #[serde(default = "sixteen")]
    state_size: usize,
    #[serde(default = "four")]
    conv_kernel: usize,
    #[serde(default = "two")]
    expand: usize,
    intermediate_size: Option<usize>,
    time_step_rank: Option<Rank>,
    #[serde(default = "epsilon")]
    layer_norm_epsilon: f32,
    #[serde(default)]
    use_bias: bool,
    #[serde(default = "yes")]
    use_conv_bias: bool,
    #[serde(default = "silu")]
    hidden_act: String,
}

/// `config.json` of `mamba_ssm`.
#[derive(Debug, Deserialize)]
struct OriginalConfig {
    d_model: usize,
    n_layer: usize,
    #[serde(default)]
    d_intermediate: usize,
    #[serde(default)]
    ssm_cfg: SsmConfig,
    #[serde(default)]
    attn_layer_idx: Vec<usize>,
    #[serde(default = "yes")]
    rms_norm: bool,
}

/// Field `ssm_cfg` of it; empty in the published checkpoints.
#[derive(Debug, Deserialize)]
struct SsmConfig {
    #[serde(default = "mamba1")]
    layer: String,
    #[serde(default = "sixteen")]
    d_state: usize,
    #[serde(default = "four")]
    d_conv: usize,
    #[serde(default = "two")]
    expand: usize,
    dt_rank: Option<Rank>,
    #[serde(default = "yes")]
    conv_bias: bool,
    #[serde(default)]
    bias: bool,
}

impl Default for SsmConfig {
    fn default() -> Self {
        Self { layer: mamba1(), d_state: 16, d_conv: 4, expand: 2, dt_rank: None, conv_bias: true, bias: false }
    }
}

fn sixteen() -> usize {
    16
}
fn four() -> usize {
    4
}
fn two() -> usize {
    2
}
fn yes() -> bool {
    true
}
fn epsilon() -> f32 {
    1e-5
}
fn silu() -> String {
    "silu".into()
}
fn mamba1() -> String {
    "Mamba1".into()
}

/// A Mamba checkpoint, read and understood.
pub(super) struct Mamba {
    checkpoint: Checkpoint,
    pub(super) emamba: EMambaConfig,
    /// Tensors that are there and not needed, with the reason.
    pub(super) notes: Vec<String>,
    /// `backbone.`, or nothing in a model saved without its head.
    prefix: &'static str,
}

impl Mamba {
    pub(super) fn open(folder: &Path) -> Result<Self, ConvertError> {
        let path = folder.join("config.json");
        let json: Value = read_json(&path)?;
        let unreadable = |error: serde_json::Error| ConvertError::Json {
            path: path.display().to_string(),
            detail: error.to_string(),
        };
        let original = json.get("hidden_size").is_none() && json.get("n_layer").is_some();
        let emamba = if original {
            serde_json::from_value::<OriginalConfig>(json).map_err(unreadable)?.understand()
        } else {
            serde_json::from_value::<HuggingFaceConfig>(json).map_err(unreadable)?.understand()
        };
        let emamba = emamba.map_err(|Refusal { field, found, supported }| ConvertError::Unsupported {
            path: path.display().to_string(),
            field,
            found,
            supported,
        })?;
        let checkpoint = Checkpoint::open(folder)?;
        let prefix = if checkpoint.names().any(|name| name.starts_with("backbone.")) { "backbone." } else { "" };
        Ok(Self { checkpoint, emamba, notes: Vec::new(), prefix })
    }

    /// Where it lies.
    pub(super) fn folder(&self) -> &Path {
        self.checkpoint.folder()
    }

    /// Name in the checkpoint of a tensor of ours, if Mamba brings it.
    pub(super) fn source(&self, spec: &TensorSpec) -> Option<String> {
        let name = spec.name.strip_prefix("emamba.")?;
        (!name.starts_with("adapter_")).then(|| format!("{}{name}", self.prefix))
    }

    /// Holds the checkpoint's names against the tensors of our config.
    pub(super) fn check(&mut self, specs: &[TensorSpec]) -> Result<(), ConvertError> {
        let wanted: Vec<String> = specs.iter().filter_map(|spec| self.source(spec)).collect();
        let unused = [
            (format!("{}embeddings.weight", self.prefix), "T5's table is the shared one"),
            (format!("{}embedding.weight", self.prefix), "T5's table is the shared one"),
            ("lm_head.weight".to_owned(), "T5's decoder writes the answer"),
        ];
        let known = |name: &str| unused.iter().any(|(known, _)| known == name);
        self.checkpoint.check_names(wanted.iter().map(String::as_str), known)?;
        for (name, reason) in unused {
            if self.checkpoint.contains(&name) {
                self.notes.push(format!("{name}: not used, {reason}"));
            }
        }
        Ok(())
    }

    /// The values of a tensor of ours, or `None` where Mamba does not bring it.
    pub(super) fn read(&self, spec: &TensorSpec) -> Option<Result<Vec<f32>, ConvertError>> {
        self.source(spec).map(|name| self.checkpoint.read(&name, &spec.shape))
    }
}

/// A field that rules a conversion out.
struct Refusal {
    field: &'static str,
    found: String,
    supported: &'static str,
}

fn require(
    holds: bool,
    field: &'static str,
    found: &(impl ToString + ?Sized),
    supported: &'static str,
) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal { field, found: found.to_string(), supported }) }
}

impl HuggingFaceConfig {
    fn understand(self) -> Result<EMambaConfig, Refusal> {
        if let Some(kind) = &self.model_type {
            require(kind == "mamba", "model_type", kind, "mamba (Mamba-1)")?;
        }
        require(!self.use_bias, "use_bias", &self.use_bias, "false")?;
        require(self.use_conv_bias, "use_conv_bias", &self.use_conv_bias, "true")?;
        require(self.hidden_act == "silu", "hidden_act", &self.hidden_act, "silu")?;
        let dt_rank = Rank::resolve(self.time_step_rank.as_ref(), self.hidden_size).map_err(|found| Refusal {
            field: "time_step_rank",
            found,
            supported: "a number or \"auto\"",
        })?;
        Ok(EMambaConfig {
            d_model: self.hidden_size,
            num_layers: self.num_hidden_layers,
            d_inner: self.intermediate_size.unwrap_or(self.expand.saturating_mul(self.hidden_size)),
            d_state: self.state_size,
            d_conv: self.conv_kernel,
            dt_rank,
            bidirectional: false,
            layer_norm_epsilon: self.layer_norm_epsilon,
        })
    }
}

impl OriginalConfig {
    fn understand(self) -> Result<EMambaConfig, Refusal> {
        let ssm = self.ssm_cfg;
        require(ssm.layer == "Mamba1", "ssm_cfg.layer", &ssm.layer, "Mamba1")?;
        require(!ssm.bias, "ssm_cfg.bias", &ssm.bias, "false")?;
        require(ssm.conv_bias, "ssm_cfg.conv_bias", &ssm.conv_bias, "true")?;
        require(self.rms_norm, "rms_norm", &self.rms_norm, "true")?;
        require(self.d_intermediate == 0, "d_intermediate", &self.d_intermediate, "0 (no feed-forward layers)")?;
        let layers = self.attn_layer_idx;
        require(layers.is_empty(), "attn_layer_idx", &format!("{layers:?}"), "[] (no attention layers)")?;
        let dt_rank = Rank::resolve(ssm.dt_rank.as_ref(), self.d_model).map_err(|found| Refusal {
            field: "ssm_cfg.dt_rank",
            found,
            supported: "a number or \"auto\"",
        })?;
        Ok(EMambaConfig {
            d_model: self.d_model,
            num_layers: self.n_layer,
            d_inner: ssm.expand.saturating_mul(self.d_model),
            d_state: ssm.d_state,
            d_conv: ssm.d_conv,
            dt_rank,
            bidirectional: false,
            layer_norm_epsilon: epsilon(),
        })
    }
}
