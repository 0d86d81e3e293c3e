//! Names of persons.
//!
//! A word is taken for a name if a title or a role stands before it, if the lists know it as a name and not as a word, or if it is
//! written with a capital inside a sentence and no list knows it at all. From there the name is followed in both directions: initials,
//! particles, hyphens, "Surname, Given". What was a name once in a text is one everywhere in it.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::Class;
use super::claims::Claims;
use super::eponyms::eponym_follows;
use super::lists::Lists;
use super::token::{Gap, Kind, Token};

/// A capital word behind one of these is a name whatever else it means.
const TITLES: &[&str] = &[
    "dame",
    "dott",
    "dottor",
    "dottoressa",
    "dottssa",
    "dr",
    "dra",
    "dres",
    "frau",
    "fraulein",
    "fru",
    "herr",
    "lord",
    "madame",
    "mevrouw",
    "miss",
    "mlle",
    "mme",
    "monsieur",
    "mr",
    "mrs",
    "ms",
    "mx",
    "pani",
    "prof",
    "professor",
    "rev",
    "senhor",
    "senhora",
    "senor",
    "senora",
    "signor",
    "signora",
    "sir",
    "sister",
    "sra",
];

/// Persons, and words that point at one. Behind them a word that may be a name is one.
const ROLES: &[&str] = &[
    "adviser",
    "anaesthetist",
    "anesthetist",
    "assistant",
    "associate",
    "attn",
    "attorney",
    "aunt",
    "baby",
    "boy",
    "brother",
    "by",
    "caller",
    "cardiologist",
    "carer",
    "carers",
    "caseworker",
    "cc",
    "ceramist",
    "chaperone",
    "clinician",
    "coach",
    "colleague",
    "consultant",
    "contact",
    "copied",
    "cousin",
    "dad",
    "daughter",
    "dear",
    "dentist",
    "dermatologist",
    "dietitian",
    "doctor",
    "driver",
    "dentista",
    "endodontist",
    "escort",
    "examiner",
    "father",
    "for",
    "friend",
    "from",
    "girl",
    "gp",
    "grandad",
    "grandfather",
    "grandma",
    "grandmother",
    "granddaughter",
    "grandson",
    "guarantor",
    "guardian",
    "gynaecologist",
    "haematologist",
    "holder",
    "husband",
    "hygienist",
    "interpreter",
    "kin",
    "lady",
    "lawyer",
    "man",
    "manager",
    "md",
    "midwife",
    "mom",
    "mother",
    "mum",
    "mummy",
    "name",
    "nanny",
    "neighbour",
    "neighbor",
    "nephew",
    "neurologist",
    "niece",
    "nurse",
    "ob",
    "officer",
    "officers",
    "oncologist",
    "operator",
    "ortho",
    "orthodontist",
    "os",
    "paediatrician",
    "parent",
    "parents",
    "partner",
    "patient",
    "patientin",
    "payer",
    "paziente",
    "pacjent",
    "pacjentka",
    "periodontist",
    "pharmacist",
    "physician",
    "physiotherapist",
    "policyholder",
    "prescriber",
    "professor",
    "prosthodontist",
    "psychologist",
    "pt",
    "pupil",
    "radiographer",
    "radiologist",
    "rdh",
    "receptionist",
    "rota",
    "sibling",
    "siblings",
    "signed",
    "sister",
    "solicitor",
    "son",
    "spouse",
    "staff",
    "stepfather",
    "stepmother",
    "student",
    "subject",
    "supervisor",
    "surgeon",
    "surname",
    "tandarts",
    "tandhygienist",
    "teacher",
    "technician",
    "therapist",
    "to",
    "twin",
    "uncle",
    "user",
    "utente",
    "visitor",
    "widow",
    "widower",
    "wife",
    "with",
    "witness",
    "woman",
    "yours",
];

