//! Looking through the knowledge base without a question: its contents and its entries.

use mambaformer_clinical::knowledge::Kind;
use mambaformer_clinical::records::{Discipline, Region};

use super::clinic::Clinic;
use super::library::Library;
use crate::browse::{Browse, Contents, Entry, EntryTitle, Open, Subject};
use crate::protocol::{ErrorKind, Event};

/// An entry that the knowledge base does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the knowledge base has no entry `{found}`; open one of its contents")]
pub struct UnknownEntry {
    /// What was asked for, shortened.
    pub found: String,
}

/// How much of an unknown identifier is repeated.
const SHOWN_CHARS: usize = 60;

impl Clinic {
    /// The reply to a request: `contents`.
    #[must_use]
    pub fn browse(&self, request: &Browse) -> Event {
        let contents = self.library().map(contents).unwrap_or_default();
        Event::Contents { id: request.id.clone(), contents }
    }

    /// The reply to a request: `opened`, or `error`.
    #[must_use]
    pub fn open(&self, request: &Open) -> Event {
        let entry = self.library().and_then(|library| entry(library, &request.passage));
        let unknown = || UnknownEntry { found: request.passage.chars().take(SHOWN_CHARS).collect() };
        let id = request.id.clone();
        match entry.ok_or_else(unknown) {
            Ok(entry) => Event::Opened { id, entry: Box::new(entry) },
            Err(error) => Event::Error { id: Some(id), kind: ErrorKind::NoResult, message: error.to_string() },
        }
    }
}

/// Everything by subject, each in alphabetical order.
fn contents(library: &Library) -> Contents {
    let base = library.base();
    let of = |wanted: Option<Discipline>| {
        let indices = 0..base.passages().len();
        let mut entries: Vec<EntryTitle> = indices
            .filter(|index| discipline(library, *index) == wanted)
            .filter_map(|index| title(library, index))
            .collect();
        entries.sort_by_cached_key(|entry| (entry.title.to_lowercase(), entry.passage.clone()));
        entries
    };
    let named = Discipline::ALL.into_iter().map(|discipline| (discipline.name(), Some(discipline)));
    let subjects = named.chain([("Other sources", None)]);
    let subjects = subjects.map(|(name, of_subject)| Subject { name: name.to_owned(), entries: of(of_subject) });
    Contents { subjects: subjects.filter(|subject| !subject.entries.is_empty()).collect() }
}

fn discipline(library: &Library, index: usize) -> Option<Discipline> {
    match library.base().kind(index)? {
        Kind::Passage(about) => Some(about.discipline),
        Kind::Record(record) => Some(record.discipline),
        Kind::Quoted => None,
    }
}

fn title(library: &Library, index: usize) -> Option<EntryTitle> {
    let passage = library.base().passage(index)?;
    let kind = library.evidence_kind(index)?;
    Some(EntryTitle { passage: passage.id.clone(), title: passage.title.clone(), kind })
}

fn entry(library: &Library, id: &str) -> Option<Entry> {
    let base = library.base();
    let index = base.index_of(id)?;
    let holds = |region: Region| match region {
        Region::International => None,
        region => Some(format!("holds in: {region}")),
    };
    let (about, beside) = match base.kind(index)? {
        Kind::Passage(about) => {
            let whom = (about.population != "all").then(|| format!("about: {}", about.population));
            let worked_on = Some(format!("last worked on: {}", about.updated));
            let beside = about.see_also.iter().chain(&about.records).collect();
            ([whom, holds(about.region), worked_on], beside)
        }
        Kind::Record(record) => ([None, holds(record.region), None], Vec::new()),
        Kind::Quoted => ([None, None, None], Vec::new()),
    };
    let beside = beside.into_iter().filter_map(|other| base.index_of(other));
    Some(Entry {
        evidence: library.evidence(index, 1.0)?,
        lines: base.sentences(index).iter().map(|line| (line.start, line.end)).collect(),
        about: about.into_iter().flatten().collect(),
        see_also: beside.filter_map(|other| title(library, other)).collect(),
    })
}
