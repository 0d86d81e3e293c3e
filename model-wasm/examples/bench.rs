//! The model alone in the browser, to be timed by `tests/speed/{model,gpu}.mjs`: so many tokens in, so many out, whatever they say. Not
//! part of what ships.
#![cfg(target_arch = "wasm32")]

use std::rc::Rc;

use mambaformer_model::generate::{GroundedDecoder, GroundedOptions, GroundedStep, ModelWeight};
use mambaformer_model::random::question;
use mambaformer_model::weights::Weights;
use mambaformer_model::{Encoded, Expert, MambaFormer, Routing};
use mambaformer_wasm::gpu::Gpu;
use mambaformer_wasm::gpu::variants::Variants;
use mambaformer_wasm::kernels::matmul::Form;
use mambaformer_wasm::measure::kernels::speeds;
use mambaformer_wasm::measure::loss::losses;
use mambaformer_wasm::measure::model::Subject;
use wasm_bindgen::prelude::*;
use web_time::Instant;

/// A model without a pipeline.
#[wasm_bindgen]
pub struct Bench {
    model: MambaFormer,
    made: Instant,
}

#[wasm_bindgen]
impl Bench {
    /// From the three files of a model folder.
    #[wasm_bindgen(constructor)]
    pub fn new(manifest: &[u8], weights: &[u8], tokenizer: &[u8]) -> Result<Bench, JsError> {
        let mut weights = Weights::from_parts(manifest, weights, tokenizer)?;
        let config = weights.config().clone();
        Ok(Self { model: MambaFormer::load(&config, &mut weights)?, made: Instant::now() })
    }

    /// Reads a prompt of `tokens_in` tokens and generates `tokens_out` freely, the likeliest each time, the end token like any other.
    /// `expert`: 0 for ET5 alone, 1 for EMamba alone, anything else for the gate's choice. Returns milliseconds: prompt, first token
    /// (from the end of the prompt), all other tokens, the longest step of the prompt; and a number made of the tokens.
    pub fn run(&self, tokens_in: usize, tokens_out: usize, expert: u32) -> Result<Vec<f64>, JsError> {
        let (ids, _) = question(self.model.config(), tokens_in);
        let started = self.now();
        let (encoded, longest) = self.read(&ids, expert)?;
        let read = self.now();
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
                first = self.now();
            }
        }
        Ok(vec![read - started, first - read, self.now() - first, longest, fingerprint])
    }

    /// Answers with whole sentences of the prompt, `tokens_out` tokens of them, as the assistant does. Returns the same times (the first
    /// token's is the first sentence's) and how often the model was asked.
    pub fn answer(&self, tokens_in: usize, tokens_out: usize, expert: u32) -> Result<Vec<f64>, JsError> {
        let (ids, sources) = question(self.model.config(), tokens_in);
        let started = self.now();
        let (encoded, longest) = self.read(&ids, expert)?;
        let read = self.now();
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
                first = self.now();
            }
        }
        let calls = decoder.statistics().model_calls as f64;
        Ok(vec![read - started, first - read, self.now() - first, longest, calls])
    }

    /// Milliseconds since the model was made.
    fn now(&self) -> f64 {
        self.made.elapsed().as_secs_f64() * 1e3
    }

    /// The encoding of a prompt, and the longest of its steps in milliseconds.
    fn read(&self, ids: &[u32], expert: u32) -> Result<(Encoded, f64), JsError> {
        let routing = match expert {
            0 => Routing::Force(Expert::Et5),
            1 => Routing::Force(Expert::EMamba),
            _ => Routing::default(),
        };
        let mut longest = 0.0_f64;
        let mut last = self.now();
        let mut encoding = self.model.begin_encoding(ids, routing)?;
        loop {
            let more = encoding.step()?;
            longest = longest.max(self.now() - last);
            last = self.now();
            if !more {
                break;
            }
        }
        let encoded = encoding.finish()?;
        Ok((encoded, longest.max(self.now() - last)))
    }
}

/// A graphics processor and a model's weights.
#[wasm_bindgen]
pub struct GpuBench {
    gpu: Rc<Gpu>,
    weights: Weights,
    files: [Vec<u8>; 3],
}

#[wasm_bindgen]
impl GpuBench {
    /// Opens the browser's adapter and takes the three files of a model folder.
    pub async fn open(manifest: Vec<u8>, weights: Vec<u8>, tokenizer: Vec<u8>) -> Result<GpuBench, JsError> {
        let files = [manifest, weights, tokenizer];
        let weights = Weights::from_parts(&files[0], &files[1], &files[2])?;
        Ok(Self { gpu: Rc::new(Gpu::open().await?), weights, files })
    }

    /// The adapter, and the optional forms of kernels it offers.
    pub fn adapter(&self) -> Vec<String> {
        let info = &self.gpu.info;
        let name = [&info.name, &info.driver, &info.driver_info].map(String::as_str).join(" ");
        let name = if name.trim().is_empty() { "an adapter that is not named" } else { name.trim() };
        let kind = format!("{name} ({:?})", info.device_type);
        std::iter::once(kind).chain(self.gpu.offers.iter().map(|form| form.name().to_owned())).collect()
    }

    /// Every kernel alone; JSON of `KernelSpeed`s.
    pub async fn kernels(&self, rounds: usize) -> Result<String, JsError> {
        let rows = speeds(&self.gpu, self.weights.config(), rounds, false, &mut |_| {}).await?;
        Ok(serde_json::to_string(&rows)?)
    }

    /// The whole model on prompts of so many tokens, its products in the forms of the given names; JSON of `Loaded`, the `GpuRun`s and the
    /// `FreeRun`.
    pub async fn model(&self, tokens: usize, rounds: usize, forms: Vec<String>) -> Result<String, JsError> {
        let mut variants = Variants::default();
        for form in Form::OPTIONAL.into_iter().filter(|form| forms.iter().any(|name| name == form.name())) {
            variants.choose(form);
        }
        let subject = Subject::load(&self.gpu, &self.weights, tokens, &variants).await?;
        let runs = subject.run("GPU", tokens, rounds, &mut |_| {}).await?;
        let free = subject.free(tokens).await?;
        Ok(serde_json::to_string(&(&subject.loaded, runs, free))?)
    }

    /// Takes the device away in every stage, `repeats` times; JSON of `Loss`es.
    pub async fn losses(&self, repeats: usize) -> Result<String, JsError> {
        let load = || Ok(Weights::from_parts(&self.files[0], &self.files[1], &self.files[2])?);
        Ok(serde_json::to_string(&losses(&load, repeats, &mut |_| {}).await?)?)
    }
}
