//! Dates with a day or a month, and ages over 89.
//!
//! A date with three parts speaks for itself. A date of two parts ("4/12", "15.1.") is also a fraction, a score, an instrument or a tooth;
//! it needs a word before it that is followed by dates.

use std::ops::Range;

use super::Class;
use super::claims::Claims;
use super::token::{Gap, Kind, Token};

/// Ages from here on are identifiers (45 CFR 164.514(b)(2)(i)(C)).
const FIRST_HIDDEN_AGE: u32 = 90;
/// No patient is older; a larger number is no age.
const LAST_AGE: u32 = 120;

/// Month names and their abbreviations, accents folded: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish,
/// Danish.
const MONTHS: &[&str] = &[
    "jan",
    "january",
    "januar",
    "januari",
    "jänner",
    "janner",
    "janvier",
    "janv",
    "enero",
    "ene",
    "gennaio",
    "janeiro",
    "stycznia",
    "feb",
    "february",
    "februar",
    "februari",
    "fevrier",
    "fevr",
    "febrero",
    "febbraio",
    "fevereiro",
    "lutego",
    "mar",
    "march",
    "marz",
    "maerz",
    "mrz",
    "mars",
    "marzo",
    "marco",
    "maart",
    "marca",
    "apr",
    "april",
    "avril",
    "avr",
    "abril",
    "abr",
    "aprile",
    "kwietnia",
    "may",
    "mai",
    "mayo",
    "maggio",
    "maio",
    "mei",
    "maja",
    "maj",
    "jun",
    "june",
    "juni",
    "juin",
    "junio",
    "giugno",
    "giu",
    "junho",
    "czerwca",
    "jul",
    "july",
    "juli",
    "juillet",
    "juil",
    "julio",
    "luglio",
    "lug",
    "julho",
    "lipca",
    "aug",
    "august",
    "augustus",
    "augusti",
    "aout",
    "agosto",
    "sierpnia",
    "sep",
    "sept",
    "september",
    "septembre",
    "septiembre",
    "settembre",
    "setembro",
    "wrzesnia",
    "oct",
    "october",
    "okt",
    "oktober",
    "octobre",
    "octubre",
    "ottobre",
    "ott",
    "outubro",
    "pazdziernika",
    "nov",
    "november",
    "novembre",
    "noviembre",
    "novembro",
    "listopada",
    "dec",
    "december",
    "dez",
    "dezember",
    "decembre",
    "diciembre",
    "dic",
    "dicembre",
    "dezembro",
    "grudnia",
];

/// Month names that are ordinary words when written small.
const ALSO_WORDS: &[&str] = &["may", "march", "mars", "mar", "mai", "mei", "maj", "enero", "jan", "sep", "dec", "nov"];

const ROMAN: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];

/// Words behind which two numbers are a date.
const CUES: &[&str] = &[
    "acude",
    "am",
    "appointment",
    "appointments",
    "appt",
    "archived",
    "around",
    "auf",
    "booked",
    "booking",
    "born",
    "check",
    "checked",
    "consultation",
    "controle",
    "controllo",
    "date",
    "dated",
    "declined",
    "del",
    "deleted",
    "dob",
    "du",
    "due",
    "em",
    "entry",
    "exam",
    "fu",
    "given",
    "il",
    "implanted",
    "kontrolle",
    "last",
    "le",
    "left",
    "log",
    "logged",
    "next",
    "om",
    "on",
    "op",
    "placed",
    "posted",
    "recall",
    "recheck",
    "recorded",
    "review",
    "reviewed",
    "seen",
    "seit",
    "sent",
    "signed",
    "since",
    "started",
    "started",
    "taken",
    "til",
    "till",
    "today",
    "until",
    "visit",
    "visits",
    "vom",
];

/// Words before dates, and before fractions and scores as well.
const WEAK_CUES: &[&str] = &["after", "and", "before", "between", "by", "for", "from", "to", "und", "et"];

