//! Sentences that are true alone and false together: two groups of patients, two regions, a dose beside another drug.

use super::draft::{Group, Kind, Reason, Source, Span};
use super::lexicon::{Drug, Lexicon};
use super::words::words;
use crate::records::{Region, quantities};

/// Words that name a group in a sentence.
const GROUP_WORDS: &[(Group, &[&str])] = &[
    (
        Group::Child,
        &[
            "child",
            "children",
            "childs",
            "childrens",
            "infant",
            "infants",
            "baby",
            "babies",
            "toddler",
            "paediatric",
            "pediatric",
            "adolescent",
            "adolescents",
            "teenager",
            "primary",
            "deciduous",
            "boy",
            "girl",
            "parent",
            "parents",
        ],
    ),
    (
        Group::Pregnancy,
        &["pregnant", "pregnancy", "trimester", "breastfeeding", "lactation", "fetus", "foetus", "gestation"],
    ),
    (Group::OlderAdult, &["older", "elderly", "frail", "frailty", "geriatric", "dementia"]),
    (Group::Adult, &["adult", "adults"]),
];
/// Words that name a region in a sentence.
const REGION_WORDS: &[(Region, &[&str])] = &[
    (
        Region::Uk,
        &[
            "uk", "kingdom", "britain", "british", "england", "scotland", "scottish", "wales", "nhs", "nice", "sdcep",
            "bnf", "gdc",
        ],
    ),
    (Region::Us, &["us", "usa", "states", "american", "ada", "aha", "fda", "aapd", "osha"]),
    (Region::Europe, &["europe", "european", "esc", "efp", "eu"]),
];

/// The group a sentence names itself.
pub(super) fn named_group(text: &str) -> Option<Group> {
    let words = words(text);
    // "Two years old", "under six years": an age is a group, whichever it is.
    let holds = |names: &[&str]| words.iter().any(|word| names.contains(&word.text.as_str()));
    GROUP_WORDS.iter().find(|(_, names)| holds(names)).map(|(group, _)| *group)
}

/// Whether a sentence says for which age it holds.
fn names_an_age(text: &str) -> bool {
    words(text).iter().any(|word| matches!(word.text.as_str(), "years" | "year" | "months" | "age" | "aged"))
}

/// The region a sentence names itself.
pub(super) fn named_region(text: &str) -> Option<Region> {
    let found = words(text);
    let holds = |names: &[&str]| {
        found.iter().any(|word| {
            // "us" is a pronoun, "US" a country.
            names.contains(&word.text.as_str()) && (word.text != "us" || text.get(word.bytes.clone()) == Some("US"))
        })
    };
    REGION_WORDS.iter().find(|(_, names)| holds(names)).map(|(region, _)| *region)
}

/// Whether advice for one group can be wrong for the other.
fn groups_conflict(a: Group, b: Group) -> bool {
    let grown = |group| matches!(group, Group::Adult | Group::OlderAdult | Group::Pregnancy);
    matches!((a, b), (Group::Child, other) | (other, Group::Child) if grown(other))
        || matches!((a, b), (Group::Pregnancy, other) | (other, Group::Pregnancy) if matches!(other, Group::Adult | Group::OlderAdult))
}

/// Two groups or regions between `span` and an earlier sentence of the answer, where not both are named.
pub(super) fn mixed(earlier: &Span<'_>, span: &Span<'_>) -> Option<Reason> {
    if earlier.source.kind == Kind::Note || span.source.kind == Kind::Note || earlier.source.id == span.source.id {
        return None;
    }
    let named = |text: &str| named_group(text).is_some() || names_an_age(text);
    let group = |source: &Source<'_>| source.group;
    let (first, second) = (group(&earlier.source), group(&span.source));
    if groups_conflict(first, second) && !(named(earlier.text()) && named(span.text())) {
        return Some(Reason::MixedGroups { expected: first.name(), found: second.name() });
    }
    let (first, second) = (earlier.source.region, span.source.region);
    let regional = first != Region::International && second != Region::International && first != second;
    if regional && !(named_region(earlier.text()).is_some() && named_region(span.text()).is_some()) {
        return Some(Reason::MixedRegions { expected: first.to_string(), found: second.to_string() });
    }
    None
}

/// A dose that has lost its drug, with the spans that give it back.
pub(super) struct Moved<'a> {
    pub(super) reason: Reason,
    pub(super) mended: Option<Vec<Span<'a>>>,
}

/// Words behind a drug, or two words in front of it, with which it is not the one that is given.
const NOT_GIVEN_BEHIND: &[&str] = &["allergy", "allergic", "hypersensitivity"];
/// "On warfarin", "without penicillin".
const NOT_GIVEN_BEFORE: &[&str] = &["on", "without"];
/// "Allergic to penicillin".
const NOT_GIVEN_TO: &[&str] = &["allergic", "allergy", "anaphylaxis", "reaction"];

/// The drugs that a text gives; not the ones a patient takes already or does not tolerate.
fn given(text: &str, lexicon: &Lexicon) -> Vec<Drug> {
    let words = words(text);
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).map_or("", |word| word.text.as_str());
    let is_given = |at: usize| {
        let before = word(at.checked_sub(1));
        let other = NOT_GIVEN_BEHIND.contains(&word(Some(at + 1)))
            || NOT_GIVEN_BEFORE.contains(&before)
            || before == "to" && NOT_GIVEN_TO.contains(&word(at.checked_sub(2)));
        !other
    };
    lexicon.mentions(&words).into_iter().filter(|mention| is_given(mention.at)).map(|mention| mention.drug).collect()
}

