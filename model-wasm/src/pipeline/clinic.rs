//! What is said of a question without a model: red flags, records, passages, and whether the knowledge base covers it.

use std::collections::BTreeMap;
use std::ops::Range;

use mambaformer_clinical::abbreviations;
use mambaformer_clinical::grounding::Grounding;
use mambaformer_clinical::knowledge::{Drug, KnowledgeBase};
use mambaformer_clinical::question::{Field, Note, Question};
use mambaformer_clinical::records::Region;
use mambaformer_clinical::retrieval::lines::{Spoken, Wanted};
use mambaformer_clinical::retrieval::topics::nearest_topics;
use mambaformer_clinical::text::sentences::sentences;
use mambaformer_clinical::triage::net::TriageNet;
use mambaformer_clinical::triage::{self, Assessment, Triage};
use mambaformer_clinical::verify::{self, Confidence, Group, Verifier};

use super::PipelineError;
use super::library::Library;
use super::priors::{Ends, Known};
use super::retriever::RetrieverParts;
use crate::answer::{Alarm, AlarmKind, Doses, Evidence, EvidenceKind, FoundBy, ReadAs, Topic, Urgency};
use crate::protocol::LibraryInfo;

/// Below this share of the question's content words in what is cited the rest is named as a gap.
const COVERED: f64 = 0.5;

/// Openings, connectives and boundaries of grounded decoding; the one file that is always needed.
pub const GROUNDING: &str = "grounding.json";
/// Passages and records.
pub const KNOWLEDGE: &str = "knowledge.json";
/// Red flags.
pub const TRIAGE: &str = "triage.json";
/// Red flags in words that no rule has.
pub const TRIAGE_NET: &str = "triage_net.json";
/// How sure answers are.
pub const CONFIDENCE: &str = "confidence.json";
/// Synonyms and abbreviations of the search.
pub const LEXICON: &str = "lexicon.json";
/// The numbers of the search.
pub const RETRIEVAL: &str = "retrieval.json";
/// What abbreviations stand for.
pub const ABBREVIATIONS: &str = "abbreviations.json";
/// What the knowledge base covers.
pub const SCOPE: &str = "scope.json";

