//! Every way a model's files can be wrong gives its own error, naming the file, chunk or tensor.
#![allow(clippy::too_many_lines)] // tables of cases
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests stop at the unexpected like tests do

mod weights_support;

use mambaformer_model::config::{Config, ConfigError};
use mambaformer_model::manifest::{
    FileEntry, MANIFEST_LIMIT_BYTES, Manifest, ManifestError, ModelFile, Sha256Hash, Storage,
};
use mambaformer_model::weights::{ChunkVerifier, Loader, Scheme, Weights, WeightsError};
use serde_json::{Value, json};
use weights_support::{Model, join, tiny_config};

/// What a case must produce.
type Check = fn(&WeightsError) -> bool;
type ManifestCheck = fn(&ManifestError) -> bool;
type ConfigChange = fn(&mut Config);

fn must_fail(name: &str, model: &Model, check: Check) {
    let error = model.load().err().unwrap_or_else(|| panic!("{name}: the model was accepted"));
    assert!(check(&error), "{name}: another error: {error:?}");
    let text = error.to_string();
    assert!(text.len() > 20 && text.len() < 20_000, "{name}: {text}");
}

#[test]
fn the_unspoilt_model_loads_in_every_scheme() {
    for scheme in [Scheme::F32, Scheme::Q8, Scheme::Q4, Scheme::Mixed] {
        let weights = Model::tiny(scheme).load().unwrap();
        assert_eq!(weights.tensors().count(), tiny_config().tensors().len());
    }
}

#[test]
fn files_cut_lengthened_or_altered() {
    let model = Model::tiny(Scheme::Mixed);
    for length in [0, 1, 7, 8, 9, model.weights.len() / 2, model.weights.len() - 1] {
        let mut cut = model.clone();
        cut.weights.truncate(length);
        must_fail("cut", &cut, |error| matches!(error, WeightsError::FileLength { .. }));
    }
    let mut long = model.clone();
    long.weights.push(0);
    must_fail("long", &long, |error| matches!(error, WeightsError::FileLength { .. }));
    let header = 8 + model.split().0.len();
    for (region, at) in
        [("length", 0), ("header", 20), ("first value", header), ("last value", model.weights.len() - 1)]
    {
        let mut altered = model.clone();
        altered.weights[at] ^= 1;
        must_fail(
            region,
            &altered,
            |error| matches!(error, WeightsError::Corrupt { file, index: 0 } if file == "model.safetensors"),
        );
    }
    let mut altered = model.clone();
    altered.tokenizer[3] ^= 1;
    must_fail(
        "tokenizer",
        &altered,
        |error| matches!(error, WeightsError::Corrupt { file, .. } if file == "tokenizer.json"),
    );
    let mut wrong = model.clone();
    let other = Sha256Hash::of(b"other");
    wrong.manifest.files.weights.chunks[0] = other;
    wrong.manifest.files.weights.sha256 = other;
    must_fail("another hash", &wrong, |error| matches!(error, WeightsError::Corrupt { .. }));
}

#[test]
fn headers_that_lie() {
    let model = Model::tiny(Scheme::Mixed);
    let (header, data) = model.split();
    let with_length = |length: u64| {
        let mut weights = model.weights.clone();
        weights[..8].copy_from_slice(&length.to_le_bytes());
        model.with_weights(weights)
    };
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let cases: Vec<(&str, Model, Check)> = vec![
        ("seven bytes", model.with_weights(vec![0; 7]), |e| matches!(e, WeightsError::HeaderCut { .. })),
        ("length past the end", with_length(model.weights.len() as u64), |e| {
            matches!(e, WeightsError::HeaderCut { .. })
        }),
        ("length over the cap", with_length(4 * 1024 * 1024 + 1), |e| {
            matches!(e, WeightsError::HeaderTooLong { found: 4_194_305 })
        }),
        ("length of 2^64 - 1", with_length(u64::MAX), |e| matches!(e, WeightsError::HeaderTooLong { .. })),
        ("length one short", with_length(header.trim_end().len() as u64 - 1), |e| {
            matches!(e, WeightsError::Header { .. })
        }),
        ("length of 0", with_length(0), |e| matches!(e, WeightsError::Header { .. })),
        ("not JSON", model.with_header("hello"), |e| matches!(e, WeightsError::Header { .. })),
        ("a list", model.with_header("[]"), |e| matches!(e, WeightsError::Header { .. })),
        ("deep JSON", model.with_header(&deep), |e| matches!(e, WeightsError::Header { .. })),
        ("not UTF-8", model.with_weights(join(b"{\"\xff\":1}", &data)), |e| matches!(e, WeightsError::Header { .. })),
        ("no tensors", model.with_header("{}"), |e| matches!(e, WeightsError::Trailing { end: 0, .. })),
        ("data cut", model.with_weights(model.weights[..model.weights.len() - 2].to_vec()), |e| {
            matches!(e, WeightsError::Offsets { .. })
        }),
        ("data too long", model.with_weights([model.weights.as_slice(), &[0, 0]].concat()), |e| {
            matches!(e, WeightsError::Trailing { .. })
        }),
    ];
    for (name, model, check) in cases {
        must_fail(name, &model, check);
    }
}

