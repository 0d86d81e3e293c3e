//! The token-level gate: four feature groups, a two-layer MLP, top-1 choice (our reading of arXiv 2601.01260; docs/ARCHITECTURE.md).

use crate::config::{Config, GateConfig};
use crate::dispatch::Expert;
use crate::error::ModelError;
use crate::nn::{Linear, Rows, add, dot, ln, silu, sum_of_squares};
use crate::parameters::Parameters;
use crate::share::Share;

/// Below this a norm counts as zero in a cosine.
const NORM_FLOOR: f32 = 1e-6;
/// As in T5's layer norm.
const EPSILON: f32 = 1e-6;

/// How tokens are routed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Routing {
    /// By the gate; `bias` is added to the EMamba logit (the user's latency/accuracy choice, 0 as trained).
    Gate {
        /// Logit offset in favour of EMamba.
        bias: f32,
    },
    /// Every token to one expert with weight 1; the logits are still reported.
    Force(Expert),
    /// By lot, whatever the gate says, with weight 1 (a comparison: what the gate's choice is worth); the logits are still reported. A
    /// model without `EMamba` reads every token with ET5.
    Random {
        /// The probability of `EMamba`.
        share: Share,
        /// Another seed gives other routes; with the same one a prompt is always routed the same.
        seed: u64,
    },
}

impl Default for Routing {
    fn default() -> Self {
        Self::Gate { bias: 0.0 }
    }
}

/// What the gate said of each token.
#[derive(Clone, Debug, PartialEq)]
pub struct Decisions {
    /// `[tokens]` rows of (ET5, `EMamba`), the bias included.
    pub logits: Vec<[f32; 2]>,
    /// The chosen expert of each token.
    pub experts: Vec<Expert>,
    /// The chosen expert's weight `p_(t,e)`.
    pub weights: Vec<f32>,
}

pub(crate) struct Gate {
    norm: Vec<f32>,
    /// `[prototypes, d_model]`, rows scaled to length 1 (to 0 where they have none).
    prototypes: Vec<f32>,
    /// `[vocab_size]`, 0..1.
    surprisal: Vec<f32>,
    /// Mean squared norm of the embedding table's rows.
    table_mean_sq_norm: f32,
    fc1: Linear,
    fc2: Linear,
    config: GateConfig,
    d_model: usize,
    /// Width of a token's feature vector.
    features: usize,
    max_tokens: usize,
    has_emamba: bool,
}

impl Gate {
    pub(crate) fn load(parameters: &mut Parameters, config: &Config) -> Result<Self, ModelError> {
        let mut prototypes = parameters.values("gate.prototypes")?;
        for row in prototypes.chunks_exact_mut(config.d_model) {
            let norm = norm(row).max(NORM_FLOOR);
            for value in row {
                *value /= norm;
            }
        }
        let table = parameters.values("gate.table_mean_sq_norm")?;
        Ok(Self {
            norm: parameters.values("gate.norm.weight")?,
            prototypes,
            surprisal: parameters.values("gate.surprisal")?,
            table_mean_sq_norm: table.first().copied().unwrap_or(1.0).max(f32::MIN_POSITIVE),
            fc1: parameters.linear_with_bias("gate.fc1")?,
            fc2: parameters.linear_with_bias("gate.fc2")?,
            config: config.gate.clone(),
            d_model: config.d_model,
            features: config.gate_features(),
            max_tokens: config.max_tokens,
            has_emamba: config.emamba.is_some(),
        })
    }

