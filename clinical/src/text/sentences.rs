//! Sentences and clauses of clinical prose as byte ranges.
//!
//! Grounded decoding copies whole sentences, so a wrong boundary shows twice: a sentence cut at "e.g." reads as
//! nonsense and cites half a statement; two sentences taken for one cannot be used apart. The rules err on the side
//! of *not* cutting: a span that is too long is still true, half a sentence may not be.
//!
//! Guarantees, held by property tests for any text: ranges are in order, do not overlap, lie on character
//! boundaries, begin and end with a character that is not white space, and together cover every such character.

use std::ops::Range;

/// A clause must have this many words on either side of its boundary, or it stays with its neighbour: lists such as
/// "pain, swelling, and fever" are one clause.
const MIN_CLAUSE_WORDS: usize = 3;

/// How far a closing bracket is looked for, in characters, before an open one counts as a slip of the pen.
const BRACKET_REACH: usize = 300;

/// Always followed by more of the same sentence.
const NEVER_LAST: &[&str] = &[
    "approx", "assoc", "ca", "cf", "ch", "chap", "dept", "dr", "drs", "e.g", "ed", "eds", "eg", "eq", "esp", "est",
    "fig", "figs", "gen", "i.e", "ie", "incl", "max", "mr", "mrs", "ms", "mt", "pp", "prof", "ref", "refs", "resp",
    "spp", "st", "subsp", "tab", "univ", "var", "viz", "vol", "vols", "vs", "wt",
];

/// An abbreviation before a number ("No. 5", "p. 5", "art. 3"), an ordinary last word otherwise ("No. It is not.").
const BEFORE_NUMBER: &[&str] = &["art", "c", "n", "no", "nos", "nr", "p", "para", "v"];

/// May end a sentence; then the next word has a capital letter. Before a number the sentence goes on.
const UNITS_AND_TAILS: &[&str] = &[
    "a.m", "al", "cc", "cm", "dl", "etc", "ft", "g", "h", "hr", "hrs", "in", "iu", "kg", "l", "lb", "lbs", "m", "mcg",
    "mg", "min", "ml", "mm", "mo", "oz", "p.m", "sec", "sp", "tbsp", "tsp", "wk", "yr", "yrs",
];

/// Words that begin a new sentence after initials ("vitamin C. The …") where a name would go on ("J. Smith").
const STARTERS: &[&str] = &[
    "a", "after", "all", "although", "an", "and", "any", "as", "at", "avoid", "because", "before", "both", "but", "do",
    "during", "each", "for", "from", "he", "her", "his", "how", "however", "if", "in", "is", "it", "its", "many",
    "most", "no", "not", "of", "on", "one", "only", "other", "our", "patients", "people", "she", "since", "some",
    "such", "that", "the", "their", "there", "these", "they", "this", "those", "to", "use", "we", "what", "when",
    "where", "which", "while", "who", "with", "without", "you", "your",
];

/// After ", " these words begin a clause.
const CLAUSE_WORDS: &[&str] = &[
    "although", "and", "because", "but", "however", "if", "or", "since", "so", "though", "unless", "until", "when",
    "whereas", "where", "which", "while", "who", "whose", "yet",
];

