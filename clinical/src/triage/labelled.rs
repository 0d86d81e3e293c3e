//! The rules against the labelled sets of `data/`: what must alarm, and what must stay calm.

use std::path::PathBuf;

use serde::Deserialize;

use super::file::File;
use super::{Triage, Urgency};

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
    id: String,
    text: String,
}

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read<T: for<'a> Deserialize<'a>>(path: &str) -> Vec<T> {
    let text = std::fs::read_to_string(root(path)).expect(path);
    text.lines().map(|line| serde_json::from_str(line).expect(path)).collect()
}

/// The rules as they stand, sealed or not.
pub(super) fn triage() -> Triage {
    let file = File::read(&std::fs::read(root("assets/triage.json")).expect("assets/triage.json")).expect("reads");
    Triage::compile(&file).expect("compiles")
}

#[test]
#[ignore = "for authors: prints what the rules get wrong; SPLITS=train,validation by default"]
fn show() {
    let triage = triage();
    let splits = std::env::var("SPLITS").unwrap_or_else(|_| "train,validation".to_owned());
    let wanted = |split: &str| splits.split(',').any(|wanted| wanted == split);
    let (mut all, mut missed, mut right_rule, mut right_urgency) = (0, 0, 0, 0);
    for message in read::<Message>("data/safety/built/red_flags.jsonl").iter().filter(|m| wanted(&m.split)) {
        let found = triage.assess(&message.text, None);
        let urgency = message.urgency.expect("an urgency");
        all += 1;
        let hit = found.alarms.iter().any(|alarm| alarm.urgency <= urgency);
        right_rule += usize::from(found.alarms.iter().any(|alarm| alarm.rule == message.rule));
        right_urgency += usize::from(found.alarms.first().is_some_and(|alarm| alarm.urgency == urgency));
        let names: Vec<String> = found.alarms.iter().map(|a| format!("{} {:?}", a.rule, a.urgency)).collect();
        if !hit {
            missed += 1;
            let notes: Vec<&str> = found.notes.iter().map(|note| note.rule.as_str()).collect();
            println!("MISS {} [{} {urgency:?}] {names:?} notes {notes:?}: {}", message.id, message.rule, message.text);
        } else if !found.alarms.iter().any(|alarm| alarm.rule == message.rule) {
            println!("RULE {} [{} {urgency:?}] {names:?}: {}", message.id, message.rule, message.text);
        } else if found.alarms.first().is_some_and(|alarm| alarm.urgency != urgency) {
            println!("URG  {} [{} {urgency:?}] {names:?}: {}", message.id, message.rule, message.text);
        }
    }
    println!("red flags {all}: missed {missed}, right rule {right_rule}, right urgency {right_urgency}");
    let (mut all, mut false_alarms) = (0, 0);
    for message in read::<Message>("data/safety/built/near_misses.jsonl").iter().filter(|m| wanted(&m.split)) {
        all += 1;
        let found = triage.assess(&message.text, None);
        if !found.alarms.is_empty() {
            false_alarms += 1;
            for alarm in &found.alarms {
                let words: Vec<&str> = alarm.evidence.iter().map(|e| &message.text[e.range.clone()]).collect();
                println!("FALSE {} [{}] {} {words:?}: {}", message.id, message.rule, alarm.rule, message.text);
            }
        }
    }
    println!("near misses {all}: {false_alarms} alarms");
    let (mut all, mut alarmed, mut noted) = (0, 0, 0);
    let mut paths: Vec<_> =
        std::fs::read_dir(root("data/dentalqa")).expect("folder").map(|e| e.expect("entry").path()).collect();
    paths.sort();
    for path in paths {
        for question in read::<TeachingQuestion>(&path.to_string_lossy()).iter().filter(|q| wanted(&q.split)) {
            all += 1;
            let found = triage.assess(&question.question, None);
            noted += usize::from(!found.notes.is_empty());
            alarmed += usize::from(!found.alarms.is_empty());
            for alarm in &found.alarms {
                let words: Vec<&str> = alarm.evidence.iter().map(|e| &question.question[e.range.clone()]).collect();
                println!("QA {} {} {words:?}: {}", question.id, alarm.rule, question.question);
            }
        }
    }
    for (name, path) in [("notes", "data/notes"), ("identified", "data/safety/identified")] {
        let mut paths: Vec<_> = match std::fs::read_dir(root(path)) {
            Ok(folder) => folder.map(|e| e.expect("entry").path()).collect(),
            Err(_) => vec![root("data/safety/built/identified_notes.jsonl")],
        };
        paths.sort();
        let (mut all, mut alarmed) = (0, 0);
        for path in paths {
            for note in read::<WrittenNote>(&path.to_string_lossy()) {
                all += 1;
                let found = triage.assess("", Some(&note.text));
                alarmed += usize::from(!found.alarms.is_empty());
                for alarm in &found.alarms {
                    let words: Vec<&str> = alarm.evidence.iter().map(|e| &note.text[e.range.clone()]).collect();
                    println!("NOTE {} {} {words:?}: {}", note.id, alarm.rule, note.text);
                }
            }
        }
        println!("{name} {all}: {alarmed} alarms");
    }
    println!("teaching questions {all}: {alarmed} alarms, {noted} notes");
}

