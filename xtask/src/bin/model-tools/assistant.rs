//! The assistant of the native tools: from which files it is built and how it is to answer.

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use mambaformer_clinical::integrity::sha256_hex;
use mambaformer_model::generate::ModelWeight;
use mambaformer_model::sentence_encoder::SentenceEncoderWeights;
use mambaformer_model::weights::{Weights, read_manifest};
use mambaformer_model::{Expert, Routing, Share};
use mambaformer_wasm::answer::AnswerRecord;
use mambaformer_wasm::gpu::self_test::NoPause;
use mambaformer_wasm::pipeline::{
    Assistant, AssistantParts, Book, Clinic, ClinicFiles, Interrupted, Measures, RetrieverParts, clinic,
};
use mambaformer_wasm::protocol::{Ask, AskOptions, Engine, Event, Mode, Preference};

/// Where the assistant's files are.
#[derive(Clone, clap::Args)]
pub struct Files {
    /// Folder of the rules and the knowledge base.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
    /// Model folder (manifest.json, weights, tokenizer); `model` below the assets where absent.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Another knowledge base.
    #[arg(long)]
    pub knowledge: Option<PathBuf>,
    /// Folder of the sentence encoder and its vectors; `retriever` below the assets where absent.
    #[arg(long)]
    pub retriever: Option<PathBuf>,
    /// Search by words only.
    #[arg(long)]
    pub no_retriever: bool,
}

/// An expert that is to take every token.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Force {
    /// The Transformer expert.
    Et5,
    /// The state-space expert.
    Emamba,
}

impl From<Force> for Expert {
    fn from(force: Force) -> Self {
        match force {
            Force::Et5 => Self::Et5,
            Force::Emamba => Self::EMamba,
        }
    }
}

impl Files {
    /// Where the model is.
    pub fn model_folder(&self) -> PathBuf {
        self.model.clone().unwrap_or_else(|| self.assets.join("model"))
    }

    /// Reads, checks and builds.
    fn load(&self, gpu: bool) -> Result<Assistant> {
        let parts =
            AssistantParts { weights: Weights::open(&self.model_folder())?, clinic: self.clinic()?, for_gpu: gpu };
        Ok(Assistant::new(parts)?)
    }

    /// Reads and checks what needs no model; a file that is not there is not used.
    fn clinic(&self) -> Result<Rc<Clinic>> {
        let mut files = ClinicFiles::default();
        for name in ClinicFiles::NAMES {
            let path = match &self.knowledge {
                Some(path) if name == clinic::KNOWLEDGE => path.clone(),
                _ => self.assets.join(name),
            };
            if path.exists() {
                let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files = files.with(name, bytes);
            }
        }
        let clinic = Rc::new(Clinic::new(&files)?);
        let folder = self.retriever.clone().unwrap_or_else(|| self.assets.join("retriever"));
        if folder.join("manifest.json").exists() && !self.no_retriever {
            let vectors = folder.join("vectors.bin");
            clinic.add_retriever(RetrieverParts {
                weights: SentenceEncoderWeights::open(&folder)?,
                manifest_sha256: sha256_hex(&read_manifest(&folder)?),
                vectors: std::fs::read(&vectors).with_context(|| format!("cannot read {}", vectors.display()))?,
            })?;
        }
        Ok(clinic)
    }
}

/// How answers are to be worked out; what `ask` and `eval` have in common.
#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
pub struct Manner {
    /// Generate freely instead of from source spans.
    #[arg(long)]
    free: bool,
    /// Most answer tokens.
    #[arg(long, default_value_t = AskOptions::default().max_tokens)]
    max_tokens: u32,
    /// Added to the gate's EMamba logit.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    bias: f32,
    /// Every prompt token to this expert.
    #[arg(long, value_enum)]
    force: Option<Force>,
    /// Every prompt token by lot: to EMamba with this probability (0 to 1), else to ET5. Only for comparisons, on the processor.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, conflicts_with_all = ["bias", "force", "gpu"])]
    random_routing: Option<Share>,
    /// Seed of random routing: with the same one a prompt is always routed the same.
    #[arg(long, value_name = "N", default_value_t = 17, requires = "random_routing")]
    routing_seed: u64,
    /// Nothing that was found reaches the model, which words for itself from question and note. Only for comparisons.
    #[arg(long)]
    closed_book: bool,
    /// Answer even what the model calls unanswerable.
    #[arg(long)]
    no_abstain: bool,
    /// Do not read the question together with what was found.
    #[arg(long)]
    no_reading: bool,
    /// The probability below which a line is not told any more, in the place of what the search's parameters say; smaller makes answers longer.
    #[arg(long)]
    enough: Option<f32>,
    /// How much the model's choice of the first sentence counts beside retrieval's, 0 to 1 and above.
    #[arg(long, default_value_t = Measures::default().model_weight.first)]
    model_weight: f32,
    /// The same of the sentences after it, and of the end.
    #[arg(long, default_value_t = Measures::default().model_weight.then)]
    model_weight_then: f32,
    /// Compute on the graphics processor (grounded answers only).
    #[arg(long)]
    gpu: bool,
}

impl Manner {
    /// The assistant, on the engine that is wanted.
    pub fn load(&self, files: &Files) -> Result<Assistant> {
        let assistant = files.load(self.gpu)?;
        if self.gpu {
            let report = pollster::block_on(assistant.choose_engine(Preference::Gpu, None, &|| true, &mut NoPause));
            match report {
                Ok(report) if report.engine == Engine::Gpu => {}
                Ok(report) => anyhow::bail!("{}", report.reason),
                Err(Interrupted) => anyhow::bail!("the trial of the graphics processor was interrupted"),
            }
        }
        Ok(assistant)
    }

    /// What a page could ask for.
    pub fn options(&self) -> AskOptions {
        AskOptions {
            mode: if self.free { Mode::Free } else { Mode::Grounded },
            gate_bias: self.bias,
            max_tokens: self.max_tokens,
            ..AskOptions::default()
        }
    }

    /// One question, from triage to the record.
    pub fn answer(
        &self,
        assistant: &Assistant,
        id: &str,
        question: &str,
        note: Option<String>,
    ) -> Result<AnswerRecord> {
        let ask =
            Ask { id: id.to_owned(), question: question.to_owned(), note, follows: None, options: self.options() };
        let mut answering =
            assistant.start_with(&ask, None, self.measures()).with_context(|| format!("{id} is refused"))?;
        while let Some(events) = pollster::block_on(answering.step()).with_context(|| format!("{id} failed"))? {
            for event in events {
                if let Event::Done { answer, .. } = event {
                    return Ok(*answer);
                }
            }
        }
        bail!("{id} ended without a record")
    }

    /// How tokens are routed where it is not by the gate.
    fn routing(&self) -> Option<Routing> {
        let forced = self.force.map(|force| Routing::Force(force.into()));
        forced.or_else(|| self.random_routing.map(|share| Routing::Random { share, seed: self.routing_seed }))
    }

    /// What only the tools can ask for.
    pub fn measures(&self) -> Measures {
        Measures {
            routing: self.routing(),
            book: if self.closed_book { Book::Closed } else { Book::Open },
            abstain: !self.no_abstain,
            read: !self.no_reading,
            enough: self.enough,
            model_weight: ModelWeight { first: self.model_weight, then: self.model_weight_then },
            ..Measures::default()
        }
    }
}
