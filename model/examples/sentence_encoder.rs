//! Milliseconds per text of a sentence encoder on this machine, one core, by number of tokens.
//!
//! `cargo run --release -p mambaformer-model --example sentence_encoder -- MODEL_FOLDER`
//!
//! Figures of one run compare with each other; the best of many runs counts, because anything else on the machine only adds to it.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a measurement, not a product

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mambaformer_model::sentence_encoder::{SentenceEncoder, SentenceEncoderWeights};

const RUNS: usize = 50;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("give the model's folder"));
    let mut weights = SentenceEncoderWeights::open(&folder).expect("a sentence encoder");
    let config = weights.config().clone();
    let started = Instant::now();
    let encoder = SentenceEncoder::load(&config, &mut weights).expect("its tensors");
    println!("{}: packed for the kernels in {:.0} ms", config.name, milliseconds(started.elapsed()));
    println!("{:>6} {:>9} {:>9}", "tokens", "best ms", "median ms");
    let vocabulary = u32::try_from(config.vocab_size).unwrap();
    for tokens in [8_u32, 20, 64, 128].into_iter().filter(|tokens| *tokens as usize <= config.max_tokens) {
        let ids: Vec<u32> = (0..tokens).map(|at| (at * 7_919 + 31) % vocabulary).collect();
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let started = Instant::now();
                std::hint::black_box(encoder.encode(&ids).unwrap());
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("{tokens:>6} {:>9.2} {:>9.2}", milliseconds(times[0]), milliseconds(times[RUNS / 2]));
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
