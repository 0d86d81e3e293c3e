//! The spans a grounded answer may be made of: the sentences or clauses of what the prompt holds, openings and connectives.

use std::ops::Range;

use mambaformer_clinical::grounding::{Boundary, Grounding};
use mambaformer_clinical::question::Note;
use mambaformer_clinical::text::sentences::clauses;
use mambaformer_model::generate::{ModelWeight, SourceUnit, Sources, UnitOrigin};
use mambaformer_model::prompt::{Part, Prompt};
use mambaformer_model::tokenizer::{Tokenizer, TokenizerError};

use super::clinic::Material;
use crate::answer::EvidenceKind;

/// Of texts that came with the question: difference in their scores (0 to 1) that makes one e times less likely to be where a sentence is
/// taken from. The lines of what was found have priors of their own (`retrieval::lines`).
const SCORE_SCALE: f64 = 0.1;

/// What the end of an answer counts beside the sentences that could follow, see `GroundedOptions::end_prior`, where the texts came with the question
/// or a record's line answers it. Lines that were searched for have odds of their own, see `priors`.
pub(super) const END_PRIOR: f32 = 0.2;

/// The prior of a sentence of the patient's note that was not read together with the question, as a share of the end's: what was pasted is
/// known, and an answer of the note alone says nothing new.
const NOTE: f32 = 0.5;

/// How much the model's choice counts beside retrieval's, see `GroundedOptions::model_weight`. Measured for the weights that ship, on 841
/// validation questions: the answer begins with the right source in 60.8 % without the model and in 63.5 % with its choice of the first sentence;
/// on 1,670 test questions in 59.6 % and 59.5 %. What follows the first sentence it has not learnt to choose: weighed there, it ends answers too
/// soon. To be measured again with other weights (`eval answers --model-weight`).
pub(super) const MODEL_WEIGHT: ModelWeight = ModelWeight { first: 1.0, then: 0.0 };

/// Cuts the texts of a prompt into units. `materials` are the prompt's passages in their order, `end_prior` is what the end counts.
pub(super) fn sources(
    prompt: &Prompt,
    materials: &[Material],
    note: Option<&Note>,
    grounding: &Grounding,
    tokenizer: &Tokenizer,
    end_prior: f32,
) -> Result<Sources, TokenizerError> {
    let best = materials.iter().map(|material| material.rank).fold(f64::NEG_INFINITY, f64::max);
    let mut units = Vec::new();
    for (index, placed) in prompt.texts.iter().enumerate() {
        let (text, sentences): (&str, Vec<(Range<usize>, f32)>) = match placed.part {
            Part::Text(passage) => {
                let Some(material) = materials.get(passage) else { continue };
                let prior = prior(material.rank, best);
                let priors = material.priors.iter().map(|own| own * prior);
                (material.evidence.text.as_str(), material.sentences.iter().cloned().zip(priors).collect())
            }
            Part::Note => {
                let Some(note) = note else { continue };
                let own = materials.iter().find(|own| own.evidence.kind == EvidenceKind::Note);
                let prior = |line| own.and_then(|own| own.priors.get(line)).copied().unwrap_or(NOTE * end_prior);
                let lines = note.sentences().iter().enumerate();
                (note.text(), lines.map(|(line, bytes)| (bytes.clone(), prior(line))).collect())
            }
            Part::Mark | Part::Question | Part::Title(_) => continue,
        };
        for (sentence, prior) in sentences {
            for bytes in cut(text, sentence, grounding.boundary()) {
                let Some(positions) = placed.positions(&bytes) else { continue };
                units.push(SourceUnit {
                    origin: UnitOrigin::Text { text: index, position: positions.start },
                    ids: prompt.ids[positions].to_vec(),
                    bytes,
                    prior,
                });
            }
        }
    }
    for opening in grounding.openings() {
        units.push(listed(UnitOrigin::Opening, opening, tokenizer)?);
    }
    for connective in grounding.connectives() {
        units.push(listed(UnitOrigin::Connective, connective, tokenizer)?);
    }
    Ok(Sources::new(units))
}

/// Falls by e for every [`SCORE_SCALE`] below the best; texts of one score are equal.
#[allow(clippy::cast_possible_truncation)] // a factor of 0..=1
fn prior(score: f64, best: f64) -> f32 {
    ((score - best) / SCORE_SCALE).exp() as f32
}

fn cut(text: &str, sentence: Range<usize>, boundary: Boundary) -> Vec<Range<usize>> {
    match boundary {
        Boundary::Sentence => vec![sentence],
        Boundary::Clause => clauses(text, sentence),
    }
}

fn listed(origin: UnitOrigin, text: &str, tokenizer: &Tokenizer) -> Result<SourceUnit, TokenizerError> {
    let ids = tokenizer.encode(text)?.iter().map(|token| token.id).collect();
    Ok(SourceUnit { origin, ids, bytes: 0..text.len(), prior: 1.0 })
}
