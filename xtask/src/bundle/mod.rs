//! Builds `dist/`, the folder a web server needs:
//!
//! ```text
//! dist/index.html, *.js, *.wasm, *.css   the page (Trunk, from app/)
//! dist/sw.js, release.js                 the service worker and the list of what it keeps
//! dist/engine/                           the worker (model-wasm/js/* and the modules that wasm-bindgen makes)
//! dist/assets/                           index.json, weights, knowledge base, rules (assets/)
//! ```

mod archive;
mod engine;
mod page;
mod paths;
mod release;
mod scripts;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use mambaformer_clinical::assets::{Asset, AssetIndex};
use mambaformer_clinical::integrity::sha256_hex;

pub(crate) use self::archive::write as archive;
pub(crate) use self::engine::build_bare;
use crate::process::{Workspace, run};
use crate::tools::{BINARYEN, Tools};

/// For speed: this is what the answer waits for.
const WASM_OPT_LEVEL: &str = "-O3";
/// What the module may use; every browser with WebAssembly SIMD has all of it.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Builds everything and returns `dist/`.
pub(crate) fn build(workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
    let engine = engine::build(workspace, tools)?;
    let dist = workspace.dist();
    page::build(workspace, tools)?;
    copy_folder(&engine, &dist.join("engine"))?;
    copy_folder(&workspace.root().join("assets"), &dist.join("assets"))?;
    write_index(&dist.join("assets"))?;
    scripts::externalize(&dist)?;
    release::write(&dist)?;
    check(&dist)?;
    print_sizes(&dist)?;
    Ok(dist)
}

/// Lists what is shipped with sizes and hashes: the worker takes nothing that does not match.
fn write_index(assets: &Path) -> Result<()> {
    let index = assets.join("index.json");
    let mut listed = Vec::new();
    for (path, file) in named_below(assets)? {
        let shipped =
            file.extension().is_some_and(|ending| ending == "json" || ending == "bin" || ending == "safetensors");
        if file == index || !shipped {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        listed.push(Asset::of(&path, &bytes));
    }
    let bytes = AssetIndex::write(listed).context("the index of the assets cannot be written")?;
    AssetIndex::from_bytes(&bytes).context("the index of the assets does not read back")?;
    fs::write(&index, bytes).with_context(|| format!("{} cannot be written", index.display()))
}

/// `dist/` as an earlier build left it.
pub(crate) fn existing(workspace: &Workspace) -> Result<PathBuf> {
    let dist = workspace.dist();
    check(&dist).context("dist/ is not complete; run `cargo xtask serve` without --no-build")?;
    Ok(dist)
}

/// What the page asks for before anything else; a build without it would fail in front of the user.
fn check(dist: &Path) -> Result<()> {
    for file in ["index.html", "sw.js", "release.js", "engine/worker.js", "assets/grounding.json"] {
        if !dist.join(file).is_file() {
            bail!("{} is missing", dist.join(file).display());
        }
    }
    for file in ["assets/knowledge.json", "assets/model/manifest.json"] {
        if !dist.join(file).is_file() {
            println!("– note: {file} is not there; the page will say that the assistant cannot be loaded.");
        }
    }
    Ok(())
}

/// Replaces a module by its optimised form, where wasm-opt is there.
///
/// wasm-opt takes longer than a build that found nothing to do, so its results are kept by the hash of what went in.
/// `feature` is what the module may use beside [`WASM_FEATURES`].
fn optimise(workspace: &Workspace, tools: &Tools, module: &Path, feature: Option<&str>) -> Result<()> {
    let Some(wasm_opt) = &tools.wasm_opt else {
        return Ok(());
    };
    let bytes = fs::read(module).with_context(|| format!("{} cannot be read", module.display()))?;
    let recipe = format!("{BINARYEN} {WASM_OPT_LEVEL} {WASM_FEATURES:?} {feature:?} {}", sha256_hex(&bytes));
    let kept = workspace.target().join("optimised");
    let optimised = kept.join(format!("{}.wasm", sha256_hex(recipe.as_bytes())));
    if !optimised.is_file() {
        fs::create_dir_all(&kept).with_context(|| format!("{} cannot be made", kept.display()))?;
        // Under another name until it is whole: an interrupted run must not leave half a module behind.
        let unfinished = kept.join(format!("{}.unfinished", std::process::id()));
        let mut command = tools.command("node");
        if cfg!(windows) {
            command = std::process::Command::new(wasm_opt);
        } else {
            command.arg(wasm_opt);
        }
        command.arg(WASM_OPT_LEVEL).args(WASM_FEATURES).args(feature).arg(module).arg("-o").arg(&unfinished);
        run("Optimising the module (a minute)", command.current_dir(workspace.root()))?;
        fs::rename(&unfinished, &optimised).with_context(|| format!("{} cannot be kept", optimised.display()))?;
    }
    fs::copy(&optimised, module).with_context(|| format!("{} cannot be replaced", module.display()))?;
    Ok(())
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for file in files_below(from)? {
        let target = to.join(file.strip_prefix(from).context("a file outside its folder")?);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        }
        fs::copy(&file, &target).with_context(|| format!("{} cannot be copied", file.display()))?;
    }
    Ok(())
}

