//! A model on the GPU: weights uploaded, every pipeline, bind group and buffer made, the programs ready to run.

use std::rc::Rc;

use mambaformer_model::bias_by_distance;
use mambaformer_model::config::{Combine as CombineMode, Config, EMambaConfig};
use mambaformer_model::weights::Weights;

use super::arena::{Arena, Buffer};
use super::counts::{COUNTS, Count};
use super::grid_table::{GridTable, MAX_RULES};
use super::program::{Grid, Kernel, Program};
use super::shader::Pipelines;
use super::tensors::Tensors;
use super::variants::{Variant, Variants};
use super::{Gpu, GpuError};
use crate::kernels::attention_row::AttentionRow;
use crate::kernels::attention_tile::AttentionTile;
use crate::kernels::case::dimension;
use crate::kernels::causal_conv::{CausalConv, Use};
use crate::kernels::combine::Combine;
use crate::kernels::compact::Compact;
use crate::kernels::decide::Decide;
use crate::kernels::embed::Embed;
use crate::kernels::gate_choose::{GateChoose, ROUTE_WORDS};
use crate::kernels::gate_features::{GateFeatures, NORM_FLOOR};
use crate::kernels::gather_rows::GatherRows;
use crate::kernels::grids::Grids;
use crate::kernels::matmul::{Epilogue, Matmul, Rows};
use crate::kernels::merged::Merged;
use crate::kernels::mixture::Mixture;
use crate::kernels::pointer::Pointer;
use crate::kernels::rms_norm::RmsNorm;
use crate::kernels::sample::Sample;
use crate::kernels::scan::{CHUNK, Scan, ScanApply, ScanChunk};
use crate::kernels::score_rows::ScoreRows;
use crate::kernels::weights::WeightBuffer;

/// Most rows of one decoder call: a sentence that is followed without asking fits in, as a rule.
pub const MAX_ROWS: usize = 64;
/// Epsilon of the memory's norm, as in `model`.
const MEMORY_EPSILON: f32 = 1e-6;
/// Sentences and clauses that one question may bring.
const MAX_UNITS: usize = 512;
/// Prompt positions of the end token.
const MAX_ENDS: usize = 64;

/// What an engine can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Most prompt tokens.
    pub prompt: usize,
    /// Most answer tokens.
    pub answer: usize,
}

/// A model on the GPU.
pub struct GpuModel {
    pub(super) gpu: Rc<Gpu>,
    pub(super) config: Config,
    pub(super) capacity: Capacity,
    pub(super) prompt: Program,
    /// The pending rows through the decoder, to `z`.
    pub(super) decoder: Program,
    /// What comes after it in grounded decoding.
    pub(super) grounded: Program,
    /// What comes after it in free generation, where its kernels compute rightly.
    pub(super) free: Option<Free>,
    pub(super) room: Decide,
    /// `[COUNTS]`
    pub(super) counts: Buffer,
    /// `[L_max]` prompt tokens.
    pub(super) prompt_ids: Buffer,
    /// `[T_max + 1 + decoder_prefix]`: what the decoder reads before the answer, and the answer's tokens.
    pub(super) answer_ids: Buffer,
    /// `[L_max]` routes as `gate_choose` and `compact` leave them.
    pub(super) routes: Buffer,
    /// `[L_max]` the gate's logits.
    pub(super) gate_logits: Buffer,
    /// `M [L_max, d_model]`
    pub(super) memory: Buffer,
    /// `z [d_model]` after the last decoder call.
    pub(super) z: Buffer,
    pub(super) units: Buffer,
    pub(super) tables: Buffer,
    pub(super) state: Buffer,
    arena: Arena,
    weights: Vec<WeightBuffer>,
    /// Vectors and small matrices in f32.
    vectors: Vec<Buffer>,
    compiled: usize,
    bytes_per_call: u64,
}

/// Free generation: the head over the whole vocabulary, the mixture, the choice.
pub(super) struct Free {
    pub(super) program: Program,
    /// The prompt's tokens with their positions, `Merged`.
    pub(super) merged: Buffer,
    /// `[T_max]`
    pub(super) draws: Buffer,
    /// Head and `[T_max]` tokens, as `sample` lays them out.
    pub(super) state: Buffer,
    /// `[V]` of the last choice.
    pub(super) probabilities: Buffer,
}

/// Makes the programs: what is taken along while they grow.
struct Builder<'b> {
    gpu: &'b Gpu,
    tensors: &'b Tensors<'b>,
    config: &'b Config,
    capacity: Capacity,
    pipelines: Pipelines,
    arena: Arena,
    counts: Buffer,
    program: Program,
    grids: GridTable,
    weights: Vec<WeightBuffer>,
    vectors: Vec<Buffer>,
    /// Bound where a kernel's variant does not read a buffer.
    nothing: Buffer,
    variants: Variants,
}

