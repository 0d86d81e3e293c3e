//! From an address to a file below the served folder, and never to one outside it.

use std::path::{Path, PathBuf};

/// The file for a request's target; `None` where there is none, or none that may be served.
///
/// `root` must be canonical.
pub(super) fn resolve(root: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?;
    let path = percent_decoded(path.strip_prefix('/')?)?;
    let mut file = root.to_path_buf();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        // Refuses "..", hidden files, drive letters, streams and separators of other systems.
        if segment.starts_with('.') || segment.contains(['\\', ':', '\0']) {
            return None;
        }
        file.push(segment);
    }
    if file.is_dir() {
        file.push("index.html");
    }
    // Follows links, so that one that leads out of the folder is seen.
    let file = file.canonicalize().ok()?;
    (file.starts_with(root) && file.is_file()).then_some(file)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_files_below_the_root() {
        let folder = std::env::temp_dir().join(format!("xtask-files-{}", std::process::id()));
        let root = folder.join("root");
        fs::create_dir_all(root.join("inner")).expect("made");
        for name in ["root/index.html", "root/a b.js", "root/.env", "root/inner/index.html", "outside.txt"] {
            fs::write(folder.join(name), "x").expect("written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.join("outside.txt"), root.join("link.txt")).expect("linked");
        let root = root.canonicalize().expect("canonical");
        let cases = [
            ("/", Some("index.html")),
            ("/index.html?x=1#y", Some("index.html")),
            ("/a%20b.js", Some("a b.js")),
            ("/inner/", Some("inner/index.html")),
            ("//inner//index.html", Some("inner/index.html")),
            ("/link.txt", None),
            ("/.env", None),
            ("/%2eenv", None),
            ("/../outside.txt", None),
            ("/inner/../../outside.txt", None),
            ("/..%5coutside.txt", None),
            ("/%2e%2e%2foutside.txt", None),
            ("/index.html%00", None),
            ("/%zz", None),
            ("/%ff", None),
            ("/none", None),
            ("index.html", None),
            ("*", None),
            ("", None),
        ];
        for (target, expected) in cases {
            assert_eq!(resolve(&root, target), expected.map(|name| root.join(name)), "{target}");
        }
        fs::remove_dir_all(&folder).expect("removed");
    }
}
