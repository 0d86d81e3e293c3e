//! The model alone in the browser, to be timed by `tests/speed/model.mjs`: so many tokens in, so many out, whatever they say. Not part
//! of what ships.
#![cfg(target_arch = "wasm32")]

use mambaformer_model::generate::{GroundedDecoder, GroundedOptions, GroundedStep, ModelWeight};
use mambaformer_model::random::question;
use mambaformer_model::weights::Weights;
use mambaformer_model::{Encoded, Expert, MambaFormer, Routing};
use wasm_bindgen::prelude::*;

/// A model without a pipeline.
#[wasm_bindgen]
pub struct Bench {
    model: MambaFormer,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

#[wasm_bindgen]
impl Bench {
    /// From the three files of a model folder.
    #[wasm_bindgen(constructor)]
    pub fn new(manifest: &[u8], weights: &[u8], tokenizer: &[u8]) -> Result<Bench, JsError> {
        let mut weights = Weights::from_parts(manifest, weights, tokenizer)?;
        let config = weights.config().clone();
        Ok(Self { model: MambaFormer::load(&config, &mut weights)? })
    }

    /// Reads a prompt of `tokens_in` tokens and generates `tokens_out` freely, the likeliest each time, the end token like any other.
    /// `expert`: 0 for ET5 alone, 1 for EMamba alone, anything else for the gate's choice. Returns milliseconds: prompt, first token
    /// (from the end of the prompt), all other tokens, the longest step of the prompt; and a number made of the tokens.
    pub fn run(&self, tokens_in: usize, tokens_out: usize, expert: u32) -> Result<Vec<f64>, JsError> {
        let (ids, _) = question(self.model.config(), tokens_in);
        let started = now();
        let (encoded, longest) = self.read(&ids, expert)?;
        let read = now();
        let mut state = self.model.begin_decoding(&encoded)?;
        let mut token = self.model.config().decoder_start_token_id;
        let mut first = read;
        let mut fingerprint = 0.0;
        for index in 0..tokens_out {
            let z = self.model.decode(&mut state, &[token])?;
            let mixture = self.model.mixture(&z, &state, &ids)?;
            let likeliest = mixture.probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            token = u32::try_from(likeliest.map_or(0, |(id, _)| id))?;
            fingerprint = (fingerprint * 31.0 + f64::from(token)) % 1e9;
            if index == 0 {
                first = now();
            }
        }
        Ok(vec![read - started, first - read, now() - first, longest, fingerprint])
    }

    /// Answers with whole sentences of the prompt, `tokens_out` tokens of them, as the assistant does. Returns the same times (the first
    /// token's is the first sentence's) and how often the model was asked.
    pub fn answer(&self, tokens_in: usize, tokens_out: usize, expert: u32) -> Result<Vec<f64>, JsError> {
        let (ids, sources) = question(self.model.config(), tokens_in);
        let started = now();
        let (encoded, longest) = self.read(&ids, expert)?;
        let read = now();
        let options = GroundedOptions {
            max_tokens: tokens_out,
            max_units: tokens_out,
            jump_forward: true,
            // No answer ends before it has as many tokens as any other.
            end_prior: 0.0,
            model_weight: ModelWeight::even(1.0),
        };
        let mut decoder = GroundedDecoder::new(&self.model, &encoded, &[], sources, options)?;
        let mut first = read;
        let mut told = false;
        while decoder.step()? != GroundedStep::Done {
            if !std::mem::replace(&mut told, true) {
                first = now();
            }
        }
        let calls = decoder.statistics().model_calls as f64;
        Ok(vec![read - started, first - read, now() - first, longest, calls])
    }

    /// The encoding of a prompt, and the longest of its steps in milliseconds.
    fn read(&self, ids: &[u32], expert: u32) -> Result<(Encoded, f64), JsError> {
        let routing = match expert {
            0 => Routing::Force(Expert::Et5),
            1 => Routing::Force(Expert::EMamba),
            _ => Routing::default(),
        };
        let mut longest = 0.0_f64;
        let mut last = now();
        let mut encoding = self.model.begin_encoding(ids, routing)?;
        loop {
            let more = encoding.step()?;
            longest = longest.max(now() - last);
            last = now();
            if !more {
                break;
            }
        }
        let encoded = encoding.finish()?;
        Ok((encoded, longest.max(now() - last)))
    }
}
