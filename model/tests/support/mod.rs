//! Golden vectors and models made from the folders in `tests/golden` (its README says how they were made).
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // each test binary uses its own part, in tests only

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use mambaformer_model::MambaFormer;
use mambaformer_model::convert::{Conversion, pack};
use mambaformer_model::weights::{Recipe, Scheme, Weights};

/// Largest difference allowed, relative to the largest value of the expected tensor.
pub const RELATIVE: f32 = 1e-4;

/// A tokenizer with a single piece: the parity tests speak in ids.
const TOKENIZER: &str = r#"{"version":"1.0","model":{"type":"WordLevel","vocab":{"<unk>":0},"unk_token":"<unk>"}}"#;

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
}

/// The vectors of a folder.
pub struct Vectors(HashMap<String, Tensor>);

impl Vectors {
    pub fn open(folder: &str) -> Self {
        Self::file(&golden(folder).join("vectors.safetensors"))
    }

    pub fn file(path: &Path) -> Self {
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap())
    }

    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    pub fn floats(&self, name: &str) -> Vec<f32> {
        flat(self.0.get(name).unwrap_or_else(|| panic!("no vector {name}")))
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        let tensor = self.0.get(name).unwrap_or_else(|| panic!("no vector {name}"));
        tensor.to_dtype(DType::U32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }
}

pub fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Fails unless every value is within [`RELATIVE`] of the expected; returns the largest relative difference.
pub fn assert_close(what: &str, found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    let scale = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs())).max(1e-6);
    let worst = found.iter().zip(expected).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs())) / scale;
    assert!(found.iter().all(|value| value.is_finite()), "{what}: not finite");
    assert!(worst <= RELATIVE, "{what}: relative difference {worst}");
    worst
}

/// A T5 folder, and where asked a Mamba folder, through the converter; f32.
pub fn converted(t5: &str, mamba: Option<&str>) -> MambaFormer {
    let scratch = tempfile::tempdir().unwrap();
    let tokenizer = scratch.path().join("tokenizer.json");
    std::fs::write(&tokenizer, TOKENIZER).unwrap();
    let conversion = Conversion {
        t5: golden(t5),
        mamba: mamba.map(golden),
        tokenizer: Some(tokenizer),
        name: "converted".to_owned(),
        max_tokens: 512,
        seed: 1,
        recipe: Recipe::new(Scheme::F32),
        licences: Vec::new(),
    };
    let out = scratch.path().join("out");
    conversion.run(&out).unwrap();
    open(&out)
}

/// A folder of our own training code, through the packer.
pub fn packed(name: &str, scheme: Scheme) -> MambaFormer {
    let scratch = tempfile::tempdir().unwrap();
    let from = scratch.path().join("from");
    std::fs::create_dir(&from).unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(golden(name).join(file), from.join(file)).unwrap();
    }
    std::fs::write(from.join("tokenizer.json"), TOKENIZER).unwrap();
    let out = scratch.path().join("out");
    pack(&from, &out, &Recipe::new(scheme)).unwrap();
    open(&out)
}

fn open(folder: &Path) -> MambaFormer {
    let mut weights = Weights::open(folder).unwrap();
    let config = weights.config().clone();
    MambaFormer::load(&config, &mut weights).unwrap()
}