/// Words before a month alone.
const MONTH_CUES: &[&str] = &[
    "by",
    "during",
    "early",
    "end",
    "following",
    "from",
    "im",
    "in",
    "late",
    "last",
    "mid",
    "next",
    "of",
    "past",
    "seit",
    "since",
    "this",
    "til",
    "till",
    "until",
];

pub(super) fn find(tokens: &[Token<'_>], claims: &mut Claims) {
    let mut index = 0;
    while index < tokens.len() {
        match date(tokens, claims, index).or_else(|| age(tokens, index)) {
            Some(range) if claims.is_free(range.start) => {
                let end = range.end;
                claims.take(tokens, range, Class::Date);
                index = end.max(index + 1);
            }
            _ => index += 1,
        }
    }
}

fn date(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<Range<usize>> {
    numeric(tokens, at)
        .or_else(|| worded(tokens, at))
        .or_else(|| two_parts(tokens, claims, at))
        .or_else(|| month_alone(tokens, at))
}

/// A number of one or two digits, not part of a longer code.
fn small(tokens: &[Token<'_>], at: usize) -> Option<u32> {
    let token = tokens.get(at)?;
    if token.text.len() > 2 { None } else { token.value() }
}

/// A number that stands by itself: nothing that makes it part of a longer one touches it.
fn begins(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].gap != Gap::None
        || at == 0
        || !(matches!(tokens[at - 1].text, "." | "/" | "-" | "–" | "," | "#" | "_" | "+" | "*")
            || tokens[at - 1].kind != Kind::Mark)
        || (tokens[at - 1].is('-') && tokens[at - 1].gap != Gap::None)
}

fn is_year(token: &Token<'_>) -> bool {
    token.text.len() == 4 && token.value().is_some_and(|year| (1880..=2199).contains(&year))
}

fn day_and_month(a: u32, b: u32) -> bool {
    ((1..=31).contains(&a) && (1..=12).contains(&b)) || ((1..=12).contains(&a) && (1..=31).contains(&b))
}

/// Nothing joins the number at `end - 1` to what follows.
fn ends(tokens: &[Token<'_>], end: usize) -> bool {
    let (Some(mark), Some(next)) = (tokens.get(end), tokens.get(end + 1)) else { return true };
    !(mark.gap == Gap::None
        && matches!(mark.text, "/" | "-" | "." | "–" | ",")
        && next.gap == Gap::None
        && matches!(next.kind, Kind::Number | Kind::Code))
}

/// "2024-05-31", "31.05.24", "5/31/2024", "31. 5. 2024", "6. I. 2024", "20240531".
fn numeric(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    let first = &tokens[at];
    if first.kind != Kind::Number || !begins(tokens, at) {
        return None;
    }
    if first.text.len() == 8 && ends(tokens, at + 1) {
        let part = |range: Range<usize>| first.text.get(range).and_then(|text| text.parse::<u32>().ok());
        let plausible = |year: u32, month: u32, day: u32| {
            (1900..=2099).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
        };
        return plausible(part(0..4)?, part(4..6)?, part(6..8)?).then_some(at..at + 1);
    }
    let separator = tokens.get(at + 1).filter(|mark| mark.gap == Gap::None)?;
    if !matches!(separator.text, "." | "/" | "-" | "–") {
        return None;
    }
    let (second, mark, third) = (tokens.get(at + 2)?, tokens.get(at + 3)?, tokens.get(at + 4)?);
    let spaced = separator.is('.');
    let close = |token: &Token<'_>| token.gap == Gap::None || (spaced && token.gap == Gap::Space);
    if !close(second) || mark.text != separator.text || mark.gap != Gap::None || !close(third) {
        return None;
    }
    let roman = spaced && ROMAN.contains(&second.folded.as_str());
    let second_value = if roman { Some(1) } else { small(tokens, at + 2) }?;
    if is_year(first) {
        // The time may touch the day: 2024-05-31T10:00.
        let day = third.text.get(..2).and_then(|day| day.parse::<u32>().ok())?;
        let timed = third.kind == Kind::Code && third.text.get(2..3).is_some_and(|t| t.eq_ignore_ascii_case("t"));
        let fits = day_and_month(second_value, day) && (timed || (third.text.len() <= 2 && ends(tokens, at + 5)));
        return fits.then_some(at..at + 5);
    }
    let year = is_year(third) || (third.text.len() == 2 && third.kind == Kind::Number);
    let fits = day_and_month(small(tokens, at)?, second_value) && year && ends(tokens, at + 5);
    // With spaces between, only a whole year makes it a date: "1. 2. 30 mg".
    let firm = (second.gap == Gap::None && third.gap == Gap::None) || is_year(third);
    (fits && firm).then_some(at..at + 5)
}

/// "4/12" and "15.1." behind a word that is followed by dates, "6/10:" at the start of a line.
fn two_parts(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<Range<usize>> {
    let first = small(tokens, at).filter(|_| begins(tokens, at))?;
    let separator = tokens.get(at + 1).filter(|mark| mark.gap == Gap::None)?;
    let second = small(tokens, at + 2).filter(|_| tokens[at + 2].gap == Gap::None)?;
    if !day_and_month(first, second) || !ends(tokens, at + 3) {
        return None;
    }
    let behind = tokens.get(at + 3);
    let opens_line = tokens[at].opens && behind.is_some_and(|mark| mark.is(':') && mark.gap == Gap::None);
    let before = previous(tokens, at);
    let cue = before.is_some_and(|index| CUES.contains(&tokens[index].folded.as_str()));
    match separator.text {
        "/" => {
            let fraction = matches!((first, second), (1, 2..=4) | (2, 3) | (3, 4)) || second == 10;
            // "between 5/6 and 9/11", "to 5/6": the other end is a date, too.
            let other_end = before.is_some_and(|index| {
                WEAK_CUES.contains(&tokens[index].folded.as_str())
                    && (index.checked_sub(1).is_some_and(|left| claims.class_at(left) == Some(Class::Date))
                        || (!fraction && !matches!(tokens[index].folded.as_str(), "and" | "und" | "et")))
            });
            let entry = before
                .is_some_and(|index| tokens[index].folded == "for" && index > 0 && tokens[index - 1].folded == "entry");
            let listed = at >= 2 && tokens[at - 1].is(',') && claims.class_at(at - 2) == Some(Class::Date);
            (cue || entry || other_end || listed || (opens_line && !fraction)).then_some(at..at + 3)
        }
        "." => {
            let stop = behind.is_some_and(|mark| mark.is('.') && mark.gap == Gap::None);
            if !stop {
                return None;
            }
            let after = tokens.get(at + 4);
            let tooth = (1..=8).contains(&first) && (1..=8).contains(&second);
            // "on 4.6. The" is a tooth at the end of a sentence; "on 4.6. the", "on 4.6.." and "on 4.6.:" are dates.
            let goes_on = after.is_some_and(|next| next.kind == Kind::Mark || !next.opens);
            let colon = after.is_some_and(|next| next.is(':') && next.gap == Gap::None);
            (colon || (cue && (!tooth || goes_on))).then_some(at..at + 4)
        }
        _ => None,
    }
}

/// The word before `at`, one opening mark or colon aside.
fn previous(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut index = at.checked_sub(1)?;
    if matches!(tokens[index].text, ":" | "(" | "~" | ",") {
        index = index.checked_sub(1)?;
    }
    // "F/u 4/12".
    (tokens[index].kind == Kind::Word && tokens[at].gap != Gap::Line).then_some(index)
}

fn is_month(token: &Token<'_>) -> bool {
    token.kind == Kind::Word && MONTHS.contains(&token.folded.as_str())
}

/// A month whose spelling leaves no doubt: not the verb "may".
fn is_sure_month(token: &Token<'_>) -> bool {
    is_month(token) && (token.is_capital() || !ALSO_WORDS.contains(&token.folded.as_str()))
}

/// A day with or without its ending: "3", "3rd", "3.", "1er". Returns the index behind it.
fn day(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let token = tokens.get(at)?;
    let number = token.text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let ending = token.folded.trim_start_matches(|c: char| c.is_ascii_digit());
    if number.len() > 2 || !matches!(ending, "" | "st" | "nd" | "rd" | "th" | "er" | "º" | "o" | "a") {
        return None;
    }
    let value: u32 = number.parse().ok()?;
    (1..=31).contains(&value).then_some(at + 1)
}

/// The index behind a year at `at`, a comma, full stop, hyphen or "de" before it.
fn year(tokens: &[Token<'_>], at: usize, short: bool) -> usize {
    let mut index = at;
    while index < at + 2
        && tokens.get(index).is_some_and(|token| {
            matches!(token.text, "," | "." | "-" | "–" | "/" | "'" | "’")
                || matches!(token.folded.as_str(), "de" | "of" | "del")
        })
    {
        index += 1;
    }
    match tokens.get(index) {
        Some(token) if token.gap != Gap::Line && is_year(token) => index + 1,
        Some(token)
            if short && token.gap == Gap::None && token.kind == Kind::Number && token.text.len() == 2 && index > at =>
        {
            index + 1
        }
        _ => at,
    }
}

/// "31 May 2024", "31-MAY-24", "the 31st of May", "May 31st, 2024", "May 2024".
fn worded(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    if let Some(range) = day_first(tokens, at) {
        return Some(range);
    }
    let token = &tokens[at];
    if !is_sure_month(token) {
        return None;
    }
    let mut next = at + 1;
    if tokens.get(next).is_some_and(|mark| mark.is('.') && mark.gap == Gap::None) {
        next += 1;
    }
    if tokens.get(next).is_some_and(|mark| mark.is('-') && mark.gap == Gap::None) {
        next += 1;
    }
    if tokens.get(next).is_some_and(|token| token.gap != Gap::Line)
        && let Some(end) =
            day(tokens, next).filter(|end| ends(tokens, *end) || tokens.get(*end).is_some_and(|m| m.is('-')))
    {
        let end = year(tokens, end, false);
        return Some(at..end);
    }
    let end = year(tokens, next, true);
    (end > next).then_some(at..end)
}

fn day_first(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    if !begins(tokens, at) {
        return None;
    }
    let with_article = tokens[at].folded == "the";
    let first = if with_article { at + 1 } else { at };
    let ordinal = tokens.get(first)?.kind == Kind::Code;
    let mut index = day(tokens, first)?;
    // "3-5 March", "3 and 5 March".
    if let Some(joint) = tokens.get(index)
        && (matches!(joint.text, "-" | "–" | "/" | "&")
            || matches!(joint.folded.as_str(), "and" | "to" | "und" | "bis"))
        && let Some(end) = day(tokens, index + 1)
        && tokens.get(end).is_some_and(is_sure_month)
    {
        index = end;
    }
    let mut joined = false;
    while tokens.get(index).is_some_and(|token| {
        matches!(token.text, "." | "-" | "–" | "/") || matches!(token.folded.as_str(), "of" | "de")
    }) {
        joined |= tokens[index].gap == Gap::None;
        index += 1;
        if index > first + 4 {
            return None;
        }
    }
    let month = tokens.get(index).filter(|token| token.gap != Gap::Line)?;
    let sure = is_sure_month(month) || (is_month(month) && (ordinal || joined));
    if !sure {
        return None;
    }
    Some(at..year(tokens, index + 1, true))
}

/// "in March": a month without day and year is part of a date, too.
fn month_alone(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    let long = tokens[at].text.chars().count() > 3;
    let cue = at.checked_sub(1).is_some_and(|before| MONTH_CUES.contains(&tokens[before].folded.as_str()));
    (long && cue && tokens[at].is_capital() && is_month(&tokens[at])).then_some(at..at + 1)
}

/// "aged 93", "93 years old", "93-year-old", "93 y/o", "93F".
fn age(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    let hidden = |token: &Token<'_>| token.value().is_some_and(|age| (FIRST_HIDDEN_AGE..=LAST_AGE).contains(&age));
    let token = &tokens[at];
    let folded = |index: usize| tokens.get(index).map_or("", |token| token.folded.as_str());
    if matches!(token.folded.as_str(), "age" | "aged" | "alter" | "leeftijd" | "edad" | "eta") {
        let number = if matches!(folded(at + 1), ":" | "of" | "is") { at + 2 } else { at + 1 };
        return tokens.get(number).filter(|token| hidden(token)).map(|_| at..number + 1);
    }
    if token.kind == Kind::Code {
        let number = token.text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let old = number.parse::<u32>().is_ok_and(|age| (FIRST_HIDDEN_AGE..=LAST_AGE).contains(&age));
        return (old && matches!(&token.text[number.len()..], "F" | "M" | "yo" | "YO" | "y" | "yr"))
            .then_some(at..at + 1);
    }
    if !hidden(token) || !begins(tokens, at) {
        return None;
    }
    let mut next = at + 1;
    if folded(next) == "-" {
        next += 1;
    }
    match folded(next) {
        "year" | "years" | "yrs" | "yr" | "y" => {}
        "yo" | "jahrige" | "jahriger" | "jahrig" | "ans" | "anni" | "anos" | "lat" | "jahre" | "jaar" => {
            return Some(at..next + 1);
        }
        _ => return None,
    }
    let middle = if matches!(folded(next + 1), "-" | "/" | ".") { next + 2 } else { next + 1 };
    match folded(middle) {
        "old" | "o" => Some(at..middle + 1),
        "of" if folded(middle + 1) == "age" => Some(at..middle + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let tokens = tokens(text);
        let mut claims = Claims::new(tokens.len());
        find(&tokens, &mut claims);
        claims.into_sorted().into_iter().map(|(r, _)| &text[tokens[r.start].start..tokens[r.end - 1].end()]).collect()
    }

    #[test]
    fn dates() {
        let cases: &[(&str, &[&str])] = &[
            ("seen 2024-05-31.", &["2024-05-31"]),
            ("seen 2024-05-31T10:00", &["2024-05-31T10"]),
            ("on 31.05.24, 5/31/2024 and 31-05-2024", &["31.05.24", "5/31/2024", "31-05-2024"]),
            ("am 31. 5. 2024, 6. I. 2024", &["31. 5. 2024", "6. I. 2024"]),
            ("film of 20240531 kept", &["20240531"]),
            (
                "31 May 2024; 31-MAY-24; the 31st of May; 31. Mai 2024",
                &["31 May 2024", "31-MAY-24", "the 31st of May", "31. Mai 2024"],
            ),
            ("May 31st, 2024, Feb. 22, May 2024, 3-5 March", &["May 31st, 2024", "Feb. 22", "May 2024", "3-5 March"]),
            ("Recheck 4/12. Visits on 22.9..", &["4/12", "22.9"]),
            ("8.9.: filling", &["8.9"]),
            ("since March", &["March"]),
            (
                "aged 93, 93-year-old, 93 years old, 93 y/o, age 101, 91F",
                &["aged 93", "93-year-old", "93 years old", "93 y/o", "age 101", "91F"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn no_dates() {
        for text in [
            "BP 120/80, pain 6/10, Gracey 11/12 and 13/14",
            "from 7/10 to 2/10",
            "BPE 2/1/2 over 3/2/3",
            "aged 62, 62-year-old, 93 % and 95 mg",
            "caries on 4.6. The rest is sound",
            "tooth 1.5 and 2.2 mL of 1:100,000",
            "it may 2 or 3 times; 16 may need it",
            "class 2.1.3 of 1.2.3.4",
            "at 10:15, room 3/4",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
