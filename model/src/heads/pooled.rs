//! The heads that give one verdict per question: decision, answerability, embedding.

use super::HeadScratch;
use crate::config::Config;
use crate::error::ModelError;
use crate::nn::{Linear, Rows, add, sigmoid, softmax_in_place, sum_of_squares};
use crate::parameters::Parameters;

/// What the decoder's first state says of the question as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Probabilities of yes, no and maybe (a model without the head has none).
    pub decision: Option<[f32; 3]>,
    /// Probability that the given sources answer the question.
    pub answerable: Option<f32>,
}

/// The linear maps, each present only where the config says so.
pub(crate) struct PooledHeads {
    decision: Option<Linear>,
    answerable: Option<Linear>,
    embedding: Option<Linear>,
}

impl PooledHeads {
    pub(crate) fn load(parameters: &mut Parameters, config: &Config) -> Result<Self, ModelError> {
        let heads = &config.heads;
        Ok(Self {
            decision: heads.decision.then(|| parameters.linear_with_bias("heads.decision")).transpose()?,
            answerable: heads.answerable.then(|| parameters.linear_with_bias("heads.answerable")).transpose()?,
            embedding: heads.embedding.as_ref().map(|_| parameters.linear("heads.embedding")).transpose()?,
        })
    }

    /// From the decoder's state at the start token, `z [d_model]`.
    pub(crate) fn verdict(&self, z: &[f32]) -> Verdict {
        let mut scratch = HeadScratch::default();
        let decision = self.decision.as_ref().and_then(|head| {
            let mut logits = <[f32; 3]>::try_from(scratch.apply(head, z)).ok()?;
            softmax_in_place(&mut logits);
            Some(logits)
        });
        let answerable =
            self.answerable.as_ref().and_then(|head| scratch.apply(head, z).first().map(|logit| sigmoid(*logit)));
        Verdict { decision, answerable }
    }

    /// The retrieval embedding of `memory [L, d_model]`: mean over tokens, projected, length 1.
    pub(crate) fn embedding(&self, memory: &Rows) -> Result<Vec<f32>, ModelError> {
        let head = self.embedding.as_ref().ok_or(ModelError::Absent("embedding head"))?;
        let mut mean = vec![0.0; memory.width()];
        for row in memory.values().chunks_exact(memory.width()) {
            add(&mut mean, row);
        }
        for value in &mut mean {
            *value /= memory.count() as f32;
        }
        let mut scratch = HeadScratch::default();
        let mut embedding = scratch.apply(head, &mean).to_vec();
        let norm = sum_of_squares(&embedding).sqrt().max(f32::MIN_POSITIVE);
        for value in &mut embedding {
            *value /= norm;
        }
        Ok(embedding)
    }
}
