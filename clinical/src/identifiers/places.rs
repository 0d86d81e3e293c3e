//! Addresses, towns and named institutions.

use std::ops::Range;

use super::Class;
use super::claims::Claims;
use super::lists::Lists;
use super::token::{Gap, Kind, Token};

/// Words that end the name of a street.
const STREETS: &[&str] = &[
    "alley",
    "approach",
    "ave",
    "avenue",
    "bank",
    "boulevard",
    "blvd",
    "bvd",
    "circle",
    "close",
    "court",
    "crescent",
    "ct",
    "dr",
    "drive",
    "gardens",
    "green",
    "grove",
    "hill",
    "highway",
    "lane",
    "ln",
    "mews",
    "parade",
    "park",
    "parkway",
    "pkwy",
    "pl",
    "place",
    "quay",
    "rd",
    "rise",
    "road",
    "row",
    "square",
    "sq",
    "st",
    "street",
    "terrace",
    "trail",
    "view",
    "walk",
    "way",
    "wharf",
    "yard",
];

/// Words that begin the name of a street.
const STREET_HEADS: &[&str] = &[
    "am",
    "avenida",
    "avenue",
    "avda",
    "av",
    "boulevard",
    "calle",
    "carrer",
    "chemin",
    "corso",
    "im",
    "piazza",
    "place",
    "plaza",
    "quai",
    "rua",
    "rue",
    "travessa",
    "ul",
    "ulica",
    "via",
    "viale",
    "vicolo",
    "zum",
    "zur",
];

/// Endings of German, Dutch and Swedish street names.
const STREET_ENDINGS: &[&str] = &[
    "allee", "damm", "gasse", "gatan", "gracht", "laan", "platz", "ring", "strasse", "str", "straat", "ufer", "vagen",
    "weg",
];

/// What a part of a building is called.
const UNITS: &[&str] = &["apartment", "apt", "flat", "floor", "room", "suite", "ste", "unit", "top"];

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
    "lives", "team", "a",
];

const STATES: &[&str] = &[
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA",
    "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR",
    "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY",
];

/// Postcode areas of the United Kingdom.
const AREAS: &str = " AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU \
                     HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL \
                     PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE ";

/// How far before its postcode an address may begin, in tokens.
const REACH: usize = 18;

