//! What a knowledge base must hold to before a byte of it is shown.

use std::collections::BTreeSet;

use super::passage::of_record;
use super::{
    Authored, Drug, KnowledgeError, MAX_DRUGS, MAX_ENTRIES, MAX_FIELD_BYTES, MAX_LIST, MAX_TEXT_BYTES, MAX_TITLE_BYTES,
    Passage,
};
use crate::doses::Lexicon;
use crate::records::{Citation, Record, Review};
use crate::text::whitespace::{collapse, is_visible};

/// The contents of a file.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) passages: &'a [Authored],
    pub(super) records: &'a [Record],
    pub(super) drugs: &'a [Drug],
    pub(super) quoted: &'a [Passage],
}

/// Refuses what could not be shown, cited or looked up.
pub(super) fn check(parts: &Parts<'_>) -> Result<(), KnowledgeError> {
    let Parts { passages, records, drugs, quoted } = *parts;
    let found = passages.len() + records.len() + quoted.len();
    if found == 0 || found > MAX_ENTRIES {
        return Err(KnowledgeError::EntryCount { found });
    }
    let ids = ids(parts)?;
    for passage in passages {
        authored(passage, &ids, records)?;
    }
    for passage in quoted {
        self::quoted(passage)?;
    }
    for record in records {
        self::record(record)?;
    }
    if !records.windows(2).all(|pair| pair[0].id < pair[1].id) {
        return Err(KnowledgeError::Unsorted { what: "records" });
    }
    self::drugs(drugs, records)
}

/// All ids, each once.
fn ids<'a>(parts: &Parts<'a>) -> Result<BTreeSet<&'a str>, KnowledgeError> {
    let all = (parts.passages.iter().map(|passage| &passage.id))
        .chain(parts.records.iter().map(|record| &record.id))
        .chain(parts.quoted.iter().map(|passage| &passage.id));
    let mut ids = BTreeSet::new();
    for id in all {
        field(id, "id", id, MAX_FIELD_BYTES, false)?;
        if !ids.insert(id.as_str()) {
            return Err(KnowledgeError::DuplicateId { id: id.clone() });
        }
    }
    Ok(ids)
}

fn authored(passage: &Authored, ids: &BTreeSet<&str>, records: &[Record]) -> Result<(), KnowledgeError> {
    let id = &passage.id;
    field(id, "title", &passage.title, MAX_TITLE_BYTES, false)?;
    field(id, "text", &passage.text, MAX_TEXT_BYTES, false)?;
    for (name, value) in [("topic", &passage.topic), ("population", &passage.population), ("updated", &passage.updated)]
    {
        field(id, name, value, MAX_FIELD_BYTES, false)?;
    }
    rests_on(id, &passage.rests_on)?;
    reviewed(id, passage.reviewed.as_ref())?;
    for (name, list) in [("see_also", &passage.see_also), ("records", &passage.records)] {
        if list.len() > MAX_LIST {
            return Err(KnowledgeError::ListTooLong { id: id.clone(), field: name, found: list.len() });
        }
    }
    let is_record = |id: &String| records.binary_search_by(|record| record.id.cmp(id)).is_ok();
    let lost = passage.see_also.iter().find(|other| !ids.contains(other.as_str()));
    match lost.or_else(|| passage.records.iter().find(|record| !is_record(record))) {
        Some(target) => Err(KnowledgeError::Dangling { id: id.clone(), target: shortened(target) }),
        None => Ok(()),
    }
}

fn quoted(passage: &Passage) -> Result<(), KnowledgeError> {
    let Passage { id, title, text, source } = passage;
    field(id, "title", title, MAX_TITLE_BYTES, false)?;
    field(id, "text", text, MAX_TEXT_BYTES, false)?;
    // (name, value, may be empty)
    for (name, value, may_be_empty) in [
        ("source.organisation", &source.organisation, false),
        ("source.title", &source.title, true),
        ("source.licence", &source.licence, false),
        ("source.url", &source.url, true),
    ] {
        field(id, name, value, MAX_FIELD_BYTES, may_be_empty)?;
    }
    url(id, &source.url)
}

fn record(record: &Record) -> Result<(), KnowledgeError> {
    let id = &record.id;
    record.check().map_err(|error| KnowledgeError::Record { id: id.clone(), error: Box::new(error) })?;
    let (passage, _) = of_record(record);
    field(id, "name", &passage.title, MAX_TITLE_BYTES, false)?;
    field(id, "lines", &passage.text, MAX_TEXT_BYTES, false)?;
    let remarks = record.remarks();
    if remarks.len() > MAX_LIST {
        return Err(KnowledgeError::ListTooLong { id: id.clone(), field: "cautions", found: remarks.len() });
    }
    remarks.iter().try_for_each(|remark| field(id, "cautions", remark, MAX_FIELD_BYTES, false))?;
    rests_on(id, &record.source)?;
    reviewed(id, record.reviewed.as_ref())
}

fn drugs(drugs: &[Drug], records: &[Record]) -> Result<(), KnowledgeError> {
    if drugs.len() > MAX_DRUGS {
        return Err(KnowledgeError::DrugCount { found: drugs.len() });
    }
    for drug in drugs {
        if drug.names.len() > MAX_LIST {
            return Err(KnowledgeError::ListTooLong {
                id: shortened(&drug.name),
                field: "names",
                found: drug.names.len(),
            });
        }
        drug.all_names().try_for_each(|name| field(&drug.name, "names", name, MAX_FIELD_BYTES, false))?;
    }
    let lexicon = Lexicon::of(drugs).map_err(|name| KnowledgeError::DrugName { name })?;
    for record in records {
        if let Some(drug) = record.drug()
            && lexicon.drugs_of(drug).is_empty()
        {
            return Err(KnowledgeError::UnknownDrug { id: record.id.clone(), drug: shortened(drug) });
        }
    }
    Ok(())
}

fn rests_on(id: &str, citation: &Citation) -> Result<(), KnowledgeError> {
    field(id, "rests_on.organisation", &citation.organisation, MAX_FIELD_BYTES, false)?;
    field(id, "rests_on.title", &citation.title, MAX_FIELD_BYTES, false)?;
    let address = citation.url.as_deref().unwrap_or_default();
    field(id, "rests_on.url", address, MAX_FIELD_BYTES, true)?;
    url(id, address)
}

fn reviewed(id: &str, review: Option<&Review>) -> Result<(), KnowledgeError> {
    let Some(Review { by, date, verdict }) = review else { return Ok(()) };
    [by, date, verdict].into_iter().try_for_each(|text| field(id, "reviewed", text, MAX_FIELD_BYTES, false))
}

fn url(id: &str, url: &str) -> Result<(), KnowledgeError> {
    if url.is_empty() || url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    Err(KnowledgeError::Url { id: shortened(id), url: url.to_owned() })
}

/// One text: not too long, not empty unless it may be, white space collapsed, nothing invisible in it.
fn field(
    id: &str,
    field: &'static str,
    value: &str,
    limit_bytes: usize,
    may_be_empty: bool,
) -> Result<(), KnowledgeError> {
    if value.len() > limit_bytes {
        return Err(KnowledgeError::FieldTooLong { id: shortened(id), field, limit_bytes, found_bytes: value.len() });
    }
    if !may_be_empty && !value.chars().any(is_visible) {
        return Err(KnowledgeError::Empty { id: shortened(id), field });
    }
    if value.chars().any(char::is_control) || collapse(value) != *value {
        return Err(KnowledgeError::NotCollapsed { id: shortened(id), field });
    }
    Ok(())
}

/// What an error shows of a text that may have any length.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
