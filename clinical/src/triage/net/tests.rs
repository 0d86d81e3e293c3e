//! What is refused, what a vector gives, and how a finding joins what the rules found.

use proptest::prelude::*;

use super::*;
use crate::retrieval::sealed::seal;
use crate::triage::Urgency;

const RULES: &[u8] = include_bytes!("../../../../assets/triage.json");
const SHIPPED: &[u8] = include_bytes!("../../../../assets/triage_net.json");
const ENCODER: &str = "0f";

fn triage() -> Triage {
    Triage::from_bytes(RULES).expect("the shipped rules are sealed and valid")
}

/// Two rules over three dimensions: anaphylaxis along the first, a tumour along the second.
fn text() -> String {
    let blank = "0".repeat(64);
    format!(
        r#"{{"format": 1, "sha256": "{blank}", "encoder": "{ENCODER}", "dimensions": 3, "alarm": 0.9, "note": 0.6, "rules": [
 {{"rule": "anaphylaxis", "bias": -2.0, "scale": 0.1, "weights": [100, 0, 0]}},
 {{"rule": "suspected-cancer-ulcer", "bias": -2.0, "scale": 0.1, "weights": [0, 100, -128]}}]}}"#
    )
}

fn read(text: &str) -> Result<TriageNet, NetError> {
    TriageNet::from_bytes(seal(text).expect("has a hash").as_bytes(), &triage())
}

fn finding(rule: &str, level: Level) -> NetFinding {
    NetFinding { rule: rule.to_owned(), probability: 0.95, level }
}

#[test]
fn the_shipped_net_is_for_the_shipped_encoder_and_rules() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/retriever/manifest.json");
    let manifest = std::fs::read(root).expect("the encoder's manifest");
    let net = TriageNet::from_bytes(SHIPPED, &triage()).expect("assets/triage_net.json is sealed and valid");
    net.belongs_to(&crate::integrity::sha256_hex(&manifest), 384).expect("fitted to the encoder that ships");
    assert_eq!(net.rows.len(), 33, "every rule");
    assert!(net.note < net.alarm);
}

