//! The page: app/ through Trunk.

use anyhow::{Result, bail};

use super::{files_below, optimise, paths};
use crate::process::{Workspace, run};
use crate::tools::Tools;

/// Builds the page into `dist/`, which Trunk empties first.
pub(super) fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    if !workspace.root().join("Trunk.toml").is_file() {
        bail!("{} is missing", workspace.root().join("Trunk.toml").display());
    }
    let mut trunk = tools.command("trunk");
    trunk.args(["build", "--release", "--cargo-profile", "wasm-release", "--offline", "--skip-version-check"]);
    // The hashes would be those of the modules before wasm-opt; the content policy admits files of this origin only.
    trunk.args(["--no-sri", "true"]);
    paths::hide(&mut trunk, tools.cargo_home());
    // Set in some environments to "1", which Trunk does not understand.
    trunk.env_remove("NO_COLOR").current_dir(workspace.root());
    run("Building the page (minutes at first)", &mut trunk)?;

    let dist = workspace.dist();
    if !dist.join("index.html").is_file() {
        bail!(
            "Trunk ended well but {} is not there; Trunk.toml must build into dist",
            dist.join("index.html").display()
        );
    }
    for file in files_below(&dist)? {
        if file.extension().is_some_and(|extension| extension == "wasm") {
            optimise(workspace, tools, &file, None)?;
        }
    }
    Ok(())
}
