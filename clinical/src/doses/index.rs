//! The drug records of a knowledge base, ready to be asked.

use rustc_hash::{FxHashMap, FxHashSet};

use super::lexicon::Lexicon;
use super::question::DoseQuestion;
use super::terms::Terms;
use super::words::{is_misspelt, listed, mistakes, words};
use crate::knowledge::{Drug, Kind, KnowledgeBase};
use crate::records::{Facts, Record};

/// What a question about no drug must share with a record, as the sum of the weights of the terms: two rare words.
const LEAST_ALONE: f32 = 7.0;
/// Of the best record's score, what another must have to be shown beside it where no drug is named.
pub(super) const SHARE_ALONE: f32 = 0.7;
/// What a record for dental disease gains: it is meant where the question does not say what for.
const DENTAL: f32 = 0.6;
/// What a prophylactic or emergency dose loses where the question speaks of neither.
const SPECIAL: f32 = 2.0;
/// Stems by which an indication is dental.
const DENTAL_WORDS: &str = "dental dento odontogenic";
/// How examiners begin; the knowledge base need not hold these words.
const EXAM: &str = "quote state name outline describe summarise compare recall specify";
/// Forms of a preparation. Where a question names one, records of another are not meant.
const FORMS: &[&[&str]] = &[
    &["mouthwash", "mouthrinse", "rinse", "rinses", "mouthwashes", "suspension", "elixir"],
    &["varnish", "varnishes"],
    &["toothpaste", "paste", "dentifrice", "toothpastes"],
    &["gel", "gels"],
    &["cream", "creams"],
    &["ointment"],
    &["spray", "sprays"],
    &["supplement", "supplements"],
    &["inhaler"],
    &["troche", "troches", "lozenge", "lozenges", "pastille", "pastilles"],
    &["chip", "chips"],
    &["microspheres"],
];
/// The weight of what the question says and the record does not, and the other way round.
const UNSAID: f32 = 0.12;

/// A record and the terms by which it is found.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its place in [`KnowledgeBase::records`].
    pub(super) record: usize,
    /// Its place in [`KnowledgeBase::passages`].
    pub(super) passage: usize,
    /// Its drugs.
    pub(super) drugs: Vec<usize>,
    /// Terms of what it is for, how it is given, and its numbers.
    terms: Vec<usize>,
    /// Terms of what it is for alone: each one that a question does not say makes it less likely.
    purpose: Vec<usize>,
    /// What it is not for, phrase by phrase, each with its terms.
    pub(super) excluded: Vec<(String, Vec<usize>)>,
    /// The body weights it holds for, in kilograms: from the first, to the second.
    pub(super) weights: Option<(f64, f64)>,
    /// Its forms, by place in [`FORMS`].
    pub(super) forms: Vec<usize>,
    /// What it gains or loses whatever is asked.
    prior: f32,
    /// Whether it is a prophylactic or emergency dose.
    special: bool,
}

/// The drug records of a knowledge base by drug and by what they are for.
#[derive(Debug, Clone)]
pub struct DoseIndex {
    lexicon: Lexicon,
    pub(super) entries: Vec<Entry>,
    ids: FxHashMap<String, usize>,
    /// How rare a term is, by number.
    weights: Vec<f32>,
    /// Terms of the whole knowledge base: a question without a drug that holds others may name a drug nobody knows.
    known: FxHashSet<String>,
}

impl DoseIndex {
    /// Indexes the drug records of a knowledge base.
    #[must_use]
    pub fn of(base: &KnowledgeBase) -> DoseIndex {
        // A checked knowledge base has names that can be told apart.
        let lexicon = Lexicon::of(base.drugs()).unwrap_or_default();
        let terms = Terms::default();
        let mut index = DoseIndex {
            lexicon,
            entries: Vec::new(),
            ids: FxHashMap::default(),
            weights: Vec::new(),
            known: FxHashSet::default(),
        };
        let mut number = 0;
        for passage in 0..base.passages().len() {
            if let Some(Kind::Record(record)) = base.kind(passage) {
                if let Some(drug) = record.drug() {
                    let at = base.records().binary_search_by(|other| other.id.cmp(&record.id));
                    index.add(record, at.unwrap_or(number), passage, drug, &terms);
                }
                number += 1;
            }
        }
        index.weigh();
        for passage in base.passages() {
            for word in words(&passage.title).iter().chain(&words(&passage.text)) {
                index.known.extend(terms.term(word));
            }
        }
        index
    }

