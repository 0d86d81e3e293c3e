//! Installs what is missing, and nothing else. Says what it does and how long it takes; silent when all is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{Workspace, first_line, run};
use crate::tools::{BINARYEN, TRUNK, Tools, WASM_BINDGEN};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// What building and serving needs.
pub(crate) fn for_build(workspace: &Workspace) -> Result<Tools> {
    let mut tools = Tools::here()?;
    wasm_target(workspace)?;
    // `--locked` would ask for a crate version that has been taken back; see docs/DEVELOPMENT.md.
    cargo_tool(workspace, &tools, "wasm-bindgen", "wasm-bindgen-cli", WASM_BINDGEN, false, "about 3 minutes")?;
    cargo_tool(workspace, &tools, "trunk", "trunk", TRUNK, true, "6 to 10 minutes")?;
    tools.wasm_opt = wasm_opt(&tools)?;
    if tools.wasm_opt.is_none() {
        println!("– Node.js is not installed: wasm-opt is left out, the page works but is larger and slower to start.");
    }
    Ok(tools)
}

/// What the tests need besides.
pub(crate) fn for_test(workspace: &Workspace, tools: &mut Tools) -> Result<Browser> {
    for component in ["rustfmt", "clippy"] {
        let program = if component == "clippy" { "clippy-driver" } else { "rustfmt" };
        if first_line(Command::new(program).arg("--version").current_dir(workspace.root())).is_none() {
            let mut rustup = Command::new("rustup");
            rustup.args(["component", "add", component]).current_dir(workspace.root());
            run(&format!("Installing {component} (seconds)"), &mut rustup)?;
        }
    }
    let browser = browser(tools)?;
    vulkan(tools)?;
    if tools.wasm_opt.is_none() {
        // Node may have come with the packages.
        tools.wasm_opt = wasm_opt(tools)?;
    }
    node_packages(workspace, tools, "tests/e2e")?;
    Ok(browser)
}

/// The browser the tests run in.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// Chromium or Chrome.
    pub(crate) browser: PathBuf,
    /// Its driver, for wasm-bindgen-test.
    pub(crate) driver: PathBuf,
}

fn wasm_target(workspace: &Workspace) -> Result<()> {
    let sysroot = first_line(Command::new("rustc").args(["--print", "sysroot"]).current_dir(workspace.root()))
        .context("rustc does not run; install Rust from https://rustup.rs")?;
    if Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", WASM_TARGET]).current_dir(workspace.root());
    run("Installing the wasm target of Rust (seconds)", &mut rustup)
}

fn cargo_tool(
    workspace: &Workspace,
    tools: &Tools,
    program: &str,
    package: &str,
    version: &str,
    locked: bool,
    takes: &str,
) -> Result<()> {
    if tools.has_version(program, version) {
        return Ok(());
    }
    let root = tools.home().join(format!("{program}-{version}"));
    let mut cargo = workspace.cargo();
    cargo.args(["install", package, "--version", version, "--root"]).arg(&root);
    if locked {
        cargo.arg("--locked");
    }
    // The project's own flags and target folder are not for tools.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    run(&format!("Installing {program} {version} into {} ({takes} on two cores)", root.display()), &mut cargo)?;
    if !tools.has_version(program, version) {
        bail!("{program} {version} was installed into {} but does not run from there", root.display());
    }
    Ok(())
}

