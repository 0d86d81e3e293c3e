//! Context that cutting lost: the sentence a sentence refers back to, a condition, the items of a list.

use super::draft::{Kind, Reason, Span};
use super::words::{Word, words};

/// At the start of a sentence these always refer to the one before.
const REFERRING: &[&str] = &[
    "accordingly",
    "additionally",
    "afterwards",
    "also",
    "alternatively",
    "but",
    "consequently",
    "conversely",
    "finally",
    "furthermore",
    "he",
    "hence",
    "her",
    "his",
    "however",
    "instead",
    "its",
    "likewise",
    "moreover",
    "nevertheless",
    "nonetheless",
    "otherwise",
    "she",
    "similarly",
    "so",
    "still",
    "such",
    "their",
    "them",
    "then",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "thus",
    "yet",
];
/// Two words at the start that refer back.
const REFERRING_PAIRS: &[(&str, &str)] = &[
    ("after", "that"),
    ("after", "this"),
    ("as", "above"),
    ("as", "such"),
    ("at", "that"),
    ("at", "these"),
    ("at", "this"),
    ("before", "that"),
    ("before", "this"),
    ("by", "contrast"),
    ("despite", "this"),
    ("even", "so"),
    ("for", "example"),
    ("for", "instance"),
    ("for", "that"),
    ("for", "these"),
    ("for", "this"),
    ("for", "those"),
    ("from", "this"),
    ("if", "not"),
    ("if", "so"),
    ("in", "addition"),
    ("in", "contrast"),
    ("in", "such"),
    ("in", "that"),
    ("in", "these"),
    ("in", "this"),
    ("in", "those"),
    ("of", "these"),
    ("of", "this"),
    ("on", "these"),
    ("on", "this"),
    ("the", "above"),
    ("the", "former"),
    ("the", "latter"),
    ("the", "other"),
    ("the", "same"),
    ("to", "this"),
    ("under", "these"),
    ("until", "then"),
    ("with", "these"),
    ("with", "this"),
];
/// A clause that begins with "If", "When" or the like and one of these names its subject elsewhere.
const SUBORDINATE: &[&str] =
    &["after", "although", "as", "because", "before", "if", "once", "since", "unless", "until", "when", "while"];
/// Pronouns that need something to stand for.
const PRONOUNS: &[&str] = &["it", "she", "he", "that", "they", "these", "this", "those"];
/// "It is important to", "It takes a week before": nothing is referred to.
const EXPLETIVE_WITHIN: usize = 4;
/// "It is used to" has a subject.
const PURPOSES: &[&str] =
    &["able", "applied", "designed", "given", "intended", "made", "meant", "needed", "placed", "taken", "used"];

/// Words that bind the rest of a sentence to a condition, an exception or its opposite.
const CONDITIONS: &[&str] = &[
    "although",
    "avoid",
    "below",
    "above",
    "but",
    "contraindicated",
    "except",
    "if",
    "however",
    "least",
    "maximum",
    "most",
    "never",
    "no",
    "nor",
    "not",
    "once",
    "only",
    "provided",
    "though",
    "unless",
    "until",
    "when",
    "where",
    "whereas",
    "while",
    "without",
];
/// A dropped part that begins so gives a reason or a result: what stays is as true without it, unless a condition is in it.
const REASONS: &[&str] = &["as", "because", "since", "so"];
/// In a reason only these bind the other half.
const HARD_CONDITIONS: &[&str] = &["except", "if", "only", "provided", "unless", "until"];
/// Words in front of the main clause that say for whom or where it holds.
const FOR_WHOM: &[&str] =
    &["after", "at", "before", "during", "for", "following", "from", "in", "on", "under", "with", "within"];
/// No sentence begins with them when its first part is gone.
const NEVER_FIRST: &[&str] = &["and", "nor", "of", "or", "than", "that", "to", "which", "who", "whom", "whose"];
/// No sentence ends with them.
const NEVER_LAST: &[&str] =
    &["a", "an", "and", "at", "by", "for", "from", "in", "not", "of", "on", "or", "than", "that", "the", "to", "with"];

/// A fault with what would mend it; `None` where nothing in the source does.
pub(super) struct Cut<'a> {
    pub(super) reason: Reason,
    pub(super) mended: Option<Vec<Span<'a>>>,
}

