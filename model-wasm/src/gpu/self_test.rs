//! Before a GPU serves: every kernel on small cases of the model's own shapes against its plain f32 reference.

use mambaformer_model::config::Config;

use super::Gpu;
use super::GpuError;
use super::counts::Count;
use super::forms::{self, Speeds};
use super::shader::Pipelines;
use super::variants::{Variant, Variants};
use crate::kernels::attention_row::{self, AttentionRow};
use crate::kernels::attention_tile::{self, AttentionTile};
use crate::kernels::case::Case;
use crate::kernels::causal_conv::{self, CausalConv, Use};
use crate::kernels::combine::{self, Combine};
use crate::kernels::embed::{self, Embed};
use crate::kernels::gate_choose::{self, GateChoose, UNFORCED};
use crate::kernels::gate_features::{self, GateFeatures};
use crate::kernels::gather_rows::{self, GatherRows};
use crate::kernels::matmul::{self, Epilogue, Form, Matmul, Rows};
use crate::kernels::mixture;
use crate::kernels::pointer::{self, Pointer};
use crate::kernels::rms_norm::{self, RmsNorm};
use crate::kernels::sample;
use crate::kernels::scan::{self, CHUNK, Scan, ScanApply};
use crate::kernels::score_rows::{self, ScoreRows};
use crate::kernels::weights::Format;
use crate::kernels::{compact, grids};

/// Outputs of a product that are tried: its columns matter, more rows of W are more of the same.
const MOST_OUTPUTS: usize = 72;

/// A case, and the form it speaks for; `None`: nothing can replace the kernel.
struct Trial {
    case: Case,
    variant: Option<Variant>,
}

/// A kernel that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub kernel: String,
    /// Where and how it was wrong.
    pub reason: String,
    /// What serves instead; `None`: nothing, the processor computes.
    pub instead: Option<&'static str>,
}

/// What the self-test found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Cases run.
    pub cases: usize,
    /// Failures.
    pub failures: Vec<Failure>,
    /// The forms to leave out, and those that serve.
    pub variants: Variants,
    /// What was measured of its speed; nothing before [`Findings::race`].
    pub speeds: Speeds,
}

impl Findings {
    /// The failure that nothing can make up for: with one the GPU cannot serve.
    #[must_use]
    pub fn fatal(&self) -> Option<&Failure> {
        self.failures.iter().find(|failure| failure.instead.is_none())
    }

    /// Lets the fastest of the forms that are right serve, as measured now on the model's own shapes.
    pub async fn race(
        &mut self,
        gpu: &Gpu,
        config: &Config,
        formats: &[Format],
        pipelines: &mut Pipelines,
        pause: &mut dyn AsyncPause,
    ) -> Result<(), GpuError> {
        self.speeds = forms::race(gpu, config, formats, (&mut self.variants, pipelines), pause).await?;
        Ok(())
    }

    /// Keeps to the forms of an earlier test of the same kind of device, as far as they have not failed now: an answer that goes on after a
    /// loss goes on with the same arithmetic.
    pub fn keep_to(&mut self, earlier: &Self) {
        for form in earlier.variants.chosen() {
            self.variants.choose(form);
        }
        self.speeds.clone_from(&earlier.speeds);
    }

