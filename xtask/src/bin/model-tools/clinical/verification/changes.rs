//! Faults put into true answers: each function makes one kind, from an answer that holds.

use std::rc::Rc;

use mambaformer_clinical::records::{Region, quantities};
use mambaformer_clinical::verify::{Group, Kind};
use mambaformer_model::random::Stream;

use super::gold::{Corpus, Gold, Owned, Piece};

/// A kind of fault: its name, how it is made, and whether a text that repeats its sources word for word shows it.
pub(super) struct Change {
    pub(super) name: &'static str,
    pub(super) make: fn(&Corpus, &Gold, &mut Stream) -> Option<Vec<Piece>>,
    /// The words of the answer were changed: measured for free generation as well.
    pub(super) wording: bool,
}

/// All kinds.
pub(super) const CHANGES: &[Change] = &[
    Change { name: "number changed", make: number, wording: true },
    Change { name: "unit changed", make: unit, wording: true },
    Change { name: "numbers swapped in a sentence", make: numbers_swapped, wording: true },
    Change { name: "drug changed", make: drug, wording: true },
    Change { name: "negation dropped", make: negation_dropped, wording: true },
    Change { name: "negation added", make: negation_added, wording: true },
    Change { name: "condition dropped from the words", make: condition_dropped, wording: true },
    Change { name: "population changed in the words", make: population_changed, wording: true },
    Change { name: "condition cut off with its clause", make: condition_cut, wording: false },
    Change { name: "antecedent dropped", make: antecedent_dropped, wording: false },
    Change { name: "dose beside another drug", make: dose_moved, wording: false },
    Change { name: "sentence for another group added", make: group_mixed, wording: false },
    Change { name: "sentence for another region added", make: region_mixed, wording: false },
    Change { name: "opposite sentence added", make: opposite_added, wording: false },
    Change { name: "advice taken from a note", make: advice_in_note, wording: false },
    Change { name: "general statement taken from a note", make: statement_in_note, wording: false },
];

/// Texts that hold although they were made like the faults.
pub(super) const SOUND: &[Change] = &[
    Change { name: "antecedent kept", make: antecedent_kept, wording: false },
    Change { name: "dose beside its drug", make: dose_kept, wording: false },
    Change { name: "sentence of the same group and region added", make: same_added, wording: false },
];

/// A place below `count`.
fn pick(random: &mut Stream, count: usize) -> usize {
    usize::try_from(random.next_u64() % (count.max(1) as u64)).unwrap_or(0)
}

/// The answer with the text of piece `at` changed.
fn with_text(gold: &Gold, at: usize, text: String) -> Option<Vec<Piece>> {
    (gold.pieces.get(at)?.text != text).then(|| {
        let mut pieces = gold.pieces.clone();
        pieces[at].text = text;
        pieces
    })
}

/// Applies `change` to the first cited piece that takes it, beginning at a random one.
fn anywhere(
    gold: &Gold,
    random: &mut Stream,
    mut change: impl FnMut(&str, &mut Stream) -> Option<String>,
) -> Option<Vec<Piece>> {
    let start = pick(random, gold.pieces.len());
    (0..gold.pieces.len()).map(|step| (start + step) % gold.pieces.len()).find_map(|at| {
        let piece = &gold.pieces[at];
        if piece.spans.is_empty() {
            return None;
        }
        let text = change(&piece.text, random)?;
        with_text(gold, at, text)
    })
}

/// Byte ranges of the numbers in digits that are not part of a word.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let inside = |at: usize| {
        bytes[at].is_ascii_digit()
            || matches!(bytes[at], b'.' | b',') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && inside(at) {
            at += 1;
        }
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if !letter(text[..start].chars().next_back()) && !letter(text[at..].chars().next()) {
            found.push(start..at);
        }
    }
    found
}

fn number(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    anywhere(gold, random, |text, random| {
        let numbers = numbers(text);
        let range = numbers.get(pick(random, numbers.len()))?.clone();
        let value: f64 = text[range.clone()].replace(',', "").parse().ok()?;
        let changed = [value * 10.0, value + 1.0, value * 2.0][pick(random, 3)];
        Some(format!("{}{changed}{}", &text[..range.start], &text[range.end..]))
    })
}

fn numbers_swapped(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    anywhere(gold, random, |text, _| {
        let numbers = numbers(text);
        let (first, last) = (numbers.first()?.clone(), numbers.last()?.clone());
        (text[first.clone()] != text[last.clone()]).then(|| {
            format!(
                "{}{}{}{}{}",
                &text[..first.start],
                &text[last.clone()],
                &text[first.end..last.start],
                &text[first.clone()],
                &text[last.end..]
            )
        })
    })
}

