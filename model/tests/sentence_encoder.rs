//! Converted BERT checkpoints against `transformers`' BertModel and BertTokenizerFast (tests/golden/sentence_encoder).

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy.toml does not see as tests

mod support;

use std::path::Path;

use mambaformer_model::ModelError;
use mambaformer_model::convert::{ConvertError, SentenceEncoderConversion, pack, repack};
use mambaformer_model::kind::{ModelConfig as _, ModelKind};
use mambaformer_model::manifest::{ManifestError, Storage, is_of_kind};
use mambaformer_model::sentence_encoder::{
    Reading, SentenceEncoder, SentenceEncoderConfig, SentenceEncoderWeights, SentenceTokenizer,
};
use mambaformer_model::weights::{Recipe, Scheme, Weights, WeightsError, read_manifest};
use support::{Vectors, golden};

const FOLDERS: [&str; 2] = ["plain", "projected"];
const LENGTHS: [usize; 3] = [1, 7, 33];
/// Largest difference allowed in f32, relative to the largest value expected.
const RELATIVE: f32 = 1e-5;

fn conversion(folder: &str, scheme: Scheme) -> SentenceEncoderConversion {
    SentenceEncoderConversion {
        from: golden("sentence_encoder").join(folder),
        name: folder.to_owned(),
        max_tokens: 64,
        recipe: Recipe::new(scheme),
        licences: Vec::new(),
    }
}

struct Loaded {
    encoder: SentenceEncoder,
    tokenizer: SentenceTokenizer,
}

fn open(folder: &Path) -> Loaded {
    let mut weights = SentenceEncoderWeights::open(folder).unwrap();
    let config = weights.config().clone();
    Loaded {
        tokenizer: SentenceTokenizer::from_bytes(weights.tokenizer(), &config).unwrap(),
        encoder: SentenceEncoder::load(&config, &mut weights).unwrap(),
    }
}

fn converted(conversion: &SentenceEncoderConversion) -> Loaded {
    let out = tempfile::tempdir().unwrap();
    conversion.run(out.path()).unwrap();
    open(out.path())
}

fn vectors(folder: &str) -> Vectors {
    Vectors::open(&format!("sentence_encoder/{folder}"))
}

fn texts() -> Vec<String> {
    serde_json::from_slice(&std::fs::read(golden("sentence_encoder").join("texts.json")).unwrap()).unwrap()
}

fn assert_close(what: &str, found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    let scale = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let worst = found.iter().zip(expected).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs())) / scale;
    assert!(worst <= RELATIVE, "{what}: relative difference {worst}");
    worst
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn every_layer_and_the_vector_agree() {
    for folder in FOLDERS {
        let (Loaded { encoder, .. }, vectors) = (converted(&conversion(folder, Scheme::F32)), vectors(folder));
        for length in LENGTHS {
            let name = |what: &str| format!("len{length}.{what}");
            let mut encoding = encoder.begin(&vectors.ids(&name("input_ids"))).unwrap();
            for layer in 0..=encoder.config().num_layers {
                let what = format!("{folder}, {length} tokens, layer {layer}");
                let worst = assert_close(&what, encoding.hidden(), &vectors.floats(&name(&format!("hidden.{layer}"))));
                println!("{what}: {worst:.1e}");
                assert_eq!(encoding.step(), layer < encoder.config().num_layers);
            }
            let vector = encoding.finish().unwrap();
            assert_eq!(vector.len(), encoder.config().d_out());
            assert_close(&format!("{folder}, vector of {length} tokens"), &vector, &vectors.floats(&name("vector")));
        }
    }
}

