//! The knowledge base with everything that is needed to search it: words, meaning, doses, scope.

use std::cell::OnceCell;
use std::ops::Range;

use mambaformer_clinical::doses::{self, DoseAnswer, DoseIndex};
use mambaformer_clinical::knowledge::{Kind, KnowledgeBase};
use mambaformer_clinical::question::{Note, Question};
use mambaformer_clinical::records::Region;
use mambaformer_clinical::retrieval::dense::Similarities;
use mambaformer_clinical::retrieval::fit::About;
use mambaformer_clinical::retrieval::fusion::{self, fuse};
use mambaformer_clinical::retrieval::index::SearchIndex;
use mambaformer_clinical::retrieval::lexicon::Lexicon;
use mambaformer_clinical::retrieval::lines::Wanted;
use mambaformer_clinical::retrieval::parameters::Parameters;
use mambaformer_clinical::retrieval::read::ReadWeights;
use mambaformer_clinical::scope::{Scope, ScopeModel};
use mambaformer_clinical::triage::net::TriageNet;
use mambaformer_clinical::verify::Group;

use super::PipelineError;
use super::clinic::{ClinicFiles, Found, LEXICON, Material, RETRIEVAL, SCOPE};
use super::priors::{self, Known};
use super::retriever::{Readings, Retriever, RetrieverParts};
use crate::answer::{Citation, DoseColumns, DoseRow, Doses, Evidence, EvidenceKind, ReadAs};

/// Passages shown beside those that the model reads.
const MORE: usize = 6;
/// Hits of the search by words that are put together with those by meaning.
const CANDIDATES: usize = 50;

/// A knowledge base that can be searched.
pub(super) struct Library {
    base: KnowledgeBase,
    index: SearchIndex,
    lexicon: Lexicon,
    parameters: Parameters,
    doses: DoseIndex,
    scope: Option<ScopeModel>,
    retriever: OnceCell<Retriever>,
}

impl Library {
    /// Reads and indexes the knowledge base.
    pub(super) fn new(knowledge: &[u8], files: &ClinicFiles) -> Result<Self, PipelineError> {
        let base = KnowledgeBase::from_bytes(knowledge, None)?;
        let lexicon = files.get(LEXICON).map_or_else(|| Ok(Lexicon::default()), Lexicon::from_bytes)?;
        let parameters =
            Parameters::from_bytes(files.get(RETRIEVAL).ok_or(PipelineError::Missing { file: RETRIEVAL })?)?;
        let scope = files.get(SCOPE).map(ScopeModel::from_bytes).transpose()?;
        let index = SearchIndex::of(&base, &lexicon, parameters.ranking);
        Ok(Self { index, lexicon, parameters, doses: DoseIndex::of(&base), scope, retriever: OnceCell::new(), base })
    }

    /// The knowledge base.
    pub(super) fn base(&self) -> &KnowledgeBase {
        &self.base
    }

    /// Adds the dense side; a second one changes nothing. The net that reads its vectors has to be its own.
    pub(super) fn add_retriever(&self, parts: RetrieverParts, net: Option<&TriageNet>) -> Result<(), PipelineError> {
        let encoder = parts.manifest_sha256.clone();
        let retriever = Retriever::new(parts, &self.base)?;
        net.map_or(Ok(()), |net| net.belongs_to(&encoder, retriever.dimensions()))?;
        let _ = self.retriever.set(retriever);
        Ok(())
    }

    /// What there is for a question; the first `limit` are for the model.
    pub(super) fn find(&self, question: &Question, limit: usize) -> Result<Found<'_>, PipelineError> {
        let entries = self.base.passages().len();
        let (asked, idioms) = self.lexicon.plain(&question.whole());
        let note = question.note().map(Note::text);
        // What gives orders in a note is not searched for: what is asked decides what is shown. Doses read all of it.
        let facts = question.facts().map(Note::text);
        let sense = facts.map(|facts| (facts, self.parameters.note.sense));
        let in_full = || self.lexicon.in_full(&asked);
        let read = self.retriever.get().map(|retriever| retriever.read(&asked, in_full().as_deref(), sense, entries));
        let read = read.transpose()?;
        let nearest = read.as_ref().map(|near| near.nearest);
        let (vector, near) = read.map(|near| (near.vector, near.similarities)).unzip();
        let context = facts.map(|facts| (facts, self.parameters.note.expansion));
        let wanted = Wanted::of(&asked, &self.index);
        let by_words = self.index.search_for(&wanted, context, CANDIDATES);
        let by_sense = near.as_ref().map(|near| near.entries.as_slice());
        let fusion = self.parameters.fusion(facts.is_some());
        let mut ranked = fuse(&by_words.hits, by_sense, fusion, self.parameters.calibration);
        let judgement = self.scope.as_ref().map(|scope| scope.judge(&asked, &by_words, nearest));

