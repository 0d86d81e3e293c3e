//! The counts in the data card `data/README.md`, between two marks: made by `build`, so that they are never old.

use std::fmt::{self, Write};

use super::split::Split;
use super::summary::Summary;

/// The file below `data/`.
pub(crate) const FILE: &str = "README.md";

const BEGIN: &str = "<!-- counts: made by `cargo xtask data build` -->\n";
const END: &str = "<!-- end of counts -->";

/// Organisations with fewer passages than this are counted together.
const LISTED_FROM: usize = 8;

/// Why the card cannot be filled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CardError {
    #[error("data/{FILE} has no lines `{}` and `{END}`, between which the counts stand; restore them", BEGIN.trim_end())]
    NoMarks,
    #[error("the counts cannot be written")]
    Write(#[from] fmt::Error),
}

/// `card` with the counts of now.
pub(crate) fn filled(card: &str, summary: &Summary) -> Result<String, CardError> {
    let (before, rest) = card.split_once(BEGIN).ok_or(CardError::NoMarks)?;
    let (_, behind) = rest.split_once(END).ok_or(CardError::NoMarks)?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{behind}", tables(summary)?))
}

fn tables(summary: &Summary) -> Result<String, fmt::Error> {
    let mut out = String::new();
    out.push_str("| | asked | there are |\n| --- | ---: | ---: |\n");
    for (name, target, found) in summary.targets() {
        writeln!(out, "| {name} | {target} | {found} |")?;
    }
    out.push_str(
        "\n| discipline | topics | passages | sentences | records | notes | questions | train | validation | test |\n",
    );
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    let total = summary.total();
    let rows = summary.rows.iter().map(|(discipline, row)| (discipline.prefix(), row));
    for (name, row) in rows.chain([("**all**", &total)]) {
        writeln!(
            out,
            "| {name} | {}/{} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.covered,
            row.topics,
            row.passages,
            row.sentences,
            row.records,
            row.notes,
            row.questions,
            row.of(Split::Train),
            row.of(Split::Validation),
            row.of(Split::Test)
        )?;
    }
    out.push_str("\n| questions by | |\n| --- | --- |\n");
    for (name, counts) in [
        ("level", &summary.level),
        ("style", &summary.style),
        ("kind", &summary.kind),
        ("tag", &summary.tags),
        ("split", &summary.split),
    ] {
        writeln!(out, "| {name} | {} |", listed(counts.iter().map(|(name, count)| (name.as_str(), *count))))?;
    }
    writeln!(out, "\nRecords: {}.", listed(summary.records.iter().map(|(name, count)| (name.as_str(), *count))))?;
    writeln!(
        out,
        "Passages by strength: {}.",
        listed(summary.strength.iter().map(|(name, count)| (name.as_str(), *count)))
    )?;
    writeln!(
        out,
        "Passages by region: {}.",
        listed(summary.region.iter().map(|(name, count)| (name.as_str(), *count)))
    )?;
    writeln!(out, "Safety: {}.", listed(summary.safety.iter().map(|(name, count)| (name.as_str(), *count))))?;
    writeln!(
        out,
        "Source text: {:.1} % of all answers. {} groups of clusters stay together, the largest has {} clusters. {} passages are in no answer.",
        summary.share, summary.groups, summary.largest_group, summary.unused_passages
    )?;
    let mut organisations: Vec<(&str, usize)> =
        summary.organisations.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    organisations.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let (many, few): (Vec<_>, Vec<_>) = organisations.into_iter().partition(|(_, count)| *count >= LISTED_FROM);
    let rest: usize = few.iter().map(|(_, count)| count).sum();
    writeln!(out, "\nPassages by source: {}; {} more with {rest}.", listed(many.into_iter()), few.len())?;
    Ok(out)
}

fn listed<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> String {
    counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_counts_change() {
        let card = format!("# Card\n{BEGIN}old\n{END}\nrest\n");
        let filled = super::filled(&card, &Summary::default()).expect("marks");
        assert!(
            filled.starts_with(&format!("# Card\n{BEGIN}\n| | asked")) && filled.ends_with(&format!("{END}\nrest\n"))
        );
        assert!(!filled.contains("old"));
        assert_eq!(super::filled(&filled, &Summary::default()).expect("marks"), filled);
    }

    #[test]
    fn a_card_without_marks_is_refused() {
        for card in ["", "# Card", BEGIN, &format!("{END}{BEGIN}")] {
            assert!(matches!(filled(card, &Summary::default()), Err(CardError::NoMarks)), "{card}");
        }
    }
}
