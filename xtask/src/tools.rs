//! The programs the build needs, at the versions that fit together, and where they are.
//!
//! A program of the right version on PATH is used as it is. What is missing goes to a folder of its own outside the
//! checkout (`MAMBAFORMER_TOOLS`, else `~/.cache/mambaformer-tools`), so that a fresh clone is quick and nothing the
//! user has installed is replaced.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::first_line;

/// Must be the version of the `wasm-bindgen` crate in Cargo.lock; Trunk refuses another.
pub(crate) const WASM_BINDGEN: &str = "0.2.130";
/// 0.22 needs a newer Rust than rust-toolchain.toml names.
pub(crate) const TRUNK: &str = "0.21.14";
/// From npm. The binaryen 108 that Debian packages corrupts the module.
pub(crate) const BINARYEN: &str = "132";

/// Where programs are looked up.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    home: PathBuf,
    cargo_home: Option<PathBuf>,
    path: OsString,
    /// `wasm-opt` of binaryen [`BINARYEN`]; absent where Node is.
    pub(crate) wasm_opt: Option<PathBuf>,
}

impl Tools {
    /// PATH, with our own folders in front.
    pub(crate) fn here() -> Result<Tools> {
        let home = match env::var_os("MAMBAFORMER_TOOLS").filter(|folder| !folder.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => user_cache()?.join("mambaformer-tools"),
        };
        let home = std::path::absolute(&home).with_context(|| format!("{} is no folder", home.display()))?;
        let mut folders =
            vec![home.join(format!("wasm-bindgen-{WASM_BINDGEN}/bin")), home.join(format!("trunk-{TRUNK}/bin"))];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let cargo_home = user_folder("CARGO_HOME", ".cargo");
        folders.extend(cargo_home.iter().map(|cargo| cargo.join("bin")));
        let path = env::join_paths(folders).context("PATH holds a folder that cannot be joined")?;
        Ok(Tools { home, cargo_home, path, wasm_opt: None })
    }

    /// Where missing programs are installed.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Where cargo keeps the sources of libraries.
    pub(crate) fn cargo_home(&self) -> Option<&Path> {
        self.cargo_home.as_deref()
    }

    /// PATH for child processes.
    pub(crate) fn path(&self) -> &OsString {
        &self.path
    }

    /// A command whose program is looked up in our PATH.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.find(program).unwrap_or_else(|| program.into()));
        command.env("PATH", &self.path);
        command
    }

    /// Where a program is.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        let with_ending = format!("{program}{}", env::consts::EXE_SUFFIX);
        // npm and its like are scripts on Windows.
        let names = if cfg!(windows) { vec![with_ending, format!("{program}.cmd")] } else { vec![with_ending] };
        env::split_paths(&self.path)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
            .find(|file| file.is_file())
    }

    /// The first of several programs that is there.
    pub(crate) fn find_any(&self, programs: &[&str]) -> Option<PathBuf> {
        programs.iter().find_map(|program| self.find(program))
    }

    /// Whether `program --version` names exactly this version.
    pub(crate) fn has_version(&self, program: &str, version: &str) -> bool {
        self.find(program).is_some_and(|file| is_version(&file, version))
    }
}

/// Whether `file --version` names exactly this version.
fn is_version(file: &Path, version: &str) -> bool {
    first_line(Command::new(file).arg("--version"))
        .is_some_and(|line| line.split_whitespace().any(|word| word.trim_start_matches('v') == version))
}

fn user_cache() -> Result<PathBuf> {
    let folder = if cfg!(windows) {
        env::var_os("LOCALAPPDATA").map(PathBuf::from)
    } else {
        user_folder("XDG_CACHE_HOME", ".cache")
    };
    folder.context("there is no folder for tools: set HOME, or MAMBAFORMER_TOOLS to a folder that may be written")
}

/// The folder a variable names, or one in the user's home.
fn user_folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).filter(|home| !home.is_empty());
    named.or_else(|| home().map(|home| PathBuf::from(home).join(in_home)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Workspace;

    #[test]
    fn the_command_line_tool_fits_the_locked_crate() {
        let lock = Workspace::here().expect("a workspace").root().join("Cargo.lock");
        let lock = std::fs::read_to_string(lock).expect("Cargo.lock");
        let expected = format!("name = \"wasm-bindgen\"\nversion = \"{WASM_BINDGEN}\"");
        assert!(lock.replace('\r', "").contains(&expected), "{expected} is not in Cargo.lock");
    }

    #[test]
    fn programs_are_found_or_not() {
        let tools = Tools::here().expect("a home");
        assert!(tools.find("cargo").is_some());
        assert!(tools.find("no-such-program-here").is_none());
        assert!(!tools.has_version("no-such-program-here", "1"));
        let cargo = tools.find("cargo").expect("cargo");
        let line = first_line(Command::new(&cargo).arg("--version")).expect("runs");
        let version = line.split_whitespace().nth(1).expect("a version");
        assert!(tools.has_version("cargo", version));
        assert!(!tools.has_version("cargo", &version[..version.len() - 1]));
    }
}
