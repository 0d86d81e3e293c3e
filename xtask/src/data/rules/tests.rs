//! Each rule, broken once: a small sound corpus, one change, and the finding it must raise.

use crate::data::corpus::Corpus;
use crate::data::dentalqa::DentalQa;
use crate::data::findings::Findings;
use crate::data::read;
use crate::data::split::{self, Split};
use crate::data::syllabus::Syllabus;

use super::check;

const PASSAGE_1: &str = r#"{"id":"perio-0001","discipline":"perio","topic":"perio/furcation","title":"Furcation and splint","text":"A furcation of class II in a lower molar responds well to regeneration in a patient who does not smoke. Amoxicillin 500 mg is taken every 8 hours for an abscess with fever in an adult. A mobile tooth is splinted for 4 weeks when it hurts on biting,| but a splint is taken off early if caries begins under it. A smoker with a furcation should hear that healing is slower than in other people.","source":{"organisation":"EFP","title":"S3 guideline","year":2020},"strength":"guideline","population":"adult","region":"Europe","updated":"2026-11","see_also":["perio-0002"],"records":["rec-perio-001"],"reviewed":null}"#;
const PASSAGE_2: &str = r#"{"id":"perio-0002","discipline":"perio","topic":"perio/mobility","title":"Mobility of teeth","text":"Mobility of grade III means that a tooth can be pressed into its socket with a light finger. Occlusal adjustment helps a tooth whose mobility rises while its attachment level stays the same. Mobility that falls after scaling shows that inflammation was the reason and not the loss of bone alone. Extraction is discussed when grade III mobility meets bone loss to the apex of the root.","source":{"organisation":"EFP","title":"S3 guideline","year":2020},"strength":"textbook","population":"adult","region":"Europe","updated":"2026-11","see_also":[],"records":[],"reviewed":null}"#;
const RECORD: &str = r#"{"id":"rec-perio-001","type":"dose","discipline":"perio","region":"UK","source":{"organisation":"FGDP","title":"Antimicrobial prescribing","year":2020},"reviewed":null,"drug":"amoxicillin","indication":"a periodontal abscess with fever","population":"adult","age_years":null,"route":"oral","dose":{"low":500,"high":null,"unit":"mg","per_kg":false},"max_single":null,"max_day":null,"interval_hours":8,"times_per_day":3,"duration_days":[5,5],"renal":null,"hepatic":null,"pregnancy":null,"interactions":[],"cautions":[]}"#;
const CLUSTER_1: &str = r#"{"id":"perio-q0001","discipline":"perio","topic":"perio/furcation","kind":"short","level":1,"tags":[],"questions":[{"style":"full","text":"Does class II furcation regenerate?"},{"style":"terse","text":"furcation II regen?"},{"style":"typo","text":"can a furcaton II be regenarated"}],"answer":[["Yes."],["perio-0001#1"]],"key_facts":[["lower molar"],["responds well"]],"forbidden":["never"]}"#;
const CLUSTER_2: &str = r#"{"id":"perio-q0002","discipline":"perio","topic":"perio/mobility","kind":"note","level":3,"tags":["multi"],"note":"perio-n01","questions":[{"style":"full","text":"What of the abscess and the loose tooth of this patient?"},{"style":"terse","text":"abscess + loose tooth, plan"},{"style":"student","text":"Explain the drug and the outlook here."}],"answer":[["rec-perio-001"],["note#2"],["perio-0001#3b"],["perio-0002#4"]],"key_facts":[["3 times a day"],["extraction"]],"forbidden":["1,500 mg"]}"#;
const PRACTICE: &str = r#"{"passage":"perio-0002","sentences":[1,3],"style":"full","text":"When is a tooth said to be loose in the third degree?"}"#;
const NOTED: &str =
    r#"{"passage":"perio-0002","sentences":[3],"style":"terse","text":"grade her mobility","note":"perio-p01"}"#;
const PRACTICE_NOTE: &str = "Seen for a loose tooth. Female, 44 years, sent by her general dentist because a lower front tooth has moved for some months and is now in the way when she bites into bread. Medical history clear, no medicines, no allergies, stopped smoking five years ago. Pockets of seven millimetres at two sites of the tooth, bleeding on probing, plaque at the gum line, calculus on the inner side. The film shows bone loss to the middle third of the root. She wishes to keep the tooth and asks how long it will last.";
const SYLLABUS: &str = "## Periodontics (`perio`)\n- furcation\n- mobility\n## Endodontics (`endo`)\n- access cavity\n";

