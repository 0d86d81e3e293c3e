//! Whether a line is for the teeth, the age, the kind of drug and the heart that a question names. Words alone mislead here: "a knocked-out milk tooth" is near to
//! keeping a permanent one in milk, "a two-year-old" near to "a child of 3 to 6 years", an extraction on rivaroxaban near to one on warfarin, and
//! a prosthetic valve near to a prolapse of one.

use crate::doses::Patient;
use crate::doses::words::{listed, number, word, words};

/// Words that make a tooth a primary one, before [`TOOTH`].
const PRIMARY: &str = "primary deciduous baby milk temporary";
/// Words that make it a permanent one.
const PERMANENT: &str = "permanent adult";
/// What they stand before.
const TOOTH: &str = "tooth teeth dentition molar molars incisor incisors canine canines premolar premolars";
/// May stand between the two.
const BETWEEN: &str =
    "or and upper lower central lateral first second third maxillary mandibular anterior posterior primary permanent";
/// Behind such a tooth it is the one that is still to come, and the line is about the one that is there.
const TO_COME: &str = "germ germs bud buds successor successors";
/// Who or what a number of years is the age of.
const AGED: &str = "child children infant infants adult adults adolescent adolescents boy girl age aged ages patient patients person people those toddler toddlers teenagers";
/// Years, as they are written.
const YEARS: &str = "year years yr yrs";
/// How many words before an age say whose it is.
const NEAR: usize = 4;

/// Kinds of drugs and of heart conditions that are taken for the same and handled each in its own way: before surgery (SDCEP 2022 on bleeding, AAOMS 2022 on
/// the jaw), and for the risk of endocarditis (AHA 2021; previous endocarditis counts like a prosthetic valve). What is right for one is wrong for the next.
/// A name of several words has `_` between them. Aspirin names none in a line, which mostly speaks of it as a painkiller; see [`ASPIRIN`].
const KINDS: [&[&str]; 3] = [
    &[
        "direct_oral_anticoagulant doac doacs noac noacs apixaban rivaroxaban dabigatran edoxaban eliquis xarelto pradaxa lixiana",
        "warfarin coumadin marevan acenocoumarol phenindione",
        "antiplatelet antiplatelets clopidogrel ticagrelor prasugrel dipyridamole plavix brilique brilinta",
        "heparin lmwh enoxaparin dalteparin tinzaparin clexane",
    ],
    &[
        "bisphosphonate bisphosphonates alendronate alendronic risedronate zoledronate zoledronic ibandronate pamidronate fosamax zometa aclasta",
        "denosumab prolia xgeva",
    ],
    &[
        "prosthetic_valve prosthetic_heart_valve prosthetic_cardiac_valve artificial_valve artificial_heart_valve mechanical_valve mechanical_heart_valve mechanical_aortic_valve mechanical_mitral_valve metal_valve tissue_valve \
         bioprosthetic_valve transcatheter_valve valve_replacement replacement_valve tavi tavr previous_endocarditis previous_infective_endocarditis history_of_endocarditis \
         history_of_infective_endocarditis",
        "murmur murmurs valve_prolapse",
        "pacemaker pacemakers defibrillator defibrillators",
        "stent stents bypass_graft bypass_surgery cabg",
    ],
];
/// In a question it is what the patient takes: an antiplatelet drug.
const ASPIRIN: &str = "aspirin";

/// The teeth of which set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dentition {
    Primary,
    Permanent,
}

/// What a question says of the teeth and the patient it is about.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct About {
    dentition: Option<Dentition>,
    age_years: Option<f64>,
    /// Of each of [`KINDS`] which are named, a bit each.
    kinds: [u8; KINDS.len()],
}