/// Byte ranges of the sentences of `text`. See the module's guarantees.
///
/// A line break ends a sentence unless the next line begins with a lower-case word (a wrapped line).
#[must_use]
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut start = 0;
    let mut depth = 0_u32;
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at].1;
        match c {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let end = if is_line_break(c) {
            // The whole run of white space is judged once, so that a page of empty lines stays linear.
            let run = chars[at..].iter().take_while(|(_, c)| c.is_whitespace()).count();
            if !line_ends_sentence(&chars[at..at + run], chars.get(at + run)) {
                at += run;
                continue;
            }
            Some(at + run)
        } else if is_terminator(c) {
            let mark = end_of_mark(&chars, at);
            let ends = ends_sentence(&chars, start, at, mark) && !inside_bracket(&chars, depth, mark);
            if !ends {
                // The brackets of the run count, whatever it turned out to be.
                for (_, c) in &chars[at + 1..mark] {
                    match c {
                        '[' => depth = depth.saturating_add(1),
                        ')' | ']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
                at = mark;
                continue;
            }
            Some(mark)
        } else if is_bullet(c) && at > start && chars[at - 1].1.is_whitespace() {
            Some(at)
        } else {
            None
        };
        if let Some(end) = end {
            push_trimmed(&chars, text.len(), start..end, &mut found);
            start = end;
            depth = 0;
            at = end.max(at + 1);
        } else {
            at += 1;
        }
    }
    push_trimmed(&chars, text.len(), start..chars.len(), &mut found);
    found
}

/// Byte offsets inside `sentence` at which a new clause begins, in order; the sentence's own start is not among them.
///
/// Boundaries: after ";" and ":", after a dash between spaces or an em dash, and before a conjunction or relative
/// pronoun behind a comma. Nothing inside brackets; see [`MIN_CLAUSE_WORDS`]. A range that is not inside `text` or not
/// on character boundaries has no clauses.
#[must_use]
pub fn clause_starts(text: &str, sentence: Range<usize>) -> Vec<usize> {
    let Some(body) = text.get(sentence.clone()) else {
        return Vec::new();
    };
    let mut starts = Vec::new();
    let mut clause_from = 0;
    let mut depth = 0_u32;
    let mut chars = body.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let after = offset + c.len_utf8();
        let spaced = chars.peek().is_some_and(|(_, next)| next.is_whitespace());
        match c {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let rest = &body[after..];
        let begins = match c {
            _ if depth > 0 => false,
            ';' | ':' => spaced,
            '\u{2014}' => true,
            '\u{2013}' | '-' => spaced && body[..offset].ends_with(char::is_whitespace),
            ',' => spaced && CLAUSE_WORDS.contains(&first_word(rest).as_str()),
            _ => false,
        };
        if begins {
            let next = after + (rest.len() - rest.trim_start().len());
            let enough = |part: &str| part.split_whitespace().nth(MIN_CLAUSE_WORDS - 1).is_some();
            if enough(&body[clause_from..offset]) && enough(&body[next..]) {
                starts.push(sentence.start + next);
                clause_from = next;
            }
        }
    }
    starts
}

/// The clauses of `sentence` as byte ranges, trimmed of white space; the whole sentence where it has only one.
#[must_use]
pub fn clauses(text: &str, sentence: Range<usize>) -> Vec<Range<usize>> {
    if text.get(sentence.clone()).is_none() {
        return Vec::new();
    }
    let starts = clause_starts(text, sentence.clone());
    let begins = std::iter::once(sentence.start).chain(starts.iter().copied());
    let ends = starts.iter().copied().chain(std::iter::once(sentence.end));
    begins.zip(ends).map(|(begin, end)| begin..begin + text[begin..end].trim_end().len()).collect()
}

fn push_trimmed(chars: &[(usize, char)], text_len: usize, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let part = &chars[range.start..range.end];
    let first = part.iter().position(|(_, c)| !c.is_whitespace());
    let last = part.iter().rposition(|(_, c)| !c.is_whitespace());
    if let (Some(first), Some(last)) = (first, last) {
        let end = chars.get(range.start + last + 1).map_or(text_len, |(offset, _)| *offset);
        found.push(part[first].0..end);
    }
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\u{2026}') || ends_without_space(c)
}

/// Full stops of scripts that put no space behind them.
fn ends_without_space(c: char) -> bool {
    matches!(c, '\u{3002}' | '\u{FF01}' | '\u{FF1F}' | '\u{FF61}')
}

fn is_closer(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '}' | '\u{201D}' | '\u{2019}' | '\u{00BB}' | '\u{300D}' | '\u{300F}')
}

fn is_opener(c: char) -> bool {
    matches!(c, '"' | '\'' | '(' | '[' | '{' | '\u{201C}' | '\u{2018}' | '\u{00AB}' | '\u{00BF}' | '\u{00A1}')
}

fn is_bullet(c: char) -> bool {
    matches!(c, '\u{2022}' | '\u{25AA}' | '\u{25E6}' | '\u{2023}' | '\u{25CF}' | '\u{25CB}' | '\u{2043}')
}