/// Roles that are as good as a title: an ordinary word with a capital behind them is a surname.
const SURE_ROLES: &[&str] = &[
    "attorney",
    "brother",
    "cardiologist",
    "carer",
    "daughter",
    "dear",
    "dietitian",
    "father",
    "gp",
    "grandfather",
    "grandmother",
    "guarantor",
    "husband",
    "hygienist",
    "interpreter",
    "md",
    "mom",
    "mother",
    "mum",
    "niece",
    "nurse",
    "oncologist",
    "orthodontist",
    "pharmacist",
    "prescriber",
    "receptionist",
    "solicitor",
    "son",
    "spouse",
    "surgeon",
    "uncle",
    "wife",
];

/// What persons do: behind the first word of a sentence it makes that word a name.
const VERBS: &[&str] = &[
    "agreed",
    "agrees",
    "approves",
    "arrived",
    "asked",
    "asks",
    "attended",
    "attends",
    "broke",
    "called",
    "calls",
    "came",
    "clenches",
    "comes",
    "complained",
    "complains",
    "consented",
    "declined",
    "denied",
    "denies",
    "describes",
    "did",
    "does",
    "drove",
    "fell",
    "felt",
    "gave",
    "had",
    "has",
    "holds",
    "is",
    "keeps",
    "knows",
    "lacks",
    "lives",
    "lost",
    "needs",
    "noticed",
    "phoned",
    "prefers",
    "presented",
    "presents",
    "reacts",
    "reported",
    "reports",
    "requests",
    "returned",
    "returns",
    "rang",
    "said",
    "saw",
    "says",
    "seen",
    "speaks",
    "still",
    "takes",
    "texted",
    "thinks",
    "told",
    "took",
    "understands",
    "used",
    "uses",
    "visits",
    "wants",
    "was",
    "wears",
    "will",
    "wishes",
    "works",
    "wrote",
];

/// Small words inside names.
const PARTICLES: &[&str] = &[
    "ab", "abu", "af", "al", "ap", "av", "bin", "bint", "da", "das", "de", "degli", "del", "della", "den", "der",
    "des", "di", "do", "dos", "du", "e", "el", "ibn", "la", "las", "le", "los", "mac", "mc", "ni", "nic", "o", "of",
    "t", "te", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur",
];

/// Behind a surname.
const SUFFIXES: &[&str] = &["ii", "iii", "iv", "jnr", "jr", "snr", "sr"];

/// Words that are never a name, whatever stands before them.
const FUNCTION_WORDS: &[&str] = &[
    "a", "all", "an", "and", "any", "are", "as", "at", "be", "both", "but", "by", "can", "class", "do", "each", "for",
    "from", "he", "her", "his", "if", "in", "is", "it", "its", "no", "nil", "none", "not", "of", "on", "or", "our",
    "she", "so", "that", "the", "their", "then", "they", "this", "to", "was", "we", "when", "who", "will", "with",
    "you", "your",
];

/// Endings of the names of drugs, materials, operations and diseases.
const MEDICAL_ENDINGS: &[&str] = &[
    "algia",
    "amide",
    "amine",
    "ase",
    "azepam",
    "azine",
    "azole",
    "barbital",
    "caine",
    "cain",
    "cillin",
    "cycline",
    "dazole",
    "dipine",
    "dronate",
    "dronic",
    "ectomy",
    "emia",
    "aemia",
    "fene",
    "flurane",
    "floxacin",
    "gliptin",
    "gliflozin",
    "iasis",
    "idine",
    "itis",
    "lukast",
    "mab",
    "micin",
    "mycin",
    "nib",
    "olol",
    "olone",
    "ology",
    "oma",
    "onate",
    "one",
    "opathy",
    "osis",
    "oxacin",
    "parin",
    "pathy",
    "phen",
    "plasty",
    "prazole",
    "pril",
    "prine",
    "profen",
    "rrhoea",
    "rrhea",
    "sartan",
    "scopy",
    "setron",
    "sone",
    "statin",
    "tidine",
    "tomy",
    "triptan",
    "uria",
    "vir",
    "xaban",
    "zepam",
    "zolam",
    "tion",
    "ment",
    "ness",
    "graph",
    "grams",
    "gram",
    "graphy",
    "ous",
    "ity",
    "ium",
    "ide",
    "ine",
];

/// Words of which two among forty make a line German, where every noun has a capital.
const GERMAN: &[&str] = &[
    "auf", "bei", "dem", "durch", "ein", "eine", "einen", "fur", "ist", "keine", "mit", "nach", "nicht", "oder",
    "ohne", "seit", "sich", "und", "vom", "wegen", "wird", "wurde", "zum", "zur",
];

