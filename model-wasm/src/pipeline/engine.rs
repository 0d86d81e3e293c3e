//! Which engine serves: the graphics processor if it computes rightly and is the faster, otherwise the processor.
//!
//! Both answer the same trial question while nobody asks anything. A software adapter is measured like any other: nothing is assumed of
//! names and kinds of devices.

use std::rc::Rc;

use mambaformer_model::config::Config;
use web_time::Instant;

use super::{Assistant, Measures, PipelineError};
use crate::answer::{Evidence, EvidenceKind};
use crate::gpu::device::Found;
use crate::gpu::self_test::{AsyncPause, Extent, Findings, NoPause, self_test};
use crate::gpu::shader::Pipelines;
use crate::gpu::{Capacity, Gpu, GpuError, GpuModel};
use crate::kernels::weights::Format;
use crate::protocol::{
    AdapterReport, Ask, Engine, EngineReport, EngineVerdict, FormReport, MAX_ANSWER_TOKENS, Preference,
    QuarantinedKernel,
};

/// A GPU that takes this many times the processor's time for the short trial is not tried on the long one.
const HOPELESS: f64 = 4.0;

/// A device that is lost this often is given up.
const MOST_REOPENINGS: usize = 3;

/// The version of the engine that a remembered verdict is about.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The trial's text. What it says does not matter, its length does.
const TRIAL_SENTENCES: &str = "The trial passage has sentences of ordinary length for this purpose. Each of them is as long as a \
    sentence of a guideline tends to be, with a few numbers such as 2 or 15 in it. The engines read the same passage and answer \
    the same question about it. The time that each of them takes decides which of them is to serve.";

/// A GPU with the model on it, and what was found out about it.
pub struct Candidate {
    /// The model.
    pub model: Rc<GpuModel>,
    /// What the self-test found.
    pub findings: Findings,
}

/// The trial was broken off because a question came in.
#[derive(Debug)]
pub struct Interrupted;

/// The processor's report.
fn on_the_processor(reason: String) -> EngineReport {
    EngineReport {
        engine: Engine::Cpu,
        reason,
        adapter: None,
        cpu_ms: None,
        gpu_ms: None,
        quarantined: Vec::new(),
        verdict: None,
    }
}

impl Assistant {
    /// Opens the graphics processor, tests the kernels on it, and loads the model with those that are right. It serves only after
    /// [`Assistant::use_gpu`].
    pub async fn open_gpu(&self, pause: &mut dyn AsyncPause) -> Result<Candidate, GpuError> {
        self.open_found(Gpu::find().await?, pause).await
    }

    async fn open_found(&self, found: Found, pause: &mut dyn AsyncPause) -> Result<Candidate, GpuError> {
        let gpu = Rc::new(found.open().await?);
        self.opening.replace(Some(Rc::clone(&gpu)));
        let candidate = self.prepare(gpu, pause).await;
        self.opening.replace(None);
        candidate
    }

    /// The device that is being tested or loaded at the moment, for tests that take it away.
    #[must_use]
    pub fn opening(&self) -> Option<Rc<Gpu>> {
        self.opening.borrow().clone()
    }