/// The files of one discipline.
#[derive(Clone)]
struct Files {
    knowledge: String,
    records: String,
    notes: String,
    clusters: String,
    practice: String,
    practice_notes: String,
}

fn sound() -> Files {
    let note = format!("A patient came today. Tooth 36 hurts. {}", "The rest of the note goes on and on. ".repeat(16));
    Files {
        knowledge: format!("{PASSAGE_1}\n{PASSAGE_2}\n"),
        records: format!("{RECORD}\n"),
        notes: format!("{{\"id\":\"perio-n01\",\"text\":\"{}\"}}\n", note.trim()),
        clusters: format!("{CLUSTER_1}\n{CLUSTER_2}\n"),
        practice: format!("{PRACTICE}\n{NOTED}\n"),
        practice_notes: format!("{{\"id\":\"perio-p01\",\"text\":\"{PRACTICE_NOTE}\"}}\n"),
    }
}

impl Files {
    fn corpus(&self, findings: &mut Findings) -> Corpus {
        let syllabus = Syllabus::parse(SYLLABUS, findings);
        let passages = read::lines("knowledge/perio.jsonl", &self.knowledge, findings);
        let records = read::lines("records/perio.jsonl", &self.records, findings);
        let notes = read::lines("notes/perio.jsonl", &self.notes, findings);
        let clusters = read::lines("clusters/perio.jsonl", &self.clusters, findings);
        let practice = read::lines("practice/perio.jsonl", &self.practice, findings);
        let mut corpus = Corpus::new(syllabus, passages, records, notes, clusters, findings);
        corpus.practice = practice;
        corpus.practice_notes = read::lines("practice_notes/perio.jsonl", &self.practice_notes, findings);
        corpus
    }
}

fn examine(files: &Files) -> Findings {
    let mut findings = Findings::default();
    let corpus = files.corpus(&mut findings);
    let set = DentalQa::build(&corpus);
    check(&corpus, &set, &mut findings);
    findings
}

/// Which file a case changes.
#[derive(Clone, Copy)]
enum In {
    Knowledge,
    Records,
    Notes,
    Clusters,
    Practice,
    PracticeNotes,
}
use In::{Clusters, Knowledge, Notes, Practice, PracticeNotes, Records};

fn altered(file: In, from: &str, to: &str) -> Files {
    let mut files = sound();
    let text = match file {
        Knowledge => &mut files.knowledge,
        Records => &mut files.records,
        Notes => &mut files.notes,
        Clusters => &mut files.clusters,
        Practice => &mut files.practice,
        PracticeNotes => &mut files.practice_notes,
    };
    assert!(text.contains(from), "`{from}` is not in the example");
    *text = text.replacen(from, to, 1);
    files
}

/// The file, what is replaced, by what, and the rule and a part of the message that must come of it.
type Case = (In, &'static str, &'static str, &'static str, &'static str);

fn each_is_found(cases: &[Case]) {
    for (file, from, to, rule, expected) in cases {
        let findings = examine(&altered(*file, from, to));
        let text = findings.text();
        let found = text.lines().any(|line| line.contains(&format!("[{rule}]")) && line.contains(expected));
        assert!(found, "`{from}` to `{to}` must raise [{rule}] with `{expected}`, not:\n{text}");
    }
}

#[test]
fn a_sound_corpus_has_no_findings() {
    assert_eq!(examine(&sound()).text(), "");
}

