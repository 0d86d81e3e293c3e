//! Checkpoints as `transformers` and `mamba_ssm` write them become models with the same values; what does not fit is listed.
//! The checkpoints are those of tests/golden, whole, renamed, split or spoilt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests stop at the unexpected like tests do

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use mambaformer_model::config::Config;
use mambaformer_model::convert::{Conversion, ConvertError, Converted, pack};
use mambaformer_model::manifest::Storage;
use mambaformer_model::random::mean_square_norm;
use mambaformer_model::weights::{Recipe, Scheme, Weights, WeightsError};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
}

/// A folder of the test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("mambaformer-convert-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A checkpoint in memory, to be changed and written.
#[derive(Clone)]
struct Source {
    config: Value,
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
    tokenizer: Option<Value>,
}

fn words_tokenizer() -> Value {
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"<pad>": 0, "</s>": 1, "<unk>": 2}, "unk_token": "<unk>"}})
}

impl Source {
    fn golden(name: &str) -> Self {
        let bytes = std::fs::read(golden(name).join("model.safetensors")).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = tensors
            .iter()
            .map(|(name, view)| (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec())))
            .collect();
        let config = serde_json::from_slice(&std::fs::read(golden(name).join("config.json")).unwrap()).unwrap();
        Self { config, tensors, tokenizer: Some(words_tokenizer()) }
    }

    fn values(&self, name: &str) -> Vec<f32> {
        let (dtype, _, bytes) = &self.tensors[name];
        assert_eq!(*dtype, Dtype::F32);
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    }

    fn safetensors<'a>(names: impl Iterator<Item = (&'a String, &'a (Dtype, Vec<usize>, Vec<u8>))>) -> Vec<u8> {
        let views =
            names.map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    fn write_texts(&self, folder: &Folder) {
        folder.write("config.json", &self.config.to_string());
        if let Some(tokenizer) = &self.tokenizer {
            folder.write("tokenizer.json", &tokenizer.to_string());
        }
    }

    fn folder(&self) -> Folder {
        let folder = Folder::new();
        self.write_texts(&folder);
        std::fs::write(folder.0.join("model.safetensors"), Self::safetensors(self.tensors.iter())).unwrap();
        folder
    }

    /// Three shards with an index, as large checkpoints are saved.
    fn sharded(&self) -> Folder {
        let folder = Folder::new();
        self.write_texts(&folder);
        let mut weight_map = serde_json::Map::new();
        for shard in 0..3 {
            let file = format!("model-{shard:05}-of-00003.safetensors");
            let of_it = || {
                self.tensors.iter().enumerate().filter(move |(index, _)| index % 3 == shard).map(|(_, tensor)| tensor)
            };
            std::fs::write(folder.0.join(&file), Self::safetensors(of_it())).unwrap();
            weight_map.extend(of_it().map(|(name, _)| (name.clone(), json!(file))));
        }
        let index = json!({"metadata": {"total_size": 1}, "weight_map": weight_map});
        folder.write("model.safetensors.index.json", &index.to_string());
        folder
    }
}

fn convert(t5: &Folder, mamba: Option<&Folder>, scheme: Scheme) -> Result<(Converted, Folder), ConvertError> {
    let out = Folder::new();
    let conversion = Conversion {
        t5: t5.0.clone(),
        mamba: mamba.map(|folder| folder.0.clone()),
        tokenizer: None,
        name: "converted".into(),
        max_tokens: 512,
        seed: 3,
        recipe: Recipe::new(scheme),
        licences: Vec::new(),
    };
    Ok((conversion.run(&out.0)?, out))
}

fn load(out: &Folder) -> Weights {
    Weights::open(&out.0).unwrap()
}

fn error_of(t5: &Source, mamba: Option<&Source>) -> ConvertError {
    let mamba = mamba.map(Source::folder);
    let result = convert(&t5.folder(), mamba.as_ref(), Scheme::F32);
    result.map(|_| ()).expect_err("the conversion was accepted")
}

