//! `cargo xtask data`: the authored data under `data/`, checked, built and reported.

mod authored;
mod compose;
mod corpus;
mod findings;
mod read;
mod reference;
mod rules;
mod syllabus;
mod words;

use std::process::ExitCode;

use anyhow::{Result, bail};
use mambaformer_clinical::records::Discipline;

use crate::process::Workspace;
use corpus::Corpus;
use findings::{Findings, Severity};

/// Checks, builds or reports the data.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Proves what a program can prove about data/ (see data/AUTHORING.md); fails if anything is wrong.
    Check {
        /// Messages about this discipline (its prefix) or about `safety` only.
        #[arg(long)]
        only: Option<String>,
        /// Errors only.
        #[arg(long)]
        quiet: bool,
    },
}

/// Runs the chosen action.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    match &args.action {
        Action::Check { only, quiet } => check(workspace, only.as_deref(), *quiet),
    }
}

fn check(workspace: &Workspace, only: Option<&str>, quiet: bool) -> Result<ExitCode> {
    if let Some(only) = only
        && only != "safety"
        && let Err(error) = only.parse::<Discipline>()
    {
        bail!("{error}, or safety");
    }
    let data = workspace.root().join("data");
    let mut findings = Findings::default();
    let corpus = Corpus::read(&data, &mut findings);
    rules::check(&corpus, &mut findings);
    let found = findings.sorted(only);
    let (mut errors, mut warnings) = (0, 0);
    for finding in &found {
        match finding.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
        if !quiet || finding.severity == Severity::Error {
            println!("{finding}");
        }
    }
    println!("{errors} errors, {warnings} warnings");
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
