//! `release.js`: what the service worker keeps, with hashes, and what it lets the engine fetch. Its version is the hash of that list.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use mambaformer_clinical::integrity::sha256_hex;

use super::named_below;

/// The file's name in `dist/`.
const NAME: &str = "release.js";
/// The service worker with its own parts: the browser keeps them itself.
const OWN: [&str; 2] = ["sw.js", NAME];
/// The engine fetches what is below; its index belongs to the page's version.
const ASSETS: &str = "assets/";
const INDEX: &str = "assets/index.json";

/// Writes the list of everything in `dist/`.
pub(super) fn write(dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    let mut assets = Vec::new();
    for (path, file) in named_below(dist)? {
        if OWN.contains(&path.as_str()) || path.ends_with(".d.ts") {
            continue;
        }
        if path.starts_with(ASSETS) && path != INDEX {
            assets.push(path);
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        files.push((path, sha256_hex(&bytes)));
    }
    let target = dist.join(NAME);
    fs::write(&target, text(&files, &assets)?).with_context(|| format!("{} cannot be written", target.display()))
}

/// The module; the same files give the same text.
fn text(files: &[(String, String)], assets: &[String]) -> Result<String> {
    let files = serde_json::to_string_pretty(files).context("the list of files is no JSON")?;
    let assets = serde_json::to_string_pretty(assets).context("the list of assets is no JSON")?;
    let hash = sha256_hex(format!("{files}{assets}").as_bytes());
    let version = hash.get(..16).unwrap_or(&hash);
    Ok(format!(
        "// Written by the build.\nexport const version = '{version}';\nexport const files = {files};\nexport const assets = {assets};\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_listed_with_hashes_and_the_assets_without() {
        let folder = std::env::temp_dir().join(format!("xtask-release-{}", std::process::id()));
        for (name, content) in [
            ("index.html", "page"),
            ("sw.js", "sw"),
            ("engine/worker.js", "worker"),
            ("engine/mambaformer.d.ts", "types"),
            ("assets/index.json", "{}"),
            ("assets/model/model.safetensors", "weights"),
        ] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, content).expect("written");
        }
        write(&folder).expect("written");
        let first = fs::read_to_string(folder.join(NAME)).expect("there");
        for listed in ["index.html", "engine/worker.js", "assets/index.json", &sha256_hex(b"worker")] {
            assert!(first.contains(&format!("\"{listed}\"")), "{listed}: {first}");
        }
        assert!(first.contains("\"assets/model/model.safetensors\"") && !first.contains(&sha256_hex(b"weights")));
        assert!(!first.contains("sw.js") && !first.contains("d.ts"));
        write(&folder).expect("written");
        assert_eq!(fs::read_to_string(folder.join(NAME)).expect("there"), first, "it does not list itself");
        fs::write(folder.join("engine/worker.js"), "changed").expect("written");
        write(&folder).expect("written");
        let version = |text: &str| text.lines().nth(1).map(str::to_owned);
        assert_ne!(version(&fs::read_to_string(folder.join(NAME)).expect("there")), version(&first));
        fs::remove_dir_all(&folder).expect("removed");
    }
}
