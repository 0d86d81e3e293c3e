//! Reads labelled sets: JSON, one object a line.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;

/// All lines of a file.
pub(crate) fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("{} cannot be read; `cargo xtask data build` makes the built files", path.display())
    })?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| format!("line {} of {}", index + 1, path.display()))
        })
        .collect()
}

/// All lines of all `.jsonl` files of a folder, in the order of their names.
pub(crate) fn folder<T: DeserializeOwned>(folder: &Path) -> Result<Vec<T>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(lines(&path)?);
    }
    Ok(all)
}
