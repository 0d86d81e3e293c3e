//! The heads that give one verdict per question: decision, answerability, embedding.

use candle_core::Tensor;

use crate::config::Config;
use crate::error::ModelError;
use crate::nn::{Linear, sigmoid, softmax_in_place, values};
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

    /// From the decoder's state at the start token, `z [1, d_model]`.
    pub(crate) fn verdict(&self, z: &Tensor) -> candle_core::Result<Verdict> {
        let decision = match &self.decision {
            None => None,
            Some(head) => {
                let mut logits = values(&head.forward(z)?)?;
                softmax_in_place(&mut logits);
                <[f32; 3]>::try_from(logits).ok()
            }
        };
        let answerable = match &self.answerable {
            None => None,
            Some(head) => values(&head.forward(z)?)?.first().map(|logit| sigmoid(*logit)),
        };
        Ok(Verdict { decision, answerable })
    }

    /// The retrieval embedding of `memory [L, d_model]`: mean over tokens, projected, length 1.
    pub(crate) fn embedding(&self, memory: &Tensor) -> Result<Vec<f32>, ModelError> {
        let head = self.embedding.as_ref().ok_or(ModelError::Absent("embedding head"))?;
        let mut embedding = values(&head.forward(&memory.mean_keepdim(0)?)?)?;
        let norm = embedding.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        for value in &mut embedding {
            *value /= norm;
        }
        Ok(embedding)
    }
}
