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

/// Builds the worker into `target/engine` and returns that folder.
pub(super) fn build(workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
    let out = workspace.target().join("engine");
    if out.exists() {
        // A file of an earlier build must not be shipped with this one.
        fs::remove_dir_all(&out).with_context(|| format!("{} cannot be emptied", out.display()))?;
    }
    for engine in &ENGINES {
        build_one(workspace, tools, engine, &out)?;
    }
    copy_folder(&workspace.root().join("model-wasm/js"), &out)?;
    Ok(out)
}

fn build_one(workspace: &Workspace, tools: &Tools, engine: &Engine, out: &Path) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.env("PATH", tools.path());
    paths::hide(&mut cargo, tools.cargo_home());
    cargo.args(["build", "--package", "mambaformer-wasm", "--profile", "wasm-release"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--lib"]);
    if let Some(flags) = engine.flags {
        rustc::add_flags(&mut cargo, tools.path(), flags)?;
    }
    run(engine.message, &mut cargo)?;

    // Taken at once: the next engine comes to the same place.
    let module = workspace.target().join("wasm32-unknown-unknown/wasm-release/mambaformer_wasm.wasm");
    let mut bindgen = tools.command("wasm-bindgen");
    bindgen.arg(&module).args(["--target", "web", "--out-name", engine.name, "--out-dir"]).arg(out);
    run("Making its JavaScript side", &mut bindgen)?;
    optimise(workspace, tools, &out.join(format!("{}_bg.wasm", engine.name)), engine.feature)
}
