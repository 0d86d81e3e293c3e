//! `cargo xtask embed`: the vectors of a knowledge base's lines, made by a sentence encoder.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_clinical::knowledge::KnowledgeBase;
use mambaformer_clinical::retrieval::dense::{DenseIndex, DenseWriter, Part, Unit, line_text, whole_text};
use mambaformer_model::sentence_encoder::{
    LineScore, Reading, SentenceEncoder, SentenceEncoderWeights, SentenceTokenizer,
};
use mambaformer_model::weights::read_manifest;

/// Makes the vectors of a knowledge base, or compares two encoders on its lines.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the sentence encoder.
    #[arg(long, default_value = "assets/retriever")]
    model: PathBuf,
    /// Knowledge base.
    #[arg(long, default_value = "assets/knowledge.json")]
    knowledge: PathBuf,
    /// File to write.
    #[arg(long, default_value = "assets/retriever/vectors.bin")]
    out: PathBuf,
    /// A vector of each whole entry besides those of its lines.
    #[arg(long)]
    whole: bool,
    /// Write nothing; say how near this encoder's vectors are to the other's (the same encoder in another storage, say).
    #[arg(long, value_name = "FOLDER")]
    compare: Option<PathBuf>,
    /// Lines to compare, evenly spread over the knowledge base.
    #[arg(long, default_value_t = 200)]
    sample: usize,
}

/// An encoder with its tokenizer.
pub(crate) struct Encoder {
    tokenizer: SentenceTokenizer,
    model: SentenceEncoder,
    pub(crate) manifest_sha256: String,
}

impl Encoder {
    /// Reads a folder.
    pub(crate) fn open(folder: &std::path::Path) -> Result<Self> {
        let manifest = read_manifest(folder)?;
        let mut weights = SentenceEncoderWeights::open(folder)?;
        let config = weights.config().clone();
        Ok(Self {
            tokenizer: SentenceTokenizer::from_bytes(weights.tokenizer(), &config)?,
            model: SentenceEncoder::load(&config, &mut weights)?,
            manifest_sha256: sha256_hex(&manifest),
        })
    }

    /// Width of the vectors.
    pub(crate) fn dimensions(&self) -> usize {
        self.model.config().d_out()
    }

    /// The vector of a text, and whether all of it was read.
    pub(crate) fn encode(&self, text: &str) -> Result<(Vec<f32>, bool)> {
        let tokens = self.tokenizer.encode(text)?;
        Ok((self.model.encode(&tokens.ids)?, tokens.left_out == 0))
    }

    /// The scores of a passage's first lines when it is read together with a question and its note; none by an encoder that was not taught to read.
    pub(crate) fn read(
        &self,
        question: &str,
        note: Option<&str>,
        title: &str,
        lines: &[&str],
    ) -> Result<Vec<LineScore>> {
        let reading = Reading::lay(&self.tokenizer, question, note, title, lines.iter().copied())?;
        Ok(reading.map(|reading| self.model.read(&reading)).transpose()?.unwrap_or_default())
    }
}

/// Encodes every line, writes the file and reads it back; or compares.
pub fn run(args: &Args) -> Result<()> {
    let path = args.knowledge.display();
    let bytes = std::fs::read(&args.knowledge).with_context(|| format!("{path} cannot be read"))?;
    let base = KnowledgeBase::from_bytes(&bytes, None).with_context(|| format!("{path} cannot be used"))?;
    let encoder = Encoder::open(&args.model)?;
    let texts = texts(&base, args.whole)?;
    if let Some(other) = &args.compare {
        return compare(&encoder, &Encoder::open(other)?, &texts, args.sample);
    }
    let mut writer = DenseWriter::new(encoder.dimensions(), base.sha256(), &encoder.manifest_sha256)?;
    let started = Instant::now();
    let mut cut = 0;
    for (done, (unit, text)) in texts.iter().enumerate() {
        let (vector, whole) = encoder.encode(text)?;
        cut += usize::from(!whole);
        writer.push(*unit, &vector)?;
        if done % 1_000 == 999 {
            println!("{} of {} after {:.0} s", done + 1, texts.len(), started.elapsed().as_secs_f64());
        }
    }
    let bytes = writer.finish()?;
    let index = DenseIndex::from_bytes(&bytes).context("the file does not read back")?;
    index.belongs_to(base.sha256(), &encoder.manifest_sha256)?;
    std::fs::write(&args.out, &bytes).with_context(|| format!("{} cannot be written", args.out.display()))?;
    println!(
        "{}: {} vectors of {} dimensions, {} bytes, SHA-256 {}; {cut} texts were longer than {} tokens and cut",
        args.out.display(),
        index.units().len(),
        index.dimensions(),
        bytes.len(),
        sha256_hex(&bytes),
        encoder.model.config().max_tokens
    );
    Ok(())
}

/// What is to be encoded, in the order of the file.
fn texts(base: &KnowledgeBase, whole: bool) -> Result<Vec<(Unit, String)>> {
    let mut texts = Vec::new();
    for (index, passage) in base.passages().iter().enumerate() {
        let entry = u32::try_from(index)?;
        for (line, span) in base.sentences(index).iter().enumerate() {
            let line_of = passage.text.get(span.clone()).unwrap_or_default();
            let unit = Unit { entry, part: Part::Line(u32::try_from(line)?) };
            texts.push((unit, line_text(&passage.title, line_of)));
        }
        if whole {
            texts.push((Unit { entry, part: Part::Whole }, whole_text(&passage.title, &passage.text)));
        }
    }
    Ok(texts)
}

/// Cosines of two encoders' vectors of the same texts.
fn compare(one: &Encoder, other: &Encoder, texts: &[(Unit, String)], sample: usize) -> Result<()> {
    let step = (texts.len() / sample.max(1)).max(1);
    let mut cosines = Vec::new();
    for (unit, text) in texts.iter().step_by(step).take(sample) {
        let ((a, _), (b, _)) = (one.encode(text)?, other.encode(text)?);
        ensure!(a.len() == b.len(), "the encoders make vectors of {} and {} dimensions", a.len(), b.len());
        let cosine: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        cosines.push((cosine, *unit));
    }
    cosines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some((least, unit)), count) = (cosines.first(), cosines.len()) else { return Ok(()) };
    let mean = cosines.iter().map(|(cosine, _)| cosine).sum::<f64>() / count as f64;
    println!("cosine of both encoders' vectors, {count} texts: mean {mean:.5}, least {least:.5} ({unit})");
    Ok(())
}
