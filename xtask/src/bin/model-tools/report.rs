//! Tables about a model's tensors, for `make`, `convert`, `pack` and `inspect`.

use mambaformer_model::kind::ModelConfig;
use mambaformer_model::manifest::{ManifestOf, Storage};
use mambaformer_model::weights::TensorReport;

/// One line per tensor: name, shape, storage, bytes, relative error.
pub(crate) fn tensors(tensors: &[TensorReport]) {
    let width = tensors.iter().map(|tensor| tensor.name.len()).max().unwrap_or(0);
    println!("{:width$}  {:>16}  {:>7}  {:>12}  relative rms error", "tensor", "shape", "storage", "bytes");
    for tensor in tensors {
        let shape = tensor.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
        let error = match tensor.storage {
            Storage::F32 => "-".to_owned(),
            Storage::Q8 | Storage::Q4 => format!("{:.5}", tensor.relative_rms_error),
        };
        println!(
            "{:width$}  {shape:>16}  {:>7}  {:>12}  {error}",
            tensor.name,
            tensor.storage.to_string(),
            tensor.bytes
        );
    }
}

/// Parameters, bytes and the error per storage.
pub(crate) fn totals<C: ModelConfig>(manifest: &ManifestOf<C>, tensors: &[TensorReport]) {
    for storage in [Storage::F32, Storage::Q8, Storage::Q4] {
        let of_it: Vec<&TensorReport> = tensors.iter().filter(|tensor| tensor.storage == storage).collect();
        if of_it.is_empty() {
            continue;
        }
        let bytes: u64 = of_it.iter().map(|tensor| tensor.bytes).sum();
        print!("{storage}: {} tensors, {bytes} bytes", of_it.len());
        if storage != Storage::F32 {
            let mean = of_it.iter().map(|tensor| tensor.relative_rms_error).sum::<f64>() / of_it.len() as f64;
            let worst = of_it.iter().max_by(|a, b| a.relative_rms_error.total_cmp(&b.relative_rms_error));
            if let Some(worst) = worst {
                print!(
                    ", relative rms error {mean:.5} on average, {:.5} at worst ({})",
                    worst.relative_rms_error, worst.name
                );
            }
        }
        println!();
    }
    let files = &manifest.files;
    println!(
        "{}: {} parameters, weights {} bytes, tokenizer {} bytes",
        manifest.name,
        manifest.config.parameters(),
        files.weights.bytes,
        files.tokenizer.bytes
    );
}
