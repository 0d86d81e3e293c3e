//! `cargo xtask fuzz`: spoilt inputs for everything that reads bytes or text from outside. A reader may refuse; it may not panic, and not
//! take more memory than its input and 64 MiB.
//!
//! Inputs are made of small ones that are accepted, by seeded edits, so that a run can be repeated anywhere. Files with a hash of their
//! own are read with the hash they have after the edits: else every one would end there. `model/fuzz` is the coverage-guided version for weights.

mod memory;
mod seeds;
mod targets;

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use mambaformer_model::random::{Stream, spoil};
use targets::{Outcome, Target};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Beyond the input's own size.
const MOST_BYTES: usize = 64 << 20;

/// Spoilt inputs for every reader.
#[derive(Parser)]
#[command(name = "cargo xtask fuzz")]
struct Args {
    /// Inputs for each target.
    #[arg(long, default_value_t = 100_000)]
    inputs: u64,
    /// Only the targets with this in their name.
    #[arg(long)]
    only: Option<String>,
    /// Seed of the edits.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of the shipped rules, knowledge base and models.
    #[arg(long, default_value = "assets")]
    assets: PathBuf,
    /// Where an input that a reader did not survive is kept.
    #[arg(long, default_value = "target/fuzz")]
    out: PathBuf,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let wanted = |target: &Target| args.only.as_deref().is_none_or(|only| target.name.contains(only));
    let targets: Vec<Target> = targets::all(&args.assets)?.into_iter().filter(wanted).collect();
    if targets.is_empty() {
        bail!("no target's name holds `{}`", args.only.unwrap_or_default());
    }
    let width = targets.iter().map(|target| target.name.len()).max().unwrap_or(0);
    println!("{:width$}      inputs  accepted  most bytes    time", "target");
    // A panic is told with its input, not by the thread's own message.
    panic::set_hook(Box::new(|_| {}));
    let mut survived = true;
    for target in &targets {
        let begin = Instant::now();
        match hold(target, args.inputs, args.seed) {
            Ok(Held { accepted, most }) => println!(
                "{:width$}  {:>10}  {:>6.2} %  {:>10}  {:>5.0} s",
                target.name,
                args.inputs,
                100.0 * accepted as f64 / args.inputs.max(1) as f64,
                most,
                begin.elapsed().as_secs_f64(),
            ),
            Err(Fallen { input, number, why }) => {
                survived = false;
                let path = keep(&args.out, target.name, &input)?;
                println!("{:width$}  FAILED at input {number}: {why}; kept as {}", target.name, path.display());
            }
        }
    }
    println!("{}", if survived { "every reader survived" } else { "a reader did not survive" });
    Ok(if survived { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a target came through.
struct Held {
    accepted: u64,
    most: usize,
}

/// The input that it did not survive.
struct Fallen {
    input: Vec<u8>,
    number: u64,
    why: String,
}

/// Reads so many inputs.
fn hold(target: &Target, inputs: u64, seed: u64) -> Result<Held, Fallen> {
    let mut stream = Stream::new(seed, target.name);
    let mut held = Held { accepted: 0, most: 0 };
    for number in 0..inputs {
        let count = target.seeds.len() as u64;
        let at = usize::try_from(stream.next_u64() % count).unwrap_or(0);
        let mut input = target.seeds[at].clone();
        spoil(&mut stream, &mut input);
        let read = || panic::catch_unwind(AssertUnwindSafe(|| (target.read)(&input)));
        let (read, bytes) = memory::peak_of(read);
        held.most = held.most.max(bytes);
        let why = match read {
            Ok(Outcome::Wrong(why)) => Some(why.to_owned()),
            Ok(outcome) => {
                held.accepted += u64::from(outcome == Outcome::Taken);
                (bytes > input.len() + MOST_BYTES).then(|| format!("it took {bytes} bytes"))
            }
            Err(panic) => Some(format!("panic: {}", told(panic.as_ref()))),
        };
        if let Some(why) = why {
            return Err(Fallen { input, number, why });
        }
    }
    Ok(held)
}

fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

fn keep(folder: &Path, name: &str, input: &[u8]) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join(format!("{}.bin", name.replace(' ', "-")));
    std::fs::write(&path, input).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(read: impl Fn(&[u8]) -> bool + 'static) -> Target {
        let read = move |bytes: &[u8]| Outcome::from(read(bytes));
        Target { name: "made up", seeds: vec![b"{\"a\":1}".to_vec()], read: Box::new(read) }
    }

    #[test]
    fn what_a_reader_does_wrong_is_found() {
        assert!(hold(&target(|bytes| bytes.len() > 3), 1_000, 1).is_ok_and(|held| held.accepted > 500));
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let panics = hold(&target(|bytes| bytes.starts_with(b"{") || panic!("no brace")), 10_000, 1);
        panic::set_hook(hook);
        assert!(panics.is_err_and(|fallen| fallen.why == "panic: no brace" && !fallen.input.starts_with(b"{")));
        let wrong = Target { read: Box::new(|_| Outcome::Wrong("out of place")), ..target(|_| true) };
        assert!(hold(&wrong, 10, 1).is_err_and(|fallen| fallen.why == "out of place"));
        let greedy = hold(&target(|bytes| vec![0u8; bytes.len() + (65 << 20)].len() > 1), 10, 1);
        assert!(greedy.is_err_and(|fallen| fallen.number == 0 && fallen.why.starts_with("it took")));
    }
}