/// Addresses with a number, and everything that a postcode ends.
pub(super) fn addresses(tokens: &[Token<'_>], lists: &Lists, claims: &mut Claims) {
    let mut index = 0;
    while index < tokens.len() {
        if let Some(end) = postcode(tokens, index) {
            let start = back(tokens, lists, claims, index);
            claims.take(tokens, start..end, Class::Location);
            index = end;
        } else {
            index += 1;
        }
    }
    for index in 0..tokens.len() {
        if let Some(range) = box_number(tokens, index).or_else(|| street(tokens, claims, index)) {
            let end = forward(tokens, lists, claims, range.end);
            claims.take(tokens, range.start..end, Class::Location);
        }
    }
}

fn is_outward(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let area: String = upper.chars().take_while(char::is_ascii_uppercase).collect();
    let rest = &upper[area.len()..];
    let mut chars = rest.chars();
    !area.is_empty()
        && AREAS.contains(&format!(" {area} "))
        && chars.next().is_some_and(|c| c.is_ascii_digit())
        && chars.next().is_none_or(|c| c.is_ascii_alphanumeric())
        && chars.next().is_none()
}

fn is_inward(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 3
        && bytes[0].is_ascii_digit()
        && bytes[1..].iter().all(|b| {
            b.is_ascii_alphabetic() && !matches!(b.to_ascii_uppercase(), b'C' | b'I' | b'K' | b'M' | b'O' | b'V')
        })
}

/// A postcode at `at`, with its town where that follows: the index behind it.
fn postcode(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let token = &tokens[at];
    let touches = token.gap == Gap::None && at > 0 && !matches!(tokens[at - 1].text, "(" | ",");
    if touches {
        return None;
    }
    // United Kingdom: "NE46 8AA", "ne461xp".
    if token.kind == Kind::Code && token.text.is_ascii() {
        let split = token.text.len().saturating_sub(3);
        let joined = split >= 2 && is_outward(&token.text[..split]) && is_inward(&token.text[split..]);
        let apart = is_outward(token.text)
            && tokens
                .get(at + 1)
                .is_some_and(|next| next.gap == Gap::Space && next.kind == Kind::Code && is_inward(next.text));
        // Small letters count in an address only: "at 5 the mews, hexham ne461xp".
        let small = token.text.bytes().any(|byte| byte.is_ascii_lowercase());
        let in_address = || (at.saturating_sub(REACH)..at).any(|index| is_street_word(&tokens[index]));
        if (joined || apart) && (!small || in_address() || joined) {
            return Some(at + if joined { 1 } else { 2 });
        }
        return None;
    }
    if token.kind != Kind::Number {
        return None;
    }
    let word = |index: usize| {
        tokens.get(index).filter(|word| word.gap == Gap::Space && word.is_capital() && word.text.chars().count() > 2)
    };
    let hyphen = tokens.get(at + 1).is_some_and(|mark| mark.is('-') && mark.gap == Gap::None);
    let second = tokens.get(at + 2).filter(|number| hyphen && number.gap == Gap::None && number.kind == Kind::Number);
    let left = at.checked_sub(1).map(|index| &tokens[index]);
    // United States: a state or a town before five digits.
    if token.text.len() == 5 {
        let state = left.is_some_and(|left| STATES.contains(&left.text));
        let end = match second {
            Some(number) if number.text.len() == 4 => at + 3,
            _ => at + 1,
        };
        if state {
            return Some(end);
        }
        if left.is_some_and(|left| left.is_capital() && !left.is_shouted() && !left.opens)
            && word(at + 1).is_none()
            && end_of_phrase(tokens, end)
        {
            return Some(end);
        }
    }
    // Europe: digits before a town, "24596 Kiel", "4050-564 Porto", "411 72 Göteborg".
    let next = match (token.text.len(), second.map(|number| number.text.len())) {
        (4, Some(3)) | (2, Some(3)) => at + 3,
        (3, None)
            if tokens
                .get(at + 1)
                .is_some_and(|n| n.gap == Gap::Space && n.kind == Kind::Number && n.text.len() == 2) =>
        {
            at + 2
        }
        (4 | 5, None) => at + 1,
        _ => return None,
    };
    let mut end = next;
    word(next)?;
    // Four or five digits before a capital are a postcode behind a comma or a house number.
    let anchored = left.is_some_and(|left| left.is(',') || left.kind == Kind::Number || left.kind == Kind::Code)
        || (at.saturating_sub(6)..at).any(|index| is_street_word(&tokens[index]));
    if !anchored {
        return None;
    }
    while word(end).is_some() && end < next + 3 && !tokens[end].opens {
        end += 1;
    }
    Some(on_river(tokens, end).unwrap_or(end))
}

/// The index behind "am Main" or "im Breisgau" at `at`.
fn on_river(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let joint = matches!(tokens.get(at)?.folded.as_str(), "im" | "am" | "an" | "upon" | "on" | "le" | "sur");
    let tail = tokens.get(at + 1).filter(|token| token.is_capital() && !token.opens && token.gap == Gap::Space)?;
    (joint && tail.text.chars().count() > 2).then_some(at + 2)
}

/// Whether the phrase ends here: at a mark, a line, or a small word.
fn end_of_phrase(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_none_or(|token| token.kind == Kind::Mark || token.gap == Gap::Line || !token.is_capital())
        && !tokens.get(at).is_some_and(|token| {
            token.gap == Gap::None
                && matches!(token.text, "%" | "," | "-" | "." | "/")
                && tokens.get(at + 1).is_some_and(|n| n.gap == Gap::None && n.kind != Kind::Mark)
        })
        && !tokens.get(at).is_some_and(|token| token.is('%'))
}

fn is_street_word(token: &Token<'_>) -> bool {
    STREETS.contains(&token.folded.as_str())
        || STREET_HEADS.contains(&token.folded.as_str())
        || (token.folded.len() > 5 && STREET_ENDINGS.iter().any(|ending| token.folded.ends_with(ending)))
        || UNITS.contains(&token.folded.as_str())
        || token.folded == "box"
}

/// Where the address before a postcode begins.
fn back(tokens: &[Token<'_>], lists: &Lists, claims: &Claims, at: usize) -> usize {
    let floor = at.saturating_sub(REACH);
    let mut capitals = at;
    let mut numbered = None;
    let mut index = at;
    let mut unbroken = true;
    while index > floor {
        let token = &tokens[index - 1];
        let behind = &tokens[index];
        if behind.gap == Gap::Line || !claims.is_free(index - 1) {
            break;
        }
        let sentence_end = matches!(token.text, "." | "!" | "?") && behind.opens && behind.kind == Kind::Word;
        if sentence_end || matches!(token.text, ":" | ";" | "(") {
            break;
        }
        index -= 1;
        let part = match token.kind {
            Kind::Number => token.text.len() <= 5,
            Kind::Code => token.text.len() <= 5,
            Kind::Mark => matches!(token.text, "," | "." | "#" | "'" | "’" | "-" | "/"),
            Kind::Word => {
                token.is_capital()
                    || matches!(
                        token.folded.as_str(),
                        "the" | "of" | "la" | "le" | "de" | "des" | "du" | "upon" | "bis" | "on" | "m" | "in"
                    )
                    || (token.folded == "s" && token.gap == Gap::None)
            }
        };
        let house = matches!(token.kind, Kind::Number | Kind::Code) && token.text.len() <= 5;
        // "Gladstone Avenue" does not begin with its avenue, "avenue Foch" does.
        let named_before = index > 0 && tokens[index - 1].is_capital();
        let street_head = STREET_HEADS.contains(&token.folded.as_str()) && !named_before;
        let head = UNITS.contains(&token.folded.as_str()) || street_head || token.folded == "box";
        if house || head {
            numbered = Some(index);
            let left = index.checked_sub(1).map(|left| &tokens[left]);
            let goes_on = left.is_some_and(|left| {
                left.kind == Kind::Mark
                    || left.is_capital()
                    || (street_head && left.kind != Kind::Word)
                    || UNITS.contains(&left.folded.as_str())
                    || left.folded == "box"
            });
            if !goes_on {
                break;
            }
        }
        unbroken &= part;
        if unbroken
            && ((token.is_capital() && (behind.is_capital() || !(token.opens && lists.is_word(&token.folded))))
                || house
                || head)
        {
            capitals = index;
        }
        // In small letters an address reaches back to its number and no further than its words do.
        if !unbroken && (token.kind == Kind::Word && at - index > 8) {
            break;
        }
    }
    let street_between = numbered.filter(|start| {
        (*start..at).any(|index| is_street_word(&tokens[index]))
            || unbroken
            || tokens[at].text.bytes().any(|b| b.is_ascii_lowercase())
    });
    match street_between {
        // "Lindenstraße 236": the street stands before its number.
        Some(start) if start > 0 && is_street_word(&tokens[start - 1]) => start.min(capitals),
        Some(start) => start,
        None => capitals,
    }
}

fn box_number(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    let mut index = at;
    for letter in ["p", "o"] {
        if tokens.get(index)?.folded == "po" {
            index += 1;
            break;
        }
        if tokens.get(index)?.folded != letter {
            return None;
        }
        index += 1;
        if tokens.get(index)?.is('.') {
            index += 1;
        }
    }
    let fits = tokens.get(index)?.folded == "box" && tokens.get(index + 1)?.kind == Kind::Number;
    fits.then_some(at..index + 2)
}

/// "414 Pecan Grove Dr", "Am Alten Markt 54a", "Lindenstraße 236", "rue des Tilleuls 5".
fn street(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<Range<usize>> {
    let token = &tokens[at];
    if !claims.is_free(at)
        || (token.gap == Gap::None
            && at > 0
            && tokens[at - 1].kind == Kind::Mark
            && !matches!(tokens[at - 1].text, "(" | ":"))
    {
        return None;
    }
    let house = |token: &Token<'_>| {
        (token.kind == Kind::Number && token.text.len() <= 5)
            || (token.kind == Kind::Code
                && token.text.len() <= 5
                && token.text.starts_with(|c: char| c.is_ascii_digit())
                && token.text.chars().filter(|c| c.is_alphabetic()).count() == 1)
    };
    if house(token) {
        // A number, up to five words, and a street word.
        let mut end = at + 1;
        let mut capitals = 0;
        let mut words = 0;
        while let Some(next) =
            tokens.get(end).filter(|next| end < at + 16 && next.gap != Gap::Line && claims.is_free(end))
        {
            let mark = matches!(next.text, "." | "'" | "’" | "-")
                || (next.kind == Kind::Code && next.text.ends_with(['h', 't', 'd']));
            if STREETS.contains(&next.folded.as_str()) && capitals >= 1 && (next.is_capital()) {
                let dot = tokens.get(end + 1).is_some_and(|mark| mark.is('.') && mark.gap == Gap::None);
                let ends = !tokens.get(end + 1).is_some_and(|more| {
                    more.gap == Gap::Space && more.is_capital() && STREETS.contains(&more.folded.as_str())
                });
                if ends {
                    return Some(at..end + 1 + usize::from(dot));
                }
            }
            if next.kind == Kind::Word && words < 6 {
                let linking =
                    matches!(next.folded.as_str(), "the" | "of" | "s" | "rue" | "de" | "des" | "du" | "la" | "le");
                if !next.is_capital() && !linking {
                    return None;
                }
                capitals += usize::from(next.is_capital());
                words += 1;
                // "1 The Paddocks" and "131 rue des Tilleuls" have no street word behind.
                let headed = STREET_HEADS.contains(&next.folded.as_str()) && end == at + 1;
                if headed && let Some(range) = headed_name(tokens, claims, end) {
                    return Some(at..range);
                }
            } else if !mark {
                return None;
            }
            end += 1;
        }
        return None;
    }
    if token.kind != Kind::Word {
        return None;
    }
    let ending = token.folded.len() > 5
        && token.is_capital()
        && STREET_ENDINGS.iter().any(|ending| token.folded.ends_with(ending));
    let name_end = if ending {
        at + 1
    } else if STREET_HEADS.contains(&token.folded.as_str()) {
        headed_name(tokens, claims, at)?
    } else {
        return None;
    };
    tokens.get(name_end).filter(|number| number.gap == Gap::Space && house(number)).map(|_| at..name_end + 1)
}

/// The end of a street's name that begins with its kind: "Rua das Flores", "Am Alten Markt".
fn headed_name(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<usize> {
    let mut end = at + 1;
    let mut capitals = 0;
    // "am Zahn 24" is no street: a preposition begins one with a capital only.
    if matches!(tokens[at].folded.as_str(), "am" | "im" | "zum" | "zur") && !tokens[at].is_capital() {
        return None;
    }
    while let Some(next) = tokens.get(end).filter(|next| end < at + 10 && next.gap != Gap::Line && claims.is_free(end))
    {
        let linking = matches!(
            next.folded.as_str(),
            "das"
                | "de"
                | "des"
                | "du"
                | "la"
                | "le"
                | "do"
                | "da"
                | "dos"
                | "dei"
                | "della"
                | "di"
                | "d"
                | "."
                | "'"
                | "’"
        );
        if next.is_capital() {
            capitals += 1;
        } else if !linking || end > at + 6 {
            break;
        }
        end += 1;
    }
    (capitals > 0).then_some(end)
}

/// Where an address goes on behind its street: flat, town, state, postcode.
fn forward(tokens: &[Token<'_>], lists: &Lists, claims: &Claims, from: usize) -> usize {
    let mut end = from;
    loop {
        let mut index = end;
        let comma = tokens.get(index).is_some_and(|mark| mark.is(','));
        index += usize::from(comma);
        let Some(next) = tokens.get(index).filter(|next| next.gap != Gap::Line && claims.is_free(index)) else {
            return end;
        };
        let unit = UNITS.contains(&next.folded.as_str()) || next.is('#');
        if unit || (next.is('/') && next.gap == Gap::None) {
            match tokens.get(index + 1) {
                Some(number) if matches!(number.kind, Kind::Number | Kind::Code) => end = index + 2,
                _ => return end,
            }
        } else if next.kind == Kind::Code && next.text.len() <= 4 && next.gap == Gap::Space && comma && false {
            end = index + 1;
        } else if next.is_capital()
            && !next.opens
            && (comma || STATES.contains(&next.text))
            && !lists.is_given(&next.folded)
        {
            end = index + 1;
            while tokens.get(end).is_some_and(|more| {
                (more.gap == Gap::Space && more.is_capital() && !more.opens)
                    || (matches!(more.text, "'" | "’" | "-" | ".")
                        && more.gap == Gap::None
                        && tokens.get(end + 1).is_some_and(|n| n.is_capital() && !n.opens))
            }) {
                end += 1;
            }
        } else {
            return end;
        }
    }
}

/// Institutions and towns.
pub(super) fn named(tokens: &[Token<'_>], lists: &Lists, claims: &mut Claims) {
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
        naming |= left.is_capital()
            && !GENERIC.contains(&left.folded.as_str())
            && !INSTITUTIONS.contains(&left.folded.as_str())
            && !(left.opens && lists.is_word(&left.folded));
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
        && STATES.contains(&state.text)
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
    if !first.is_capital()
        || !claims.is_free(at)
        || (first.gap == Gap::None && at > 0 && !matches!(tokens[at - 1].text, "(" | "/" | "-"))
    {
        return None;
    }
    // Names of one to three words, longest first.
    let mut ends: Vec<usize> = vec![at + 1];
    let mut index = at + 1;
    while ends.len() < 4 && index < at + 8 {
        let Some(next) = tokens.get(index).filter(|next| next.gap != Gap::Line && claims.is_free(index)) else { break };
        if next.kind == Kind::Word
            && !next.opens
            && (next.is_capital()
                || matches!(next.folded.as_str(), "de" | "la" | "im" | "am" | "upon" | "on" | "le" | "der"))
        {
            if next.is_capital() {
                ends.push(index + 1);
            }
        } else if !(matches!(next.text, "." | "-" | "'" | "’") && (next.gap == Gap::None))
            || (next.is('.') && first.folded != "st")
        {
            break;
        }
        index += 1;
    }
    let spelled = |end: usize| {
        tokens[at..end]
            .iter()
            .filter(|token| token.kind == Kind::Word)
            .map(|token| token.folded.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let before = at.checked_sub(1).map(|left| &tokens[left]).filter(|_| first.gap != Gap::Line);
    let led = before.is_some_and(|left| BEFORE.contains(&left.folded.as_str()) && !first.opens)
        && !before.is_some_and(|left| left.folded == "a");
    let state = |end: usize| {
        !first.is_shouted()
            && !first.opens
            && (led
                || !tokens[at..end].iter().any(|token| lists.is_word(&token.folded) || lists.is_term(&token.folded)))
            && tokens.get(end).is_some_and(|comma| comma.is(','))
            && tokens.get(end + 1).is_some_and(|state| STATES.contains(&state.text))
    };
    // A town of the list counts by itself if it is no ordinary word, no eponym and nobody's name.
    let sure = |end: usize| {
        let spelled = spelled(end);
        lists.is_place(&spelled)
            && (end > at + 1
                || led
                || (!lists.is_word(&spelled) && !lists.is_term(&spelled) && !lists.is_name(&spelled)))
            && !eponym_follows(tokens, end)
    };
    if let Some(end) = ends.iter().rev().copied().find(|end| sure(*end) || state(*end)) {
        // "Frankfurt am Main".
        return Some(at..on_river(tokens, end).unwrap_or(end));
    }
    let unknown = |token: &Token<'_>| {
        token.text.chars().count() > 2
            && !token.is_shouted()
            && !lists.is_term(&token.folded)
            && !lists.is_word(&token.folded)
            && !lists.is_given(&token.folded)
    };
    let end = *ends.last()?;
    let plain = |token: &Token<'_>| {
        token.text.chars().count() > 2
            && !token.is_shouted()
            && !lists.is_term(&token.folded)
            && !lists.is_given(&token.folded)
    };
    // "lives in Mold" and "works in Deal": an ordinary word with a capital inside a sentence.
    let lives = at >= 2
        && matches!(
            tokens[at - 2].folded.as_str(),
            "lives"
                | "living"
                | "works"
                | "born"
                | "clinic"
                | "office"
                | "surgery"
                | "gp"
                | "ward"
                | "treated"
                | "before"
                | "laboratory"
                | "and"
                | "shop"
                | "operated"
                | "seen"
                | "moved"
                | "waiting"
                | "drive"
                | "visits"
                | "left"
                | "taxi"
                | "release"
                | "retired"
                | "practice"
                | "extraction"
                | "lady"
                | "dentist"
                | "nurse"
        );
    // "in Class II", "in Great Britain".
    let numbered = matches!(
        first.folded.as_str(),
        "appendix"
            | "area"
            | "band"
            | "class"
            | "division"
            | "figure"
            | "grade"
            | "group"
            | "level"
            | "part"
            | "phase"
            | "quadrant"
            | "section"
            | "stage"
            | "step"
            | "table"
            | "type"
            | "zone"
    );
    if numbered || tokens[at..end].iter().any(|token| lists.is_term(&token.folded)) {
        return None;
    }
    let saint = matches!(first.folded.as_str(), "st" | "ste" | "saint") && end > at + 1;
    // "District nurse team, Mold, 01632 …" and "left Mold on 3 May": alone between marks before another identifier.
    let alone = before.is_some_and(|left| left.is(',') || left.folded == "left")
        && !first.opens
        && tokens.get(end).is_some_and(|mark| matches!(mark.text, "," | "." | "on") && !claims.is_free(end + 1))
        && plain(first)
        && !lists.is_name(&first.folded);
    let place = led && (unknown(first) || saint || (lives && plain(first)) || (end > at + 1 && plain(first)));
    ((place || alone) && !eponym_follows(tokens, end)).then_some(at..end)
}

/// What makes a capital word an eponym: a possessive or a noun of dentistry behind it.
pub(super) fn eponym_follows(tokens: &[Token<'_>], end: usize) -> bool {
    const NOUNS: &[&str] = &[
        "angle",
        "appliance",
        "area",
        "arteritis",
        "aphthae",
        "bag",
        "band",
        "cell",
        "cells",
        "clasp",
        "class",
        "classification",
        "clip",
        "criteria",
        "curette",
        "curettes",
        "cyst",
        "disease",
        "duct",
        "elevator",
        "epithelium",
        "equation",
        "file",
        "files",
        "flap",
        "forceps",
        "formula",
        "fracture",
        "gauge",
        "judgment",
        "judgement",
        "book",
        "wort",
        "angina",
        "concept",
        "approach",
        "consensus",
        "balanced",
        "crib",
        "cribs",
        "clasps",
        "spring",
        "springs",
        "screw",
        "retractor",
        "bur",
        "burs",
        "cavity",
        "pack",
        "ring",
        "holder",
        "probe",
        "probes",
        "paste",
        "gel",
        "mouthwash",
        "rinse",
        "pillow",
        "bite",
        "splint",
        "elevators",
        "key",
        "foramen",
        "ligament",
        "gland",
        "glands",
        "nerve",
        "canal",
        "fibres",
        "fibers",
        "crystals",
        "bodies",
        "body",
        "anatomy",
        "drug",
        "oedema",
        "dye",
        "knife",
        "blade",
        "handle",
        "needle",
        "drill",
        "drills",
        "scissors",
        "tweezers",
        "mirror",
        "study",
        "trial",
        "guideline",
        "guidelines",
        "group",
        "report",
        "fractures",
        "grade",
        "granules",
        "horizontal",
        "implant",
        "incisor",
        "incisors",
        "index",
        "injection",
        "line",
        "lines",
        "loop",
        "method",
        "molars",
        "needle",
        "notch",
        "palsy",
        "paralysis",
        "plane",
        "plaster",
        "position",
        "procedure",
        "reaction",
        "reflex",
        "retainer",
        "rule",
        "scale",
        "scaler",
        "score",
        "scores",
        "sign",
        "solution",
        "space",
        "spots",
        "sponge",
        "stage",
        "stain",
        "staining",
        "strip",
        "suture",
        "syndrome",
        "system",
        "technique",
        "teeth",
        "test",
        "thyroiditis",
        "triad",
        "tube",
        "type",
        "ulcer",
        "view",
        "virus",
    ];
    tokens.get(end).is_some_and(|next| {
        let possessive = matches!(next.text, "'" | "’") && next.gap == Gap::None;
        let mut noun = if possessive { end + 2 } else { end };
        // "Stevens-Johnson syndrome".
        while tokens.get(noun).is_some_and(|hyphen| matches!(hyphen.text, "-" | "–") && hyphen.gap == Gap::None)
            && tokens.get(noun + 1).is_some_and(Token::is_capital)
        {
            noun += 2;
        }
        tokens.get(noun).is_some_and(|noun| noun.gap != Gap::Line && NOUNS.contains(&noun.folded.as_str()))
    })
}