/// Cutting and filling up as the file was saved with would show at once: to 16 tokens, nearly all would differ.
#[test]
fn texts_are_split_as_by_the_tokenizer_that_was_trained_with() {
    for folder in FOLDERS {
        let (Loaded { encoder, tokenizer }, vectors) = (converted(&conversion(folder, Scheme::F32)), vectors(folder));
        for (number, text) in texts().iter().enumerate() {
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(tokens.ids, vectors.ids(&format!("text{number}.input_ids")), "{text:?}");
            assert_eq!((tokens.left_out, tokens.read_bytes), (0, text.len()), "{text:?}");
            let expected = vectors.floats(&format!("text{number}.vector"));
            assert_close(text, &encoder.encode(&tokens.ids).unwrap(), &expected);
        }
    }
}

/// Question, note, title, lines.
type Read = (String, Option<String>, String, Vec<String>);

#[test]
fn a_question_is_read_together_with_a_passage() {
    let (Loaded { encoder, tokenizer }, vectors) = (converted(&conversion("plain", Scheme::F32)), vectors("plain"));
    let bytes = std::fs::read(golden("sentence_encoder").join("readings.json")).unwrap();
    let readings: Vec<Read> = serde_json::from_slice(&bytes).unwrap();
    let mut fitted = Vec::new();
    for (number, (question, note, title, lines)) in readings.iter().enumerate() {
        let lines = lines.iter().map(String::as_str);
        let reading = Reading::lay(&tokenizer, question, note.as_deref(), title, lines).unwrap();
        fitted.push(reading.as_ref().map_or(0, Reading::lines));
        let Some(reading) = reading else { continue };
        assert_eq!(reading.ids(), vectors.ids(&format!("reading{number}.input_ids")), "{question}");
        let scores = encoder.read(&reading).unwrap();
        let found: Vec<f32> = scores.iter().flat_map(|score| [score.first, score.used]).collect();
        assert_close(question, &found, &vectors.floats(&format!("reading{number}.scores")));
    }
    assert_eq!(fitted, [3, 1, 1, 0, 2], "all, the question cut, the last lines left out, none, nothing asked");
}

#[test]
fn an_encoder_that_was_not_taught_to_read_says_so() {
    let Loaded { encoder, tokenizer } = converted(&conversion("projected", Scheme::F32));
    assert_eq!(Reading::lay(&tokenizer, "tooth?", None, "Pulp", ["Fine."]).unwrap(), None);
    let taught = converted(&conversion("plain", Scheme::F32)).tokenizer;
    let reading = Reading::lay(&taught, "tooth?", None, "Pulp", ["Fine."]).unwrap().unwrap();
    let refusal = encoder.read(&reading).unwrap_err().to_string();
    assert!(refusal.contains("taught reading"), "{refusal}");
}

#[test]
fn what_does_not_fit_is_left_out_and_said_so() {
    let short = SentenceEncoderConversion { max_tokens: 8, ..conversion("projected", Scheme::F32) };
    let Loaded { encoder, tokenizer } = converted(&short);
    let tokens = tokenizer.encode("is pulp fine is tooth pulp tooth fine").unwrap();
    assert_eq!((tokens.ids.len(), tokens.left_out), (8, 2));
    assert_eq!(tokens.read_bytes, "is pulp fine is tooth pulp".len());
    assert_eq!(tokens.ids, tokenizer.encode("is pulp fine is tooth pulp").unwrap().ids);
    let whole = converted(&conversion("projected", Scheme::F32)).encoder;
    assert_eq!(
        encoder.encode(&tokens.ids).unwrap(),
        whole.encode(&tokens.ids).unwrap(),
        "positions stay what they were"
    );
}