const UNITS: [(&str, &str); 14] = [
    (" mg", " mcg"),
    (" mcg", " mg"),
    (" g ", " mg "),
    (" mL", " L"),
    (" days", " weeks"),
    (" weeks", " days"),
    (" hours", " minutes"),
    (" minutes", " hours"),
    (" months", " years"),
    (" years", " months"),
    (" mm", " cm"),
    (" %", " ppm"),
    (" ppm", " %"),
    ("/kg", ""),
];

fn unit(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let start = pick(random, UNITS.len());
    anywhere(gold, random, |text, _| {
        numbers(text).iter().rev().find_map(|number| {
            let behind = &text[number.end..];
            let (from, to) = (0..UNITS.len())
                .map(|step| UNITS[(start + step) % UNITS.len()])
                .find(|(from, _)| behind.starts_with(from))?;
            Some(format!("{}{to}{}", &text[..number.end], &behind[from.len()..]))
        })
    })
}

/// The first place of `word` in `text` as a word of its own.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut from = 0;
    while let Some(at) = lower.get(from..)?.find(word) {
        let (start, end) = (from + at, from + at + word.len());
        if !letter(lower[..start].chars().next_back()) && !letter(lower[end..].chars().next()) {
            return Some(start);
        }
        from = end;
    }
    None
}

fn replaced(text: &str, word: &str, by: &str) -> Option<String> {
    let at = word_at(text, word)?;
    Some(format!("{}{by}{}", &text[..at], &text[at + word.len()..]))
}

fn drug(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let drugs = corpus.drug_words();
    let other = drugs.get(pick(random, drugs.len()))?;
    anywhere(gold, random, |text, _| {
        if word_at(text, other).is_some() {
            return None;
        }
        drugs.iter().find_map(|drug| replaced(text, drug, other))
    })
}

const NEGATIONS: [(&str, &str); 6] =
    [("do not", "do"), ("not", ""), ("never", "always"), ("cannot", "can"), ("without", "with"), ("no", "a")];

/// The sentence without its first negation.
fn affirmed(text: &str) -> Option<String> {
    NEGATIONS.iter().find_map(|(word, by)| replaced(text, word, by)).map(|text| text.replace("  ", " "))
}

/// The sentence with a negation.
fn negated(text: &str) -> Option<String> {
    [
        ("should", "should not"),
        ("must", "must not"),
        ("can", "cannot"),
        ("may", "may not"),
        ("is", "is not"),
        ("are", "are not"),
    ]
    .iter()
    .find_map(|(word, by)| replaced(text, word, by))
    .filter(|text| !text.contains("not not"))
}

fn negation_dropped(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    anywhere(gold, random, |text, _| affirmed(text))
}

fn negation_added(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    anywhere(gold, random, |text, _| negated(text))
}

fn condition_dropped(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    anywhere(gold, random, |text, _| {
        let (at, cue) = ["if", "unless", "until", "when", "except", "only"]
            .iter()
            .find_map(|cue| Some((word_at(text, cue)?, *cue)))?;
        if cue == "only" {
            return replaced(text, "only", "").map(|text| text.replace("  ", " "));
        }
        let end = text[at..].find([',', ';']).map_or(text.len() - 1, |comma| at + comma + usize::from(at == 0));
        let kept = format!("{}{}", text[..at].trim_end_matches([' ', ',']), &text[end..]);
        Some(kept.trim_start().to_owned())
    })
}

const PEOPLE: [(&str, &str); 8] = [
    ("adults", "children"),
    ("adult", "child"),
    ("children", "adults"),
    ("child", "adult"),
    ("pregnant", "healthy"),
    ("pregnancy", "health"),
    ("older", "younger"),
    ("infant", "adult"),
];

fn population_changed(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    anywhere(gold, random, |text, _| PEOPLE.iter().find_map(|(from, to)| replaced(text, from, to)))
}

