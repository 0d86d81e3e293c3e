//! `assets/lexicon.json`: which words mean the same in dentistry, and which say little in a question.
//!
//! ```json
//! {"format": 1, "sha256": "…",
//!  "weights": {"same": 0.95, "near": 0.7, "broader": 0.4},
//!  "same": [["root canal treatment", "rct"], …],
//!  "near": [["periodontitis", "gum disease"], …],
//!  "broader": {"anticoagulant": ["warfarin", "apixaban"], …},
//!  "ambiguous": [{"form": "pa", "means": ["posteroanterior"], "with": ["jaw", "mandible"]}, …],
//!  "weak": {"patient": 0.3, …},
//!  "idioms": {"milk tooth": "primary tooth", …},
//!  "in_full": {"mi": "myocardial infarction", "rivaroxaban": "direct oral anticoagulant", …}}
//! ```
//! Forms of `same` and `near` stand for each other. A word below a heading of `broader` also finds passages about the heading, not the other
//! way round. A form of `ambiguous` has its meaning only where the question holds one of the words of `with`. An idiom is read as what it means, and
//! its own words count nothing: in the passages "milk" is what a tooth is kept in. `in_full` says to the sentence encoder what a short form or the name
//! of a drug stands for, where it cannot be expected to know it; all in small letters.

use std::collections::BTreeMap;
use std::ops::Range;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::analyze::{Analyzer, for_each_compound};
use super::sealed::{self, SealedError};
use super::spelling::canonical;
use crate::text::phrases::whole;

/// The format this reader knows.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 512 << 10;
/// The most groups of all kinds.
pub const MAX_GROUPS: usize = 5_000;
/// The most forms of one group.
pub const MAX_FORMS: usize = 60;
/// The most words of one form.
pub const MAX_FORM_WORDS: usize = 6;

/// The most short forms of one question that are written in full: more would say something else than the question.
const MAX_IN_FULL: usize = 4;

const NAME: &str = "the lexicon";

/// The file as it stands on disk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(rename = "sha256")]
    _sha256: String,
    weights: Weights,
    same: Vec<Vec<String>>,
    near: Vec<Vec<String>>,
    broader: BTreeMap<String, Vec<String>>,
    ambiguous: Vec<Ambiguous>,
    weak: BTreeMap<String, f32>,
    #[serde(default)]
    idioms: BTreeMap<String, String>,
    #[serde(default)]
    in_full: BTreeMap<String, String>,
}

/// What a word that was not typed counts, by how it is related to one that was.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    same: f32,
    near: f32,
    broader: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ambiguous {
    form: String,
    means: Vec<String>,
    with: Vec<String>,
}

/// Why a lexicon cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    /// The file is not what was sealed.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// More groups than are taken.
    #[error("the lexicon has {found} groups, at most {MAX_GROUPS} are taken; join groups that share a form")]
    TooManyGroups {
        /// How many there are.
        found: usize,
    },
    /// A group that is too small or too large.
    #[error(
        "the group of `{form}` in the lexicon has {found} forms, 2 to {MAX_FORMS} are taken; add one or divide the group"
    )]
    Group {
        /// Its first form.
        form: String,
        /// How many forms it has.
        found: usize,
    },
    /// A form without a word, or with too many.
    #[error(
        "the form `{form}` in the lexicon has {found} words besides stop words, 1 to {MAX_FORM_WORDS} are taken; shorten it or take it out"
    )]
    Form {
        /// The form.
        form: String,
        /// How many words it has.
        found: usize,
    },
    /// An idiom that cannot be replaced by its meaning.
    #[error("the idiom `{idiom}` in the lexicon is read as `{meaning}`, which is empty or holds it again; correct it")]
    Idiom {
        /// The idiom.
        idiom: String,
        /// What it is read as.
        meaning: String,
    },
    /// A short form that no question can hold, or that stands for nothing.
    #[error(
        "the short form `{form}` in the lexicon stands for `{meaning}`; it has to be one word in small letters, and its meaning other words; correct it"
    )]
    ShortForm {
        /// The form.
        form: String,
        /// What it stands for.
        meaning: String,
    },
    /// A weight that is none.
    #[error("the weight of `{what}` in the lexicon is {found}, 0 to 1 is taken; correct it")]
    Weight {
        /// What it is of.
        what: String,
        /// What was found.
        found: f32,
    },
}

/// A form: its words as stems, stop words left out.
pub(crate) type Stems = Vec<String>;

/// One way from forms to forms.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Any of these in a question …
    pub(crate) from: Vec<Stems>,
    /// … also stands for these.
    pub(crate) to: Vec<Stems>,
    /// What a form of `to` counts.
    pub(crate) weight: f32,
    /// Only where the question holds one of these; always where empty.
    pub(crate) with: Vec<Stems>,
}

/// Which words mean the same, and which say little.
#[derive(Debug, Default)]
pub struct Lexicon {
    rules: Vec<Rule>,
    /// Stem -> weight.
    weak: FxHashMap<String, f32>,
    /// Every word of every form as it is written, with its stem: what a mistyped word may have been meant to be.
    words: Vec<(String, String)>,
    /// In small letters, with what it is read as; the longest first.
    idioms: Vec<(String, String)>,
    /// Word -> what it stands for, both in small letters.
    in_full: FxHashMap<String, String>,
}