/// `wasm-opt` from npm, where Node is.
fn wasm_opt(tools: &Tools) -> Result<Option<PathBuf>> {
    let folder = tools.home().join(format!("binaryen-{BINARYEN}"));
    let script = folder.join("node_modules/.bin").join(if cfg!(windows) { "wasm-opt.cmd" } else { "wasm-opt" });
    if tools.find("node").is_none() {
        return Ok(None);
    }
    if !script.is_file() {
        if tools.find("npm").is_none() {
            return Ok(None);
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let mut npm = tools.command("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&folder);
        npm.arg(format!("binaryen@{BINARYEN}")).current_dir(&folder);
        run(&format!("Installing wasm-opt (binaryen {BINARYEN}) into {} (seconds)", folder.display()), &mut npm)?;
    }
    if !script.is_file() {
        bail!(
            "npm installed binaryen {BINARYEN} but {} is not there; delete that folder and try again",
            script.display()
        );
    }
    Ok(Some(script))
}

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

fn browser(tools: &Tools) -> Result<Browser> {
    let found = |tools: &Tools| {
        let browser = tools.find_any(&BROWSERS)?;
        let driver = tools.find("chromedriver")?;
        tools.find("node")?;
        tools.find("npm")?;
        Some(Browser { browser, driver })
    };
    if let Some(browser) = found(tools) {
        return Ok(browser);
    }
    let mut missing = Vec::new();
    if tools.find_any(&BROWSERS).is_none() {
        missing.push("chromium");
    }
    if tools.find("chromedriver").is_none() {
        missing.push("chromium-driver");
    }
    if tools.find("node").is_none() {
        missing.push("nodejs");
    }
    if tools.find("npm").is_none() {
        missing.push("npm");
    }
    apt_install(tools, "the browser tests need", &missing)?;
    found(tools).with_context(|| format!("{} were installed but are not on PATH", missing.join(", ")))
}

/// Installs Debian packages where that is possible, and otherwise names them.
fn apt_install(tools: &Tools, need: &str, packages: &[&str]) -> Result<()> {
    if !(is_debian() && is_root() && tools.find("apt-get").is_some()) {
        bail!("{need} {} (Debian's package names); install them and run the tests again", packages.join(", "));
    }
    let apt = || {
        let mut apt = tools.command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run("Refreshing the list of packages (seconds)", apt().args(["update", "-qq"]))?;
    let what = format!("Installing {} (about a minute)", packages.join(", "));
    run(&what, apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
}

/// Where drivers for Vulkan are announced, and where its loader lies.
const VULKAN_DRIVERS: [&str; 3] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
const LIBRARIES: [&str; 5] =
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

/// A Vulkan driver for the native GPU tests: the machine's own, or Mesa's software driver (lavapipe).
fn vulkan(tools: &Tools) -> Result<()> {
    let chosen = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"].iter().any(|name| std::env::var_os(name).is_some());
    let announced =
        VULKAN_DRIVERS.iter().any(|folder| std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()));
    let loader = LIBRARIES.iter().any(|folder| Path::new(folder).join("libvulkan.so.1").exists());
    if !cfg!(target_os = "linux") || (loader && (announced || chosen)) {
        return Ok(());
    }
    apt_install(tools, "the native GPU tests need", &["mesa-vulkan-drivers", "libvulkan1"])
}

fn is_debian() -> bool {
    // Ubuntu's chromium package is a snap that needs a running system, so it does not count.
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn is_root() -> bool {
    first_line(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

/// An installed Firefox.
pub(crate) fn firefox(tools: &Tools) -> Result<PathBuf> {
    let found = tools.find_any(&["firefox-esr", "firefox"]);
    found.context("Firefox is not installed; on Debian: apt-get install firefox-esr")
}

/// `npm ci` in a folder, when its lock file is newer than what is installed.
pub(crate) fn node_packages(workspace: &Workspace, tools: &Tools, name: &str) -> Result<()> {
    let folder = workspace.root().join(name);
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        bail!("{} is missing; what {name} needs cannot be installed", lock.display());
    }
    let stamp = folder.join("node_modules/.package-lock.json");
    let modified = |file: &Path| file.metadata().and_then(|data| data.modified()).ok();
    if modified(&stamp).zip(modified(&lock)).is_some_and(|(stamp, lock)| stamp >= lock) {
        return Ok(());
    }
    let mut npm = tools.command("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    // The tests drive the installed Chromium.
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(&format!("Installing the packages of {name} (seconds)"), &mut npm)
}
