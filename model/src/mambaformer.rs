//! The model as a whole: shared embedding, stem, gate, experts, memory, decoder and heads.

use std::rc::Rc;

use candle_core::Tensor;

use crate::config::{Combine, Config};
use crate::dispatch::{Dispatch, Expert, Positions};
use crate::emamba::{EMamba, EMambaRun, LayerState};
use crate::error::ModelError;
use crate::et5::{Decoder, DecoderCache, Encoder, EncoderRun};
use crate::gate::{Decisions, Gate, Routing};
use crate::heads::{CopyHead, CopyKeys, HeadRows, HeadScratch, LanguageModelHead, Pointer, PooledHeads, Verdict};
use crate::nn::{Linear, RmsNorm, Rows, softmax_in_place, tensor};
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
    cache: DecoderCache,
    copy_keys: Option<Rc<CopyKeys>>,
    embeddings: Vec<f32>,
    /// Final hidden states of the tokens of the last call.
    z: Rows,
}

impl DecoderState {
    /// The final hidden state of the last token read, `[d_model]`; empty before the first.
    pub(crate) fn last(&self) -> &[f32] {
        let values = self.z.values();
        &values[values.len() - self.z.width()..]
    }
}

impl MambaFormer {
    /// Builds the model from verified weights; the weights are consumed tensor by tensor.
    pub fn load(config: &Config, weights: &mut Weights) -> Result<Self, ModelError> {
        config.validate()?;
        let mut parameters = Parameters::new(weights);
        let parameters = &mut parameters;
        Ok(Self {
            shared: parameters.linear("shared")?,
            stem: config.stem_conv.map(|width| Stem::load(parameters, width, config.d_model)).transpose()?,
            gate: Gate::load(parameters, config)?,
            encoder: Encoder::load(parameters, &config.et5, config.d_model)?,
            emamba: config
                .emamba
                .as_ref()
                .map(|emamba| EMamba::load(parameters, emamba, config.d_model))
                .transpose()?,
            memory_norm: match config.combine {
                Combine::Residual => Some(RmsNorm::new(parameters.values("memory_norm.weight")?, MEMORY_NORM_EPSILON)),
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
        let d_model = self.config.d_model;
        let mut embeddings = Vec::with_capacity(ids.len() * d_model);
        self.shared.gather(ids, &mut embeddings);
        if let Some(stem) = &self.stem {
            stem.apply(&mut embeddings);
        }
        let decisions = self.gate.route(ids, &embeddings, routing)?;
        let dispatch = Dispatch::new(&decisions.experts);
        let selected = |positions: &Positions| -> Vec<f32> {
            let row = |position: &u32| &embeddings[*position as usize * d_model..][..d_model];
            positions.as_slice().iter().flat_map(row).copied().collect()
        };
        let et5 = (!dispatch.et5.is_empty()).then(|| self.encoder.begin(selected(&dispatch.et5), dispatch.et5.clone()));
        let emamba = self
            .emamba
            .as_ref()
            .filter(|_| !dispatch.emamba.is_empty())
            .map(|expert| (expert, expert.begin(Rows::new(selected(&dispatch.emamba), d_model))));
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
        let hidden = expert.scan(&values(hidden)?, &mut state)?;
        Ok((tensor(hidden.values(), hidden.width())?, state))
    }

    /// A decoder that has read nothing yet.
    pub fn begin_decoding(&self, encoded: &Encoded) -> Result<DecoderState, ModelError> {
        let mut memory = Rows::new(values(&encoded.memory)?, self.config.d_model);
        Ok(DecoderState {
            cache: self.decoder.cache(&mut memory),
            copy_keys: encoded.copy_keys.clone(),
            embeddings: Vec::new(),
            z: Rows::default(),
        })
    }

    /// Reads `ids` into the decoder and returns its final hidden states `z [ids, d_model]`.
    pub fn decode(&self, state: &mut DecoderState, ids: &[u32]) -> Result<Tensor, ModelError> {
        self.read(state, ids)?;
        Ok(tensor(state.z.values(), self.config.d_model)?)
    }

    /// Reads `ids` into the decoder, whose state then holds their final hidden states. After the first token nothing is allocated, until an
    /// answer is longer than expected.
    pub fn read(&self, state: &mut DecoderState, ids: &[u32]) -> Result<(), ModelError> {
        self.check_ids(ids)?;
        // The decoder reads the plain shared embedding: the stem belongs to the prompt.
        self.shared.gather(ids, &mut state.embeddings);
        self.decoder.forward(&state.embeddings, &mut state.cache, &mut state.z);
        Ok(())
    }

    /// Language-model logits `[n, vocab_size]` of decoder states `z [n, d_model]`.
    pub fn logits(&self, z: &Tensor) -> Result<Tensor, ModelError> {
        let mut scratch = HeadScratch::default();
        self.head.forward(&values(z)?, self.config.d_model, &self.shared, &mut scratch);
        Ok(tensor(scratch.logits().values(), self.config.vocab_size)?)
    }

    /// The distribution of the next token after one state `z [1, d_model]`: language model and pointer mixed (See et al. 2017, eq. 9),
    /// repeated tokens of the prompt merged.
    pub fn mixture(&self, z: &Tensor, state: &DecoderState, prompt: &[u32]) -> Result<Mixture, ModelError> {
        self.mix(&values(z)?, state, prompt, &mut HeadScratch::default())
    }

    /// [`Self::mixture`] of a state's values.
    pub(crate) fn mix(
        &self,
        z: &[f32],
        state: &DecoderState,
        prompt: &[u32],
        scratch: &mut HeadScratch,
    ) -> Result<Mixture, ModelError> {
        self.head.forward(z, self.config.d_model, &self.shared, scratch);
        let mut probabilities = scratch.logits().values().to_vec();
        softmax_in_place(&mut probabilities);
        let pointer = self.point(z, state, scratch);
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

    /// Where the token after state `z [d_model]` may be copied from; `None` without copy head.
    pub(crate) fn point(&self, z: &[f32], state: &DecoderState, scratch: &mut HeadScratch) -> Option<Pointer> {
        let (head, keys) = self.copy.as_ref().zip(state.copy_keys.as_deref())?;
        let mut pointer = Pointer::default();
        head.point(z, keys, scratch, &mut pointer);
        Some(pointer)
    }

    /// What the decoder's state at the start token, `z [1, d_model]`, says of the whole question.
    pub fn verdict(&self, z: &Tensor) -> Result<Verdict, ModelError> {
        Ok(self.pooled.verdict(&values(z)?))
    }

    /// [`Self::verdict`] of a state that has read the start token alone.
    pub(crate) fn verdict_of(&self, state: &DecoderState) -> Verdict {
        self.pooled.verdict(state.last())
    }

    /// [`Self::verdict`] of a state computed elsewhere, `[d_model]`.
    #[must_use]
    pub fn verdict_at(&self, z: &[f32]) -> Verdict {
        self.pooled.verdict(z)
    }

    /// The normalised retrieval embedding of an encoded text.
    pub fn embedding(&self, encoded: &Encoded) -> Result<Vec<f32>, ModelError> {
        self.pooled.embedding(&Rows::new(values(&encoded.memory)?, self.config.d_model))
    }

    /// The language-model head's rows of a few tokens.
    pub(crate) fn head_rows(&self, ids: &[u32]) -> HeadRows {
        self.head.gather(ids, self.config.d_model, &self.shared)
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

/// A prompt being encoded, some tokens of an expert's layer a step, so that a worker can look at its messages in between.
pub struct Encoding<'m> {
    model: &'m MambaFormer,
    ids: Vec<u32>,
    decisions: Decisions,
    dispatch: Dispatch,
    /// `[L, d_model]`, after the stem.
    embeddings: Vec<f32>,
    et5: Option<EncoderRun>,
    emamba: Option<(&'m EMamba, EMambaRun)>,
}

impl Encoding<'_> {
    /// The gate's choices, known from the start.
    #[must_use]
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Runs some tokens through one layer of one expert; `false` when all layers have run.
    pub fn step(&mut self) -> Result<bool, ModelError> {
        if let Some(run) = &mut self.et5
            && self.model.encoder.step(run)
        {
            return Ok(true);
        }
        match &mut self.emamba {
            Some((expert, run)) => expert.step(run),
            None => Ok(false),
        }
    }

    /// Combines the experts' outputs into the memory; call it when [`Self::step`] has returned `false`.
    pub fn finish(self) -> Result<Encoded, ModelError> {
        let model = self.model;
        let d_model = model.config.d_model;
        let et5_hidden = self.et5.map(|run| model.encoder.finish(&run));
        let emamba_hidden = self.emamba.map(|(expert, run)| expert.finish(&run));
        let mut memory = match model.config.combine {
            Combine::Residual => self.embeddings.clone(),
            Combine::Expert => vec![0.0; self.embeddings.len()],
        };
        for (hidden, positions) in [(&et5_hidden, &self.dispatch.et5), (&emamba_hidden, &self.dispatch.emamba)] {
            let Some(hidden) = hidden else { continue };
            for (row, &position) in hidden.values().chunks_exact(d_model).zip(positions.as_slice()) {
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
        let mut normed = Rows::default();
        match &model.memory_norm {
            Some(norm) => norm.forward(&memory, &mut normed),
            None => normed = Rows::new(memory, d_model),
        }
        let copy_keys = model.copy.as_ref().map(|copy| Rc::new(copy.keys(&mut normed)));
        let hidden = |rows: Option<Rows>| rows.map(|rows| tensor(rows.values(), d_model)).transpose();
        Ok(Encoded {
            ids: self.ids,
            decisions: self.decisions,
            memory: tensor(normed.values(), d_model)?,
            trace: Trace {
                embeddings: tensor(&self.embeddings, d_model)?,
                et5_hidden: hidden(et5_hidden)?,
                emamba_hidden: hidden(emamba_hidden)?,
            },
            copy_keys,
        })
    }
}

/// The values of a tensor in row-major order.
fn values(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1::<f32>()
}
