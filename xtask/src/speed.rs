//! Speed in headless Chromium. `cargo xtask bench chromium`: the bare model on one thread, and beside it, with `--peer`, a T5 of the same shape in
//! ONNX Runtime Web, or with `--gpu` the graphics processor's kernels and model; `cargo xtask bench assistant`: the whole assistant on test questions. Everything takes turns within one page (`tests/speed`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Parser as _;

use crate::process::{Workspace, run as run_command};
use crate::server::Server;
use crate::tools::Tools;
use crate::{bundle, forward, setup};

/// The second words of `bench` that are measured here.
pub(crate) const WORDS: [&str; 2] = ["chromium", "assistant"];

/// Measures in headless Chromium.
#[derive(clap::Parser)]
#[command(name = "cargo xtask bench")]
enum Args {
    /// The bare model, token by token and grounded.
    Chromium(Model),
    /// The assistant as it ships, on test questions of DentalQA.
    Assistant(Assistant),
}

#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
struct Model {
    /// Beside it a T5 of the same shape in ONNX Runtime Web, in int8 and f32 (installed from npm).
    #[arg(long)]
    peer: bool,
    /// Instead, the graphics processor: every kernel, then the whole model, in every form that the browser offers (minutes on an emulated one).
    #[arg(long, conflicts_with = "peer")]
    gpu: bool,
    /// Instead, take the graphics processor away in every stage so many times, and measure until it serves again.
    #[arg(long, conflicts_with_all = ["peer", "gpu"])]
    losses: Option<usize>,
    /// In an installed Firefox instead.
    #[arg(long)]
    firefox: bool,
    /// Tokens of the prompt.
    #[arg(long, default_value_t = 256)]
    tokens_in: usize,
    /// Tokens of the answer.
    #[arg(long, default_value_t = 48)]
    tokens_out: usize,
    /// Runs of each; the median counts (two at most with --gpu).
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Writes the figures as JSON, too.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Assistant {
    /// Questions without a note.
    #[arg(long, default_value_t = 100)]
    questions: usize,
    /// Questions with one.
    #[arg(long, default_value_t = 30)]
    notes: usize,
    /// Writes the figures as JSON, too.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// What is timed on every build: a name, a model, the expert (0 ET5, 1 EMamba, 2 the gate's choice), and whether it answers with whole sentences.
const CONTENDERS: [&str; 5] = [
    "T5 of the peer's shape=models/t5-peer:0",
    "chairside, token by token=models/chairside:2",
    "chairside, grounded=models/chairside:2:grounded",
    "chairside, grounded, all ET5=models/chairside:0:grounded",
    "chairside, grounded, all EMamba=models/chairside:1:grounded",
];

/// Builds, makes, installs what is missing, and measures.
pub(crate) fn run(workspace: &Workspace, word: &str, rest: &[OsString]) -> Result<()> {
    let args = Args::parse_from(["bench", word].map(OsString::from).iter().chain(rest));
    let mut tools = setup::for_build(workspace)?;
    let browser = setup::for_test(workspace, &mut tools)?;
    setup::node_packages(workspace, &tools, "tests/speed")?;
    let node = |script: &str| {
        let mut node = tools.command("node");
        node.arg(script).current_dir(workspace.root().join("tests/speed")).env("CHROMIUM", &browser.browser);
        node
    };
    let (site, mut script, output) = match args {
        Args::Chromium(args) => {
            let site = workspace.target().join("speed");
            let mut script = model(workspace, &tools, &site, &args, node)?;
            if args.firefox {
                setup::node_packages(workspace, &tools, "tests/firefox")?;
                script.env("FIREFOX", setup::firefox(&tools)?);
            }
            (site, script, args.output)
        }
        Args::Assistant(args) => {
            let mut script = node("assistant.mjs");
            for (name, value) in [("--questions", args.questions), ("--notes", args.notes)] {
                script.args([name, &value.to_string()]);
            }
            (bundle::build(workspace, &tools)?, script, args.output)
        }
    };
    if let Some(output) = output {
        let here = std::env::current_dir().context("the current folder cannot be read")?;
        script.arg("--output").arg(here.join(output));
    }
    let server = Server::bind(&site, 0)?;
    script.args(["--base-url", &server.address()]);
    server.run_in_background();
    run_command("Measuring in the browser (minutes)", &mut script)
}

/// Makes the site of the bare model, and the script that races on it.
fn model(
    workspace: &Workspace,
    tools: &Tools,
    site: &Path,
    args: &Model,
    node: impl Fn(&str) -> Command,
) -> Result<Command> {
    let on_gpu = args.gpu || args.losses.is_some();
    let builds = bundle::build_bare(workspace, tools, site, if on_gpu { 1 } else { usize::MAX })?;
    let models = site.join("models");
    bundle::copy_folder(&workspace.root().join("assets/model"), &models.join("chairside"))?;
    if on_gpu {
        let mut measure = node("gpu.mjs");
        measure.args(["--build", builds[0], "--model", "models/chairside"]);
        for (name, value) in
            [("--in", args.tokens_in), ("--rounds", args.rounds.min(2)), ("--losses", args.losses.unwrap_or_default())]
        {
            measure.args([name, &value.to_string()]);
        }
        return Ok(measure);
    }
    let shape = models.join("t5-peer");
    if !shape.join("manifest.json").is_file() {
        let make = ["--preset", "t5-peer", "--quantise", "q8", "--out"].map(OsString::from);
        let made = forward::run(workspace, "make", &forward::args(make.into_iter().chain([shape.into_os_string()])))?;
        if made != ExitCode::SUCCESS {
            bail!("the model of the peer's shape could not be made; see above");
        }
    }
    let mut race = node("model.mjs");
    for build in builds {
        race.args([
            "--build",
            &format!("{}={build}", if build.ends_with("relaxed") { "relaxed SIMD" } else { "SIMD" }),
        ]);
    }
    race.args(CONTENDERS.iter().flat_map(|contender| ["--contender", contender]));
    for (name, value) in [("--in", args.tokens_in), ("--out", args.tokens_out), ("--rounds", args.rounds)] {
        race.args([name, &value.to_string()]);
    }
    if args.peer {
        run_command("Making the peer's models", node("peer.mjs").arg(site.join("peer")))?;
        race.args(["--peer", "peer"]);
    }
    Ok(race)
}
