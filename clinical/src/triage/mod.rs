//! Red flags before anything else: what in a question or note cannot wait for an answer.
//!
//! All rules are in `assets/triage.json`, written to be read by a clinician. A rule has patterns of **signs** (lists of
//! phrases) that must stand near each other, each of them present, current, the patient's own and not merely asked about.
//! What only asks ("What are the signs of anaphylaxis?") gets a note instead of an alarm.
//!
//! ```text
//! words::words ─▶ lexicon::Lexicon::read ─▶ phrase::Phrase::find ─▶ context::Context ─▶ pattern::Pattern::find
//! places in bytes  stems, misspellings       signs and cues          denied, over, …     alarms and notes
//! ```
//! The time grows linearly with the text; nothing in the text can change the rules or the fixed texts.
//!
//! What the rules have no words for, [`net`] may still see: it reads the vector of the question once there is one.

mod context;
mod file;
mod lexicon;
pub mod net;
mod number;
mod pattern;
mod phrase;
mod words;

#[cfg(test)]
mod labelled;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::question::Field;
use context::{Context, Cue};
pub use file::{FORMAT, MAX_FILE_BYTES, TriageError};
use file::{File, PatternEntry};
use lexicon::{ClassId, Lexicon, Reading};
pub use number::{DEFAULT_NUMBER, EmergencyNumber, EmergencyNumberError};
use pattern::{DEFAULT_WITHIN_WORDS, Found, ListId, Pattern, Places, SENTENCE_END_WORDS};
use phrase::{Matched, Phrase, PhraseFault};
use words::Gap;

/// How soon something has to be done. The most urgent comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Act now: an emergency call, the emergency department, or a first step that counts in minutes.
    Immediate,
    /// A hospital, a specialist or the safeguarding lead today.
    SameDay,
    /// The suspected-cancer pathway.
    TwoWeeks,
}

/// Whether a patient is in danger, or somebody asks about such a danger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A patient is described who needs help.
    Alarm,
    /// The subject is asked about in general, in an examination, or as "what if".
    Note,
}

/// What raised an alarm or a note.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// A rule: words of the text that are known to mean it.
    #[default]
    Rule,
    /// The second net ([`net`]): the question is like messages about it.
    Net,
}

/// Where the words stand that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// In the question or the note.
    pub field: Field,
    /// Bytes of that text.
    pub range: Range<usize>,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Alarm or note.
    pub kind: Kind,
    /// The rule itself, or the second net.
    pub found_by: FoundBy,
    /// The rule's id.
    pub rule: String,
    /// What the rule is about, for a heading.
    pub name: String,
    /// How urgent it is.
    pub urgency: Urgency,
    /// What to do first, with the emergency number.
    pub text: String,
    /// The guideline that the text follows.
    pub source: String,
    /// The words that it rests on, in the order of the text; none where the second net found it.
    pub evidence: Vec<Evidence>,
}

/// What triage found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessment {
    /// A patient in danger; most urgent first, then in the order of the file.
    pub alarms: Vec<Alarm>,
    /// Dangers that are only asked about, in the same order.
    pub notes: Vec<Alarm>,
}

/// The rules, ready to assess texts.
pub struct Triage {
    lexicon: Lexicon,
    phrases: Vec<(ListId, Phrase)>,
    /// For each class the phrases that begin with it.
    beginnings: Vec<Vec<usize>>,
    background: Vec<bool>,
    /// For each list the cue that it is.
    cues: Vec<Option<usize>>,
    rules: Vec<Rule>,
    number: EmergencyNumber,
    hash: String,
}

struct Rule {
    id: String,
    name: String,
    urgency: Urgency,
    text: String,
    text_if_less_urgent: Option<String>,
    source: String,
    patterns: Vec<Pattern>,
}

impl Triage {
    /// Reads `triage.json`; every byte of its content is hashed before it is used.
    pub fn from_bytes(bytes: &[u8]) -> Result<Triage, TriageError> {
        let file = File::read(bytes)?;
        file.verify(bytes.len())?;
        Triage::compile(&file)
    }

    /// The same rules with another emergency number in their texts.
    #[must_use]
    pub fn with_number(mut self, number: EmergencyNumber) -> Triage {
        self.number = number;
        self
    }

    /// Puts another emergency number into the texts.
    pub fn set_number(&mut self, number: EmergencyNumber) {
        self.number = number;
    }