impl Lexicon {
    /// Reads `assets/lexicon.json` and checks it against the hash it carries.
    pub fn from_bytes(bytes: &[u8]) -> Result<Lexicon, LexiconError> {
        let file: File = sealed::read(NAME, bytes, MAX_FILE_BYTES)?;
        if file.format != FORMAT {
            return Err(SealedError::Format { file: NAME, found: file.format, known: FORMAT }.into());
        }
        let groups = file.same.len()
            + file.near.len()
            + file.broader.len()
            + file.ambiguous.len()
            + file.weak.len()
            + file.idioms.len()
            + file.in_full.len();
        if groups > MAX_GROUPS {
            return Err(LexiconError::TooManyGroups { found: groups });
        }
        let mut reader = Reader::default();
        let Weights { same, near, broader } = file.weights;
        for (what, weight) in [("same", same), ("near", near), ("broader", broader)] {
            check_weight(what, weight)?;
        }
        for (groups, weight) in [(&file.same, same), (&file.near, near)] {
            for group in groups {
                check_group(group)?;
                let forms = reader.forms(group)?;
                reader.lexicon.rules.push(Rule { from: forms.clone(), to: forms, weight, with: Vec::new() });
            }
        }
        for (heading, members) in &file.broader {
            check_group(&[std::slice::from_ref(heading), members].concat())?;
            let (from, to) = (reader.forms(members)?, reader.forms(std::slice::from_ref(heading))?);
            reader.lexicon.rules.push(Rule { from, to, weight: broader, with: Vec::new() });
        }
        for Ambiguous { form, means, with } in &file.ambiguous {
            check_group(&[std::slice::from_ref(form), means].concat())?;
            let (from, to, with) =
                (reader.forms(std::slice::from_ref(form))?, reader.forms(means)?, reader.forms(with)?);
            reader.lexicon.rules.push(Rule { from, to, weight: same, with });
        }
        for (word, weight) in &file.weak {
            check_weight(word, *weight)?;
            for form in reader.forms(std::slice::from_ref(word))? {
                reader.lexicon.weak.extend(form.into_iter().map(|stem| (stem, *weight)));
            }
        }
        for (idiom, meaning) in &file.idioms {
            // Else it would be read without end.
            if idiom.trim().is_empty()
                || meaning.trim().is_empty()
                || find_words(meaning, &idiom.to_lowercase()).is_some()
            {
                return Err(LexiconError::Idiom { idiom: idiom.clone(), meaning: meaning.clone() });
            }
        }
        for (form, meaning) in &file.in_full {
            let mut words = typed_words(form);
            let is_one_word = words.next() == Some(form.as_str()) && words.next().is_none();
            if !is_one_word || *form != form.to_lowercase() || meaning.trim().is_empty() || meaning == form {
                return Err(LexiconError::ShortForm { form: form.clone(), meaning: meaning.clone() });
            }
        }
        reader.lexicon.in_full = file.in_full.into_iter().collect();
        reader.lexicon.idioms =
            file.idioms.into_iter().map(|(idiom, meaning)| (idiom.to_lowercase(), meaning)).collect();
        reader.lexicon.idioms.sort_by_key(|(idiom, _)| std::cmp::Reverse(idiom.len()));
        reader.lexicon.words.sort();
        reader.lexicon.words.dedup();
        Ok(reader.lexicon)
    }

    /// `question` with its idioms in plain words, and which were read so.
    #[must_use]
    pub fn plain(&self, question: &str) -> (String, Vec<(String, String)>) {
        let (mut plain, mut read) = (question.to_owned(), Vec::new());
        for (idiom, meaning) in &self.idioms {
            while let Some(bytes) = find_words(&plain, idiom) {
                read.push((plain.get(bytes.clone()).unwrap_or_default().to_owned(), meaning.clone()));
                plain.replace_range(bytes, meaning);
            }
        }
        (plain, read)
    }

    /// `question` with what its short forms and drugs stand for behind it, in brackets; nothing where all is said already.
    #[must_use]
    pub fn in_full(&self, question: &str) -> Option<String> {
        let small = question.to_lowercase();
        let mut meanings: Vec<&str> = Vec::new();
        for meaning in typed_words(&small).filter_map(|word| self.in_full.get(word)) {
            if !meanings.contains(&meaning.as_str()) && !small.contains(meaning) && meanings.len() < MAX_IN_FULL {
                meanings.push(meaning);
            }
        }
        (!meanings.is_empty()).then(|| format!("{question} ({})", meanings.join(", ")))
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn words(&self) -> &[(String, String)] {
        &self.words
    }

    /// What a word with this stem counts in a question: 1 for most.
    pub(crate) fn importance(&self, stem: &str) -> f32 {
        self.weak.get(stem).copied().unwrap_or(1.0)
    }
}

#[derive(Default)]
struct Reader {
    analyzer: Analyzer,
    lexicon: Lexicon,
}

impl Reader {
    fn forms(&mut self, forms: &[String]) -> Result<Vec<Stems>, LexiconError> {
        forms.iter().map(|form| self.form(form)).collect()
    }

