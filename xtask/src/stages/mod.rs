//! `cargo xtask test`: every check and every test, one stage after the other, and one line that says it all.
//!
//! A stage that fails does not keep the others from running. A stage of tests that ran none has failed: a runner that
//! finds nothing to do is green for the wrong reason.

mod counts;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::bundle;
use crate::data;
use crate::process::{Workspace, run_and_keep, spell};
use crate::server::Server;
use crate::setup::{self, Browser};
use crate::tools::Tools;
use counts::Counts;

/// Seconds a test page of wasm-bindgen-test may take; compiling its module in a busy browser counts.
const BROWSER_TIMEOUT_S: &str = "600";

/// What is compiled for the browser.
const WASM_LINTED: [&str; 9] = [
    "--package",
    "mambaformer-wasm",
    "--package",
    "mambaformer-app",
    "--features",
    "mambaformer-wasm/measure",
    "--all-targets",
    "--target",
    "wasm32-unknown-unknown",
];

/// Which tests to run; all of them without a choice.
#[derive(clap::Args, Default)]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
pub(crate) struct Selection {
    /// Formatting, lints and native tests only.
    #[arg(long)]
    native: bool,
    /// wasm-bindgen-test in headless Chromium only.
    #[arg(long)]
    browser: bool,
    /// The end-to-end test of the built page only.
    #[arg(long)]
    e2e: bool,
    /// A few end-to-end tests in an installed Firefox only; no part of the rest.
    #[arg(long)]
    firefox: bool,
}

impl Selection {
    fn all(&self) -> bool {
        !(self.native || self.browser || self.e2e || self.firefox)
    }
}

/// What became of a stage.
struct Outcome {
    name: &'static str,
    counts: Counts,
    took: Duration,
    note: String,
}

/// Runs the chosen stages. The last line printed is `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace, selection: &Selection) -> ExitCode {
    let mut outcomes = Vec::new();
    let result = stages(workspace, selection, &mut outcomes);
    if let Err(error) = &result {
        outcomes.push(Outcome {
            name: "setup",
            counts: Counts { passed: 0, failed: 1 },
            took: Duration::ZERO,
            note: format!("{error:#}"),
        });
    }
    println!("\n{:<34} {:>8} {:>8} {:>14}", "stage", "passed", "failed", "time");
    let total: Counts = outcomes.iter().map(|outcome| outcome.counts).sum();
    for outcome in &outcomes {
        println!(
            "{:<34} {:>8} {:>8} {:>14}  {}",
            outcome.name,
            outcome.counts.passed,
            outcome.counts.failed,
            spell(outcome.took),
            outcome.note
        );
    }
    let good = total.failed == 0 && total.passed > 0;
    println!("{} passed, {} failed", total.passed, total.failed);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn stages(workspace: &Workspace, selection: &Selection, outcomes: &mut Vec<Outcome>) -> Result<()> {
    let mut tools = setup::for_build(workspace)?;
    let browser = setup::for_test(workspace, &mut tools)?;
    let (workspace, tools) = (workspace, &tools);

    if selection.all() || selection.native {
        let fmt = command(workspace, tools, &["fmt", "--all", "--check", "--", "-l"]);
        outcomes.push(stage("formatting", || check(fmt)));
        let clippy = ["--workspace", "--all-targets", "--features", "xtask/model"];
        outcomes.push(stage("data", || data::hold(workspace).map(|()| Counts::default())));
        outcomes.push(stage("lints, native", || check(clippy_with(workspace, tools, &clippy))));
        outcomes.push(stage("lints, wasm32", || check(clippy_with(workspace, tools, &WASM_LINTED))));
        outcomes.push(stage("tests, native", || tests(&mut native_tests(workspace, tools))));
        // The same features as above, or everything would be compiled again.
        let docs = ["test", "--workspace", "--features", "xtask/model", "--doc"];
        outcomes.push(stage("examples in the documentation", || examples(&mut command(workspace, tools, &docs))));
    }
    if selection.all() || selection.browser {
        for (name, package) in [("browser, engine", "mambaformer-wasm"), ("browser, page", "mambaformer-app")] {
            outcomes.push(stage(name, || tests(&mut browser_tests(workspace, tools, &browser, package))));
        }
    }
    if selection.all() || selection.e2e {
        outcomes.push(stage("end to end", || {
            served(workspace, tools, "tests/e2e/run.mjs", |node| node.env("CHROMIUM", &browser.browser))
        }));
    }
    if selection.firefox {
        outcomes.push(stage("end to end, Firefox", || {
            let firefox = setup::firefox(tools)?;
            setup::node_packages(workspace, tools, "tests/firefox")?;
            served(workspace, tools, "tests/firefox/run.mjs", |node| node.env("FIREFOX", firefox))
        }));
    }
    Ok(())
}

