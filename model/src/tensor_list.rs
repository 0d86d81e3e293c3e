//! The tensors a [`Config`] asks for: names, shapes, and what each is for.

use crate::config::{Combine, Config, EMambaConfig, Et5Config};

/// One tensor of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Name in the safetensors file (without the `.q4`, `.q8` and `.scales` endings of quantised storage).
    pub name: String,
    /// Shape, outermost first.
    pub shape: Vec<usize>,
    /// What the tensor is for: decides its random start and whether and how it is quantised.
    pub role: Role,
}

impl TensorSpec {
    /// Whether the tensor may be stored in blocks of 32: a matrix used in a product or as a table, its rows whole blocks.
    #[must_use]
    pub fn quantisable(&self) -> bool {
        matches!(self.shape.as_slice(), [_, columns] if columns.is_multiple_of(32))
            && matches!(
                self.role,
                Role::Embedding
                    | Role::OutputHead
                    | Role::Query
                    | Role::Projection
                    | Role::ScanInput
                    | Role::HeadProjection
            )
    }

    /// Number of values.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.shape.iter().fold(1, |product: u64, &size| product.saturating_mul(u64::try_from(size).unwrap_or(u64::MAX)))
    }

    /// The shape as rows and columns: a vector is one row, further dimensions are flattened into columns.
    #[must_use]
    pub fn rows_and_columns(&self) -> (usize, usize) {
        match self.shape.as_slice() {
            [] => (1, 1),
            &[length] => (1, length),
            [rows, rest @ ..] => (*rows, rest.iter().product()),
        }
    }
}

/// What a tensor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Shared table `[V, d]`.
    Embedding,
    /// Untied language-model head `[V, d]`.
    OutputHead,
    /// ET5 query projection; starts smaller because T5's attention is not scaled.
    Query,
    /// Large projection `[out, in]`.
    Projection,
    /// `x_proj` of a Mamba block: narrow, and its output steers the recurrence.
    ScanInput,
    /// Projection of the copy and embedding heads and the adapters' like.
    HeadProjection,
    /// Matrix of the gate or of a one-logit head; too small to be worth quantising.
    SmallMatrix,
    /// Relative-position bias `[buckets, heads]`.
    RelativeBias,
    /// RMSNorm weight.
    Norm,
    /// Additive bias.
    Bias,
    /// Causal depthwise kernel `[channels, 1, width]`.
    Convolution,
    /// Domain prototypes `[K, d]`.
    Prototypes,
    /// Buffer: unigram surprisal per token, 0 to 1.
    Surprisal,
    /// Buffer: mean square norm of the shared table's rows.
    TableMeanSquareNorm,
    /// `dt_proj.weight`.
    StepWeight,
    /// `dt_proj.bias`.
    StepBias,
    /// `A_log`.
    StateDecay,
    /// `D`.
    Skip,
}

impl Role {
    /// Computed from data, not trained.
    #[must_use]
    pub fn is_buffer(self) -> bool {
        matches!(self, Self::Surprisal | Self::TableMeanSquareNorm)
    }
}

struct List(Vec<TensorSpec>);

impl List {
    fn add(&mut self, name: impl Into<String>, shape: &[usize], role: Role) {
        self.0.push(TensorSpec { name: name.into(), shape: shape.to_vec(), role });
    }
}

/// Every tensor of a model of this config. See the contract in docs/FORMAT.md.
pub(crate) fn of(config: &Config) -> Vec<TensorSpec> {
    let mut list = List(Vec::new());
    let (vocabulary, d) = (config.vocab_size, config.d_model);
    list.add("shared.weight", &[vocabulary, d], Role::Embedding);
    if let Some(width) = config.stem_conv {
        list.add("stem.weight", &[d, 1, width], Role::Convolution);
        list.add("stem.bias", &[d], Role::Bias);
    }
    gate(&mut list, config);
    stack(&mut list, &config.et5, d, Side::Encoder);
    stack(&mut list, &config.et5, d, Side::Decoder);
    if !config.et5.tie_word_embeddings {
        list.add("et5.lm_head.weight", &[vocabulary, d], Role::OutputHead);
    }
    if let Some(emamba) = &config.emamba {
        mamba(&mut list, emamba, d);
    }
    if config.combine == Combine::Residual {
        list.add("memory_norm.weight", &[d], Role::Norm);
    }
    heads(&mut list, config);
    list.0
}

fn gate(list: &mut List, config: &Config) {
    let (gate, d) = (&config.gate, config.d_model);
    list.add("gate.norm.weight", &[d], Role::Norm);
    list.add("gate.prototypes", &[gate.prototypes, d], Role::Prototypes);
    list.add("gate.surprisal", &[config.vocab_size], Role::Surprisal);
    list.add("gate.table_mean_sq_norm", &[1], Role::TableMeanSquareNorm);
    list.add("gate.fc1.weight", &[gate.hidden, config.gate_features()], Role::SmallMatrix);
    list.add("gate.fc1.bias", &[gate.hidden], Role::Bias);
    list.add("gate.fc2.weight", &[2, gate.hidden], Role::SmallMatrix);
    list.add("gate.fc2.bias", &[2], Role::Bias);
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Encoder,
    Decoder,
}

