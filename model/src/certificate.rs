//! What packing changed in a model, measured against the weights it was packed from; part of the manifest.

use serde::{Deserialize, Serialize};

use crate::manifest::Sha256Hash;

/// The packed model beside its original, on the same prompts with the same answers forced token by token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Hash of the original's `model.safetensors`.
    pub original_sha256: Sha256Hash,
    /// The questions, in words.
    pub on: String,
    /// What the decoder says of the next token.
    pub tokens: Fidelity,
    /// Where the copy head points; what grounded decoding chooses sentences by. Absent without copy head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointers: Option<Fidelity>,
    /// Prompt tokens.
    pub routed: u32,
    /// Prompt tokens that the gate gave to the other expert.
    pub routed_differently: u32,
    /// The whole assistant with either model.
    pub answers: AnswerDelta,
}

/// How near the packed model's distributions are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fidelity {
    /// Distributions that were compared.
    pub compared: u32,
    /// Those whose likeliest outcome is the same.
    pub same_top: u32,
    /// Mean Kullback-Leibler divergence of the packed model's from the original's, in nats.
    pub kl_nats: f64,
    /// The largest.
    pub largest_kl_nats: f64,
}

impl Fidelity {
    /// Share of distributions with the same likeliest outcome, 0 to 1; not a number where none was compared.
    #[must_use]
    pub fn top_agreement(&self) -> f64 {
        f64::from(self.same_top) / f64::from(self.compared)
    }
}

/// Answers of the whole assistant to the same questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerDelta {
    /// Questions.
    pub questions: u32,
    /// Answers that are the same to the letter.
    pub same: u32,
    /// Key facts of these questions.
    pub key_facts: u32,
    /// Of them in the original's answers.
    pub original: u32,
    /// Of them in the packed model's answers.
    pub packed: u32,
}
