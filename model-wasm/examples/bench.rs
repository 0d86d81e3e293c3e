//! The model alone in the browser, to be timed by `tests/e2e/model.mjs`: so many tokens in, so many out, whatever they say. Not part
//! of what ships.
#![cfg(target_arch = "wasm32")]

use mambaformer_model::weights::Weights;
use mambaformer_model::{Expert, MambaFormer, Routing};
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
    pub fn run(&self, tokens_in: u32, tokens_out: u32, expert: u32) -> Result<Vec<f64>, JsError> {
        let vocabulary = u32::try_from(self.model.config().vocab_size)?;
        let ids: Vec<u32> = (0..tokens_in).map(|at| (at * 7919 + 31) % (vocabulary - 8) + 8).collect();
        let routing = match expert {
            0 => Routing::Force(Expert::Et5),
            1 => Routing::Force(Expert::EMamba),
            _ => Routing::default(),
        };
        let started = now();
        let mut longest = 0.0_f64;
        let mut last = started;
        let mut encoding = self.model.begin_encoding(&ids, routing)?;
        loop {
            let more = encoding.step()?;
            longest = longest.max(now() - last);
            last = now();
            if !more {
                break;
            }
        }
        let encoded = encoding.finish()?;
        longest = longest.max(now() - last);
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
}
