//! `cargo xtask`: everything a person types to run, test and build the project.
//!
//! This binary stays small so that it compiles in seconds. What needs the model is the second, optimised binary
//! `model-tools`, which `convert`, `pack`, `inspect`, `embed`, `make`, `ask`, `eval` and `logits` are handed to.

mod bundle;
mod data;
mod forward;
mod knowledge;
mod process;
mod rustc;
mod server;
mod setup;
mod speed;
mod stages;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::process::Workspace;

/// MambaFormer Chairside: run it, test it, build it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what is missing, builds the assistant and serves it on this machine.
    Serve {
        /// The port; the next free one is taken if it is in use.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Serve dist/ as it is.
        #[arg(long)]
        no_build: bool,
    },
    /// Installs what is missing and runs every test, those in the browser included.
    Test(stages::Selection),
    /// Installs what is missing and builds dist/, the folder a web server needs.
    Build,
    /// Builds dist/ with SHA256SUMS, and packs it: the same sources give the same bytes on any machine.
    Dist,
    /// Only installs what is missing.
    Setup {
        /// What the tests need, too (browser, its driver, Node).
        #[arg(long)]
        test: bool,
    },
    /// Checks, builds and reports the knowledge base and the question set under data/.
    Data(data::Args),
    /// Makes assets/knowledge.json from data/, or from other passages, one JSON object a line.
    Knowledge(knowledge::Args),
    /// Makes a model folder from Hugging Face checkpoints of T5 and Mamba, or of a sentence encoder.
    #[command(disable_help_flag = true)]
    Convert(forward::Args),
    /// Quantises a model folder.
    #[command(disable_help_flag = true)]
    Pack(forward::Args),
    /// Prints what a model folder holds.
    #[command(disable_help_flag = true)]
    Inspect(forward::Args),
    /// Makes the vectors of a knowledge base with a sentence encoder.
    #[command(disable_help_flag = true)]
    Embed(forward::Args),
    /// Makes a model folder of a preset with random weights.
    #[command(disable_help_flag = true)]
    Make(forward::Args),
    /// Prints the answer to one question.
    #[command(disable_help_flag = true)]
    Ask(forward::Args),
    /// Answers every question of a file; `eval clinical` measures the deterministic parts on their labelled sets, `eval answers` the whole on
    /// DentalQA, `eval injected` with orders in notes, `eval certificate` what packing changed in the model.
    #[command(disable_help_flag = true)]
    Eval(forward::Args),
    /// Writes what the model computes for given tokens.
    #[command(disable_help_flag = true)]
    Logits(forward::Args),
    /// Measures kernels and model on this machine, side by side; `bench chromium` the bare model in the browser, `bench assistant` the whole of it.
    #[command(disable_help_flag = true)]
    Bench(forward::Args),
    /// Gives spoilt inputs to everything that reads files or text from outside.
    #[command(disable_help_flag = true)]
    Fuzz(forward::Args),
}

fn main() -> ExitCode {
    if let Some(code) = rustc::stand_in() {
        return code;
    }
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let workspace = Workspace::here()?;
    match cli.command {
        Command::Serve { port, no_build } => {
            let dist = if no_build { bundle::existing(&workspace)? } else { build(&workspace)? };
            let server = server::Server::bind(&dist, port)?;
            println!("\nMambaFormer Chairside is served at {}\nStop it with Ctrl+C.", server.address());
            server.run();
        }
        Command::Test(selection) => return Ok(stages::run(&workspace, &selection)),
        Command::Build => {
            let dist = build(&workspace)?;
            println!("\n{} is complete; any web server can serve it.", dist.display());
        }
        Command::Dist => {
            let dist = build(&workspace)?;
            let archive = bundle::archive(&workspace, &dist)?;
            println!("\n{}\n{} bytes, SHA-256 {}", archive.path.display(), archive.bytes, archive.sha256);
        }
        Command::Setup { test } => {
            let mut tools = setup::for_build(&workspace)?;
            if test {
                setup::for_test(&workspace, &mut tools)?;
            }
            println!("everything is there");
        }
        Command::Data(args) => return data::run(&workspace, &args),
        Command::Knowledge(args) => knowledge::run(&workspace, &args)?,
        Command::Convert(args) => return forward::run(&workspace, "convert", &args),
        Command::Pack(args) => return forward::run(&workspace, "pack", &args),
        Command::Inspect(args) => return forward::run(&workspace, "inspect", &args),
        Command::Embed(args) => return forward::run(&workspace, "embed", &args),
        Command::Make(args) => return forward::run(&workspace, "make", &args),
        Command::Ask(args) => return forward::run(&workspace, "ask", &args),
        Command::Eval(args) => {
            let (command, args) = args.with_second_word("eval", &["clinical", "answers", "injected", "certificate"]);
            return forward::run(&workspace, &command, &args);
        }
        Command::Logits(args) => return forward::run(&workspace, "logits", &args),
        Command::Bench(args) => match args.second_word(&speed::WORDS) {
            Some((word, rest)) => speed::run(&workspace, word, rest)?,
            None => return forward::run(&workspace, "bench", &args),
        },
        Command::Fuzz(args) => return forward::run_binary(&workspace, "fuzz", None, &args),
    }
    Ok(ExitCode::SUCCESS)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let tools = setup::for_build(workspace)?;
    bundle::build(workspace, &tools).context("the build failed")
}
