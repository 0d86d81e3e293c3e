//! The model as a whole: shared embedding, stem, gate, experts, memory, decoder and heads.

use std::rc::Rc;

use candle_core::{Device, Tensor};

use crate::config::{Combine, Config};
use crate::dispatch::{Dispatch, Expert};
use crate::emamba::{EMamba, LayerState};
use crate::error::ModelError;
use crate::et5::{Decoder, DecoderCache, Encoder};
use crate::gate::{Decisions, Gate, Routing};
use crate::heads::{CopyHead, CopyKeys, LanguageModelHead, Pointer, PooledHeads, Verdict};
use crate::nn::{Linear, RmsNorm, matrix, softmax_in_place, values};
use crate::parameters::Parameters;
use crate::stem::Stem;
use crate::weights::Weights;

/// Epsilon of the memory's norm, as in T5.
const MEMORY_NORM_EPSILON: f32 = 1e-6;

/// A loaded MambaFormer.
pub struct MambaFormer {
    config: Config,
    shared: Linear,
    stem: Option<Stem>,
    gate: Gate,
    encoder: Encoder,
    emamba: Option<EMamba>,
    memory_norm: Option<RmsNorm>,
    decoder: Decoder,
    head: LanguageModelHead,
    copy: Option<CopyHead>,
    pooled: PooledHeads,
}

/// An encoded prompt: what the decoder and the heads read.
pub struct Encoded {
    /// The prompt's tokens.
    pub ids: Vec<u32>,
    /// The gate's choice for each of them.
    pub decisions: Decisions,
    /// `M [L, d_model]`.
    pub memory: Tensor,
    /// The experts' own outputs, kept for inspection.
    pub trace: Trace,
    copy_keys: Option<Rc<CopyKeys>>,
}

/// What each expert made of its tokens, for comparison with other implementations.
pub struct Trace {
    /// The shared embedding after the stem, `[L, d_model]`.
    pub embeddings: Tensor,
    /// ET5's final-norm output on its tokens, `[n, d_model]`; absent when it had none.
    pub et5_hidden: Option<Tensor>,
    /// `EMamba`'s output on its tokens, `[n, d_model]`; absent when it had none.
    pub emamba_hidden: Option<Tensor>,
}

/// The distribution of one answer token.
pub struct Mixture {
    /// `P [vocab_size]`.
    pub probabilities: Vec<f32>,
    /// Where it is copied from; absent without copy head.
    pub pointer: Option<Pointer>,
}

/// The decoder's progress in one answer.
#[derive(Clone)]
pub struct DecoderState {
    pub(crate) cache: DecoderCache,
    pub(crate) copy_keys: Option<Rc<CopyKeys>>,
}

impl MambaFormer {
    /// Builds the model from verified weights; the weights are consumed tensor by tensor.
    pub fn load(config: &Config, weights: &mut Weights) -> Result<Self, ModelError> {
        config.validate()?;
        let mut parameters = Parameters::new(weights);
        let parameters = &mut parameters;
        Ok(Self {
            shared: parameters.linear("shared")?,
            stem: config.stem_conv.map(|width| Stem::load(parameters, width)).transpose()?,
            gate: Gate::load(parameters, config)?,
            encoder: Encoder::load(parameters, &config.et5)?,
            emamba: config
                .emamba
                .as_ref()
                .map(|emamba| EMamba::load(parameters, emamba, config.d_model))
                .transpose()?,
            memory_norm: match config.combine {
                Combine::Residual => Some(RmsNorm::new(parameters.vector("memory_norm.weight")?, MEMORY_NORM_EPSILON)),
                Combine::Expert => None,
            },
            decoder: Decoder::load(parameters, &config.et5)?,
            head: LanguageModelHead::load(parameters, config)?,
            copy: config.heads.copy.map(|copy| CopyHead::load(parameters, copy)).transpose()?,
            pooled: PooledHeads::load(parameters, config)?,
            config: config.clone(),
        })
    }

    /// The configuration the model was built from.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether answers can be copied token by token from the prompt.
    #[must_use]
    pub fn has_copy_head(&self) -> bool {
        self.copy.is_some()
    }

