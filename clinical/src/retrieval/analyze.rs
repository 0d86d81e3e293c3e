//! From text to search terms: lower case, accents folded, compounds taken apart and together, English stems.
//!
//! The same rules serve passages and questions, so they need not be linguistically right, only the same.

use std::ops::Range;

use rust_stemmers::{Algorithm, Stemmer};

/// Longer words are cut here, in bytes: no English word is that long, and pasted base64 should not fill the index.
const MAX_WORD_BYTES: usize = 64;

/// Words that say nothing about the subject. Sorted.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "although", "am", "an", "and", "any", "are", "arent", "as", "at",
    "be", "because", "been", "before", "being", "between", "both", "but", "by", "can", "cannot", "cant", "could",
    "did", "didnt", "do", "does", "doesnt", "doing", "dont", "during", "each", "either", "else", "etc", "for", "from",
    "further", "get", "give", "given", "go", "had", "has", "have", "having", "he", "hello", "help", "her", "here",
    "hers", "him", "his", "how", "however", "i", "if", "im", "in", "into", "is", "isnt", "it", "its", "ive", "just",
    "know", "let", "may", "me", "mean", "might", "must", "my", "of", "off", "on", "once", "or", "other", "our", "out",
    "over", "own", "per", "please", "same", "shall", "she", "should", "shouldnt", "since", "so", "some", "such",
    "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "thing", "this", "those",
    "through", "to", "too", "under", "until", "up", "upon", "us", "very", "via", "want", "was", "we", "were", "what",
    "when", "where", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with", "within", "would",
    "yet", "you", "your",
];

/// Plurals that no stemmer knows.
const IRREGULAR: &[(&str, &str)] = &[
    ("children", "child"),
    ("feet", "foot"),
    ("gingivae", "gingiva"),
    ("maxillae", "maxilla"),
    ("men", "man"),
    ("teeth", "tooth"),
    ("women", "woman"),
];

/// Units written straight behind a number ("500mg").
const UNITS: &[&str] =
    &["cm", "dl", "g", "h", "hr", "hrs", "iu", "kg", "l", "mcg", "mg", "min", "ml", "mm", "mmol", "ppm", "units"];

/// Turns words into stems.
pub struct Analyzer {
    stemmer: Stemmer,
}

impl Default for Analyzer {
    fn default() -> Analyzer {
        Analyzer { stemmer: Stemmer::create(Algorithm::English) }
    }
}

impl Analyzer {
    /// The stem of a folded word; `None` for a stop word.
    #[must_use]
    pub fn stem(&self, word: &str) -> Option<String> {
        if is_stop_word(word) {
            return None;
        }
        if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Some(word.to_owned());
        }
        if let Ok(at) = IRREGULAR.binary_search_by(|(plural, _)| (*plural).cmp(word)) {
            return Some(IRREGULAR[at].1.to_owned());
        }
        // diagnosis/diagnoses, prosthesis/prostheses: the plural's stem serves both.
        if word.len() >= 6 && word.ends_with("sis") {
            let plural = format!("{}es", &word[..word.len() - 2]);
            return Some(self.stemmer.stem(&plural).into_owned());
        }
        Some(self.stemmer.stem(word).into_owned())
    }
}

/// Whether a folded word says nothing about the subject.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// All of them, sorted.
#[must_use]
pub fn stop_words() -> &'static [&'static str] {
    STOP_WORDS
}

/// A word, or several joined by hyphens: "non-steroidal", "COVID-19", "500mg".
#[derive(Debug, Clone, Copy)]
pub struct Compound<'a> {
    folded: &'a str,
    parts: &'a [Range<usize>],
}

impl<'a> Compound<'a> {
    /// The parts, folded: "non", "steroidal".
    pub fn parts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let folded = self.folded;
        self.parts.iter().filter_map(move |range| folded.get(range.clone()))
    }

    /// The parts written as one word ("nonsteroidal"); `None` for a plain word.
    #[must_use]
    pub fn joined(&self) -> Option<&'a str> {
        (self.parts.len() > 1).then_some(self.folded)
    }
}

/// Calls `visit` with each word of `text`, folded to lower case without accents.
pub fn for_each_compound(text: &str, mut visit: impl FnMut(Compound<'_>)) {
    let mut word = WordBuffer::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_word = chars.peek().is_some_and(|next| next.is_alphanumeric());
        if c.is_alphanumeric() {
            word.push(c);
        } else if word.folded.is_empty() || is_combining(c) {
            // Nothing begun, or an accent in its own character.
        } else if is_hyphen(c) && next_is_word {
            word.end_part();
        } else if matches!(c, '\'' | '\u{2019}') && next_is_word {
            // "patient's" loses its ending below; "O'Brien" and "don't" become one word.
            word.apostrophe = Some(word.folded.len());
        } else if c == '.' && word.last_is_digit() && chars.peek().is_some_and(char::is_ascii_digit) {
            word.push('.');
        } else if c == ',' && word.last_is_digit() && is_thousands(chars.clone()) {
            // "2,000" is 2000.
        } else {
            word.finish(&mut visit);
        }
    }
    word.finish(&mut visit);
}

