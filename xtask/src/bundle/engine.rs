//! The worker: model-wasm compiled for the browser, beside its scripts.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{copy_folder, optimise};
use crate::process::{Workspace, run};
use crate::tools::Tools;

/// Builds the worker into `target/engine` and returns that folder.
pub(super) fn build(workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.env("PATH", tools.path());
    cargo.args(["build", "--package", "mambaformer-wasm", "--profile", "wasm-release"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--lib"]);
    run("Building the engine (minutes at first)", &mut cargo)?;

    let module = workspace.target().join("wasm32-unknown-unknown/wasm-release/mambaformer_wasm.wasm");
    let out = workspace.target().join("engine");
    if out.exists() {
        // A file of an earlier build must not be shipped with this one.
        fs::remove_dir_all(&out).with_context(|| format!("{} cannot be emptied", out.display()))?;
    }
    let mut bindgen = tools.command("wasm-bindgen");
    bindgen.arg(&module).args(["--target", "web", "--out-name", "mambaformer_wasm", "--out-dir"]).arg(&out);
    run("Making its JavaScript side", &mut bindgen)?;
    optimise(workspace, tools, &out.join("mambaformer_wasm_bg.wasm"))?;
    copy_folder(&workspace.root().join("model-wasm/js"), &out)?;
    Ok(out)
}
