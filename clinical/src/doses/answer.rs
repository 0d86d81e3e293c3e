//! The rows that answer a question, what was assumed, and what is not there.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::index::{DoseIndex, Entry, SHARE_ALONE, forms, shares_purpose};
use super::patient::{Condition, Patient};
use super::question::DoseQuestion;
use super::worked::work_out;
use crate::knowledge::{Credit, KnowledgeBase};
use crate::records::{Population, Record, Region, Row};

/// The most rows of an answer.
pub const MAX_ROWS: usize = 6;
/// What a record of a region that was asked for gains over one that holds everywhere.
const OWN_REGION: f32 = 1.0;
/// What a record for exactly this age or weight gains.
const EXACT: f32 = 2.0;
/// What a record gains that holds for the age at which a child usually has the weight that is known.
const USUAL_AGE: f32 = 1.5;
/// What the drug that is named first gains: the others are often what it is given with.
const FIRST_DRUG: f32 = 2.0;
/// What a combination loses that holds a drug nobody asked for.
const OTHER_DRUG: f32 = 4.0;

/// A row, with everything a table has to show.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseRow {
    /// The record.
    pub record: String,
    /// Its place among [`KnowledgeBase::passages`], for a citation.
    pub passage: usize,
    /// The bytes of the line in that passage's text.
    pub bytes: Range<usize>,
    /// The line by the one formatter.
    pub line: String,
    /// Other records that say the same: drug, patient, region, route and dose.
    pub also: Vec<String>,
    /// The line in columns.
    pub columns: Row,
    /// What else to heed: those that question or note give cause for first.
    pub remarks: Vec<String>,
    /// What question or note name and the record is not for: "penicillin allergy".
    pub conflicts: Vec<String>,
    /// What it comes to at the body weight that question or note name, or why that is not worked out.
    pub worked: Option<String>,
    /// What it rests on, whose words it is, whether it was reviewed.
    pub credit: String,
}

/// Something the question left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumption {
    /// Nobody said whom it is for.
    Adult,
    /// Nobody said where; the rows name their regions.
    AnyRegion,
    /// A child of unknown age: rows of several ages.
    AnyAge,
    /// A child of unknown age and known weight: rows of the ages that it may have.
    AgeByWeight,
    /// No row is for what the question names.
    OtherPurpose,
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Assumption::Adult => "Assumes an adult; name the age or weight of a child.",
            Assumption::AnyRegion => "No region was named; each row names its own.",
            Assumption::OtherPurpose => {
                "No row is for the purpose that the question names; each row says what it is for."
            }
            Assumption::AgeByWeight => {
                "The child's age was not named. Rows for ages at which a child hardly has this weight are left out; each row names the ages \
                 it holds for."
            }
            Assumption::AnyAge => "The child's age was not named; each row names the ages it holds for.",
        })
    }
}

/// Something that was asked and is not there.
#[derive(Debug, Clone, PartialEq)]
pub enum Missing {
    /// No record of the drug at all.
    Drug(String),
    /// Records of the drug, none for this patient.
    Patient {
        /// The drug.
        drug: String,
        /// Whom it was asked for.
        patient: Patient,
    },
    /// Records of the drug for this patient, none of this region; those of others are shown.
    Region {
        /// The drug.
        drug: String,
        /// Where.
        region: Region,
    },
    /// The rows say nothing about this.
    Condition(Condition),
    /// No record fits, whatever the drug.
    Purpose,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Drug(drug) => write!(f, "There is no dose record of {drug}."),
            Missing::Patient { drug, patient } => {
                write!(f, "There is no dose record of {drug} for {patient}; no other dose is shown in its place.")
            }
            Missing::Region { drug, region } => {
                write!(f, "There is no dose record of {drug} for this patient from the {region}; others are shown.")
            }
            Missing::Condition(condition) => write!(f, "The records shown say nothing about {condition}."),
            Missing::Purpose => f.write_str("No dose record fits this question."),
        }
    }
}

/// The answer to a question about a dose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DoseAnswer {
    /// The rows, best first.
    pub rows: Vec<DoseRow>,
    /// What was assumed.
    pub assumed: Vec<Assumption>,
    /// What is not there.
    pub missing: Vec<Missing>,
}

