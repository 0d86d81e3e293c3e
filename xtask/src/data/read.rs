//! JSON Lines from the folders of `data/`, each value with its line; what cannot be read becomes a finding.

use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::findings::{Findings, Place};

/// A value and the line it stands on.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub(crate) place: Place,
    pub(crate) value: T,
}

/// All lines of all `*.jsonl` files in the folder `name` of `data`, in the order of file names. A missing folder is empty.
pub(crate) fn folder<T: DeserializeOwned>(data: &Path, name: &str, findings: &mut Findings) -> Vec<Located<T>> {
    let place = Place::file(name);
    let entries = match std::fs::read_dir(data.join(name)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            findings.error(&place, "file", format!("the folder cannot be read ({error}); look at its rights"));
            return Vec::new();
        }
    };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let mut all = Vec::new();
    for file in names {
        if Path::new(&file).extension().is_some_and(|ending| ending == "jsonl") {
            all.extend(self::file(data, &format!("{name}/{file}"), findings));
        } else if !file.starts_with('.') {
            findings.warning(&Place::file(&format!("{name}/{file}")), "file", "is no .jsonl file and is not read");
        }
    }
    all
}

/// All lines of `data/<name>`; none where there is no such file.
pub(crate) fn file<T: DeserializeOwned>(data: &Path, name: &str, findings: &mut Findings) -> Vec<Located<T>> {
    match std::fs::read_to_string(data.join(name)) {
        Ok(text) => lines(name, &text, findings),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            findings.error(&Place::file(name), "file", format!("cannot be read ({error}); it must be UTF-8 text"));
            Vec::new()
        }
    }
}

/// The lines of `text`, which stands in the file `name`.
pub(crate) fn lines<T: DeserializeOwned>(name: &str, text: &str, findings: &mut Findings) -> Vec<Located<T>> {
    let file: Rc<str> = name.into();
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = Place { file: file.clone(), line: index + 1 };
        if line.trim().is_empty() {
            findings.error(&place, "schema", "the line is empty; take it out");
            continue;
        }
        match serde_json::from_str(line) {
            Ok(value) => all.push(Located { place, value }),
            Err(error) => {
                let message = error.to_string();
                // Each line is read by itself, so that serde_json counts all of them as line 1.
                let fault = message.split(" at line ").next().unwrap_or_default();
                let column = error.column();
                findings.error(&place, "schema", format!("{fault} (column {column}); see AUTHORING.md"));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::authored::Note;

    #[test]
    fn lines_that_cannot_be_read_are_named() {
        let mut findings = Findings::default();
        let text = "{\"id\":\"a\",\"text\":\"b\"}\n\n{\"id\":\"a\"}\n{\"id\":\"a\",\"text\":\"b\",\"by\":1}\nno\n";
        let read = lines::<Note>("notes/perio.jsonl", text, &mut findings);
        assert_eq!(read.len(), 1);
        let messages: Vec<String> = findings.sorted(None).iter().map(ToString::to_string).collect();
        let expected = [
            ":2: error [schema]: the line is empty",
            ":3: error [schema]: missing field `text`",
            ":4: error [schema]: unknown field `by`",
            ":5: error [schema]: expected",
        ];
        assert_eq!(messages.len(), expected.len());
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_is_not_there_is_empty() {
        let mut findings = Findings::default();
        assert!(folder::<Note>(Path::new("/nowhere"), "notes", &mut findings).is_empty());
        assert!(file::<Note>(Path::new("/nowhere"), "safety/red_flags.jsonl", &mut findings).is_empty());
        assert_eq!(findings.errors(), 0);
    }
}