#[derive(Default)]
struct WordBuffer {
    folded: String,
    parts: Vec<Range<usize>>,
    part_start: usize,
    apostrophe: Option<usize>,
}

impl WordBuffer {
    fn push(&mut self, c: char) {
        if self.folded.len() < MAX_WORD_BYTES {
            fold(c, &mut self.folded);
        }
    }

    fn last_is_digit(&self) -> bool {
        self.folded.ends_with(|c: char| c.is_ascii_digit())
    }

    fn end_part(&mut self) {
        if let Some(at) = self.apostrophe.take()
            && &self.folded[at..] == "s"
        {
            self.folded.truncate(at);
        }
        let end = self.folded.len();
        if end > self.part_start {
            let part = &self.folded[self.part_start..end];
            let number = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
            if number > 0 && UNITS.contains(&&part[number..]) {
                self.parts.push(self.part_start..self.part_start + number);
                self.part_start += number;
            }
            self.parts.push(self.part_start..end);
        }
        self.part_start = end;
    }

    fn finish(&mut self, visit: &mut impl FnMut(Compound<'_>)) {
        self.end_part();
        if !self.parts.is_empty() {
            visit(Compound { folded: &self.folded, parts: &self.parts });
        }
        self.folded.clear();
        self.parts.clear();
        self.part_start = 0;
        self.apostrophe = None;
    }
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{00AD}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

fn is_thousands(mut rest: impl Iterator<Item = char>) -> bool {
    let three = (0..3).all(|_| rest.next().is_some_and(|c| c.is_ascii_digit()));
    three && !rest.next().is_some_and(|c| c.is_ascii_digit())
}

/// Lower case without the accents of Latin letters: "Sjögren" and "Sjogren" are one name.
pub(crate) fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase() {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => out.push('a'),
            'æ' => out.push_str("ae"),
            'ç' | 'ć' | 'č' => out.push('c'),
            'ď' | 'đ' => out.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => out.push('e'),
            'ğ' => out.push('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => out.push('i'),
            'ł' => out.push('l'),
            'ñ' | 'ń' | 'ň' => out.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => out.push('o'),
            'œ' => out.push_str("oe"),
            'ř' => out.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => out.push('s'),
            'ß' => out.push_str("ss"),
            'ť' | 'ț' => out.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            'ﬁ' => out.push_str("fi"),
            'ﬂ' => out.push_str("fl"),
            c if is_combining(c) => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        for_each_compound(text, |compound| {
            words.extend(compound.parts().map(str::to_owned));
            words.extend(compound.joined().map(|joined| format!("+{joined}")));
        });
        words
    }

    #[test]
    fn the_lists_are_sorted() {
        assert!(STOP_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(IRREGULAR.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn words_of_a_text() {
        let cases: [(&str, &[&str]); 14] = [
            ("", &[]),
            ("Dry socket?", &["dry", "socket"]),
            ("Sjögren's and Sjo\u{0308}gren’s", &["sjogren", "and", "sjogren"]),
            ("don't O'Brien", &["dont", "obrien"]),
            ("non-steroidal", &["non", "steroidal", "+nonsteroidal"]),
            ("- a - b -", &["a", "b"]),
            ("0.12% 2,000 1,2 5.", &["0.12", "2000", "1", "2", "5"]),
            ("500mg 0.5mL", &["500", "mg", "+500mg", "0.5", "ml", "+0.5ml"]),
            ("vitamin B12 p53", &["vitamin", "b12", "p53"]),
            ("COVID-19", &["covid", "19", "+covid19"]),
            ("and/or", &["and", "or"]),
            ("ﬁbre Œdema", &["fibre", "oedema"]),
            ("歯が痛い。", &["歯が痛い"]),
            ("🦷 (x)", &["x"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        let analyzer = Analyzer::default();
        for (a, b) in [
            ("teeth", "tooth"),
            ("extractions", "extraction"),
            ("extracted", "extracting"),
            ("diagnoses", "diagnosis"),
            ("prostheses", "prosthesis"),
            ("bleeding", "bleeds"),
            ("allergies", "allergy"),
            ("gums", "gum"),
            ("children", "child"),
        ] {
            assert_eq!(analyzer.stem(a), analyzer.stem(b), "{a} {b}");
        }
        assert_ne!(analyzer.stem("prednisone"), analyzer.stem("prednisolone"));
        assert_eq!(analyzer.stem("what"), None);
        assert_eq!(analyzer.stem("b12"), Some("b12".to_owned()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text(text in proptest::collection::vec(any::<char>(), 0..100)) {
            let analyzer = Analyzer::default();
            for word in words(&text.into_iter().collect::<String>()) {
                // A character can fold to a few bytes more than the limit, never to a word without end.
                prop_assert!(!word.is_empty() && word.len() <= MAX_WORD_BYTES + 16);
                let _ = analyzer.stem(&word);
            }
        }

        #[test]
        fn case_does_not_matter(text in "[a-zA-Z0-9 ,.'-]{0,60}") {
            prop_assert_eq!(words(&text), words(&text.to_uppercase()));
        }
    }
}
