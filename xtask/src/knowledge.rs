//! `cargo xtask knowledge`: the knowledge base, from the authored data or from a list of other passages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_clinical::knowledge::{Contents, Kind, KnowledgeBase, Passage, pack_contents};

use crate::data;
use crate::process::Workspace;

/// Makes a knowledge base.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder of the authored passages and records (data of the project where absent).
    #[arg(long, conflicts_with = "input")]
    data: Option<PathBuf>,
    /// Passages in the words of others instead, one a line:
    /// {"id","title","text","source":{"organisation","title","year"?,"licence","url"}}.
    #[arg(long)]
    input: Option<PathBuf>,
    /// The file to write (assets/knowledge.json of the project where absent).
    #[arg(long)]
    out: Option<PathBuf>,
    /// The version it names; taken from its content where absent.
    #[arg(long)]
    version: Option<String>,
}

/// Reads, checks, packs and writes.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let (contents, from) = if let Some(input) = &args.input {
        (Contents { quoted: quoted(input)?, ..Contents::default() }, input.clone())
    } else {
        let data = args.data.clone().unwrap_or_else(|| workspace.root().join("data"));
        (data::contents(&data)?, data)
    };
    let count = contents.passages.len() + contents.records.len() + contents.quoted.len();
    let from = from.display();
    let bytes = pack_contents(contents, args.version.as_deref()).with_context(|| format!("{from} cannot be packed"))?;
    let base = KnowledgeBase::from_bytes(&bytes, None).context("the packed file does not read back")?;
    if base.passages().len() != count {
        bail!("{count} passages and records went in and {} came out", base.passages().len());
    }
    let out = args.out.clone().unwrap_or_else(|| workspace.root().join("assets/knowledge.json"));
    std::fs::write(&out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    println!("{}: {}", out.display(), summary(&base, &bytes));
    for licence in base.licences() {
        println!("  {}", licence.attribution);
    }
    Ok(())
}

/// Passages of other publishers.
fn quoted(input: &Path) -> Result<Vec<Passage>> {
    let name = input.display();
    let text = std::fs::read_to_string(input).with_context(|| format!("{name} cannot be read"))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| format!("line {} of {name} is no passage", index + 1))
        })
        .collect()
}

/// What went in, in one line.
fn summary(base: &KnowledgeBase, bytes: &[u8]) -> String {
    let all = 0..base.passages().len();
    let sentences: usize = all.clone().map(|index| base.sentences(index).len()).sum();
    let records = all.filter(|index| matches!(base.kind(*index), Some(Kind::Record(_)))).count();
    format!(
        "version {}, {} passages, {records} records, {sentences} sentences and lines, {} drugs, {} bytes, SHA-256 {}",
        base.version(),
        base.passages().len() - records,
        base.drugs().len(),
        bytes.len(),
        sha256_hex(bytes)
    )
}