fn stack(list: &mut List, et5: &Et5Config, d: usize, side: Side) {
    let (prefix, blocks) = match side {
        Side::Encoder => ("et5.encoder", et5.num_layers),
        Side::Decoder => ("et5.decoder", et5.num_decoder_layers),
    };
    for block in 0..blocks {
        let layer = |index: usize| format!("{prefix}.block.{block}.layer.{index}");
        attention(list, et5, d, &layer(0), "SelfAttention");
        if block == 0 {
            list.add(
                format!("{}.SelfAttention.relative_attention_bias.weight", layer(0)),
                &[et5.relative_attention_num_buckets, et5.num_heads],
                Role::RelativeBias,
            );
        }
        let feed_forward = if side == Side::Decoder {
            attention(list, et5, d, &layer(1), "EncDecAttention");
            layer(2)
        } else {
            layer(1)
        };
        list.add(format!("{feed_forward}.layer_norm.weight"), &[d], Role::Norm);
        for name in ["wi_0", "wi_1"] {
            list.add(format!("{feed_forward}.DenseReluDense.{name}.weight"), &[et5.d_ff, d], Role::Projection);
        }
        list.add(format!("{feed_forward}.DenseReluDense.wo.weight"), &[d, et5.d_ff], Role::Projection);
    }
    list.add(format!("{prefix}.final_layer_norm.weight"), &[d], Role::Norm);
}

fn attention(list: &mut List, et5: &Et5Config, d: usize, layer: &str, kind: &str) {
    let inner = et5.d_inner();
    list.add(format!("{layer}.layer_norm.weight"), &[d], Role::Norm);
    list.add(format!("{layer}.{kind}.q.weight"), &[inner, d], Role::Query);
    list.add(format!("{layer}.{kind}.k.weight"), &[inner, d], Role::Projection);
    list.add(format!("{layer}.{kind}.v.weight"), &[inner, d], Role::Projection);
    list.add(format!("{layer}.{kind}.o.weight"), &[d, inner], Role::Projection);
}

fn mamba(list: &mut List, emamba: &EMambaConfig, d: usize) {
    let width = emamba.d_model;
    if width != d {
        list.add("emamba.adapter_in.weight", &[width, d], Role::Projection);
    }
    for layer in 0..emamba.num_layers {
        let mixer = format!("emamba.layers.{layer}.mixer");
        list.add(format!("emamba.layers.{layer}.norm.weight"), &[width], Role::Norm);
        list.add(format!("{mixer}.in_proj.weight"), &[2 * emamba.d_inner, width], Role::Projection);
        scan(list, emamba, &mixer);
        if emamba.bidirectional {
            scan(list, emamba, &format!("{mixer}.backward"));
        }
        list.add(format!("{mixer}.out_proj.weight"), &[width, emamba.d_inner], Role::Projection);
    }
    list.add("emamba.norm_f.weight", &[width], Role::Norm);
    if width != d {
        list.add("emamba.adapter_out.weight", &[d, width], Role::Projection);
    }
}

/// The weights of one scan direction.
fn scan(list: &mut List, emamba: &EMambaConfig, mixer: &str) {
    let inner = emamba.d_inner;
    list.add(format!("{mixer}.conv1d.weight"), &[inner, 1, emamba.d_conv], Role::Convolution);
    list.add(format!("{mixer}.conv1d.bias"), &[inner], Role::Bias);
    list.add(format!("{mixer}.x_proj.weight"), &[emamba.dt_rank + 2 * emamba.d_state, inner], Role::ScanInput);
    list.add(format!("{mixer}.dt_proj.weight"), &[inner, emamba.dt_rank], Role::StepWeight);
    list.add(format!("{mixer}.dt_proj.bias"), &[inner], Role::StepBias);
    list.add(format!("{mixer}.A_log"), &[inner, emamba.d_state], Role::StateDecay);
    list.add(format!("{mixer}.D"), &[inner], Role::Skip);
}

fn heads(list: &mut List, config: &Config) {
    let (heads, d) = (&config.heads, config.d_model);
    if let Some(copy) = heads.copy {
        list.add("heads.copy.query.weight", &[copy.width, d], Role::HeadProjection);
        list.add("heads.copy.key.weight", &[copy.width, d], Role::HeadProjection);
        list.add("heads.copy.gate.weight", &[1, d], Role::SmallMatrix);
        list.add("heads.copy.gate.bias", &[1], Role::Bias);
    }
    if heads.decision {
        list.add("heads.decision.weight", &[3, d], Role::SmallMatrix);
        list.add("heads.decision.bias", &[3], Role::Bias);
    }
    if heads.answerable {
        list.add("heads.answerable.weight", &[1, d], Role::SmallMatrix);
        list.add("heads.answerable.bias", &[1], Role::Bias);
    }
    if let Some(embedding) = heads.embedding {
        list.add("heads.embedding.weight", &[embedding.width, d], Role::HeadProjection);
    }
}