/// One cited clause instead of the sentence: the text and its citation agree, the condition is gone from both.
fn condition_cut(_: &Corpus, gold: &Gold, _: &mut Stream) -> Option<Vec<Piece>> {
    gold.pieces.iter().enumerate().find_map(|(at, piece)| {
        let (source, index) = piece.whole_sentence()?;
        let range = source.sentences[index].clone();
        let sentence = &source.text[range.clone()];
        let tails = [
            ", but ",
            ", unless ",
            ", if ",
            ", except ",
            " unless ",
            " if ",
            " only ",
            " except ",
            " until ",
            " when ",
        ];
        let leads = [
            "If ",
            "When ",
            "In a ",
            "In an ",
            "In patients ",
            "For a ",
            "For patients ",
            "During ",
            "Before ",
            "In the United ",
        ];
        let tail = tails.iter().find_map(|cue| sentence.find(cue)).map(|end| range.start..range.start + end);
        let lead = leads.iter().any(|lead| sentence.starts_with(lead)).then(|| sentence.find(", ")).flatten();
        let cut = lead.map(|comma| range.start + comma + 2..range.end).or(tail)?;
        let text = source.text[cut.clone()].to_owned();
        if text.split_whitespace().count() < 3 {
            return None;
        }
        let mut pieces = gold.pieces.clone();
        pieces[at] = Piece { text, spans: vec![(Rc::clone(source), cut)] };
        Some(pieces)
    })
}

/// What may stand in front of a sentence that refers back.
const REFERRING: [&str; 12] = [
    "However, ",
    "In such a case, ",
    "For this reason, ",
    "Otherwise, ",
    "Therefore, ",
    "In these patients, ",
    "Instead, ",
    "Even so, ",
    "In that situation, ",
    "If so, ",
    "By contrast, ",
    "As a result, ",
];
/// The verbs before which a subject gives way to a pronoun.
const VERBS: [&str; 8] = [" is ", " are ", " should ", " can ", " may ", " has ", " have ", " must "];

/// A passage in which sentence `index` refers back: with a pronoun for its subject, or with words in front.
fn referring(source: &Owned, index: usize, random: &mut Stream) -> Option<Rc<Owned>> {
    let range = source.sentences.get(index)?.clone();
    let sentence = &source.text[range.clone()];
    let verb = VERBS.iter().filter_map(|verb| sentence.find(verb).map(|at| (at, *verb))).min();
    let pronoun = verb.filter(|(at, _)| *at < 60 && !sentence[..*at].contains(',')).map(|(at, verb)| {
        let pronoun =
            if verb == " are " || verb == " have " { ["They", "These"] } else { ["It", "This"] }[pick(random, 2)];
        format!("{pronoun}{}", &sentence[at..])
    });
    let changed = pronoun.filter(|_| pick(random, 2) == 0).unwrap_or_else(|| {
        let front = REFERRING[pick(random, REFERRING.len())];
        let mut chars = sentence.chars();
        let first = chars.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
        format!("{front}{first}{}", chars.as_str())
    });
    let text = format!("{}{changed}{}", &source.text[..range.start], &source.text[range.end..]);
    let made = Owned::new(&format!("{}-made", source.id), &text, source.kind, source.group, source.region);
    (made.sentences.len() == source.sentences.len()).then_some(made)
}

fn made_referring(gold: &Gold, random: &mut Stream) -> Option<(Rc<Owned>, usize)> {
    gold.pieces.iter().find_map(|piece| {
        let (source, index) = piece.whole_sentence()?;
        let quantity = !quantities(&piece.text).is_empty();
        (index > 0 && !quantity).then(|| referring(source, index, random)).flatten().map(|made| (made, index))
    })
}

fn antecedent_dropped(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let (made, index) = made_referring(gold, random)?;
    Some(vec![made.piece(index)?])
}

fn antecedent_kept(_: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let (made, index) = made_referring(gold, random)?;
    Some(vec![made.piece(index - 1)?, made.piece(index)?])
}

/// Passages of two sentences: one names a drug, the second its dose without the name.
pub(super) fn split_doses(corpus: &Corpus) -> Vec<(Rc<Owned>, String)> {
    let drugs = corpus.drug_words();
    let mut made = Vec::new();
    for source in &corpus.passages {
        for range in &source.sentences {
            let sentence = &source.text[range.clone()];
            if quantities(sentence).is_empty() {
                continue;
            }
            let named: Vec<&&str> = drugs.iter().filter(|drug| word_at(sentence, drug).is_some()).collect();
            let [drug] = named.as_slice() else { continue };
            let mut dose = sentence.to_owned();
            while let Some(next) = replaced(&dose, drug, "the drug") {
                dose = next;
            }
            let text = format!("The choice here is {drug}. {dose}");
            let passage =
                Owned::new(&format!("{}-made", source.id), &text, Kind::Passage, Group::All, Region::International);
            if passage.sentences.len() == 2 {
                made.push((passage, (**drug).to_owned()));
            }
        }
    }
    made
}

