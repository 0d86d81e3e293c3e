//! One spelling for British and American words, and how far a mistyped word is from a known one.

/// Letters that lie beside each other on a QWERTY keyboard, each pair once.
const NEIGHBOURS: [&[u8; 2]; 40] = [
    b"qw", b"we", b"er", b"rt", b"ty", b"yu", b"ui", b"io", b"op", b"as", b"sd", b"df", b"fg", b"gh", b"hj", b"jk",
    b"kl", b"zx", b"xc", b"cv", b"vb", b"bn", b"nm", b"qa", b"ws", b"ed", b"rf", b"tg", b"yh", b"uj", b"ik", b"ol",
    b"az", b"sx", b"dc", b"fv", b"gb", b"hn", b"jm", b"se",
];

/// The cost of one slip, in units of an ordinary wrong letter.
mod cost {
    /// A letter doubled or a double letter typed once.
    pub(super) const DOUBLED: f32 = 0.5;
    /// A vowel for a vowel, or letters that sound alike.
    pub(super) const ALIKE: f32 = 0.6;
    /// Two neighbouring letters swapped.
    pub(super) const SWAPPED: f32 = 0.7;
    /// The key beside the right one.
    pub(super) const BESIDE: f32 = 0.8;
    /// A vowel left out or put in.
    pub(super) const VOWEL: f32 = 0.8;
    /// Anything else.
    pub(super) const OTHER: f32 = 1.0;
}

/// What the first letter wrong costs more: people rarely miss it.
const FIRST_LETTER: f32 = 0.5;

/// `word` (folded to lower case) in one spelling for both sides of the Atlantic: "anaesthetise" and "anesthetize" become one.
///
/// The rules need not know words: question and knowledge base go through the same ones.
#[must_use]
pub fn canonical(word: &str) -> String {
    if word.len() < 5 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut word = word.replace("ae", "e").replace("oe", "e").replace("sulph", "sulf");
    for (british, american) in [
        ("isation", "ization"),
        ("isations", "izations"),
        ("ising", "izing"),
        ("ised", "ized"),
        ("ises", "izes"),
        ("iser", "izer"),
        ("isers", "izers"),
        ("ise", "ize"),
        ("yse", "yze"),
        ("ysed", "yzed"),
        ("ysing", "yzing"),
        ("our", "or"),
        ("ours", "ors"),
        ("oured", "ored"),
        ("ouring", "oring"),
        ("tre", "ter"),
        ("tres", "ters"),
        ("bre", "ber"),
        ("bres", "bers"),
        ("ogue", "og"),
        ("ogues", "ogs"),
        ("amme", "am"),
        ("ammes", "ams"),
        ("illing", "iling"),
        ("elling", "eling"),
        ("elled", "eled"),
        ("ence", "ense"),
    ] {
        if word.len() >= british.len() + 2
            && let Some(stem) = word.strip_suffix(british)
        {
            word = format!("{stem}{american}");
            break;
        }
    }
    word
}

/// What two spellings may differ by at most, by the length of the typed word in letters.
#[must_use]
pub fn tolerance(letters: usize) -> f32 {
    match letters {
        0..=3 => 0.0,
        4 => 0.8,
        5 => 1.0,
        6..=7 => 1.5,
        8..=10 => 2.1,
        _ => 2.6,
    }
}

/// The cost of the slips that make `typed` of `meant` (optimal string alignment, Damerau 1964, with costs by the kind of slip), or
/// `None` if it is above `most`. Both in lower-case ASCII letters.
#[must_use]
pub fn distance(typed: &[u8], meant: &[u8], most: f32, rows: &mut Rows) -> Option<f32> {
    if typed.len().abs_diff(meant.len()) as f32 * cost::DOUBLED > most {
        return None;
    }
    let width = meant.len() + 1;
    rows.reset(width);
    for column in 1..width {
        rows.now[column] = rows.now[column - 1] + one_more(meant, column - 1);
    }
    for row in 1..=typed.len() {
        rows.next_row();
        rows.now[0] = rows.last[0] + one_more(typed, row - 1);
        let mut least = rows.now[0];
        for column in 1..width {
            let (a, b) = (typed[row - 1], meant[column - 1]);
            let first = if row == 1 && column == 1 { FIRST_LETTER } else { 0.0 };
            let mut best = rows.last[column - 1] + if a == b { 0.0 } else { one_other(a, b) + first };
            best = best.min(rows.last[column] + one_more(typed, row - 1));
            best = best.min(rows.now[column - 1] + one_more(meant, column - 1));
            if row > 1 && column > 1 && a == meant[column - 2] && typed[row - 2] == b && a != b {
                best = best.min(rows.before[column - 2] + cost::SWAPPED);
            }
            rows.now[column] = best;
            least = least.min(best);
        }
        // A swap can come from two rows above, so one row over the limit does not end it.
        if least > most + cost::SWAPPED {
            return None;
        }
    }
    Some(rows.now[width - 1]).filter(|found| *found <= most)
}

