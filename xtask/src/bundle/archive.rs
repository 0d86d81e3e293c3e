//! What goes to a practice's web server: `SHA256SUMS` in `dist/`, and the folder as one zip. The same files give the same bytes.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mambaformer_clinical::integrity::sha256_hex;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::named_below;
use crate::process::Workspace;

/// In the form that `sha256sum --check` and `shasum --algorithm 256 --check` read.
const SUMS: &str = "SHA256SUMS";
/// The folder inside the archive.
const FOLDER: &str = "chairside";
/// Weights and vectors do not compress.
const STORED: [&str; 2] = ["safetensors", "bin"];

/// An archive and what it can be checked against.
pub(crate) struct Archive {
    /// In `target/`.
    pub(crate) path: PathBuf,
    /// Of the whole file, in hexadecimal.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) bytes: u64,
}

/// Writes both for the `dist/` that was just built.
pub(crate) fn write(workspace: &Workspace, dist: &Path) -> Result<Archive> {
    let path = workspace.target().join(format!("chairside-{}.zip", env!("CARGO_PKG_VERSION")));
    write_sums(dist)?;
    let file = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    pack(dist, file).with_context(|| format!("{} cannot be written", path.display()))?;
    let bytes = fs::read(&path).with_context(|| format!("{} cannot be read back", path.display()))?;
    Ok(Archive { sha256: sha256_hex(&bytes), bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX), path })
}

fn write_sums(dist: &Path) -> Result<()> {
    let mut sums = String::new();
    for (name, path) in named_below(dist)? {
        if name != SUMS {
            let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            sums.extend([sha256_hex(&bytes).as_str(), "  ", &name, "\n"]);
        }
    }
    fs::write(dist.join(SUMS), sums).with_context(|| format!("{} cannot be written", dist.join(SUMS).display()))
}

/// One order, one time and one set of rights for all: nothing of the machine that packs.
fn pack(dist: &Path, archive: impl Write + Seek) -> Result<()> {
    let mut archive = ZipWriter::new(archive);
    for (name, path) in named_below(dist)? {
        let stored = path.extension().is_some_and(|ending| STORED.iter().any(|stored| ending == *stored));
        let method = if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        archive.start_file(format!("{FOLDER}/{name}"), options)?;
        let mut file = File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        io::copy(&mut file, &mut archive).with_context(|| format!("{} cannot be packed", path.display()))?;
    }
    archive.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};
    use std::time::{Duration, SystemTime};

    use super::*;

    fn packed(dist: &Path) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        pack(dist, &mut bytes).expect("packed");
        bytes.into_inner()
    }

    #[test]
    fn the_same_files_give_the_same_archive_and_every_file_is_in_the_sums() {
        let folder = std::env::temp_dir().join(format!("xtask-archive-{}", std::process::id()));
        let files = [("index.html", "page"), ("assets/model/model.safetensors", "weights"), ("a/b.js", "script")];
        for (name, content) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, content).expect("written");
        }
        write_sums(&folder).expect("written");
        let sums = fs::read_to_string(folder.join(SUMS)).expect("there");
        let expected: String = [files[2], files[1], files[0]]
            .map(|(name, text)| format!("{}  {name}\n", sha256_hex(text.as_bytes())))
            .concat();
        assert_eq!(sums, expected);
        write_sums(&folder).expect("written");
        assert_eq!(fs::read_to_string(folder.join(SUMS)).expect("there"), sums, "it does not list itself");

        let first = packed(&folder);
        let page = File::options().append(true).open(folder.join("index.html")).expect("opened");
        page.set_modified(SystemTime::now() - Duration::from_secs(1_000_000)).expect("set");
        assert_eq!(packed(&folder), first, "the time of a file does not count");
        fs::write(folder.join("index.html"), "pages").expect("written");
        assert_ne!(packed(&folder), first);

        let mut archive = zip::ZipArchive::new(Cursor::new(first)).expect("reads");
        assert_eq!(archive.len(), files.len() + 1);
        let mut text = String::new();
        archive.by_name("chairside/a/b.js").expect("there").read_to_string(&mut text).expect("reads");
        assert_eq!(text, "script");
        fs::remove_dir_all(&folder).expect("removed");
    }
}