impl About {
    /// Reads `question`, and the one that it `follows` for what it does not say itself; the patient in a pasted note counts last.
    #[must_use]
    pub fn read(question: &str, follows: Option<&str>, note: Option<&str>) -> About {
        let asked = [Some(question), follows].into_iter().flatten();
        About {
            dentition: asked.clone().find_map(|text| dentition(&words(text))),
            age_years: Patient::of(asked.clone().chain(note)).age_years,
            // Those of the first text that names one: a question about her apixaban is not about the warfarin she took before.
            kinds: asked
                .chain(note)
                .map(|text| kinds(&words(text), true))
                .find(|kinds| *kinds != [0; KINDS.len()])
                .unwrap_or_default(),
        }
    }

    /// Whether `line`, read with its entry's title, is only for other teeth, only for other ages, or only for other kinds of drugs or another heart. A line that names both
    /// sets, no age or no kind is for anybody.
    #[must_use]
    pub fn contradicts(&self, title: &str, line: &str) -> bool {
        if *self == About::default() {
            return false;
        }
        let words = words(&format!("{title}. {line}"));
        let teeth = self.dentition.zip(dentition(&words)).is_some_and(|(asked, found)| asked != found);
        let age = self.age_years.is_some_and(|age| {
            let ages = ages(&words);
            !ages.is_empty() && !ages.iter().any(|(from, below)| (*from..*below).contains(&age))
        });
        let other = |(asked, found): (&u8, u8)| *asked != 0 && found != 0 && asked & found == 0;
        let named = self.kinds.iter().any(|asked| *asked != 0);
        teeth || age || named && self.kinds.iter().zip(kinds(&words, false)).any(other)
    }
}

/// Which of each of [`KINDS`] `words` name, a bit each.
fn kinds(words: &[String], asked: bool) -> [u8; KINDS.len()] {
    let names = |list: &&str| list.split(' ').any(|name| stands(words, name));
    let mut found = KINDS.map(|lists| lists.iter().rev().fold(0, |bits, list| bits << 1 | u8::from(names(list))));
    if asked && words.iter().any(|word| word == ASPIRIN) {
        found[0] |= 1 << 2;
    }
    found
}

/// Whether a name of [`KINDS`] stands in `words`; one of several words also in the plural.
fn stands(words: &[String], name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    let same =
        |(word, part): (&String, &&str)| word == part || parts.len() > 1 && word.strip_suffix('s') == Some(*part);
    words.windows(parts.len()).any(|at| at.iter().zip(&parts).all(same))
}

/// The set of teeth that `words` name; none where they name both or neither.
fn dentition(words: &[String]) -> Option<Dentition> {
    let is_tooth = |at: usize| listed(TOOTH, word(words, at)) && !listed(TO_COME, word(words, at + 1));
    // "permanent tooth", "permanent lower incisor"; in "primary or permanent teeth" both.
    let names = |list: &str| {
        let stands = |at: usize| {
            let tooth = (at + 1..words.len()).find(|next| !listed(BETWEEN, word(words, *next)));
            listed(list, word(words, at)) && tooth.is_some_and(is_tooth)
        };
        (0..words.len()).any(stands)
    };
    match (names(PRIMARY), names(PERMANENT)) {
        (true, false) => Some(Dentition::Primary),
        (false, true) => Some(Dentition::Permanent),
        _ => None,
    }
}

