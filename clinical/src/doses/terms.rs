//! The words of indications: stems with one spelling, and what clinicians abbreviate.

use super::words::listed;
use crate::retrieval::analyze::{Analyzer, is_stop_word};

/// Short forms and lay words with the words that records use for them.
const SAME: &[(&str, &str)] = &[
    ("ache", "pain"),
    ("ana", "anaphylaxis"),
    ("anug", "necrotising gingivitis"),
    ("antibiotic", "infection"),
    ("anxious", "anxiety sedation"),
    ("anxiolysis", "anxiety sedation"),
    ("bms", "burning mouth"),
    ("candidiasis", "candidosis"),
    ("candida", "candidosis"),
    ("canker", "aphthous"),
    ("cover", "prophylaxis"),
    ("fit", "seizure"),
    ("fungal", "candidosis"),
    ("heart", "myocardial angina endocarditis"),
    ("hsv", "herpes simplex"),
    ("hypo", "hypoglycaemia"),
    ("ie", "infective endocarditis"),
    ("im", "intramuscular"),
    ("inject", "intramuscular intravenous"),
    ("injected", "intramuscular intravenous"),
    ("injection", "intramuscular intravenous"),
    ("iv", "intravenous"),
    ("last", "local anaesthetic toxicity"),
    ("mi", "myocardial infarction"),
    ("methb", "methaemoglobinaemia"),
    ("mouthrinse", "mouthwash"),
    ("nug", "necrotising gingivitis"),
    ("oac", "oro antral communication"),
    ("olp", "oral lichen planus"),
    ("orn", "osteoradionecrosis"),
    ("paste", "toothpaste"),
    ("prevention", "prophylaxis"),
    ("prevent", "prophylaxis"),
    ("ras", "recurrent aphthous"),
    ("rinse", "mouthwash"),
    ("sedate", "sedation"),
    ("sl", "sublingual"),
    ("thrush", "candidosis"),
    ("tmd", "temporomandibular"),
    ("tmj", "temporomandibular"),
    ("tn", "trigeminal neuralgia"),
    ("toothache", "dental pain"),
    ("ulceration", "aphthous ulcer"),
    ("ulcer", "aphthous"),
    ("valve", "endocarditis"),
    ("xerostomia", "dry mouth"),
    ("xla", "extraction"),
];

/// Words of every question about a dose: they do not tell one record from another.
const COMMON: &str = "dose dosage dosing drug give given many mg much often patient dentist dentistry prescribe \
    prescription regimen right take taken use used year old yo adult child children kid uk us usa \
    american british correct standard usual recommended guidance guideline maximum max day daily hour \
    times need aged age";

/// Turns words into terms.
#[derive(Default)]
pub(super) struct Terms {
    analyzer: Analyzer,
}

impl Terms {
    /// The term of a word; none for words that say nothing. British and American spellings are one term.
    pub(super) fn term(&self, word: &str) -> Option<String> {
        if listed(COMMON, word) || is_stop_word(word) {
            return None;
        }
        self.analyzer.stem(&word.replace("ae", "e").replace("oe", "e"))
    }

    /// The terms of a word and of what it stands for.
    pub(super) fn expanded(&self, word: &str) -> Vec<String> {
        let mut terms: Vec<String> = self.term(word).into_iter().collect();
        let singular = word.strip_suffix('s').unwrap_or(word);
        if let Some((_, same)) = SAME.iter().find(|(short, _)| *short == word || *short == singular) {
            terms.extend(same.split(' ').filter_map(|word| self.term(word)));
        }
        terms
    }
}