#[test]
fn passages() {
    each_is_found(&[
        (Knowledge, "\"strength\":\"guideline\"", "\"strength\":\"certain\"", "schema", "unknown variant `certain`"),
        (Knowledge, "\"updated\":\"2026-11\",", "", "schema", "missing field `updated`"),
        (Knowledge, "\"updated\"", "\"date\"", "schema", "unknown field `date`"),
        (Knowledge, "\"2026-11\"", "\"2026-13\"", "field", "`updated` is `2026-13`"),
        (Knowledge, "\"year\":2020", "\"year\":1020", "field", "`source.year` is 1020"),
        (Knowledge, "\"title\":\"S3 guideline\"", "\"title\":\"\"", "field", "`source.title` is empty"),
        (
            Knowledge,
            "perio-0002\",\"discipline",
            "perio-0001\",\"discipline",
            "id",
            "is taken by data/knowledge/perio.jsonl:1",
        ),
        (Knowledge, "perio-0001\",\"discipline", "perio-1\",\"discipline", "id", "has the form `perio-0001`"),
        (Knowledge, "\"discipline\":\"perio\"", "\"discipline\":\"endo\"", "id", "`discipline` is `endo`"),
        (Knowledge, "perio/furcation", "perio/furcations", "topic", "did you mean `perio/furcation`?"),
        (Knowledge, "perio/furcation", "endo/access-cavity", "topic", "is none of `perio`"),
        (Knowledge, "[\"perio-0002\"]", "[\"perio-0009\"]", "reference", "`perio-0009` in `see_also` does not exist"),
        (Knowledge, "[\"perio-0002\"]", "[\"perio-0001\"]", "reference", "is the passage itself"),
        (Knowledge, "[\"rec-perio-001\"]", "[\"rec-perio-009\"]", "reference", "`rec-perio-009` in `records`"),
        (Knowledge, "A furcation of class II", "It", "dangling", "perio-0001#1 begins with `It`"),
        (Knowledge, "A smoker", "These people: a smoker", "dangling", "perio-0001#4 begins with `These`"),
        (Knowledge, "biting,|", "biting|", "marks", "does not stand behind a comma"),
        (
            Knowledge,
            "Mobility of grade III means",
            "Mobility, e.g. of grade III, means",
            "abbreviation",
            "`e.g.`; write `for example`",
        ),
        (
            Knowledge,
            "Mobility of grade III means that a tooth can be pressed into its socket with a light finger. Occlusal adjustment helps a tooth whose mobility rises while its attachment level stays the same. ",
            "",
            "length",
            "2 sentences, a passage has 3 to 8",
        ),
        (
            Knowledge,
            "with a light finger. Occlusal adjustment helps a tooth whose mobility rises while its attachment level stays the same.",
            "now.",
            "length",
            "words, a passage has 50 to 160",
        ),
        (
            Knowledge,
            " of class II in a lower molar responds well to regeneration in a patient who does not smoke",
            " heals",
            "sentence",
            "perio-0001#1 has 3 words",
        ),
        (Knowledge, "than in other people.", "than in other people", "sentence", "perio-0001#4 has no full stop"),
        (Knowledge, "Mobility that", "mobility  that", "text", "repeated or invisible white space"),
        (Knowledge, "for 4 weeks", "for 4-6 weeks", "display", "write `4 to 6`"),
        (Knowledge, "Amoxicillin 500 mg", "Amoxicillin 500mg", "display", "write `500 mg`"),
        (Knowledge, "Amoxicillin 500 mg", "Amoxicillin 250 mg", "dose", "the dose `250 mg` is not in rec-perio-001"),
        (Knowledge, "A smoker", "Paracetamol helps, and a smoker", "name", "write `paracetamol (acetaminophen)`"),
        (
            Knowledge,
            "\"records\":[\"rec-perio-001\"]",
            "\"records\":[]",
            "dose",
            "the dose `500 mg` stands in no record",
        ),
    ]);
}

#[test]
fn records_and_notes() {
    each_is_found(&[
        (Records, "rec-perio-001", "rec-endo-001", "id", "has the form `rec-perio-001`"),
        (Records, "\"low\":500", "\"low\":0", "record", "`dose` is 0, it must be above 0"),
        (Records, "\"unit\":\"mg\"", "\"unit\":\"ug\"", "schema", "unknown variant `ug`"),
        (Records, "\"cautions\":[]", "\"cautions\":[\"stop at .5 of it\"]", "display", "`.5` has no leading zero"),
        (Notes, "The rest of the note goes on and on.", "", "length", "a note has 150 to 1500"),
        (Notes, "perio-n01", "perio-n1", "id", "has the form `perio-n01`"),
        (Notes, "perio-n01", "perio-n02", "unused", "no cluster asks about this note"),
    ]);
}

