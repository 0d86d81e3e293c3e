//! The worker: model-wasm compiled for the browser, beside its scripts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{copy_folder, optimise, paths};
use crate::process::{Workspace, run};
use crate::rustc;
use crate::tools::Tools;

/// A module for some browsers. `js/worker.js` takes the last one that its browser understands, by these names.
struct Engine {
    name: &'static str,
    /// What rustc is told beside `.cargo/config.toml`.
    flags: Option<&'static str>,
    /// What wasm-opt has to let pass beside the features of all modules.
    feature: Option<&'static str>,
    message: &'static str,
}

const ENGINES: [Engine; 2] = [
    Engine { name: "mambaformer_wasm", flags: None, feature: None, message: "Building the engine (minutes at first)" },
    Engine {
        name: "mambaformer_wasm_relaxed",
        flags: Some("-Ctarget-feature=+relaxed-simd"),
        feature: Some("--enable-relaxed-simd"),
        message: "Building the engine for browsers with relaxed SIMD",
    },
];

/// What of `mambaformer-wasm` is compiled.
struct Crate {
    /// As cargo takes it.
    target: &'static [&'static str],
    /// Below the profile's folder.
    module: &'static str,
}

const WORKER: Crate = Crate { target: &["--lib"], module: "mambaformer_wasm.wasm" };
const BARE_MODEL: Crate =
    Crate { target: &["--example", "bench", "--features", "measure"], module: "examples/bench.wasm" };

/// Builds the worker into `target/engine` and returns that folder.
pub(super) fn build(workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
    let out = workspace.target().join("engine");
    if out.exists() {
        // A file of an earlier build must not be shipped with this one.
        fs::remove_dir_all(&out).with_context(|| format!("{} cannot be emptied", out.display()))?;
    }
    for engine in &ENGINES {
        build_one(workspace, tools, engine, &WORKER, engine.name, &out)?;
    }
    copy_folder(&workspace.root().join("model-wasm/js"), &out)?;
    Ok(out)
}

/// Builds the bare model, to be timed (`model-wasm/examples/bench.rs`), the way the worker is built: for the first `kinds` kinds of
/// browser into a folder each below `out`, whose names are returned.
pub(crate) fn build_bare(workspace: &Workspace, tools: &Tools, out: &Path, kinds: usize) -> Result<Vec<&'static str>> {
    let engines = || ENGINES.iter().take(kinds);
    for engine in engines() {
        build_one(workspace, tools, engine, &BARE_MODEL, "bench", &out.join(engine.name))?;
    }
    Ok(engines().map(|engine| engine.name).collect())
}

/// Compiles `what` for the browsers of `engine` into `out`, as the module `name`.
fn build_one(
    workspace: &Workspace,
    tools: &Tools,
    engine: &Engine,
    what: &Crate,
    name: &str,
    out: &Path,
) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.env("PATH", tools.path());
    paths::hide(&mut cargo, tools.cargo_home());
    cargo.args(["build", "--package", "mambaformer-wasm", "--profile", "wasm-release"]);
    cargo.args(["--target", "wasm32-unknown-unknown"]).args(what.target);
    if let Some(flags) = engine.flags {
        rustc::add_flags(&mut cargo, tools.path(), flags)?;
    }
    run(engine.message, &mut cargo)?;

    // Taken at once: the next engine comes to the same place.
    let module = workspace.target().join("wasm32-unknown-unknown/wasm-release").join(what.module);
    let mut bindgen = tools.command("wasm-bindgen");
    bindgen.arg(&module).args(["--target", "web", "--out-name", name, "--out-dir"]).arg(out);
    run("Making its JavaScript side", &mut bindgen)?;
    optimise(workspace, tools, &out.join(format!("{name}_bg.wasm")), engine.feature)
}
