//! What of the authored data ships: passages without their marks, records, and the names of drugs.

use std::path::Path;

use anyhow::{Result, bail};
use mambaformer_clinical::knowledge::{Authored, Contents};

use super::corpus::{Corpus, PassageEntry};
use super::findings::Findings;
use super::print;
use super::read::{self, Located};

/// Names of drugs, one drug a line.
const DRUGS: &str = "drugs.jsonl";

/// Reads `data`. A file that cannot be read whole is an error: nothing is left out in silence.
pub(crate) fn contents(data: &Path) -> Result<Contents> {
    let mut findings = Findings::default();
    let corpus = Corpus::read(data, &mut findings);
    let drugs = read::file(data, DRUGS, &mut findings);
    let errors = print(&findings.sorted(None), true);
    if errors > 0 {
        bail!("{} has {errors} errors; `cargo xtask data check` lists them all", data.display());
    }
    if corpus.passages.is_empty() || drugs.is_empty() {
        bail!("{} has no passages or no {DRUGS}; give the folder by --data, or passages by --input", data.display());
    }
    Ok(Contents {
        passages: corpus.passages.into_iter().map(authored).collect(),
        records: corpus.records.into_iter().map(|entry| entry.record).collect(),
        drugs: drugs.into_iter().map(|Located { value, .. }| value).collect(),
        quoted: Vec::new(),
    })
}

fn authored(entry: PassageEntry) -> Authored {
    let PassageEntry { passage, marked, .. } = entry;
    Authored {
        id: passage.id,
        title: passage.title,
        text: marked.text().to_owned(),
        discipline: passage.discipline,
        topic: passage.topic,
        population: passage.population,
        region: passage.region,
        strength: passage.strength,
        updated: passage.updated,
        see_also: passage.see_also,
        records: passage.records,
        rests_on: passage.source,
        reviewed: passage.reviewed,
    }
}
