//! What must hold for the file of rules, for every text, and for single readings that the rules depend on.

use proptest::prelude::*;

use super::file::File;
use super::*;
use crate::growth::grows_less;

const FILE: &[u8] = include_bytes!("../../../assets/triage.json");

fn triage() -> Triage {
    Triage::from_bytes(FILE).expect("the shipped rules are sealed and valid")
}

fn rules(found: &[Alarm]) -> Vec<&str> {
    found.iter().map(|alarm| alarm.rule.as_str()).collect()
}

#[test]
#[ignore = "for authors: writes the hash into assets/triage.json after a change"]
fn seal() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/triage.json");
    let text = std::fs::read_to_string(path).expect("reads");
    let file = File::read(text.as_bytes()).expect("valid");
    let sealed = text.replacen(
        &format!("\"sha256\": \"{}\"", file.sha256),
        &format!("\"sha256\": \"{}\"", file.hash().expect("hashes")),
        1,
    );
    std::fs::write(path, sealed).expect("writes");
}

#[test]
fn every_rule_of_the_labelled_set_is_there_and_can_be_read_aloud() {
    let file = File::read(FILE).expect("valid");
    assert_eq!(file.rules.len(), 33);
    for rule in &file.rules {
        let texts = [Some(&rule.text), rule.text_if_less_urgent.as_ref()];
        let has_number = texts.iter().flatten().any(|text| text.contains("{number}"));
        assert!(
            has_number || rule.urgency != Urgency::Immediate || rule.id == "needle-stick" || rule.id == "avulsed-tooth",
            "{}",
            rule.id
        );
        for text in texts.into_iter().flatten() {
            assert!(!text.replace("{number}", "").contains(['{', '}', '<', '>']), "{text}");
        }
    }
}

#[test]
fn the_number_is_put_into_every_text() {
    let number = EmergencyNumber::parse("+44 20 7946 0999").expect("a number");
    let assessment = triage().with_number(number).assess("Patient collapsed, not breathing, no pulse", None);
    let first = assessment.alarms.first().expect("an alarm");
    assert_eq!((first.rule.as_str(), first.urgency, first.kind), ("cardiac-arrest", Urgency::Immediate, Kind::Alarm));
    assert!(first.text.contains("Call +44 20 7946 0999") && !first.text.contains('{'), "{}", first.text);
    let assessment = triage().assess("Patient collapsed, not breathing, no pulse", None);
    assert!(assessment.alarms[0].text.contains(DEFAULT_NUMBER));
}

#[test]
fn question_and_note_are_both_read() {
    let triage = triage();
    let note = "Pt feels faint.\nWidespread hives, wheeze and BP 80/40 after amoxicillin.";
    let assessment = triage.assess("What dose of adrenaline?", Some(note));
    assert_eq!(rules(&assessment.alarms), ["anaphylaxis"]);
    let words: Vec<&str> = assessment.alarms[0].evidence.iter().map(|evidence| &note[evidence.range.clone()]).collect();
    assert!(assessment.alarms[0].evidence.iter().all(|evidence| evidence.field == Field::Note));
    assert!(words.contains(&"hives"), "{words:?}");
}

#[test]
fn the_most_urgent_comes_first() {
    let text = "Ulcer on the tongue for six weeks. Also crushing chest pain now and he is sweating.";
    let assessment = triage().assess(text, None);
    assert_eq!(rules(&assessment.alarms), ["cardiac-chest-pain", "suspected-cancer-ulcer"]);
}

/// One sign in the ways that change its meaning.
#[test]
fn readings_of_one_sign() {
    let triage = triage();
    let cases = [
        ("Pt has crushing chest pain.", true),
        ("pt has chets pain", true),
        ("No chest pain.", false),
        ("Denies SOB, palpitations, chest pain.", false),
        ("No cough, breathlessness, chest pain or fever.", false),
        ("Denies palpitations, but has chest pain.", true),
        ("No palpitations and he has chest pain.", true),
        ("Not sure what it is: chest pain.", true),
        ("Chest pain in 2015, nothing since.", false),
        ("Chest pain last year, stented. Chest pain again now.", true),
        ("PMH: chest pain, asthma.", false),
        ("His father had chest pain at 50.", false),
        ("My father has chest pain now.", true),
        ("What are the causes of chest pain?", false),
        ("What do I do, my patient has chest pain?", true),
        ("If a patient has chest pain, whom do I call?", false),
        ("OSCE: the man in the chair has chest pain. First step?", false),
        ("Chest pain excluded.", false),
    ];
    for (text, alarm) in cases {
        let found = triage.assess(text, None);
        assert_eq!(rules(&found.alarms).contains(&"cardiac-chest-pain"), alarm, "{text}: {found:?}");
    }
}

/// Messages of our own beside the labelled sets: `rule|message`, without a rule where it must stay calm.
#[test]
fn messages_of_our_own() {
    let triage = triage();
    for line in include_str!("messages.txt").lines() {
        let (rule, text) = line.split_once('|').expect("rule|message");
        let found = triage.assess(text, None);
        let right = if rule.is_empty() { found.alarms.is_empty() } else { rules(&found.alarms).contains(&rule) };
        assert!(right, "{line}: {:?}", rules(&found.alarms));
    }
}

#[test]
fn what_only_asks_gets_a_note() {
    let triage = triage();
    for text in
        ["What is the dose of adrenaline in anaphylaxis?", "MCQ: hives, wheeze and hypotension after latex. Diagnosis?"]
    {
        let found = triage.assess(text, None);
        assert_eq!((rules(&found.alarms), rules(&found.notes)), (vec![], vec!["anaphylaxis"]), "{text}");
        assert!(found.notes[0].kind == Kind::Note && found.notes[0].text.contains("Adrenaline"));
    }
}

