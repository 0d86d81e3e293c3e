//! Distributions of a model over prompts whose answers are forced token by token.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mambaformer_model::certificate::Fidelity;
use mambaformer_model::prompt::{Part, PassageText, Prompt};
use mambaformer_model::tokenizer::Tokenizer;
use mambaformer_model::weights::Weights;
use mambaformer_model::{Expert, MambaFormer, Routing};
use serde::Deserialize;

use crate::clinical::labelled;

/// A prompt with its answer, as tokens.
pub(super) struct Item {
    prompt: Vec<u32>,
    question: Vec<u32>,
    answer: Vec<u32>,
}

#[derive(Deserialize)]
struct Passage {
    id: String,
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Question {
    #[serde(rename = "question")]
    text: String,
    answer: String,
    cluster: String,
    split: String,
    sentences: Vec<Cited>,
}

#[derive(Deserialize)]
struct Cited {
    passages: Vec<String>,
}

/// Questions of a split, one of each cluster of paraphrases, each with the passages of its answer.
pub(super) fn items(data: &Path, weights: &Weights, split: &str, most: usize) -> Result<Vec<Item>> {
    let config = weights.config().clone();
    let tokenizer = Tokenizer::from_bytes(&weights.clone().take_tokenizer(), config.vocab_size)?;
    let passages: BTreeMap<String, Passage> = labelled::folder::<Passage>(&data.join("knowledge"))?
        .into_iter()
        .map(|passage| (passage.id.clone(), passage))
        .collect();
    let (mut items, mut clusters) = (Vec::new(), Vec::new());
    for question in labelled::folder::<Question>(&data.join("dentalqa"))? {
        if items.len() == most {
            break;
        }
        if question.split != split || clusters.contains(&question.cluster) {
            continue;
        }
        let mut used: Vec<&Passage> = Vec::new();
        for passage in question.sentences.iter().flat_map(|sentence| &sentence.passages) {
            used.extend(passages.get(passage).filter(|passage| !used.iter().any(|known| known.id == passage.id)));
        }
        if used.is_empty() {
            continue;
        }
        let given: Vec<PassageText> =
            used.iter().map(|passage| PassageText { title: &passage.title, text: &passage.text }).collect();
        let prompt = Prompt::build(&config, &tokenizer, &question.text, None, &given)
            .with_context(|| format!("`{}` makes no prompt", question.text))?;
        let asked = prompt.ids.iter().zip(&prompt.parts).filter(|(_, part)| **part == Part::Question);
        let mut answer: Vec<u32> = tokenizer.encode(&question.answer)?.iter().map(|token| token.id).collect();
        answer.push(config.eos_token_id);
        let question_ids = asked.map(|(id, _)| *id).collect();
        clusters.push(question.cluster);
        items.push(Item { prompt: prompt.ids, question: question_ids, answer });
    }
    if items.is_empty() {
        bail!("{} has no questions of the split `{split}` with passages", data.display());
    }
    Ok(items)
}

/// What a model said of one item.
pub(super) struct Said {
    experts: Vec<Expert>,
    /// One a token of the answer.
    tokens: Vec<Vec<f32>>,
    /// The same of the pointer; empty without copy head.
    pointers: Vec<Vec<f32>>,
}

/// Runs a model over items.
pub(super) fn say(model: &MambaFormer, items: &[Item]) -> Result<Vec<Said>> {
    items.iter().map(|item| say_one(model, item)).collect()
}

fn say_one(model: &MambaFormer, item: &Item) -> Result<Said> {
    let encoded = model.encode(&item.prompt, Routing::default())?;
    let mut state = model.begin_decoding(&encoded)?;
    let start = model.config().decoder_start(&item.question);
    let mut z = model.decode(&mut state, &start)?.narrow(0, start.len() - 1, 1)?;
    let (mut tokens, mut pointers) = (Vec::new(), Vec::new());
    for token in &item.answer {
        let mixture = model.mixture(&z, &state, &item.prompt)?;
        tokens.push(mixture.probabilities);
        pointers.extend(mixture.pointer.map(|pointer| pointer.attention));
        z = model.decode(&mut state, &[*token])?;
    }
    Ok(Said { experts: encoded.decisions.experts.clone(), tokens, pointers })
}

/// Sums over distributions.
#[derive(Default)]
struct Sums {
    compared: u32,
    same_top: u32,
    kl: f64,
    largest: f64,
}

impl Sums {
    fn add(&mut self, original: &[f32], packed: &[f32]) {
        let kl = divergence(original, packed);
        self.compared += 1;
        self.same_top += u32::from(top(original) == top(packed));
        self.kl += kl;
        self.largest = self.largest.max(kl);
    }