#[test]
#[ignore = "for authors: prints the words of texts on standard input that are taken for a rule's word"]
fn corrections() {
    let triage = triage();
    let text = std::io::read_to_string(std::io::stdin()).expect("text");
    let mut words: Vec<String> = super::words::words(&text).into_iter().map(|word| word.text).collect();
    words.sort();
    let mut counted: Vec<(usize, &str)> = Vec::new();
    for chunk in words.chunk_by(|a, b| a == b) {
        counted.push((chunk.len(), &chunk[0]));
    }
    for (count, word) in counted {
        let meant = triage.lexicon.corrected(word);
        if !meant.is_empty() {
            println!("WORD {count} {word} {}", meant.join(","));
        }
    }
}

#[test]
#[ignore = "for authors: assesses each line of standard input, `rule|message`"]
fn lines() {
    let triage = triage();
    for line in std::io::read_to_string(std::io::stdin()).expect("text").lines() {
        let (rule, text) = line.split_once('|').unwrap_or(("", line));
        let found = triage.assess(text, None);
        let names: Vec<&str> = found.alarms.iter().map(|alarm| alarm.rule.as_str()).collect();
        let notes: Vec<&str> = found.notes.iter().map(|note| note.rule.as_str()).collect();
        if names.is_empty() || !names.contains(&rule) {
            println!("LINE [{rule}] {names:?} notes {notes:?}: {text}");
        }
    }
}

#[test]
#[ignore = "for authors: how long triage takes; only an optimised build says something"]
fn pace() {
    let triage = triage();
    let mut notes: Vec<String> =
        read::<WrittenNote>("data/notes/emerg.jsonl").into_iter().map(|note| note.text).collect();
    notes.extend(read::<WrittenNote>("data/notes/surg.jsonl").into_iter().map(|note| note.text));
    notes.extend(read::<WrittenNote>("data/notes/medcomp.jsonl").into_iter().map(|note| note.text));
    let note: String = notes.join("\n").repeat(3).chars().take(20_000).collect();
    let cases = [
        ("written notes", note.as_str()),
        ("no pain, ", ""),
        ("swelling ", ""),
        ("face droop ", ""),
        ("cant swallow ", ""),
    ];
    for (name, text) in cases {
        let text = if text.is_empty() { name.repeat(20_000 / name.len()) } else { text.to_owned() };
        let mut times: Vec<_> = (0..20)
            .map(|_| {
                let started = std::time::Instant::now();
                let found = triage.assess("What do I do now, my patient feels faint?", Some(&text));
                (started.elapsed(), found.alarms.len())
            })
            .collect();
        times.sort();
        println!("PACE {name:?} {} characters: fastest {:?}, median {:?}", text.len(), times[0].0, times[10].0);
    }
    let started = std::time::Instant::now();
    let _ = super::labelled::triage();
    println!("PACE rules read in {:?}", started.elapsed());
}

/// What the rules reached when they were last looked at must not be lost by a change: everything on the messages that they were written on, and what
/// they were found to do on those that came later, which they were never widened for (the second net was fitted to those).
#[test]
fn the_labelled_sets_stay_as_good_as_they_are() {
    let triage = triage();
    let is_first = |message: &Message| message.id.starts_with("rf-") || message.id.starts_with("nm-");
    let (first, later): (Vec<Message>, Vec<Message>) =
        read::<Message>("data/safety/built/red_flags.jsonl").into_iter().partition(is_first);
    let missed = |messages: &[Message]| -> Vec<String> {
        let is_missed = |message: &&Message| {
            let urgency = message.urgency.expect("an urgency");
            !triage.assess(&message.text, None).alarms.iter().any(|alarm| alarm.urgency <= urgency)
        };
        messages.iter().filter(is_missed).map(|message| message.text.clone()).collect()
    };
    assert!(!first.is_empty() && missed(&first).is_empty(), "{:#?}", missed(&first));
    assert!(missed(&later).len() * 100 <= later.len() * 37, "{} of {}", missed(&later).len(), later.len());
    let (first, later): (Vec<Message>, Vec<Message>) =
        read::<Message>("data/safety/built/near_misses.jsonl").into_iter().partition(is_first);
    let alarmed = |messages: &[Message]| {
        messages.iter().filter(|message| !triage.assess(&message.text, None).alarms.is_empty()).count()
    };
    assert!(alarmed(&first) * 100 <= first.len(), "{} of {}", alarmed(&first), first.len());
    assert!(alarmed(&later) * 100 <= later.len() * 6, "{} of {}", alarmed(&later), later.len());
}