/// The files of the deterministic part by their names in `assets/`; what is absent is not done. The product has all of [`Self::NAMES`].
#[derive(Debug, Clone, Default)]
pub struct ClinicFiles(BTreeMap<&'static str, Vec<u8>>);

impl ClinicFiles {
    /// Every file there is.
    pub const NAMES: [&'static str; 9] =
        [ABBREVIATIONS, GROUNDING, KNOWLEDGE, TRIAGE, TRIAGE_NET, CONFIDENCE, LEXICON, RETRIEVAL, SCOPE];

    /// Adds one.
    #[must_use]
    pub fn with(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(name, bytes.into());
        self
    }

    /// The file, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// The deterministic part of an assistant.
pub struct Clinic {
    library: Option<Library>,
    grounding: Grounding,
    triage: Option<Triage>,
    /// Reads the vectors of the retriever; without rules it has no texts to show and is not there either.
    net: Option<TriageNet>,
    verifier: Verifier,
    confidence: Option<Confidence>,
    abbreviations: BTreeMap<String, String>,
}

/// A text an answer may be taken from.
#[derive(Debug, Clone)]
pub(super) struct Material {
    /// As the page shows it.
    pub(super) evidence: Evidence,
    /// What a text that came with the question was ranked by there; 0 for those that were found, whose rank is in `priors`.
    pub(super) rank: f64,
    /// Bytes of its sentences, or of a record's lines.
    pub(super) sentences: Vec<Range<usize>>,
    /// What the search knows of each of them; nothing where it was not searched.
    pub(super) known: Vec<Known>,
    /// For each of them how likely it is what the answer is made of before the model has read it; 1 where nothing is known.
    pub(super) priors: Vec<f32>,
    /// For each of them how likely the answer uses it; nothing where nothing was searched or read.
    pub(super) uses: Vec<f32>,
    /// Whom it is about.
    pub(super) group: Group,
    /// Where it holds.
    pub(super) region: Region,
}

impl Material {
    /// A text that came with the question: nothing is known of it but its score.
    pub(super) fn plain(evidence: Evidence) -> Self {
        let sentences = sentences(&evidence.text);
        let priors = vec![1.0; sentences.len()];
        let (known, uses) = (Vec::new(), Vec::new());
        Self {
            rank: evidence.score,
            evidence,
            sentences,
            known,
            priors,
            uses,
            group: Group::All,
            region: Region::International,
        }
    }

    /// The text as the check after the model reads it.
    pub(super) fn source(&self) -> verify::Source<'_> {
        verify::Source {
            id: &self.evidence.passage,
            text: &self.evidence.text,
            sentences: &self.sentences,
            kind: match self.evidence.kind {
                EvidenceKind::Passage => verify::Kind::Passage,
                EvidenceKind::Record => verify::Kind::Record,
                EvidenceKind::Note => verify::Kind::Note,
            },
            group: self.group,
            region: self.region,
        }
    }
}

/// What was found for a question.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// The question in the words that were searched for.
    pub(super) asked: String,
    /// The question as the search has read it; nothing where nothing was searched.
    pub(super) wanted: Option<Wanted<'a>>,
    /// Given to the model, best first.
    pub(super) materials: Vec<Material>,
    /// Found as well.
    pub(super) more: Vec<Evidence>,
    /// The line of the first of them that answers a question about a dose.
    pub(super) dose_line: Option<usize>,
    /// When the answer ends, where the lines have odds of their own.
    pub(super) ends: Option<Ends>,
    /// How likely the line that reads most like the answer's first is that, among all that were read.
    pub(super) read_first: Option<f32>,
    /// What the records say.
    pub(super) doses: Option<Doses>,
    /// How much of the question the best passage covers, 0 to 1.
    pub(super) coverage: f32,
    /// Whether the knowledge base is about something else.
    pub(super) out_of_scope: bool,
    /// How likely it covers the question, 0 to 1.
    pub(super) in_scope: f32,
    /// Words that were read as others.
    pub(super) read_as: Vec<ReadAs>,
    /// The question's vector `[dimensions]`, where there is an encoder.
    pub(super) vector: Option<Vec<f32>>,
}

impl Clinic {
    /// Reads and checks the files.
    pub fn new(files: &ClinicFiles) -> Result<Self, PipelineError> {
        let grounding = Grounding::from_bytes(files.get(GROUNDING).unwrap_or_default())?;
        let triage = files.get(TRIAGE).map(Triage::from_bytes).transpose()?;
        let net = match (files.get(TRIAGE_NET), &triage) {
            (Some(bytes), Some(triage)) => Some(TriageNet::from_bytes(bytes, triage)?),
            _ => None,
        };
        let confidence = files.get(CONFIDENCE).map(Confidence::from_bytes).transpose()?;
        let library = files.get(KNOWLEDGE).map(|bytes| Library::new(bytes, files)).transpose()?;
        let drugs = library.iter().flat_map(|library| library.base().drugs()).flat_map(Drug::all_names);
        let lexicon = verify::Lexicon::new(drugs);
        let phrases = grounding.openings().iter().chain(grounding.connectives()).map(String::as_str);
        let verifier = Verifier::new(lexicon, phrases);
        let abbreviations = files.get(ABBREVIATIONS).map(abbreviations::from_bytes).transpose()?.unwrap_or_default();
        Ok(Self { library, grounding, triage, net, verifier, confidence, abbreviations })
    }

    /// Openings, connectives and boundaries.
    #[must_use]
    pub fn grounding(&self) -> &Grounding {
        &self.grounding
    }

    /// The knowledge base, where one was loaded.
    #[must_use]
    pub fn base(&self) -> Option<&KnowledgeBase> {
        self.library.as_ref().map(Library::base)
    }

    /// What is in it, for the page.
    #[must_use]
    pub fn info(&self) -> LibraryInfo {
        let Some(base) = self.base() else { return LibraryInfo::default() };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        LibraryInfo {
            version: base.version().to_owned(),
            sha256: base.sha256().to_owned(),
            passages: count(base.passages().len() - base.records().len()),
            records: count(base.records().len()),
            abbreviations: self.abbreviations.clone(),
            attributions: base.licences().iter().map(|licence| licence.attribution.clone()).collect(),
        }
    }

    /// The knowledge base with its search, where there is one.
    pub(super) fn library(&self) -> Option<&Library> {
        self.library.as_ref()
    }

    /// What the question names and no cited sentence speaks of, as the search understands both.
    pub(super) fn gaps(&self, question: &str, wanted: Option<&Wanted<'_>>, cited: &[&str]) -> Vec<String> {
        match wanted {
            Some(wanted) => self.verifier.gaps(question, cited, COVERED, wanted.spoken_in(&cited.join("\n"))),
            None => self.verifier.gaps(question, cited, COVERED, |_| Spoken::Missing),
        }
    }

    pub(super) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    pub(super) fn confidence(&self) -> Option<&Confidence> {
        self.confidence.as_ref()
    }

    /// What the rules find in a question and its note.
    pub(super) fn assess(&self, question: &Question) -> Assessment {
        let Some(triage) = &self.triage else { return Assessment::default() };
        // As it was typed: line breaks of a note end a statement.
        let (note, facts) = (question.note().map(Note::original), question.facts().map(Note::original));
        let whole = triage.assess(question.original(), note);
        // All of a note is read, and once more without what is no fact in it: an order between two sentences must not take an alarm away.
        if note == facts {
            return whole;
        }
        triage.joined(whole, triage.assess(question.original(), facts))
    }

    /// Adds what the second net sees in the question's vector, where there is one, and says whether that was anything.
    pub(super) fn suspect(&self, found: &Found<'_>, assessment: &mut Assessment) -> bool {
        let (Some(triage), Some(net), Some(vector)) = (&self.triage, &self.net, &found.vector) else { return false };
        net.assess(vector).is_some_and(|finding| triage.add(&finding, assessment))
    }

    /// Adds the dense side of the search; without a knowledge base there is nothing to search. A second net that is another encoder's is refused.
    pub fn add_retriever(&self, parts: RetrieverParts) -> Result<(), PipelineError> {
        match &self.library {
            Some(library) => library.add_retriever(parts, self.net.as_ref()),
            None => Ok(()),
        }
    }

    /// What the knowledge base holds for a question; the first `limit` are for the model.
    pub(super) fn find(&self, question: &Question, limit: usize) -> Result<Found<'_>, PipelineError> {
        match &self.library {
            Some(library) => library.find(question, limit),
            None => Ok(Found { out_of_scope: true, ..Found::default() }),
        }
    }
}