/// Whether the white space `run` with a line break in it ends a sentence before `next`.
fn line_ends_sentence(run: &[(usize, char)], next: Option<&(usize, char)>) -> bool {
    let empty_line = run.iter().filter(|(_, c)| *c == '\n').nth(1).is_some();
    empty_line || !next.is_some_and(|(_, c)| c.is_lowercase())
}

/// The index behind the full stop at `at` and all that belongs to it: further marks, closing quotes and brackets,
/// and a reference such as "[3,4]".
fn end_of_mark(chars: &[(usize, char)], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(&(_, c)) = chars.get(end) {
        if is_terminator(c) || is_closer(c) {
            end += 1;
        } else if c == '[' {
            match closing_reference(&chars[end..]) {
                Some(length) => end += length,
                None => break,
            }
        } else {
            break;
        }
    }
    end
}

/// Length of "[12, 13]" at the start of `chars`.
fn closing_reference(chars: &[(usize, char)]) -> Option<usize> {
    let inside = |c: char| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-' | '\u{2013}');
    let digits = chars[1..].iter().take(24).take_while(|(_, c)| inside(*c)).count();
    (digits > 0 && chars.get(digits + 1).is_some_and(|(_, c)| *c == ']')).then_some(digits + 2)
}

/// Whether an open bracket that is closed soon surrounds the mark.
fn inside_bracket(chars: &[(usize, char)], depth: u32, mark: usize) -> bool {
    depth > 0
        && chars[mark..]
            .iter()
            .take(BRACKET_REACH)
            .take_while(|(_, c)| !is_line_break(*c))
            .find(|(_, c)| matches!(c, '(' | '[' | ')' | ']'))
            .is_some_and(|(_, c)| matches!(c, ')' | ']'))
        && !chars[..mark].last().is_some_and(|(_, c)| matches!(c, ')' | ']'))
}

/// Whether the mark `at..mark` ends the sentence that began at `start`.
fn ends_sentence(chars: &[(usize, char)], start: usize, at: usize, mark: usize) -> bool {
    let Some(&(_, behind)) = chars.get(mark) else {
        return true;
    };
    if chars[at..mark].iter().any(|(_, c)| ends_without_space(*c)) {
        return true;
    }
    if !behind.is_whitespace() {
        return false;
    }
    let mut following =
        chars[mark..].iter().map(|(_, c)| *c).skip_while(|c| c.is_whitespace() || is_opener(*c)).peekable();
    if following.peek().is_some_and(|c| is_terminator(*c)) {
        // ". . ." is one ellipsis.
        return false;
    }
    let next: Vec<char> =
        following.take_while(|c| c.is_alphanumeric() || matches!(c, '\'' | '\u{2019}')).take(24).collect();
    // "pH", "mRNA": lower case first, but a capital inside, so a word that may begin a sentence.
    let continues = next.first().is_some_and(|c| c.is_lowercase()) && !next.iter().any(|c| c.is_uppercase());
    if continues {
        return false;
    }
    let single_stop = chars[at].1 == '.' && chars.get(at + 1).is_none_or(|(_, c)| *c != '.');
    if !single_stop || mark > at + 1 {
        // "!", "?", "…" and a stop with a bracket or quote behind it end a sentence before a capital or a number;
        // "(e.g.) This" does not occur.
        return true;
    }
    let word = word_before(chars, start, at);
    let next_is_number = next.first().is_some_and(|c| c.is_numeric());
    let next_is_starter = STARTERS.contains(&lower(&next).as_str());
    let lowered = word.text.to_lowercase();
    let lowered = lowered.as_str();
    if NEVER_LAST.contains(&lowered) {
        return false;
    }
    if BEFORE_NUMBER.contains(&lowered) && next_is_number {
        return false;
    }
    // "5 m. The", but "J. M. Smith".
    let capital = word.text.chars().all(char::is_uppercase) && lowered != "l";
    if UNITS_AND_TAILS.contains(&lowered) && !(capital && lowered.len() == 1) {
        return !next_is_number;
    }
    if word.first_in_sentence && is_list_marker(&word.text) {
        return false;
    }
    // Initials and dotted abbreviations: "J. Smith", "U.S. Department", but "vitamin C. The".
    let initials = word.text.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    let dotted = word.text.contains('.')
        && word.text.split('.').all(|part| (1..=3).contains(&part.chars().count()))
        && word.text.chars().all(|c| c.is_alphabetic() || c == '.');
    if (initials && word.text.chars().next().is_some_and(char::is_uppercase)) || dotted {
        return next_is_starter || next.is_empty();
    }
    true
}

