//! The built files: written by `build`, compared by `check`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::dentalqa;
use super::findings::{Findings, Place};

/// Folders that hold built files and nothing else.
const FOLDERS: [&str; 2] = [dentalqa::FOLDER, "safety/built"];

/// Writes `files` below `data` and removes built files that no authored file makes any more.
pub(crate) fn write(data: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for name in left_behind(data, files) {
        let path = data.join(&name);
        std::fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    for (name, text) in files {
        let path = data.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Notes built files that are not what the authored files make now.
pub(crate) fn compare(data: &Path, files: &BTreeMap<String, String>, findings: &mut Findings) {
    for (name, text) in files {
        let fault = match std::fs::read_to_string(data.join(name)) {
            Ok(found) if found == *text => continue,
            Ok(found) => {
                let line = found.lines().zip(text.lines()).take_while(|(found, made)| found == made).count() + 1;
                format!("differs from line {line} on from what the authored files make")
            }
            Err(error) => format!("cannot be read ({error})"),
        };
        findings.error(&Place::file(name), "stale", format!("{fault}; run `cargo xtask data build`"));
    }
    for name in left_behind(data, files) {
        findings.error(
            &Place::file(&name),
            "stale",
            "is made by no authored file any more; run `cargo xtask data build`",
        );
    }
}

/// Files in the folders of built files that are not among `files`.
fn left_behind(data: &Path, files: &BTreeMap<String, String>) -> Vec<String> {
    let mut names = Vec::new();
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(data.join(folder)) else { continue };
        names.extend(entries.flatten().map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy())));
    }
    names.retain(|name| {
        Path::new(name).extension().is_some_and(|ending| ending == "jsonl") && !files.contains_key(name)
    });
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_fresh_until_something_changes() {
        let data = std::env::temp_dir().join(format!("xtask-data-output-{}", std::process::id()));
        let files = |text: &str| BTreeMap::from([("dentalqa/perio.jsonl".to_owned(), text.to_owned())]);
        let stale = |files: &BTreeMap<String, String>| {
            let mut findings = Findings::default();
            compare(&data, files, &mut findings);
            findings.text()
        };
        assert!(stale(&files("a\nb\n")).contains("cannot be read"));
        write(&data, &files("a\nb\n")).expect("writes");
        assert_eq!(stale(&files("a\nb\n")), "");
        assert!(stale(&files("a\nc\n")).contains("differs from line 2"));
        assert!(stale(&BTreeMap::new()).contains("is made by no authored file"));
        write(&data, &BTreeMap::new()).expect("writes");
        assert_eq!(stale(&BTreeMap::new()), "");
        std::fs::remove_dir_all(&data).expect("removes");
    }
}
