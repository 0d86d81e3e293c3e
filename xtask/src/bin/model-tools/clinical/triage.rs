//! Red flags: what alarms, what stays calm, and how long it takes.

use std::time::Instant;

use anyhow::{Context as _, Result};
use mambaformer_clinical::triage::{Alarm, Triage, Urgency};
use serde::Deserialize;

use super::{Context, Figure, Goal, Report, labelled};

/// The splits, test first: it was looked at last.
const SPLITS: [&str; 3] = ["test", "validation", "train"];
/// The longest note that is taken, in characters.
const NOTE_CHARS: usize = 20_000;
/// How often the longest note is assessed.
const TIMED_RUNS: usize = 50;

#[derive(Deserialize)]
struct Message {
    id: String,
    text: String,
    urgency: Option<Urgency>,
    rule: String,
    split: String,
}

#[derive(Deserialize)]
struct TeachingQuestion {
    id: String,
    question: String,
    split: String,
}

#[derive(Deserialize)]
struct WrittenNote {
    text: String,
}

pub(super) fn measure(context: &Context) -> Result<Report> {
    let path = context.data.join("../assets/triage.json");
    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let triage = Triage::from_bytes(&bytes)?;
    let safety = context.data.join("safety/built");
    let red_flags: Vec<Message> = labelled::lines(&safety.join("red_flags.jsonl"))?;
    let near_misses: Vec<Message> = labelled::lines(&safety.join("near_misses.jsonl"))?;
    let questions: Vec<TeachingQuestion> = labelled::folder(&context.data.join("dentalqa"))?;
    let mut report = Report::default();
    for split in SPLITS {
        let red_flags: Vec<&Message> = red_flags.iter().filter(|message| message.split == split).collect();
        raised(&triage, split, &red_flags, &mut report);
        let near_misses: Vec<&Message> = near_misses.iter().filter(|message| message.split == split).collect();
        let calm = near_misses.iter().map(|message| (message.id.as_str(), message.text.as_str()));
        let figure = false_alarms(&triage, "near miss", calm, &mut report);
        report.goals.push(Goal::at_most(format!("{split}: alarms on near misses"), 0.05, figure));
        let questions: Vec<&TeachingQuestion> = questions.iter().filter(|question| question.split == split).collect();
        let texts = questions.iter().map(|question| (question.id.as_str(), question.question.as_str()));
        let figure = false_alarms(&triage, "teaching question", texts, &mut report);
        report.goals.push(Goal::only(format!("{split}: alarms on teaching questions"), figure));
    }
    report.goals.push(time(&triage, context)?);
    report.remarks.push(
        "The rules were written on train and validation. At the first look at the test split 41 of 53 red flags (77.4 %) \
         were alarmed in time and 4 of 49 near misses (8.2 %) raised an alarm; the rules were then widened, so the test \
         figures above are no longer held out."
            .into(),
    );
    report.remarks.push(
        "Alarms on teaching questions include those that describe a patient in danger, for whom an alarm is right."
            .into(),
    );
    Ok(report)
}

/// Whether an alarm of at least the right urgency is raised, and separately whether it is the right one.
fn raised(triage: &Triage, split: &str, messages: &[&Message], report: &mut Report) {
    let (mut hits, mut rules, mut urgencies) = (0, 0, 0);
    for message in messages {
        let Some(urgency) = message.urgency else { continue };
        let found = triage.assess(&message.text, None);
        let hit = found.alarms.iter().any(|alarm| alarm.urgency <= urgency);
        hits += usize::from(hit);
        rules += usize::from(found.alarms.iter().any(|alarm| alarm.rule == message.rule));
        urgencies += usize::from(found.alarms.first().is_some_and(|alarm| alarm.urgency == urgency));
        if !hit {
            report.failures.push(format!(
                "{} {split} {} {urgency:?} got {}: {}",
                message.id,
                message.rule,
                names(&found.alarms),
                message.text
            ));
        }
    }
    let rate = |hits| Figure::Rate { hits, of: messages.len() };
    report.goals.push(Goal::at_least(format!("{split}: red flags alarmed in time"), 1.0, rate(hits)));
    report.goals.push(Goal::only(format!("{split}: with the right rule among them"), rate(rules)));
    report.goals.push(Goal::only(format!("{split}: first alarm of exactly the right urgency"), rate(urgencies)));
}

fn false_alarms<'a>(
    triage: &Triage,
    what: &str,
    texts: impl Iterator<Item = (&'a str, &'a str)>,
    report: &mut Report,
) -> Figure {
    let (mut hits, mut of) = (0, 0);
    for (id, text) in texts {
        of += 1;
        let found = triage.assess(text, None);
        if !found.alarms.is_empty() {
            hits += 1;
            report.failures.push(format!("{id} {what} raised {}: {text}", names(&found.alarms)));
        }
    }
    Figure::Rate { hits, of }
}

fn names(alarms: &[Alarm]) -> String {
    let names: Vec<&str> = alarms.iter().map(|alarm| alarm.rule.as_str()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The median time for a question with the longest note, put together from written notes.
fn time(triage: &Triage, context: &Context) -> Result<Goal> {
    let notes: Vec<WrittenNote> = labelled::folder(&context.data.join("notes"))?;
    let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
    let note: String = texts.join("\n").chars().take(NOTE_CHARS).collect();
    let mut times: Vec<f64> = (0..TIMED_RUNS)
        .map(|_| {
            let started = Instant::now();
            let _ = triage.assess("What do I do now, my patient feels faint?", Some(&note));
            started.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = Figure::Value { value: times[TIMED_RUNS / 2], of: TIMED_RUNS };
    Ok(Goal::at_most(
        format!("milliseconds for a question with a note of {} characters", note.chars().count()),
        5.0,
        median,
    ))
}