/// "1", "12", "a", "iv": a number or letter in front of a list item.
fn is_list_marker(word: &str) -> bool {
    let length = word.chars().count();
    (1..=3).contains(&length) && word.chars().all(char::is_numeric)
        || length == 1 && word.chars().all(char::is_alphabetic)
        || matches!(word, "ii" | "iii" | "iv" | "vi" | "vii" | "viii" | "ix")
}

struct WordBefore {
    text: String,
    first_in_sentence: bool,
}

/// The word that the full stop at `at` belongs to, without opening brackets and quotes.
fn word_before(chars: &[(usize, char)], start: usize, at: usize) -> WordBefore {
    let mut begin = at;
    // 32 characters are longer than any abbreviation; the cap keeps hostile input linear.
    while begin > start && at - begin < 32 {
        let c = chars[begin - 1].1;
        if c.is_whitespace() || is_opener(c) || matches!(c, '/' | '-' | '\u{2013}' | '\u{2014}' | ',') {
            break;
        }
        begin -= 1;
    }
    let lead = &chars[start..begin];
    let first_in_sentence =
        lead.len() <= 16 && lead.iter().all(|(_, c)| c.is_whitespace() || is_opener(*c) || is_bullet(*c));
    WordBefore { text: chars[begin..at].iter().map(|(_, c)| *c).collect(), first_in_sentence }
}

fn first_word(text: &str) -> String {
    let word: Vec<char> = text.trim_start().chars().take_while(|c| c.is_alphabetic()).take(24).collect();
    lower(&word)
}

