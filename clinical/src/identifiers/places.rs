//! Named institutions and towns.

use std::ops::Range;

use super::Class;
use super::addresses::{is_outward, is_state, on_river};
use super::claims::Claims;
use super::eponyms::eponym_follows;
use super::lists::Lists;
use super::token::{Gap, Kind, Token};

/// Words that end the name of an institution.
const INSTITUTIONS: &[&str] = &[
    "academy",
    "bakery",
    "cafe",
    "care",
    "centre",
    "center",
    "church",
    "clinic",
    "college",
    "company",
    "factory",
    "farm",
    "home",
    "hospice",
    "hospital",
    "hotel",
    "house",
    "infirmary",
    "inn",
    "kindergarten",
    "klinik",
    "klinikum",
    "krankenhaus",
    "library",
    "living",
    "lodge",
    "manor",
    "market",
    "nursery",
    "pharmacy",
    "practice",
    "prison",
    "pub",
    "school",
    "store",
    "stores",
    "studio",
    "surgery",
    "trust",
    "university",
];

/// Words in such a name that name nothing.
const GENERIC: &[&str] = &[
    "a",
    "and",
    "children",
    "childrens",
    "city",
    "community",
    "county",
    "day",
    "dental",
    "district",
    "elementary",
    "emergency",
    "eye",
    "family",
    "foundation",
    "garden",
    "general",
    "grammar",
    "hardware",
    "health",
    "high",
    "in",
    "infant",
    "junior",
    "local",
    "medical",
    "memorial",
    "middle",
    "national",
    "nhs",
    "nursing",
    "of",
    "oral",
    "our",
    "primary",
    "private",
    "public",
    "regional",
    "royal",
    "secondary",
    "senior",
    "shopping",
    "special",
    "sports",
    "state",
    "teaching",
    "the",
    "treatment",
    "university",
    "urgent",
    "walk",
    "womens",
    "your",
    "this",
    "a&e",
];

/// Words before a place.
const BEFORE: &[&str] = &[
    "at", "aus", "em", "en", "from", "in", "near", "outside", "uit", "joined", "left", "town", "city", "village",
    "lives", "team",
];

/// Two words before a town: behind "lives in" and "clinic in" an ordinary word with a capital is one.
const LIVES: &[&str] = &[
    "and",
    "before",
    "born",
    "clinic",
    "dentist",
    "drive",
    "extraction",
    "gp",
    "laboratory",
    "lady",
    "left",
    "lived",
    "lives",
    "living",
    "moved",
    "nurse",
    "office",
    "operated",
    "practice",
    "release",
    "retired",
    "seen",
    "shop",
    "surgery",
    "taxi",
    "treated",
    "visits",
    "waiting",
    "ward",
    "works",
];

/// Capital words before a number or letter: "in Class II".
const NUMBERED: &[&str] = &[
    "appendix", "area", "band", "class", "division", "figure", "grade", "group", "level", "part", "phase", "quadrant",
    "section", "stage", "step", "table", "type", "zone",
];