#[test]
fn every_tensor_of_both_checkpoints_arrives() {
    for t5_name in ["t5_tied", "t5_untied"] {
        for mamba_name in ["mamba_state16", "mamba_state8", "mamba_state16_original"] {
            let (t5, mamba) = (Source::golden(t5_name), Source::golden(mamba_name));
            let (t5_folder, mamba_folder) = (t5.folder(), mamba.folder());
            let (converted, out) = convert(&t5_folder, Some(&mamba_folder), Scheme::F32).unwrap();
            let mut weights = load(&out);
            let config = weights.config().clone();
            assert_eq!(config.et5.tie_word_embeddings, t5_name == "t5_tied");
            let table = t5.values("shared.weight");
            let norm = weights.take_f32("gate.table_mean_sq_norm").unwrap();
            assert_eq!(norm, [mean_square_norm(&table, config.d_model)]);
            let mut from_sources = 0;
            for spec in config.tensors() {
                let (source, name) = match (spec.name.strip_prefix("et5."), spec.name.strip_prefix("emamba.")) {
                    (Some(name), _) => (&t5, name.to_owned()),
                    (_, Some(name)) if !name.starts_with("adapter") => (&mamba, format!("backbone.{name}")),
                    _ if spec.name == "shared.weight" => (&t5, spec.name.clone()),
                    _ => continue,
                };
                assert_eq!(weights.take_f32(&spec.name).unwrap(), source.values(&name), "{}", spec.name);
                from_sources += 1;
            }
            assert_eq!(
                from_sources,
                config
                    .tensors()
                    .iter()
                    .filter(|spec| { !spec.name.starts_with("gate.") && !spec.name.starts_with("emamba.adapter") })
                    .count()
            );
            let notes = converted.notes.join("\n");
            assert!(notes.contains("embedding") && notes.contains("gate"), "{notes}");
            assert_eq!(notes.contains("adapter"), config.emamba.unwrap().d_model != config.d_model);
            assert_eq!(notes.contains("lm_head.weight: not used"), mamba.tensors.contains_key("lm_head.weight"));
        }
    }
}

#[test]
fn both_namings_of_mamba_give_the_same_model() {
    let t5 = Source::golden("t5_tied").folder();
    let read = |name: &str| {
        let (_, out) = convert(&t5, Some(&Source::golden(name).folder()), Scheme::Q8).unwrap();
        load(&out)
    };
    let (hugging_face, original) = (read("mamba_state16"), read("mamba_state16_original"));
    assert_eq!(hugging_face.config(), original.config());
    assert!(hugging_face.tensors().eq(original.tensors()));
}

#[test]
fn t5_alone_has_no_emamba() {
    let (_, out) = convert(&Source::golden("t5_untied").folder(), None, Scheme::F32).unwrap();
    let weights = load(&out);
    assert_eq!(weights.config().emamba, None);
    assert!(weights.tensors().all(|(name, _)| !name.starts_with("emamba.")));
}

#[test]
fn shards_equal_one_file() {
    let (t5, mamba) = (Source::golden("t5_untied"), Source::golden("mamba_state8"));
    let (_, one) = convert(&t5.folder(), Some(&mamba.folder()), Scheme::Mixed).unwrap();
    let (_, shards) = convert(&t5.sharded(), Some(&mamba.sharded()), Scheme::Mixed).unwrap();
    let bytes = |out: &Folder| std::fs::read(out.0.join("model.safetensors")).unwrap();
    assert_eq!(bytes(&one), bytes(&shards));
    assert!(load(&one).manifest().quantization.tensors.values().any(|tensor| tensor.dtype == Storage::Q8));
}

type Change = fn(&mut Value);

#[test]
fn an_index_that_lies_is_refused() {
    let cases: [(Change, &str); 3] = [
        (|index| index["weight_map"]["more.weight"] = json!("model-00000-of-00003.safetensors"), "more.weight"),
        (|index| drop(index["weight_map"].as_object_mut().unwrap().remove("shared.weight")), "shared.weight"),
        (|index| index["weight_map"]["shared.weight"] = json!("../model.safetensors"), "../model.safetensors"),
    ];
    for (change, named) in cases {
        let folder = Source::golden("t5_tied").sharded();
        let path = folder.0.join("model.safetensors.index.json");
        let mut index: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut index);
        std::fs::write(&path, index.to_string()).unwrap();
        let error = convert(&folder, None, Scheme::F32).map(|_| ()).unwrap_err();
        assert!(matches!(&error, ConvertError::Index { what, .. } if what.contains(named)), "{error:?}");
    }
}