    /// Starts to encode a prompt; call [`Encoding::step`] until it is done.
    pub fn begin_encoding(&self, ids: &[u32], routing: Routing) -> Result<Encoding<'_>, ModelError> {
        self.check_ids(ids)?;
        if routing == Routing::Force(Expert::EMamba) && self.emamba.is_none() {
            return Err(ModelError::Absent("EMamba expert"));
        }
        if ids.len() > self.config.max_tokens {
            return Err(ModelError::TooManyTokens { found: ids.len(), limit: self.config.max_tokens });
        }
        let mut embeddings = values(&self.shared.rows(ids)?)?;
        if let Some(stem) = &self.stem {
            stem.apply(&mut embeddings);
        }
        let decisions = self.gate.route(ids, &embeddings, routing)?;
        let dispatch = Dispatch::new(&decisions.experts);
        let embeddings = matrix(embeddings, self.config.d_model)?;
        let et5 = if dispatch.et5.is_empty() {
            None
        } else {
            let hidden = select(&embeddings, dispatch.et5.as_slice())?;
            Some(Et5Run { hidden, bias: self.encoder.position_bias(&dispatch.et5)?, layer: 0 })
        };
        let emamba = match &self.emamba {
            Some(expert) if !dispatch.emamba.is_empty() => {
                let hidden = expert.begin(&select(&embeddings, dispatch.emamba.as_slice())?)?;
                Some(EMambaRun { hidden, layer: 0 })
            }
            _ => None,
        };
        Ok(Encoding { model: self, ids: ids.to_vec(), decisions, dispatch, embeddings, et5, emamba })
    }

    /// Encodes a prompt in one go.
    pub fn encode(&self, ids: &[u32], routing: Routing) -> Result<Encoded, ModelError> {
        let mut encoding = self.begin_encoding(ids, routing)?;
        while encoding.step()? {}
        encoding.finish()
    }

    /// The `EMamba` stack alone, between its adapters: `hidden [tokens, emamba.d_model]`, continuing from `state` (`None`: from the
    /// start). Returns its final-norm output, of the same shape, and the state after the last token, so that a long sequence can be
    /// read in chunks.
    pub fn scan(
        &self,
        hidden: &Tensor,
        state: Option<Vec<LayerState>>,
    ) -> Result<(Tensor, Vec<LayerState>), ModelError> {
        let expert = self.emamba.as_ref().ok_or(ModelError::Absent("EMamba expert"))?;
        let mut state = state.unwrap_or_else(|| expert.initial_state());
        let mut hidden = hidden.clone();
        for (index, layer) in state.iter_mut().enumerate() {
            hidden = expert.layer(index, &hidden, layer)?;
        }
        Ok((expert.normalise(&hidden)?, state))
    }

    /// A decoder that has read nothing yet.
    pub fn begin_decoding(&self, encoded: &Encoded) -> Result<DecoderState, ModelError> {
        Ok(DecoderState { cache: self.decoder.cache(&encoded.memory)?, copy_keys: encoded.copy_keys.clone() })
    }

    /// Reads `ids` into the decoder and returns its final hidden states `z [ids, d_model]`.
    pub fn decode(&self, state: &mut DecoderState, ids: &[u32]) -> Result<Tensor, ModelError> {
        self.check_ids(ids)?;
        // The decoder reads the plain shared embedding: the stem belongs to the prompt.
        let embeddings = self.shared.rows(ids)?;
        self.decoder.forward(&embeddings, &mut state.cache)
    }

    /// Language-model logits `[n, vocab_size]` of decoder states `z [n, d_model]`.
    pub fn logits(&self, z: &Tensor) -> Result<Tensor, ModelError> {
        Ok(self.head.forward(z, &self.shared)?)
    }

    /// The distribution of the next token after one state `z [1, d_model]`: language model and pointer mixed (See et al. 2017, eq. 9),
    /// repeated tokens of the prompt merged.
    pub fn mixture(&self, z: &Tensor, state: &DecoderState, prompt: &[u32]) -> Result<Mixture, ModelError> {
        let mut probabilities = values(&self.logits(z)?)?;
        softmax_in_place(&mut probabilities);
        let pointer = match (&self.copy, &state.copy_keys) {
            (Some(head), Some(keys)) => Some(head.point(z, keys)?),
            _ => None,
        };
        if let Some(pointer) = &pointer {
            for probability in &mut probabilities {
                *probability *= pointer.generate;
            }
            for (&id, mass) in prompt.iter().zip(&pointer.attention) {
                probabilities[id as usize] += (1.0 - pointer.generate) * mass;
            }
        }
        if probabilities.iter().any(|value| !value.is_finite()) {
            return Err(ModelError::NotFinite("answer probabilities"));
        }
        Ok(Mixture { probabilities, pointer })
    }

    /// What the decoder's state at the start token, `z [1, d_model]`, says of the whole question.
    pub fn verdict(&self, z: &Tensor) -> Result<Verdict, ModelError> {
        Ok(self.pooled.verdict(z)?)
    }

    /// [`Self::verdict`] of a state computed elsewhere, `[d_model]`.
    pub fn verdict_of(&self, z: &[f32]) -> Result<Verdict, ModelError> {
        self.verdict(&Tensor::from_slice(z, (1, z.len()), &Device::Cpu)?)
    }

    /// The normalised retrieval embedding of an encoded text.
    pub fn embedding(&self, encoded: &Encoded) -> Result<Vec<f32>, ModelError> {
        self.pooled.embedding(&encoded.memory)
    }

    pub(crate) fn copy_head(&self) -> Option<&CopyHead> {
        self.copy.as_ref()
    }

    pub(crate) fn head(&self) -> (&LanguageModelHead, &Linear) {
        (&self.head, &self.shared)
    }

    fn check_ids(&self, ids: &[u32]) -> Result<(), ModelError> {
        if ids.is_empty() {
            return Err(ModelError::EmptyInput);
        }
        let vocab_size = self.config.vocab_size;
        match ids.iter().find(|id| **id as usize >= vocab_size) {
            Some(id) => Err(ModelError::UnknownToken { id: *id, vocab_size }),
            None => Ok(()),
        }
    }
}