#[test]
fn clusters() {
    each_is_found(&[
        (Clusters, "\"level\":1", "\"level\":4", "field", "`level` is 4"),
        (Clusters, "\"kind\":\"short\"", "\"kind\":\"note\"", "note", "`note` is missing"),
        (Clusters, "\"kind\":\"note\"", "\"kind\":\"short\"", "note", "kind is \"short\""),
        (Clusters, "\"note\":\"perio-n01\"", "\"note\":\"perio-n09\"", "note", "there is no note `perio-n09`"),
        (Clusters, "\"tags\":[]", "\"tags\":[\"multi\"]", "tag", "the answer has 1"),
        (Clusters, "\"tags\":[\"multi\"]", "\"tags\":[]", "tag", "no tag `multi`"),
        (Clusters, "\"tags\":[]", "\"tags\":[\"new\"]", "schema", "unknown variant `new`"),
        (
            Clusters,
            "{\"style\":\"terse\",\"text\":\"furcation II regen?\"},",
            "",
            "question",
            "2 questions, a cluster has 3 to 4",
        ),
        (Clusters, "\"style\":\"typo\"", "\"style\":\"full\"", "question", "2 styles"),
        (Clusters, "furcation II regen?", "furc?", "question", "has 5 characters"),
        (Clusters, "furcation II regen?", "Does class II furcation regenerate", "question", "stands there twice"),
        (
            Clusters,
            "furcation II regen?",
            "abscess + loose tooth - plan",
            "question",
            "is a question of perio-q0001, too",
        ),
        (Clusters, "[\"perio-0001#1\"]", "[\"perio-0001#9\"]", "answer", "the passage has 4 sentences"),
        (Clusters, "[\"perio-0001#1\"]", "[\"perio-0001#1b\"]", "answer", "has 0 marked clauses"),
        (Clusters, "[\"perio-0001#1\"]", "[\"perio-0009#1\"]", "answer", "there is no passage `perio-0009`"),
        (Clusters, "[\"perio-0001#1\"]", "[\"perio-0001\"]", "answer", "names a whole passage"),
        (
            Clusters,
            "[\"perio-0001#1\"]",
            "[\"perio-0001#1\"],[\"perio-0001#1\"]",
            "answer",
            "copies the same sentence twice",
        ),
        (Clusters, "[\"perio-0001#1\"]", "[\"note#1\"]", "answer", "the cluster has no note"),
        (Clusters, "[\"perio-0001#1\"]", "[\"Perhaps.\",\"perio-0001#1\"]", "answer", "is neither a reference"),
        (Clusters, "[\"perio-0001#1\"]", "[\"perio-0001#1\",\"Yes.\"]", "answer", "is an opening"),
        (Clusters, "[\"perio-0001#1\"]", "[\"but\",\"perio-0001#1\"]", "answer", "has nothing on one side"),
        (
            Clusters,
            "[\"perio-0001#1\"]",
            "[\"perio-0001#4\",\"and\",\"perio-0001#1\"]",
            "answer",
            "is a whole sentence inside a sentence",
        ),
        (
            Clusters,
            "[\"perio-0001#1\"]",
            "[\"perio-0001#3a\",\"but\",\"perio-0001#3b\"]",
            "answer",
            "`but but` stands in the answer",
        ),
        (Clusters, "[\"rec-perio-001\"]", "[\"rec-perio-001#2\"]", "answer", "the record has 1 entries"),
        (Clusters, "[\"note#2\"],", "[\"note#2\"],[\"note#1\"],", "answer", "5 sentences, an answer has 1 to 4"),
        (
            Clusters,
            "[\"lower molar\"]",
            "[\"upper molar\",\"canine\"]",
            "key_fact",
            "no wording of the key fact `upper molar` / `canine`",
        ),
        (Clusters, "[\"lower molar\"]", "[\"of the\"]", "key_fact", "says nothing"),
        (
            Clusters,
            "[\"lower molar\"]",
            "[\"in a lower molar responds well to regeneration\"]",
            "key_fact",
            "has 8 words",
        ),
        (Clusters, "\"never\"", "\"Regeneration\"", "forbidden", "is in the answer"),
        (Clusters, "[\"never\"]", "[]", "forbidden", "0 forbidden strings"),
    ]);
}

#[test]
fn repetition_is_warned_about() {
    each_is_found(&[
        (
            Records,
            "\"title\":\"Antimicrobial prescribing\"",
            "\"title\":\"S3 Guideline\"",
            "source",
            "from `FGDP` here and from `EFP` in 2 places",
        ),
        (Knowledge, "\"year\":2020", "\"year\":2019", "source", "of `2019` here"),
    ]);
    each_is_found(&[(
        Knowledge,
        "Mobility of grade III means that a tooth can be pressed into its socket with a light finger.",
        "A smoker with a furcation should hear that healing is slower than in other people.",
        "same_sentence",
        "perio-0002#1 is word for word perio-0001#4",
    )]);
    let mut files = sound();
    files.knowledge.push_str(&PASSAGE_1.replace("perio-0001", "perio-0003").replace("smoker", "person who smokes"));
    let text = examine(&files).text();
    assert!(text.contains("[near_passage]: perio-0003 shares"), "{text}");
    let mut files = sound();
    files.clusters.push_str(
        &CLUSTER_1.replace("perio-q0001", "perio-q0003").replace("furcation regenerate", "furcation really regenerate"),
    );
    let text = examine(&files).text();
    assert!(text.contains("[question]: perio-q0003"), "{text}");
}

