//! From tokens to a vector.

use super::config::SentenceEncoderConfig;
use super::layer::{Layer, Scratch, norm};
use super::reading::ReadingHead;
use crate::error::ModelError;
use crate::kind::ModelConfig as _;
use crate::nn::{LayerNorm, Linear, Rows, add, sum_of_squares};
use crate::parameters::Parameters;
use crate::weights::quant::QuantError;
use crate::weights::{Matrix, WeightsError, WeightsOf};

/// Below this a pooled state counts as zero and is not scaled up.
const LENGTH_FLOOR: f32 = 1e-12;

/// Names of the two tables: they stay in their storage and are read row by row.
const TOKENS: &str = "embeddings.token.weight";
const POSITIONS: &str = "embeddings.position.weight";

/// A loaded sentence encoder.
pub struct SentenceEncoder {
    config: SentenceEncoderConfig,
    tokens: Matrix,
    positions: Matrix,
    norm: LayerNorm,
    layers: Vec<Layer>,
    projection: Option<Linear>,
    pub(super) reading: Option<ReadingHead>,
}

impl SentenceEncoder {
    /// Builds the encoder from verified weights; the weights are consumed tensor by tensor.
    pub fn load(
        config: &SentenceEncoderConfig,
        weights: &mut WeightsOf<SentenceEncoderConfig>,
    ) -> Result<Self, ModelError> {
        config.validate()?;
        let mut parameters = Parameters::new(weights);
        let parameters = &mut parameters;
        Ok(Self {
            tokens: parameters.matrix(TOKENS)?,
            positions: parameters.matrix(POSITIONS)?,
            norm: norm(parameters, "embeddings.norm", config)?,
            layers: (0..config.num_layers)
                .map(|index| Layer::load(parameters, index, config))
                .collect::<Result<_, _>>()?,
            projection: config.projection.map(|_| parameters.linear("projection")).transpose()?,
            reading: config.reading.map(|_| ReadingHead::load(parameters)).transpose()?,
            config: config.clone(),
        })
    }

    /// The configuration the encoder was built from.
    #[must_use]
    pub fn config(&self) -> &SentenceEncoderConfig {
        &self.config
    }

    /// The vector of a text's tokens, `[d_out]`, of length 1. The tokens are those of [`super::SentenceTokenizer`], start and end included.
    pub fn encode(&self, tokens: &[u32]) -> Result<Vec<f32>, ModelError> {
        let mut encoding = self.begin(tokens)?;
        while encoding.step() {}
        encoding.finish()
    }

    /// Starts on a text's tokens; call [`SentenceEncoding::step`] until it is done.
    pub fn begin(&self, tokens: &[u32]) -> Result<SentenceEncoding<'_>, ModelError> {
        let SentenceEncoderConfig { vocab_size, max_tokens, d_model, .. } = self.config;
        if tokens.is_empty() {
            return Err(ModelError::EmptyInput);
        }
        if tokens.len() > max_tokens {
            return Err(ModelError::TooManyTokens { found: tokens.len(), limit: max_tokens });
        }
        let mut embeddings = Vec::with_capacity(tokens.len() * d_model);
        for &id in tokens {
            let row = usize::try_from(id).ok().filter(|row| *row < vocab_size);
            let row = row.ok_or(ModelError::UnknownToken { id, vocab_size })?;
            self.tokens.append_row(row, &mut embeddings).map_err(of(TOKENS))?;
        }
        let mut positions = Vec::with_capacity(embeddings.len());
        for row in 0..tokens.len() {
            self.positions.append_row(row, &mut positions).map_err(of(POSITIONS))?;
        }
        add(&mut embeddings, &positions);
        let mut hidden = Rows::default();
        self.norm.forward(&embeddings, &mut hidden);
        let scratch = self.layers.first().map(|layer| layer.scratch(tokens.len()));
        Ok(SentenceEncoding { model: self, hidden, layer: 0, scratch })
    }

    /// Mean over the tokens, projection, length 1.
    fn pool(&self, hidden: &Rows) -> Result<Vec<f32>, ModelError> {
        let mut mean = vec![0.0; hidden.width()];
        for row in hidden.values().chunks_exact(hidden.width()) {
            add(&mut mean, row);
        }
        let count = hidden.count() as f32;
        for value in &mut mean {
            *value /= count;
        }
        let mut vector = match &self.projection {
            None => mean,
            Some(projection) => {
                let mut projected = Rows::default();
                projection.forward(&mut Rows::new(mean, hidden.width()), &mut projected);
                projected.values().to_vec()
            }
        };
        let length = sum_of_squares(&vector).sqrt();
        if !length.is_finite() {
            return Err(ModelError::NotFinite("values of a sentence's vector"));
        }
        for value in &mut vector {
            *value /= length.max(LENGTH_FLOOR);
        }
        Ok(vector)
    }
}

fn of(name: &'static str) -> impl Fn(QuantError) -> ModelError {
    move |source| WeightsError::Quant { name: name.to_owned(), source }.into()
}

/// A text being encoded, a layer a step.
pub struct SentenceEncoding<'m> {
    model: &'m SentenceEncoder,
    /// `[tokens, d_model]`
    hidden: Rows,
    layer: usize,
    /// `None` for an encoder without layers, which no config describes.
    scratch: Option<Scratch>,
}

impl SentenceEncoding<'_> {
    /// Layers that have run.
    #[must_use]
    pub fn layers_run(&self) -> usize {
        self.layer
    }

    /// Runs one layer; `false` when all have run.
    pub fn step(&mut self) -> bool {
        let (Some(layer), Some(scratch)) = (self.model.layers.get(self.layer), &mut self.scratch) else { return false };
        layer.forward(&mut self.hidden, scratch);
        self.layer += 1;
        true
    }

    /// The hidden states as they are now, `[tokens, d_model]`: before the first step the embeddings, then each layer's output.
    #[must_use]
    pub fn hidden(&self) -> &[f32] {
        self.hidden.values()
    }

    /// The vector, `[d_out]`, of length 1; call it when [`Self::step`] has returned `false`.
    pub fn finish(self) -> Result<Vec<f32>, ModelError> {
        self.model.pool(&self.hidden)
    }
}