#[test]
fn integers_come_close_to_floats() {
    let token_table = || vec!["embeddings.token.weight".to_owned()];
    for folder in FOLDERS {
        let whole = converted(&conversion(folder, Scheme::F32)).encoder;
        let vectors = vectors(folder);
        let q8 = Recipe::new(Scheme::Q8);
        let table = Recipe { in_q4: token_table(), ..q8.clone() };
        // Widths of 32 and random weights: a real model's errors average out over more (the report of the command measures them).
        for (recipe, least) in [(q8, 0.998), (table, 0.98), (Recipe::new(Scheme::Q4), 0.9)] {
            let packed =
                converted(&SentenceEncoderConversion { recipe: recipe.clone(), ..conversion(folder, Scheme::F32) });
            for length in LENGTHS {
                let ids = vectors.ids(&format!("len{length}.input_ids"));
                let cosine = cosine(&whole.encode(&ids).unwrap(), &packed.encoder.encode(&ids).unwrap());
                assert!(cosine >= least, "{folder}, {recipe:?}, {length} tokens: cosine {cosine}");
            }
        }
    }
}

/// A batch of one text is a text: nothing depends on what ran before, or on the kernels' cut of the rows.
#[test]
fn the_same_text_gives_the_same_bits() {
    for scheme in [Scheme::F32, Scheme::Q8, Scheme::Q4] {
        let Loaded { encoder, tokenizer } = converted(&conversion("projected", scheme));
        let texts = texts();
        let vectors = |texts: &mut dyn Iterator<Item = &String>| -> Vec<Vec<f32>> {
            texts.map(|text| encoder.encode(&tokenizer.encode(text).unwrap().ids).unwrap()).collect()
        };
        let mut backwards = vectors(&mut texts.iter().rev());
        backwards.reverse();
        assert_eq!(vectors(&mut texts.iter()), backwards);
        for vector in backwards {
            assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-6, "length 1");
        }
    }
}

#[test]
fn bad_tokens_are_refused() {
    let Loaded { encoder, .. } = converted(&conversion("plain", Scheme::Q8));
    assert!(matches!(encoder.encode(&[]), Err(ModelError::EmptyInput)));
    assert!(matches!(encoder.encode(&[2; 65]), Err(ModelError::TooManyTokens { found: 65, limit: 64 })));
    assert!(matches!(encoder.encode(&[2, 103, 3]), Err(ModelError::UnknownToken { id: 103, vocab_size: 103 })));
}

#[test]
fn a_model_of_one_kind_is_not_read_as_the_other() {
    let (encoder, model) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    conversion("plain", Scheme::F32).run(encoder.path()).unwrap();
    let from = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(golden("mambaformer_one_way").join(file), from.path().join(file)).unwrap();
    }
    let tokenizer = r#"{"version":"1.0","model":{"type":"WordLevel","vocab":{"<unk>":0},"unk_token":"<unk>"}}"#;
    std::fs::write(from.path().join("tokenizer.json"), tokenizer).unwrap();
    pack(from.path(), model.path(), &Recipe::new(Scheme::F32)).unwrap();

    let kind = |error: WeightsError| match error {
        WeightsError::Manifest(ManifestError::Kind { found, expected }) => (found, expected),
        other => panic!("{other}"),
    };
    let (found, expected) = kind(Weights::open(encoder.path()).unwrap_err());
    assert_eq!((found.as_str(), expected), ("sentence_encoder", ModelKind::Mambaformer));
    let (found, expected) = kind(SentenceEncoderWeights::open(model.path()).unwrap_err());
    assert_eq!((found.as_str(), expected), ("mambaformer", ModelKind::SentenceEncoder));
    for (folder, is_encoder) in [(&encoder, true), (&model, false)] {
        let manifest = read_manifest(folder.path()).unwrap();
        assert_eq!(is_of_kind(&manifest, ModelKind::SentenceEncoder), Ok(is_encoder));
        assert_eq!(is_of_kind(&manifest, ModelKind::Mambaformer), Ok(!is_encoder));
        assert_eq!(manifest.windows(6).any(|bytes| bytes == b"\"kind\""), is_encoder, "one's files stay as they were");
    }
    let out = tempfile::tempdir().unwrap();
    assert!(matches!(
        pack(encoder.path(), out.path(), &Recipe::new(Scheme::Q8)),
        Err(ConvertError::Weights(WeightsError::Manifest(ManifestError::Kind { .. })))
    ));
    let unknown = br#"{"format":1,"kind":"oracle"}"#;
    let error = mambaformer_model::sentence_encoder::SentenceEncoderManifest::parse(unknown).unwrap_err().to_string();
    assert!(error.contains("`oracle`") && error.contains("`sentence_encoder`"), "{error}");
}