impl GpuModel {
    /// Uploads `weights` (none of which may have been taken out yet) and makes everything that answers will need.
    /// `variants`: the forms of kernels to use.
    pub async fn load(
        gpu: Rc<Gpu>,
        weights: &Weights,
        capacity: Capacity,
        variants: &Variants,
    ) -> Result<Self, GpuError> {
        Self::load_with(gpu, weights, capacity, variants, Pipelines::default()).await
    }

    /// The same with pipelines that are compiled already.
    pub async fn load_with(
        gpu: Rc<Gpu>,
        weights: &Weights,
        capacity: Capacity,
        variants: &Variants,
        pipelines: Pipelines,
    ) -> Result<Self, GpuError> {
        let config = weights.config().clone();
        check(&config)?;
        let capacity = Capacity { prompt: capacity.prompt.min(config.max_tokens), ..capacity };
        let tensors = Tensors::new(weights, variants.without(Variant::PackedWeights))?;
        let bytes = tensor_bytes(weights);
        let made = gpu
            .guarded("the model's buffers", bytes, || {
                let counts = Rc::new(gpu.storage("counts", 4 * COUNTS as u64));
                Builder {
                    gpu: &gpu,
                    tensors: &tensors,
                    config: &config,
                    capacity,
                    pipelines,
                    arena: Arena::default(),
                    counts,
                    program: Program::default(),
                    grids: GridTable::new(&gpu),
                    weights: Vec::new(),
                    vectors: Vec::new(),
                    nothing: Rc::new(gpu.storage("nothing", 16)),
                    variants: variants.clone(),
                }
                .build(Rc::clone(&gpu))
            })
            .await??;
        Ok(made)
    }

    /// The configuration the model was built from.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Dispatches of one prompt and of one decoder call.
    #[must_use]
    pub fn dispatches(&self) -> (usize, usize) {
        (self.prompt.len(), self.decoder.len() + self.grounded.len())
    }

    /// Dispatches of one decoder call that generates freely; `None` where the processor has to.
    #[must_use]
    pub fn free_dispatches(&self) -> Option<usize> {
        self.free.as_ref().map(|free| self.decoder.len() + free.program.len())
    }

    /// The kernels of one prompt and of one decoder call, in order.
    pub fn kernels(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (self.prompt.names().collect(), self.decoder.names().chain(self.grounded.names()).collect())
    }

    /// Bytes of weights and of activations on the GPU.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        let vectors: u64 = self.vectors.iter().map(|buffer| buffer.size()).sum();
        (self.weights.iter().map(WeightBuffer::bytes).sum::<u64>() + vectors, self.arena.bytes())
    }

    /// Bytes of weights that one decoder call reads, without the head's rows, of which it reads as many as the sources have tokens.
    #[must_use]
    pub fn bytes_per_call(&self) -> u64 {
        self.bytes_per_call
    }

    /// Pipelines compiled.
    #[must_use]
    pub fn pipelines(&self) -> usize {
        self.compiled
    }

    /// The device the model is on.
    #[must_use]
    pub fn gpu(&self) -> &Rc<Gpu> {
        &self.gpu
    }

    /// Overwrites everything that a question and its note have left behind.
    pub fn forget(&self) {
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.arena.clear(&mut encoder);
        self.gpu.queue.submit([encoder.finish()]);
    }
}