/// The first cut in `spans` that lost something. `before` is the span that ends right in front of the sentence in the answer,
/// `behind` the one that begins right behind it.
pub(super) fn find<'a>(spans: &[Span<'a>], before: Option<&Span<'a>>, behind: Option<&Span<'a>>) -> Option<Cut<'a>> {
    (0..spans.len()).find_map(|at| {
        let span = spans.get(at)?;
        let previous = if at == 0 { before } else { spans.get(at - 1) };
        let next = spans.get(at + 1).or(behind);
        let (first, last) = span.touched()?;
        let fault = condition(span, first, last).map(|reason| (reason, Span::whole(span.source, first, last)));
        let fault = fault.or_else(|| {
            let anaphor = refers_back(span)?;
            let answered = previous.is_some_and(|previous| {
                previous.source.id == span.source.id
                    && first > 0
                    && previous.touched().is_some_and(|(_, before)| before + 1 == first)
            });
            let earlier = first.checked_sub(1).and_then(|earlier| Span::whole(span.source, earlier, last));
            (!answered).then_some((Reason::MissingAntecedent { anaphor }, earlier))
        });
        let (reason, mended) = fault.or_else(|| {
            let follows = next.is_some_and(|next| {
                next.source.id == span.source.id && next.touched().is_some_and(|(n, _)| n == last + 1)
            });
            (announces_list(span.text()) && !follows).then(|| (Reason::MissingList, with_list(span, first, last)))
        })?;
        let mended = mended.map(|whole| {
            let mut mended = spans.to_vec();
            mended[at] = whole;
            mended
        });
        Some(Cut { reason, mended })
    })
}

/// Neighbouring spans of one source as one: two clauses of a sentence, side by side, have cut nothing.
pub(super) fn merged<'a>(spans: &[Span<'a>]) -> Vec<Span<'a>> {
    let mut merged: Vec<Span<'a>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last)
                if last.source.id == span.source.id
                    && last
                        .source
                        .text
                        .get(last.range.end..span.range.start)
                        .is_some_and(|gap| !gap.contains(char::is_alphanumeric)) =>
            {
                last.range.end = span.range.end;
            }
            _ => merged.push(span.clone()),
        }
    }
    merged
}

/// What was dropped from the sentences that the span touches, if it bound what is left.
fn condition(span: &Span<'_>, first: usize, last: usize) -> Option<Reason> {
    let source = span.source;
    let (start, end) = (source.sentences.get(first)?.start, source.sentences.get(last)?.end);
    let before = words(source.text.get(start..span.range.start.max(start))?);
    let after = words(source.text.get(span.range.end.min(end)..end)?);
    let kept = words(span.text());
    if !before.is_empty() {
        // "In a child under six years, …": the population went; "If …," the condition.
        let whom = before.first().filter(|word| FOR_WHOM.contains(&word.text.as_str()));
        if let Some(cue) = whom.or_else(|| held(&before, CONDITIONS)) {
            return Some(Reason::CutCondition { cue: cue.text.clone() });
        }
        if let Some(word) = kept.first().filter(|word| NEVER_FIRST.contains(&word.text.as_str())) {
            return Some(Reason::Fragment { word: word.text.clone() });
        }
    }
    if !after.is_empty() {
        let reason = after.first().is_some_and(|word| REASONS.contains(&word.text.as_str()));
        let whom = after.first().filter(|word| FOR_WHOM.contains(&word.text.as_str()));
        if let Some(cue) = held(&after, if reason { HARD_CONDITIONS } else { CONDITIONS }).or(whom) {
            return Some(Reason::CutCondition { cue: cue.text.clone() });
        }
        if let Some(word) = kept.last().filter(|word| NEVER_LAST.contains(&word.text.as_str())) {
            return Some(Reason::Fragment { word: word.text.clone() });
        }
        // Cut in the middle of a clause: no comma, semicolon or colon ends what is left.
        let ended = source.text.get(..span.range.end).is_some_and(|kept| kept.trim_end().ends_with([',', ';', ':']))
            || source.text.get(span.range.end..).is_some_and(|rest| rest.starts_with([',', ';', ':', '\u{2014}']));
        if !ended && let Some(word) = after.first() {
            return Some(Reason::Fragment { word: word.text.clone() });
        }
    }
    None
}

fn held<'w>(words: &'w [Word], cues: &[&str]) -> Option<&'w Word> {
    words.iter().find(|word| cues.contains(&word.text.as_str()))
}

/// The word at the start of the span that refers to a sentence before it.
fn refers_back(span: &Span<'_>) -> Option<String> {
    let words = words(span.text());
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let personal = ["he", "she", "his", "her"];
    // In a note "she" is the patient.
    if span.source.kind == Kind::Note && personal.contains(&word(0)) {
        return None;
    }
    let refers = match word(0) {
        "it" => !is_expletive(&words),
        // "So that …" states a purpose, "Such as" and "Still images" are rare enough to be withheld.
        "so" => word(1) != "that",
        "both" | "either" | "neither" => {
            !words.iter().take(6).any(|word| matches!(word.text.as_str(), "and" | "or" | "nor"))
        }
        first if REFERRING.contains(&first) => true,
        first if SUBORDINATE.contains(&first) && PRONOUNS.contains(&word(1)) => {
            word(1) != "it" || !is_expletive(words.get(1..).unwrap_or_default())
        }
        // Of these only "because of this", "as a result" and "on the other hand" refer back.
        "because" => word(1) == "of" && PRONOUNS.contains(&word(2)),
        "as" if word(1) == "a" => matches!(word(2), "result" | "consequence" | "rule"),
        "on" if word(1) == "the" => matches!(word(2), "contrary" | "other"),
        first => REFERRING_PAIRS.contains(&(first, word(1))),
    };
    refers.then(|| word(0).to_owned())
}