/// Ages in years that `words` speak of, from and below.
fn ages(words: &[String]) -> Vec<(f64, f64)> {
    let mut ages = Vec::new();
    for at in 0..words.len() {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| word(words, at));
        let Some(first) = number(word(words, at)) else { continue };
        let (next, behind) = (word(words, at + 1), word(words, at + 2));
        let (last, unit) = match number(behind) {
            Some(last) if matches!(next, "to" | "and") => (Some(last), at + 3),
            _ => (None, at + 1),
        };
        let is_of_somebody = (1..=NEAR).any(|back| listed(AGED, before(back)));
        let is_age = matches!(word(words, unit + 1), "old" | "olds")
            || word(words, unit + 1) == "of" && word(words, unit + 2) == "age";
        if !listed(YEARS, word(words, unit)) || !(is_of_somebody || is_age) {
            continue;
        }
        let than = before(1) == "than";
        let onwards = matches!(word(words, unit + 1), "and" | "or")
            && matches!(word(words, unit + 2), "over" | "older" | "above");
        ages.push(match (last, before(1)) {
            (Some(last), _) => (first, last + 1.0),
            (None, "under" | "below") => (0.0, first),
            (None, _) if than && matches!(before(2), "younger" | "less") => (0.0, first),
            (None, "over" | "above" | "from") => (first, f64::INFINITY),
            (None, _) if onwards || than && matches!(before(2), "older" | "more") => (first, f64::INFINITY),
            (None, _) => (first, first + 1.0),
        });
    }
    ages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_other_teeth_are_told() {
        for (question, title, line, contradicts) in [
            (
                "a knocked-out milk tooth",
                "Storage",
                "If an avulsed permanent tooth cannot be replanted, put it in milk.",
                true,
            ),
            (
                "a knocked-out milk tooth",
                "Do not replant",
                "Do not replant an avulsed primary tooth, because the permanent tooth germ may suffer.",
                false,
            ),
            (
                "avulsed baby incisor",
                "Splinting times for permanent teeth",
                "Avulsed and replanted tooth: 2 weeks.",
                true,
            ),
            ("avulsed permanent incisor", "Do not replant", "Do not replant an avulsed primary tooth.", true),
            ("avulsed incisor", "Do not replant", "Do not replant an avulsed primary tooth.", false),
            (
                "primary molar over a permanent successor",
                "Extraction",
                "The permanent tooth germ may be damaged.",
                false,
            ),
            (
                "avulsed permanent incisor",
                "Follow-up",
                "The permanent successor to an avulsed primary incisor may erupt late.",
                true,
            ),
            ("caries in primary or permanent teeth", "Extraction", "A primary molar is extracted.", false),
            ("pulpotomy of a deciduous molar", "Pulpotomy", "Cover the pulp with calcium silicate cement.", false),
        ] {
            assert_eq!(About::read(question, None, None).contradicts(title, line), contradicts, "{question} / {line}");
        }
    }

    #[test]
    fn lines_for_other_drugs_are_told() {
        let warfarin = "For a patient on warfarin, up to three simple extractions proceed if the INR is below 4.";
        let direct =
            "Do not interrupt a direct oral anticoagulant (DOAC) for a dental procedure with a low risk of bleeding.";
        let single = "A patient on a single antiplatelet drug has extractions without interruption of the drug.";
        let denosumab = "Time an extraction late in the interval between two doses of denosumab.";
        for (question, note, line, contradicts) in [
            ("Stop her rivaroxaban?", None, warfarin, true),
            ("Stop her rivaroxaban?", None, single, true),
            ("Stop her rivaroxaban?", None, direct, false),
            ("Stop her direct oral anticoagulants?", None, single, true),
            ("INR 3, on warfarin, extraction", None, direct, true),
            ("INR 3, on warfarin, extraction", None, warfarin, false),
            ("on aspirin 75 mg, extraction", None, warfarin, true),
            ("on aspirin 75 mg, extraction", None, single, false),
            ("painkiller on warfarin", None, "Aspirin and ibuprofen are avoided with an anticoagulant.", false),
            ("extraction on an anticoagulant", None, warfarin, false),
            ("Stop her tablet?", Some("Takes Eliquis and alendronic acid."), warfarin, true),
            ("Stop her tablet?", Some("Takes Eliquis and alendronic acid."), denosumab, true),
            ("Stop her tablet?", Some("Takes Eliquis and alendronic acid."), direct, false),
            ("Stop warfarin?", Some("Had taken apixaban."), warfarin, false),
            ("warfarin to apixaban bridging", None, single, true),
            ("warfarin to apixaban bridging", None, warfarin, false),
            ("Extraction?", None, denosumab, false),
        ] {
            let about = About::read(question, None, note);
            assert_eq!(about.contradicts("Extraction", line), contradicts, "{question} {note:?} / {line}");
        }
    }

    #[test]
    fn lines_for_other_hearts_are_told() {
        let no_risk = "Mitral valve prolapse, murmurs, pacemakers, stents and bypass grafts do not need antibiotic prophylaxis before dental treatment.";
        let highest = "Prosthetic heart valves, previous infective endocarditis and certain congenital heart disease mark the highest risk.";
        let scaler = "Keep the handpiece of an ultrasonic scaler 15 cm away from a pacemaker.";
        for (question, line, contradicts) in [
            ("prosthetic heart valve, prophylaxis before scaling?", no_risk, true),
            ("prosthetic heart valve, prophylaxis before scaling?", highest, false),
            ("mechanical aortic valve and a pacemaker, prophylaxis?", no_risk, false),
            ("she had previous endocarditis, prophylaxis?", no_risk, true),
            ("prophylaxis with mitral valve prolapse?", no_risk, false),
            ("prophylaxis with mitral valve prolapse?", highest, true),
            ("coronary stents, elective extraction", no_risk, false),
            ("coronary stents, elective extraction", scaler, true),
            ("scaling with a pacemaker", scaler, false),
            ("scaling with heart disease", scaler, false),
            ("prosthetic hip joint, prophylaxis?", highest, false),
        ] {
            let about = About::read(question, None, None);
            assert_eq!(about.contradicts("Endocarditis", line), contradicts, "{question} / {line}");
        }
    }

    #[test]
    fn lines_for_other_ages_are_told() {
        for (question, line, contradicts) in [
            (
                "How much fluoride toothpaste for a two-year-old?",
                "child of 3 to 6 years, pea-sized amount: at least 1,000 ppm",
                true,
            ),
            (
                "How much fluoride toothpaste for a two-year-old?",
                "child under 3 years, smear: at least 1,000 ppm",
                false,
            ),
            (
                "How much fluoride toothpaste for a 6 year old?",
                "child of 3 to 6 years, pea-sized amount: at least 1,000 ppm",
                false,
            ),
            ("fluoride varnish for a child aged 8", "Children aged three to six years get varnish twice a year.", true),
            ("fluoride varnish for a child aged 8", "Children over 7 years old get it, too.", false),
            ("fluoride varnish for a child aged 8", "Review after 3 to 5 years.", false),
            ("fluoride varnish for a child aged 8", "It is for adults of 18 years and over.", true),
            ("fluoride varnish", "Children aged three to six years get varnish twice a year.", false),
            ("a patient of 70 years", "Patients older than 65 years need a lower dose.", false),
            ("a patient of 50 years", "Patients older than 65 years need a lower dose.", true),
        ] {
            assert_eq!(
                About::read(question, None, None).contradicts("Title", line),
                contradicts,
                "{question} / {line}"
            );
        }
        let note = Some("Girl, 2 years old.");
        assert!(About::read("How much toothpaste?", None, note).contradicts("By age", "child of 3 to 6 years: a pea"));
        assert!(
            !About::read("How much toothpaste for a child aged 4?", None, note)
                .contradicts("By age", "child of 3 to 6 years: a pea")
        );
    }

    #[test]
    fn a_follow_up_is_about_whom_it_names_itself() {
        const FIRST: Option<&str> = Some("fluoride varnish on a primary molar of a child aged 4");
        let next = About::read("and for a child aged 10?", FIRST, None);
        assert!(next.contradicts("By age", "child of 3 to 6 years: twice a year"));
        assert!(!next.contradicts("By age", "child of 8 to 12 years: twice a year"));
        assert!(next.contradicts("Sealants", "Seal a permanent molar."), "the teeth are those of the question before");
        let same = About::read("and how often?", FIRST, None);
        assert!(!same.contradicts("By age", "child of 3 to 6 years: twice a year"));
    }
}