/// No name has more tokens; what goes on behind them is a name of its own.
const MAX_TOKENS: usize = 16;

/// What is asked about words.
struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    lists: &'t Lists,
    /// For each token whether its line is German.
    german: Vec<bool>,
}

pub(super) fn find(tokens: &[Token<'_>], lists: &Lists, claims: &mut Claims) {
    let reader = Reader { tokens, lists, german: german_lines(tokens) };
    let mut known: FxHashSet<&str> = FxHashSet::default();
    let mut index = 0;
    while index < tokens.len() {
        if claims.is_free(index) && reader.is_seed(claims, index) {
            let range = reader.whole(claims, index);
            for token in &tokens[range.clone()] {
                let telling = token.text.chars().count() >= 3
                    && !lists.is_word(&token.folded)
                    && !PARTICLES.contains(&token.folded.as_str());
                if token.kind == Kind::Word && telling {
                    known.insert(token.folded.as_str());
                }
            }
            index = range.end.max(index + 1);
            claims.take(tokens, range, Class::Name);
        } else {
            index += 1;
        }
    }
    for (index, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Word
            && claims.is_free(index)
            && known.contains(token.folded.as_str())
            && !eponym_follows(tokens, index + 1)
        {
            claims.take(tokens, index..index + 1, Class::Name);
        }
    }
}

fn german_lines(tokens: &[Token<'_>]) -> Vec<bool> {
    let mut german = vec![false; tokens.len()];
    let mut start = 0;
    while start < tokens.len() {
        let end = (start + 1..tokens.len()).find(|index| tokens[*index].gap == Gap::Line).unwrap_or(tokens.len());
        // Windows of forty words: one note may mix languages.
        for window in (start..end).step_by(40) {
            let range = window..end.min(window + 40);
            let count = tokens[range.clone()].iter().filter(|token| GERMAN.contains(&token.folded.as_str())).count();
            german[range].fill(count >= 2);
        }
        start = end;
    }
    german
}

impl Reader<'_, '_> {
    fn folded(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.folded.as_str())
    }

    /// The word before `at`, a full stop, colon or bracket aside.
    fn before(&self, at: usize) -> Option<usize> {
        let mut index = at.checked_sub(1)?;
        if self.tokens[at].gap == Gap::Line {
            return None;
        }
        if matches!(self.tokens[index].text, "." | ":" | "(") {
            // A full stop that ends a sentence is no part of a title.
            if self.tokens[index].is('.') && self.tokens[at].opens {
                return None;
            }
            index = index.checked_sub(1)?;
        }
        (self.tokens[index].kind == Kind::Word).then_some(index)
    }

    /// Whether no list knows the word, and it does not look like a drug or a disease.
    fn is_unknown(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let folded = token.folded.as_str();
        let medical = folded.len() >= 6
            && !token.text.contains(['\'', '’'])
            && MEDICAL_ENDINGS.iter().any(|ending| folded.ends_with(ending));
        let known = medical || self.lists.is_word(folded) || self.lists.is_term(folded) || is_brand(self.tokens, at);
        token.text.chars().count() >= 3 && !known
    }

    /// Whether the token may be part of a name beside another one.
    fn is_name_like(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            token.is_capital()
                && !FUNCTION_WORDS.contains(&token.folded.as_str())
                && (self.lists.is_name(&token.folded)
                    || (self.is_unknown(at) && (!token.is_shouted() || token.text.chars().count() >= 4)))
        })
    }

    /// Whether a name begins or goes on here for sure.
    fn is_seed(&self, claims: &Claims, at: usize) -> bool {
        let token = &self.tokens[at];
        if token.kind != Kind::Word
            || (token.gap == Gap::None && at > 0 && matches!(self.tokens[at - 1].text, "_" | "@" | "#" | "%"))
        {
            return false;
        }
        let length = token.text.chars().count();
        let folded = token.folded.as_str();
        let before = self.before(at).map(|index| self.tokens[index].folded.as_str());
        let titled = before.is_some_and(|word| TITLES.contains(&word));
        let role = before.is_some_and(|word| ROLES.contains(&word));
        let sure_role = before.is_some_and(|word| SURE_ROLES.contains(&word));
        if FUNCTION_WORDS.contains(&folded) || (eponym_follows(self.tokens, at + 1) && !titled) {
            return false;
        }
        if !token.is_capital() {
            return self.is_small_name(at, titled || sure_role);
        }
        if length == 1 {
            return self.is_initial(at);
        }
        if TITLES.contains(&folded) || self.is_heading(at) {
            return false;
        }
        if titled {
            return length >= 2
                && (!token.is_shouted() || length >= 4 || self.lists.is_name(folded) || !self.lists.is_word(folded));
        }
        let name = self.lists.is_name(folded);
        let word = self.lists.is_word(folded);
        let term = self.lists.is_term(folded);
        let beside = self.beside(at);
        let first = self.comma_given(at);
        if term && name && SUFFIXES[..3].contains(&self.folded(at + 1)) {
            return false;
        }
        if first && (name || self.is_unknown(at)) {
            return true;
        }
        // "for IAN" is the nerve.
        let preposition = matches!(before, Some("by" | "for" | "from" | "to" | "with" | "contact"));
        let short = token.is_shouted() && length <= if preposition || !name { 4 } else { 2 };
        if role && !word && !short && (name || (!term && self.is_unknown(at))) && !(term && preposition) {
            return true;
        }
        if sure_role && name && length >= 3 {
            return true;
        }
        if role && name && beside {
            return true;
        }
        let verb = VERBS.contains(&self.folded(at + 1));
        if name && !word && !term {
            return length >= 3 && (!token.is_shouted() || length >= 4 || beside);
        }
        if self.lists.is_given(folded) && length >= 3 && !token.is_shouted() {
            // "Hunter", "Grace", "Mark": a name before a surname, before what persons do, or inside a sentence.
            let inside = !token.opens && !term;
            return beside || (verb && token.opens && !term) || (inside && !self.german[at] && !self.is_shouting(at));
        }
        if name && beside && self.beside_given(at) {
            return true;
        }
        if !self.is_unknown(at) || (token.is_shouted() && length < 6) || claims.class_at(at).is_some() {
            return false;
        }
        if self.german[at] {
            return beside && !token.opens;
        }
        // "Filtek Supreme": the second word of a brand.
        if at > 0
            && token.gap == Gap::Space
            && self.lists.is_term(self.folded(at - 1))
            && !self.lists.is_name(self.folded(at - 1))
        {
            return false;
        }
        let foreign = token.text.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
        let double = self.tokens.get(at + 1).is_some_and(|hyphen| hyphen.is('-') && hyphen.gap == Gap::None)
            && self.is_name_like(at + 2);
        !token.opens || foreign || verb || beside || double
    }

    /// "fell ill with joão pinto": small letters, but a given name that is no word, before another word that is none.
    fn is_small_name(&self, at: usize, led: bool) -> bool {
        let token = &self.tokens[at];
        let folded = token.folded.as_str();
        let length = token.text.chars().count();
        let ordinary = |folded: &str| self.lists.is_word(folded) || self.lists.is_term(folded);
        if length < 3 || ordinary(folded) || PARTICLES.contains(&folded) {
            return false;
        }
        if led && self.lists.is_name(folded) {
            return true;
        }
        let next = self.tokens.get(at + 1).filter(|next| next.kind == Kind::Word && next.gap == Gap::Space);
        self.lists.is_given(folded)
            && next.is_some_and(|next| {
                matches!(
                    next.folded.as_str(),
                    "al" | "ap"
                        | "bin"
                        | "da"
                        | "de"
                        | "del"
                        | "della"
                        | "di"
                        | "dos"
                        | "el"
                        | "ibn"
                        | "st"
                        | "ten"
                        | "ter"
                        | "van"
                        | "von"
                ) || (next.text.chars().count() >= 2 && !ordinary(&next.folded) && self.lists.is_name(&next.folded))
                    || VERBS.contains(&next.folded.as_str())
            })
    }

    /// "J. Park", "M.L. Chen": a capital with a full stop before a word that may be a name.
    fn is_initial(&self, at: usize) -> bool {
        let mut index = at;
        while self.tokens.get(index).is_some_and(|token| token.is_capital() && token.text.chars().count() == 1)
            && self.tokens.get(index + 1).is_some_and(|stop| stop.is('.') && stop.gap == Gap::None)
        {
            index += 2;
            if index > at + 8 {
                return false;
            }
        }
        if index == at {
            return false;
        }
        while PARTICLES.contains(&self.folded(index)) && !self.tokens[index].is_capital() && index < at + 10 {
            index += 1;
        }
        let roman = matches!(self.folded(at), "i" | "v" | "x");
        self.tokens.get(index).is_some_and(|token| token.gap != Gap::Line && token.text.chars().count() >= 2)
            && self.is_name_like(index)
            && (!roman || self.lists.is_name(self.folded(index)))
            && !eponym_follows(self.tokens, index + 1)
            && !(self.tokens[index].is_shouted()
                && self.tokens[index].text.chars().count() <= 3
                && !self.lists.is_name(self.folded(index)))
    }

    /// Whether a word that may be a name stands before or behind.
    fn beside(&self, at: usize) -> bool {
        let behind = at + 1;
        let next = self.tokens.get(behind).is_some_and(|token| token.gap == Gap::Space && !token.opens)
            && self.tokens[behind].text.chars().count() >= 2
            && self.is_name_like(behind)
            && !self.is_heading(behind);
        let left = at.checked_sub(1).is_some_and(|left| {
            self.tokens[at].gap == Gap::Space
                && !self.tokens[at].opens
                && self.is_name_like(left)
                && !self.is_heading(left)
        });
        next || left
    }

    /// Whether one of the words beside is a given name and no word.
    fn beside_given(&self, at: usize) -> bool {
        [at.checked_sub(1), Some(at + 1)].into_iter().flatten().any(|index| {
            self.tokens.get(index).is_some_and(|token| {
                token.is_capital() && self.lists.is_given(&token.folded) && !self.lists.is_word(&token.folded)
            })
        })
    }

    /// "THISTLE, Mary": a comma and a given name behind.
    fn comma_given(&self, at: usize) -> bool {
        let mut comma = at + 1;
        while self.tokens.get(comma).is_some_and(|token| {
            (token.is('-') && token.gap == Gap::None)
                || (tokens_touch(self.tokens, comma) && token.is_capital())
                || SUFFIXES.contains(&token.folded.as_str())
        }) && comma < at + 8
        {
            comma += 1;
        }
        self.tokens.get(comma).is_some_and(|comma| comma.is(','))
            && self.tokens.get(comma + 1).is_some_and(|given| given.is_capital() && self.lists.is_given(&given.folded))
    }

    /// Whether the words around are all capitals: then capitals say nothing.
    fn is_shouting(&self, at: usize) -> bool {
        let around = &self.tokens[at.saturating_sub(6)..self.tokens.len().min(at + 7)];
        let words = around.iter().filter(|token| token.kind == Kind::Word && token.text.chars().count() > 3);
        let (shouted, all) =
            words.fold((0, 0), |(shouted, all), token| (shouted + usize::from(token.is_shouted()), all + 1));
        all > 3 && shouted * 2 > all
    }

    /// A word before a colon at the start of a sentence is a heading: "Examination:", "Ortho:".
    fn is_heading(&self, at: usize) -> bool {
        self.tokens[at].opens
            && self.tokens.get(at + 1).is_some_and(|colon| colon.is(':') && colon.gap == Gap::None)
            && !self.lists.is_given(self.folded(at))
    }

    /// The whole name around a word of it.
    fn whole(&self, claims: &Claims, seed: usize) -> Range<usize> {
        let mut start = seed;
        while let Some(left) = self.left(claims, start).filter(|left| seed - left < MAX_TOKENS) {
            start = left;
        }
        let mut end = seed + 1;
        if self.tokens[seed].text.chars().count() == 1 {
            end = self.right(claims, start, seed + 1).unwrap_or(end);
        }
        while let Some(right) = self.right(claims, start, end).filter(|right| right - start < MAX_TOKENS) {
            end = right;
        }
        start..end
    }

    fn left(&self, claims: &Claims, start: usize) -> Option<usize> {
        let at = start.checked_sub(1).filter(|at| claims.is_free(*at))?;
        let (token, first) = (&self.tokens[at], &self.tokens[start]);
        if first.opens || first.gap == Gap::Line {
            return None;
        }
        if first.gap == Gap::None {
            // "al-", "d'", "Brown-".
            let hyphen = matches!(token.text, "-" | "‑") && token.gap == Gap::None;
            if hyphen {
                let word = at.checked_sub(1).filter(|at| claims.is_free(*at))?;
                return (self.tokens[word].kind == Kind::Word).then_some(word);
            }
            if token.is('.') && token.gap == Gap::None {
                let initial = at.checked_sub(1).filter(|at| claims.is_free(*at))?;
                let single = self.tokens[initial].is_capital() && self.tokens[initial].text.chars().count() == 1;
                return single.then_some(initial);
            }
            if matches!(token.text, "'" | "’") && first.folded == "t" {
                return Some(at);
            }
            return None;
        }
        if token.is('.') && token.gap == Gap::None {
            let initial = at.checked_sub(1).filter(|at| claims.is_free(*at))?;
            let word = &self.tokens[initial];
            let saint = word.is_capital() && matches!(word.folded.as_str(), "st" | "ste");
            let single = word.is_capital() && word.text.chars().count() == 1;
            return (saint || single).then_some(initial);
        }
        if token.kind != Kind::Word {
            return None;
        }
        let folded = token.folded.as_str();
        let shouted = token.is_shouted() && first.is_shouted() && self.is_unknown(at) && !self.is_heading(at);
        let capital_name = token.is_capital()
            && !shouted
            && !TITLES.contains(&folded)
            && !FUNCTION_WORDS.contains(&folded)
            && (self.lists.is_given(folded) || !ROLES.contains(&folded))
            && token.text.chars().count() >= 2
            && (self.lists.is_given(folded) || (self.is_name_like(at) && !(token.opens && self.lists.is_word(folded))))
            && !(token.opens && VERBS.contains(&folded));
        let particle = PARTICLES.contains(&folded)
            && !matches!(folded, "of" | "e" | "o" | "do" | "y" | "am")
            && (!token.opens
                || token.is_capital()
                || matches!(folded, "von" | "van" | "ten" | "de" | "ap" | "al" | "dos" | "da" | "di"))
            && (!matches!(folded, "des" | "del" | "den" | "der" | "das" | "du" | "le" | "la" | "de")
                || self.particle_belongs(at));
        let particle =
            particle || matches!(folded, "mac" | "mc" | "saint" | "st" | "ben" | "bar") && token.is_capital();
        (capital_name || shouted || particle).then_some(at)
    }

    /// "de la" in the middle of a name: a capital word or another particle before it, or nothing that the article could belong to.
    fn particle_belongs(&self, at: usize) -> bool {
        !self.german[at]
            && at.checked_sub(1).is_some_and(|left| {
                self.tokens[left].kind == Kind::Mark
                    || self.tokens[left].is_capital()
                    || ROLES.contains(&self.folded(left))
                    || PARTICLES.contains(&self.folded(left))
                    || TITLES.contains(&self.folded(left))
            })
    }

    fn right(&self, claims: &Claims, start: usize, end: usize) -> Option<usize> {
        let next = self.tokens.get(end).filter(|next| next.gap != Gap::Line && claims.is_free(end))?;
        let last = &self.tokens[end - 1];
        if next.gap == Gap::None {
            let joined = |at: usize| {
                self.tokens
                    .get(at)
                    .is_some_and(|word| word.gap == Gap::None && word.kind == Kind::Word && claims.is_free(at))
            };
            if matches!(next.text, "-" | "‑") && joined(end + 1) {
                return Some(end + 2);
            }
            let abbreviated = last.is_capital()
                && (last.text.chars().count() == 1 || matches!(last.folded.as_str(), "st" | "ste" | "jr" | "sr"))
                || last.folded == "st";
            if next.is('.') && abbreviated {
                let goes_on = self
                    .tokens
                    .get(end + 1)
                    .is_some_and(|word| !word.opens && word.gap != Gap::Line && word.kind == Kind::Word);
                return goes_on.then_some(end + 1);
            }
            // "M.L. Chen" and "J.-P. Martin".
            if last.is('.') && next.kind == Kind::Word {
                return Some(end + 1);
            }
            if next.is(',') && self.surname_first(start, end) {
                return Some(end + 2);
            }
            return None;
        }
        if next.opens {
            return None;
        }
        if matches!(next.text, "'" | "’") && self.folded(end + 1) == "t" {
            return Some(end + 2);
        }
        if next.kind != Kind::Word {
            return None;
        }
        let folded = next.folded.as_str();
        let small = !self.tokens[start..end].iter().any(Token::is_capital);
        if PARTICLES.contains(&folded) && !(next.is_capital() && self.is_name_like(end) && !self.is_name_like(end + 1))
        {
            let mut at = end + 1;
            while at < end + 3
                && (PARTICLES.contains(&self.folded(at))
                    || self.tokens.get(at).is_some_and(|mark| matches!(mark.text, "-" | "'" | "’")))
            {
                at += 1;
            }
            let closes = self.tokens.get(at).is_some_and(|word| word.gap != Gap::Line && !word.opens)
                && (self.is_name_like(at) || (small && self.lists.is_name(self.folded(at))))
                && !matches!(folded, "of");
            return closes.then_some(at + 1);
        }
        if SUFFIXES.contains(&folded) && (next.is_shouted() || folded.len() == 2) {
            return Some(end + 1);
        }
        if small {
            let surname = folded == "st"
                || !self.lists.is_word(folded) && self.lists.is_name(folded) && next.text.chars().count() >= 2;
            return surname.then_some(end + 1);
        }
        if !next.is_capital()
            || FUNCTION_WORDS.contains(&folded)
            || (ROLES.contains(&folded) && !self.lists.is_name(folded))
        {
            return None;
        }
        let single = next.text.chars().count() == 1;
        let saint = matches!(folded, "st" | "ste" | "van" | "mac" | "mc" | "saint");
        let qualification = next.is_shouted() && next.text.chars().count() <= 4 && !self.lists.is_name(folded);
        let goes_on = single && self.tokens.get(end + 1).is_some_and(|stop| stop.is('.') && stop.gap == Gap::None);
        (goes_on || saint || (!single && !qualification && self.is_name_like(end))).then_some(end + 1)
    }

    /// "Núñez, Inés" and "FREEMAN, DeShawn": the comma belongs to the name.
    fn surname_first(&self, start: usize, end: usize) -> bool {
        let Some(given) = self.tokens.get(end + 1).filter(|given| given.is_capital() && given.gap == Gap::Space) else {
            return false;
        };
        // Not behind a given name: "Zsófia, Tom and I".
        let already =
            end - start > 1 && self.lists.is_given(self.folded(start)) && !PARTICLES.contains(&self.folded(start));
        let shouted = self.tokens[start..end].iter().any(Token::is_shouted) && !given.is_shouted();
        !already
            && given.text.chars().count() >= 2
            && !self.lists.is_place(&given.folded)
            && (self.lists.is_given(&given.folded) || (shouted && self.is_unknown(end + 1)))
    }
}

fn tokens_touch(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].gap == Gap::None
}

/// A capital inside a word ("SonicFill") or a sign behind it ("Xyz®") makes a brand; "McCoy" and "MacLeod" are none.
fn is_brand(tokens: &[Token<'_>], at: usize) -> bool {
    let text = tokens[at].text;
    let signed = tokens.get(at + 1).is_some_and(|sign| sign.gap == Gap::None && matches!(sign.text, "®" | "™"));
    let prefix = ["Mc", "Mac", "De", "Di", "La", "Le", "Van", "Fitz", "O'", "D'", "L'", "O’", "D’", "d'", "d’"]
        .iter()
        .any(|prefix| text.starts_with(prefix));
    let mut small = false;
    let inner = text.chars().any(|c| {
        small |= c.is_lowercase();
        small && c.is_uppercase()
    });
    signed || (inner && !prefix)
}
