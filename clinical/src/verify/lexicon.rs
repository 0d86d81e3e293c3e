//! The drugs that the checks know: the names of the records, and the endings that international names share.

use std::collections::BTreeMap;

use super::words::{Word, holds_at, words};

/// Endings of international nonproprietary names (WHO, "The use of stems in the selection of INN"). They find drugs that no record
/// names; with fewer letters before the ending a word is English ("saline", "canine").
const STEMS: &[&str] = &[
    "adol",
    "artan",
    "azepam",
    "azole",
    "azoline",
    "bactam",
    "barbital",
    "caine",
    "cillin",
    "ciclovir",
    "conazole",
    "coxib",
    "cycline",
    "dipine",
    "dronate",
    "dronic",
    "floxacin",
    "fungin",
    "gliptin",
    "glitazone",
    "grel",
    "mycin",
    "olol",
    "parin",
    "prazole",
    "profen",
    "pril",
    "racetam",
    "setron",
    "statin",
    "sulfa",
    "terol",
    "thiazide",
    "tidine",
    "triptan",
    "triptyline",
    "xaban",
    "xetine",
    "zolam",
    "zumab",
    "ximab",
    "tinib",
];
/// Letters that stand before such an ending, at least.
const STEM_LEAD: usize = 3;

/// Words of another name in brackets, at most.
const MAX_OTHER_NAME: usize = 2;

/// Words in a record's `drug` that describe its form, strength or salt and are no name of their own.
const FORMS: &[&str] = &[
    "a",
    "acetonide",
    "acid",
    "and",
    "buccal",
    "chip",
    "cream",
    "dental",
    "digluconate",
    "diluted",
    "dipropionate",
    "dispersible",
    "dissolved",
    "dose",
    "drops",
    "elixir",
    "emulsion",
    "fluoride",
    "gel",
    "gelatin",
    "gluconate",
    "half",
    "hydrochloride",
    "hydrogen",
    "immediate",
    "in",
    "inhaler",
    "lesion",
    "lipid",
    "mesylate",
    "microspheres",
    "mouthwash",
    "mucoadhesive",
    "nasal",
    "of",
    "ointment",
    "on",
    "or",
    "oral",
    "oromucosal",
    "out",
    "oxygen",
    "part",
    "paste",
    "peroxide",
    "phosphate",
    "potassium",
    "propionate",
    "puff",
    "release",
    "silver",
    "sodium",
    "soluble",
    "solution",
    "spat",
    "spray",
    "sprayed",
    "sub",
    "supplement",
    "suspension",
    "syrup",
    "tablet",
    "tablets",
    "tartrate",
    "the",
    "to",
    "toothpaste",
    "troche",
    "troches",
    "tumbler",
    "varnish",
    "warm",
    "water",
    "with",
];

/// Which drug a name means. Two names of one record ("paracetamol (acetaminophen)") are the same drug.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Drug {
    /// A drug of the records.
    Listed(usize),
    /// One known by its ending only.
    Stem(String),
}

/// A drug in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// Which one.
    pub(super) drug: Drug,
    /// The index of its first word.
    pub(super) at: usize,
}

/// Names of drugs.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// By the first word: the whole name, and the drug.
    names: BTreeMap<String, Vec<(Vec<Word>, usize)>>,
    drugs: usize,
}

