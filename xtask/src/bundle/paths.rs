//! Keeps the folders of the building machine out of the modules: a panic names its source file, and that of a library lies in the
//! builder's own folder. Without it two machines would make two different modules of the same sources.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Cargo adds these to the flags of `.cargo/config.toml`. They concern the browser's modules alone, not what runs on this machine.
const FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// Names libraries as `registry/NAME-VERSION/…` in what `builder` (cargo, or what calls it) compiles for the browser.
pub(super) fn hide(builder: &mut Command, cargo_home: Option<&Path>) {
    let flags = flags(cargo_home);
    if !flags.is_empty() {
        builder.env(FLAGS, flags.join(" "));
    }
}

/// A flag for each registry's folder; the flags are separated by spaces, so that a folder with one in its name stays as it is.
fn flags(cargo_home: Option<&Path>) -> Vec<String> {
    let Some(registries) = cargo_home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()) else {
        return Vec::new();
    };
    let mut flags: Vec<String> = registries
        .flatten()
        .filter_map(|registry| registry.path().to_str().map(str::to_owned))
        .filter(|folder| !folder.contains(char::is_whitespace))
        .map(|folder| format!("--remap-path-prefix={folder}=registry"))
        .collect();
    flags.sort();
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_registry_is_renamed_and_none_is_no_error() {
        let home = std::env::temp_dir().join(format!("xtask-paths-{}", std::process::id()));
        assert!(flags(None).is_empty() && flags(Some(&home)).is_empty());
        for registry in ["b-0123", "a-4567", "with space"] {
            fs::create_dir_all(home.join("registry/src").join(registry)).expect("made");
        }
        let folder = home.join("registry/src");
        let expected = ["a-4567", "b-0123"]
            .map(|registry| format!("--remap-path-prefix={}=registry", folder.join(registry).display()));
        assert_eq!(flags(Some(&home)), expected);
        fs::remove_dir_all(&home).expect("removed");
    }
}