    /// The hash of the rules in use, SHA-256 in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What in a question and its note needs help, and what only asks about it. Byte ranges are those of the texts given
    /// here.
    #[must_use]
    pub fn assess(&self, question: &str, note: Option<&str>) -> Assessment {
        let mut assessment = Assessment::default();
        self.assess_field(Field::Question, question, &mut assessment);
        if let Some(note) = note {
            self.assess_field(Field::Note, note, &mut assessment);
        }
        let Assessment { alarms, notes } = &mut assessment;
        merge(alarms);
        merge(notes);
        notes.retain(|note| !alarms.iter().any(|alarm| alarm.rule == note.rule));
        assessment
    }

    /// Both findings as one: nothing that either has is lost, and a danger that is only asked about in the one and is there in the other is there.
    #[must_use]
    pub fn joined(&self, mut first: Assessment, second: Assessment) -> Assessment {
        let Assessment { alarms, notes } = &mut first;
        for (all, more) in [(&mut *alarms, second.alarms), (&mut *notes, second.notes)] {
            let new: Vec<Alarm> =
                more.into_iter().filter(|one| !all.iter().any(|other| other.rule == one.rule)).collect();
            all.extend(new);
        }
        let place = |alarm: &Alarm| self.rules.iter().position(|rule| rule.id == alarm.rule);
        alarms.sort_by_key(|alarm| (alarm.urgency, place(alarm)));
        notes.sort_by_key(|note| (note.urgency, place(note)));
        notes.retain(|note| !alarms.iter().any(|alarm| alarm.rule == note.rule));
        first
    }

    fn assess_field(&self, field: Field, text: &str, assessment: &mut Assessment) {
        let reading = self.lexicon.read(text);
        let found = self.find(&reading, field == Field::Question);
        let depth: Vec<usize> = reading
            .words
            .iter()
            .scan(0, |depth, word| {
                *depth += if word.gap == Gap::Sentence { SENTENCE_END_WORDS } else { 1 };
                Some(*depth)
            })
            .collect();
        let places = Places { depth: &depth, found: &found, background: &self.background };
        for rule in &self.rules {
            // The most urgent pattern decides; a note is made only where no alarm is.
            for (kind, out) in [(Kind::Alarm, &mut assessment.alarms), (Kind::Note, &mut assessment.notes)] {
                let hit = rule
                    .patterns
                    .iter()
                    .find_map(|pattern| Some((pattern, pattern.find(&places, kind == Kind::Note)?)));
                if let Some((pattern, found)) = hit {
                    out.push(self.alarm(rule, pattern, kind, field, &found, &reading));
                    break;
                }
            }
        }
    }

    /// The places of all lists, each with its standing.
    fn find(&self, reading: &Reading, is_question: bool) -> Vec<Vec<Found>> {
        let mut matches: Vec<(ListId, Matched)> = Vec::new();
        let begun_by = |classes: &Vec<ClassId>| {
            let phrases = classes.iter().filter_map(|class| self.beginnings.get(*class as usize)).flatten();
            phrases.map(|phrase| &self.phrases[*phrase]).filter(|(_, phrase)| phrase.is_possible(reading)).collect()
        };
        let beginnings: Vec<Vec<&(ListId, Phrase)>> = reading.different_words().iter().map(begun_by).collect();
        for at in 0..reading.words.len() {
            for (list, phrase) in beginnings.get(reading.row(at)).into_iter().flatten() {
                if let Some(matched) = phrase.find(reading, at) {
                    matches.push((*list, matched));
                }
            }
        }
        let mut cues = vec![Vec::new(); Cue::COUNT];
        for (list, matched) in &matches {
            if let Some(cue) = self.cues[*list] {
                cues[cue].push(matched.bounds());
            }
        }
        let context = Context::new(reading, &cues, is_question);
        let mut found = vec![Vec::new(); self.background.len()];
        for (list, matched) in &matches {
            let (first, last) = matched.bounds();
            found[*list].push(Found { first, last, standing: context.standing(matched.words()) });
        }
        found
    }

    fn alarm(
        &self,
        rule: &Rule,
        pattern: &Pattern,
        kind: Kind,
        field: Field,
        found: &[Found],
        reading: &Reading,
    ) -> Alarm {
        let mut evidence: Vec<Evidence> = found
            .iter()
            .filter_map(|found| {
                let range = reading.words.get(found.first)?.range.start..reading.words.get(found.last)?.range.end;
                Some(Evidence { field, range })
            })
            .collect();
        evidence.sort_by_key(|evidence| (evidence.range.start, evidence.range.end));
        evidence.dedup();
        let text = match &rule.text_if_less_urgent {
            Some(text) if pattern.urgency > rule.urgency => text,
            _ => &rule.text,
        };
        Alarm {
            kind,
            found_by: FoundBy::Rule,
            rule: rule.id.clone(),
            name: rule.name.clone(),
            urgency: pattern.urgency,
            text: self.filled(text),
            source: rule.source.clone(),
            evidence,
        }
    }