#[test]
fn what_cannot_be_read() {
    for (from, to, expected) in [
        ("\"format\": 1", "\"format\": 2", "has format 2"),
        (
            "\"dimensions\": 3",
            "\"dimensions\": 4",
            "`weights` of rule `anaphylaxis` of the second net of triage has 3, 4 to 4",
        ),
        ("\"dimensions\": 3", "\"dimensions\": 0", "1 to 1024 are taken"),
        ("\"alarm\": 0.9", "\"alarm\": 0.5", "`alarm` of the second net of triage is 0.5, 0.6 to 1"),
        ("\"note\": 0.6", "\"note\": -1", "0 to 1 is taken"),
        ("\"bias\": -2.0", "\"bias\": -2e9", "-1000 to 1000"),
        ("\"scale\": 0.1", "\"scale\": -0.1", "0 to 1000"),
        ("[100, 0, 0]", "[200, 0, 0]", "is not valid"),
        ("\"anaphylaxis\"", "\"hiccups\"", "`hiccups`, which triage.json does not have"),
        ("\"anaphylaxis\"", "\"suspected-cancer-ulcer\"", "`suspected-cancer-ulcer` twice"),
        ("\"encoder\"", "\"decoder\"", "is not valid"),
    ] {
        let error = read(&text().replacen(from, to, 1)).expect_err(expected).to_string();
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
    let unsealed = TriageNet::from_bytes(text().as_bytes(), &triage()).expect_err("no hash").to_string();
    assert!(unsealed.contains("does not match its hash"), "{unsealed}");
    let large = TriageNet::from_bytes(&vec![b' '; MAX_FILE_BYTES + 1], &triage()).expect_err("too large").to_string();
    assert!(large.contains("at most 65536 are read"), "{large}");
}

#[test]
fn a_net_for_another_encoder_is_refused() {
    let net = read(&text()).expect("reads");
    assert!(net.belongs_to("0F", 3).is_ok());
    for (encoder, dimensions) in [("0e", 3), (ENCODER, 384)] {
        let error = net.belongs_to(encoder, dimensions).expect_err("another encoder").to_string();
        assert!(error.contains("fitted to the encoder 0f (3 dimensions)") && error.contains("fits one"), "{error}");
    }
}

/// A vector, and the rule it raises with its level.
type VectorCase<'a> = (&'a [f32], Option<(&'a str, Level)>);
/// The message, the net's finding, and the rules that are then alarms and notes.
type JoinCase<'a> = (&'a str, &'a str, Level, &'a [&'a str], &'a [&'a str]);

#[test]
fn what_a_vector_gives() {
    let net = read(&text()).expect("reads");
    let cases: [VectorCase<'_>; 8] = [
        (&[1.0, 0.0, 0.0], Some(("anaphylaxis", Level::Alarm))),
        (&[0.0, 1.0, 0.0], Some(("suspected-cancer-ulcer", Level::Alarm))),
        // The logit is 1, with e / (1 + e) = 0.73 for it.
        (&[0.3, 0.0, 0.0], Some(("anaphylaxis", Level::Note))),
        // Each alone would not be enough for a note (0.5), both together are (0.67).
        (&[0.2, 0.2, 0.0], Some(("suspected-cancer-ulcer", Level::Note))),
        (&[0.0, 0.0, 1.0], None),
        (&[0.0, 0.0, 0.0], None),
        (&[1.0, 0.0], None),
        (&[f32::NAN, 1.0, 0.0], None),
    ];
    for (vector, expected) in cases {
        let found = net.assess(vector);
        let told = found.as_ref().map(|found| (found.rule.as_str(), found.level));
        assert_eq!(told, expected, "{vector:?}: {found:?}");
    }
    let found = net.assess(&[0.3, 0.0, 0.0]).expect("a note");
    // The other rule has a logit of -2.
    let expected = (1.0_f32.exp() + (-2.0_f32).exp()) / (1.0 + 1.0_f32.exp() + (-2.0_f32).exp());
    assert!((found.probability - expected).abs() < 1e-6, "{} is not {expected}", found.probability);
}

#[test]
fn how_a_finding_joins_the_rules() {
    let triage = triage();
    let anaphylaxis = "Hives, wheeze and BP 80/40 after amoxicillin.";
    let ulcer = "Ulcer on the tongue for six weeks.";
    let asked = "What is the dose of adrenaline in anaphylaxis?";
    let cases: [JoinCase<'_>; 8] = [
        ("All calm.", "sepsis", Level::Alarm, &["sepsis"], &[]),
        ("All calm.", "sepsis", Level::Note, &[], &["sepsis"]),
        (anaphylaxis, "anaphylaxis", Level::Alarm, &["anaphylaxis"], &[]),
        (anaphylaxis, "asthma-severe", Level::Alarm, &["anaphylaxis", "asthma-severe"], &[]),
        (anaphylaxis, "jaw-fracture", Level::Alarm, &["anaphylaxis"], &[]),
        (ulcer, "sepsis", Level::Alarm, &["sepsis", "suspected-cancer-ulcer"], &[]),
        (ulcer, "sepsis", Level::Note, &["suspected-cancer-ulcer"], &[]),
        (asked, "sepsis", Level::Alarm, &[], &["anaphylaxis", "sepsis"]),
    ];
    for (text, rule, level, alarms, notes) in cases {
        let before = triage.assess(text, None);
        let mut after = before.clone();
        let changed = triage.add(&finding(rule, level), &mut after);
        let rules = |list: &[Alarm]| list.iter().map(|alarm| alarm.rule.clone()).collect::<Vec<_>>();
        assert_eq!((rules(&after.alarms), rules(&after.notes)), (rules_of(alarms), rules_of(notes)), "{text} {rule}");
        assert_eq!(changed, after != before, "{text} {rule}");
    }
    let mut assessment = Assessment::default();
    assert!(!triage.add(&finding("hiccups", Level::Alarm), &mut assessment) && assessment == Assessment::default());
}

fn rules_of(rules: &[&str]) -> Vec<String> {
    rules.iter().map(ToString::to_string).collect()
}

#[test]
fn the_text_is_that_of_the_rule() {
    let triage = triage();
    let mut net = Assessment::default();
    assert!(triage.add(&finding("anaphylaxis", Level::Alarm), &mut net));
    let rules = triage.assess("Hives, wheeze and BP 80/40 after amoxicillin.", None);
    let (added, known) = (&net.alarms[0], &rules.alarms[0]);
    assert_eq!((&added.text, &added.name, &added.source), (&known.text, &known.name, &known.source));
    assert_eq!((added.urgency, added.kind, added.found_by), (Urgency::Immediate, Kind::Alarm, FoundBy::Net));
    assert!(added.evidence.is_empty() && !added.text.contains('{'));
    assert_eq!(known.found_by, FoundBy::Rule);
}

proptest! {
    #[test]
    fn any_vector(vector in proptest::collection::vec(any::<f32>(), 0..5)) {
        let net = read(&text()).expect("reads");
        if let Some(found) = net.assess(&vector) {
            prop_assert!((0.6..=1.0).contains(&found.probability), "{}", found.probability);
            prop_assert_eq!(found.level == Level::Alarm, found.probability >= 0.9);
        }
    }

    /// Nothing that the rules found is lost, moved to another kind, or told twice; the most urgent stays first.
    #[test]
    fn nothing_is_taken_away(message in "(hives |wheeze |ulcer 6 weeks |what |if a patient |BP 80/40 |no |\\. ){0,12}", at in any::<prop::sample::Index>(), alarm in any::<bool>()) {
        thread_local!(static TRIAGE: Triage = triage());
        TRIAGE.with(|triage| {
            let before = triage.assess(&message, None);
            let mut after = before.clone();
            let rule = triage.rules[at.index(triage.rules.len())].id.clone();
            let level = if alarm { Level::Alarm } else { Level::Note };
            triage.add(&NetFinding { rule, probability: 1.0, level }, &mut after);
            for (before, after) in [(&before.alarms, &after.alarms), (&before.notes, &after.notes)] {
                let kept: Vec<Alarm> = after.iter().filter(|alarm| alarm.found_by == FoundBy::Rule).cloned().collect();
                prop_assert_eq!(&kept, before);
                prop_assert!(after.windows(2).all(|pair| pair[0].urgency <= pair[1].urgency));
            }
            let mut rules: Vec<&str> = after.alarms.iter().chain(&after.notes).map(|alarm| alarm.rule.as_str()).collect();
            rules.sort_unstable();
            prop_assert!(rules.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", rules);
            Ok(())
        })?;
    }
}
