//! Ids: a prefix that matches the file, a number of fixed width.

use mambaformer_clinical::records::Discipline;

use crate::data::findings::{Findings, Place};

/// How the ids of one kind are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Before the discipline.
    pub(super) before: &'static str,
    /// Between the discipline and the number.
    pub(super) between: &'static str,
    /// Digits of the number.
    pub(super) digits: usize,
}

/// `perio-0017`.
pub(super) const PASSAGE: Form = Form { before: "", between: "-", digits: 4 };
/// `rec-perio-001`.
pub(super) const RECORD: Form = Form { before: "rec-", between: "-", digits: 3 };
/// `perio-n01`.
pub(super) const NOTE: Form = Form { before: "", between: "-n", digits: 2 };
/// `perio-p01`.
pub(super) const PRACTICE_NOTE: Form = Form { before: "", between: "-p", digits: 2 };
/// `perio-q0012`.
pub(super) const CLUSTER: Form = Form { before: "", between: "-q", digits: 4 };

/// Checks an id against its file, and the discipline the item names against both.
pub(super) fn check(form: Form, id: &str, named: Option<Discipline>, place: &Place, findings: &mut Findings) {
    let Ok(discipline) = place.stem().parse::<Discipline>() else {
        findings.error(place, "id", format!("the file `{}` is called after no discipline; rename it", place.file));
        return;
    };
    let Form { before, between, digits } = form;
    let prefix = format!("{before}{discipline}{between}");
    let number = id.strip_prefix(&prefix).unwrap_or_default();
    if number.len() != digits || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        let example = "0".repeat(digits - 1);
        findings.error(place, "id", format!("the id is `{id}`, in this file it has the form `{prefix}{example}1`"));
    }
    if let Some(named) = named.filter(|named| *named != discipline) {
        findings.error(
            place,
            "id",
            format!("`discipline` is `{named}`, the file is that of `{discipline}`; move or correct it"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_form() {
        let place = |file: &str| Place { file: file.into(), line: 1 };
        let cases = [
            (PASSAGE, "perio-0017", Some(Discipline::Perio), "knowledge/perio.jsonl", 0),
            (RECORD, "rec-perio-001", None, "records/perio.jsonl", 0),
            (NOTE, "perio-n01", None, "notes/perio.jsonl", 0),
            (PRACTICE_NOTE, "perio-p01", None, "practice_notes/perio.jsonl", 0),
            (CLUSTER, "perio-q0012", None, "clusters/perio.jsonl", 0),
            (PASSAGE, "perio-017", None, "knowledge/perio.jsonl", 1),
            (PASSAGE, "endo-0017", None, "knowledge/perio.jsonl", 1),
            (PASSAGE, "perio-00a7", None, "knowledge/perio.jsonl", 1),
            (CLUSTER, "perio-0012", None, "clusters/perio.jsonl", 1),
            (RECORD, "rec-perio-1", Some(Discipline::Endo), "records/perio.jsonl", 2),
            (PASSAGE, "perio-0017", None, "knowledge/gums.jsonl", 1),
        ];
        for (form, id, named, file, expected) in cases {
            let mut findings = Findings::default();
            check(form, id, named, &place(file), &mut findings);
            assert_eq!(findings.errors(), expected, "{id} in {file}: {}", findings.text());
        }
    }
}
