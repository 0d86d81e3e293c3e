//! Drug names: the international one, with the US name in brackets at first mention where it is another word.

use crate::data::findings::{Findings, Place};

/// International names and their US counterparts.
const PAIRS: &[(&str, &str)] = &[
    ("adrenaline", "epinephrine"),
    ("paracetamol", "acetaminophen"),
    ("salbutamol", "albuterol"),
    ("glyceryl trinitrate", "nitroglycerin"),
    ("chlorphenamine", "chlorpheniramine"),
];
/// Names that are not used.
const OLD: &[(&str, &str)] =
    &[("lignocaine", "lidocaine"), ("frusemide", "furosemide"), ("amoxycillin", "amoxicillin")];

/// Checks the drug names of a passage.
pub(super) fn check(id: &str, text: &str, place: &Place, findings: &mut Findings) {
    let lowered = text.to_lowercase();
    for (name, us) in PAIRS {
        if let Some((_, behind)) = lowered.split_once(name)
            && !behind.starts_with(&format!(" ({us})"))
            && !lowered.contains(us)
        {
            findings.warning(
                place,
                "name",
                format!("{id}: `{name}` without its US name; write `{name} ({us})` at first mention"),
            );
        }
    }
    for (old, name) in OLD {
        if lowered.contains(old) {
            findings.error(place, "name", format!("{id}: `{old}` is not used any more; write `{name}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_counterparts() {
        let place = Place { file: "knowledge/emerg.jsonl".into(), line: 1 };
        for (text, expected) in [
            ("Give adrenaline (epinephrine) now. Adrenaline is repeated.", ""),
            ("Adrenaline (epinephrine) is given.", ""),
            ("Epinephrine in the US is adrenaline.", ""),
            ("Give adrenaline now.", "write `adrenaline (epinephrine)`"),
            ("Paracetamol helps.", "write `paracetamol (acetaminophen)`"),
            ("Lignocaine is used.", "write `lidocaine`"),
            ("Noradrenaline (norepinephrine) is none.", ""),
        ] {
            let mut findings = Findings::default();
            check("a", text, &place, &mut findings);
            let found = findings.text();
            assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{text}: {found}");
        }
    }
}