    /// Tests the kernels on an open device and loads the model.
    async fn prepare(&self, gpu: Rc<Gpu>, pause: &mut dyn AsyncPause) -> Result<Candidate, GpuError> {
        let spare = self
            .spare
            .as_ref()
            .ok_or_else(|| GpuError::NoAdapter("the assistant was built without the weights a GPU needs".to_owned()))?;
        let mut formats: Vec<Format> = Vec::new();
        for (_, matrix) in spare.tensors() {
            let format = Format::of(matrix);
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        let config = self.model.config();
        let mut pipelines = Pipelines::default();
        let findings = self.examine(&gpu, config, &formats, &mut pipelines, pause).await?;
        self.tested.replace(Some((gpu.identity.clone(), findings.clone())));
        pause.pause().await;
        let answer = usize::try_from(MAX_ANSWER_TOKENS).unwrap_or(usize::MAX);
        let capacity = Capacity { prompt: config.max_tokens, answer };
        let model = Rc::new(GpuModel::load_with(gpu, spare, capacity, &findings.variants, pipelines).await?);
        pause.pause().await;
        model.gpu().check()?;
        Ok(Candidate { model, findings })
    }

    /// Tests the kernels and chooses their forms; shortly on a device that has been tested before.
    async fn examine(
        &self,
        gpu: &Gpu,
        config: &Config,
        formats: &[Format],
        pipelines: &mut Pipelines,
        pause: &mut dyn AsyncPause,
    ) -> Result<Findings, GpuError> {
        let tested = self.tested.borrow().clone();
        let known = tested.filter(|(identity, _)| gpu.identity == *identity).map(|(_, findings)| findings);
        if let Some(known) = &known {
            let again = self_test(gpu, config, formats, Extent::EachKernel, pipelines, pause).await?;
            if again.nothing_new(known) {
                return Ok(known.clone());
            }
        }
        let mut findings = self_test(gpu, config, formats, Extent::Full, pipelines, pause).await?;
        if let Some(failure) = findings.fatal() {
            return Err(GpuError::WrongResults { kernel: failure.kernel.clone(), reason: failure.reason.clone() });
        }
        match &known {
            Some(known) => findings.keep_to(known),
            None => findings.race(gpu, config, formats, pipelines, pause).await?,
        }
        Ok(findings)
    }

    /// Opens a graphics processor, and again if it is lost meanwhile; `found`: the one to begin with.
    async fn open_in_spite_of_losses(
        &self,
        found: Option<Found>,
        pause: &mut dyn AsyncPause,
    ) -> Result<Candidate, GpuError> {
        let mut opened = match found {
            Some(found) => self.open_found(found, pause).await,
            None => self.open_gpu(pause).await,
        };
        while let Err(GpuError::Lost(reason)) = &opened {
            self.count_loss(reason)?;
            opened = self.open_gpu(pause).await;
        }
        opened
    }

    /// One loss more; an error if that is too many.
    fn count_loss(&self, reason: &str) -> Result<(), GpuError> {
        let times = self.reopened.get() + 1;
        if times > MOST_REOPENINGS {
            return Err(GpuError::GivenUp { times, most: MOST_REOPENINGS, reason: reason.to_owned() });
        }
        self.reopened.set(times);
        Ok(())
    }

    /// After a failure while a GPU served: a lost device is opened anew, as long as that does not happen again and again; from everything
    /// else the processor takes over. Returns what serves now.
    pub(super) async fn reopen_gpu(&self, error: GpuError) -> EngineReport {
        let before = self.gpu().map(|model| model.gpu().identity.clone());
        self.use_gpu(None);
        let opened = match &error {
            GpuError::Lost(reason) => match self.count_loss(reason) {
                Ok(()) => self.open_in_spite_of_losses(None, &mut NoPause).await,
                Err(error) => Err(error),
            },
            _ => Err(error),
        };
        // A browser whose graphics driver crashed may offer an emulated one next.
        let opened = opened.and_then(|candidate| match before {
            Some(before) if before != candidate.model.gpu().identity => {
                Err(GpuError::Another(candidate.model.gpu().info.name.clone()))
            }
            _ => Ok(candidate),
        });
        match opened {
            Err(error) => on_the_processor(error.to_string()),
            Ok(candidate) => {
                let mut report = on_the_processor("the graphics processor was lost and opened again".to_owned());
                self.serve(&candidate, &mut report);
                report
            }
        }
    }

    /// Lets a candidate serve, and says so.
    fn serve(&self, candidate: &Candidate, report: &mut EngineReport) {
        report.engine = Engine::Gpu;
        describe(candidate, report);
        self.use_gpu(Some(Rc::clone(&candidate.model)));
    }

    /// Finds out which engine is to serve, and lets it. `idle` tells whether nobody asks anything; if somebody does, the trial is
    /// broken off. What was `remembered` of an earlier visit spares the trial, never the self-test.
    pub async fn choose_engine(
        &self,
        preference: Preference,
        remembered: Option<&EngineVerdict>,
        idle: &dyn Fn() -> bool,
        pause: &mut dyn AsyncPause,
    ) -> Result<EngineReport, Interrupted> {
        if preference == Preference::Cpu {
            self.use_gpu(None);
            return Ok(on_the_processor("the processor was asked for".to_owned()));
        }
        // A trial that was broken off goes on with the device it had opened and tested.
        let waiting = self.candidate.take().filter(|candidate| candidate.model.gpu().check().is_ok());
        let mut verdict = None;
        let opened = match waiting {
            Some(candidate) => Ok(candidate),
            None => match Gpu::find().await {
                Err(error) => Err(error),
                Ok(found) => {
                    verdict = remembered.filter(|verdict| {
                        preference == Preference::Fastest && self.holds(verdict, found.identity().text())
                    });
                    if let Some(verdict) = verdict.filter(|verdict| verdict.engine == Engine::Cpu) {
                        let mut report = on_the_processor(String::new());
                        note_verdict(verdict, &mut report);
                        self.use_gpu(None);
                        return Ok(report);
                    }
                    self.open_in_spite_of_losses(Some(found), pause).await
                }
            },
        };
        let candidate = match opened {
            Ok(candidate) => candidate,
            Err(error) => return Ok(on_the_processor(error.to_string())),
        };
        let mut report = on_the_processor(String::new());
        describe(&candidate, &mut report);
        if preference == Preference::Gpu {
            "the graphics processor was asked for".clone_into(&mut report.reason);
            self.serve(&candidate, &mut report);
            return Ok(report);
        }
        if let Some(verdict) = verdict {
            note_verdict(verdict, &mut report);
            self.serve(&candidate, &mut report);
            return Ok(report);
        }
        if let Err(interrupted) = self.compare(&candidate.model, &mut report, idle, pause).await {
            self.candidate.replace(Some(candidate));
            return Err(interrupted);
        }
        if report.engine == Engine::Gpu {
            self.serve(&candidate, &mut report);
        }
        Ok(report)
    }

    /// Whether a remembered verdict is about this device, model and engine.
    fn holds(&self, verdict: &EngineVerdict, adapter: &str) -> bool {
        verdict.adapter == adapter && verdict.version == VERSION && verdict.model == self.weights_hash()
    }

    fn weights_hash(&self) -> String {
        self.spare.as_ref().map(|spare| spare.manifest().files.weights.sha256.to_string()).unwrap_or_default()
    }

    /// Lets both engines answer the trial question and notes in the report which is the faster.
    async fn compare(
        &self,
        model: &Rc<GpuModel>,
        report: &mut EngineReport,
        idle: &dyn Fn() -> bool,
        pause: &mut dyn AsyncPause,
    ) -> Result<(), Interrupted> {
        for passages in [1, 4] {
            // The first run on a device compiles what the driver has put off; how it ends does not matter.
            let _ = self.trial(passages, Some(model), idle, pause).await?;
            let gpu = self.trial(passages, Some(model), idle, pause).await?;
            let cpu = self.trial(passages, None, idle, pause).await?;
            let (Ok(gpu_ms), Ok(cpu_ms)) = (&gpu, &cpu) else {
                // An engine that cannot answer a trial does not serve.
                report.reason = gpu.or(cpu).map_or_else(|error| error.to_string(), |_| "the trial failed".to_owned());
                return Ok(());
            };
            (report.gpu_ms, report.cpu_ms) = (Some(*gpu_ms), Some(*cpu_ms));
            if *gpu_ms > HOPELESS * cpu_ms {
                break;
            }
        }
        let (Some(gpu_ms), Some(cpu_ms)) = (report.gpu_ms, report.cpu_ms) else { return Ok(()) };
        report.engine = if gpu_ms < cpu_ms { Engine::Gpu } else { Engine::Cpu };
        report.reason = faster(gpu_ms, cpu_ms);
        report.verdict = Some(EngineVerdict {
            adapter: model.gpu().identity.text().to_owned(),
            model: self.weights_hash(),
            version: VERSION.to_owned(),
            engine: report.engine,
            cpu_ms,
            gpu_ms,
        });
        Ok(())
    }

    /// Milliseconds of a trial answer.
    async fn trial(
        &self,
        passages: usize,
        gpu: Option<&Rc<GpuModel>>,
        idle: &dyn Fn() -> bool,
        pause: &mut dyn AsyncPause,
    ) -> Result<Result<f64, PipelineError>, Interrupted> {
        let ask = Ask { id: "trial".to_owned(), question: "Which engine is to serve?".to_owned(), ..Ask::default() };
        let measures = Measures { abstain: false, ..Measures::default() };
        let started = Instant::now();
        let mut answering = match self.start_with(&ask, Some(trial_evidence(passages)), measures) {
            Ok(answering) => answering,
            Err(error) => return Ok(Err(error)),
        };
        answering.on_trial(gpu.cloned());
        loop {
            match answering.step().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Ok(started.elapsed().as_secs_f64() * 1e3)),
                Err(error) => return Ok(Err(error)),
            }
            pause.pause().await;
            if !idle() {
                return Err(Interrupted);
            }
        }
    }
}