#[test]
fn copies_of_the_shared_table_are_known_and_compared() {
    let plain = Source::golden("t5_tied");
    let (_, out) = convert(&plain.folder(), None, Scheme::F32).unwrap();
    let expected = load(&out);
    let table = plain.tensors["shared.weight"].clone();
    let aliases = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"];
    let mut full = plain.clone();
    for alias in aliases {
        full.tensors.insert(alias.into(), table.clone());
    }
    let unused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
    full.tensors.insert(
        unused.into(),
        plain.tensors["decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"].clone(),
    );
    let (converted, out) = convert(&full.folder(), None, Scheme::F32).unwrap();
    assert!(load(&out).tensors().eq(expected.tensors()));
    for name in aliases.into_iter().chain([unused]) {
        assert!(converted.notes.iter().any(|note| note.starts_with(name)), "{name} is not reported");
    }
    let mut renamed = full.clone();
    renamed.tensors.remove("shared.weight");
    let (_, out) = convert(&renamed.folder(), None, Scheme::F32).unwrap();
    assert!(load(&out).tensors().eq(expected.tensors()));
    for alias in aliases {
        let mut other = plain.clone();
        let mut changed = table.clone();
        changed.2[5] ^= 1;
        other.tensors.insert(alias.into(), changed);
        let error = error_of(&other, None);
        assert!(matches!(&error, ConvertError::NotTied { name, .. } if name == alias), "{error:?}");
    }
}

#[test]
fn the_head_follows_old_and_new_configs() {
    let untied = Source::golden("t5_untied");
    // As transformers 4 wrote the same checkpoint.
    let mut old = untied.clone();
    old.config["tie_word_embeddings"] = json!(false);
    old.config.as_object_mut().unwrap().remove("scale_decoder_outputs");
    let (_, new_out) = convert(&untied.folder(), None, Scheme::F32).unwrap();
    let (_, old_out) = convert(&old.folder(), None, Scheme::F32).unwrap();
    assert!(load(&new_out).tensors().eq(load(&old_out).tensors()));
    assert!(!load(&old_out).config().et5.tie_word_embeddings);
    // transformers 5 drops a head that equals the table; unscaled, it is still a head of its own.
    let mut dropped = untied.clone();
    dropped.tensors.remove("lm_head.weight");
    let (converted, out) = convert(&dropped.folder(), None, Scheme::F32).unwrap();
    assert_eq!(load(&out).take_f32("et5.lm_head.weight").unwrap(), untied.values("shared.weight"));
    assert!(converted.notes.iter().any(|note| note.starts_with("lm_head.weight: absent")));
    // An old config promises a head; its absence is an error.
    old.tensors.remove("lm_head.weight");
    let error = error_of(&old, None);
    assert!(matches!(&error, ConvertError::Names { missing, .. } if *missing == ["lm_head.weight"]), "{error:?}");
}

#[test]
fn missing_and_unknown_tensors_are_all_listed() {
    let mut t5 = Source::golden("t5_tied");
    t5.tensors.remove("encoder.final_layer_norm.weight");
    t5.tensors.remove("decoder.block.1.layer.2.DenseReluDense.wo.weight");
    let extra = t5.tensors["shared.weight"].clone();
    t5.tensors.insert("encoder.block.9.layer.0.SelfAttention.q.weight".into(), extra.clone());
    t5.tensors.insert("adapter.weight".into(), extra);
    let ConvertError::Names { missing, unknown, .. } = error_of(&t5, None) else { panic!("another error") };
    assert_eq!(missing, ["decoder.block.1.layer.2.DenseReluDense.wo.weight", "encoder.final_layer_norm.weight"]);
    assert_eq!(unknown, ["adapter.weight", "encoder.block.9.layer.0.SelfAttention.q.weight"]);

    let t5 = Source::golden("t5_tied");
    let mut mamba = Source::golden("mamba_state8");
    let tensor = mamba.tensors.remove("backbone.layers.0.mixer.A_log").unwrap();
    mamba.tensors.insert("backbone.layers.0.mixer.A_lag".into(), tensor);
    let ConvertError::Names { missing, unknown, .. } = error_of(&t5, Some(&mamba)) else { panic!("another error") };
    assert_eq!(missing, ["backbone.layers.0.mixer.A_log"]);
    assert_eq!(unknown, ["backbone.layers.0.mixer.A_lag"]);
}

