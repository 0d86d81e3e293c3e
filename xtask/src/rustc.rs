//! Standing in for rustc: with extra flags for this workspace's own crates.
//!
//! `RUSTFLAGS` would compile every dependency again for the second engine, minutes of work. Cargo's `RUSTC_WORKSPACE_WRAPPER` concerns
//! the workspace alone, and cargo keeps what was built with it apart; the wrapper is this program itself.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Says that this process stands in for rustc, and what it adds.
const FLAGS: &str = "MAMBAFORMER_RUSTC_FLAGS";

/// Lets `cargo` compile the workspace's crates for wasm with more flags, separated by spaces. `path` is what else programs are looked up in.
///
/// This program is given by its name alone: cargo names everything it compiles after the wrapper's path, and the module would differ from
/// folder to folder.
pub(crate) fn add_flags(cargo: &mut Command, path: &OsStr, flags: &str) -> Result<()> {
    let wrapper = std::env::current_exe().context("the path of this program cannot be found")?;
    let (folder, name) = wrapper.parent().zip(wrapper.file_name()).context("this program lies in no folder")?;
    let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(path));
    let path = std::env::join_paths(folders).context("PATH holds a folder that cannot be joined")?;
    cargo.env("PATH", path).env("RUSTC_WORKSPACE_WRAPPER", name).env(FLAGS, flags);
    Ok(())
}

/// Runs rustc where cargo has called this program in its place.
pub(crate) fn stand_in() -> Option<ExitCode> {
    let flags = std::env::var(FLAGS).ok()?;
    let mut args = std::env::args_os().skip(1);
    let rustc = args.next()?;
    let status = Command::new(rustc).args(with_flags(args.collect(), &flags)).status();
    let code = status.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The arguments, with the flags where they compile for the browser.
fn with_flags(mut args: Vec<OsString>, flags: &str) -> Vec<OsString> {
    if args.iter().any(|arg| arg == "wasm32-unknown-unknown") {
        args.extend(flags.split_whitespace().map(OsString::from));
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_for_the_browser_gets_the_flags() {
        let args = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let wasm = args("--crate-name a --target wasm32-unknown-unknown");
        assert_eq!(with_flags(wasm, "-C x=y"), args("--crate-name a --target wasm32-unknown-unknown -C x=y"));
        let host = args("--crate-name build_script_build");
        assert_eq!(with_flags(host.clone(), "-C x=y"), host);
    }
}
