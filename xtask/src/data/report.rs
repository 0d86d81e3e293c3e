//! `cargo xtask data report`: the counts as a page.

use std::collections::BTreeMap;
use std::fmt;

use mambaformer_clinical::records::Discipline;

use super::html::Page;
use super::split::Split;
use super::summary::{Counts, Row, Summary};

/// Words of a step of answer lengths, and per cent of a step of shares.
const LENGTH_STEP: usize = 10;
const SHARE_STEP: usize = 5;

/// The page.
pub(crate) fn page(summary: &Summary, errors: usize, warnings: usize) -> Result<String, fmt::Error> {
    let mut page = Page::new("Dental data: what there is")?;
    page.paragraph(&format!(
        "Made by `cargo xtask data report`. The check found {errors} errors and {warnings} warnings. No clinician has reviewed these data yet."
    ))?;
    page.heading("What was asked for")?;
    let targets: Vec<Vec<String>> = summary
        .targets()
        .iter()
        .map(|(name, target, found)| vec![(*name).to_owned(), target.to_string(), found.to_string()])
        .collect();
    page.table(&["", "asked", "found"], &targets)?;

    page.heading("Disciplines")?;
    let mut rows: Vec<Vec<String>> =
        summary.rows.iter().map(|(discipline, row)| cells(discipline.prefix(), row)).collect();
    rows.push(cells("all", &summary.total()));
    let head = [
        "",
        "topics",
        "with passages",
        "with questions",
        "passages",
        "sentences",
        "records",
        "notes",
        "clusters",
        "questions",
        "train",
        "validation",
        "test",
    ];
    page.table(&head, &rows)?;
    let by_discipline = |count: fn(&Row) -> usize| -> Vec<(Discipline, usize)> {
        summary.rows.iter().map(|(discipline, row)| (*discipline, count(row))).collect()
    };
    page.heading("Questions by discipline")?;
    page.bars("questions by discipline", &by_discipline(|row| row.questions))?;
    page.heading("Passages by discipline")?;
    page.bars("passages by discipline", &by_discipline(|row| row.passages))?;
    for (name, counts) in [
        ("Questions by level", &summary.level),
        ("Questions by style", &summary.style),
        ("Questions by kind", &summary.kind),
        ("Questions by tag", &summary.tags),
        ("Questions by split", &summary.split),
        ("Why clusters go together (pairs)", &summary.bonds),
        ("Records by type", &summary.records),
        ("Passages by strength", &summary.strength),
        ("Passages by region", &summary.region),
    ] {
        bars(&mut page, name, counts)?;
    }
    page.paragraph(&format!(
        "{} groups, the largest of {} clusters; {} clusters cannot be built; {} passages are in no answer.",
        summary.groups, summary.largest_group, summary.left_out, summary.unused_passages
    ))?;
    page.heading("Words of an answer")?;
    page.bars("words of an answer", &steps(summary.answer_words.iter().copied(), LENGTH_STEP))?;
    page.heading("Share of source text in an answer, per cent")?;
    page.paragraph(&format!("{:.1} % of all answers.", summary.share))?;
    page.bars("share of source text", &steps(summary.shares.iter().map(|share| whole(*share)), SHARE_STEP))?;
    page.heading("Safety data")?;
    page.table(
        &["", "count"],
        &summary.safety.iter().map(|(name, count)| vec![name.clone(), count.to_string()]).collect::<Vec<_>>(),
    )?;
    page.heading("Sources of passages by organisation")?;
    let mut organisations: Vec<(&String, usize)> =
        summary.organisations.iter().map(|(name, count)| (name, *count)).collect();
    organisations.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let rows: Vec<Vec<String>> =
        organisations.iter().map(|(name, count)| vec![(*name).clone(), count.to_string()]).collect();
    page.table(&["", "passages"], &rows)?;
    page.heading("Coverage of the syllabus")?;
    let rows: Vec<Vec<String>> = summary
        .topics
        .iter()
        .map(|count| {
            let key = count.topic.key.split('/').next().unwrap_or_default();
            vec![format!("{key}: {}", count.topic.title), count.passages.to_string(), count.questions.to_string()]
        })
        .collect();
    page.table(&["topic", "passages", "questions"], &rows)?;
    Ok(page.finish())
}

fn bars(page: &mut Page, name: &str, counts: &Counts) -> fmt::Result {
    page.heading(name)?;
    page.bars(name, &counts.iter().map(|(name, count)| (name, *count)).collect::<Vec<_>>())
}

fn cells(name: &str, row: &Row) -> Vec<String> {
    let counts = [
        row.topics,
        row.covered,
        row.asked,
        row.passages,
        row.sentences,
        row.records,
        row.notes,
        row.clusters,
        row.questions,
        row.of(Split::Train),
        row.of(Split::Validation),
        row.of(Split::Test),
    ];
    std::iter::once(name.to_owned()).chain(counts.iter().map(ToString::to_string)).collect()
}

/// How many values fall into each step, from the first to the last that has some.
fn steps(values: impl Iterator<Item = usize>, step: usize) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value / step).or_default() += 1;
    }
    let (Some(first), Some(last)) = (counts.keys().next().copied(), counts.keys().last().copied()) else {
        return Vec::new();
    };
    (first..=last)
        .map(|at| (format!("{} to {}", at * step, at * step + step - 1), counts.get(&at).copied().unwrap_or(0)))
        .collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 100 per cent
fn whole(percent: f64) -> usize {
    percent.clamp(0.0, 100.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_no_gaps() {
        let expected =
            [("10 to 19", 2), ("20 to 29", 0), ("30 to 39", 1)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(steps([12, 19, 30].into_iter(), 10), expected);
        assert!(steps(std::iter::empty(), 10).is_empty());
    }

    #[test]
    fn an_empty_summary_has_a_page() {
        let text = page(&Summary::default(), 1, 2).expect("writes");
        assert!(text.contains("1 errors and 2 warnings") && text.ends_with("</html>\n"));
    }
}