    fn add(&mut self, record: &Record, at: usize, passage: usize, drug: &str, terms: &Terms) {
        let (purpose, excluded) = divided(record.indication().unwrap_or_default());
        let mut place = |text: &str| -> Vec<usize> {
            let mut found: Vec<usize> = words(text)
                .iter()
                .flat_map(|word| terms.expanded(word))
                .map(|term| {
                    let next = self.ids.len();
                    *self.ids.entry(term).or_insert(next)
                })
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let kind = match &record.facts {
            Facts::Prophylaxis(_) => "prophylaxis",
            Facts::EmergencyDrug(_) => "emergency",
            Facts::LocalAnaesthetic(_) => "local anaesthetic cartridge",
            _ => "",
        };
        let shown = record.row().map(|row| {
            let columns = [row.route, Some(row.dose), row.frequency, row.duration, row.maximum, Some(row.drug)];
            columns.into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        let is_dental = words(&purpose).iter().any(|word| listed(DENTAL_WORDS, word.as_str()));
        let purpose_terms = place(&purpose);
        let all = format!("{purpose} {kind} {drug} {}", shown.unwrap_or_default());
        let entry = Entry {
            record: at,
            passage,
            drugs: self.lexicon.drugs_of(drug),
            terms: place(&all),
            purpose: purpose_terms,
            excluded: excluded.into_iter().map(|phrase| (phrase.clone(), place(&phrase))).collect(),
            weights: weight_band(&words(record.indication().unwrap_or_default())),
            forms: forms(&words(&format!("{drug} {}", record.row().and_then(|row| row.route).unwrap_or_default()))),
            prior: if is_dental { DENTAL } else { 0.0 },
            special: matches!(record.facts, Facts::Prophylaxis(_) | Facts::EmergencyDrug(_)),
        };
        self.entries.push(entry);
    }

    fn weigh(&mut self) {
        let mut counts = vec![0_u32; self.ids.len()];
        for term in self.entries.iter().flat_map(|entry| &entry.terms) {
            counts[*term] += 1;
        }
        #[allow(clippy::cast_precision_loss, reason = "a few hundred records")]
        let all = self.entries.len() as f32;
        #[allow(clippy::cast_precision_loss, reason = "a few hundred records")]
        let weights = counts.iter().map(|count| (1.0 + all / (*count as f32 + 0.5)).ln()).collect();
        self.weights = weights;
    }

    /// Whether `question`, after the one that it `follows` and with the note pasted with it, asks for a dose.
    #[must_use]
    pub fn parse_following(&self, question: &str, follows: Option<&str>, note: Option<&str>) -> Option<DoseQuestion> {
        let read = self.parse(question, note);
        let Some(earlier) = follows.and_then(|earlier| self.parse(earlier, note)) else { return read };
        earlier.followed_by(question, read.is_some(), &self.lexicon)
    }

    /// Whether `question`, with the note pasted with it, asks for a dose.
    #[must_use]
    pub fn parse(&self, question: &str, note: Option<&str>) -> Option<DoseQuestion> {
        let mut read = DoseQuestion::read(question, note, &self.lexicon)?;
        let has_record = |drug: &usize| self.entries.iter().any(|entry| entry.drugs.contains(drug));
        if read.words.iter().any(|word| word == "drug") && !read.drugs.iter().any(has_record) {
            // "on simvastatin, oral thrush: which drug and dose"
            read.others.append(&mut read.drugs);
        }
        if !read.drugs.is_empty() {
            return (read.explicit || read.drugs.iter().any(has_record)).then_some(read);
        }
        // Without a drug it has to be plain what the dose is for, and no word may be a drug that nobody knows.
        let terms = Terms::default();
        let is_known = |word: &String| {
            word.len() < 5 || listed(EXAM, word) || terms.term(word).is_none_or(|term| self.known.contains(&term))
        };
        let asked = self.terms_of(&read.words);
        let best = self.entries.iter().map(|entry| self.shared(entry, &asked)).fold(0.0, f32::max);
        (read.words.iter().all(is_known) && best >= LEAST_ALONE).then_some(read)
    }

    /// The numbers of the terms of `words`; a misspelt word counts as the one term it is near to.
    pub(super) fn terms_of(&self, words: &[String]) -> Vec<usize> {
        let terms = Terms::default();
        let mut found: Vec<usize> = Vec::new();
        for word in words {
            for term in terms.expanded(word) {
                if let Some(id) = self.ids.get(&term) {
                    found.push(*id);
                } else if !self.known.contains(&term) {
                    let most = mistakes(&term);
                    let near = |id: &&str| {
                        most > 0 && id.chars().next() == term.chars().next() && is_misspelt(id, &term, most)
                    };
                    let mut near = self.ids.keys().map(String::as_str).filter(near);
                    if let (Some(only), None) = (near.next(), near.next()) {
                        found.extend(self.ids.get(only));
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn shared(&self, entry: &Entry, asked: &[usize]) -> f32 {
        entry.terms.iter().filter(|term| asked.binary_search(term).is_ok()).map(|term| self.weights[*term]).sum()
    }

    /// Whether the question says what the drug is for, in words that some record uses.
    pub(super) fn names_purpose(&self, asked: &[usize]) -> bool {
        asked.iter().any(|term| self.entries.iter().any(|entry| entry.purpose.contains(term)))
    }

    /// How well a record is meant by a question with these terms.
    pub(super) fn score(&self, entry: &Entry, asked: &[usize]) -> f32 {
        let unsaid: f32 = entry
            .purpose
            .iter()
            .filter(|term| asked.binary_search(term).is_err())
            .map(|term| self.weights[*term])
            .sum();
        let special = if entry.special && !shares_purpose(entry, asked) { SPECIAL } else { 0.0 };
        self.shared(entry, asked) + entry.prior - UNSAID * unsaid - special
    }

    /// Whether `text` has a name of a drug of `field`, a record's field `drug`, in it, perhaps misspelt. Unlike
    /// [`Self::parse`] it compares word by word with every name: a check of that, not a part of it.
    #[must_use]
    pub fn names(&self, base: &KnowledgeBase, text: &str, field: &str) -> bool {
        let said = words(text);
        let near = |name: &String| said.iter().any(|word| word == name || is_misspelt(word, name, mistakes(name)));
        let drugs = self.lexicon.drugs_of(field);
        let mut names = drugs.iter().filter_map(|drug| base.drugs().get(*drug)).flat_map(Drug::all_names);
        names.any(|name| words(name).iter().all(near))
    }

    /// The names that questions can use.
    #[must_use]
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }
}

/// Whether a record is for something that the question names.
pub(super) fn shares_purpose(entry: &Entry, asked: &[usize]) -> bool {
    entry.purpose.iter().any(|term| asked.binary_search(term).is_ok())
}

/// The forms that a text names, by place in [`FORMS`].
pub(super) fn forms(words: &[String]) -> Vec<usize> {
    let names = |form: &&[&str]| words.iter().any(|word| form.contains(&word.as_str()));
    FORMS.iter().enumerate().filter(|(_, form)| names(form)).map(|(at, _)| at).collect()
}

/// An indication in what it is for, and the phrases of what it is not for ("no penicillin allergy").
fn divided(indication: &str) -> (String, Vec<String>) {
    let mut purpose = String::new();
    let mut excluded = Vec::new();
    for (at, piece) in indication.split(['(', ')']).enumerate() {
        if at % 2 == 0 {
            purpose.push_str(piece);
            continue;
        }
        let mut inside = false;
        for phrase in piece.split([',', ';']).flat_map(|part| part.split(" nor ")).flat_map(|part| part.split(" or ")) {
            let phrase = phrase.trim();
            let bare = ["not with ", "never with ", "not in ", "not after ", "no ", "not ", "nor "]
                .iter()
                .find_map(|word| phrase.strip_prefix(word));
            inside = bare.is_some() || inside && !phrase.contains("first") && !phrase.contains("dose");
            if inside {
                excluded.push(bare.unwrap_or(phrase).trim_start_matches("with ").trim_start_matches("in ").to_owned());
            } else {
                purpose.push(' ');
                purpose.push_str(phrase);
            }
        }
        purpose.push(' ');
    }
    (purpose, excluded)
}

/// The body weights an indication names: "body weight 12 to 19 kg", "at a body weight under 25 kg", "25 kg or more".
fn weight_band(words: &[String]) -> Option<(f64, f64)> {
    let at = words.windows(2).position(|pair| pair[0] == "body" && pair[1] == "weight")? + 2;
    let rest: Vec<&str> =
        words[at..].iter().map(String::as_str).filter(|word| !matches!(*word, "of" | "kg" | "and")).collect();
    let value = |word: &&str| word.parse::<f64>().ok();
    match rest.as_slice() {
        ["under" | "below", high, ..] => Some((0.0, value(high)?)),
        [low, "to", "under" | "below", high, ..] | [low, "to", high, ..] => Some((value(low)?, value(high)?)),
        ["above" | "over", low, ..] | [low, "or", "more" | "over", ..] => Some((value(low)?, f64::INFINITY)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indications_are_divided() {
        let (purpose, excluded) = divided("oral candidosis (never with warfarin or a statin, not in liver disease)");
        assert_eq!(purpose.trim(), "oral candidosis");
        assert_eq!(excluded, ["warfarin", "a statin", "liver disease"]);
        let (purpose, excluded) =
            divided("infection in penicillin allergy (second line, not with a prolonged QT interval)");
        assert_eq!(
            purpose.split_whitespace().collect::<Vec<_>>().join(" "),
            "infection in penicillin allergy second line"
        );
        assert_eq!(excluded, ["a prolonged QT interval"]);
    }

    #[test]
    fn weights_of_indications() {
        for (text, expected) in [
            ("anaphylaxis at a body weight of 15 to 30 kg", Some((15.0, 30.0))),
            ("hypoglycaemia at a body weight under 25 kg", Some((0.0, 25.0))),
            ("hypoglycaemia at a body weight of 25 kg or more", Some((25.0, f64::INFINITY))),
            ("reversal, body weight 15 kg to under 30 kg", Some((15.0, 30.0))),
            ("toxicity, body weight above 70 kg, bolus", Some((70.0, f64::INFINITY))),
            ("dental pain (less below 50 kg)", None),
        ] {
            assert_eq!(weight_band(&words(text)), expected, "{text}");
        }
    }
}