/// A named edit of the header and the error it must lead to.
type Edit = (&'static str, fn(&mut serde_json::Map<String, Value>), Check);

#[test]
fn tensors_that_do_not_fit() {
    let model = Model::tiny(Scheme::Mixed);
    let cases: [Edit; 15] = [
        (
            "overlap",
            |h| h["gate.norm.weight"]["data_offsets"][0] = json!(0),
            |e| matches!(e, WeightsError::Offsets { .. }),
        ),
        (
            "past the end",
            |h| h["heads.embedding.weight.scales"]["data_offsets"][1] = json!(u64::MAX),
            |e| matches!(e, WeightsError::Offsets { name, .. } if name == "heads.embedding.weight.scales"),
        ),
        (
            "end before start",
            |h| {
                let start = h["gate.norm.weight"]["data_offsets"][0].as_u64().unwrap();
                h["gate.norm.weight"]["data_offsets"][1] = json!(start - 1);
            },
            |e| matches!(e, WeightsError::Offsets { .. }),
        ),
        ("gap", |h| drop(h.remove("gate.norm.weight")), |e| matches!(e, WeightsError::Offsets { .. })),
        (
            "bytes against shape",
            |h| h["gate.norm.weight"]["shape"] = json!([33]),
            |e| matches!(e, WeightsError::Size { name, expected: 132, found: 128, .. } if name == "gate.norm.weight"),
        ),
        (
            "shape beyond 64 bits",
            |h| h["gate.norm.weight"]["shape"] = json!([u64::MAX, u64::MAX]),
            |e| matches!(e, WeightsError::Size { .. }),
        ),
        (
            "negative shape",
            |h| h["gate.norm.weight"]["shape"] = json!([-32]),
            |e| matches!(e, WeightsError::Header { .. }),
        ),
        (
            "unknown type",
            |h| h["gate.norm.weight"]["dtype"] = json!("F31"),
            |e| matches!(e, WeightsError::Header { .. }),
        ),
        (
            "unknown field",
            |h| h["gate.norm.weight"]["strides"] = json!([1]),
            |e| matches!(e, WeightsError::Header { .. }),
        ),
        (
            "integers for floats",
            |h| h["gate.norm.weight"]["dtype"] = json!("I32"),
            |e| matches!(e, WeightsError::Dtype { name, .. } if name == "gate.norm.weight"),
        ),
        (
            "floats for packed words",
            |h| h["shared.weight.q8"]["dtype"] = json!("F32"),
            |e| matches!(e, WeightsError::Dtype { name, .. } if name == "shared.weight.q8"),
        ),
        (
            "another shape of the same size",
            |h| h["gate.norm.weight"]["shape"] = json!([4, 8]),
            |e| matches!(e, WeightsError::Shape { name, found, expected } if name == "gate.norm.weight" && *found == [4, 8] && *expected == [32]),
        ),
        (
            "words of another shape",
            |h| h["shared.weight.q8"]["shape"] = json!([8, 16]),
            |e| matches!(e, WeightsError::Shape { name, .. } if name == "shared.weight.q8"),
        ),
        (
            "renamed",
            |h| {
                let tensor = h.remove("gate.norm.weight").unwrap();
                h.insert("gate.norm.wait".into(), tensor);
            },
            |e| matches!(e, WeightsError::Names { missing, unexpected } if *missing == ["gate.norm.weight"] && *unexpected == ["gate.norm.wait"]),
        ),
        (
            "scales without words",
            |h| {
                let tensor = h.remove("shared.weight.q8").unwrap();
                h.insert("other.q8".into(), tensor);
            },
            |e| matches!(e, WeightsError::Names { missing, unexpected } if *missing == ["shared.weight"] && unexpected.len() == 2),
        ),
    ];
    for (name, change, check) in cases {
        must_fail(name, &model.edit(change), check);
    }
    let (header, _) = model.split();
    let twice =
        header.replacen('{', "{\"gate.norm.weight\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},", 1);
    must_fail(
        "twice",
        &model.with_header(&twice),
        |e| matches!(e, WeightsError::Header { detail } if detail.contains("twice")),
    );
    let mut claims = model.clone();
    claims.manifest.quantization.tensors.remove("shared.weight");
    must_fail(
        "the manifest says f32",
        &claims,
        |e| matches!(e, WeightsError::Storage { name, found: Storage::Q8, expected: Storage::F32 } if name == "shared.weight"),
    );
}

#[test]
fn values_that_are_not_finite() {
    let model = Model::tiny(Scheme::Mixed);
    let (header, data) = model.split();
    let json: Value = serde_json::from_str(&header).unwrap();
    let cases: [(&str, &[u8]); 2] =
        [("gate.norm.weight", &f32::NAN.to_le_bytes()), ("shared.weight.scales", &half::f16::INFINITY.to_le_bytes())];
    for (tensor, bytes) in cases {
        let start = usize::try_from(json[tensor]["data_offsets"][0].as_u64().unwrap()).unwrap();
        let mut data = data.clone();
        data[start..start + bytes.len()].copy_from_slice(bytes);
        let error = model.with_weights(join(header.as_bytes(), &data)).load().unwrap_err();
        assert!(matches!(&error, WeightsError::NotFinite { name } if name == tensor), "{error:?}");
    }
}

#[test]
fn manifests_that_lie() {
    let model = Model::tiny(Scheme::Mixed);
    let text = model.manifest.to_json().unwrap();
    let edited = |change: fn(&mut Value)| {
        let mut json: Value = serde_json::from_str(&text).unwrap();
        change(&mut json);
        json.to_string()
    };
    let cases: Vec<(&str, String, ManifestCheck)> = vec![
        ("empty", String::new(), |e| matches!(e, ManifestError::Json { .. })),
        ("not JSON", "<!doctype html>".into(), |e| matches!(e, ManifestError::Json { .. })),
        ("deep JSON", "[".repeat(100_000), |e| matches!(e, ManifestError::Json { .. })),
        ("deep provenance", text.replace("\"seed\": 7", &format!("\"seed\": {}", "[".repeat(100_000))), |e| {
            matches!(e, ManifestError::Json { .. })
        }),
        ("too long", " ".repeat(MANIFEST_LIMIT_BYTES + 1), |e| matches!(e, ManifestError::TooLong { .. })),
        ("format 2", edited(|m| m["format"] = json!(2)), |e| matches!(e, ManifestError::Format { found: 2 })),
        (
            "format 2 with new fields",
            edited(|m| {
                m["format"] = json!(2);
                m["new"] = json!(1);
            }),
            |e| matches!(e, ManifestError::Format { found: 2 }),
        ),
        ("no format", edited(|m| drop(m.as_object_mut().unwrap().remove("format"))), |e| {
            matches!(e, ManifestError::Json { .. })
        }),
        ("unknown field", edited(|m| m["extra"] = json!(1)), |e| matches!(e, ManifestError::Json { .. })),
        (
            "chunk too many",
            edited(|m| m["files"]["weights"]["chunks"].as_array_mut().unwrap().push(json!("0".repeat(64)))),
            |e| matches!(e, ManifestError::ChunkCount { found: 2, expected: 1, .. }),
        ),
        ("no chunks", edited(|m| m["files"]["weights"]["chunks"] = json!([])), |e| {
            matches!(e, ManifestError::ChunkCount { found: 0, .. })
        }),
        ("other chunk size", edited(|m| m["files"]["weights"]["chunk_bytes"] = json!(1)), |e| {
            matches!(e, ManifestError::ChunkSize { found: 1, .. })
        }),
        ("empty file", edited(|m| m["files"]["tokenizer"]["bytes"] = json!(0)), |e| {
            matches!(e, ManifestError::FileSize { .. })
        }),
        ("endless file", edited(|m| m["files"]["weights"]["bytes"] = json!(u64::MAX)), |e| {
            matches!(e, ManifestError::FileSize { .. })
        }),
        ("two hashes", edited(|m| m["files"]["weights"]["sha256"] = json!("0".repeat(64))), |e| {
            matches!(e, ManifestError::HashesDisagree { .. })
        }),
        ("hash in capitals", edited(|m| m["files"]["weights"]["sha256"] = json!("A".repeat(64))), |e| {
            matches!(e, ManifestError::Json { .. })
        }),
        ("short hash", edited(|m| m["files"]["weights"]["sha256"] = json!("ab")), |e| {
            matches!(e, ManifestError::Json { .. })
        }),
        ("path upwards", edited(|m| m["files"]["weights"]["path"] = json!("../model.safetensors")), |e| {
            matches!(e, ManifestError::Path { .. })
        }),
        ("path elsewhere", edited(|m| m["files"]["weights"]["path"] = json!("https://example.org/x")), |e| {
            matches!(e, ManifestError::Path { .. })
        }),
        ("hidden path", edited(|m| m["files"]["weights"]["path"] = json!(".model")), |e| {
            matches!(e, ManifestError::Path { .. })
        }),
        ("no path", edited(|m| m["files"]["weights"]["path"] = json!("")), |e| matches!(e, ManifestError::Path { .. })),
        ("config out of range", edited(|m| m["config"]["d_model"] = json!(0)), |e| {
            matches!(e, ManifestError::Config(ConfigError::Range { field: "d_model", .. }))
        }),
        ("config of another shape", edited(|m| drop(m["config"].as_object_mut().unwrap().remove("stem_conv"))), |e| {
            matches!(e, ManifestError::Json { .. })
        }),
        (
            "quantised vector",
            edited(|m| {
                m["quantization"]["tensors"]["gate.norm.weight"] = json!({"dtype": "q8", "relative_rms_error": 0.0});
            }),
            |e| matches!(e, ManifestError::Quantization { .. }),
        ),
    ];
    for (name, text, check) in cases {
        let error = Manifest::parse(text.as_bytes()).err().unwrap_or_else(|| panic!("{name}: accepted"));
        assert!(check(&error), "{name}: {error:?}");
    }
    assert_eq!(Manifest::parse(text.as_bytes()).unwrap(), model.manifest);
}

#[test]
fn configs_out_of_range() {
    let cases: Vec<(&str, ConfigChange)> = vec![
        ("vocab_size", |c| c.vocab_size = 0),
        ("d_model", |c| c.d_model = 20_000),
        ("max_tokens", |c| c.max_tokens = 0),
        ("eos_token_id", |c| c.eos_token_id = 16),
        ("stem_conv", |c| c.stem_conv = Some(0)),
        ("gate.prototypes", |c| c.gate.prototypes = 0),
        ("gate.temperature", |c| c.gate.temperature = 0.0),
        ("et5.num_heads", |c| c.et5.num_heads = 0),
        ("et5.layer_norm_epsilon", |c| c.et5.layer_norm_epsilon = f32::NAN),
        ("buckets", |c| c.et5.relative_attention_num_buckets = 7),
        ("max distance", |c| c.et5.relative_attention_max_distance = 4),
    ];
    for (name, change) in cases {
        let mut config = tiny_config();
        change(&mut config);
        let error = config.validate().err().unwrap_or_else(|| panic!("{name}: accepted"));
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
    let mut huge = tiny_config();
    huge.d_model = 16_384;
    huge.et5.d_ff = 131_072;
    huge.et5.num_layers = 256;
    assert!(matches!(huge.validate(), Err(ConfigError::TooManyParameters { .. })));
}

#[test]
fn chunks_in_any_order_and_of_the_right_length() {
    let bytes: Vec<u8> = (0..9_000_000u32).map(|index| index.to_le_bytes()[2]).collect();
    let entry = FileEntry::describe("x", &bytes);
    assert_eq!(entry.chunks.len(), 3);
    let chunk = |index: usize| &bytes[index << 22..bytes.len().min((index + 1) << 22)];
    let mut verifier = ChunkVerifier::new(&entry);
    for index in [2, 0] {
        verifier.push(index, chunk(index)).unwrap();
    }
    assert_eq!(verifier.missing(), 1);
    assert!(matches!(verifier.push(1, chunk(0)), Err(WeightsError::Corrupt { index: 1, .. })));
    assert!(matches!(verifier.push(2, chunk(0)), Err(WeightsError::ChunkLength { index: 2, .. })));
    assert!(matches!(verifier.push(3, chunk(0)), Err(WeightsError::NoSuchChunk { index: 3, chunks: 3, .. })));
    assert_eq!(verifier.missing(), 1, "a refused chunk counts for nothing");
    verifier.push(1, chunk(1)).unwrap();
    assert_eq!(verifier.missing(), 0);
}

#[test]
fn a_loader_takes_chunks_or_a_stream_and_refuses_half_a_model() {
    let model = Model::tiny(Scheme::Q4);
    let manifest = model.manifest.to_json().unwrap();
    let mut loader = Loader::new(manifest.as_bytes()).unwrap();
    loader.push(ModelFile::Tokenizer, 0, model.tokenizer.clone()).unwrap();
    assert!(loader.is_complete(ModelFile::Tokenizer) && !loader.is_complete(ModelFile::Weights));
    for piece in model.weights.chunks(1_000) {
        loader.feed(ModelFile::Weights, piece).unwrap();
    }
    assert!(matches!(loader.feed(ModelFile::Weights, &[0]), Err(WeightsError::FileLength { .. })));
    let streamed = loader.finish().unwrap();
    let whole = model.load().unwrap();
    assert!(streamed.tensors().eq(whole.tensors()));
    assert_eq!(streamed.tokenizer(), model.tokenizer);

    let mut half = Loader::new(manifest.as_bytes()).unwrap();
    half.feed(ModelFile::Weights, &model.weights[..100]).unwrap();
    half.push(ModelFile::Tokenizer, 0, model.tokenizer.clone()).unwrap();
    assert!(matches!(half.finish(), Err(WeightsError::Incomplete { missing: 1, .. })));
}

#[test]
fn a_tensor_is_handed_out_once() {
    let mut weights = Model::tiny(Scheme::Q8).load().unwrap();
    assert_eq!(weights.take_f32("shared.weight").unwrap().len(), 16 * 32);
    assert!(matches!(weights.take_matrix("shared.weight"), Err(WeightsError::NotHeld { .. })));
    assert!(matches!(weights.take_matrix("no.such"), Err(WeightsError::NotHeld { .. })));
}

#[test]
fn folders_without_their_files() {
    let folder = std::env::temp_dir().join(format!("mambaformer-weights-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    assert!(matches!(Weights::open(&folder), Err(WeightsError::Io { action: "opening", .. })));
    let model = Model::tiny(Scheme::Q8);
    std::fs::write(folder.join("manifest.json"), model.manifest.to_json().unwrap()).unwrap();
    std::fs::write(folder.join("tokenizer.json"), &model.tokenizer).unwrap();
    assert!(
        matches!(Weights::open(&folder), Err(WeightsError::Io { path, .. }) if path.ends_with("model.safetensors"))
    );
    std::fs::write(folder.join("model.safetensors"), &model.weights[1..]).unwrap();
    assert!(matches!(Weights::open(&folder), Err(WeightsError::FileLength { .. })));
    std::fs::write(folder.join("model.safetensors"), &model.weights).unwrap();
    assert!(Weights::open(&folder).unwrap().tensors().eq(model.load().unwrap().tensors()));
    std::fs::remove_dir_all(&folder).unwrap();
}
