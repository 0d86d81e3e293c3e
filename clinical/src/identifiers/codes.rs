//! Numbers and codes of a person: by check digit, by shape, by the word before them, and any long one.
//!
//! Clinical text is full of small numbers. A number with a unit, a decimal point, a thousands comma or a code system before it is left
//! alone, and what remains must be long or be announced by a [cue](super::cues).

use std::ops::Range;

use super::Class;
use super::checks::{digits, is_card, is_iban, is_national_insurance, is_nhs, is_vin};
use super::claims::Claims;
use super::cues::{self, Cue};
use super::lists::Lists;
use super::token::{Gap, Kind, Token};

/// Words behind a number that make it a measure.
const UNITS: &[&str] = &[
    "bpm",
    "cells",
    "cfu",
    "cm",
    "copies",
    "degrees",
    "dl",
    "fps",
    "g",
    "gy",
    "hours",
    "hz",
    "iu",
    "kg",
    "khz",
    "kpa",
    "kv",
    "kvp",
    "l",
    "lb",
    "lbs",
    "lux",
    "ma",
    "mcg",
    "mg",
    "mgy",
    "mhz",
    "microgram",
    "micrograms",
    "micron",
    "microns",
    "min",
    "minutes",
    "ml",
    "mm",
    "mmhg",
    "mmol",
    "months",
    "mpa",
    "msv",
    "mw",
    "n",
    "ncm",
    "nm",
    "oz",
    "patients",
    "people",
    "percent",
    "ppm",
    "rpm",
    "s",
    "sec",
    "seconds",
    "tablets",
    "teeth",
    "times",
    "u",
    "um",
    "units",
    "usv",
    "weeks",
    "years",
    "µm",
    "μm",
];

/// Words before a code of a catalogue, a standard or a page: it names nobody.
const CATALOGUES: &[&str] = &[
    "ada",
    "astm",
    "atc",
    "cas",
    "catalogue",
    "cdt",
    "cg",
    "cpt",
    "din",
    "en",
    "fdi",
    "grade",
    "hla",
    "guideline",
    "hcpcs",
    "htm",
    "icd",
    "icdas",
    "iec",
    "iso",
    "item",
    "loinc",
    "mds",
    "model",
    "ng",
    "norm",
    "opcs",
    "page",
    "pages",
    "part",
    "pmid",
    "section",
    "shade",
    "sign",
    "size",
    "snomed",
    "standard",
    "step",
    "stage",
    "tariff",
    "type",
    "version",
];

/// Words that make a lot number that of stock.
const STOCK: &[&str] = &[
    "alginate",
    "anaesthetic",
    "anesthetic",
    "autoclave",
    "batch",
    "box",
    "bur",
    "burs",
    "cartridge",
    "cartridges",
    "cement",
    "composite",
    "cupboard",
    "cycle",
    "etch",
    "gauze",
    "glove",
    "gloves",
    "needle",
    "needles",
    "pouch",
    "pouches",
    "powder",
    "sterile",
    "steriliser",
    "sterilizer",
    "stock",
    "suture",
    "sutures",
    "wrench",
];

/// Words in capitals that announce a code and are no part of it.
const HEADS: &[&str] = &[
    "ach", "bmi", "bp", "bpe", "chi", "cpt", "dea", "dob", "gdc", "gmc", "gp", "hr", "iban", "icd", "id", "inr", "ip",
    "iso", "mrn", "nhs", "ni", "bop", "cal", "nino", "npi", "pd", "pin", "ppd", "psr", "rr", "ss", "ssn", "tel", "udi",
    "vin",
];

/// From this many digits on, a number without any word before it is taken for an identifier.
const LONG: usize = 7;