fn dose_moved(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let (made, own) = corpus.split_doses.get(pick(random, corpus.split_doses.len()))?;
    let drugs = corpus.drug_words();
    let other = gold.pieces.iter().find(|piece| {
        word_at(&piece.text, own).is_none() && drugs.iter().any(|drug| word_at(&piece.text, drug).is_some())
    })?;
    Some(vec![other.clone(), made.piece(1)?])
}

fn dose_kept(corpus: &Corpus, _: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let (made, _) = corpus.split_doses.get(pick(random, corpus.split_doses.len()))?;
    Some(vec![made.piece(0)?, made.piece(1)?])
}

/// A random sentence of a passage that `wanted` takes.
fn sentence_of(corpus: &Corpus, random: &mut Stream, wanted: impl Fn(&Owned, &str) -> bool) -> Option<Piece> {
    (0..400).find_map(|_| {
        let source = corpus.passages.get(pick(random, corpus.passages.len()))?;
        let index = pick(random, source.sentences.len());
        let piece = source.piece(index)?;
        wanted(source, &piece.text).then_some(piece)
    })
}

fn first_source(gold: &Gold) -> Option<&Rc<Owned>> {
    gold.pieces.iter().flat_map(|piece| &piece.spans).map(|(source, _)| source).find(|source| source.kind != Kind::Note)
}

fn appended(gold: &Gold, piece: Piece) -> Vec<Piece> {
    let mut pieces = gold.pieces.clone();
    pieces.push(piece);
    pieces
}

fn group_mixed(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let own = first_source(gold)?;
    let other = match own.group {
        Group::Adult | Group::OlderAdult | Group::Pregnancy => Group::Child,
        Group::Child => Group::Adult,
        Group::All => return None,
    };
    // A sentence that says itself whom it is for is no fault.
    let words = [
        "child",
        "adult",
        "infant",
        "pregnan",
        "older",
        "year",
        "month",
        "age",
        "parent",
        "bab",
        "primary",
        "paediatric",
    ];
    let added = sentence_of(corpus, random, |source, text| {
        let text = text.to_lowercase();
        source.group == other && source.region == Region::International && !words.iter().any(|word| text.contains(word))
    })?;
    Some(appended(gold, added))
}

fn region_mixed(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let own = first_source(gold)?;
    let other = match own.region {
        Region::Uk | Region::Europe => Region::Us,
        Region::Us => Region::Uk,
        Region::International => return None,
    };
    let words = [
        "United", "UK", "US", "NHS", "England", "Scotland", "American", "Brit", "Europ", "NICE", "ADA", "FDA", "Wales",
    ];
    let added = sentence_of(corpus, random, |source, text| {
        source.region == other
            && !words.iter().any(|word| text.contains(word))
            && [own.group, Group::All].contains(&source.group)
    })?;
    Some(appended(gold, added))
}

fn same_added(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    let own = first_source(gold)?;
    let own = (own.group, own.region, own.id.clone());
    let added =
        sentence_of(corpus, random, |source, _| source.group == own.0 && source.region == own.1 && source.id != own.2)?;
    Some(appended(gold, added))
}

fn opposite_added(_: &Corpus, gold: &Gold, _: &mut Stream) -> Option<Vec<Piece>> {
    let (source, text) = gold.pieces.iter().find_map(|piece| {
        let (source, _) = piece.whole_sentence()?;
        Some((source, affirmed(&piece.text).or_else(|| negated(&piece.text))?))
    })?;
    let made = Owned::new("made", &text, Kind::Passage, source.group, source.region);
    (made.sentences.len() == 1).then(|| made.piece(0)).flatten().map(|piece| appended(gold, piece))
}

/// The answer with a sentence of a passage as if it stood in the note.
fn in_note(corpus: &Corpus, gold: &Gold, random: &mut Stream, advice: bool) -> Option<Vec<Piece>> {
    let cues = ["should", "must", "never", "always", "recommended", "Give", "Use", "Avoid", "Do"];
    let sentence = sentence_of(corpus, random, |_, text| {
        text.split(|c: char| !c.is_alphanumeric()).any(|word| cues.contains(&word)) == advice
    })?;
    let made = Owned::new("note", &sentence.text, Kind::Note, Group::All, Region::International);
    (made.sentences.len() == 1).then(|| made.piece(0)).flatten().map(|piece| appended(gold, piece))
}

fn advice_in_note(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    in_note(corpus, gold, random, true)
}

fn statement_in_note(corpus: &Corpus, gold: &Gold, random: &mut Stream) -> Option<Vec<Piece>> {
    in_note(corpus, gold, random, false)
}
