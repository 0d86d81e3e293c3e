//! Arbitrary and spoilt headers and manifests never panic, and what is accepted keeps its promises.
//! The coverage-guided version of this is in `fuzz/`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests stop at the unexpected like tests do

mod weights_support;

use mambaformer_model::manifest::Manifest;
use mambaformer_model::random::{Stream, spoil};
use mambaformer_model::weights::{Header, Scheme};
use proptest::prelude::*;
use weights_support::{Model, join};

/// Inputs of the test of record, per kind.
const HEADERS: usize = 650_000;
const MANIFESTS: usize = 350_000;
const FILES: usize = 30_000;

/// What an accepted header promises: tensors without gap or overlap that fill the file, each as long as its shape says.
fn check_header(json: &[u8], file_bytes: u64) -> bool {
    let Ok(header) = Header::parse(json, file_bytes) else { return false };
    let mut end = 0;
    for entry in &header.entries {
        assert_eq!(entry.start, end);
        assert_eq!((entry.end - entry.start) * 8, entry.shape.iter().product::<u64>() * entry.dtype.bitsize() as u64);
        end = entry.end;
    }
    assert_eq!(header.data_start + end, file_bytes);
    assert_eq!(header.data_start, 8 + json.len() as u64);
    true
}

/// `serde_json` reads a 64-bit float up to one unit in the last place off; the two places that have such are left out of comparisons.
fn without_free_numbers(mut manifest: Manifest) -> Manifest {
    manifest.provenance.clear();
    manifest.quantization.tensors.values_mut().for_each(|tensor| tensor.relative_rms_error = 0.0);
    manifest
}

fn check_manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::parse(bytes) else { return false };
    assert!(manifest.validate().is_ok());
    for file in [&manifest.files.weights, &manifest.files.tokenizer] {
        assert!(!file.path.contains(['/', '\\', ':']) && !file.path.starts_with('.'));
        let lengths: u64 = (0..file.chunks.len()).map(|index| file.chunk_length(index).unwrap()).sum();
        assert_eq!(lengths, file.bytes);
    }
    let again = Manifest::parse(manifest.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(without_free_numbers(again), without_free_numbers(manifest));
    true
}

/// A header of four tensors: short, so that most mutations hit something that matters.
fn small_header() -> (Vec<u8>, u64) {
    let json = br#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b.q4":{"dtype":"U32","shape":[4,4],"data_offsets":[24,88]},"b.scales":{"dtype":"F16","shape":[4,1],"data_offsets":[88,96]},"c":{"dtype":"F32","shape":[],"data_offsets":[96,100]}}"#;
    (json.to_vec(), 8 + json.len() as u64 + 100)
}

#[test]
fn a_million_spoilt_inputs() {
    let model = Model::tiny(Scheme::Mixed);
    let (small, small_bytes) = small_header();
    let (large, data) = model.split();
    assert!(check_header(&small, small_bytes) && check_header(large.as_bytes(), model.weights.len() as u64));
    let mut stream = Stream::new(1, "headers");
    let mut accepted = 0;
    for round in 0..HEADERS {
        // One in eight on the model's own header; the rest on the short one, where an edit is likelier to matter.
        let (json, data_bytes) = if round % 8 == 0 { (large.as_bytes(), data.len()) } else { (small.as_slice(), 100) };
        let mut json = json.to_vec();
        spoil(&mut stream, &mut json);
        let file_bytes = 8 + (json.len() + data_bytes) as u64;
        accepted += usize::from(check_header(&json, file_bytes));
    }
    assert!(accepted > HEADERS / 1_000 && accepted < HEADERS / 2, "{accepted} headers accepted");

    let text = model.manifest.to_json().unwrap();
    let compact = serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string();
    let mut accepted = 0;
    for _ in 0..MANIFESTS {
        let mut bytes = compact.clone().into_bytes();
        spoil(&mut stream, &mut bytes);
        accepted += usize::from(check_manifest(&bytes));
    }
    assert!(accepted > MANIFESTS / 1_000 && accepted < MANIFESTS / 2, "{accepted} manifests accepted");

    // Behind the hashes: spoilt files with a manifest that matches them.
    let mut accepted = 0;
    for _ in 0..FILES {
        let mut json = large.clone().into_bytes();
        spoil(&mut stream, &mut json);
        accepted += usize::from(model.with_weights(join(&json, &data)).load().is_ok());
    }
    assert!(accepted < FILES / 10, "{accepted} files accepted");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_header(bytes in proptest::collection::vec(any::<u8>(), 0..400), file_bytes in any::<u64>()) {
        check_header(&bytes, file_bytes);
        let first: [u8; 8] = std::array::from_fn(|index| bytes.get(index).copied().unwrap_or(0));
        if let Ok(length) = Header::length(first, file_bytes) {
            prop_assert!(length + 8 <= file_bytes && length <= 4 << 20);
        }
    }

    #[test]
    fn arbitrary_json_like_text_is_no_header(text in "[{}\\[\\]\",:a-z0-9_.-]{0,200}") {
        check_header(text.as_bytes(), 1_000);
        prop_assert!(!check_manifest(text.as_bytes()));
    }

    #[test]
    fn arbitrary_bytes_are_no_manifest(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!check_manifest(&bytes));
    }

    #[test]
    fn tensors_of_any_shape_make_a_valid_header(shapes in proptest::collection::vec(proptest::collection::vec(0usize..5, 0..4), 0..8)) {
        let mut end = 0usize;
        let mut json = serde_json::Map::new();
        for (index, shape) in shapes.iter().enumerate() {
            let bytes = 4 * shape.iter().product::<usize>();
            json.insert(format!("t{index}"), serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [end, end + bytes]}));
            end += bytes;
        }
        let json = serde_json::Value::Object(json).to_string();
        prop_assert!(check_header(json.as_bytes(), (8 + json.len() + end) as u64));
        // One byte more or less in the file is no longer this header's.
        prop_assert!(!check_header(json.as_bytes(), (9 + json.len() + end) as u64));
    }
}
