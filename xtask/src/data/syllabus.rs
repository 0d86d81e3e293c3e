//! `data/syllabus.md`: the topics, in order.

use std::collections::BTreeMap;
use std::path::Path;

use mambaformer_clinical::records::Discipline;

use super::findings::{Findings, Place};

const FILE: &str = "syllabus.md";

/// A line of the syllabus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) discipline: Discipline,
    /// `perio/furcation`.
    pub(crate) key: String,
    /// As the syllabus writes it.
    pub(crate) title: String,
}

/// Every topic a general dentist meets in a year.
#[derive(Debug, Default)]
pub(crate) struct Syllabus {
    topics: Vec<Topic>,
    by_key: BTreeMap<String, usize>,
}

impl Syllabus {
    /// Reads `data/syllabus.md`.
    pub(crate) fn read(data: &Path, findings: &mut Findings) -> Syllabus {
        match std::fs::read_to_string(data.join(FILE)) {
            Ok(text) => Syllabus::parse(&text, findings),
            Err(error) => {
                findings.error(&Place::file(FILE), "file", format!("cannot be read ({error}); restore it"));
                Syllabus::default()
            }
        }
    }

    /// `## Name (`prefix`)` opens a discipline, `- topic` is a topic of it.
    pub(crate) fn parse(text: &str, findings: &mut Findings) -> Syllabus {
        let mut syllabus = Syllabus::default();
        let mut discipline = None;
        for (index, line) in text.lines().enumerate() {
            let place = Place { file: FILE.into(), line: index + 1 };
            if let Some(heading) = line.strip_prefix("## ") {
                let prefix = heading.split('`').nth(1).unwrap_or_default();
                discipline = match prefix.parse() {
                    Ok(discipline) => Some(discipline),
                    Err(error) => {
                        findings.error(&place, "syllabus", format!("{error}; write `## Name (`prefix`)`"));
                        None
                    }
                };
            } else if let (Some(title), Some(discipline)) = (line.strip_prefix("- "), discipline) {
                let key = format!("{discipline}/{}", slug(title));
                if syllabus.by_key.insert(key.clone(), syllabus.topics.len()).is_some() {
                    findings.error(
                        &place,
                        "syllabus",
                        format!("the topic `{key}` stands there twice; merge the lines"),
                    );
                }
                syllabus.topics.push(Topic { discipline, key, title: title.to_owned() });
            }
        }
        syllabus
    }

    /// All topics in order.
    pub(crate) fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Whether there is such a topic.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// The topic that is most like `key`, for messages.
    pub(crate) fn nearest(&self, key: &str) -> Option<&str> {
        let asked = letter_pairs(key);
        let shared = |topic: &Topic| {
            let own = letter_pairs(&topic.key);
            let both = asked.iter().filter(|pair| own.contains(pair)).count();
            both * 2_000 / (asked.len() + own.len()).max(1)
        };
        self.topics.iter().max_by_key(|topic| shared(topic)).map(|topic| topic.key.as_str())
    }
}

fn letter_pairs(text: &str) -> Vec<[u8; 2]> {
    text.as_bytes().windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// Lower case, every run of characters outside a–z and 0–9 as one hyphen.
fn slug(title: &str) -> String {
    let lowered = title.to_lowercase();
    let words =
        lowered.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit())).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_have_keys() {
        let mut findings = Findings::default();
        let text = "# Syllabus\n- not yet\n## Periodontics (`perio`)\n- classification: stage\n- furcation\n\n## Oral medicine (`omed`)\n- Sjögren disease\n- hand, foot and mouth disease\n";
        let syllabus = Syllabus::parse(text, &mut findings);
        let keys: Vec<&str> = syllabus.topics().iter().map(|topic| topic.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "perio/classification-stage",
                "perio/furcation",
                "omed/sj-gren-disease",
                "omed/hand-foot-and-mouth-disease"
            ]
        );
        assert!(syllabus.contains("perio/furcation") && !syllabus.contains("omed/furcation"));
        assert_eq!(syllabus.nearest("omed/sjogren-disease"), Some("omed/sj-gren-disease"));
        assert_eq!(findings.errors(), 0);
        Syllabus::parse("## Dentistry (`dent`)\n- teeth\n## P (`perio`)\n- a b\n- a: b\n", &mut findings);
        assert_eq!(findings.rules(), ["syllabus", "syllabus"]);
    }
}
