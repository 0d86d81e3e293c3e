//! The check of an answer, sentence by sentence.

use super::contradiction::Statement;
use super::cuts;
use super::draft::{Draft, Kind, Reason, Span, Verdict};
use super::lexicon::Lexicon;
use super::mixture;
use super::note;
use super::state::gaps;
use super::wording;
use super::words::{Word, words};
use crate::retrieval::analyze::Analyzer;
use crate::retrieval::lines::Spoken;

/// How often one sentence is mended: each round gives it an earlier sentence or the rest of its own.
const MAX_ROUNDS: usize = 4;

/// Checks answers against their sources.
pub struct Verifier {
    lexicon: Lexicon,
    /// Openings and connectives: what may stand beside copied text.
    phrases: Vec<Vec<Word>>,
    analyzer: Analyzer,
}

/// What of the answer is shown so far.
#[derive(Default)]
struct Shown<'a> {
    spans: Vec<Span<'a>>,
    statements: Vec<Statement>,
}

impl Verifier {
    /// `phrases` are the openings and connectives of [`crate::grounding::Grounding`].
    #[must_use]
    pub fn new<'p>(lexicon: Lexicon, phrases: impl IntoIterator<Item = &'p str>) -> Verifier {
        let phrases = phrases.into_iter().map(words).filter(|phrase| !phrase.is_empty()).collect();
        Verifier { lexicon, phrases, analyzer: Analyzer::default() }
    }

    /// The drugs it knows.
    #[must_use]
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// What the question names and no cited sentence speaks of ([`super::gaps`]).
    #[must_use]
    pub fn gaps(&self, question: &str, cited: &[&str], covered: f64, spoken: impl Fn(&str) -> Spoken) -> Vec<String> {
        gaps(question, cited, &self.lexicon, &self.analyzer, covered, spoken)
    }

    /// Checks the sentences of a grounded answer in their order: one verdict each. Text that does not repeat its source word for
    /// word does not hold.
    #[must_use]
    pub fn check<'a>(&self, drafts: &[Draft<'a>]) -> Vec<Verdict<'a>> {
        self.all(drafts, false)
    }

    /// Checks freely generated sentences: the words may be others, the numbers, drugs, limits and content not.
    #[must_use]
    pub fn check_free<'a>(&self, drafts: &[Draft<'a>]) -> Vec<Verdict<'a>> {
        self.all(drafts, true)
    }

    fn all<'a>(&self, drafts: &[Draft<'a>], free: bool) -> Vec<Verdict<'a>> {
        let mut shown = Shown::default();
        let mut verdicts = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            let behind = drafts.get(index + 1).and_then(|next| next.spans.first());
            let verdict = self.one(draft, &shown, behind, free);
            let spans = match &verdict {
                Verdict::Holds => draft.spans.as_slice(),
                Verdict::Repaired { extend, .. } => extend.as_slice(),
                Verdict::Withheld { .. } => &[],
            };
            for span in spans {
                shown.statements.push(Statement::read(span.text(), &self.analyzer));
                shown.spans.push(span.clone());
            }
            verdicts.push(verdict);
        }
        verdicts
    }

    fn one<'a>(&self, draft: &Draft<'a>, shown: &Shown<'a>, behind: Option<&Span<'a>>, free: bool) -> Verdict<'a> {
        if draft.spans.is_empty() {
            let said = words(draft.text);
            let listed =
                self.phrases.iter().any(|phrase| said.iter().map(|w| &w.text).eq(phrase.iter().map(|w| &w.text)));
            return if listed { Verdict::Holds } else { Verdict::Withheld { reason: Reason::NoSource } };
        }
        if let Some(broken) = draft.spans.iter().find(|span| !span.is_sound()) {
            return Verdict::Withheld { reason: Reason::BrokenSpan { source_id: broken.source.id.to_owned() } };
        }
        let wording = wording::compare(draft, &self.lexicon, &self.phrases, &self.analyzer);
        let mut reason = wording.fault.or_else(|| (!free && !wording.copied).then_some(Reason::Altered));
        // Free text that says no more than its sources is not cut from them: only whole sentences can be looked at.
        let mut spans = if reason.is_some() || !wording.copied {
            whole_sentences(&draft.spans)
        } else {
            cuts::merged(&draft.spans)
        };
        let given = spans.clone();
        for round in 0.. {
            let Some((fault, mended)) = self.fault(&spans, shown, behind) else { break };
            match mended.filter(|_| round < MAX_ROUNDS) {
                Some(mended) => {
                    reason.get_or_insert(fault);
                    spans = cuts::merged(&mended);
                }
                None => return Verdict::Withheld { reason: reason.unwrap_or(fault) },
            }
        }
        if let Some(fault) = self.beyond_repair(&spans, shown) {
            return Verdict::Withheld { reason: reason.unwrap_or(fault) };
        }
        match reason {
            None => Verdict::Holds,
            // What would be written stands there already.
            Some(reason) if spans.iter().all(|span| shown.spans.iter().any(|own| own.covers(span))) => {
                Verdict::Withheld { reason }
            }
            Some(reason) => Verdict::Repaired { extend: if spans.is_empty() { given } else { spans }, reason },
        }
    }

    /// The first fault that the source's own sentences may mend.
    fn fault<'a>(
        &self,
        spans: &[Span<'a>],
        shown: &Shown<'a>,
        behind: Option<&Span<'a>>,
    ) -> Option<(Reason, Option<Vec<Span<'a>>>)> {
        if let Some(cut) = cuts::find(spans, shown.spans.last(), behind) {
            return Some((cut.reason, cut.mended));
        }
        let mut before = shown.spans.clone();
        for (at, span) in spans.iter().enumerate() {
            if let Some(moved) = mixture::moved_dose(span, &before, &self.lexicon) {
                let mended = moved.mended.map(|mended| {
                    spans.iter().take(at).chain(&mended).chain(spans.iter().skip(at + 1)).cloned().collect()
                });
                return Some((moved.reason, mended));
            }
            before.push(span.clone());
        }
        None
    }

    /// The first fault that no other sentence of the source mends.
    fn beyond_repair(&self, spans: &[Span<'_>], shown: &Shown<'_>) -> Option<Reason> {
        for (at, span) in spans.iter().enumerate() {
            if span.source.kind == Kind::Note
                && let Some(word) = note::advice(span.text())
            {
                return Some(Reason::NoteAsAdvice { word });
            }
            let statement = Statement::read(span.text(), &self.analyzer);
            for (earlier, said) in shown.spans.iter().zip(&shown.statements) {
                if let Some(reason) = mixture::mixed(earlier, span) {
                    return Some(reason);
                }
                if earlier.source.kind != Kind::Note && span.source.kind != Kind::Note && statement.contradicts(said) {
                    return Some(Reason::Contradiction);
                }
            }
            if let Some(reason) = spans.iter().take(at).find_map(|earlier| mixture::mixed(earlier, span)) {
                return Some(reason);
            }
        }
        None
    }
}

/// The whole sentences the spans touch, in the order of the spans.
fn whole_sentences<'a>(spans: &[Span<'a>]) -> Vec<Span<'a>> {
    let mut whole: Vec<Span<'a>> = Vec::new();
    for span in spans {
        let Some(sentences) = span.touched().and_then(|(first, last)| Span::whole(span.source, first, last)) else {
            continue;
        };
        if !whole.iter().any(|own| own.covers(&sentences)) {
            whole.push(sentences);
        }
    }
    cuts::merged(&whole)
}