/// Passages whose words do not matter, to be answered from.
pub(crate) fn trial_evidence(passages: usize) -> Vec<Evidence> {
    (0..passages)
        .map(|index| Evidence {
            passage: format!("trial-{index}"),
            title: "Trial".to_owned(),
            text: TRIAL_SENTENCES.to_owned(),
            source: String::new(),
            score: 0.0,
            kind: EvidenceKind::Passage,
        })
        .collect()
}

/// Which engine is the faster, and by how much.
fn faster(gpu_ms: f64, cpu_ms: f64) -> String {
    if gpu_ms < cpu_ms {
        format!("the graphics processor is {:.1} times as fast", cpu_ms / gpu_ms.max(0.01))
    } else {
        format!("the processor is {:.1} times as fast", gpu_ms / cpu_ms.max(0.01))
    }
}

/// Notes what an earlier visit had found.
fn note_verdict(verdict: &EngineVerdict, report: &mut EngineReport) {
    report.reason = format!("{}, as measured on an earlier visit", faster(verdict.gpu_ms, verdict.cpu_ms));
    (report.cpu_ms, report.gpu_ms) = (Some(verdict.cpu_ms), Some(verdict.gpu_ms));
    report.verdict = Some(verdict.clone());
}

/// Notes the device and the kernels that were set aside on it.
fn describe(candidate: &Candidate, report: &mut EngineReport) {
    report.adapter = Some(adapter(candidate));
    report.quarantined = candidate
        .findings
        .failures
        .iter()
        .map(|failure| QuarantinedKernel {
            kernel: failure.kernel.clone(),
            reason: failure.reason.clone(),
            instead: failure.instead.map(str::to_owned),
        })
        .collect();
}

fn adapter(candidate: &Candidate) -> AdapterReport {
    let Candidate { model, findings } = candidate;
    let info = &model.gpu().info;
    // Browsers tell little of the device, for privacy.
    let name =
        [info.name.as_str(), info.driver.as_str()].into_iter().find(|name| !name.is_empty()).unwrap_or("not named");
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (prompt, call) = model.dispatches();
    let (weights, activations) = model.bytes();
    AdapterReport {
        name: name.to_owned(),
        software: info.device_type == wgpu::DeviceType::Cpu,
        self_tests: small(findings.cases),
        dispatches: [small(prompt), small(call)],
        bytes: [weights, activations],
        pipelines: small(model.pipelines()),
        bandwidth: [findings.speeds.product_bytes_per_s, findings.speeds.copy_bytes_per_s],
        bytes_per_call: model.bytes_per_call(),
        forms: findings
            .speeds
            .races
            .iter()
            .map(|race| FormReport {
                name: race.form.name().to_owned(),
                times_as_fast: race.plain_ms / race.ms.max(1e-6),
                serves: findings.variants.chosen().any(|form| form == race.form),
            })
            .collect(),
    }
}
