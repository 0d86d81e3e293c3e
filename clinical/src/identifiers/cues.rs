//! Words that say what number follows: "policy", "plate", "Patientenakte".

use super::Class;
use super::token::{Gap, Kind, Token};

/// A word before a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cue {
    /// What it announces.
    pub class: Class,
    /// How many words stand between, apart from "no.", "is" and the like.
    pub distance: usize,
}

/// How far a cue is looked for, in tokens.
const REACH: usize = 18;

/// Words between a cue and its number that say nothing.
const FILLERS: &[&str] = &[
    "a", "and", "as", "at", "code", "codes", "for", "id", "in", "is", "n", "new", "no", "nos", "nr", "num", "number",
    "numbers", "numero", "of", "on", "one", "quoted", "quotes", "read", "reads", "ref", "the", "to", "under", "was",
    "with",
];

/// Sorted by the word.
#[rustfmt::skip]
const CUES: &[(&str, Class)] = {
    use Class::{Account, Biometric, Device, Fax, Insurance, Licence, Mrn, OtherId, Phone, Photo, Ssn, Vehicle};
    &[
        ("abutment", Device), ("abutments", Device), ("account", Account), ("accounts", Account), ("acct", Account), ("ach", Account),
        ("akte", Mrn), ("ausweis", OtherId), ("ausweisnummer", OtherId), ("bacs", Account), ("badge", OtherId), ("bank", Account),
        ("beneficiary", Insurance), ("benefit", Ssn), ("bike", Vehicle), ("biometric", Biometric), ("booking", OtherId),
        ("cab", Vehicle), ("call", Phone), ("callback", Phone), ("car", Vehicle), ("case", OtherId), ("cell", Phone),
        ("chart", Mrn), ("chassis", Vehicle), ("chi", Mrn), ("claim", OtherId), ("contact", Phone), ("courier", OtherId),
        ("cover", Insurance), ("dea", Licence), ("debit", Account), ("device", Device), ("dossier", Mrn), ("driver", Licence), ("drivers", Licence), ("driving", Licence),
        ("ehic", Insurance), ("employee", OtherId), ("enrolled", OtherId), ("f", Fax), ("faces", Photo), ("fax", Fax), ("faxed", Fax),
        ("file", Mrn), ("fingerprint", Biometric), ("fixture", Device), ("formerly", Mrn), ("führerschein", Licence), ("fx", Fax), ("gait", Biometric),
        ("gdc", Licence), ("ghic", Insurance), ("gmc", Licence), ("graft", Device), ("gutta", Device), ("hatchback", Vehicle), ("headshot", Photo),
        ("hospital", Mrn), ("hosp", Mrn), ("iban", Account), ("identity", OtherId), ("image", Photo), ("implant", Device), ("implants", Device),
        ("inmate", OtherId), ("ins", Insurance), ("insurance", Insurance), ("insured", Insurance), ("insurer", Insurance),
        ("invoice", Account), ("iris", Biometric), ("kennzeichen", Vehicle), ("kontonummer", Account), ("landline", Phone), ("lastschrift", Account),
        ("ledger", Account), ("licence", Licence), ("license", Licence), ("line", Phone), ("lot", Device), ("lots", Device),
        ("medicaid", Insurance), ("medicare", Insurance), ("member", Insurance), ("membership", Insurance), ("membrane", Device),
        ("merged", Mrn), ("mobile", Phone), ("monitor", Device), ("motorbike", Vehicle), ("motorcycle", Vehicle), ("mrn", Mrn), ("mutuelle", Insurance),
        ("national", OtherId), ("nhs", Mrn), ("ni", Ssn), ("nino", Ssn), ("npi", Licence), ("order", OtherId), ("otherwise", Phone),
        ("p", Phone), ("pacemaker", Device), ("palm", Biometric), ("parcel", OtherId), ("parking", Vehicle), ("passport", OtherId),
        ("patient", Mrn), ("patientenakte", Mrn), ("patientennummer", Mrn), ("payer", Insurance), ("payment", Account), ("permit", Licence),
        ("ph", Phone), ("phone", Phone), ("photo", Photo), ("photograph", Photo), ("photographs", Photo), ("photos", Photo), ("picture", Photo),
        ("pictures", Photo), ("pin", Licence), ("plate", Vehicle), ("police", OtherId), ("policy", Insurance),
        ("portrait", Photo), ("processor", Device), ("prosthesis", Device), ("pump", Device), ("record", Mrn), ("records", Mrn), ("rec", Mrn),
        ("reference", OtherId), ("ref", OtherId), ("refund", Account), ("reg", Licence), ("registered", Licence), ("registration", Licence), ("reisepass", OtherId),
        ("retina", Biometric), ("ring", Phone), ("routing", Account), ("sample", OtherId), ("scooter", Vehicle), ("screw", Device),
        ("secu", Ssn), ("securite", Ssn), ("sedan", Vehicle), ("selfie", Photo), ("sensor", Device), ("serial", Device),
        ("seriennummer", Device), ("signature", Biometric), ("sn", Device), ("soc", Ssn), ("social", Ssn), ("sociale", Ssn),
        ("sozialversicherungsnummer", Ssn), ("specimen", OtherId), ("ss", Ssn), ("ssn", Ssn), ("statement", Account), ("still", Photo),
        ("stored", Mrn), ("student", OtherId), ("study", OtherId), ("subject", OtherId), ("subscriber", Insurance), ("tag", Vehicle),
        ("taxi", Vehicle), ("tel", Phone), ("telefax", Fax), ("telefon", Phone), ("telefone", Phone), ("telefono", Phone), ("telefoon", Phone),
        ("telephone", Phone), ("template", Biometric), ("text", Phone), ("thumbprint", Biometric), ("tracking", OtherId), ("trial", OtherId),
        ("udi", Device), ("van", Vehicle), ("vehicle", Vehicle), ("versichertennummer", Insurance), ("versicherung", Insurance),
        ("vin", Vehicle), ("voice", Biometric), ("voicemail", Phone), ("voiceprint", Biometric), ("warrant", OtherId),
    ]
};