    fn form(&mut self, form: &str) -> Result<Stems, LexiconError> {
        let mut stems = Vec::new();
        for_each_compound(form, |compound| {
            for part in compound.parts() {
                let word = canonical(part);
                if let Some(stem) = self.analyzer.stem(&word) {
                    self.lexicon.words.push((word, stem.clone()));
                    stems.push(stem);
                }
            }
        });
        if stems.is_empty() || stems.len() > MAX_FORM_WORDS {
            return Err(LexiconError::Form { form: form.to_owned(), found: stems.len() });
        }
        Ok(stems)
    }
}

/// Where `wanted`, in small letters, stands in `text` as whole words in any letters.
fn find_words(text: &str, wanted: &str) -> Option<Range<usize>> {
    // Small letters of ASCII have the same bytes' places.
    whole(&text.to_ascii_lowercase(), wanted).map(|at| at..at + wanted.len())
}

/// Words as they are typed: "s&p" and "z-pak" are one each.
fn typed_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '&' && letter != '-')
        .filter(|word| !word.is_empty())
}

fn check_group(forms: &[String]) -> Result<(), LexiconError> {
    if (2..=MAX_FORMS).contains(&forms.len()) {
        return Ok(());
    }
    Err(LexiconError::Group { form: forms.first().cloned().unwrap_or_default(), found: forms.len() })
}

fn check_weight(what: &str, weight: f32) -> Result<(), LexiconError> {
    if (0.0..=1.0).contains(&weight) {
        return Ok(());
    }
    Err(LexiconError::Weight { what: what.to_owned(), found: weight })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::retrieval::sealed::seal;

    const FILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/lexicon.json"));

    /// The lexicon that ships.
    pub(crate) fn shipped() -> Lexicon {
        Lexicon::from_bytes(FILE.as_bytes()).expect("assets/lexicon.json is sealed and valid")
    }

    #[test]
    fn idioms_are_read_as_what_they_mean() {
        let lexicon = shipped();
        for (typed, plain, read) in [
            ("Knocked-out milk tooth?", "Knocked-out primary tooth?", 1),
            ("MILK TEETH and eye teeth", "primary teeth and canine teeth", 2),
            ("Put the tooth in milk.", "Put the tooth in milk.", 0),
            ("buttermilk tooth", "buttermilk tooth", 0),
            ("ümilk tooth milk tooth", "ümilk tooth primary tooth", 1),
            ("", "", 0),
        ] {
            let (found, idioms) = lexicon.plain(typed);
            assert_eq!((found.as_str(), idioms.len()), (plain, read), "{typed}");
        }
    }

    #[test]
    fn short_forms_and_drugs_are_written_in_full() {
        let lexicon = shipped();
        for (question, expected) in [
            ("patient had an MI 3 weeks ago", Some("patient had an MI 3 weeks ago (myocardial infarction)")),
            ("Stop her rivaroxaban?", Some("Stop her rivaroxaban? (direct oral anticoagulant)")),
            (
                "RCT or XLA on Xarelto",
                Some(
                    "RCT or XLA on Xarelto (root canal treatment, extraction, rivaroxaban, direct oral anticoagulant)",
                ),
            ),
            (
                "S&P, bw, opg, bpe, bop, srp",
                Some(
                    "S&P, bw, opg, bpe, bop, srp (scale and polish, bitewing, orthopantomogram, basic periodontal examination)",
                ),
            ),
            ("A myocardial infarction (MI) last month", None),
            ("Is a mile too far?", None),
            ("", None),
        ] {
            assert_eq!(lexicon.in_full(question).as_deref(), expected, "{question}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let altered = |from: &str, to: &str| seal(&FILE.replacen(from, to, 1)).expect("has a hash");
        let group = "[\"shingles\", \"herpes zoster\", \"zoster\"]";
        for (text, expected) in [
            (FILE.replacen("shingles", "singles", 1), "does not match its hash"),
            (altered("\"near\"", "\"nearly\""), "unknown field `nearly`"),
            (
                altered("\"milk tooth\": \"primary tooth\"", "\"milk tooth\": \"a Milk Tooth\""),
                "the idiom `milk tooth`",
            ),
            (altered("\"format\": 1", "\"format\": 2"), "has format 2"),
            (altered("\"same\": 0.", "\"same\": 4."), "the weight of `same`"),
            (altered(group, "[\"shingles\"]"), "has 1 forms"),
            (altered(group, "[\"shingles\", \"what is it\"]"), "has 0 words"),
            (altered(group, "[\"shingles\", \"a1 b1 c1 d1 e1 f1 g1\"]"), "has 7 words"),
        ] {
            let error = Lexicon::from_bytes(text.as_bytes()).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn weak_words_weigh_less() {
        let lexicon = shipped();
        assert!(lexicon.importance("patient") < 1.0);
        assert!((lexicon.importance("periodont") - 1.0).abs() < 1e-6);
    }
}
