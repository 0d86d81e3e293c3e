//! What each tensor alone costs in 8 and in 4 bits: the ground on which a mixture is chosen.

use std::path::Path;

use anyhow::Result;
use mambaformer_model::MambaFormer;
use mambaformer_model::config::{Config, TensorSpec};
use mambaformer_model::convert;
use mambaformer_model::manifest::Storage;
use mambaformer_model::weights::{Recipe, Scheme, Weights};

use super::forced::{Compared, Item, Said, compare, say};

/// A tensor, and what it changes in a format with everything else as it was.
struct Line {
    name: String,
    bits: u32,
    /// Bytes less than in f32.
    saved: u64,
    found: Compared,
}

/// Measures every tensor that can be packed and prints them, the dearest first.
pub(super) fn measure(original: &Path, config: &Config, items: &[Item], said: &[Said], scratch: &Path) -> Result<()> {
    let names: Vec<String> =
        config.tensors().into_iter().filter(TensorSpec::quantisable).map(|spec| spec.name).collect();
    let mut lines = Vec::new();
    for name in &names {
        for (bits, scheme) in [(8, Scheme::Q8), (4, Scheme::Q4)] {
            let keep_f32 = names.iter().filter(|other| *other != name).cloned().collect();
            let (_, written) = convert::pack(original, scratch, &Recipe { keep_f32, ..Recipe::new(scheme) })?;
            let alone = written.tensors.iter().find(|tensor| tensor.storage != Storage::F32);
            let saved = alone
                .map_or(0, |tensor| tensor.shape.iter().map(|&size| size as u64).product::<u64>() * 4 - tensor.bytes);
            let mut weights = Weights::open(scratch)?;
            let model = MambaFormer::load(config, &mut weights)?;
            lines.push(Line { name: name.clone(), bits, saved, found: compare(said, &say(&model, items)?)? });
        }
    }
    let cost = |line: &Line| line.found.pointers.map_or(line.found.tokens.kl_nats, |pointers| pointers.kl_nats);
    lines.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    let width = names.iter().map(String::len).max().unwrap_or(0);
    println!("\n{:width$}  bits   kB saved   KL tokens   KL pointers   same top   other expert", "one tensor packed");
    for Line { name, bits, saved, found } in &lines {
        let pointers = found.pointers.map_or(f64::NAN, |pointers| pointers.kl_nats);
        println!(
            "{name:width$}  {bits:>4}   {:>8}   {:>9.6}   {pointers:>11.6}   {:>7.2}%   {:>12}",
            saved / 1000,
            found.tokens.kl_nats,
            100.0 * found.tokens.top_agreement(),
            found.routed_differently,
        );
    }
    Ok(())
}