/// Looks for a dose in `span` whose drug is named in another sentence of its source, while the answer before it (`before`, nearest
/// last) names another one or none.
pub(super) fn moved_dose<'a>(span: &Span<'a>, before: &[Span<'a>], lexicon: &Lexicon) -> Option<Moved<'a>> {
    let dose = quantities(span.text()).into_iter().next()?;
    let drugs = |text: &str| given(text, lexicon);
    if span.source.kind != Kind::Passage || !drugs(span.text()).is_empty() {
        return None;
    }
    let (first, last) = span.touched()?;
    let heard = before.iter().rev().map(|earlier| drugs(earlier.text())).find(|drugs| !drugs.is_empty());
    // The drug the source speaks of at this place: in the same sentence where a clause was cut, else in the nearest one before it.
    let own = (0..=last).rev().find_map(|index| {
        let named = drugs(span.source.sentence(index)?);
        (!named.is_empty()).then_some((index, named))
    });
    let reason = Reason::MovedDose { dose: dose.shown };
    match (own, heard) {
        (Some((_, own)), Some(heard)) if heard.iter().any(|drug| own.contains(drug)) => None,
        (Some((index, _)), _) => {
            let named = Span::whole(span.source, index, index);
            let mended = if index + 1 >= first {
                Span::whole(span.source, index, last).map(|whole| vec![whole])
            } else {
                named.map(|named| vec![named, span.clone()])
            };
            Some(Moved { reason, mended })
        }
        // No drug anywhere in the source: a flow, a diet, an amount of material. Beside a drug it would read as its dose.
        (None, Some(_)) if before.last().is_some_and(|earlier| !drugs(earlier.text()).is_empty()) => {
            Some(Moved { reason, mended: None })
        }
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sentences::sentences;
    use std::ops::Range;

    fn source<'a>(
        id: &'a str,
        text: &'a str,
        sentences: &'a [Range<usize>],
        group: Group,
        region: Region,
    ) -> Source<'a> {
        Source { id, text, sentences, kind: Kind::Passage, group, region }
    }

    #[test]
    fn groups_and_regions() {
        use Group::{Adult, All, Child, OlderAdult, Pregnancy};
        use Region::{Europe, International, Uk, Us};
        let plain = "Give it for five days.";
        let cases = [
            (Adult, Uk, plain, Child, Uk, plain, true),
            (Adult, Uk, "In an adult, give it.", Child, Uk, "In a child, give it.", false),
            (Adult, Uk, "In an adult, give it.", Child, Uk, plain, true),
            (Adult, Uk, plain, All, Uk, plain, false),
            (Adult, Uk, plain, OlderAdult, Uk, plain, false),
            (Pregnancy, Uk, "In pregnancy, wait.", Adult, Uk, plain, true),
            (All, Uk, plain, All, Us, plain, true),
            (All, Uk, "In the United Kingdom, wait.", All, Us, "In the United States, do not wait.", false),
            (All, Uk, "Tell us.", All, Us, "In the US, wait.", true),
            (All, Uk, plain, All, International, plain, false),
            (All, Europe, plain, All, Us, plain, true),
        ];
        for (group_a, region_a, a, group_b, region_b, b, expected) in cases {
            let (ranges_a, ranges_b) = (sentences(a), sentences(b));
            let first = Span::whole(source("a", a, &ranges_a, group_a, region_a), 0, 0).expect("a sentence");
            let second = Span::whole(source("b", b, &ranges_b, group_b, region_b), 0, 0).expect("a sentence");
            assert_eq!(mixed(&first, &second).is_some(), expected, "{a} / {b}");
            let same = Span { source: Source { id: "a", ..second.source }, ..second };
            assert_eq!(mixed(&first, &same), None);
        }
    }

    #[test]
    fn doses_keep_their_drug() {
        let lexicon = Lexicon::new(["amoxicillin", "paracetamol"]);
        let amoxicillin = "Amoxicillin is the first choice. Give 500 mg three times a day.";
        let paracetamol = "Paracetamol relieves pain. At most 4 g is taken in a day.";
        let (ranges_a, ranges_p) = (sentences(amoxicillin), sentences(paracetamol));
        let a = source("a", amoxicillin, &ranges_a, Group::All, Region::Uk);
        let p = source("p", paracetamol, &ranges_p, Group::All, Region::Uk);
        let span = |source, at| Span::whole(source, at, at).expect("a sentence");
        let moved = moved_dose(&span(a, 1), &[span(p, 0)], &lexicon).expect("a fault");
        assert_eq!(moved.reason, Reason::MovedDose { dose: "500 mg".to_owned() });
        assert_eq!(moved.mended.expect("mended")[0].text(), amoxicillin);
        let allergic = "Amoxicillin is avoided. A patient allergic to amoxicillin receives 250 mg.";
        let ranges = sentences(allergic);
        let other = source("o", allergic, &ranges, Group::All, Region::Uk);
        assert!(
            moved_dose(&span(other, 1), &[span(p, 0)], &lexicon).is_some(),
            "the drug not tolerated is not the one given"
        );
        assert!(moved_dose(&span(a, 1), &[span(a, 0)], &lexicon).is_none());
        assert!(moved_dose(&span(a, 1), &[], &lexicon).is_some());
        let tolerated = "The choice here is amoxicillin. An adult without penicillin allergy receives 3 g by mouth.";
        let ranges = sentences(tolerated);
        let t = source("t", tolerated, &ranges, Group::All, Region::Uk);
        assert!(moved_dose(&span(t, 1), &[span(t, 0)], &lexicon).is_none());
        assert!(moved_dose(&span(p, 0), &[span(a, 0)], &lexicon).is_none());
    }
}