impl DoseIndex {
    /// The rows that answer `question`, from the knowledge base that this index was made of.
    #[must_use]
    pub fn answer(&self, base: &KnowledgeBase, question: &DoseQuestion) -> DoseAnswer {
        let asked = self.terms_of(&question.words);
        let mut answer = DoseAnswer::default();
        let mut ranked: Vec<(f32, &Entry, &Record)> = Vec::new();
        if question.drugs.is_empty() {
            let (rows, _) = self.rows_of(base, question, &asked, None);
            ranked.extend(rows);
            if ranked.is_empty() {
                answer.missing.push(Missing::Purpose);
            }
        }
        for drug in self.asked_drugs(question, base) {
            let (rows, missing) = self.rows_of(base, question, &asked, Some(drug));
            ranked.extend(rows);
            if let Some(missing) = missing
                && !answer.missing.contains(&missing)
            {
                answer.missing.push(missing);
            }
        }
        ranked.sort_by(|(a, first, _), (b, second, _)| b.total_cmp(a).then(first.record.cmp(&second.record)));
        let mut seen = BTreeSet::new();
        ranked.retain(|(_, entry, _)| seen.insert(entry.record));
        let said = self.terms_of(&[question.words.clone(), question.note.clone()].concat());
        let mut shown: Vec<&Record> = Vec::new();
        for (_, entry, record) in &ranked {
            let Some(row) = row(base, entry, record, question, &said) else { continue };
            let same = answer.rows.iter_mut().zip(&shown).find(|(other, first)| {
                self.lexicon().drugs_of(record.drug().unwrap_or_default())
                    == self.lexicon().drugs_of(first.drug().unwrap_or_default())
                    && says_the_same(&other.columns, &row.columns)
            });
            if let Some((other, _)) = same {
                other.also.push(row.record);
            } else if shown.len() < MAX_ROWS {
                answer.rows.push(row);
                shown.push(record);
            }
        }
        work_out(&mut answer.rows, &shown, base.records(), &question.patient);
        let for_this = ranked.iter().any(|(_, entry, _)| shares_purpose(entry, &asked));
        let says_purpose = answer.rows.iter().any(|row| row.columns.indication.is_some());
        if says_purpose && !for_this && self.names_purpose(&asked) {
            answer.assumed.push(Assumption::OtherPurpose);
        }
        assumptions(&mut answer, question, &shown);
        answer
    }

    /// The drugs to show rows of: a vasoconstrictor beside a local anaesthetic is part of its solution.
    fn asked_drugs(&self, question: &DoseQuestion, base: &KnowledgeBase) -> Vec<usize> {
        let is_solution = |drug: usize| {
            self.entries.iter().any(|entry| {
                entry.drugs.contains(&drug)
                    && base.records().get(entry.record).is_some_and(Record::is_local_anaesthetic)
            })
        };
        let all = question.drugs.iter().chain(&question.others);
        let any_solution = all.copied().any(is_solution);
        let mut drugs: Vec<usize> = Vec::new();
        for drug in question.drugs.iter().copied() {
            let name = base.drugs().get(drug).map_or("", |drug| drug.name.as_str());
            let constricts = matches!(name, "adrenaline" | "levonordefrin" | "felypressin");
            if !(drugs.contains(&drug) || any_solution && constricts) {
                drugs.push(drug);
            }
        }
        if drugs.is_empty() && !question.drugs.is_empty() {
            drugs.extend(question.others.iter().copied().filter(|drug| is_solution(*drug)));
        }
        drugs
    }

    /// The records of a drug, or of any, for the patient and the region of `question`, with their scores.
    fn rows_of<'a>(
        &'a self,
        base: &'a KnowledgeBase,
        question: &DoseQuestion,
        asked: &[usize],
        drug: Option<usize>,
    ) -> (Vec<(f32, &'a Entry, &'a Record)>, Option<Missing>) {
        let name = || drug.and_then(|drug| base.drugs().get(drug)).map_or_else(String::new, |drug| drug.name.clone());
        let of_drug: Vec<(&Entry, &Record)> = (self.entries.iter())
            .filter(|entry| drug.is_none_or(|drug| entry.drugs.contains(&drug)))
            .filter_map(|entry| Some((entry, base.records().get(entry.record)?)))
            .collect();
        if of_drug.is_empty() {
            return (Vec::new(), Some(Missing::Drug(name())));
        }
        let asked_forms = forms(&question.words);
        let in_form: Vec<(&Entry, &Record)> = of_drug
            .iter()
            .copied()
            .filter(|(entry, _)| asked_forms.iter().any(|form| entry.forms.contains(form)))
            .collect();
        let of_drug = if in_form.is_empty() { of_drug } else { in_form };
        let mut fitting = of_drug.clone();
        fitting.retain(|(entry, record)| is_for(entry, record, &question.patient));
        let nobody = question.patient.population.is_none();
        if nobody && (fitting.is_empty() || question.by_weight) {
            // Nobody said that it is for an adult: a drug for children alone, or a dose by weight, may be meant for a child.
            fitting = of_drug;
        }
        if fitting.is_empty() {
            return (Vec::new(), Some(Missing::Patient { drug: name(), patient: question.patient.clone() }));
        }
        let (fitting, missing) = in_regions(fitting, &question.regions);
        let missing = missing.map(|region| Missing::Region { drug: name(), region });
        let scored = fitting.into_iter().map(|(entry, record)| {
            let mut score = self.score(entry, asked);
            if question.regions.contains(&record.region) {
                score += OWN_REGION;
            }
            let (population, ages) = record.whom().unwrap_or((Population::All, None));
            let by_age = question.patient.age_years.is_some() && ages.is_some();
            let by_weight = question.patient.weight_kg.is_some() && entry.weights.is_some();
            let per_kg = question.by_weight && record.row().is_some_and(|row| row.dose.contains("/kg"));
            if by_age || by_weight || per_kg || question.patient.population.is_some_and(|asked| asked == population) {
                score += EXACT;
            }
            if ages.is_some_and(|ages| question.patient.is_usual(ages)) {
                score += USUAL_AGE;
            }
            if drug.is_some() {
                let others = entry.drugs.iter().filter(|drug| !question.drugs.contains(drug)).count();
                if others > 0 {
                    score -= OTHER_DRUG;
                }
                if question.drugs.first() == drug.as_ref() {
                    score += FIRST_DRUG;
                }
            }
            (score, entry, record)
        });
        let mut scored: Vec<_> = scored.collect();
        if drug.is_none() {
            // Without a drug only what shares the purpose is shown.
            let best = scored.iter().map(|(score, ..)| *score).fold(0.0, f32::max);
            scored.retain(|(score, ..)| *score > 0.0 && *score >= best * SHARE_ALONE);
        }
        (scored, if drug.is_some() { missing } else { None })
    }
}