fn lower(chars: &[char]) -> String {
    chars.iter().flat_map(|c| c.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::grows_less;
    use proptest::prelude::*;

    /// `|` marks the boundaries.
    #[test]
    fn splits_where_it_should() {
        let cases = [
            "",
            "Brush twice a day.",
            "Brush twice a day.| Floss once.",
            "No full stop",
            "Is it safe?| Yes!| It is.",
            "Use fluoride, e.g. sodium fluoride.",
            "Use a rinse (e.g. Chlorhexidine 0.12 %) twice.| Then stop.",
            "That is, i.e. The dose.| Next.",
            "Dr. Smith and Prof. Jones agree.| Mrs. Lee does not.",
            "It took approx. 5 minutes vs. 10 before.| Good.",
            "See Fig. 2 and Figs. 3 to 5.| See Table 1.| End.",
            "Tooth No. 36 was restored.| No.| It was not.",
            "Is it needed?| No.| It is not.",
            "Give 500 mg.| The patient recovered.",
            "Give 500 mg. 3 times a day.| Stop then.",
            "Give 500 mg. twice.| Stop.",
            "The dose is 0.5 mL per site.| Repeat.",
            "See p. 5 and pp. 7 for it.| Done.",
            "J. Smith and A. M. Jones wrote it.| It is good.",
            "The U.S. Department of Health says so.| We agree.",
            "It was done in the U.S.| The result was good.",
            "Lack of vitamin C.| The gums bleed.",
            "It is hepatitis B.| The virus is found in blood.",
            "Caused by E. coli and S. mutans.| Both are bacteria.",
            "It hurts…| Then it stops.",
            "It hurts... and then it stops.| Good.",
            "He said \u{201C}It hurts.\u{201D}| She nodded.",
            "\"Why?\" he asked.| Nobody knew.",
            "(It heals in a week.)| Then review.",
            "It heals (most do. Some do not.) in a week.| Then review.",
            "An unclosed ( bracket here.| Next sentence.",
            "It works.[1]| It is safe.[2,3]| End.",
            "It ended in 2019.| The next began.",
            "First visit.| 20 patients came.",
            "Steps:\n|1. Rinse.\n|2. Spit.\n|- Wait an hour\n|- Eat",
            "A wrapped\nline goes on.| Next",
            "BP 140/90\n|Allergic to penicillin\n|On warfarin",
            "One paragraph\n\n|and another",
            "Signs: |• Pain |• Swelling",
            "The saliva is acid.| pH falls below 5.5.| mRNA is made.",
            "Smith et al. found it.| So did Jones et al.| The rest did not.",
            "Come at 8 a.m. or 5 p.m.| Bring a list.",
            "歯を磨く。|毎日です。",
            "Pain?!| Yes.",
            "Visit example.org.| It is free.",
            "Fever, etc.| See a doctor.",
            "Ask St. Mary's Hospital.| Go.",
            "...",
            ". . .",
        ];
        for marked in cases {
            let text = marked.replace('|', "");
            let expected: Vec<String> =
                marked.split('|').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
            let found: Vec<&str> = sentences(&text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn clauses_where_they_should_be() {
        let cases = [
            "Brush twice a day.",
            "Rinse with salt water; |do not use alcohol for a week.",
            "Antibiotics are not needed for this, |but a drain may be placed today.",
            "Pain, swelling, and fever are common.",
            "There are three signs here: |pain in the jaw, swelling and fever.",
            "The tooth is vital — |the pulp still reacts to cold.",
            "The tooth is vital - |the pulp still reacts to cold.",
            "A well-known fact, which nobody doubts (it is old; it is true; it is here), |and which we state again.",
            "Ratio 1:2 is used here, i.e. one to two.",
            "Yes, but why",
        ];
        for marked in cases {
            // Only the boundaries that leave three words on either side are marked.
            let marked = marked.replace("fact, which", "fact, |which");
            let text = marked.replace('|', "");
            let expected: Vec<String> = marked.split('|').map(|part| part.trim().to_owned()).collect();
            let found: Vec<&str> = clauses(&text, 0..text.len()).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_range_outside_the_text_has_no_clauses() {
        assert!(clause_starts("é", 0..1).is_empty());
        assert!(clauses("abc", 2..9).is_empty());
    }

    #[test]
    fn long_hostile_text_is_linear() {
        // Four times the text takes four times as long where work is linear and sixteen times where it is quadratic.
        for unit in ["(. ", "a.", ". ", "[1. ", "(", ".) A", "\n", "a, and b "] {
            let read = |text: &str| drop(std::hint::black_box(sentences(text)));
            assert!(grows_less(9.0, unit, (50_000, 200_000), read), "{unit:?}");
        }
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let ranges = sentences(text);
        let mut covered = 0;
        for range in &ranges {
            prop_assert!(range.start >= covered && range.start < range.end && range.end <= text.len());
            prop_assert!(text[covered..range.start].chars().all(char::is_whitespace));
            let sentence = &text[range.clone()];
            prop_assert_eq!(sentence.trim(), sentence);
            covered = range.end;
            let mut clause_end = range.start;
            for clause in clauses(text, range.clone()) {
                prop_assert!(clause.start >= clause_end && clause.start < clause.end && clause.end <= range.end);
                prop_assert!(text[clause_end..clause.start].chars().all(char::is_whitespace));
                clause_end = clause.end;
            }
            prop_assert_eq!(clause_end, range.end);
        }
        prop_assert!(text[covered..].chars().all(char::is_whitespace));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_unicode(text in proptest::collection::vec(any::<char>(), 0..80)) {
            check(&text.into_iter().collect::<String>())?;
        }

        #[test]
        fn punctuation_soup(text in "[A-Ca-c0-2 .!?…,;:()\\[\\]\"'“”—–•\n\r-]{0,80}|(Dr\\.|e\\.g\\.|No\\.|mg\\.|, and |; | a b c|[ .1A]){0,20}") {
            check(&text)?;
        }
    }
}
