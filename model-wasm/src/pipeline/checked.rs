//! The answer's sentences on their way from the decoder to the page: each is checked against its sources before it is told.

use std::ops::Range;

use mambaformer_clinical::verify::{Draft, Span, Verdict, Verifier};

use super::clinic::Material;
use super::composition::Composition;
use crate::answer::{Checked, Citation, EvidenceKind};
use crate::protocol::Event;

/// A sentence as the decoder wrote it.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    /// The material and the bytes it was copied from; `None` for an opening.
    span: Option<(usize, Range<usize>)>,
}

/// The sentences so far and what the check said.
#[derive(Debug, Default)]
pub(super) struct Sentences {
    written: Vec<Written>,
    pub(super) checked: Checked,
    /// Sentences told that cite evidence; a note's are none.
    pub(super) evidence: usize,
    /// The bytes told of each material.
    told: Vec<(usize, Range<usize>)>,
}

impl Sentences {
    /// Takes in a sentence, checks it in the light of those before it, and tells what holds.
    pub(super) fn push(
        &mut self,
        text: String,
        span: Option<(usize, Range<usize>)>,
        materials: &[Material],
        verifier: &Verifier,
        answer: &mut Composition,
        id: &str,
    ) -> Vec<Event> {
        self.written.push(Written { text, span });
        let drafts: Vec<Draft<'_>> = self
            .written
            .iter()
            .map(|written| Draft {
                text: &written.text,
                spans: written
                    .span
                    .iter()
                    .filter_map(|(index, range)| {
                        Some(Span { source: materials.get(*index)?.source(), range: range.clone() })
                    })
                    .collect(),
            })
            .collect();
        let verdict = verifier.check(&drafts).pop();
        let Some(written) = self.written.last() else { return Vec::new() };
        match verdict {
            Some(Verdict::Holds) | None => match &written.span {
                None => vec![answer.push(id, &written.text, None)],
                Some((index, range)) => {
                    let (index, range) = (*index, range.clone());
                    self.tell(index, range, materials, answer, id).into_iter().collect()
                }
            },
            Some(Verdict::Repaired { extend, reason }) => {
                self.checked.repaired.push(reason.to_string());
                let spans: Vec<(usize, Range<usize>)> = extend
                    .iter()
                    .filter_map(|span| {
                        let index = materials.iter().position(|own| own.evidence.passage == span.source.id)?;
                        Some((index, span.range.clone()))
                    })
                    .collect();
                spans.into_iter().filter_map(|(index, range)| self.tell(index, range, materials, answer, id)).collect()
            }
            Some(Verdict::Withheld { reason }) => {
                self.checked.withheld.push(reason.to_string());
                Vec::new()
            }
        }
    }

    fn tell(
        &mut self,
        index: usize,
        range: Range<usize>,
        materials: &[Material],
        answer: &mut Composition,
        id: &str,
    ) -> Option<Event> {
        // What a repair puts before a sentence may have been told already.
        let known =
            |(own, told): &(usize, Range<usize>)| *own == index && told.start <= range.start && range.end <= told.end;
        if self.told.iter().any(known) {
            return None;
        }
        let material = materials.get(index)?;
        let piece = material.evidence.text.get(range.clone())?;
        let citation = Citation { passage: material.evidence.passage.clone(), start: range.start, end: range.end };
        self.evidence += usize::from(material.evidence.kind != EvidenceKind::Note);
        self.told.push((index, range));
        Some(answer.push(id, piece, Some(citation)))
    }

    /// What was told of evidence: material and bytes, in order.
    pub(super) fn told(&self) -> &[(usize, Range<usize>)] {
        &self.told
    }

    /// Sentences the decoder wrote.
    pub(super) fn written(&self) -> usize {
        self.written.len()
    }
}