fn stage(name: &'static str, work: impl FnOnce() -> Result<Counts>) -> Outcome {
    println!("\n== {name}");
    let started = Instant::now();
    let (counts, note) = match work() {
        Ok(counts) => (counts, String::new()),
        Err(error) => {
            eprintln!("xtask: {name}: {error:#}");
            (Counts { passed: 0, failed: 1 }, shortened(&format!("{error:#}")))
        }
    };
    Outcome { name, counts, took: started.elapsed(), note }
}

/// A command that only succeeds or fails; it adds nothing to the tests that passed.
fn check(mut command: Command) -> Result<Counts> {
    if !run_and_keep(&mut command)?.success {
        bail!("see the messages above");
    }
    Ok(Counts::default())
}

/// A command that runs tests. None at all is a failure, and so is an exit status that its counts do not explain.
fn tests(command: &mut Command) -> Result<Counts> {
    let output = run_and_keep(command)?;
    let mut counts = counts::parse(&output.text);
    if counts.passed + counts.failed == 0 {
        bail!("no test ran");
    }
    if !output.success && counts.failed == 0 {
        counts.failed = 1;
    }
    Ok(counts)
}

/// As [`tests`], for a stage that may be empty: not every crate has examples.
fn examples(command: &mut Command) -> Result<Counts> {
    let output = run_and_keep(command)?;
    let counts = counts::parse(&output.text);
    if !output.success && counts.failed == 0 {
        bail!("see the messages above");
    }
    Ok(counts)
}

fn command(workspace: &Workspace, tools: &Tools, args: &[&str]) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(args).env("PATH", tools.path()).env("CARGO_TERM_COLOR", "never");
    cargo
}

fn clippy_with(workspace: &Workspace, tools: &Tools, what: &[&str]) -> Command {
    // All findings of all crates at once, not those of the first crate that has some.
    let mut cargo = command(workspace, tools, &["clippy", "--keep-going"]);
    cargo.args(what).args(["--", "-D", "warnings"]);
    cargo
}

fn native_tests(workspace: &Workspace, tools: &Tools) -> Command {
    let workspace_tests = ["--workspace", "--features", "xtask/model", "--no-fail-fast"];
    let nextest = tools.find("cargo-nextest").is_some();
    let mut cargo = command(workspace, tools, if nextest { &["nextest", "run"] } else { &["test", "--all-targets"] });
    cargo.args(workspace_tests);
    cargo
}

fn browser_tests(workspace: &Workspace, tools: &Tools, browser: &Browser, package: &str) -> Command {
    // Not with -q: the runner's summary is then swallowed. Examples in the documentation are native.
    let mut cargo = command(workspace, tools, &["test", "--package", package, "--lib", "--bins", "--tests"]);
    cargo.args(["--no-fail-fast", "--target", "wasm32-unknown-unknown"]);
    cargo.env("CHROMEDRIVER", &browser.driver);
    cargo.env("WASM_BINDGEN_TEST_TIMEOUT", BROWSER_TIMEOUT_S);
    // Only tests that say where they run: a module without such a line would run in Node.
    cargo.env("WASM_BINDGEN_TEST_ONLY_WEB", "1");
    cargo
}

/// Builds the page, serves it, and lets a script test it.
fn served(
    workspace: &Workspace,
    tools: &Tools,
    script: &str,
    dress: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<Counts> {
    let dist = bundle::build(workspace, tools)?;
    let server = Server::bind(&dist, 0)?;
    let address = server.address();
    server.run_in_background();
    let mut node = tools.command("node");
    node.arg(script).args(["--base-url", &address]).current_dir(workspace.root());
    tests(dress(&mut node))
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 100 {
        format!("{}…", line.chars().take(100).collect::<String>())
    } else {
        line.to_owned()
    }
}
