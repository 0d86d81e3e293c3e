//! `cargo xtask data`: the authored data under `data/`, checked, built and reported.

mod authored;
mod card;
mod compose;
mod contents;
mod corpus;
mod dentalqa;
mod findings;
mod html;
mod identified;
mod injections;
mod output;
mod read;
mod reference;
mod report;
mod rules;
mod safety;
mod shingles;
mod show;
mod split;
mod summary;
mod syllabus;
mod variants;
mod words;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use mambaformer_clinical::records::Discipline;

use crate::process::Workspace;
pub(crate) use contents::contents;
use corpus::Corpus;
use dentalqa::DentalQa;
use findings::{Finding, Findings, Severity};
use safety::Safety;
use summary::Summary;

/// What `--only` takes besides the disciplines.
const SAFETY: &str = "safety";

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
        /// Messages about this discipline (its prefix) or about `safety` only, and not whether the built files are fresh.
        #[arg(long)]
        only: Option<String>,
        /// Errors only.
        #[arg(long)]
        quiet: bool,
    },
    /// Makes data/dentalqa and data/safety/built from the authored files.
    Build,
    /// Writes target/data-report/index.html: tables and plots of what there is.
    Report,
    /// Shows passages, records, notes or clusters as the product sees them, with the numbers that references use.
    Show {
        /// Ids, such as `perio-0017`, `rec-perio-001`, `perio-n01` or `perio-q0012`.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Runs the chosen action.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<ExitCode> {
    let data = workspace.root().join("data");
    match &args.action {
        Action::Check { only, quiet } => check(&data, only.as_deref(), *quiet),
        Action::Build => build(&data),
        Action::Report => report(workspace),
        Action::Show { ids } => show(&data, ids),
    }
}

/// The check as a stage of the tests: what it says is printed, an error fails it.
pub(crate) fn hold(workspace: &Workspace) -> Result<()> {
    let (found, _) = examine(&workspace.root().join("data"), None)?;
    let errors = print(&found, true);
    if errors > 0 {
        bail!("data/ has {errors} errors; `cargo xtask data check` lists them");
    }
    Ok(())
}

fn check(data: &Path, only: Option<&str>, quiet: bool) -> Result<ExitCode> {
    if let Some(only) = only
        && only != SAFETY
        && let Err(error) = only.parse::<Discipline>()
    {
        bail!("{error}, or {SAFETY}");
    }
    let (found, summary) = examine(data, only)?;
    let errors = print(&found, quiet);
    if !quiet {
        print!("\n{}", summary.table(only)?);
    }
    println!("{errors} errors, {} warnings", found.len() - errors);
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every rule over all of `data`; the built files are compared unless one discipline is asked for, whose writer does not build.
fn examine(data: &Path, only: Option<&str>) -> Result<(Vec<Finding>, Summary)> {
    let mut findings = Findings::default();
    let corpus = Corpus::read(data, &mut findings);
    let safety = Safety::read(data, &corpus, &mut findings);
    let set = DentalQa::build(&corpus);
    rules::check(&corpus, &set, &mut findings);
    let summary = Summary::new(&corpus, &set, &safety);
    if only.is_none() {
        output::compare(data, &files(data, &set, &safety, &summary)?, &mut findings);
    }
    Ok((findings.sorted(only), summary))
}

/// Makes the built files of everything that can be built.
fn build(data: &Path) -> Result<ExitCode> {
    let mut findings = Findings::default();
    let corpus = Corpus::read(data, &mut findings);
    let safety = Safety::read(data, &corpus, &mut findings);
    let set = DentalQa::build(&corpus);
    let files = files(data, &set, &safety, &Summary::new(&corpus, &set, &safety))?;
    output::write(data, &files)?;
    let unread = print(&findings.sorted(None), true);
    for (id, reason) in &set.left_out {
        println!("left out: {id}: {reason}");
    }
    let (left_out, questions) =
        (set.left_out.len(), set.clusters.iter().map(|built| built.cluster.questions.len()).sum::<usize>());
    println!(
        "{} files, {questions} questions; {left_out} clusters left out, {unread} faults in what was read",
        files.len()
    );
    Ok(if unread + left_out == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything that is built: name below `data/`, content.
fn files(data: &Path, set: &DentalQa<'_>, safety: &Safety, summary: &Summary) -> Result<BTreeMap<String, String>> {
    let mut files = set.files().context("the question set cannot be written as JSON")?;
    files.extend(safety.files().context("the safety data cannot be written as JSON")?);
    let card = std::fs::read_to_string(data.join(card::FILE))
        .with_context(|| format!("data/{} cannot be read", card::FILE))?;
    files.insert(card::FILE.to_owned(), card::filled(&card, summary)?);
    Ok(files)
}

fn report(workspace: &Workspace) -> Result<ExitCode> {
    let (found, summary) = examine(&workspace.root().join("data"), None)?;
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    let folder = workspace.target().join("data-report");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join("index.html");
    let page = report::page(&summary, errors, found.len() - errors)?;
    std::fs::write(&path, page).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn show(data: &Path, ids: &[String]) -> Result<ExitCode> {
    let corpus = Corpus::read(data, &mut Findings::default());
    let mut code = ExitCode::SUCCESS;
    for id in ids {
        if let Some(shown) = show::show(id, &corpus)? {
            println!("{shown}");
        } else {
            println!("there is no item `{id}` below data/");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// Prints the findings, or the errors among them, and counts the errors.
fn print(found: &[Finding], quiet: bool) -> usize {
    for finding in found.iter().filter(|finding| !quiet || finding.severity == Severity::Error) {
        println!("{finding}");
    }
    found.iter().filter(|finding| finding.severity == Severity::Error).count()
}
