//! What the page says of the engine. Why it was chosen and what failed are told by the worker.

use mambaformer_wasm::protocol::{AdapterReport, Engine, EngineReport, Preference};

use super::{duration, megabytes, one_decimal};

words! { engine:
    /// The part of the page.
    HEADING = heading;
    /// The choice of engine.
    CHOICE = choice;
    /// Before the engines have been compared.
    UNDECIDED = undecided;
}

/// An engine.
#[must_use]
pub fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Cpu => say!(engine.cpu),
        Engine::Gpu => say!(engine.gpu),
    }
}

/// A choice of engine in words.
#[must_use]
pub fn preference(preference: Preference) -> &'static str {
    match preference {
        Preference::Fastest => say!(engine.fastest),
        Preference::Cpu => say!(engine.to_cpu),
        Preference::Gpu => say!(engine.to_gpu),
    }
}

/// A choice of engine as it is kept.
#[must_use]
pub fn preference_key(preference: Preference) -> &'static str {
    match preference {
        Preference::Fastest => "fastest",
        Preference::Cpu => "cpu",
        Preference::Gpu => "gpu",
    }
}

/// The choice of engine that was kept so.
#[must_use]
pub fn preference_of(key: &str) -> Option<Preference> {
    [Preference::Fastest, Preference::Cpu, Preference::Gpu]
        .into_iter()
        .find(|preference| preference_key(*preference) == key)
}

/// A line of the details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What is told.
    pub name: &'static str,
    /// What is told of it.
    pub told: String,
    /// What of that are the worker's own words.
    pub quoted: String,
}

/// What is known of the engine, line by line.
#[must_use]
pub fn facts(report: &EngineReport) -> Vec<Fact> {
    let fact = |name, told: String, quoted: &str| Fact { name, told, quoted: quoted.to_owned() };
    let now = format!("{}: {}", name(report.engine), report.reason);
    let mut facts = vec![fact(say!(engine.now), now, &report.reason)];
    let times = [(Engine::Cpu, report.cpu_ms), (Engine::Gpu, report.gpu_ms)];
    facts.extend(
        times.into_iter().filter_map(|(engine, ms)| {
            Some(fact(say!(engine.trial), format!("{}: {}", name(engine), duration(ms?)), ""))
        }),
    );
    facts.extend(report.adapter.iter().flat_map(|adapter| of_adapter(adapter, report.quarantined.len())));
    facts.extend(report.quarantined.iter().map(|kernel| {
        let instead = kernel.instead.as_deref().unwrap_or(say!(engine.the_processor));
        let (name, reason) = (kernel.kernel.as_str(), kernel.reason.as_str());
        fact(say!(engine.aside), say!(engine.instead, kernel = name, reason = reason, instead = instead), reason)
    }));
    facts
}

fn of_adapter(adapter: &AdapterReport, aside: usize) -> Vec<Fact> {
    let fact = |name, told| Fact { name, told, quoted: String::new() };
    let own_name = adapter.name.as_str();
    let kind = if adapter.software { say!(engine.emulated, name = own_name) } else { own_name.to_owned() };
    let (prompt, call) = (adapter.dispatches[0], adapter.dispatches[1]);
    let (weights, activations) = (megabytes(adapter.bytes[0]), megabytes(adapter.bytes[1]));
    let [product, copy] = adapter.bandwidth;
    let read = say!(
        engine.reading,
        megabytes = megabytes(adapter.bytes_per_call),
        share = format!("{:.0}", 100.0 * product / copy),
        speed = one_decimal(copy / 1e9)
    );
    let mut facts = vec![
        fact(name(Engine::Gpu), kind),
        fact(say!(engine.self_test), say!(engine.self_tested, cases = adapter.self_tests, aside = aside)),
        fact(say!(engine.dispatches), say!(engine.dispatched, prompt = prompt, call = call)),
        fact(say!(engine.memory), say!(engine.remembered, weights = weights, activations = activations)),
        fact(say!(engine.pipelines), adapter.pipelines.to_string()),
    ];
    if copy > 0.0 {
        facts.push(fact(say!(engine.read), read));
    }
    facts.extend(adapter.forms.iter().map(|form| {
        let (feature, times) = (form.name.as_str(), one_decimal(form.times_as_fast));
        let told = if form.serves {
            say!(engine.form_serves, name = feature, times = times)
        } else {
            say!(engine.form_rests, name = feature, times = times)
        };
        fact(say!(engine.form), told)
    }));
    facts
}