/// Three rows of the distance table, kept between words.
#[derive(Debug, Default)]
pub struct Rows {
    before: Vec<f32>,
    last: Vec<f32>,
    now: Vec<f32>,
}

impl Rows {
    fn reset(&mut self, width: usize) {
        for row in [&mut self.before, &mut self.last, &mut self.now] {
            row.clear();
            row.resize(width, 0.0);
        }
    }

    fn next_row(&mut self) {
        std::mem::swap(&mut self.before, &mut self.last);
        std::mem::swap(&mut self.last, &mut self.now);
    }
}

fn one_more(word: &[u8], at: usize) -> f32 {
    let letter = word[at];
    if at > 0 && word[at - 1] == letter {
        cost::DOUBLED
    } else if at == 0 {
        cost::OTHER + FIRST_LETTER
    } else if is_vowel(letter) || letter == b'h' {
        cost::VOWEL
    } else {
        cost::OTHER
    }
}

fn one_other(a: u8, b: u8) -> f32 {
    if is_vowel(a) && is_vowel(b) || sound_alike(a, b) || sound_alike(b, a) {
        cost::ALIKE
    } else if NEIGHBOURS.iter().any(|pair| **pair == [a, b] || **pair == [b, a]) {
        cost::BESIDE
    } else {
        cost::OTHER
    }
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

fn sound_alike(a: u8, b: u8) -> bool {
    matches!((a, b), (b'c', b'k' | b's') | (b's', b'z') | (b'f', b'v') | (b'd', b't') | (b'm', b'n') | (b'g', b'j'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn between(typed: &str, meant: &str, most: f32) -> Option<f32> {
        distance(typed.as_bytes(), meant.as_bytes(), most, &mut Rows::default())
    }

    #[test]
    fn both_sides_of_the_atlantic() {
        for (british, american) in [
            ("anaesthesia", "anesthesia"),
            ("haemorrhage", "hemorrhage"),
            ("oedema", "edema"),
            ("sterilisation", "sterilization"),
            ("sterilised", "sterilized"),
            ("tumour", "tumor"),
            ("colour", "color"),
            ("fibre", "fiber"),
            ("centre", "center"),
            ("programme", "program"),
            ("sulphate", "sulfate"),
            ("defence", "defense"),
            ("paediatric", "pediatric"),
            ("analyse", "analyze"),
        ] {
            assert_eq!(canonical(british), canonical(american), "{british} {american}");
        }
        for other in ["four", "rise", "b12", "0.12", "歯が痛い"] {
            assert_eq!(canonical(other), other);
        }
    }

    #[test]
    fn slips_by_their_kind() {
        for (typed, meant, expected) in [
            ("caries", "caries", 0.0),
            ("carise", "caries", cost::SWAPPED),
            ("cariees", "caries", cost::DOUBLED),
            ("ammoxicillin", "amoxicillin", cost::DOUBLED),
            ("amoxicilin", "amoxicillin", cost::DOUBLED),
            ("cartrige", "cartridge", cost::OTHER),
            ("lidocane", "lidocaine", cost::VOWEL),
            ("flouride", "fluoride", cost::SWAPPED),
            ("enamal", "enamel", cost::ALIKE),
        ] {
            let found = between(typed, meant, 3.0).expect("within three");
            assert!((found - expected).abs() < 1e-6, "{typed} {meant}: {found}");
        }
        assert_eq!(between("prednisone", "periodontitis", 2.1), None);
        assert!(between("xaries", "caries", 1.0).is_none(), "the first letter is rarely wrong");
    }

    proptest! {
        #[test]
        fn a_distance(a in "[a-z]{1,14}", b in "[a-z]{1,14}") {
            let there = between(&a, &b, f32::INFINITY).expect("no limit");
            prop_assert_eq!(there == 0.0, a == b);
            prop_assert_eq!(between(&a, &b, there + 0.01), Some(there), "the limit cuts nothing within it");
            prop_assert!(between(&a, &b, there - 0.01).is_none());
        }

        #[test]
        fn any_word(word in "\\PC{0,20}") {
            let once = canonical(&word);
            prop_assert!(once.len() <= word.len() + 1);
        }
    }
}