/// Whether a sentence that begins with "it" refers to nothing: "It is safer to …", "It takes two weeks before …".
fn is_expletive(words: &[Word]) -> bool {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let verb = match word(1) {
        "is" | "was" | "remains" | "takes" | "helps" | "makes" => 1,
        "may" | "can" if word(2) == "be" => 2,
        _ => return false,
    };
    (verb + 1..=verb + EXPLETIVE_WITHIN).any(|at| match word(at) {
        "that" | "whether" | "before" => true,
        "to" => !PURPOSES.contains(&word(at - 1)),
        _ => false,
    })
}

/// "The following:", "as follows.": the list is in the sentences behind.
fn announces_list(text: &str) -> bool {
    let text = text.trim_end();
    let words = words(text);
    let last = words.last().map_or("", |word| word.text.as_str());
    text.ends_with(':') || matches!(last, "following" | "follows")
}

/// The span with the items behind it: all lines with bullets, or one sentence.
fn with_list<'a>(span: &Span<'a>, first: usize, last: usize) -> Option<Span<'a>> {
    let is_item = |index: usize| {
        span.source.sentence(index).is_some_and(|text| text.starts_with(['\u{2022}', '-', '*', '\u{B7}', '\u{2013}']))
    };
    let mut end = last + 1;
    while is_item(end) && is_item(end + 1) {
        end += 1;
    }
    Span::whole(span.source, first, end)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::records::Region;
    use crate::text::sentences::sentences;
    use crate::verify::{Group, Source};

    fn passage<'a>(text: &'a str, sentences: &'a [Range<usize>]) -> Source<'a> {
        let (kind, group, region) = (Kind::Passage, Group::All, Region::International);
        Source { id: "a", text, sentences, kind, group, region }
    }

    fn reason(text: &str, part: &str) -> Option<Reason> {
        let ranges = sentences(text);
        let source = passage(text, &ranges);
        let start = text.find(part).expect("a part");
        find(&[Span { source, range: start..start + part.len() }], None, None).map(|cut| cut.reason)
    }

    #[test]
    fn sentences_that_refer_back() {
        for text in [
            "It heals in a week.",
            "This needs a splint.",
            "They are safe.",
            "The same holds for children.",
            "In such cases wait.",
            "Otherwise refer.",
            "However, the tooth may be kept.",
            "If it bleeds, press.",
            "Both need a splint.",
            "For this reason wait.",
        ] {
            let whole = format!("A fracture was found. {text}");
            assert!(matches!(reason(&whole, text), Some(Reason::MissingAntecedent { .. })), "{text}");
        }
        for text in [
            "It is important to press firmly.",
            "It takes two weeks before the numbness goes.",
            "There is no vaccine.",
            "Both ibuprofen and naproxen are used.",
            "If the tooth is loose, splint the tooth.",
            "One pad goes below the collar bone.",
            "Because of bleeding, press.",
        ] {
            assert_eq!(reason(&format!("A fracture was found. {text}"), text), None, "{text}");
        }
    }

    #[test]
    fn conditions_that_were_cut() {
        for (text, part) in [
            ("Give it daily, unless the patient has asthma.", "Give it daily,"),
            ("In a child under six years, give 120 mg.", "give 120 mg."),
            ("If the pulp is vital, cap the pulp.", "cap the pulp."),
            ("Extract the tooth, but wait six weeks.", "Extract the tooth,"),
            ("Use the gel only in adults.", "Use the gel"),
            ("Ibuprofen is not used in asthma.", "used in asthma."),
            ("Rinse well for patients with dry mouth.", "Rinse well"),
        ] {
            // "Give it" is no start of a sentence that refers back here: the condition is found first.
            assert!(
                matches!(reason(text, part), Some(Reason::CutCondition { .. })),
                "{text}: {:?}",
                reason(text, part)
            );
        }
        assert!(matches!(reason("Rinse the socket, which is sore.", "which is sore."), Some(Reason::Fragment { .. })));
        assert!(matches!(reason("Rinse the socket gently.", "Rinse the"), Some(Reason::Fragment { .. })));
        assert_eq!(reason("Rinse the socket, because food sticks.", "Rinse the socket,"), None);
        assert_eq!(reason("Rinse the socket.", "Rinse the socket."), None);
    }

    #[test]
    fn lists_come_with_their_lead() {
        assert_eq!(reason("Take the following: Bring water.", "Take the following: Bring water."), None);
        let text = "Check these:\n\u{2022} pulse\n\u{2022} breath\n\u{2022} colour\nThen call.";
        let ranges = sentences(text);
        let source = passage(text, &ranges);
        let lead = Span::whole(source, 0, 0).expect("a lead");
        let cut = find(std::slice::from_ref(&lead), None, None).expect("a fault");
        assert_eq!(cut.reason, Reason::MissingList);
        let mended = cut.mended.expect("mended");
        assert!(mended[0].text().ends_with("colour"), "{}", mended[0].text());
        assert!(find(&[lead], None, Span::whole(source, 1, 1).as_ref()).is_none());
    }
}