#[test]
fn packing_again_is_converting_at_once() {
    let (plain, again, direct) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    conversion("projected", Scheme::F32).run(plain.path()).unwrap();
    let recipe = Recipe {
        keep_f32: vec!["projection.*".into()],
        in_q4: vec!["embeddings.token.*".into()],
        ..Recipe::new(Scheme::Q8)
    };
    let (manifest, _) = repack::<SentenceEncoderConfig>(plain.path(), again.path(), &recipe).unwrap();
    let conversion = SentenceEncoderConversion { recipe, ..conversion("projected", Scheme::F32) };
    let converted = conversion.run(direct.path()).unwrap();
    assert_eq!(manifest.files, converted.manifest.files);
    assert_eq!(manifest.config, converted.manifest.config);
    assert_eq!(manifest.storage_of("embeddings.token.weight"), Storage::Q4);
    assert_eq!(manifest.storage_of("embeddings.position.weight"), Storage::Q8);
    assert_eq!(manifest.storage_of("projection.weight"), Storage::F32);
    assert_eq!(manifest.config.tensors().len(), converted.written.tensors.len());
    assert!(converted.notes.iter().any(|note| note.contains("token_type_embeddings")));
}

/// A copy of a golden folder with one file's text changed.
fn altered(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(golden("sentence_encoder/plain").join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
    folder
}

#[test]
fn checkpoints_that_are_something_else_are_refused() {
    for (file, from, to, expected) in [
        ("config.json", "\"model_type\": \"bert\"", "\"model_type\": \"roberta\"", "`model_type` is roberta"),
        ("config.json", "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "`hidden_act` is relu"),
        ("config.json", "\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "`num_attention_heads` is 3"),
        ("config.json", "\"is_decoder\": false", "\"is_decoder\": true", "`is_decoder` is true"),
        (
            "config.json",
            "\"max_position_embeddings\": 64",
            "\"max_position_embeddings\": 63",
            "give a smaller --max-tokens",
        ),
        ("config.json", "\"intermediate_size\": 64", "\"intermediate_size\": 96", "its config asks for [96, 32]"),
        (
            "config.json",
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 3",
            "encoder.layer.2.attention.self.query.weight",
        ),
        ("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "unknown [\"encoder.layer.1"),
        ("config.json", "\"vocab_size\": 103", "\"vocab_size\": 102", "103 tokens"),
        ("config.json", "\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": -1.0", "`layer_norm_epsilon` is -1"),
        ("tokenizer.json", "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},", "", "1 tokens round a text"),
        ("tokenizer.json", "\"WordPiece\",\"unk", "\"WordPieces\",\"unk", "cannot be read"),
    ] {
        let folder = altered(file, from, to);
        let conversion =
            SentenceEncoderConversion { from: folder.path().to_owned(), ..conversion("plain", Scheme::F32) };
        let out = tempfile::tempdir().unwrap();
        let message = conversion.run(out.path()).unwrap_err().to_string();
        assert!(message.contains(expected), "{to}: {message}");
        assert!(!out.path().join("manifest.json").exists(), "{to}");
    }
    let idle = Recipe { in_q4: vec!["embeddings.word.weight".into()], ..Recipe::new(Scheme::Q8) };
    let conversion = SentenceEncoderConversion { recipe: idle, ..conversion("plain", Scheme::F32) };
    assert!(matches!(conversion.run(tempfile::tempdir().unwrap().path()), Err(ConvertError::IdlePatterns { .. })));
}
