//! Commands that need the model: handed to the optimised binary with all their arguments.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::process::Workspace;

/// Everything behind the subcommand.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments of the tool; `--help` names them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

impl Args {
    /// The one of `words` that comes first, and what stands behind it.
    pub(crate) fn second_word<'a>(&self, words: &[&'a str]) -> Option<(&'a str, &[OsString])> {
        let (first, rest) = self.rest.split_first()?;
        Some((words.iter().find(|word| first == **word)?, rest))
    }

    /// `COMMAND WORD …` with one of `words` becomes the subcommand `COMMAND-WORD` with the rest, every other call stays what it is.
    pub(crate) fn with_second_word(self, command: &str, words: &[&str]) -> (String, Self) {
        match self.second_word(words) {
            Some((word, rest)) => (format!("{command}-{word}"), Self { rest: rest.to_vec() }),
            None => (command.to_owned(), self),
        }
    }
}

/// Arguments for a subcommand that another command calls.
pub(crate) fn args(rest: impl IntoIterator<Item = impl Into<OsString>>) -> Args {
    Args { rest: rest.into_iter().map(Into::into).collect() }
}

/// Runs a subcommand of `model-tools` and ends with its exit status.
pub(crate) fn run(workspace: &Workspace, subcommand: &str, args: &Args) -> Result<ExitCode> {
    run_binary(workspace, "model-tools", Some(subcommand), args)
}

/// Runs one of the optimised binaries and ends with its exit status. Paths among the arguments stay relative to where the user is.
pub(crate) fn run_binary(
    workspace: &Workspace,
    binary: &str,
    subcommand: Option<&str>,
    args: &Args,
) -> Result<ExitCode> {
    let here = std::env::current_dir().context("the current folder cannot be read")?;
    let status = workspace
        .cargo()
        .args(["run", "--quiet", "--release", "--package", "xtask", "--features", "model", "--bin", binary])
        .arg("--manifest-path")
        .arg(workspace.root().join("Cargo.toml"))
        .arg("--")
        .args(subcommand)
        .args(&args.rest)
        .current_dir(here)
        .status()
        .context("cargo could not be started")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