#[test]
fn practice() {
    let twice = "\"text\":\"x\"}\n{\"passage\":\"perio-0002\",\"sentences\":[2],\"style\":\"terse\",\"text\":\"X?\"}";
    each_is_found(&[
        (Practice, "perio-0002", "perio-0009", "reference", "`perio-0009` does not exist"),
        (Practice, "[1,3]", "[1,5]", "reference", "sentences 1 to 4"),
        (Practice, "[1,3]", "[1,1]", "reference", "each at most once"),
        (Practice, "[1,3]", "[]", "reference", "`sentences` is []"),
        (Practice, "When is", "When  is", "field", "single spaces"),
        (Practice, "\"full\"", "\"loud\"", "schema", "unknown variant `loud`"),
        (
            Practice,
            "\"text\":\"When is a tooth said to be loose in the third degree?\"}",
            twice,
            "question",
            "is asked at data/practice/perio.jsonl:1",
        ),
        (Practice, "\"note\":\"perio-p01\"", "\"note\":\"perio-p02\"", "note", "no practice note `perio-p02`"),
        (Practice, ",\"note\":\"perio-p01\"", "", "unused", "no practice question asks about this note"),
        (PracticeNotes, "perio-p01", "perio-n01", "id", "in this file it has the form `perio-p01`"),
        (PracticeNotes, "Seen for", "Seen.\"}\n{\"id\":\"perio-p01\",\"text\":\"", "id", "is taken"),
        (PracticeNotes, "Seen for", "Seen.\"}\n{\"id\":\"perio-p02\",\"text\":\"", "length", "80 to 1500"),
    ]);
}