/// All files below a folder, sorted; hidden ones are left out.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("{} cannot be read", next.display()))? {
            let path = entry.with_context(|| format!("{} cannot be read", next.display()))?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// The same with the name of each below the folder, with `/` on every system.
fn named_below(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let name = |file: PathBuf| {
        let below = file.strip_prefix(folder).context("a file outside its folder")?;
        Ok((below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"), file))
    };
    files_below(folder)?.into_iter().map(name).collect()
}

fn print_sizes(dist: &Path) -> Result<()> {
    println!("\n{:<46} {:>12} {:>12}", "file", "bytes", "gzipped");
    let mut total = 0;
    for file in files_below(dist)? {
        let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        total += bytes.len();
        let name = file.strip_prefix(dist).unwrap_or(&file).display().to_string();
        // Weights do not compress; only what is compiled or written is worth the time.
        let compressible = ["wasm", "js", "css", "html", "json"]
            .iter()
            .any(|extension| file.extension().is_some_and(|found| found == *extension));
        let gzipped = if compressible { gzipped_bytes(&bytes)?.to_string() } else { String::new() };
        println!("{name:<46} {:>12} {gzipped:>12}", bytes.len());
    }
    println!("{:<46} {total:>12}", "all");
    Ok(())
}

fn gzipped_bytes(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).context("compressing failed")?;
    Ok(encoder.finish().context("compressing failed")?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_copied_without_hidden_files() {
        let folder = std::env::temp_dir().join(format!("xtask-copy-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::create_dir_all(from.join("inner")).expect("made");
        for (name, text) in [("a.txt", "a"), ("inner/b.txt", "b"), (".hidden", "c")] {
            fs::write(from.join(name), text).expect("written");
        }
        copy_folder(&from, &to).expect("copied");
        let names: Vec<PathBuf> =
            files_below(&to).expect("read").iter().map(|file| file.strip_prefix(&to).expect("below").into()).collect();
        assert_eq!(names, [PathBuf::from("a.txt"), PathBuf::from("inner/b.txt")]);
        assert_eq!(fs::read_to_string(to.join("inner/b.txt")).expect("read"), "b");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn the_index_lists_what_is_shipped_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("xtask-index-{}", std::process::id()));
        fs::create_dir_all(folder.join("model")).expect("made");
        for (name, text) in [("knowledge.json", "{}"), ("model/model.safetensors", "w"), ("model-card.md", "# card")] {
            fs::write(folder.join(name), text).expect("written");
        }
        for _ in 0..2 {
            write_index(&folder).expect("written");
            let bytes = fs::read(folder.join("index.json")).expect("there");
            let index = AssetIndex::from_bytes(&bytes).expect("reads");
            let paths: Vec<&str> = index.files().map(|asset| asset.path.as_str()).collect();
            assert_eq!(paths, ["knowledge.json", "model/model.safetensors"]);
            assert_eq!(index.get("knowledge.json").map(|asset| asset.verify(b"{}")), Ok(Ok(())));
        }
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn gzip_is_smaller() {
        assert!(gzipped_bytes(&[7; 10_000]).expect("compresses") < 200);
    }
}