/// Two words of which the first decides: "identity card", "health card", "prepayment certificate".
#[rustfmt::skip]
const PAIRS: &[(&str, &str, Class)] = {
    use Class::{Account, Insurance, Licence, Mrn, OtherId, Photo};
    &[
        ("bank", "details", Account), ("dental plan", "certificate", Insurance), ("plan", "certificate", Insurance), ("health", "card", Insurance), ("insurance", "card", Insurance),
        ("identity", "card", OtherId), ("library", "card", OtherId), ("id", "card", OtherId), ("prepayment", "certificate", OtherId), ("hc2", "certificate", OtherId),
        ("", "card", Account), ("", "certificate", Licence), ("letter", "quotes", Mrn), ("", "before", Photo), ("your", "ref", OtherId), ("our", "ref", OtherId),
        ("signed", "by", Licence), ("gait", "sample", Class::Biometric), ("voice", "sample", Class::Biometric), ("thumbprint", "file", Class::Biometric), ("fingerprint", "record", Class::Biometric), ("vein", "record", Class::Biometric), ("fingerprint", "log", Class::Biometric), ("pocket", "chart", Class::OtherId), ("fax", "line", Class::Fax), ("scan", "reference", Class::Biometric), ("face", "login", Class::Biometric), ("vial", "ref", Class::Device), ("social", "insurance", Class::Ssn), ("national", "insurance", Class::Ssn),
    ]
};

/// The cues before `at`, nearest first. They stand in the same line and sentence.
pub(super) fn all_before<'t>(tokens: &'t [Token<'t>], at: usize) -> impl Iterator<Item = Cue> + 't {
    let mut distance = 0;
    let mut index = at;
    std::iter::from_fn(move || {
        while index > 0 && at - index < REACH {
            let ends_sentence = tokens[index].opens && matches!(tokens[index - 1].text, "." | "!" | "?")
                || tokens[index].gap == Gap::Line;
            if ends_sentence {
                return None;
            }
            index -= 1;
            let token = &tokens[index];
            if token.kind != Kind::Word {
                // Another number between is as far as a word.
                distance += usize::from(token.kind != Kind::Mark);
                continue;
            }
            let here = distance;
            let cue = class(tokens, index);
            if cue.is_some() || !FILLERS.contains(&token.folded.as_str()) {
                distance += 1;
            }
            if let Some(class) = cue {
                return Some(Cue { class, distance: here });
            }
        }
        None
    })
}

/// The nearest cue before `at`.
pub(super) fn before(tokens: &[Token<'_>], at: usize) -> Option<Cue> {
    all_before(tokens, at).next()
}

fn class(tokens: &[Token<'_>], index: usize) -> Option<Class> {
    let word = tokens[index].folded.as_str();
    let left = index.checked_sub(1).map_or("", |left| tokens[left].folded.as_str());
    if let Some((.., class)) =
        PAIRS.iter().find(|(first, second, _)| *second == word && (first.is_empty() || *first == left))
    {
        return Some(*class);
    }
    // One letter is a cue with its colon only: "f: 020 …".
    if word.len() == 1 && !tokens.get(index + 1).is_some_and(|mark| mark.is(':')) {
        return None;
    }
    let found = CUES.iter().find(|(cue, _)| *cue == word)?;
    Some(found.1)
}