pub(super) fn find(tokens: &[Token<'_>], lists: &Lists, claims: &mut Claims) {
    let mut index = 0;
    while index < tokens.len() {
        let found = udi(tokens, claims, index)
            .or_else(|| sort_code(tokens, claims, index))
            .or_else(|| picture(tokens, claims, index))
            .or_else(|| code(tokens, lists, claims, index));
        match found {
            Some((range, class)) => {
                let end = range.end;
                claims.take(tokens, range, class);
                index = end.max(index + 1);
            }
            None => index += 1,
        }
    }
}

/// "(01)05012345678900(21)A12345": a unique device identifier as GS1 prints it.
fn udi(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<(Range<usize>, Class)> {
    let [open, kind, close, number, ..] = tokens.get(at..)? else { return None };
    let fits =
        open.is('(') && kind.text == "01" && close.is(')') && number.kind == Kind::Number && number.text.len() == 14;
    if !fits || !claims.is_free(at) {
        return None;
    }
    let mut end = at + 4;
    while tokens.get(end).is_some_and(|token| {
        token.gap == Gap::None && (token.kind != Kind::Mark || matches!(token.text, "(" | ")" | "-" | "/"))
    }) {
        end += 1;
    }
    Some((at..end, Class::Device))
}

/// "sort code 12-34-56, account 12345678" is one identifier.
fn sort_code(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<(Range<usize>, Class)> {
    let words = (tokens.get(at)?.folded.as_str(), tokens.get(at + 1)?.folded.as_str());
    if words != ("sort", "code") || !claims.is_free(at) {
        return None;
    }
    let mut end = at + 2;
    while tokens.get(end).is_some_and(|token| {
        token.gap != Gap::Line
            && claims.is_free(end)
            && (token.kind == Kind::Number
                || matches!(token.text, "-" | "–" | ":" | "," | "/")
                || matches!(token.folded.as_str(), "account" | "acct" | "a" | "c" | "no" | "number"))
    }) {
        end += 1;
    }
    (end > at + 2).then_some((at..end, Class::Account))
}

/// "frontal 160/21": a view and the number of its picture.
fn picture(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<(Range<usize>, Class)> {
    let view = matches!(tokens[at].folded.as_str(), "frontal" | "profile" | "portrait" | "photo");
    let [number, slash, year] = tokens.get(at + 1..at + 4)? else { return None };
    let numbered = number.kind == Kind::Number
        && number.text.len() >= 2
        && slash.is('/')
        && slash.gap == Gap::None
        && year.kind == Kind::Number
        && year.gap == Gap::None;
    (view && numbered && claims.is_free(at)).then_some((at..at + 4, Class::Photo))
}

/// Letters and digits of a code that begins at `at`.
struct Run {
    end: usize,
    /// Letters and digits, without what joins them.
    text: String,
    digits: usize,
    letters: usize,
    /// Whether letters and digits touch each other somewhere, so that it is no pair of word and number.
    mixed: bool,
    /// The longest group of digits.
    group: usize,
}

fn code(tokens: &[Token<'_>], lists: &Lists, claims: &Claims, at: usize) -> Option<(Range<usize>, Class)> {
    let first = &tokens[at];
    let hash = first.is('#') && tokens.get(at + 1).is_some_and(|next| next.gap == Gap::None);
    if !claims.is_free(at)
        || (first.kind == Kind::Mark && !hash)
        || (at > 0 && first.gap == Gap::None && !opens_code(&tokens[at - 1]))
    {
        return None;
    }
    let cues: Vec<Cue> =
        cues::all_before(tokens, at).filter(|cue| !matches!(cue.class, Class::Phone | Class::Fax)).take(4).collect();
    let vehicle = cues.iter().take(2).any(|cue| cue.class == Class::Vehicle && cue.distance <= 3);
    let run = run(tokens, claims, if hash { at + 1 } else { at }, vehicle)?;
    let class = class(tokens, lists, at, &run, &cues, hash)?;
    Some((at..run.end, class))
}

/// Marks before a code that are no part of it.
fn opens_code(token: &Token<'_>) -> bool {
    token.kind == Kind::Mark && !matches!(token.text, "-" | "–" | "." | "/" | "_" | "*" | "+" | "#" | "'" | "’" | "%")
}

/// A piece: tokens that touch each other or are joined by a mark. Returns the index behind it.
fn piece(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<usize> {
    let alnum = |index: usize| tokens.get(index).is_some_and(|token| token.kind != Kind::Mark && claims.is_free(index));
    if !alnum(at) {
        return None;
    }
    let mut end = at + 1;
    while end < at + MAX_TOKENS {
        let Some(mark) = tokens.get(end).filter(|mark| mark.gap == Gap::None && claims.is_free(end)) else { break };
        if mark.kind != Kind::Mark {
            end += 1;
        } else if matches!(mark.text, "-" | "–" | "." | "/" | "_" | "*" | ":" | "‑")
            && alnum(end + 1)
            && tokens[end + 1].gap == Gap::None
        {
            end += 2;
        } else {
            break;
        }
    }
    Some(end)
}

fn has_digit(tokens: &[Token<'_>]) -> bool {
    tokens.iter().any(|token| matches!(token.kind, Kind::Number | Kind::Code))
}

/// The most tokens of a piece, and of a code.
const MAX_TOKENS: usize = 20;

/// The longest code from `at`: one piece, or several with single spaces between.
fn run(tokens: &[Token<'_>], claims: &Claims, at: usize, vehicle: bool) -> Option<Run> {
    let mut end = piece(tokens, claims, at)?;
    let mut digits_so_far = has_digit(&tokens[at..end]);
    if !digits_so_far {
        // Letters before the digits: "POL 9531 4537 94".
        let head = &tokens[at..end];
        let capitals = head.iter().all(|token| token.kind == Kind::Mark || !token.text.chars().any(char::is_lowercase));
        let length: usize = head.iter().map(|token| token.text.chars().count()).sum();
        if !capitals || length > 5 || HEADS.contains(&head[0].folded.as_str()) {
            return None;
        }
    }
    // "GB82 WEST 1234": the bank's letters stand behind the check digits.
    let iban = end == at + 1 && {
        let head = tokens[at].text.as_bytes();
        head.len() == 4 && head[..2].iter().all(u8::is_ascii_uppercase) && head[2..].iter().all(u8::is_ascii_digit)
    };
    while let Some(next) = tokens.get(end).filter(|_| end < at + MAX_TOKENS) {
        // "108870 / 28182909".
        let start = if next.is('/') && next.gap == Gap::Space && digits_so_far { end + 1 } else { end };
        if tokens.get(start).is_none_or(|token| token.gap != Gap::Space) {
            break;
        }
        let Some(stop) = piece(tokens, claims, start) else { break };
        let group = &tokens[start..stop];
        let letters = group.iter().flat_map(|token| token.text.chars()).filter(|c| c.is_alphabetic()).count();
        let lower = group.iter().flat_map(|token| token.text.chars()).any(char::is_lowercase);
        let digits = has_digit(group);
        let measured = digits && measured(tokens, stop);
        let single = !digits && letters == 1 && !lower && digits_so_far;
        let joins = if digits {
            // Digits, or a short mixture in capitals.
            !measured && !lower && letters <= 4 && !group.iter().any(|token| token.is(':'))
        } else {
            (iban && end == at + 1 && letters == 4 && !lower)
                || (single && (last_digits(&tokens[at..end]) >= 2))
                || (vehicle && !lower && letters <= 3 && group.len() == 1 && digits_so_far)
        };
        if !joins {
            break;
        }
        digits_so_far |= digits;
        end = stop;
    }
    if !digits_so_far {
        return None;
    }
    // A letter alone at the end belongs to a code whose last group are digits; "36 B" of a tooth does not come here: it is too short.
    let tokens = &tokens[at..end];
    let text: String = tokens.iter().filter(|token| token.kind != Kind::Mark).map(|token| token.text).collect();
    Some(Run {
        end,
        digits: text.chars().filter(char::is_ascii_digit).count(),
        letters: text.chars().filter(|c| c.is_alphabetic()).count(),
        mixed: tokens.iter().any(|token| token.kind == Kind::Code)
            || tokens.windows(3).any(|three| {
                three[1].gap == Gap::None
                    && three[2].gap == Gap::None
                    && three[0].kind != three[2].kind
                    && three[1].kind == Kind::Mark
                    && three[0].kind != Kind::Mark
                    && three[2].kind != Kind::Mark
            }),
        group: tokens
            .iter()
            .filter(|token| token.kind == Kind::Number)
            .map(|token| token.text.len())
            .max()
            .unwrap_or(0),
        text,
    })
}

fn last_digits(tokens: &[Token<'_>]) -> usize {
    tokens.last().map_or(0, |token| token.text.chars().filter(char::is_ascii_digit).count())
}

/// Whether a unit or a percent sign stands behind a number.
fn measured(tokens: &[Token<'_>], end: usize) -> bool {
    tokens.get(end).is_some_and(|next| {
        next.gap != Gap::Line
            && match next.kind {
                Kind::Mark => matches!(next.text, "%" | "°" | "×" | "‰" | "²"),
                Kind::Word => UNITS.contains(&next.folded.as_str()),
                Kind::Number | Kind::Code => false,
            }
    })
}

fn class(tokens: &[Token<'_>], lists: &Lists, at: usize, run: &Run, cues: &[Cue], hash: bool) -> Option<Class> {
    let all = digits(&run.text);
    let upper = run.text.to_ascii_uppercase();
    let nearest = cues.first().copied();
    if is_iban(&upper) || (run.letters == 0 && is_card(&all) && all.len() >= 15) {
        return Some(Class::Account);
    }
    if is_vin(&run.text) {
        return Some(Class::Vehicle);
    }
    if (is_national_insurance(&run.text) && nearest.is_none_or(|cue| cue.class == Class::Ssn || cue.distance > 4))
        || social_security(tokens, at, run)
    {
        return Some(Class::Ssn);
    }
    if run.letters == 0 && is_nhs(&all) && nearest.is_none_or(|cue| cue.class == Class::Mrn) {
        return Some(Class::Mrn);
    }
    if british_plate(&run.text) {
        return Some(Class::Vehicle);
    }
    if clinical(tokens, at, run) {
        return None;
    }
    if upper.starts_with("0X") && run.text.len() >= 10 && run.text[2..].bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(Class::Biometric);
    }
    // A word in lower case with one digit is no code: "covid19", "grade2b".
    let word_like = run.letters > run.digits + 4 && lists.is_word(&run.text.to_lowercase());
    let told = nearest.filter(|cue| match cue.distance {
        _ if cue.class == Class::Vehicle && cue.distance <= 4 && run.digits >= 2 && run.letters >= 2 => true,
        0 | 1 => {
            run.digits >= 4
                || (run.digits >= 3 && (run.mixed || run.letters > 0))
                || (cue.class == Class::Biometric && run.mixed && run.text.len() >= 6)
        }
        2..=4 => run.group >= 5 || run.digits >= 6 || (run.mixed && run.digits >= 3),
        _ => run.group >= 5 || run.digits >= LONG || (run.mixed && run.digits >= 4),
    });
    if let Some(cue) = told.filter(|_| !word_like) {
        return Some(cue.class);
    }
    let long =
        run.group >= LONG || (run.digits >= LONG && run.letters == 0 && joined(tokens, at, run.end)) || run.digits >= 9;
    let coded = joined(tokens, at, run.end) && run.mixed && run.digits >= 4 && run.text.len() >= 6;
    (hash && run.group >= 4 || long || (coded && !word_like)).then_some(Class::OtherId)
}

/// No space inside.
fn joined(tokens: &[Token<'_>], at: usize, end: usize) -> bool {
    tokens[at + 1..end].iter().all(|token| token.gap == Gap::None)
}

/// "123-45-6789" with hyphens, dots or spaces; and the French number with its fifteen digits.
fn social_security(tokens: &[Token<'_>], at: usize, run: &Run) -> bool {
    let groups: Vec<usize> =
        tokens[at..run.end].iter().filter(|token| token.kind == Kind::Number).map(|token| token.text.len()).collect();
    run.letters == 0
        && (groups == [3, 2, 4] || (run.digits == 15 && groups.len() >= 5 && run.text.starts_with(['1', '2'])))
}

/// "AB12 CDE" (since 2001) and "A123 BCD" (before).
fn british_plate(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_uppercase() {
                'A'
            } else if c.is_ascii_digit() {
                '9'
            } else {
                'x'
            }
        })
        .collect();
    matches!(shape.as_str(), "AA99AAA" | "A999AAA")
}

/// Numbers of clinical text: measures, decimals, thousands, codes of catalogues, lots of stock, pressures.
fn clinical(tokens: &[Token<'_>], at: usize, run: &Run) -> bool {
    let inside = &tokens[at..run.end];
    let behind = tokens.get(run.end);
    if measured(tokens, run.end) {
        return true;
    }
    // "200,000" and "1:100,000".
    let thousands = |comma: usize| {
        tokens.get(comma).is_some_and(|mark| mark.is(',') && mark.gap == Gap::None)
            && tokens
                .get(comma + 1)
                .is_some_and(|next| next.gap == Gap::None && next.kind == Kind::Number && next.text.len() == 3)
    };
    if (run.letters == 0 && thousands(run.end)) || (at >= 1 && thousands(at - 1)) {
        return true;
    }
    // A number whose unit touches it: "500mg", "0.5mL".
    if let Some(last) = inside.last()
        && last.kind == Kind::Code
        && UNITS.contains(&last.folded.trim_start_matches(|c: char| c.is_ascii_digit()))
        && last.text.starts_with(|c: char| c.is_ascii_digit())
        && last.text.len() <= 7
    {
        return true;
    }
    // "07:41", and "323 434 323" of a pocket chart.
    let time = run.letters == 0 && inside.len() >= 3 && inside[1].is(':') && inside[0].text.len() <= 2;
    let probing = run.letters == 0
        && inside.iter().all(|token| token.text.len() == 3)
        && (at.saturating_sub(4)..at).any(|index| {
            matches!(
                tokens[index].folded.as_str(),
                "pocket"
                    | "pockets"
                    | "probing"
                    | "depths"
                    | "ppd"
                    | "pd"
                    | "bop"
                    | "recession"
                    | "cal"
                    | "perio"
                    | "periodontal"
                    | "charting"
            )
        });
    if time || probing {
        return true;
    }
    let decimal = run.letters == 0
        && inside.len() == 3
        && inside[1].is('.')
        && inside[0].text.len() <= 3
        && inside[2].text.len() <= 3;
    // "146/82" is a pressure, "212/121" a periodontal score.
    let pair = run.letters == 0
        && inside.len() == 3
        && inside[1].is('/')
        && inside[0].text.len() <= 3
        && inside[2].text.len() <= 3;
    let range = run.letters == 0
        && inside.len() == 3
        && matches!(inside[1].text, "-" | "–")
        && inside[0].text.len() <= 4
        && inside[2].text.len() <= 4
        && !(inside[0].text.len() == 3 && inside[2].text.len() == 4);
    if decimal || pair || (range && run.digits < LONG) {
        return true;
    }
    let year =
        run.letters == 0 && inside.len() == 1 && inside[0].text.len() == 4 && inside[0].text.starts_with(['1', '2']);
    if year && behind.is_none_or(|next| !next.is('/')) {
        return true;
    }
    let mut left = at;
    for _ in 0..2 {
        let Some(index) = left.checked_sub(1) else { break };
        let word = tokens[index].folded.as_str();
        if CATALOGUES.contains(&word)
            || (word == "code" && run.digits <= 6 && run.text.len() <= 8 && catalogue_code(&run.text))
        {
            return true;
        }
        if tokens[index].kind == Kind::Word || tokens[index].is('.') {
            break;
        }
        left = index;
    }
    // The catalogue may be part of the run: "CPT 70355", "ISO 13485".
    if inside[0].kind == Kind::Word && CATALOGUES.contains(&inside[0].folded.as_str()) {
        return true;
    }
    if catalogue_code(&run.text) && run.text.len() <= 5 && run.text.starts_with(['D', 'K', 'Z', 'S']) {
        return true;
    }
    let sentence = (0..at).rev().take_while(|index| !tokens[index + 1].opens).take(6);
    sentence.into_iter().any(|index| STOCK.contains(&tokens[index].folded.as_str()))
}

/// A letter and digits, as procedure and diagnosis codes are written: "D2392", "K04.7".
fn catalogue_code(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}