        let dose = self.doses.parse_following(question.text(), question.follows(), note);
        let doses = dose.map(|dose| self.doses.answer(&self.base, &dose));
        // The record that answers is read by the model, too, wherever the search ranked it.
        if let Some(row) = doses.as_ref().and_then(|doses| doses.rows.first()) {
            let first = ranked.iter().position(|found| found.entry == row.passage).map(|at| ranked.remove(at));
            let best = ranked.first().map_or(1.0, |found| found.score);
            let found = first.unwrap_or_else(|| fusion::Evidence { confidence: 1.0, ..unranked(row.passage) });
            ranked.insert(0, fusion::Evidence { score: found.score.max(best), ..found });
        }
        let coverage = ranked.iter().take(limit).map(|found| found.coverage).fold(0.0, f32::max);
        ranked.truncate(limit + MORE);
        // Every row of the table can be opened at its record.
        for row in doses.iter().flat_map(|doses| &doses.rows) {
            if !ranked.iter().any(|found| found.entry == row.passage) {
                ranked.push(unranked(row.passage));
            }
        }
        let about = About::read(question.text(), question.follows(), note);
        let best = ranked.first().map_or(0.0, |found| found.score);
        let mut texts: Vec<_> =
            ranked.iter().filter_map(|found| self.material(found).map(|text| (found, text))).collect();
        let more = texts.split_off(limit.min(texts.len()));
        let judge = |(found, text): (&fusion::Evidence, Material)| Material {
            known: self.known(found, best, &wanted, near.as_ref(), &about),
            ..text
        };
        let materials: Vec<Material> = texts.into_iter().map(judge).collect();
        let row = doses.as_ref().and_then(|doses| doses.rows.first());
        let mut all = Found {
            dose_line: row.and_then(|row| line_of(&materials, row)),
            ends: None,
            read_first: None,
            asked,
            // What an answer leaves open is counted on the question itself: the one before has had its answer.
            wanted: Some(if question.follows().is_some() { self.read(question) } else { wanted }),
            vector,
            more: more.into_iter().map(|(_, text)| text.evidence).collect(),
            doses: doses.map(|doses| self.told(&doses)),
            coverage,
            out_of_scope: materials.is_empty()
                || judgement.as_ref().is_some_and(|judgement| judgement.scope == Scope::Out),
            in_scope: judgement.map_or(1.0, |judgement| judgement.probability),
            materials,
            read_as: by_words
                .corrections
                .iter()
                .map(|correction| ReadAs { typed: correction.typed.clone(), read: correction.used.clone() })
                .chain(idioms.into_iter().map(|(typed, read)| ReadAs { typed, read }))
                .collect(),
        };
        priors::by_search(&mut all, self.parameters.lines.enough);
        Ok(all)
    }

    /// Starts to read the question together with each text that was found and with the note; nothing where no encoder was taught to.
    pub(super) fn begin_reading(
        &self,
        question: &Question,
        found: &Found<'_>,
    ) -> Result<Option<Readings<'_>>, PipelineError> {
        let Some(retriever) = self.retriever.get() else { return Ok(None) };
        retriever.begin_reading(&found.asked, question.facts().map(Note::text), &found.materials)
    }

    /// What reading counts.
    pub(super) fn read_weights(&self) -> &ReadWeights {
        &self.parameters.reading
    }

    /// The question as the search reads it.
    pub(super) fn read(&self, question: &Question) -> Wanted<'_> {
        Wanted::of(&self.lexicon.plain(question.text()).0, &self.index)
    }

    /// What the search knows of an entry's lines.
    fn known(
        &self,
        found: &fusion::Evidence,
        best: f32,
        wanted: &Wanted<'_>,
        near: Option<&Similarities>,
        about: &About,
    ) -> Vec<Known> {
        let entry = self.base.passage(found.entry);
        let (title, text) = entry.map_or(("", ""), |entry| (entry.title.as_str(), entry.text.as_str()));
        let told = |bytes: &Range<usize>| text.get(bytes.clone()).unwrap_or_default();
        let sentences = self.base.sentences(found.entry);
        let near = |line| near.and_then(|near| near.line(found.entry, line));
        let lines = sentences.iter().enumerate().map(|(line, bytes)| (told(bytes), near(line)));
        let known = wanted.lines(lines, best - found.score);
        let judge = |(line, bytes)| Known {
            logit: self.parameters.lines.logit(line),
            coverage: line.coverage,
            similarity: line.similarity,
            unfit: about.contradicts(title, told(bytes)),
        };
        known.iter().zip(sentences).map(judge).collect()
    }

    /// What an entry is.
    pub(super) fn evidence_kind(&self, index: usize) -> Option<EvidenceKind> {
        Some(match self.base.kind(index)? {
            Kind::Record(_) => EvidenceKind::Record,
            Kind::Passage(_) | Kind::Quoted => EvidenceKind::Passage,
        })
    }

    /// An entry as it is shown.
    pub(super) fn evidence(&self, index: usize, score: f64) -> Option<Evidence> {
        let passage = self.base.passage(index)?;
        Some(Evidence {
            passage: passage.id.clone(),
            title: passage.title.clone(),
            text: passage.text.clone(),
            source: self.base.credit(index).map(|credit| credit.to_string()).unwrap_or_default(),
            score,
            kind: self.evidence_kind(index)?,
        })
    }

    /// An entry as a text, without priors.
    fn material(&self, found: &fusion::Evidence) -> Option<Material> {
        let (group, region) = match self.base.kind(found.entry)? {
            Kind::Passage(about) => (Group::from_name(&about.population), about.region),
            Kind::Record(record) => (Group::All, record.region),
            Kind::Quoted => (Group::All, Region::International),
        };
        let sentences = self.base.sentences(found.entry).to_vec();
        Some(Material {
            known: Vec::new(),
            priors: Vec::new(),
            uses: Vec::new(),
            evidence: self.evidence(found.entry, f64::from(found.confidence))?,
            // The entry's rank is in its lines' priors.
            rank: 0.0,
            sentences,
            group,
            region,
        })
    }

    fn told(&self, doses: &DoseAnswer) -> Doses {
        let rows = doses.rows.iter().map(|row| {
            let columns = &row.columns;
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            DoseRow {
                citation: Citation {
                    passage: self.base.passage(row.passage).map(|passage| passage.id.clone()).unwrap_or_default(),
                    start: row.bytes.start,
                    end: row.bytes.end,
                },
                line: row.line.clone(),
                columns: DoseColumns {
                    drug: columns.drug.clone(),
                    indication: text(&columns.indication),
                    population: columns.population.clone(),
                    route: text(&columns.route),
                    dose: columns.dose.clone(),
                    frequency: text(&columns.frequency),
                    duration: text(&columns.duration),
                    maximum: text(&columns.maximum),
                    region: columns.region.to_string(),
                },
                remarks: row.remarks.clone(),
                conflicts: row.conflicts.clone(),
                worked: row.worked.clone(),
                source: row.credit.clone(),
            }
        });
        Doses {
            rows: rows.collect(),
            assumed: doses.assumed.iter().map(ToString::to_string).collect(),
            missing: doses.missing.iter().map(ToString::to_string).collect(),
        }
    }
}

/// An entry that neither side of the search found.
fn unranked(entry: usize) -> fusion::Evidence {
    fusion::Evidence { entry, score: 0.0, coverage: 0.0, similarity: None, confidence: 0.0 }
}

/// The line of the first text that is a dose's row.
fn line_of(materials: &[Material], row: &doses::DoseRow) -> Option<usize> {
    let first = materials.first().filter(|first| first.evidence.passage == row.record)?;
    first.sentences.iter().position(|line| *line == row.bytes)
}