/// A note that judges is not practised on; the same question about another note is another question.
#[test]
fn practice_notes_are_their_own() {
    let mut files = sound();
    let again = NOTED.replace("perio-p01", "perio-p02");
    files.practice.push_str(&again);
    let judging = "A patient came today. Tooth 36 hurts. The rest of the note goes on and on.";
    let note = format!("{judging} {PRACTICE_NOTE}");
    let second = format!(r#"{{"id":"perio-p02","text":"{note}"}}"#);
    files.practice_notes.push_str(&second);
    for judges in [Split::Validation, Split::Test, Split::Train] {
        let corpus = files.corpus(&mut Findings::default());
        let mut set = DentalQa::build(&corpus);
        set.clusters.iter_mut().for_each(|built| built.assignment.split = judges);
        let mut findings = Findings::default();
        super::practice::check(&corpus, &set, &mut findings);
        let found = findings.text();
        assert!(!found.contains("[question]"), "{found}");
        assert_eq!(found.contains("perio-p02 shares `"), judges != Split::Train, "{found}");
    }
}

/// Against a cluster that judges: the same answer, a run of eight words, a near copy; and none of it against one that trains.
#[test]
fn practice_gives_nothing_away() {
    let held_out = (1..2_000).map(|n| format!("perio-{n:04}")).find(|id| split::is_held_out(id)).expect("some");
    let long = "after how many weeks is the splint of a loose tooth taken off again";
    let cases = [
        ("perio-0001", "[1]", "Regeneration in furcations?", Some("has the answer of perio-q0001")),
        ("perio-0001", "[1,2]", "Regeneration in furcations?", None),
        (
            "perio-0001",
            "[2]",
            "say after how many weeks is the splint of it loosened",
            Some("shares `after how many weeks is the splint of`"),
        ),
        ("perio-0001", "[2]", "furcation II regen", Some("is nearly a question of perio-q0001")),
        (held_out.as_str(), "[2]", "Something else?", Some("is held out")),
    ];
    for (passage, sentences, text, expected) in cases {
        for judges in [Split::Validation, Split::Test, Split::Train] {
            let mut files = sound();
            files.knowledge.push_str(&PASSAGE_1.replace("perio-0001", &held_out));
            files.clusters = CLUSTER_1.replace("can a furcaton II be regenarated", long);
            files.practice_notes.clear();
            files.practice =
                format!(r#"{{"passage":"{passage}","sentences":{sentences},"style":"full","text":"{text}"}}"#);
            let corpus = files.corpus(&mut Findings::default());
            let mut set = DentalQa::build(&corpus);
            set.clusters[0].assignment.split = judges;
            let mut findings = Findings::default();
            super::practice::check(&corpus, &set, &mut findings);
            let found = findings.text();
            let always = passage == held_out;
            match expected.filter(|_| always || judges != Split::Train) {
                Some(expected) => assert!(found.contains("[leak]") && found.contains(expected), "{text}: {found}"),
                None => assert_eq!(found, "", "{text}, {judges:?}"),
            }
        }
    }
}

/// What [`DentalQa::build`] cannot do wrong, done by hand: the rules do not trust it.
#[test]
fn splits_are_proved_again() {
    let held_out = (1..2_000).map(|n| format!("perio-{n:04}")).find(|id| split::is_held_out(id)).expect("some");
    let free = (1..2_000).map(|n| format!("perio-{n:04}")).find(|id| !split::is_held_out(id)).expect("some");
    let long = "how long should the flexible splint stay on it";
    let cases = [
        (&free, "Explain it", "Explain it, please", Split::Train, Split::Test, None),
        (
            &free,
            long,
            "say how long should the flexible splint stay on now",
            Split::Train,
            Split::Test,
            Some("shares `how long should the flexible splint stay on`"),
        ),
        (&free, long, "say how long should the flexible splint stay on now", Split::Test, Split::Test, None),
        (&held_out, "Explain it", "Explain it, please", Split::Test, Split::Test, None),
        (
            &held_out,
            "Explain it",
            "Explain it, please",
            Split::Validation,
            Split::Test,
            Some("in validation and its answer uses the held-out passage"),
        ),
        (
            &free,
            "Explain it",
            "what of a patient who does not smoke",
            Split::Train,
            Split::Test,
            Some("`a patient who does not smoke` is the wording"),
        ),
        (&free, "Explain it", "what of a patient who does not smoke", Split::Train, Split::Train, None),
    ];
    for (passage, first, second, first_split, second_split, expected) in cases {
        let mut files = sound();
        files.knowledge = PASSAGE_1.replace("perio-0001", passage);
        files.clusters = [("perio-q0001", first), ("perio-q0002", second)]
            .map(|(id, question)| {
                let cluster = CLUSTER_1.replace("perio-q0001", id).replace("furcation II regen?", question);
                cluster.replace("perio-0001", passage)
            })
            .join("\n");
        let mut ignored = Findings::default();
        let corpus = files.corpus(&mut ignored);
        let mut set = DentalQa::build(&corpus);
        for (built, split) in set.clusters.iter_mut().zip([first_split, second_split]) {
            built.assignment.split = split;
        }
        let mut findings = Findings::default();
        super::overlap::check(&corpus, &set, &mut findings);
        let text = findings.text();
        let proved =
            text.lines().filter(|line| line.contains("[leak]") || line.contains("[taken_over]")).collect::<Vec<_>>();
        match expected {
            Some(expected) => assert!(proved.iter().any(|line| line.contains(expected)), "{expected}: {text}"),
            None => assert!(proved.is_empty(), "{proved:?}"),
        }
    }
}

/// A word, a number and a source that [`DentalQa::build`] would never write.
#[test]
fn answers_are_proved_grounded_again() {
    let cases: [(usize, &str, &str, Option<&str>); 5] = [
        (0, "lower molar", "lower molar", None),
        (0, "lower molar", "upper molar", Some("sentence 2 says `upper`, which perio-0001 does not hold")),
        (1, "500 mg", "750 mg", Some("sentence 1 says `750`, which rec-perio-001 does not hold")),
        (1, "Tooth 36", "Tooth 46", Some("sentence 2 says `46`, which note does not hold")),
        (1, "Tooth 36", "so tooth 36", None),
    ];
    for (cluster, from, to, expected) in cases {
        let corpus = sound().corpus(&mut Findings::default());
        let mut set = DentalQa::build(&corpus);
        for sentence in &mut set.clusters[cluster].answer.sentences {
            sentence.text = sentence.text.replace(from, to);
        }
        let mut findings = Findings::default();
        super::grounded::check(&corpus, &set, &mut findings);
        let text = findings.text();
        assert!(expected.map_or(text.is_empty(), |expected| text.contains(expected)), "{to}: {text}");
    }
}
