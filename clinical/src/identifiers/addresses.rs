//! Postal addresses: everything that a postcode ends, and streets with a number.

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

pub(super) fn find(tokens: &[Token<'_>], lists: &Lists, claims: &mut Claims) {
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

/// The two letters of a state of the USA.
pub(super) fn is_state(text: &str) -> bool {
    STATES.contains(&text)
}

/// The first half of a UK postcode.
pub(super) fn is_outward(text: &str) -> bool {
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
        (2 | 4, Some(3)) => at + 3,
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
pub(super) fn on_river(tokens: &[Token<'_>], at: usize) -> Option<usize> {
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
            Kind::Number | Kind::Code => token.text.len() <= 5,
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