#[test]
fn architectures_that_are_not_ours_are_refused_by_field() {
    let t5_cases: [(&str, Change); 5] = [
        ("feed_forward_proj", |c| c["feed_forward_proj"] = json!("relu")),
        ("feed_forward_proj", |c| drop(c.as_object_mut().unwrap().remove("feed_forward_proj"))),
        ("feed_forward_proj", |c| c["feed_forward_proj"] = json!("gated-silu")),
        ("model_type", |c| c["model_type"] = json!("umt5")),
        ("model_type", |c| c["model_type"] = json!("bart")),
    ];
    for (field, change) in t5_cases {
        let mut t5 = Source::golden("t5_tied");
        change(&mut t5.config);
        let error = error_of(&t5, None);
        assert!(matches!(&error, ConvertError::Unsupported { field: found, .. } if *found == field), "{error:?}");
    }
    let t5 = Source::golden("t5_tied");
    let mamba_cases: [(&str, &str, Change); 9] = [
        ("mamba_state8", "model_type", |c| c["model_type"] = json!("mamba2")),
        ("mamba_state8", "use_bias", |c| c["use_bias"] = json!(true)),
        ("mamba_state8", "use_conv_bias", |c| c["use_conv_bias"] = json!(false)),
        ("mamba_state8", "hidden_act", |c| c["hidden_act"] = json!("gelu")),
        ("mamba_state8", "time_step_rank", |c| c["time_step_rank"] = json!("much")),
        ("mamba_state16_original", "ssm_cfg.layer", |c| c["ssm_cfg"]["layer"] = json!("Mamba2")),
        ("mamba_state16_original", "rms_norm", |c| c["rms_norm"] = json!(false)),
        ("mamba_state16_original", "attn_layer_idx", |c| c["attn_layer_idx"] = json!([1])),
        ("mamba_state16_original", "d_intermediate", |c| c["d_intermediate"] = json!(64)),
    ];
    for (source, field, change) in mamba_cases {
        let mut mamba = Source::golden(source);
        change(&mut mamba.config);
        let error = error_of(&t5, Some(&mamba));
        assert!(
            matches!(&error, ConvertError::Unsupported { field: found, .. } if *found == field),
            "{field}: {error:?}"
        );
    }
}

#[test]
fn folders_that_cannot_be_read() {
    let mut t5 = Source::golden("t5_tied");
    t5.tokenizer = None;
    assert!(matches!(error_of(&t5, None), ConvertError::Read { path, .. } if path.ends_with("tokenizer.json")));
    t5.tokenizer = Some(json!({"model": 1}));
    assert!(matches!(error_of(&t5, None), ConvertError::Tokenizer { .. }));
    let mut t5 = Source::golden("t5_tied");
    t5.config["d_ff"] = json!(97);
    assert!(matches!(error_of(&t5, None), ConvertError::Shape { expected, .. } if expected.contains(&97)));
    t5.config["d_ff"] = json!("many");
    assert!(matches!(error_of(&t5, None), ConvertError::Json { .. }));
    let mut t5 = Source::golden("t5_tied");
    t5.tensors.get_mut("shared.weight").unwrap().0 = Dtype::I32;
    assert!(matches!(error_of(&t5, None), ConvertError::Dtype { name, .. } if name == "shared.weight"));
    let folder = Source::golden("t5_tied").folder();
    std::fs::remove_file(folder.0.join("model.safetensors")).unwrap();
    folder.write("pytorch_model.bin", "pickled");
    let error = convert(&folder, None, Scheme::F32).map(|_| ()).unwrap_err();
    assert!(matches!(error, ConvertError::NoWeights { .. }));
    folder.write("model.safetensors", "short");
    assert!(matches!(convert(&folder, None, Scheme::F32).map(|_| ()), Err(ConvertError::Read { .. })));
    std::fs::write(folder.0.join("model.safetensors"), [255; 64]).unwrap();
    let error = convert(&folder, None, Scheme::F32).map(|_| ()).unwrap_err();
    assert!(matches!(error, ConvertError::Weights(WeightsError::HeaderTooLong { .. })));
}