    fn fidelity(&self) -> Option<Fidelity> {
        let rounded = |value: f64| (value * 1e7).round() / 1e7;
        (self.compared > 0).then(|| Fidelity {
            compared: self.compared,
            same_top: self.same_top,
            kl_nats: rounded(self.kl / f64::from(self.compared)),
            largest_kl_nats: rounded(self.largest),
        })
    }
}

/// What differs between two models.
pub(super) struct Compared {
    pub(super) tokens: Fidelity,
    pub(super) pointers: Option<Fidelity>,
    pub(super) routed: u32,
    pub(super) routed_differently: u32,
}

/// Holds the packed model's distributions against the original's.
pub(super) fn compare(original: &[Said], packed: &[Said]) -> Result<Compared> {
    let (mut tokens, mut pointers) = (Sums::default(), Sums::default());
    let (mut routed, mut routed_differently) = (0, 0);
    for (original, packed) in original.iter().zip(packed) {
        for (original, packed) in original.tokens.iter().zip(&packed.tokens) {
            tokens.add(original, packed);
        }
        for (original, packed) in original.pointers.iter().zip(&packed.pointers) {
            pointers.add(original, packed);
        }
        for (original, packed) in original.experts.iter().zip(&packed.experts) {
            routed += 1;
            routed_differently += u32::from(original != packed);
        }
    }
    let tokens = tokens.fidelity().context("nothing was compared")?;
    Ok(Compared { tokens, pointers: pointers.fidelity(), routed, routed_differently })
}

/// KL(p || q) in nats. What q has lost altogether counts as the smallest number above zero.
fn divergence(p: &[f32], q: &[f32]) -> f64 {
    let part = |(&p, &q): (&f32, &f32)| {
        let (p, q) = (f64::from(p), f64::from(q.max(f32::MIN_POSITIVE)));
        if p > 0.0 { p * (p / q).ln() } else { 0.0 }
    };
    p.iter().zip(q).map(part).sum::<f64>().max(0.0)
}

/// The first of the largest.
fn top(values: &[f32]) -> Option<usize> {
    (0..values.len()).reduce(|best, at| if values[at] > values[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_is_zero_for_the_same_and_grows_with_the_distance() {
        let p = [0.5, 0.25, 0.25];
        assert!(divergence(&p, &p).abs() < 1e-12);
        let near = divergence(&p, &[0.45, 0.3, 0.25]);
        let far = divergence(&p, &[0.1, 0.1, 0.8]);
        assert!(0.0 < near && near < far, "{near} {far}");
        // 0.5 ln 2 + 0.5 ln(2/3), by hand.
        assert!((divergence(&[0.5, 0.5], &[0.25, 0.75]) - 0.143_841_036).abs() < 1e-6);
        assert!(divergence(&[1.0, 0.0], &[0.0, 1.0]).is_finite());
    }

    #[test]
    fn what_differs_is_counted() {
        let said = |experts, token: [f32; 2], pointers| Said { experts, tokens: vec![token.to_vec()], pointers };
        let one = said(vec![Expert::Et5, Expert::EMamba], [0.75, 0.25], vec![vec![1.0]]);
        let other = said(vec![Expert::Et5, Expert::Et5], [0.25, 0.75], vec![vec![1.0]]);
        let found = compare(&[one], &[other]).unwrap();
        assert_eq!((found.routed, found.routed_differently), (2, 1));
        assert_eq!((found.tokens.compared, found.tokens.same_top), (1, 0));
        assert_eq!(found.pointers.map(|pointers| (pointers.same_top, pointers.kl_nats)), Some((1, 0.0)));
        assert!((found.tokens.kl_nats - 0.5 * 3.0_f64.ln()).abs() < 1e-6);
    }
}
