//! The spans a grounded answer may be made of: the sentences or clauses of what the prompt holds, openings and connectives.

use std::ops::Range;

use mambaformer_clinical::grounding::{Boundary, Grounding};
use mambaformer_clinical::question::Note;
use mambaformer_clinical::text::sentences::{clauses, sentences};
use mambaformer_model::generate::{SourceUnit, Sources, UnitOrigin};
use mambaformer_model::prompt::{Part, Prompt};
use mambaformer_model::tokenizer::{Tokenizer, TokenizerError};

use crate::answer::Evidence;

/// Cuts the texts of a prompt into units.
pub(super) fn sources(
    prompt: &Prompt,
    evidence: &[Evidence],
    note: Option<&Note>,
    grounding: &Grounding,
    tokenizer: &Tokenizer,
) -> Result<Sources, TokenizerError> {
    let mut units = Vec::new();
    for (index, placed) in prompt.texts.iter().enumerate() {
        let (text, ranges) = match placed.part {
            Part::Text(passage) => {
                let Some(passage) = evidence.get(passage) else { continue };
                (passage.text.as_str(), sentences(&passage.text))
            }
            Part::Note => {
                let Some(note) = note else { continue };
                (note.text(), note.sentences().to_vec())
            }
            Part::Mark | Part::Question | Part::Title(_) => continue,
        };
        for bytes in cut(text, ranges, grounding.boundary()) {
            let Some(positions) = placed.positions(&bytes) else { continue };
            units.push(SourceUnit {
                origin: UnitOrigin::Text { text: index, position: positions.start },
                ids: prompt.ids[positions].to_vec(),
                bytes,
            });
        }
    }
    for opening in grounding.openings() {
        units.push(listed(UnitOrigin::Opening, opening, tokenizer)?);
    }
    // Between whole sentences a connective would stand before a capital letter; it joins clauses only.
    if grounding.boundary() == Boundary::Clause {
        for connective in grounding.connectives() {
            units.push(listed(UnitOrigin::Connective, connective, tokenizer)?);
        }
    }
    Ok(Sources::new(units))
}

fn cut(text: &str, sentences: Vec<Range<usize>>, boundary: Boundary) -> Vec<Range<usize>> {
    match boundary {
        Boundary::Sentence => sentences,
        Boundary::Clause => sentences.into_iter().flat_map(|sentence| clauses(text, sentence)).collect(),
    }
}

fn listed(origin: UnitOrigin, text: &str, tokenizer: &Tokenizer) -> Result<SourceUnit, TokenizerError> {
    let ids = tokenizer.encode(text)?.iter().map(|token| token.id).collect();
    Ok(SourceUnit { origin, ids, bytes: 0..text.len() })
}