    /// Routes the tokens `ids` with embeddings `e [tokens, d_model]` (after the stem).
    pub(crate) fn route(&self, ids: &[u32], e: &[f32], routing: Routing) -> Result<Decisions, ModelError> {
        let mut features = Rows::new(self.features(ids, e), self.features);
        let (mut hidden, mut flat) = (Rows::default(), Rows::default());
        self.fc1.forward(&mut features, &mut hidden);
        for value in hidden.values_mut() {
            *value = silu(*value);
        }
        self.fc2.forward(&mut hidden, &mut flat);
        let flat = flat.values();
        if flat.iter().any(|value| !value.is_finite()) {
            return Err(ModelError::NotFinite("gate logits"));
        }
        let bias = if let Routing::Gate { bias } = routing { bias } else { 0.0 };
        let (pairs, _) = flat.as_chunks::<2>();
        let logits: Vec<[f32; 2]> = pairs.iter().map(|[et5, emamba]| [*et5, emamba + bias]).collect();
        let (experts, weights) = logits
            .iter()
            .zip(ids)
            .enumerate()
            .map(|(position, (logits, id))| self.choose(*logits, routing, (position, *id)))
            .unzip();
        Ok(Decisions { logits, experts, weights })
    }

    /// Top-1; ties go to `EMamba`, the cheaper expert on long input. A lot is drawn for the token's position and id.
    fn choose(&self, [et5, emamba]: [f32; 2], routing: Routing, (position, id): (usize, u32)) -> (Expert, f32) {
        match routing {
            Routing::Force(expert) => (expert, 1.0),
            // With a single expert there is nothing to weigh.
            Routing::Gate { .. } | Routing::Random { .. } if !self.has_emamba => (Expert::Et5, 1.0),
            Routing::Random { share, seed } => (share.draw(seed, position, id), 1.0),
            Routing::Gate { .. } => {
                let (expert, margin) =
                    if emamba >= et5 { (Expert::EMamba, emamba - et5) } else { (Expert::Et5, et5 - emamba) };
                (expert, crate::nn::sigmoid(margin / self.config.temperature))
            }
        }
    }

    /// `[tokens, d_model + 4]`: `[rmsnorm(e_t); dispersion; surprisal; length; affinity]`.
    fn features(&self, ids: &[u32], e: &[f32]) -> Vec<f32> {
        let d = self.d_model;
        let tokens = ids.len();
        let length = ln(1.0 + tokens as f32) / ln(1.0 + self.max_tokens as f32);
        let mut features = Vec::with_capacity(tokens * self.features);
        let mut mean = vec![0.0f32; d];
        let mut deviations = vec![0.0f32; d];
        for (token, (row, &id)) in e.chunks_exact(d).zip(ids).enumerate() {
            let inverse = 1.0 / (sum_of_squares(row) / d as f32 + EPSILON).sqrt();
            features.extend(row.iter().zip(&self.norm).map(|(x, weight)| x * inverse * weight));

            let from = token.saturating_sub(self.config.window);
            let to = (token + self.config.window + 1).min(tokens);
            let window = &e[from * d..to * d];
            let count = (to - from) as f32;
            mean.fill(0.0);
            for row in window.chunks_exact(d) {
                add(&mut mean, row);
            }
            for value in &mut mean {
                *value /= count;
            }
            let mut spread = 0.0;
            for row in window.chunks_exact(d) {
                for ((deviation, x), m) in deviations.iter_mut().zip(row).zip(&mean) {
                    *deviation = x - m;
                }
                spread += sum_of_squares(&deviations);
            }
            features.push(spread / count / self.table_mean_sq_norm);
            features.push(self.surprisal.get(id as usize).copied().unwrap_or(1.0));
            features.push(length);
            features.push(self.affinity(&mean));
        }
        features
    }

    /// The largest cosine between the window mean and a domain prototype.
    fn affinity(&self, mean: &[f32]) -> f32 {
        let length = norm(mean).max(NORM_FLOOR);
        let cosine = |prototype: &[f32]| dot(prototype, mean) / length;
        self.prototypes.chunks_exact(self.d_model).map(cosine).fold(f32::NEG_INFINITY, f32::max)
    }
}

fn norm(x: &[f32]) -> f32 {
    sum_of_squares(x).sqrt()
}
