//! The commands of `cargo xtask` that need the model, built optimised.

mod answers;
mod ask;
mod assistant;
mod bench;
mod certificate;
mod clinical;
mod convert;
mod embed;
mod eval;
mod injected;
mod inspect;
mod logits;
mod make;
mod pack;
mod report;

use clap::{Parser, Subcommand};

/// Tools around a MambaFormer model.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Turn Hugging Face checkpoints of T5 and Mamba, or of a sentence encoder, into a model folder.
    Convert(convert::Args),
    /// Quantise an export of the training.
    Pack(pack::Args),
    /// Verify a model folder and print what it holds.
    Inspect(inspect::Args),
    /// Make the vectors of a knowledge base.
    Embed(embed::Args),
    /// Make a model with random weights.
    Make(make::Args),
    /// Answer one question on the terminal.
    Ask(ask::Args),
    /// Answer a file of questions with the worker's own pipeline.
    Eval(eval::Args),
    /// Measure the deterministic parts on their labelled sets.
    EvalClinical(clinical::Args),
    /// Answer the questions of DentalQA and judge the answers.
    EvalAnswers(answers::Args),
    /// Answer questions about notes with and without an order to the assistant in them.
    EvalInjected(injected::Args),
    /// Measure what packing changed in a model, and keep it in its manifest.
    EvalCertificate(certificate::Args),
    /// Write what the model computes for given tokens.
    Logits(logits::Args),
    /// Measure kernels and model on this machine, side by side.
    Bench(bench::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Convert(args) => convert::run(args),
        Command::Pack(args) => pack::run(args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Embed(args) => embed::run(&args),
        Command::Make(args) => make::run(&args),
        Command::Ask(args) => ask::run(args),
        Command::Eval(args) => eval::run(&args),
        Command::EvalClinical(args) => clinical::run(&args),
        Command::EvalAnswers(args) => answers::run(&args),
        Command::EvalInjected(args) => injected::run(&args),
        Command::EvalCertificate(args) => certificate::run(&args),
        Command::Logits(args) => logits::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}