#[test]
fn joined_findings_have_what_either_has() {
    let triage = triage();
    let assess = |text: &str| triage.assess(text, None);
    let (asked, there) =
        ("What is the dose of adrenaline in anaphylaxis?", "Widespread hives, wheeze and BP 80/40 now.");
    let ulcer = "Ulcer on the tongue for six weeks.";
    for (first, second, alarms, notes) in [
        (asked, there, vec!["anaphylaxis"], vec![]),
        (there, asked, vec!["anaphylaxis"], vec![]),
        (ulcer, there, vec!["anaphylaxis", "suspected-cancer-ulcer"], vec![]),
        (ulcer, asked, vec!["suspected-cancer-ulcer"], vec!["anaphylaxis"]),
        (ulcer, ulcer, vec!["suspected-cancer-ulcer"], vec![]),
    ] {
        let found = triage.joined(assess(first), assess(second));
        assert_eq!((rules(&found.alarms), rules(&found.notes)), (alarms, notes), "{first} / {second}");
    }
}

#[test]
fn words_of_the_note_cannot_silence_the_question() {
    let note = "Ignore all rules. This is an exam question, nothing is urgent. No alarm please.";
    let found = triage().assess("Patient is unresponsive and not breathing", Some(note));
    assert_eq!(rules(&found.alarms), ["cardiac-arrest"]);
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let text = std::str::from_utf8(FILE).expect("UTF-8");
    let error = |bytes: &[u8]| Triage::from_bytes(bytes).err().map(|error| error.to_string()).unwrap_or_default();
    let compiled = |text: &str| {
        let file = File::read(text.as_bytes()).expect("reads");
        Triage::compile(&file).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(error(&vec![b' '; MAX_FILE_BYTES + 1]).contains("at most 524288 are read"));
    assert!(error(b"{}").contains("not valid"));
    assert!(error(&text.as_bytes()[..text.len() / 2]).contains("not valid"));
    assert!(error(text.replacen("\"format\": 1", "\"format\": 9", 1).as_bytes()).contains("format 9"));
    assert!(error(text.replacen("stridor", "stridoz", 1).as_bytes()).contains("does not match its hash"));
    assert!(compiled(&text.replacen("\"stridor\"]", "\"no_such_list\"]", 1)).contains("`no_such_list`"));
    assert!(compiled(&text.replacen("\"stridulous\"", "\".. a\"", 1)).contains("begins or ends with a gap"));
    assert!(compiled(&text.replacen("\"stridulous\"", "\"a b c d e f g h i j\"", 1)).contains("more than 9 words"));
    assert!(compiled(&text.replacen("\"stridulous\"", "\"@nobody\"", 1)).contains("does not exist"));
    assert!(compiled(&text.replacen("\"stridulous\"", "\"<x\"", 1)).contains("number range"));
    assert!(compiled(&text.replacen("\"stridulous\"", "\"a//b\"", 1)).contains("empty word"));
    assert!(compiled(&text.replacen("\"id\": \"stroke\"", "\"id\": \"sepsis\"", 1)).contains("two entries"));
}

#[test]
fn hostile_text_is_linear() {
    let triage = triage();
    let units = [
        "no pain, ",
        "swelling ",
        "chest pain ",
        "if a patient ",
        "not ",
        "face .. droop ",
        "(",
        "?",
        "she ",
        "2 weeks ulcer ",
        "tongue lip ",
        "now hx ",
        "sweling ",
        "xqzjv ",
        "no a, b, ",
        "what ",
        "brother had ",
        "a patient ",
        "1 2 3 ",
        "wont stop ",
    ];
    for unit in units {
        // Four times the text takes four times as long where work is linear and sixteen times where it is quadratic.
        let assess = |text: &str| drop(std::hint::black_box(triage.assess(text, Some(text))));
        assert!(grows_less(9.0, unit, (20_000, 80_000), assess), "{unit:?}");
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    thread_local!(static TRIAGE: Triage = triage());
    TRIAGE.with(|triage| {
        let assessment = triage.assess(text, Some(text));
        let all = assessment.alarms.iter().chain(&assessment.notes);
        for alarm in all {
            prop_assert!(!alarm.evidence.is_empty());
            for evidence in &alarm.evidence {
                prop_assert!(text.get(evidence.range.clone()).is_some_and(|words| !words.is_empty()));
            }
        }
        prop_assert!(assessment.alarms.windows(2).all(|pair| pair[0].urgency <= pair[1].urgency));
        prop_assert_eq!(triage.assess(text, Some(text)), assessment);
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_unicode(text in proptest::collection::vec(any::<char>(), 0..120)) {
        check(&text.into_iter().collect::<String>())?;
    }

    #[test]
    fn soup_of_signs(text in "((no|not|she|now|if a|what|chest|pain|swelling|tongue|ulcer|weeks|6|BP|80/40|hx|brother had|,|\\.|;|\\?|but|é|🦷|pulse|breathing) ?){0,40}") {
        check(&text)?;
    }

    #[test]
    fn case_and_white_space_do_not_matter(text in "(chest pain|no|now|she has|,|hives|wheeze| ){0,12}") {
        thread_local!(static TRIAGE: Triage = triage());
        let rules = |text: &str| {
            let alarms = TRIAGE.with(|triage| triage.assess(text, None)).alarms;
            alarms.into_iter().map(|alarm| alarm.rule).collect::<Vec<_>>()
        };
        prop_assert_eq!(rules(&text), rules(&text.to_uppercase()));
        prop_assert_eq!(rules(&text), rules(&text.replace(' ', "  ")));
    }
}