    /// A text of the rules with the emergency number in it.
    fn filled(&self, text: &str) -> String {
        text.replace("{number}", &self.number.to_string())
    }

    fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    fn compile(file: &File) -> Result<Triage, TriageError> {
        let hash = file.hash()?;
        let mut lists: Vec<(&str, &[String])> = Vec::new();
        let mut background = Vec::new();
        for (group, is_background) in [(&file.signs, false), (&file.background, true), (&file.context, true)] {
            for (name, phrases) in group {
                if lists.iter().any(|(known, _)| known == name) {
                    return Err(TriageError::Twice { name: name.clone() });
                }
                lists.push((name, phrases));
                background.push(is_background);
            }
        }
        let place = |place: &str, name: &str| {
            lists
                .iter()
                .position(|(known, _)| *known == name)
                .ok_or_else(|| TriageError::NoSuchList { place: place.to_owned(), name: name.to_owned() })
        };
        let mut cues = vec![None; lists.len()];
        for (cue, name) in context::LISTS.iter().enumerate() {
            cues[place("`context`", name)?] = Some(cue);
        }
        let mut lexicon = Lexicon::default();
        let mut phrases = Vec::new();
        let words = |name: &str| lists.iter().find(|(known, _)| *known == name).map(|(_, words)| *words);
        for (list, (name, texts)) in lists.iter().enumerate() {
            for text in *texts {
                let fault = |fault: PhraseFault| TriageError::Phrase {
                    list: (*name).to_owned(),
                    phrase: text.clone(),
                    fault: fault.explain(),
                };
                phrases.push((list, Phrase::parse(text, &mut lexicon, &words).map_err(fault)?));
            }
        }
        for word in &file.real_words {
            lexicon.keep(word);
        }
        let mut beginnings = vec![Vec::new(); lexicon.class_count()];
        for (at, (_, phrase)) in phrases.iter().enumerate() {
            if let Some(class) = phrase.first() {
                beginnings[class as usize].push(at);
            }
        }
        let mut rules: Vec<Rule> = Vec::new();
        for entry in &file.rules {
            if rules.iter().any(|rule| rule.id == entry.id) {
                return Err(TriageError::Twice { name: entry.id.clone() });
            }
            let mut patterns = entry
                .patterns
                .iter()
                .map(|pattern| compile_pattern(pattern, entry.urgency, &entry.id, &place))
                .collect::<Result<Vec<_>, _>>()?;
            patterns.sort_by_key(|pattern| pattern.urgency);
            rules.push(Rule {
                id: entry.id.clone(),
                name: entry.name.clone(),
                urgency: entry.urgency,
                text: entry.text.clone(),
                text_if_less_urgent: entry.text_if_less_urgent.clone(),
                source: entry.source.clone(),
                patterns,
            });
        }
        Ok(Triage { lexicon, phrases, beginnings, background, cues, rules, number: EmergencyNumber::default(), hash })
    }
}

fn compile_pattern(
    entry: &PatternEntry,
    urgency: Urgency,
    rule: &str,
    place: &impl Fn(&str, &str) -> Result<ListId, TriageError>,
) -> Result<Pattern, TriageError> {
    let alternatives = |text: &str| {
        text.split('|').map(|name| place(&format!("rule `{rule}`"), name.trim())).collect::<Result<Vec<_>, _>>()
    };
    Ok(Pattern {
        all: entry.all.iter().map(|item| alternatives(item)).collect::<Result<_, _>>()?,
        unless: entry.unless.as_deref().map(alternatives).transpose()?.unwrap_or_default(),
        within: entry.within.unwrap_or(DEFAULT_WITHIN_WORDS),
        urgency: entry.urgency.unwrap_or(urgency),
        even_if_over: entry.even_if_over,
        note_only: entry.note_only,
    })
}

/// One entry a rule: question and note may both have found it.
fn merge(alarms: &mut Vec<Alarm>) {
    alarms.sort_by_key(|alarm| alarm.urgency);
    let mut merged: Vec<Alarm> = Vec::new();
    for alarm in alarms.drain(..) {
        match merged.iter_mut().find(|known| known.rule == alarm.rule) {
            Some(known) => known.evidence.extend(alarm.evidence),
            None => merged.push(alarm),
        }
    }
    *alarms = merged;
}