#[test]
fn unigram_scores_become_surprisal() {
    let mut t5 = Source::golden("t5_tied");
    let mut tokenizer = words_tokenizer();
    tokenizer["model"] = json!({"type": "Unigram", "unk_id": 2, "byte_fallback": false,
        "vocab": [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u{2581}a", -2.0], ["b", -8.0]]});
    t5.tokenizer = Some(tokenizer);
    let (_, out) = convert(&t5.folder(), None, Scheme::F32).unwrap();
    let surprisal = load(&out).take_f32("gate.surprisal").unwrap();
    assert_eq!(surprisal[..6], [0.0, 0.0, 0.0, 0.25, 1.0, 1.0]);
}

#[test]
fn bf16_checkpoints_are_widened() {
    let mut t5 = Source::golden("t5_tied");
    let original = t5.values("shared.weight");
    let (dtype, _, bytes) = t5.tensors.get_mut("shared.weight").unwrap();
    *dtype = Dtype::BF16;
    *bytes = original.iter().flat_map(|&value| half::bf16::from_f32(value).to_le_bytes()).collect();
    let (_, out) = convert(&t5.folder(), None, Scheme::F32).unwrap();
    let expected: Vec<f32> = original.iter().map(|&value| half::bf16::from_f32(value).to_f32()).collect();
    assert_eq!(load(&out).take_f32("shared.weight").unwrap(), expected);
}

#[test]
fn exports_are_packed_with_their_history() {
    for name in ["mambaformer_one_way", "mambaformer_two_way", "mambaformer_expert"] {
        let source = Source::golden(name);
        let folder = source.folder();
        folder.write(
            "training.json",
            &json!({"steps": 7, "version": "v9", "licences": [{"name": "a", "licence": "MIT", "attribution": "b"}]})
                .to_string(),
        );
        let out = Folder::new();
        let recipe = Recipe { keep_f32: vec!["*.o.weight".into()], ..Recipe::new(Scheme::Mixed) };
        let (manifest, written) = pack(&folder.0, &out.0, &recipe).unwrap();
        assert_eq!(Config::from_json(source.config.to_string().as_bytes()), Ok(manifest.config.clone()));
        assert_eq!((manifest.version.as_str(), manifest.licences.len()), ("v9", 1));
        assert_eq!(Value::Object(manifest.provenance.clone()), json!({"steps": 7}));
        let mut weights = load(&out);
        for report in &written.tensors {
            let (values, found) = (source.values(&report.name), weights.take_f32(&report.name).unwrap());
            let error = mambaformer_model::weights::quant::relative_rms_error(&values, &found);
            assert!((error - report.relative_rms_error).abs() < 1e-9, "{}", report.name);
            let most = match report.storage {
                Storage::F32 => 0.0,
                Storage::Q8 => 0.01,
                Storage::Q4 => 0.12,
            };
            assert!(error <= most, "{}: {error}", report.name);
            assert!(!report.name.ends_with(".o.weight") || report.storage == Storage::F32);
        }
        assert!(written.tensors.iter().any(|tensor| tensor.storage == Storage::Q4));
    }
}

#[test]
fn a_model_folder_is_packed_anew() {
    let source = Source::golden("mambaformer_one_way");
    let (first, second, direct) = (Folder::new(), Folder::new(), Folder::new());
    let exported = source.folder();
    exported.write("training.json", &json!({"steps": 7, "version": "v9"}).to_string());
    pack(&exported.0, &first.0, &Recipe::new(Scheme::F32)).unwrap();
    let recipe = Recipe { keep_f32: vec!["shared.weight".into()], ..Recipe::new(Scheme::Q8) };
    let (manifest, _) = pack(&first.0, &second.0, &recipe).unwrap();
    let (expected, _) = pack(&exported.0, &direct.0, &recipe).unwrap();
    assert_eq!(manifest, expected, "f32 on the way changes nothing");
    assert_eq!((manifest.version.as_str(), &manifest.provenance["steps"]), ("v9", &json!(7)));
    let idle = Recipe { keep_f32: vec!["shared".into()], ..Recipe::new(Scheme::Q8) };
    assert!(matches!(pack(&first.0, &Folder::new().0, &idle), Err(ConvertError::IdlePatterns { .. })));
    assert!(matches!(pack(&first.0, &first.0, &recipe), Err(ConvertError::SameFolder { .. })));
}

#[test]
fn what_cannot_be_packed_is_refused() {
    let source = Source::golden("mambaformer_expert");
    let folder = source.folder();
    let out = Folder::new();
    let q8 = Recipe::new(Scheme::Q8);
    assert!(matches!(pack(&folder.0, &folder.0, &q8), Err(ConvertError::SameFolder { .. })));
    let idle = Recipe { keep_f32: vec!["shared".into()], ..Recipe::new(Scheme::Q8) };
    assert!(
        matches!(pack(&folder.0, &out.0, &idle), Err(ConvertError::IdlePatterns { patterns }) if patterns == ["shared"])
    );
    let mut short = source.clone();
    short.tensors.remove("shared.weight");
    let table = source.tensors["shared.weight"].clone();
    short.tensors.insert("extra".into(), table);
    let ConvertError::Names { missing, unknown, .. } = pack(&short.folder().0, &out.0, &q8).unwrap_err() else {
        panic!("another error")
    };
    assert_eq!((missing, unknown), (vec!["shared.weight".to_owned()], vec!["extra".to_owned()]));
    folder.write("training.json", "{\"licences\": 3}");
    assert!(
        matches!(pack(&folder.0, &out.0, &q8), Err(ConvertError::Json { path, .. }) if path.ends_with("training.json"))
    );
    let mut nan = source.clone();
    nan.tensors.get_mut("shared.weight").unwrap().2[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(
        matches!(pack(&nan.folder().0, &out.0, &q8), Err(ConvertError::Weights(WeightsError::NotFinite { name })) if name == "shared.weight")
    );
    assert!(!out.0.join("manifest.json").exists(), "a failed pack leaves no manifest");
    assert!(Config::from_json(b"{}").is_err());
}