impl Lexicon {
    /// From the `drug` fields of the records, such as "lidocaine spray 10 %" or "aciclovir (acyclovir) cream". Forms and strengths
    /// are left out; a name in brackets is another name of the same drug.
    #[must_use]
    pub fn new<'a>(drugs: impl IntoIterator<Item = &'a str>) -> Lexicon {
        let mut lexicon = Lexicon::default();
        for field in drugs {
            for alternative in
                field.split(" or ").flat_map(|part| part.split(" with ")).flat_map(|part| part.split(" and "))
            {
                lexicon.add(alternative);
            }
        }
        lexicon
    }

    /// Adds the names of one drug: the words before the bracket and those in it.
    fn add(&mut self, field: &str) {
        let mut parts = field.split(['(', ')']).map(words);
        let main = parts.next().unwrap_or_default();
        // "(dose of the amoxicillin part)" is no other name.
        let others = parts
            .filter(|other| other.len() <= MAX_OTHER_NAME && other.first().is_some_and(|word| is_name(&word.text)));
        let names: Vec<Vec<Word>> = std::iter::once(main)
            .chain(others)
            .map(|name| name.into_iter().filter(|word| is_name(&word.text)).collect::<Vec<_>>())
            .filter(|name: &Vec<Word>| !name.is_empty())
            .collect();
        let known = names.iter().find_map(|name| self.find(name));
        let drug = known.unwrap_or_else(|| {
            self.drugs += 1;
            self.drugs
        });
        for name in names {
            if self.find(&name).is_none()
                && let Some(first) = name.first()
            {
                self.names.entry(first.text.clone()).or_default().push((name, drug));
            }
        }
        for names in self.names.values_mut() {
            names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        }
    }

    fn find(&self, name: &[Word]) -> Option<usize> {
        let names = self.names.get(&name.first()?.text)?;
        names.iter().find(|(own, _)| own.len() == name.len() && holds_at(name, 0, own)).map(|(_, drug)| *drug)
    }

    /// The drugs in `words`, in order; of two names that begin alike the longer one.
    pub(super) fn mentions(&self, words: &[Word]) -> Vec<Mention> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let named =
                self.names.get(&word.text).and_then(|names| names.iter().find(|(name, _)| holds_at(words, at, name)));
            if let Some((name, drug)) = named {
                found.push(Mention { drug: Drug::Listed(*drug), at });
                at += name.len();
                continue;
            }
            if is_stem(&word.text) {
                found.push(Mention { drug: Drug::Stem(word.text.clone()), at });
            }
            at += 1;
        }
        found
    }

    /// Whether `text` names a drug.
    #[must_use]
    pub fn names_a_drug(&self, text: &str) -> bool {
        !self.mentions(&words(text)).is_empty()
    }
}

fn is_name(word: &str) -> bool {
    word.len() >= 4 && word.chars().all(char::is_alphabetic) && !FORMS.contains(&word)
}

fn is_stem(word: &str) -> bool {
    STEMS.iter().any(|stem| word.strip_suffix(stem).is_some_and(|lead| lead.chars().count() >= STEM_LEAD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        Lexicon::new([
            "paracetamol (acetaminophen)",
            "acetaminophen (paracetamol)",
            "amoxicillin with clavulanate 500/125 (dose of the amoxicillin part)",
            "aciclovir (acyclovir) cream",
            "tranexamic acid 5 % mouthwash",
            "glyceryl trinitrate (nitroglycerin)",
            "azithromycin or clarithromycin",
        ])
    }

    fn drugs(text: &str) -> Vec<Drug> {
        lexicon().mentions(&words(text)).into_iter().map(|mention| mention.drug).collect()
    }

    #[test]
    fn two_names_are_one_drug() {
        assert_eq!(drugs("Acetaminophen"), drugs("paracetamol"));
        assert_eq!(drugs("acyclovir"), drugs("aciclovir"));
        assert_eq!(drugs("glyceryl trinitrate"), drugs("nitroglycerin"));
        assert_ne!(drugs("azithromycin"), drugs("clarithromycin"));
        assert_ne!(drugs("amoxicillin"), drugs("clavulanate"));
    }

    #[test]
    fn what_is_a_drug() {
        let cases = [
            ("Give amoxicillin and tranexamic rinse.", 2),
            ("Rivaroxaban, simvastatin and bisoprolol.", 3),
            ("A canine with saline and a fluoride gel in water.", 0),
            ("The cream and the mouthwash.", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(drugs(text).len(), expected, "{text}");
        }
        assert!(lexicon().names_a_drug("some paracetamol") && !lexicon().names_a_drug("some oxygen"));
    }
}
