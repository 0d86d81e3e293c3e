//! The commands of `cargo xtask` that need the model, built optimised.

mod ask;
mod assistant;
mod eval;
mod logits;

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
    /// Answer one question on the terminal.
    Ask(ask::Args),
    /// Answer a file of questions with the worker's own pipeline.
    Eval(eval::Args),
    /// Write what the model computes for given tokens.
    Logits(logits::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Ask(args) => ask::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Logits(args) => logits::run(&args),
    }
}