/// Whether a record is for this patient.
fn is_for(entry: &Entry, record: &Record, patient: &Patient) -> bool {
    let Some((population, ages)) = record.whom() else { return false };
    let weighs = match (entry.weights, patient.weight_kg) {
        (Some((from, to)), Some(kg)) => from <= kg && kg <= to,
        _ => true,
    };
    weighs && patient.fits(population, ages)
}

type Found<'a> = Vec<(&'a Entry, &'a Record)>;

/// Those of the regions that were asked for and those that hold everywhere; all of them, and the region, where there are none.
fn in_regions<'a>(fitting: Found<'a>, regions: &[Region]) -> (Found<'a>, Option<Region>) {
    let holds = |record: &Record| regions.contains(&record.region) || record.region == Region::International;
    let Some(first) = regions.first() else { return (fitting, None) };
    let own: Found<'a> = fitting.iter().copied().filter(|(_, record)| holds(record)).collect();
    if own.is_empty() { (fitting, Some(*first)) } else { (own, None) }
}

fn row(
    base: &KnowledgeBase,
    entry: &Entry,
    record: &Record,
    question: &DoseQuestion,
    said: &[usize],
) -> Option<DoseRow> {
    let bytes = base.sentences(entry.passage).first()?.clone();
    let line = base.passage(entry.passage)?.text.get(bytes.clone())?.to_owned();
    let mut remarks = record.remarks();
    let is_cause =
        |remark: &String| question.patient.conditions.iter().any(|condition| remark.starts_with(condition.heading()));
    remarks.sort_by_key(|remark| !is_cause(remark));
    let conflicts = (entry.excluded.iter())
        .filter(|(_, terms)| !terms.is_empty() && terms.iter().all(|term| said.binary_search(term).is_ok()))
        .map(|(phrase, _)| phrase.clone())
        .collect();
    Some(DoseRow {
        record: record.id.clone(),
        passage: entry.passage,
        bytes,
        line,
        also: Vec::new(),
        columns: record.row()?,
        remarks,
        conflicts,
        worked: None,
        credit: Credit::of(record).to_string(),
    })
}

/// Whether two rows of a drug tell the same dose for the same people; a maximum that one of them leaves out is no difference,
/// another maximum is.
fn says_the_same(a: &Row, b: &Row) -> bool {
    let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    (&a.population, a.region, &a.route, &a.dose) == (&b.population, b.region, &b.route, &b.dose)
        && a.drug == b.drug
        && agree(&a.frequency, &b.frequency)
        && agree(&a.duration, &b.duration)
        && agree(&a.maximum, &b.maximum)
        && a.indication.is_some() == b.indication.is_some()
}

fn assumptions(answer: &mut DoseAnswer, question: &DoseQuestion, shown: &[&Record]) {
    if answer.rows.is_empty() {
        return;
    }
    let mut populations = shown.iter().filter_map(|record| record.whom().map(|(population, _)| population));
    let patient = &question.patient;
    if patient.population.is_none() && populations.any(|population| population == Population::Adult) {
        answer.assumed.push(Assumption::Adult);
    }
    if patient.population == Some(Population::Child) && patient.age_years.is_none() {
        let by_weight = patient.ages_by_weight().is_some();
        answer.assumed.push(if by_weight { Assumption::AgeByWeight } else { Assumption::AnyAge });
    }
    let regions: BTreeSet<Region> = shown.iter().map(|record| record.region).collect();
    if question.regions.is_empty() && regions.len() > 1 {
        answer.assumed.push(Assumption::AnyRegion);
    }
    for condition in &patient.conditions {
        let speaks = |row: &DoseRow| row.remarks.iter().any(|remark| remark.starts_with(condition.heading()));
        if !answer.rows.iter().any(speaks) {
            answer.missing.push(Missing::Condition(*condition));
        }
    }
}
