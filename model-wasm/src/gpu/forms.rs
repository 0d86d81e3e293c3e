//! Which form of the products is the fastest on this device: measured on the model's largest product, never assumed of a feature.

use mambaformer_model::config::Config;

use super::counts::Count;
use super::self_test::AsyncPause;
use super::shader::Pipelines;
use super::variants::{Variant, Variants};
use super::{Gpu, GpuError};
use crate::kernels::copy::{self, Copy};
use crate::kernels::matmul::{self, Epilogue, Form, Matmul, Rows};
use crate::kernels::weights::Format;

/// Rows of the product that is timed in place of a prompt. More would say it more exactly, and take a software adapter a second.
const MANY: usize = 64;
/// Dispatches of one measurement, for many rows and for one.
const REPEATS: [usize; 2] = [1, 8];
/// Measurements of a form; the best counts.
const ROUNDS: usize = 3;
/// Values of the copy that the memory is measured with. More would outgrow large caches, and cost the page memory.
const COPIED: usize = 1 << 20;
/// What rounds more, or asks more of the driver, has to be this much faster than the plain form.
const WORTH: f64 = 1.1;

/// How an optional form compared with the plain one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Race {
    /// The form.
    pub form: Form,
    /// Milliseconds of the product in it.
    pub ms: f64,
    /// Milliseconds in the plain form, in the same run.
    pub plain_ms: f64,
}

impl Race {
    /// Whether it is fast enough to serve.
    #[must_use]
    pub fn is_worth_it(&self) -> bool {
        self.ms * WORTH < self.plain_ms
    }
}

/// What was measured of a device's speed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speeds {
    /// The optional forms beside the plain ones.
    pub races: Vec<Race>,
    /// Bytes of weights that the product of one row reads in a second, in the form that serves.
    pub product_bytes_per_s: f64,
    /// Bytes that a plain copy reads and writes in a second, in the same run.
    pub copy_bytes_per_s: f64,
}

/// Times every form that `variants` does not leave out and lets the fastest serve.
pub async fn race(
    gpu: &Gpu,
    config: &Config,
    formats: &[Format],
    (variants, pipelines): (&mut Variants, &mut Pipelines),
    pause: &mut dyn AsyncPause,
) -> Result<Speeds, GpuError> {
    let packed = [Format::Q4, Format::Q8].into_iter().find(|format| formats.contains(format));
    let format = packed.filter(|_| !variants.without(Variant::PackedWeights)).unwrap_or(Format::F32);
    let mut speeds = Speeds::default();
    for (rows, count, repeats) in [(Rows::Many, MANY, REPEATS[0]), (Rows::Few, 1, REPEATS[1])] {
        if variants.product(rows).0 != rows {
            continue;
        }
        let shape = Matmul::new(rows, format, config.d_model, 2 * config.et5.d_ff, Count::Tokens);
        let plain = shape.normed(config.et5.layer_norm_epsilon).with(Epilogue::GatedGelu);
        let forms: Vec<Form> = gpu
            .offers
            .iter()
            .copied()
            .filter(|form| plain.formed(*form).form == *form && !variants.without(Variant::Optional(*form)))
            .collect();
        if forms.is_empty() && rows == Rows::Many {
            continue;
        }
        let plain_ms = time(gpu, pipelines, &plain, (count, repeats)).await?;
        let mut fastest: Option<Race> = None;
        for form in forms {
            pause.pause().await;
            let race = Race { form, ms: time(gpu, pipelines, &plain.formed(form), (count, repeats)).await?, plain_ms };
            if race.is_worth_it() && fastest.is_none_or(|fastest| race.ms < fastest.ms) {
                fastest = Some(race);
            }
            speeds.races.push(race);
        }
        if let Some(fastest) = fastest {
            variants.choose(fastest.form);
        }
        if rows == Rows::Few {
            let bytes = format.bytes(plain.inputs * plain.outputs) as f64;
            speeds.product_bytes_per_s = bytes / fastest.map_or(plain_ms, |race| race.ms) * 1e3;
        }
    }
    let copied = Copy { values: COPIED };
    let ms = bearable(copy::case(&copied).time(gpu, pipelines, 1, ROUNDS).await)?;
    speeds.copy_bytes_per_s = 8.0 * copied.values as f64 / ms * 1e3;
    Ok(speeds)
}

/// Milliseconds of one dispatch; without end where the device will not run it.
async fn time(
    gpu: &Gpu,
    pipelines: &mut Pipelines,
    kernel: &Matmul,
    (rows, repeats): (usize, usize),
) -> Result<f64, GpuError> {
    match matmul::case(kernel, rows) {
        Some(case) => bearable(case.time(gpu, pipelines, repeats, ROUNDS).await),
        None => Ok(f64::INFINITY),
    }
}

/// A refusal or a lack of memory ends a measurement, not the engine.
fn bearable(measured: Result<f64, GpuError>) -> Result<f64, GpuError> {
    match measured {
        Err(GpuError::Refused { .. } | GpuError::OutOfMemory { .. }) => Ok(f64::INFINITY),
        other => other,
    }
}
