//! `verification`: how many true answers the check would stop, and how many faults put into them it finds.

mod changes;
pub(super) mod gold;

use std::collections::BTreeMap;

use anyhow::Result;
use mambaformer_clinical::retrieval::analyze::Analyzer;
use mambaformer_clinical::retrieval::lines::Spoken;
use mambaformer_clinical::verify::{AnswerState, Ending, Kind, Lexicon, Verdict, Verifier, gaps};
use mambaformer_model::random::Stream;

use self::changes::{CHANGES, Change, SOUND};
use self::gold::{Corpus, Gold, OPENINGS, Piece, drafts};
use super::{Context, Figure, Goal, Report};

/// Seeds the choice of faults.
const SEED: u64 = 5;
/// The most faults of a kind in each part of the set.
const MOST: usize = 500;
/// Share of a question's content words in the cited sentences from which it counts as answered; below it the missing words are named.
const COVERED: f64 = 0.25;

/// The check as the pipeline builds it, with the openings of the question set.
pub(super) fn verifier(corpus: &Corpus) -> Verifier {
    Verifier::new(Lexicon::new(corpus.drugs.iter().map(String::as_str)), OPENINGS)
}

pub(super) fn measure(context: &Context) -> Result<Report> {
    let corpus = Corpus::read(&context.data)?;
    let verifier = verifier(&corpus);
    let mut report = Report::default();
    if !corpus.lost.is_empty() {
        let lost = corpus.lost.join(", ");
        report
            .remarks
            .push(format!("{} answers are put together in a way not followed here: {lost}", corpus.lost.len()));
    }
    for (name, test) in [("train and validation", false), ("test", true)] {
        let gold: Vec<&Gold> = corpus.gold.iter().filter(|gold| gold.test == test).collect();
        alarms(&gold, name, &verifier, &mut report);
        for change in SOUND {
            let (found, _, n) = tried(&corpus, &gold, change, &verifier, false);
            report.goals.push(Goal::at_most(
                format!("flagged, {}, {name}", change.name),
                0.03,
                Figure::Rate { hits: found.len(), of: n },
            ));
            report.failures.extend(found.into_iter().take(5).map(|text| format!("{}: {text}", change.name)));
        }
        for change in CHANGES {
            let (found, missed, n) = tried(&corpus, &gold, change, &verifier, false);
            report.goals.push(Goal::at_least(
                format!("found, {}, {name}", change.name),
                0.95,
                Figure::Rate { hits: found.len(), of: n },
            ));
            report.failures.extend(missed.into_iter().map(|text| format!("{}: {text}", change.name)));
            if change.wording {
                let (found, missed, n) = tried(&corpus, &gold, change, &verifier, true);
                let what = format!("found in free text, {}, {name}", change.name);
                report.goals.push(Goal::at_least(what, 0.95, Figure::Rate { hits: found.len(), of: n }));
                report.failures.extend(missed.into_iter().map(|text| format!("free text, {}: {text}", change.name)));
            }
        }
        states(&corpus, &gold, name, &verifier, &mut report);
    }
    Ok(report)
}

/// True answers that the check stops.
fn alarms(gold: &[&Gold], name: &str, verifier: &Verifier, report: &mut Report) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut flagged = 0;
    for gold in gold {
        let drafts = drafts(&gold.pieces);
        let verdicts = verifier.check(&drafts);
        let Some((draft, verdict)) = drafts.iter().zip(&verdicts).find(|(_, verdict)| **verdict != Verdict::Holds)
        else {
            continue;
        };
        flagged += 1;
        if let Some(reason) = verdict.reason() {
            let kind = format!("{reason:?}");
            let kind = kind.split([' ', '{']).next().unwrap_or_default().to_owned();
            *kinds.entry(kind).or_default() += 1;
            report.failures.push(format!("{} flagged: {reason}: {}", gold.id, draft.text));
        }
    }
    let figure = Figure::Rate { hits: flagged, of: gold.len() };
    report.goals.push(Goal::at_most(format!("true answers flagged, {name}"), 0.03, figure));
    let listed: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    report.remarks.push(format!(
        "true answers flagged, {name}: {}",
        if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
    ));
}

/// Puts the fault into up to [`MOST`] answers: the texts where something was found, those where nothing was, and how many there were.
fn tried(
    corpus: &Corpus,
    gold: &[&Gold],
    change: &Change,
    verifier: &Verifier,
    free: bool,
) -> (Vec<String>, Vec<String>, usize) {
    let mut random = Stream::new(SEED, change.name);
    let mut order: Vec<(u64, &Gold)> = gold.iter().map(|gold| (random.next_u64(), *gold)).collect();
    order.sort_by_key(|(key, _)| *key);
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for (_, gold) in order {
        let Some(pieces) = (change.make)(corpus, gold, &mut random) else { continue };
        let drafts = drafts(&pieces);
        let verdicts = if free { verifier.check_free(&drafts) } else { verifier.check(&drafts) };
        let shown = || format!("{}: {}", gold.id, text(&pieces));
        match verdicts.iter().find_map(Verdict::reason) {
            Some(reason) => found.push(format!("{} ({reason})", shown())),
            None => missed.push(shown()),
        }
        if found.len() + missed.len() >= MOST {
            break;
        }
    }
    let n = found.len() + missed.len();
    (found, missed, n)
}

fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" | ")
}

/// The state of true answers, and of answers to other questions.
fn states(corpus: &Corpus, gold: &[&Gold], name: &str, verifier: &Verifier, report: &mut Report) {
    let analyzer = Analyzer::default();
    let state = |question: &str, pieces: &[Piece]| {
        let drafts = drafts(pieces);
        let cited: Vec<String> = pieces
            .iter()
            .flat_map(|piece| &piece.spans)
            .map(|(source, range)| {
                let title = corpus.titles.get(&source.id).map_or("", String::as_str);
                format!("{title} {} {} {}", &source.text[range.clone()], source.group.name(), source.region)
            })
            .collect();
        let cited: Vec<&str> = cited.iter().map(String::as_str).collect();
        let verdicts = verifier.check(&drafts);
        let evidence_sentences = drafts
            .iter()
            .zip(&verdicts)
            .filter(|(draft, verdict)| {
                !matches!(verdict, Verdict::Withheld { .. })
                    && draft.spans.iter().any(|span| span.source.kind != Kind::Note)
            })
            .count();
        let gaps = gaps(question, &cited, verifier.lexicon(), &analyzer, COVERED, |_| Spoken::Missing);
        AnswerState::decide(&Ending { evidence_sentences, gaps, ..Ending::default() })
    };
    let (mut own, mut other) = (0, 0);
    for (at, item) in gold.iter().enumerate() {
        own += usize::from(state(&item.question, &item.pieces) == AnswerState::Supported);
        let stranger = gold[(at + gold.len() / 2) % gold.len()];
        other += usize::from(state(&item.question, &stranger.pieces) == AnswerState::Supported);
    }
    report.goals.push(Goal::only(
        format!("true answers called supported, words alone, {name}"),
        Figure::Rate { hits: own, of: gold.len() },
    ));
    report.goals.push(Goal::only(
        format!("answers to another question called supported, words alone, {name}"),
        Figure::Rate { hits: other, of: gold.len() },
    ));
}
