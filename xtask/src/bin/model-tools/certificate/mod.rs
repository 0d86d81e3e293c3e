//! `cargo xtask eval certificate`: what packing changed, measured against the original; kept in the manifest (`--write`) or held against
//! what the manifest says.

mod forced;
mod sensitivity;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use mambaformer_model::MambaFormer;
use mambaformer_model::certificate::{AnswerDelta, Certificate};
use mambaformer_model::convert;
use mambaformer_model::manifest::Sha256Hash;
use mambaformer_model::weights::{MANIFEST_FILE, Recipe, Scheme, WEIGHTS_FILE, Weights};

use crate::answers::{Judged, Question};
use crate::assistant::{Files, Manner};
use crate::clinical::labelled;

/// How much further from the original than its certificate says a model may be found: kernels differ between processors.
const KL_FACTOR: f64 = 1.25;
const KL_FLOOR: f64 = 1e-5;
/// The same of shares of likeliest tokens.
const TOP_MARGIN: f64 = 0.005;

/// Compares a packed model with what it was packed from.
#[derive(clap::Args)]
pub struct Args {
    /// Export of the training: config.json, model.safetensors, tokenizer.json.
    #[arg(long)]
    original: PathBuf,
    /// The folder of the authored and built data.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Questions of DentalQA's validation split whose answers are forced, one of each cluster.
    #[arg(long, default_value_t = 60)]
    forced: usize,
    /// The assistant answers every so-manyth question of that split with both models.
    #[arg(long, default_value_t = 5)]
    every: usize,
    /// Write the certificate into the model's manifest instead of comparing with the one it has.
    #[arg(long)]
    write: bool,
    /// Also measure each tensor alone in 8 and in 4 bits, on so many of the forced questions.
    #[arg(long, value_name = "QUESTIONS")]
    sensitivity: Option<usize>,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    files: Files,
}

const SPLIT: &str = "validation";

/// Measures, then writes or compares.
pub fn run(args: &Args) -> Result<()> {
    let folder = args.files.model_folder();
    let weights = Weights::open(&folder)?;
    let scratch = tempfile::tempdir().context("there is no place for the original in the assistant's format")?;
    let wide = scratch.path().join("original");
    convert::pack(&args.original, &wide, &Recipe::new(Scheme::F32))?;

    let items = forced::items(&args.data, &weights, SPLIT, args.forced)?;
    let said = forced::say(&load(&wide)?, &items)?;
    let found = forced::compare(&said, &forced::say(&load(&folder)?, &items)?)?;
    let original = args.original.join(WEIGHTS_FILE);
    let bytes = std::fs::read(&original).with_context(|| format!("cannot read {}", original.display()))?;
    let certificate = Certificate {
        original_sha256: Sha256Hash::of(&bytes),
        on: format!(
            "DentalQA, {SPLIT}: {} answers forced token by token with the passages they cite; every {} of the \
             split's questions answered by the whole assistant",
            items.len(),
            ordinal(args.every),
        ),
        tokens: found.tokens,
        pointers: found.pointers,
        routed: found.routed,
        routed_differently: found.routed_differently,
        answers: answers(args, &wide)?,
    };
    print(&certificate);
    if let Some(count) = args.sensitivity {
        let count = count.min(items.len());
        let config = weights.config().clone();
        sensitivity::measure(&args.original, &config, &items[..count], &said[..count], &scratch.path().join("one"))?;
    }
    if args.write { write(&folder, certificate) } else { hold(&weights, &certificate) }
}

fn load(folder: &Path) -> Result<MambaFormer> {
    let mut weights = Weights::open(folder)?;
    Ok(MambaFormer::load(&weights.config().clone(), &mut weights)?)
}

fn ordinal(every: usize) -> String {
    if every <= 1 { "one".to_owned() } else { format!("{every}th") }
}

/// The whole assistant with either model.
fn answers(args: &Args, original: &Path) -> Result<AnswerDelta> {
    let packed = args.manner.load(&args.files)?;
    let wide = args.manner.load(&Files { model: Some(original.to_path_buf()), ..args.files.clone() })?;
    let mut delta = AnswerDelta::default();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let questions = labelled::folder::<Question>(&args.data.join("dentalqa"))?;
    for question in questions.iter().filter(|question| question.split == SPLIT).step_by(args.every.max(1)) {
        let one = args.manner.answer(&packed, &question.id, &question.text, None)?;
        let other = args.manner.answer(&wide, &question.id, &question.text, None)?;
        let (facts, facts_of_original) = (Judged::of(question, &one).facts, Judged::of(question, &other).facts);
        delta.questions += 1;
        delta.same += u32::from(one.answer == other.answer);
        delta.key_facts += count(facts.1);
        delta.packed += count(facts.0);
        delta.original += count(facts_of_original.0);
    }
    Ok(delta)
}

fn print(certificate: &Certificate) {
    println!("original {}\n{}", certificate.original_sha256, certificate.on);
    let lines = [("next token", Some(certificate.tokens)), ("pointer", certificate.pointers)];
    for (what, fidelity) in lines {
        let Some(fidelity) = fidelity else { continue };
        println!(
            "{what:>12}: same top {} of {} = {:.2} %, KL {:.6} nats on average, {:.4} at most",
            fidelity.same_top,
            fidelity.compared,
            100.0 * fidelity.top_agreement(),
            fidelity.kl_nats,
            fidelity.largest_kl_nats,
        );
    }
    println!("{:>12}: {} of {} tokens to the other expert", "gate", certificate.routed_differently, certificate.routed);
    let AnswerDelta { questions, same, key_facts, original, packed } = certificate.answers;
    println!(
        "{:>12}: {same} of {questions} the same to the letter; key facts {packed} of {key_facts}, the original {original}",
        "answers"
    );
}

fn write(folder: &Path, certificate: Certificate) -> Result<()> {
    let path = folder.join(MANIFEST_FILE);
    let mut manifest = Weights::open(folder)?.manifest().clone();
    manifest.certificate = Some(certificate);
    std::fs::write(&path, manifest.to_json()?).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// The certificate of the manifest against what was found.
fn hold(weights: &Weights, found: &Certificate) -> Result<()> {
    let Some(stored) = &weights.manifest().certificate else {
        bail!("the manifest has no certificate; --write makes one");
    };
    if stored.original_sha256 != found.original_sha256 {
        bail!("the certificate is about another original ({}); give that one", stored.original_sha256);
    }
    let pairs = [("next token", Some(stored.tokens), Some(found.tokens)), ("pointer", stored.pointers, found.pointers)];
    for (what, stored, found) in pairs {
        let Some((stored, found)) = stored.zip(found) else { continue };
        let near = found.kl_nats <= stored.kl_nats * KL_FACTOR + KL_FLOOR
            && found.top_agreement() >= stored.top_agreement() - TOP_MARGIN;
        if !near {
            bail!(
                "{what}: the certificate says KL {:.6} and {:.2} % the same, found are {:.6} and {:.2} %",
                stored.kl_nats,
                100.0 * stored.top_agreement(),
                found.kl_nats,
                100.0 * found.top_agreement(),
            );
        }
    }
    println!("the certificate in the manifest holds");
    Ok(())
}