struct Et5Run {
    hidden: Tensor,
    bias: Tensor,
    layer: usize,
}

struct EMambaRun {
    hidden: Tensor,
    layer: usize,
}

/// A prompt being encoded, one expert layer a step, so that a worker can look at its messages in between.
pub struct Encoding<'m> {
    model: &'m MambaFormer,
    ids: Vec<u32>,
    decisions: Decisions,
    dispatch: Dispatch,
    embeddings: Tensor,
    et5: Option<Et5Run>,
    emamba: Option<EMambaRun>,
}

impl Encoding<'_> {
    /// The gate's choices, known from the start.
    #[must_use]
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Runs one layer of one expert; `false` when all layers have run.
    pub fn step(&mut self) -> Result<bool, ModelError> {
        if let Some(run) = self.et5.as_mut().filter(|run| run.layer < self.model.encoder.layers()) {
            run.hidden = self.model.encoder.layer(run.layer, &run.hidden, &run.bias)?;
            run.layer += 1;
            return Ok(true);
        }
        if let (Some(run), Some(expert)) = (self.emamba.as_mut(), &self.model.emamba)
            && run.layer < expert.layers()
        {
            // Within one call an expert sees all its tokens, so each layer starts from the empty state.
            let mut state = expert.initial_layer_state(run.layer);
            run.hidden = expert.layer(run.layer, &run.hidden, &mut state)?;
            run.layer += 1;
            return Ok(true);
        }
        Ok(false)
    }

    /// Combines the experts' outputs into the memory; call it when [`Self::step`] has returned `false`.
    pub fn finish(self) -> Result<Encoded, ModelError> {
        let model = self.model;
        let d_model = model.config.d_model;
        let et5_hidden = self.et5.map(|run| model.encoder.finish(&run.hidden)).transpose()?;
        let emamba_hidden = match (self.emamba, &model.emamba) {
            (Some(run), Some(expert)) => Some(expert.finish(&run.hidden)?),
            _ => None,
        };
        let mut memory = match model.config.combine {
            Combine::Residual => values(&self.embeddings)?,
            Combine::Expert => vec![0.0; self.ids.len() * d_model],
        };
        for (hidden, positions) in [(&et5_hidden, &self.dispatch.et5), (&emamba_hidden, &self.dispatch.emamba)] {
            let Some(hidden) = hidden else { continue };
            for (row, &position) in values(hidden)?.chunks_exact(d_model).zip(positions.as_slice()) {
                let position = position as usize;
                let weight = match model.config.combine {
                    Combine::Residual => self.decisions.weights[position],
                    Combine::Expert => 1.0,
                };
                for (m, y) in memory[position * d_model..][..d_model].iter_mut().zip(row) {
                    *m += weight * y;
                }
            }
        }
        if memory.iter().any(|value| !value.is_finite()) {
            return Err(ModelError::NotFinite("memory values"));
        }
        let memory = matrix(memory, d_model)?;
        let memory = match &model.memory_norm {
            Some(norm) => norm.forward(&memory)?,
            None => memory,
        };
        let copy_keys = model.copy.as_ref().map(|copy| copy.keys(&memory)).transpose()?.map(Rc::new);
        Ok(Encoded {
            ids: self.ids,
            decisions: self.decisions,
            memory,
            trace: Trace { embeddings: self.embeddings, et5_hidden, emamba_hidden },
            copy_keys,
        })
    }
}

fn select(rows: &Tensor, positions: &[u32]) -> candle_core::Result<Tensor> {
    rows.index_select(&Tensor::from_slice(positions, positions.len(), &Device::Cpu)?, 0)
}
