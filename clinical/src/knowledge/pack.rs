//! Making the file: white space collapsed, everything sorted, checked, licences gathered.

use std::collections::BTreeMap;

use super::check::check;
use super::file::{File, sealed};
use super::passage::{CONTRIBUTORS, LICENCE};
use super::{Authored, Drug, KnowledgeError, Licence, MAX_FILE_BYTES, Passage, Source};
use crate::integrity::json_sha256_hex;
use crate::records::Record;
use crate::text::whitespace::collapse;

/// What goes into a knowledge base.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Passages of this project.
    pub passages: Vec<Authored>,
    /// Records of this project.
    pub records: Vec<Record>,
    /// Names of drugs; every drug of a record is among them.
    pub drugs: Vec<Drug>,
    /// Passages in the words of publications.
    pub quoted: Vec<Passage>,
}

/// Makes the bytes of a `knowledge.json` of quoted passages alone; as [`pack_contents`].
pub fn pack(quoted: Vec<Passage>, version: Option<&str>) -> Result<Vec<u8>, KnowledgeError> {
    pack_contents(Contents { quoted, ..Contents::default() }, version)
}

/// Makes the bytes of a `knowledge.json`: white space collapsed, sorted by id, checked, licences gathered.
///
/// Without `version` the file is named after its content (the first twelve digits of a SHA-256 of it).
pub fn pack_contents(contents: Contents, version: Option<&str>) -> Result<Vec<u8>, KnowledgeError> {
    let mut passages: Vec<Authored> = contents.passages.into_iter().map(cleaned_authored).collect();
    let mut quoted: Vec<Passage> = contents.quoted.into_iter().map(cleaned).collect();
    let (mut records, mut drugs) = (contents.records, contents.drugs);
    passages.sort_by(|a, b| a.id.cmp(&b.id));
    quoted.sort_by(|a, b| a.id.cmp(&b.id));
    records.sort_by(|a, b| a.id.cmp(&b.id));
    drugs.sort_by(|a, b| a.name.cmp(&b.name));
    let version = match version {
        Some(version) => version.to_owned(),
        None => json_sha256_hex(&(&passages, &records, &drugs, &quoted))?.chars().take(12).collect(),
    };
    let licences = licences(&passages, &records, &quoted);
    let file = File::new(version, (passages, records, drugs, quoted), licences);
    check(&file.contents())?;
    let bytes = sealed(&file)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(KnowledgeError::TooLarge { limit_bytes: MAX_FILE_BYTES, found_bytes: bytes.len() });
    }
    Ok(bytes)
}

fn cleaned_authored(passage: Authored) -> Authored {
    Authored { title: collapse(&passage.title), text: collapse(&passage.text), ..passage }
}

fn cleaned(passage: Passage) -> Passage {
    let source = passage.source;
    Passage {
        id: collapse(&passage.id),
        title: collapse(&passage.title),
        text: collapse(&passage.text),
        source: Source {
            organisation: collapse(&source.organisation),
            title: collapse(&source.title),
            year: source.year,
            licence: collapse(&source.licence),
            url: collapse(&source.url),
        },
    }
}

fn licences(passages: &[Authored], records: &[Record], quoted: &[Passage]) -> Vec<Licence> {
    let mut all = Vec::new();
    if !(passages.is_empty() && records.is_empty()) {
        let reviewed = passages.iter().filter(|passage| passage.reviewed.is_some()).count()
            + records.iter().filter(|record| record.reviewed.is_some()).count();
        all.push(Licence {
            name: CONTRIBUTORS.to_owned(),
            licence: LICENCE.to_owned(),
            attribution: format!(
                "{} and {} worded by {CONTRIBUTORS}, {LICENCE}; each names the document it rests on and holds none of that \
                 document's text; {reviewed} of {} reviewed by a clinician",
                counted(passages.len(), "passage"),
                counted(records.len(), "record"),
                passages.len() + records.len(),
            ),
        });
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for passage in quoted {
        *counts.entry((&passage.source.organisation, &passage.source.licence)).or_default() += 1;
    }
    all.extend(counts.into_iter().map(|((organisation, licence), count)| Licence {
        name: organisation.to_owned(),
        licence: licence.to_owned(),
        attribution: format!(
            "{} by {organisation}, used under {licence}; each is cited where it is shown",
            counted(count, "passage")
        ),
    }));
    all
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
