//! Which engine serves: the graphics processor if it computes rightly and is the faster, otherwise the processor.
//!
//! Both answer the same trial question while nobody asks anything. A software adapter is measured like any other: nothing is assumed of
//! names and kinds of devices.

use std::rc::Rc;

use web_time::Instant;

use super::{Assistant, Measures, PipelineError};
use crate::answer::{Evidence, EvidenceKind};
use crate::gpu::self_test::{AsyncPause, Findings, self_test};
use crate::gpu::{Capacity, Gpu, GpuError, GpuModel};
use crate::kernels::weights::Format;
use crate::protocol::{
    AdapterReport, Ask, AskOptions, Engine, EngineReport, MAX_ANSWER_TOKENS, Preference, QuarantinedKernel,
};

/// A GPU that takes this many times the processor's time for the short trial is not tried on the long one.
const HOPELESS: f64 = 4.0;

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

impl Assistant {
    /// Opens the graphics processor, tests the kernels on it, and loads the model with those that are right. It serves only after
    /// [`Assistant::use_gpu`].
    pub async fn open_gpu(&self, pause: &mut dyn AsyncPause) -> Result<Candidate, GpuError> {
        let spare = self
            .spare
            .as_ref()
            .ok_or_else(|| GpuError::NoAdapter("the assistant was built without the weights a GPU needs".to_owned()))?;
        let gpu = Rc::new(Gpu::open().await?);
        let mut formats: Vec<Format> = Vec::new();
        for (_, matrix) in spare.tensors() {
            let format = Format::of(matrix);
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        let findings = self_test(&gpu, self.model.config(), &formats, pause).await?;
        if let Some(failure) = findings.fatal() {
            return Err(GpuError::WrongResults { kernel: failure.kernel.clone(), reason: failure.reason.clone() });
        }
        let answer = usize::try_from(MAX_ANSWER_TOKENS).unwrap_or(usize::MAX);
        let capacity = Capacity { prompt: self.model.config().max_tokens, answer };
        let model = Rc::new(GpuModel::load(gpu, spare, capacity, &findings.quarantine).await?);
        Ok(Candidate { model, findings })
    }

    /// Finds out which engine is to serve, and lets it. `idle` tells whether nobody asks anything; if somebody does, the trial is
    /// broken off.
    pub async fn choose_engine(
        &self,
        preference: Preference,
        idle: &dyn Fn() -> bool,
        pause: &mut dyn AsyncPause,
    ) -> Result<EngineReport, Interrupted> {
        let mut report = EngineReport {
            engine: Engine::Cpu,
            reason: "the processor was asked for".to_owned(),
            adapter: None,
            cpu_ms: None,
            gpu_ms: None,
            quarantined: Vec::new(),
        };
        if preference == Preference::Cpu {
            self.use_gpu(None);
            return Ok(report);
        }
        // A trial that was broken off goes on with the device it had opened and tested.
        let waiting = self.candidate.take();
        let opened = match waiting {
            Some(candidate) => Ok(candidate),
            None => self.open_gpu(pause).await,
        };
        let candidate = match opened {
            Ok(candidate) => candidate,
            Err(error) => {
                report.reason = error.to_string();
                return Ok(report);
            }
        };
        report.adapter = Some(adapter(&candidate));
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
        if preference == Preference::Gpu {
            "the graphics processor was asked for".clone_into(&mut report.reason);
            report.engine = Engine::Gpu;
            self.use_gpu(Some(candidate.model));
            return Ok(report);
        }
        if let Err(interrupted) = self.compare(&candidate.model, &mut report, idle, pause).await {
            self.candidate.replace(Some(candidate));
            return Err(interrupted);
        }
        if report.engine == Engine::Gpu {
            self.use_gpu(Some(candidate.model));
        }
        Ok(report)
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
        let (gpu_ms, cpu_ms) = (report.gpu_ms.unwrap_or(f64::INFINITY), report.cpu_ms.unwrap_or_default());
        if gpu_ms < cpu_ms {
            report.engine = Engine::Gpu;
            report.reason = format!("the graphics processor is {:.1} times as fast", cpu_ms / gpu_ms);
        } else {
            report.reason = format!("the processor is {:.1} times as fast", gpu_ms / cpu_ms.max(0.01));
        }
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
        let evidence = (0..passages)
            .map(|index| Evidence {
                passage: format!("trial-{index}"),
                title: "Trial".to_owned(),
                text: TRIAL_SENTENCES.to_owned(),
                source: String::new(),
                score: 0.0,
                kind: EvidenceKind::Passage,
            })
            .collect();
        let ask = Ask {
            id: "trial".to_owned(),
            question: "Which engine is to serve?".to_owned(),
            note: None,
            options: AskOptions::default(),
        };
        let measures = Measures { abstain: false, ..Measures::default() };
        let started = Instant::now();
        let mut answering = match self.start_with(&ask, Some(evidence), measures) {
            Ok(answering) => answering,
            Err(error) => return Ok(Err(error)),
        };
        answering.compute_on(gpu.cloned());
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
    }
}
