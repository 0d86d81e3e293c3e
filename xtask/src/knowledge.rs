//! `cargo xtask knowledge`: the knowledge base from a list of passages.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_clinical::knowledge::{KnowledgeBase, Passage, pack};

use crate::process::Workspace;

/// Makes a knowledge base.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Passages, one a line: {"id","title","text","source":{"organisation","title","year"?,"licence","url"}}.
    #[arg(long)]
    input: PathBuf,
    /// The file to write (assets/knowledge.json of the project where absent).
    #[arg(long)]
    out: Option<PathBuf>,
    /// The version it names; taken from its content where absent.
    #[arg(long)]
    version: Option<String>,
}

/// Reads, checks, packs and writes.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let input = args.input.display();
    let text = std::fs::read_to_string(&args.input).with_context(|| format!("{input} cannot be read"))?;
    let mut passages: Vec<Passage> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        passages
            .push(serde_json::from_str(line).with_context(|| format!("line {} of {input} is no passage", index + 1))?);
    }
    let count = passages.len();
    let bytes = pack(passages, args.version.as_deref()).with_context(|| format!("{input} cannot be packed"))?;
    let base = KnowledgeBase::from_bytes(&bytes, None).context("the packed file does not read back")?;
    if base.passages().len() != count {
        bail!("{count} passages went in and {} came out", base.passages().len());
    }
    let out = args.out.clone().unwrap_or_else(|| workspace.root().join("assets/knowledge.json"));
    std::fs::write(&out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    let sentences: usize = (0..count).map(|index| base.sentences(index).len()).sum();
    println!(
        "{}: version {}, {count} passages, {sentences} sentences, {} bytes, SHA-256 {}",
        out.display(),
        base.version(),
        bytes.len(),
        sha256_hex(&bytes)
    );
    for licence in base.licences() {
        println!("  {}", licence.attribution);
    }
    Ok(())
}
