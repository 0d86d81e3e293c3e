//! What ships, as tests read it.
#![allow(clippy::expect_used)]

use std::path::{Path, PathBuf};

use mambaformer_wasm::pipeline::{Clinic, ClinicFiles};

/// The folder of everything that ships.
pub fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

/// The files of the deterministic part.
pub fn files() -> ClinicFiles {
    ClinicFiles::NAMES
        .into_iter()
        .fold(ClinicFiles::default(), |files, name| files.with(name, std::fs::read(assets().join(name)).expect(name)))
}

/// The deterministic part without an encoder.
#[allow(dead_code)] // not every test file needs one
pub fn clinic() -> Clinic {
    Clinic::new(&files()).expect("a clinic")
}
