//! Names of persons that have become names of things: "Ludwig angina", "Hutchinson's incisors".

use super::token::{Gap, Token};

/// Nouns of dentistry and medicine before which a name is an eponym.
#[rustfmt::skip]
const EPONYM_NOUNS: &[&str] = &[
    "anatomy", "angina", "angle", "aphthae", "appliance", "approach", "area", "arteritis", "bag", "balanced", "band",
    "bite", "blade", "bodies", "body", "book", "bur", "burs", "canal", "cavity", "cell", "cells", "clasp", "clasps",
    "class", "classification", "clip", "concept", "consensus", "crib", "cribs", "criteria", "crystals", "curette",
    "curettes", "cyst", "disease", "drill", "drills", "drug", "duct", "dye", "elevator", "elevators", "epithelium",
    "equation", "fibers", "fibres", "file", "files", "flap", "foramen", "forceps", "formula", "fracture", "fractures",
    "gauge", "gel", "gland", "glands", "grade", "granules", "group", "guideline", "guidelines", "handle", "holder",
    "horizontal", "implant", "incisor", "incisors", "index", "injection", "judgement", "judgment", "key", "knife",
    "ligament", "line", "lines", "loop", "method", "mirror", "molars", "mouthwash", "needle", "nerve", "notch",
    "oedema", "pack", "palsy", "paralysis", "paste", "pillow", "plane", "plaster", "position", "probe", "probes",
    "procedure", "reaction", "reflex", "report", "retainer", "retractor", "ring", "rinse", "rule", "scale", "scaler",
    "scissors", "score", "scores", "screw", "sign", "solution", "space", "splint", "sponge", "spots", "spring",
    "springs", "stage", "stain", "staining", "strip", "study", "suture", "syndrome", "system", "technique", "teeth",
    "test", "thyroiditis", "triad", "trial", "tube", "tweezers", "type", "ulcer", "view", "virus", "wort",
];

/// What makes a capital word an eponym: a possessive or a noun of dentistry behind it.
pub(super) fn eponym_follows(tokens: &[Token<'_>], end: usize) -> bool {
    tokens.get(end).is_some_and(|next| {
        let possessive = matches!(next.text, "'" | "’") && next.gap == Gap::None;
        let mut noun = if possessive { end + 2 } else { end };
        // "Stevens-Johnson syndrome".
        while noun < end + 8
            && tokens.get(noun).is_some_and(|hyphen| matches!(hyphen.text, "-" | "–") && hyphen.gap == Gap::None)
            && tokens.get(noun + 1).is_some_and(Token::is_capital)
        {
            noun += 2;
        }
        tokens.get(noun).is_some_and(|noun| noun.gap != Gap::Line && EPONYM_NOUNS.contains(&noun.folded.as_str()))
    })
}
