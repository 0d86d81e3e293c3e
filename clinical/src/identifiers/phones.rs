//! Telephone and fax numbers, by the grouping of their digits.

use std::ops::Range;

use super::Class;
use super::checks::{digits, is_nhs};
use super::claims::Claims;
use super::cues::{self, Cue};
use super::token::{Gap, Kind, Token};

/// The longest number with its country code (ITU-T E.164), and two digits for a trunk prefix in brackets.
const MAX_DIGITS: usize = 17;

pub(super) fn find(tokens: &[Token<'_>], claims: &mut Claims) {
    let mut index = 0;
    while index < tokens.len() {
        match number(tokens, claims, index) {
            Some((range, class)) => {
                let end = range.end;
                claims.take(tokens, range, class);
                index = end;
            }
            None => index += 1,
        }
    }
}

/// A number that begins at `at`: the longest run of groups that has the shape of one.
fn number(tokens: &[Token<'_>], claims: &Claims, at: usize) -> Option<(Range<usize>, Class)> {
    let first = &tokens[at];
    let starts = first.is('+') || first.is('(') || first.kind == Kind::Number;
    let touches = first.gap == Gap::None
        && at > 0
        && (tokens[at - 1].kind != Kind::Mark
            || matches!(tokens[at - 1].text, "-" | "." | "/" | "+" | "#" | "_" | "*" | ")"));
    if !starts || touches || !claims.is_free(at) {
        return None;
    }
    // The ends of all runs, and their groups of digits.
    let mut groups: Vec<&str> = Vec::new();
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let (mut index, mut total, mut open) = (at, 0, false);
    while let Some(token) = tokens.get(index).filter(|_| claims.is_free(index)) {
        if index > at && token.gap == Gap::Line {
            break;
        }
        match token.text {
            "+" if index == at => {}
            "(" if !open => open = true,
            ")" if open => open = false,
            "-" | "." | "/" | "–" | "‑" if index > at => {
                let digit_follows = tokens
                    .get(index + 1)
                    .is_some_and(|next| next.gap == Gap::None && (next.kind == Kind::Number || next.is('(')));
                if !digit_follows || token.gap != Gap::None {
                    break;
                }
            }
            text if token.kind == Kind::Number => {
                total += text.len();
                if total > MAX_DIGITS {
                    break;
                }
                groups.push(text);
                ends.push((index + 1, groups.len()));
            }
            _ => break,
        }
        index += 1;
    }
    let cue = cues::before(tokens, at);
    let international = first.is('+');
    let bracketed = first.is('(');
    ends.into_iter().rev().find_map(|(end, count)| {
        let end = if open_bracket(&tokens[at..end]) { end + 1 } else { end };
        // The digits must end here: not in a longer code, not a measure.
        let joined = tokens.get(end).is_some_and(|next| {
            next.gap == Gap::None && (next.kind == Kind::Code || next.kind == Kind::Word || next.is('*'))
        });
        if joined {
            return None;
        }
        let class = class(&groups[..count], international, bracketed, cue)?;
        Some((at..extension(tokens, end), class))
    })
}

fn open_bracket(tokens: &[Token<'_>]) -> bool {
    tokens.iter().filter(|token| token.is('(')).count() > tokens.iter().filter(|token| token.is(')')).count()
}

fn class(groups: &[&str], international: bool, bracketed: bool, cue: Option<Cue>) -> Option<Class> {
    let all = groups.concat();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let american =
        matches!(lengths.as_slice(), [3, 3, 4] | [1, 3, 3, 4] | [3, 7]) && (lengths.len() != 4 || groups[0] == "1");
    let told =
        cue.filter(|cue| cue.distance <= 5 || (cue.class == Class::Fax && cue.distance <= 10)).map(|cue| cue.class);
    let by_phone = matches!(told, Some(Class::Phone | Class::Fax));
    let digits_fit = (8..=MAX_DIGITS).contains(&all.len());
    let shaped = (international && digits_fit)
        || (all.starts_with("00") && all.len() >= 10 && groups.len() >= 2)
        || (all.starts_with('0')
            && !all.starts_with("00")
            && (9..=12).contains(&all.len())
            && (groups.len() >= 2 || all.len() >= 10))
        || (bracketed && groups.len() >= 2 && (8..=12).contains(&all.len()))
        || american
        || (by_phone && (7..=15).contains(&all.len()));
    if !shaped {
        return None;
    }
    match told {
        Some(Class::Fax) => Some(Class::Fax),
        Some(Class::Phone) | None => {
            let nhs = american
                && !by_phone
                && lengths.len() == 3
                && is_nhs(&digits(&all))
                && groups[0].starts_with(['4', '6', '7', '9']);
            Some(if nhs { Class::Mrn } else { Class::Phone })
        }
        // Another number in the grouping of a telephone number: the word before it decides.
        Some(_) if !international && !bracketed => None,
        Some(_) => Some(Class::Phone),
    }
}

/// The index behind an extension: "ext. 24", "x56".
fn extension(tokens: &[Token<'_>], end: usize) -> usize {
    let Some(token) = tokens.get(end).filter(|token| token.gap != Gap::Line) else { return end };
    if token.kind == Kind::Code
        && token.text.starts_with(['x', 'X'])
        && token.text[1..].bytes().all(|b| b.is_ascii_digit())
    {
        return end + 1;
    }
    if matches!(token.folded.as_str(), "ext" | "extension" | "x" | "durchwahl" | "poste") {
        let dot = usize::from(tokens.get(end + 1).is_some_and(|mark| mark.is('.') || mark.is(':')));
        if tokens.get(end + 1 + dot).is_some_and(|number| number.kind == Kind::Number) {
            return end + 2 + dot;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn found(text: &str) -> Vec<(&str, Class)> {
        let tokens = tokens(text);
        let mut claims = Claims::new(tokens.len());
        find(&tokens, &mut claims);
        claims
            .into_sorted()
            .into_iter()
            .map(|(r, c)| (&text[tokens[r.start].start..tokens[r.end - 1].end()], c))
            .collect()
    }

    #[test]
    fn numbers_of_many_countries() {
        for number in [
            "+44 7700 900123",
            "07700900123",
            "(0151) 496 0123",
            "020 7946 0123",
            "0121 496 0123 ext. 20",
            "+1 (303) 555-0123",
            "303.555.0123",
            "(212)555-0123 x35",
            "1 503 555 0123",
            "089/99998855",
            "+49 (0)89 99998903",
            "040 66969-193",
            "01 99 00 21 36",
            "08-465 004 71",
            "0044 7700 900123",
        ] {
            assert_eq!(found(&format!("Seen; {number}, then left.")), [(number, Class::Phone)], "{number}");
        }
        assert_eq!(found("Fax 01632 960123"), [("01632 960123", Class::Fax)]);
        assert_eq!(found("phone 555-0123"), [("555-0123", Class::Phone)]);
    }

    #[test]
    fn no_numbers() {
        for text in ["BP 120/80, 0.12 %", "2.2 mL of 1:100,000", "#14 and #15", "10 20 30 40", "ISO 13485, 0.5 1.0"] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