/// Red flags as the page is told them: alarms first, then what is only asked about.
pub(super) fn alarms(question: &Question, assessment: &Assessment) -> Vec<Alarm> {
    let words = |evidence: &triage::Evidence| {
        let text = match evidence.field {
            Field::Question => question.original(),
            Field::Note => question.note().map(Note::original).unwrap_or_default(),
        };
        text.get(evidence.range.clone()).unwrap_or_default().to_owned()
    };
    let told = |alarm: &triage::Alarm| Alarm {
        kind: match alarm.kind {
            triage::Kind::Alarm => AlarmKind::Alarm,
            triage::Kind::Note => AlarmKind::Note,
        },
        found_by: match alarm.found_by {
            triage::FoundBy::Rule => FoundBy::Rule,
            triage::FoundBy::Net => FoundBy::Net,
        },
        urgency: match alarm.urgency {
            triage::Urgency::Immediate => Urgency::Immediate,
            triage::Urgency::SameDay => Urgency::SameDay,
            triage::Urgency::TwoWeeks => Urgency::TwoWeeks,
        },
        rule: alarm.rule.clone(),
        name: alarm.name.clone(),
        text: alarm.text.clone(),
        source: alarm.source.clone(),
        words: alarm.evidence.iter().map(words).collect(),
    };
    assessment.alarms.iter().chain(&assessment.notes).map(told).collect()
}

impl Found<'_> {
    /// Takes away every text that was found; what the search says of the question stays.
    pub(super) fn put_away(&mut self) {
        self.materials.clear();
        self.more.clear();
        (self.doses, self.dose_line) = (None, None);
    }

    /// The headings nearest to a question that is not covered.
    pub(super) fn topics(&self) -> Vec<Topic> {
        const MOST: usize = 5;
        let evidence = self.materials.iter().map(|material| &material.evidence).chain(&self.more);
        nearest_topics(evidence.map(|piece| (piece, piece.title.as_str())), MOST)
            .into_iter()
            .map(|(piece, title)| Topic { passage: piece.passage.clone(), title: title.to_owned() })
            .collect()
    }
}
