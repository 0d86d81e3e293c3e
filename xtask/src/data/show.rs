//! `cargo xtask data show`: items as the product sees them, with the numbers that references use.

use std::fmt::{self, Write};

use super::compose;
use super::corpus::Corpus;

/// What `id` is, line by line; nothing where there is no such item.
pub(crate) fn show(id: &str, corpus: &Corpus) -> Result<Option<String>, fmt::Error> {
    let mut out = String::new();
    if let Some(entry) = corpus.passage(id) {
        writeln!(out, "{id} ({}): {}", entry.place, entry.passage.title)?;
        for (index, sentence) in entry.marked.sentences().iter().enumerate() {
            writeln!(out, "  #{} {}", index + 1, entry.marked.sentence(index).unwrap_or_default())?;
            for (clause, letter) in (0..sentence.clauses.len()).zip('a'..='z') {
                writeln!(out, "    #{}{letter} {}", index + 1, entry.marked.clause(index, clause).unwrap_or_default())?;
            }
        }
    } else if let Some(entry) = corpus.record(id) {
        writeln!(out, "{id} ({})", entry.place)?;
        for (index, line) in entry.lines.iter().enumerate() {
            writeln!(out, "  #{} {line}", index + 1)?;
        }
        for remark in entry.record.remarks() {
            writeln!(out, "     {remark}")?;
        }
    } else if let Some(entry) = corpus.note(id) {
        writeln!(out, "{id} ({})", entry.place)?;
        for (index, sentence) in entry.sentences.iter().enumerate() {
            writeln!(out, "  #{} {sentence}", index + 1)?;
        }
    } else if let Some(cluster) = corpus.clusters.iter().find(|cluster| cluster.value.id == id) {
        writeln!(out, "{id} ({})", cluster.place)?;
        for question in &cluster.value.questions {
            writeln!(out, "  {}: {}", question.style, question.text)?;
        }
        match compose::compose(&cluster.value, corpus) {
            Ok(answer) => writeln!(out, "  = {} [{}]", answer.text(), answer.sources().join(", "))?,
            Err(errors) => {
                for error in errors {
                    writeln!(out, "  ! {error}")?;
                }
            }
        }
    } else {
        return Ok(None);
    }
    Ok(Some(out))
}