/// Institutions and towns.
pub(super) fn find(tokens: &[Token<'_>], lists: &Lists, claims: &mut Claims) {
    for index in 0..tokens.len() {
        if let Some(range) = institution(tokens, lists, claims, index) {
            let end = located(tokens, lists, claims, range.end);
            claims.take(tokens, range.start..end, Class::Location);
        }
    }
    let mut index = 0;
    while index < tokens.len() {
        match town(tokens, lists, claims, index) {
            Some(range) => {
                let end = with_state(tokens, claims, range.end);
                claims.take(tokens, range.start..end, Class::Location);
                index = end;
            }
            None => index += 1,
        }
    }
}

/// "Queen Edith General Hospital", of which "General Hospital" alone would name none.
fn institution(tokens: &[Token<'_>], lists: &Lists, claims: &Claims, at: usize) -> Option<Range<usize>> {
    let token = tokens.get(at).filter(|token| token.is_capital() && INSTITUTIONS.contains(&token.folded.as_str()))?;
    if !claims.is_free(at) || token.opens || (at > 0 && tokens[at - 1].folded == "of") {
        return None;
    }
    let mut start = at;
    let mut naming = false;
    while start > 0 && at - start < 8 && tokens[start].gap != Gap::Line {
        let left = &tokens[start - 1];
        let mark = matches!(left.text, "'" | "’" | "." | "-") && (left.gap == Gap::None) && !tokens[start].opens;
        let possessive = left.folded == "s" && left.gap == Gap::None;
        let linking = matches!(left.folded.as_str(), "of" | "and" | "the" | "&")
            && start - 1 > 0
            && tokens[start - 2].is_capital();
        if !claims.is_free(start - 1) || !(left.is_capital() || mark || possessive || linking) {
            break;
        }
        start -= 1;
        let general = GENERIC.contains(&left.folded.as_str())
            || INSTITUTIONS.contains(&left.folded.as_str())
            || (left.opens && lists.is_word(&left.folded));
        naming |= left.is_capital() && !general;
        if left.opens {
            break;
        }
    }
    // "At Oakhurst Hospital" begins with the second word.
    if tokens[start].opens
        && lists.is_word(&tokens[start].folded)
        && start + 2 < at
        && BEFORE.contains(&tokens[start].folded.as_str())
    {
        start += 1;
    }
    let known = tokens[start..at].iter().all(|token| {
        token.kind != Kind::Word || lists.is_term(&token.folded) || GENERIC.contains(&token.folded.as_str())
    });
    let mut end = at + 1;
    while tokens
        .get(end)
        .is_some_and(|next| next.gap == Gap::Space && next.is_capital() && INSTITUTIONS.contains(&next.folded.as_str()))
    {
        end += 1;
    }
    (naming && !known).then_some(start..end)
}

/// The town behind an institution: ", Wymondham", " in Des Moines".
fn located(tokens: &[Token<'_>], lists: &Lists, claims: &Claims, end: usize) -> usize {
    let joint = tokens.get(end).is_some_and(|token| token.is(',') || matches!(token.folded.as_str(), "in" | "of"));
    let Some(next) = tokens
        .get(end + 1)
        .filter(|next| joint && next.is_capital() && next.gap == Gap::Space && claims.is_free(end + 1))
    else {
        return end;
    };
    if lists.is_given(&next.folded) || lists.is_term(&next.folded) || next.opens {
        return end;
    }
    let mut stop = end + 2;
    while tokens.get(stop).is_some_and(|more| {
        (more.is_capital() && !more.opens && more.gap == Gap::Space)
            || (matches!(more.text, "-" | "'" | "’" | ".")
                && more.gap == Gap::None
                && tokens.get(stop + 1).is_some_and(|n| n.is_capital() && !n.opens))
            || (tokens[stop - 1].is('-') && more.gap == Gap::None)
    }) {
        stop += 1;
    }
    with_state(tokens, claims, stop)
}

/// ", TX" behind a town, and "(NW5)".
fn with_state(tokens: &[Token<'_>], claims: &Claims, end: usize) -> usize {
    if let [comma, state, ..] = tokens.get(end..).unwrap_or_default()
        && comma.is(',')
        && is_state(state.text)
        && claims.is_free(end + 1)
    {
        return end + 2;
    }
    if let [open, area, close, ..] = tokens.get(end..).unwrap_or_default()
        && open.is('(')
        && area.kind == Kind::Code
        && is_outward(area.text)
        && close.is(')')
    {
        return end + 3;
    }
    end
}

/// A town: one of the list, or a capital word behind "in", "from", "lives near".
fn town(tokens: &[Token<'_>], lists: &Lists, claims: &Claims, at: usize) -> Option<Range<usize>> {
    let first = &tokens[at];
    let touches = first.gap == Gap::None && at > 0 && !matches!(tokens[at - 1].text, "(" | "/" | "-");
    if !first.is_capital() || !claims.is_free(at) || touches {
        return None;
    }
    let ends = town_ends(tokens, claims, at);
    let before = at.checked_sub(1).map(|left| &tokens[left]).filter(|_| first.gap != Gap::Line);
    let led = !first.opens && before.is_some_and(|left| BEFORE.contains(&left.folded.as_str()));
    if let Some(end) = ends
        .iter()
        .rev()
        .copied()
        .find(|end| is_listed(tokens, lists, at..*end, led) || is_before_state(tokens, lists, at..*end, led))
    {
        return Some(at..on_river(tokens, end).unwrap_or(end));
    }
    let end = *ends.last()?;
    if NUMBERED.contains(&first.folded.as_str())
        || tokens[at..end].iter().any(|token| lists.is_term(&token.folded))
        || eponym_follows(tokens, end)
    {
        return None;
    }
    let plain = first.text.chars().count() > 2 && !first.is_shouted() && !lists.is_given(&first.folded);
    let unknown = plain && !lists.is_word(&first.folded);
    let lives = at >= 2 && LIVES.contains(&tokens[at - 2].folded.as_str());
    let saint = matches!(first.folded.as_str(), "st" | "ste" | "saint") && end > at + 1;
    // "District nurse team, Mold, 01632 …" and "left Mold on 3 May": alone between marks before another identifier.
    let alone = before.is_some_and(|left| left.is(',') || left.folded == "left")
        && !first.opens
        && tokens.get(end).is_some_and(|mark| matches!(mark.text, "," | "." | "on") && !claims.is_free(end + 1))
        && !lists.is_name(&first.folded);
    let named = led && (unknown || saint || (plain && (lives || end > at + 1)));
    (named || (alone && plain)).then_some(at..end)
}

/// Where a town's name that begins at `at` may end, shortest first: names have one to four capital words.
fn town_ends(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Vec<usize> {
    let mut ends = vec![at + 1];
    let mut index = at + 1;
    while ends.len() < 4 && index < at + 8 {
        let Some(next) = tokens.get(index).filter(|next| next.gap != Gap::Line && claims.is_free(index)) else { break };
        let linking = matches!(next.folded.as_str(), "de" | "la" | "im" | "am" | "upon" | "on" | "le" | "der");
        // "St. Paul", "Winston-Salem", "Ashby-de-la-Zouch".
        let mark = next.gap == Gap::None
            && (matches!(next.text, "-" | "'" | "’") || (next.is('.') && tokens[at].folded == "st"));
        if next.is_capital() && !next.opens {
            ends.push(index + 1);
        } else if !(mark || (linking && !next.opens)) {
            break;
        }
        index += 1;
    }
    ends
}

/// A town of the list counts by itself if it is no ordinary word, no eponym and nobody's name; otherwise behind "in" or "from".
fn is_listed(tokens: &[Token<'_>], lists: &Lists, range: Range<usize>, led: bool) -> bool {
    let words: Vec<&str> = tokens[range.clone()]
        .iter()
        .filter(|token| token.kind == Kind::Word)
        .map(|token| token.folded.as_str())
        .collect();
    let name = words.join(" ");
    let ambiguous = lists.is_word(&name) || lists.is_term(&name) || lists.is_name(&name);
    lists.is_place(&name) && (words.len() > 1 || led || !ambiguous) && !eponym_follows(tokens, range.end)
}

/// "Chula Vista, CA". "LA", "PA" and "ME" are dental words as well, so the town must be none.
fn is_before_state(tokens: &[Token<'_>], lists: &Lists, range: Range<usize>, led: bool) -> bool {
    let first = &tokens[range.start];
    let known = tokens[range.clone()].iter().any(|token| lists.is_word(&token.folded) || lists.is_term(&token.folded));
    !first.is_shouted()
        && !first.opens
        && (led || !known)
        && tokens.get(range.end).is_some_and(|comma| comma.is(','))
        && tokens.get(range.end + 1).is_some_and(|state| is_state(state.text))
}
