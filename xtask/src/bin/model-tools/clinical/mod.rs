//! `cargo xtask eval clinical`: the parts of `clinical/` against their labelled sets in `data/`, with the goals they are held to.

mod calculators;
mod entries;
mod figure;
mod identifiers;
pub(crate) mod injections;
pub(crate) mod labelled;
mod lines;
mod near;
mod records;
mod retrieval;
mod scope;
mod triage;
mod verification;

use std::path::PathBuf;

use anyhow::{Result, bail};

pub(crate) use figure::{Figure, Goal, Report};

/// Measures what the deterministic parts do on their labelled sets.
#[derive(clap::Args)]
pub struct Args {
    /// Which parts; all of them without a choice.
    parts: Vec<String>,
    /// The folder of the authored and built data.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Folder of the sentence encoder and its vectors; without it the search is by words only.
    #[arg(long, default_value = "assets/retriever")]
    retriever: PathBuf,
    /// List every failure instead of the first twenty.
    #[arg(long)]
    all_failures: bool,
    /// Write the reports to this file as JSON, too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write what one part found for each item to this file, one JSON object a line: `retrieval` its rankings, `lines` what is
    /// known of each line, `scope` its signals.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// `triage` on the blind messages and nothing else, to be run once at the end: figures without the texts.
    #[arg(long)]
    blind: bool,
}

/// What a part reads its labelled set from.
pub(crate) struct Context {
    /// The folder `data/`.
    pub(crate) data: PathBuf,
    /// Folder of the sentence encoder, where there is one.
    pub(crate) retriever: Option<PathBuf>,
    /// Where a part writes what it found for each item.
    pub(crate) dump: Option<PathBuf>,
    /// Only what nobody has looked at.
    pub(crate) blind: bool,
}

/// A part of `clinical/` that can be measured: its name, and how.
type Part = (&'static str, fn(&Context) -> Result<Report>);

/// In the order of a question's way.
const PARTS: &[Part] = &[
    ("triage", triage::measure),
    ("scope", scope::measure),
    ("retrieval", retrieval::measure),
    ("lines", lines::measure),
    ("records", records::measure),
    ("verification", verification::measure),
    ("injections", injections::measure),
    ("identifiers", identifiers::measure),
    ("calculators", calculators::measure),
];

/// Runs the parts and prints their reports. A goal that is missed is reported, not an error: the tests hold what must never
/// happen.
pub fn run(args: &Args) -> Result<()> {
    for part in &args.parts {
        if !PARTS.iter().any(|(name, _)| name == part) {
            let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
            bail!("there is no part `{part}`; there are: {}", names.join(", "));
        }
    }
    if args.dump.is_some() && args.parts.len() != 1 {
        bail!(
            "--dump writes the items of one part, {} are named; name `retrieval`, `lines` or `scope`",
            args.parts.len()
        );
    }
    if args.blind && args.parts != ["triage"] {
        bail!("--blind measures triage alone; name `triage`");
    }
    let context = Context {
        data: args.data.clone(),
        retriever: args.retriever.join("manifest.json").exists().then(|| args.retriever.clone()),
        dump: args.dump.clone(),
        blind: args.blind,
    };
    let mut reports = Vec::new();
    for (name, measure) in PARTS {
        if args.parts.is_empty() || args.parts.iter().any(|part| part == name) {
            let report = measure(&context)?;
            report.print(name, if args.all_failures { usize::MAX } else { 20 });
            reports.push((*name, report));
        }
    }
    if let Some(path) = &args.json {
        let json: std::collections::BTreeMap<&str, &Report> =
            reports.iter().map(|(name, report)| (*name, report)).collect();
        std::fs::write(path, serde_json::to_vec_pretty(&json)?)?;
    }
    Ok(())
}
