//! What the check has to say: errors and warnings, each with the line it is about.

use std::fmt;
use std::rc::Rc;

/// A line of an authored file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The file below `data/`.
    pub(crate) file: Rc<str>,
    /// The line, counted from 1; 0 for the file itself.
    pub(crate) line: usize,
}

impl Place {
    /// The file as a whole.
    pub(crate) fn file(file: &str) -> Place {
        Place { file: file.into(), line: 0 }
    }

    /// The name of the file without folder and ending: the discipline it belongs to.
    pub(crate) fn stem(&self) -> &str {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// The first folder of its path.
    pub(crate) fn folder(&self) -> &str {
        self.file.split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { write!(f, "data/{}", self.file) } else { write!(f, "data/{}:{}", self.file, self.line) }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The data may not be used.
    Error,
    /// Somebody should look at it.
    Warning,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) place: Place,
    pub(crate) severity: Severity,
    /// The rule, in a word, so that findings can be counted and tests can name it.
    pub(crate) rule: &'static str,
    /// What it is, and the remedy.
    pub(crate) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}: {kind} [{}]: {}", self.place, self.rule, self.message)
    }
}

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Notes an error.
    pub(crate) fn error(&mut self, place: &Place, rule: &'static str, message: impl Into<String>) {
        self.push(place, Severity::Error, rule, message.into());
    }

    /// Notes a warning.
    pub(crate) fn warning(&mut self, place: &Place, rule: &'static str, message: impl Into<String>) {
        self.push(place, Severity::Warning, rule, message.into());
    }

    fn push(&mut self, place: &Place, severity: Severity, rule: &'static str, message: String) {
        self.0.push(Finding { place: place.clone(), severity, rule, message });
    }

    /// In the order of files and lines, each once; only those of one discipline (or `safety`) if it is given.
    pub(crate) fn sorted(mut self, only: Option<&str>) -> Vec<Finding> {
        if let Some(only) = only {
            self.0.retain(|finding| finding.place.stem() == only || finding.place.folder() == only);
        }
        self.0.sort();
        self.0.dedup();
        self.0
    }

    /// How many errors there are.
    #[cfg(test)]
    pub(crate) fn errors(&self) -> usize {
        self.0.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// The rules that were broken, in the order of discovery.
    #[cfg(test)]
    pub(crate) fn rules(&self) -> Vec<&'static str> {
        self.0.iter().map(|finding| finding.rule).collect()
    }

    /// The text of all messages.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_limited_to_one_discipline() {
        let mut findings = Findings::default();
        let place = |file: &str, line| Place { file: file.into(), line };
        findings.warning(&place("knowledge/perio.jsonl", 9), "b", "two");
        findings.error(&place("knowledge/perio.jsonl", 3), "a", "one");
        findings.error(&place("knowledge/perio.jsonl", 3), "a", "one");
        findings.error(&place("clusters/endo.jsonl", 1), "a", "three");
        findings.error(&place("safety/red_flags.jsonl", 1), "a", "four");
        assert_eq!(findings.errors(), 4);
        let shown = |only| -> Vec<String> {
            let mut copy = Findings::default();
            copy.0.clone_from(&findings.0);
            copy.sorted(only).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            shown(Some("perio")),
            ["data/knowledge/perio.jsonl:3: error [a]: one", "data/knowledge/perio.jsonl:9: warning [b]: two"]
        );
        assert_eq!(shown(Some("safety")).len(), 1);
        assert_eq!(shown(None).len(), 4);
    }
}