impl Drop for GpuModel {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Bytes that the weights take as they are kept.
fn tensor_bytes(weights: &Weights) -> u64 {
    weights.tensors().map(|(_, matrix)| matrix.bytes() as u64).sum()
}

/// Shapes that the kernels are not written for.
fn check(config: &Config) -> Result<(), GpuError> {
    let mut rules = vec![
        ("d_model", config.d_model, 4, 2048),
        ("d_kv", config.et5.d_kv, 4, 128),
        ("d_ff", config.et5.d_ff, 4, usize::MAX),
        ("the gate's hidden width", config.gate.hidden, 4, usize::MAX),
    ];
    if let Some(emamba) = &config.emamba {
        rules.extend([
            ("EMamba's d_model", emamba.d_model, 4, usize::MAX),
            ("d_inner", emamba.d_inner, 4, usize::MAX),
            ("d_state", emamba.d_state, 4, 64),
            ("dt_rank", emamba.dt_rank, 4, usize::MAX),
        ]);
    }
    rules.extend(config.heads.copy.map(|copy| ("the pointer's width", copy.width, 4, 256)));
    for (what, found, multiple, most) in rules {
        if found % multiple != 0 || found > most {
            return Err(GpuError::Shape { what, found, needed: "a multiple of 4 within the kernels' limits" });
        }
    }
    Ok(())
}

/// `counts` as the host writes them for the kernels of a fresh program.
type Bound<'a> = &'a [&'a wgpu::Buffer];

impl Builder<'_> {
    fn push(&mut self, kernel: &dyn Kernel, buffers: Bound, grid: Grid) {
        self.program.push(self.gpu, &mut self.pipelines, kernel, buffers, grid);
    }

    fn take(&mut self, label: &str, values: usize) -> Buffer {
        self.arena.take(self.gpu, label, 4 * values)
    }

    /// A buffer that keeps its content between programs.
    fn keep(&mut self, label: &str, values: usize) -> Buffer {
        // Taken out of the arena for good: it is never given back.
        let buffer = Rc::new(self.gpu.storage(label, 4 * values as u64));
        self.arena.own(&buffer);
        buffer
    }

    fn vector(&mut self, name: &str) -> Result<Buffer, GpuError> {
        let values = self.tensors.values(name)?;
        Ok(self.constant(name, &values))
    }

    fn constant(&mut self, label: &str, values: &[f32]) -> Buffer {
        let buffer = Rc::new(self.gpu.upload(label, values));
        self.vectors.push(Rc::clone(&buffer));
        buffer
    }

    /// Appends a product of `x` by a weight of its own, which is uploaded.
    #[allow(clippy::too_many_arguments)] // the parts of one equation
    fn product(
        &mut self,
        rows: Rows,
        names: &[String],
        turn: Option<usize>,
        shape: impl FnOnce(Matmul) -> Matmul,
        rows_at: Count,
        (x, aux, y): (&Buffer, Option<&Buffer>, &Buffer),
    ) -> Result<(), GpuError> {
        let weight = match names {
            [name] => self.tensors.upload(self.gpu, name)?,
            names => self.tensors.upload_stacked(self.gpu, names, turn)?,
        };
        let (rows, form) = self.variants.product(rows);
        let kernel = shape(Matmul::new(rows, weight.format, weight.columns, weight.rows, rows_at)).formed(form);
        let grid = self.grids.grid(rows_at, kernel.grid());
        let nothing = Rc::clone(&self.nothing);
        let counts = Rc::clone(&self.counts);
        self.push(&kernel, &[x, &weight.words, &weight.scales, aux.unwrap_or(&nothing), y, &counts], grid);
        self.weights.push(weight);
        Ok(())
    }

    /// Starts a program: its first dispatch sizes the others.
    fn size_grids(&mut self) {
        let kernel = Grids { rules: MAX_RULES };
        let (rules, grids) = (self.grids.rules_buffer.clone(), self.grids.grids_buffer.clone());
        let counts = Rc::clone(&self.counts);
        self.push(&kernel, &[&rules, &counts, &grids], Grid::Direct([4, 1, 1]));
    }

    /// The most tokens that the decoder reads: what stands before an answer, and the answer.
    fn decoder_positions(&self) -> usize {
        self.config.decoder_prefix + 1 + self.capacity.answer
    }

    fn build(mut self, gpu: Rc<Gpu>) -> Result<GpuModel, GpuError> {
        let config = self.config.clone();
        let (d, l) = (config.d_model, self.capacity.prompt);
        let inner = config.et5.num_heads * config.et5.d_kv;
        let room = Decide {
            max_units: MAX_UNITS,
            max_vocabulary: MAX_UNITS + 1,
            max_ends: MAX_ENDS,
            max_unit_tokens: l + 512,
            max_rows: MAX_ROWS,
            copies: config.heads.copy.is_some(),
        };
        let counts = Rc::clone(&self.counts);
        self.arena.own(&counts);

        // --- the prompt ---
        let prompt_ids = self.keep("prompt ids", l);
        let routes = self.keep("routes", ROUTE_WORDS * l);
        let gate_logits = self.keep("gate logits", 2 * l);
        let memory = self.keep("memory", l * d);
        let copy_width = config.heads.copy.map_or(0, |copy| copy.width);
        let copy_keys = self.keep("copy keys", l * copy_width);
        let cross: Vec<Buffer> =
            (0..config.et5.num_decoder_layers).map(|_| self.keep("cross keys and values", l * 2 * inner)).collect();
        self.size_grids();
        let table = self.tensors.upload(self.gpu, "shared")?;
        self.encode_prompt(&table, &prompt_ids, &routes, &gate_logits, &memory)?;
        for (index, cross) in cross.iter().enumerate() {
            let attention = format!("et5.decoder.block.{index}.layer.1.EncDecAttention");
            let names = [format!("{attention}.k"), format!("{attention}.v")];
            self.product(Rows::Many, &names, None, |m| m, Count::Tokens, (&memory, None, cross))?;
        }
        if config.heads.copy.is_some() {
            let names = ["heads.copy.key".to_owned()];
            self.product(Rows::Many, &names, None, |m| m, Count::Tokens, (&memory, None, &copy_keys))?;
        }
        self.grids.finish(self.gpu);
        let prompt = std::mem::take(&mut self.program);

        // --- one decoder call ---
        self.grids = GridTable::new(self.gpu);
        let answer_ids = self.keep("answer ids", self.decoder_positions());
        let z = self.keep("z", d);
        let units = self.keep("units", room.unit_bytes() / 4);
        let tables = self.keep("tables", room.table_bytes() / 4);
        let state = self.keep("state", room.state_bytes() / 4);
        self.size_grids();
        let before = self.weights.len();
        self.decode_call(&table, &answer_ids, &cross, &z)?;
        let bytes_per_call = self.weights.iter().skip(before).map(WeightBuffer::bytes).sum();
        let decoder = std::mem::take(&mut self.program);
        let head = self.head(&table, &z, &copy_keys)?;
        self.choose(&room, &head, [&z, &units, &tables, &state, &answer_ids]);
        let grounded = std::mem::take(&mut self.program);
        let free = if self.variants.without(Variant::FreeGeneration) {
            None
        } else {
            Some(self.generate(&head, &z, &answer_ids))
        };
        self.grids.finish(self.gpu);
        self.weights.extend(head.own);
        self.weights.push(table);

        Ok(GpuModel {
            gpu,
            config,
            capacity: self.capacity,
            prompt,
            decoder,
            grounded,
            free,
            room,
            counts,
            prompt_ids,
            answer_ids,
            routes,
            gate_logits,
            memory,
            z,
            units,
            tables,
            state,
            compiled: self.pipelines.len(),
            bytes_per_call,
            arena: self.arena,
            weights: self.weights,
            vectors: self.vectors,
        })
    }

    /// Embedding, stem, gate, dispatch, experts, memory.
    fn encode_prompt(
        &mut self,
        table: &WeightBuffer,
        ids: &Buffer,
        routes: &Buffer,
        gate_logits: &Buffer,
        memory: &Buffer,
    ) -> Result<(), GpuError> {
        let config = self.config.clone();
        let (d, l) = (config.d_model, self.capacity.prompt);
        let counts = Rc::clone(&self.counts);

        let mut e = self.take("embeddings", l * d);
        let embed = Embed { format: table.format, width: d, rows_at: Count::Tokens, first_at: None };
        let grid = self.grids.grid(Count::Tokens, embed.grid());
        self.push(&embed, &[ids, &table.words, &table.scales, &e, &counts], grid);
        if let Some(width) = config.stem_conv {
            let conv = CausalConv { role: Use::Stem, width, channels: d, x_stride: d, rows_at: Count::Tokens };
            let (weight, bias) = (self.vector("stem.weight")?, self.vector("stem.bias")?);
            let stemmed = self.take("embeddings after the stem", l * d);
            let grid = self.grids.grid(Count::Tokens, conv.grid());
            self.push(&conv, &[&e, &weight, &bias, &stemmed, &counts], grid);
            self.arena.give(std::mem::replace(&mut e, stemmed));
        }
        self.route(ids, &e, routes, gate_logits)?;

        let (et5_positions, emamba_positions) = (self.take("ET5's positions", l), self.take("EMamba's positions", l));
        self.push(&Compact, &[routes, &et5_positions, &emamba_positions, &counts], Grid::Direct([1, 1, 1]));
        self.size_grids();

        let et5 = self.take("ET5's rows", l * d);
        let gather = GatherRows { width: d, rows_at: Count::Et5 };
        let grid = self.grids.grid(Count::Et5, gather.grid());
        self.push(&gather, &[&e, &et5_positions, &et5, &counts], grid);
        self.encoder(&et5, &et5_positions)?;
        self.arena.give(et5_positions);

        let mut norms = self.tensors.values("et5.encoder.final_layer_norm.weight")?;
        let mut emamba_normed = true;
        let emamba = match &config.emamba {
            None => {
                norms.resize(2 * d, 1.0);
                Rc::clone(&self.nothing)
            }
            Some(emamba) => {
                let (rows, weight) = self.emamba(emamba, &e, &emamba_positions)?;
                emamba_normed = weight.is_none();
                norms.extend(weight.unwrap_or_else(|| vec![1.0; d]));
                rows
            }
        };
        self.arena.give(emamba_positions);
        let residual = config.combine == CombineMode::Residual;
        norms.extend(if residual { self.tensors.values("memory_norm.weight")? } else { vec![1.0; d] });
        let norms = self.constant("final norms", &norms);
        let combine = Combine {
            width: d,
            residual,
            emamba_normed,
            et5_epsilon: config.et5.layer_norm_epsilon,
            emamba_epsilon: config.emamba.as_ref().map_or(MEMORY_EPSILON, |emamba| emamba.layer_norm_epsilon),
            memory_epsilon: MEMORY_EPSILON,
        };
        let grid = self.grids.grid(Count::Tokens, (1, 1));
        self.push(&combine, &[&e, &et5, &emamba, routes, &norms, memory, &counts], grid);
        self.arena.give(e);
        self.arena.give(et5);
        if config.emamba.is_some() {
            self.arena.give(emamba);
        }
        Ok(())
    }

    /// The gate: features, two layers, choice.
    fn route(&mut self, ids: &Buffer, e: &Buffer, routes: &Buffer, gate_logits: &Buffer) -> Result<(), GpuError> {
        let config = self.config.clone();
        let (d, l) = (config.d_model, self.capacity.prompt);
        let counts = Rc::clone(&self.counts);
        let norm = self.vector("gate.norm.weight")?;
        let mut prototypes = self.tensors.values("gate.prototypes")?;
        for row in prototypes.chunks_exact_mut(d) {
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(NORM_FLOOR);
            for value in row {
                *value /= length;
            }
        }
        let prototypes = self.constant("gate.prototypes", &prototypes);
        let surprisal = self.vector("gate.surprisal")?;
        let mean = self.tensors.values("gate.table_mean_sq_norm")?;
        let kernel = GateFeatures {
            width: d,
            window: config.gate.window,
            prototypes: config.gate.prototypes,
            table_mean_sq_norm: mean.first().copied().unwrap_or(1.0).max(f32::MIN_POSITIVE),
            max_tokens: config.max_tokens,
        };
        let features = self.take("gate features", l * (d + 4));
        let grid = self.grids.grid(Count::Tokens, (1, 1));
        self.push(&kernel, &[e, ids, &norm, &prototypes, &surprisal, &features, &counts], grid);

        let hidden = self.take("gate hidden", l * config.gate.hidden);
        let bias = self.vector("gate.fc1.bias")?;
        let names = ["gate.fc1".to_owned()];
        let silu = |m: Matmul| m.with(Epilogue::BiasSilu);
        self.product(Rows::Many, &names, None, silu, Count::Tokens, (&features, Some(&bias), &hidden))?;
        self.arena.give(features);

        let mut last = self.tensors.values("gate.fc2.weight")?;
        last.extend(self.tensors.values("gate.fc2.bias")?);
        let last = self.constant("gate.fc2", &last);
        let kernel = GateChoose {
            hidden: config.gate.hidden,
            temperature: config.gate.temperature,
            single: config.emamba.is_none(),
        };
        let grid = self.grids.grid(Count::Tokens, kernel.grid());
        self.push(&kernel, &[&hidden, &last, gate_logits, routes, &counts], grid);
        self.arena.give(hidden);
        Ok(())
    }

    /// ET5's encoder on its rows, in place; the final norm is left to `combine`.
    fn encoder(&mut self, hidden: &Buffer, positions: &Buffer) -> Result<(), GpuError> {
        let et5 = self.config.et5.clone();
        let l = self.capacity.prompt;
        let (inner, epsilon) = (et5.num_heads * et5.d_kv, et5.layer_norm_epsilon);
        let counts = Rc::clone(&self.counts);
        let bias = self.bias("et5.encoder", true)?;
        let at = Count::Et5;
        for index in 0..et5.num_layers {
            let layer = format!("et5.encoder.block.{index}.layer");
            let attention = format!("{layer}.0.SelfAttention");
            let norm = self.vector(&format!("{layer}.0.layer_norm.weight"))?;
            let qkv = self.take("queries, keys, values", l * 3 * inner);
            let names = ["q", "k", "v"].map(|part| format!("{attention}.{part}"));
            self.product(Rows::Many, &names, None, |m| m.normed(epsilon), at, (hidden, Some(&norm), &qkv))?;
            let kernel = AttentionTile {
                heads: et5.num_heads,
                d_kv: et5.d_kv,
                max_distance: et5.relative_attention_max_distance,
                rows_at: at,
            };
            let mixed = self.take("attention's result", l * inner);
            let grid = self.grids.grid(at, kernel.grid());
            self.push(&kernel, &[&qkv, &bias, positions, &mixed, &counts], grid);
            self.arena.give(qkv);
            let residual = |m: Matmul| m.with(Epilogue::Residual);
            self.product(Rows::Many, &[format!("{attention}.o")], None, residual, at, (&mixed, None, hidden))?;
            self.arena.give(mixed);
            self.feed_forward(Rows::Many, &format!("{layer}.1"), at, hidden, l)?;
        }
        Ok(())
    }

    /// Gated feed-forward layer on `hidden`, in place: two dispatches.
    fn feed_forward(
        &mut self,
        rows: Rows,
        layer: &str,
        at: Count,
        hidden: &Buffer,
        most: usize,
    ) -> Result<(), GpuError> {
        let (d_ff, epsilon) = (self.config.et5.d_ff, self.config.et5.layer_norm_epsilon);
        let norm = self.vector(&format!("{layer}.layer_norm.weight"))?;
        let gated = self.take("feed-forward", most * d_ff);
        let names = ["wi_0", "wi_1"].map(|part| format!("{layer}.DenseReluDense.{part}"));
        let shape = |m: Matmul| m.normed(epsilon).with(Epilogue::GatedGelu);
        self.product(rows, &names, Some(2), shape, at, (hidden, Some(&norm), &gated))?;
        let names = [format!("{layer}.DenseReluDense.wo")];
        self.product(rows, &names, None, |m| m.with(Epilogue::Residual), at, (&gated, None, hidden))?;
        self.arena.give(gated);
        Ok(())
    }

    fn bias(&mut self, stack: &str, bidirectional: bool) -> Result<Buffer, GpuError> {
        let name = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        let table = self.tensors.values(&name)?;
        let bias = bias_by_distance(&table, &self.config.et5, bidirectional);
        Ok(self.constant(&name, &bias))
    }

    /// EMamba on its tokens: its rows of `d_model` columns, and the final norm's weight if that is left to `combine`.
    fn emamba(
        &mut self,
        emamba: &EMambaConfig,
        e: &Buffer,
        positions: &Buffer,
    ) -> Result<(Buffer, Option<Vec<f32>>), GpuError> {
        let (d, l, at) = (self.config.d_model, self.capacity.prompt, Count::Emamba);
        let counts = Rc::clone(&self.counts);
        let rows = self.take("EMamba's rows", l * d);
        let gather = GatherRows { width: d, rows_at: at };
        let grid = self.grids.grid(at, gather.grid());
        self.push(&gather, &[e, positions, &rows, &counts], grid);
        let adapted = emamba.d_model != d;
        let hidden = if adapted {
            let hidden = self.take("EMamba's adapted rows", l * emamba.d_model);
            self.product(Rows::Many, &["emamba.adapter_in".to_owned()], None, |m| m, at, (&rows, None, &hidden))?;
            self.arena.give(rows);
            hidden
        } else {
            rows
        };
        for index in 0..emamba.num_layers {
            self.mamba_layer(emamba, index, &hidden)?;
        }
        let norm = self.tensors.values("emamba.norm_f.weight")?;
        if !adapted {
            return Ok((hidden, Some(norm)));
        }
        let norm = self.constant("emamba.norm_f.weight", &norm);
        let rows = self.take("EMamba's rows", l * d);
        let normed = |m: Matmul| m.normed(emamba.layer_norm_epsilon);
        let names = ["emamba.adapter_out".to_owned()];
        self.product(Rows::Many, &names, None, normed, at, (&hidden, Some(&norm), &rows))?;
        self.arena.give(hidden);
        Ok((rows, None))
    }

    /// One Mamba-1 block on `hidden`, in place: six dispatches, ten with both directions.
    fn mamba_layer(&mut self, emamba: &EMambaConfig, index: usize, hidden: &Buffer) -> Result<(), GpuError> {
        let (l, at) = (self.capacity.prompt, Count::Emamba);
        let d_inner = emamba.d_inner;
        let layer = format!("emamba.layers.{index}");
        let norm = self.vector(&format!("{layer}.norm.weight"))?;
        let xz = self.take("x and z", l * 2 * d_inner);
        let normed = |m: Matmul| m.normed(emamba.layer_norm_epsilon);
        let names = [format!("{layer}.mixer.in_proj")];
        self.product(Rows::Many, &names, None, normed, at, (hidden, Some(&norm), &xz))?;
        let y = self.take("scan's result", l * d_inner);
        self.direction(emamba, &format!("{layer}.mixer"), Use::Forward, &xz, &y)?;
        if emamba.bidirectional {
            self.direction(emamba, &format!("{layer}.mixer.backward"), Use::Backward, &xz, &y)?;
        }
        self.arena.give(xz);
        let names = [format!("{layer}.mixer.out_proj")];
        self.product(Rows::Many, &names, None, |m| m.with(Epilogue::Residual), at, (&y, None, hidden))?;
        self.arena.give(y);
        Ok(())
    }

    /// One scan direction: convolution, selection, and the scan's two halves.
    fn direction(
        &mut self,
        emamba: &EMambaConfig,
        prefix: &str,
        role: Use,
        xz: &Buffer,
        y: &Buffer,
    ) -> Result<(), GpuError> {
        let (l, at, d_inner) = (self.capacity.prompt, Count::Emamba, emamba.d_inner);
        let counts = Rc::clone(&self.counts);
        let backward = role == Use::Backward;
        let conv = CausalConv { role, width: emamba.d_conv, channels: d_inner, x_stride: 2 * d_inner, rows_at: at };
        let weight = self.vector(&format!("{prefix}.conv1d.weight"))?;
        let bias = self.vector(&format!("{prefix}.conv1d.bias"))?;
        let x = self.take("convolved x", l * d_inner);
        let grid = self.grids.grid(at, conv.grid());
        self.push(&conv, &[xz, &weight, &bias, &x, &counts], grid);

        let scan =
            Scan { d_inner, d_state: emamba.d_state, dt_rank: emamba.dt_rank, chunk: CHUNK, backward, rows_at: at };
        let selected = self.take("dt, B, C", l * scan.selected());
        self.product(Rows::Many, &[format!("{prefix}.x_proj")], None, |m| m, at, (&x, None, &selected))?;

        let mut dt_proj = self.tensors.values(&format!("{prefix}.dt_proj.weight"))?;
        dt_proj.extend(self.tensors.values(&format!("{prefix}.dt_proj.bias"))?);
        dt_proj.resize(dt_proj.len().next_multiple_of(4), 0.0);
        let dt_proj = self.constant("dt_proj", &dt_proj);
        let a_log = self.tensors.values(&format!("{prefix}.A_log"))?;
        let mut a: Vec<f32> = a_log.into_iter().map(|a| -a.exp() * std::f32::consts::LOG2_E).collect();
        a.extend(self.tensors.values(&format!("{prefix}.D"))?);
        a.resize(a.len().next_multiple_of(4), 0.0);
        let a = self.constant("A and D", &a);
        let (dt, summary) = (self.take("time steps", l * d_inner), self.take("chunks' effects", scan.summary(l)));
        let grid = self.grids.grid(at, scan.grid());
        self.push(&ScanChunk(scan), &[&x, &selected, &dt_proj, &a, &dt, &summary, &counts], grid.clone());
        let apply = ScanApply { scan, add: backward, gate: backward || !emamba.bidirectional };
        self.push(&apply, &[&x, &selected, xz, &a, &dt, &summary, y, &counts], grid);
        for buffer in [x, selected, dt, summary] {
            self.arena.give(buffer);
        }
        Ok(())
    }

    /// The decoder on the pending rows: eight dispatches a layer, then its last state `z`.
    fn decode_call(
        &mut self,
        table: &WeightBuffer,
        ids: &Buffer,
        cross: &[Buffer],
        z: &Buffer,
    ) -> Result<(), GpuError> {
        let config = self.config.clone();
        let et5 = &config.et5;
        let (d, at) = (config.d_model, Count::Pending);
        let (inner, epsilon) = (et5.num_heads * et5.d_kv, et5.layer_norm_epsilon);
        let counts = Rc::clone(&self.counts);
        let hidden = self.take("decoder rows", MAX_ROWS * d);
        let embed = Embed { format: table.format, width: d, rows_at: at, first_at: Some(Count::Base) };
        let grid = self.grids.grid(at, embed.grid());
        self.push(&embed, &[ids, &table.words, &table.scales, &hidden, &counts], grid);
        let bias = self.bias("et5.decoder", false)?;
        let (q, mixed) = (self.take("queries", MAX_ROWS * inner), self.take("attention's result", MAX_ROWS * inner));
        let residual = |m: Matmul| m.with(Epilogue::Residual);
        for (index, cross) in cross.iter().enumerate() {
            let layer = format!("et5.decoder.block.{index}.layer");
            let own = format!("{layer}.0.SelfAttention");
            let norm = self.vector(&format!("{layer}.0.layer_norm.weight"))?;
            let cache = self.keep("own keys and values", self.decoder_positions() * 3 * inner);
            let names = ["q", "k", "v"].map(|part| format!("{own}.{part}"));
            let cached = |m: Matmul| Matmul { y_row_at: Some(Count::Base), ..m.normed(epsilon) };
            self.product(Rows::Few, &names, None, cached, at, (&hidden, Some(&norm), &cache))?;
            let kernel = AttentionRow {
                cross: false,
                heads: et5.num_heads,
                d_kv: et5.d_kv,
                max_distance: et5.relative_attention_max_distance,
            };
            let grid = self.grids.grid(at, kernel.grid());
            self.push(&kernel, &[&cache, &cache, &bias, &mixed, &counts], grid.clone());
            self.product(Rows::Few, &[format!("{own}.o")], None, residual, at, (&mixed, None, &hidden))?;

            let other = format!("{layer}.1.EncDecAttention");
            let norm = self.vector(&format!("{layer}.1.layer_norm.weight"))?;
            let names = [format!("{other}.q")];
            self.product(Rows::Few, &names, None, |m| m.normed(epsilon), at, (&hidden, Some(&norm), &q))?;
            self.push(&AttentionRow { cross: true, ..kernel }, &[&q, cross, &bias, &mixed, &counts], grid);
            self.product(Rows::Few, &[format!("{other}.o")], None, residual, at, (&mixed, None, &hidden))?;
            self.feed_forward(Rows::Few, &format!("{layer}.2"), at, &hidden, MAX_ROWS)?;
        }
        let norm = self.vector("et5.decoder.final_layer_norm.weight")?;
        let kernel = RmsNorm { width: d, epsilon, rows_at: at, last_only: true };
        self.push(&kernel, &[&hidden, &norm, z, &counts], Grid::Direct([1, 1, 1]));
        for buffer in [hidden, q, mixed] {
            self.arena.give(buffer);
        }
        Ok(())
    }

    /// What both ways of choosing a token share.
    fn head(&mut self, table: &WeightBuffer, z: &Buffer, copy_keys: &Buffer) -> Result<Head, GpuError> {
        let config = self.config;
        let tied = config.et5.tie_word_embeddings;
        let own = if tied { None } else { Some(self.tensors.upload(self.gpu, "et5.lm_head")?) };
        let used = own.as_ref().unwrap_or(table);
        let (format, words, scales) = (used.format, used.words.clone(), used.scales.clone());
        let scale = if tied { 1.0 / (config.d_model as f32).sqrt() } else { 1.0 };
        let scores = ScoreRows { format, width: config.d_model, scale };
        let Some(copy) = config.heads.copy else {
            // Without copy head nothing is copied: no position has any mass, and the language model has the whole share.
            let mut nowhere = vec![0.0; (self.capacity.prompt + 1).next_multiple_of(4)];
            if let Some(share) = nowhere.last_mut() {
                *share = 1.0;
            }
            let attention = self.constant("attention", &nowhere);
            return Ok(Head { scores, words, scales, attention, pointer: None, own });
        };
        let attention = self.keep("attention", self.capacity.prompt + 1);
        let query = self.vector("heads.copy.query.weight")?;
        let mut gate = self.tensors.values("heads.copy.gate.weight")?;
        gate.extend(self.tensors.values("heads.copy.gate.bias")?);
        gate.resize(gate.len().next_multiple_of(4), 0.0);
        let gate = self.constant("heads.copy.gate", &gate);
        let kernel = Pointer { inputs: config.d_model, width: copy.width };
        let buffers = [Rc::clone(z), query, gate, Rc::clone(copy_keys)];
        Ok(Head { scores, words, scales, attention, pointer: Some((kernel, buffers)), own })
    }

    /// Logits of the tokens `ids` and the pointer.
    fn score(&mut self, head: &Head, z: &Buffer, ids: &Buffer, logits: &Buffer) {
        let counts = Rc::clone(&self.counts);
        let grid = self.grids.grid(Count::Vocabulary, head.scores.grid());
        self.push(&head.scores, &[z, &head.words, &head.scales, ids, logits, &counts], grid);
        if let Some((kernel, [z, query, gate, keys])) = &head.pointer {
            self.push(kernel, &[z, query, gate, keys, &head.attention, &counts], Grid::Direct([1, 1, 1]));
        }
    }

    /// Grounded decoding's choice.
    fn choose(&mut self, room: &Decide, head: &Head, [z, units, tables, state, ids]: [&Buffer; 5]) {
        let counts = Rc::clone(&self.counts);
        let logits = self.keep("logits", room.max_vocabulary);
        self.score(head, z, tables, &logits);
        self.push(room, &[&logits, &head.attention, units, tables, state, &counts, ids], Grid::Direct([1, 1, 1]));
    }

    /// Free generation's choice.
    fn generate(&mut self, head: &Head, z: &Buffer, ids: &Buffer) -> Free {
        let (counts, config) = (Rc::clone(&self.counts), self.config);
        let (room, vocabulary, most) = (self.capacity.prompt, config.vocab_size, self.capacity.answer);
        let every: Vec<u32> = (0..dimension(vocabulary)).collect();
        let every = Rc::new(self.gpu.upload("the vocabulary", &every));
        self.vectors.push(Rc::clone(&every));
        let logits = self.keep("logits of the vocabulary", vocabulary);
        let probabilities = self.keep("probabilities", vocabulary);
        let merged = self.keep("the prompt's tokens and their positions", Merged::words(room));
        let draws = self.keep("draws", most);
        let state = self.keep("state of free generation", Sample::state_bytes(most) / 4);
        self.score(head, z, &every, &logits);
        let one = Grid::Direct([1, 1, 1]);
        self.push(&Mixture { room }, &[&logits, &head.attention, &merged, &probabilities, &counts], one.clone());
        let sample = Sample { room, max_rows: MAX_ROWS, end: config.eos_token_id };
        self.push(&sample, &[&probabilities, &head.attention, &merged, &draws, &state, &counts, ids], one);
        Free { program: std::mem::take(&mut self.program), merged, draws, state, probabilities }
    }
}

/// The language-model head and the pointer, as both ways of choosing bind them.
struct Head {
    scores: ScoreRows,
    words: wgpu::Buffer,
    scales: wgpu::Buffer,
    /// `[L_max + 1]`: a, and g in the last place.
    attention: Buffer,
    /// With `z`, query, gate and keys.
    pointer: Option<(Pointer, [Buffer; 4])>,
    /// The head's weight where it is not the embedding.
    own: Option<WeightBuffer>,
}
