//! Milliseconds to compare one question's vector with all of a knowledge base, on this machine, one core.
//!
//! `cargo run --release -p mambaformer-clinical --example dense_search`; with `--target wasm32-wasip1` it runs under any WASI host.
#![allow(clippy::expect_used)] // a measurement, not a product

use std::time::Instant;

use mambaformer_clinical::retrieval::dense::{DenseIndex, DenseWriter, Part, Unit};

const VECTORS: u32 = 12_000;
const RUNS: usize = 50;

fn main() {
    for dimensions in [64, 128, 256, 384] {
        let hash = "0".repeat(64);
        let mut writer = DenseWriter::new(dimensions, &hash, &hash).expect("starts");
        let vector = |seed: u32| -> Vec<f32> {
            let value = |at: u32| f32::from(u16::try_from((seed * 31 + at * 7_919) % 2_003).unwrap_or(0)) - 1_000.0;
            (0..u32::try_from(dimensions).unwrap_or(0)).map(value).collect()
        };
        for entry in 0..VECTORS {
            writer.push(Unit { entry, part: Part::Whole }, &vector(entry)).expect("takes the vector");
        }
        let bytes = writer.finish().expect("writes");
        let started = Instant::now();
        let index = DenseIndex::from_bytes(&bytes).expect("reads");
        let read = started.elapsed().as_secs_f64() * 1e3;
        let query = vector(1);
        let mut times: Vec<f64> = (0..RUNS)
            .map(|_| {
                let started = Instant::now();
                std::hint::black_box(index.cosines(&query).expect("fits"));
                started.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{VECTORS} x {dimensions}: best {:.2} ms, median {:.2} ms; reading {} bytes {read:.1} ms",
            times[0],
            times[RUNS / 2],
            bytes.len()
        );
    }
}