    /// Whether every kernel that failed here has failed in `earlier`, too.
    #[must_use]
    pub fn nothing_new(&self, earlier: &Self) -> bool {
        let known = |failure: &Failure| earlier.failures.iter().any(|other| other.kernel == failure.kernel);
        self.failures.iter().all(known)
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every case.
    Full,
    /// One case of each kernel: for a device that passed the full test before it was lost. What a kernel computes is settled by its text,
    /// the driver's compiler and the processor, and none of them has changed; what a fresh device might still lack is seen on any case.
    EachKernel,
}

/// Runs the cases of a model's shapes in its formats. What is compiled is left in `pipelines`, for the model to use. `pause` is called
/// between cases so that a worker can see to its messages.
pub async fn self_test(
    gpu: &Gpu,
    config: &Config,
    formats: &[Format],
    extent: Extent,
    pipelines: &mut Pipelines,
    pause: &mut dyn AsyncPause,
) -> Result<Findings, GpuError> {
    let mut findings = Findings::default();
    let mut tried: Vec<&'static str> = Vec::new();
    for trial in trials(config, formats, &gpu.offers) {
        let name = trial.case.kernel.name();
        if extent == Extent::EachKernel && tried.contains(&name) {
            continue;
        }
        tried.push(name);
        findings.cases += 1;
        let wrong = match trial.case.run(gpu, pipelines).await {
            Ok(wrong) => wrong,
            // A shader the driver refuses is as bad as one that computes wrong.
            Err(GpuError::Refused { reason, .. }) => Some(reason),
            Err(error) => return Err(error),
        };
        if let Some(reason) = wrong {
            let replaced = trial.variant.is_some_and(|variant| findings.variants.leave_out(variant));
            findings.failures.push(Failure {
                kernel: trial.case.kernel.name().to_owned(),
                reason: format!("{}: {reason}", trial.case.name),
                instead: trial.variant.filter(|_| replaced).map(Variant::replacement),
            });
        }
        pause.pause().await;
    }
    Ok(findings)
}

/// Something to do between two pieces of work.
pub trait AsyncPause {
    /// Does it.
    fn pause(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
}

/// No pause.
pub struct NoPause;

impl AsyncPause for NoPause {
    fn pause(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// The products of a model: columns, outputs, norm, epilogue.
fn products(config: &Config) -> Vec<(usize, usize, bool, Epilogue)> {
    let et5 = &config.et5;
    let (d, inner) = (config.d_model, et5.num_heads * et5.d_kv);
    let mut products = vec![
        (d, 3 * inner, true, Epilogue::Plain),
        (inner, d, false, Epilogue::Residual),
        (d, 2 * et5.d_ff, true, Epilogue::GatedGelu),
        (et5.d_ff, d, false, Epilogue::Residual),
        (d, 2 * inner, false, Epilogue::Plain),
    ];
    if let Some(emamba) = &config.emamba {
        products.extend([
            (emamba.d_model, 2 * emamba.d_inner, true, Epilogue::Plain),
            (emamba.d_inner, emamba.dt_rank + 2 * emamba.d_state, false, Epilogue::Plain),
            (emamba.d_inner, emamba.d_model, false, Epilogue::Residual),
        ]);
    }
    products
}

fn trials(config: &Config, formats: &[Format], offers: &[Form]) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    // In f32 first: what fails there is the shader's form, what fails only when packed is the packing.
    let mut ordered = vec![Format::F32];
    ordered.extend(formats.iter().filter(|format| **format != Format::F32));
    for format in ordered {
        for (shader, rows, form) in [(Rows::Many, 37, Variant::TiledProduct), (Rows::Few, 5, Variant::FewRowsProduct)] {
            for (inputs, outputs, norm, epilogue) in products(config) {
                if !inputs.is_multiple_of(format.columns()) {
                    continue;
                }
                let kernel =
                    Matmul::new(shader, format, inputs, outputs.min(MOST_OUTPUTS), Count::Tokens).with(epilogue);
                let kernel = if norm { kernel.normed(config.et5.layer_norm_epsilon) } else { kernel };
                let variant = Some(if format == Format::F32 { form } else { Variant::PackedWeights });
                trials.extend(matmul::case(&kernel, rows).map(|case| Trial { case, variant }));
                for &optional in offers {
                    let kernel = kernel.formed(optional);
                    if kernel.form == optional && formats.contains(&format) {
                        let variant = Some(Variant::Optional(optional));
                        trials.extend(matmul::case(&kernel, rows).map(|case| Trial { case, variant }));
                    }
                }
            }
        }
    }
    let gate = &config.gate;
    let first_layer = Matmul::new(Rows::Many, Format::F32, config.gate_features(), gate.hidden, Count::Tokens);
    let case = matmul::case(&first_layer.with(Epilogue::BiasSilu), 37);
    trials.extend(case.map(|case| Trial { case, variant: Some(Variant::TiledProduct) }));
    trials.extend(irreplaceable(config, formats).into_iter().map(|case| Trial { case, variant: None }));
    let mut free = sample::cases_of(config.vocab_size);
    free.push(mixture::case(config.vocab_size, 300, 100, 0.5, true));
    trials.extend(free.into_iter().map(|case| Trial { case, variant: Some(Variant::FreeGeneration) }));
    trials
}

/// Cases of the kernels that have one form only.
fn irreplaceable(config: &Config, formats: &[Format]) -> Vec<Case> {
    let et5 = &config.et5;
    let d = config.d_model;
    let mut cases = Vec::new();
    for &format in formats {
        if !d.is_multiple_of(format.columns()) {
            continue;
        }
        let embed = Embed { format, width: d, rows_at: Count::Pending, first_at: Some(Count::Base) };
        cases.extend(embed::case(&embed, 5));
        cases.extend(score_rows::case(&ScoreRows { format, width: d, scale: 0.0625 }, 21, true));
    }
    cases.push(gather_rows::case(&GatherRows { width: d, rows_at: Count::Et5 }, 9));
    cases.push(rms_norm::case(&RmsNorm { width: d, epsilon: 1e-6, rows_at: Count::Pending, last_only: true }, 3, 1.0));
    cases.push(gate_features::case(
        &GateFeatures {
            width: d,
            window: config.gate.window,
            prototypes: config.gate.prototypes,
            table_mean_sq_norm: 1.5,
            max_tokens: config.max_tokens,
        },
        11,
    ));
    let choose = GateChoose { hidden: config.gate.hidden, temperature: config.gate.temperature, single: false };
    cases.extend(gate_choose::cases_of(&choose, 70, 0.1, UNFORCED));
    let mixed: Vec<u32> = (0..300).map(|token| u32::from(token % 3 == 1)).collect();
    cases.extend(compact::cases_of("300 tokens", &mixed));
    cases.extend(grids::cases());
    let distance = et5.relative_attention_max_distance;
    let tile = AttentionTile { heads: et5.num_heads, d_kv: et5.d_kv, max_distance: distance, rows_at: Count::Et5 };
    cases.push(attention_tile::case(&tile, 83));
    for cross in [false, true] {
        let kernel = AttentionRow { cross, heads: et5.num_heads, d_kv: et5.d_kv, max_distance: distance };
        cases.push(attention_row::case(&kernel, 67, 3));
    }
    if let Some(width) = config.stem_conv {
        let stem = CausalConv { role: Use::Stem, width, channels: d, x_stride: d, rows_at: Count::Tokens };
        cases.push(causal_conv::case(&stem, 9));
    }
    if let Some(emamba) = &config.emamba {
        let d_inner = emamba.d_inner;
        let directions: &[bool] = if emamba.bidirectional { &[false, true] } else { &[false] };
        for &backward in directions {
            let role = if backward { Use::Backward } else { Use::Forward };
            let conv = CausalConv {
                role,
                width: emamba.d_conv,
                channels: d_inner,
                x_stride: 2 * d_inner,
                rows_at: Count::Emamba,
            };
            cases.push(causal_conv::case(&conv, 9));
            let scan = Scan {
                d_inner: d_inner.min(128),
                d_state: emamba.d_state,
                dt_rank: emamba.dt_rank,
                chunk: CHUNK,
                backward,
                rows_at: Count::Emamba,
            };
            let apply = ScanApply { scan, add: backward, gate: backward || !emamba.bidirectional };
            cases.extend(scan::cases_of(&apply, 2 * CHUNK + 5));
        }
    }
    let combine = Combine {
        width: d,
        residual: true,
        emamba_normed: false,
        et5_epsilon: et5.layer_norm_epsilon,
        emamba_epsilon: 1e-5,
        memory_epsilon: 1e-6,
    };
    let choices: Vec<(u32, f32)> = (0..9u32).map(|token| (token % 2, 0.75)).collect();
    cases.push(combine::case(&combine, &choices));
    if let Some(copy) = config.heads.copy {
        cases.push(pointer::case(&Pointer { inputs: d, width: copy.width }, 300));
    }
    cases
}
