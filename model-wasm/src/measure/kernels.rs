//! Each kernel alone on a model's shapes: GB/s against a copy of the same run, GFLOP/s against a plain GEMM of the same run.

use mambaformer_model::config::Config;
use serde::Serialize;

use crate::gpu::counts::Count;
use crate::gpu::program::Kernel as _;
use crate::gpu::shader::Pipelines;
use crate::gpu::{Gpu, GpuError};
use crate::kernels::attention_row::{self, AttentionRow};
use crate::kernels::attention_tile::{self, AttentionTile};
use crate::kernels::case::Case;
use crate::kernels::copy::{self, Copy};
use crate::kernels::matmul::{self, Epilogue, Form, Matmul, Rows};
use crate::kernels::scan::{self, CHUNK, Scan, ScanApply};
use crate::kernels::weights::Format;

/// What one dispatch moves and computes.
struct Work {
    name: String,
    case: Case,
    repeats: usize,
    /// Bytes that have to be read or written at least once.
    bytes: f64,
    /// Multiplications and additions.
    operations: f64,
}

/// What a kernel reached.
#[derive(Clone, Debug, Serialize)]
pub struct KernelSpeed {
    /// The kernel and its shape.
    pub kernel: String,
    /// Microseconds of one dispatch.
    pub us: f64,
    /// Of what has to be read and written at least once.
    pub gb_per_s: f64,
    /// Share of a copy's.
    pub of_copy: f64,
    /// Multiplications and additions.
    pub gflop_per_s: f64,
    /// Share of a plain GEMM's in f32.
    pub of_gemm: f64,
}

/// Measures one kernel after the other, the best of `rounds`, and tells each as soon as it is known. Large prompts (`thorough`) take minutes on
/// an emulated device.
pub async fn speeds(
    gpu: &Gpu,
    config: &Config,
    rounds: usize,
    thorough: bool,
    tell: &mut dyn FnMut(&KernelSpeed),
) -> Result<Vec<KernelSpeed>, GpuError> {
    let mut pipelines = Pipelines::default();
    let mut rows: Vec<KernelSpeed> = Vec::new();
    for work in works(config, &gpu.offers, thorough) {
        let ms = work.case.time(gpu, &mut pipelines, work.repeats, rounds).await?;
        let (gb_per_s, gflop_per_s) = (work.bytes / ms / 1e6, work.operations / ms / 1e6);
        let of = |kernel: &str, own: f64, mark: fn(&KernelSpeed) -> f64| {
            rows.iter().find(|row| row.kernel == kernel).map_or(1.0, |row| own / mark(row))
        };
        let of_copy = of(COPY, gb_per_s, |row| row.gb_per_s);
        let of_gemm = of(GEMM, gflop_per_s, |row| row.gflop_per_s);
        let row = KernelSpeed { kernel: work.name, us: ms * 1e3, gb_per_s, of_copy, gflop_per_s, of_gemm };
        tell(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// The marks of a run.
const COPY: &str = "copy";
const GEMM: &str = "plain GEMM f32";

fn works(config: &Config, offers: &[Form], thorough: bool) -> Vec<Work> {
    let et5 = &config.et5;
    let (d, inner) = (config.d_model, et5.num_heads * et5.d_kv);
    let mut works = Vec::new();
    let copied = Copy { values: 4 << 20 };
    works.push(Work {
        name: COPY.to_owned(),
        case: copy::case(&copied),
        repeats: 8,
        bytes: 8.0 * copied.values as f64,
        operations: 0.0,
    });
    let product = |name: String, kernel: Matmul, rows: usize, repeats: usize| {
        let weights = kernel.inputs * kernel.outputs;
        let activations = (rows * (kernel.inputs + kernel.columns())) as f64;
        matmul::case(&kernel, rows).map(|case| Work {
            name,
            case,
            repeats,
            bytes: kernel.format.bytes(weights) as f64 + 4.0 * activations,
            operations: 2.0 * (weights * rows) as f64,
        })
    };
    works.extend(product(GEMM.to_owned(), Matmul::new(Rows::Many, Format::F32, 512, 512, Count::Tokens), 512, 2));
    let many_rows = if thorough { 1024 } else { 128 };
    for format in [Format::F32, Format::Q8, Format::Q4] {
        let many =
            Matmul::new(Rows::Many, format, d, 2 * et5.d_ff, Count::Tokens).normed(1e-6).with(Epilogue::GatedGelu);
        for (kernel, rows, repeats) in [
            (many, many_rows, 1),
            (Matmul { rows: Rows::Few, ..many }, 1, 64),
            (Matmul { rows: Rows::Few, ..many }, 32, 8),
        ] {
            for form in [Form::Plain].iter().chain(offers) {
                let kernel = kernel.formed(*form);
                if kernel.form == *form {
                    let name = format!("{} {format:?}, wi of {rows} rows", kernel.name());
                    works.extend(product(name, kernel, rows, repeats));
                }
            }
        }
    }
    let attention = AttentionTile {
        heads: et5.num_heads,
        d_kv: et5.d_kv,
        max_distance: et5.relative_attention_max_distance,
        rows_at: Count::Et5,
    };
    works.push(Work {
        name: "attention_tile, 512 tokens".to_owned(),
        case: attention_tile::case(&attention, 512),
        repeats: 1,
        bytes: 4.0 * (512 * 4 * inner) as f64,
        operations: 4.0 * (512 * 512 * inner) as f64,
    });
    let row = AttentionRow { cross: true, heads: et5.num_heads, d_kv: et5.d_kv, max_distance: attention.max_distance };
    works.push(Work {
        name: "attention_row, 1,024 keys".to_owned(),
        case: attention_row::case(&row, 1024, 1),
        repeats: 32,
        bytes: 8.0 * (1024 * inner) as f64,
        operations: 4.0 * (1024 * inner) as f64,
    });
    if let Some(emamba) = &config.emamba {
        for tokens in if thorough { [1024, 8192].as_slice() } else { &[1024] }.iter().copied() {
            for chunk in [CHUNK, tokens] {
                let scan = Scan {
                    d_inner: emamba.d_inner,
                    d_state: emamba.d_state,
                    dt_rank: emamba.dt_rank,
                    chunk,
                    backward: false,
                    rows_at: Count::Emamba,
                };
                let operations = (tokens * emamba.d_inner * emamba.d_state) as f64;
                let how = if chunk == tokens { "sequential" } else { "in chunks" };
                // The summaries and the outputs; both together are the scan.
                let cases = scan::cases_of(&ScanApply { scan, add: false, gate: true }, tokens);
                for (half, case) in ["scan_chunk", "scan_apply"].into_iter().zip(cases.into_iter().skip(1)) {
                    works.push(Work {
                        name: format!("{half} {how}, {tokens} tokens"),
                        case,
                        repeats: 1,
                        bytes: 4.0 * (tokens * emamba.d_inner * 3) as f64,
                        operations: 5.0 * operations,
                    });
                }
            }
        }
    }
    works
}
