//! Several texts of one case, such as a question and its note.
//!
//! They are searched as paragraphs of one text: what is a name in the note is one in the question, too, and has the same number.

use super::redact::{Numbers, Redacted, redact_with};
use super::{Identifier, Identifiers};

/// Between two texts: the end of a paragraph.
const BREAK: &str = "\n\n";

impl Identifiers {
    /// Finds and replaces the identifiers of every text; as many as `texts`, in their order.
    #[must_use]
    pub fn redact_all(&self, texts: &[&str]) -> Vec<Redacted> {
        let found = self.find(&texts.join(BREAK));
        let mut numbers = Numbers::default();
        let mut start = 0;
        let mut redacted = Vec::with_capacity(texts.len());
        for text in texts {
            let end = start + text.len();
            // What reaches over the break (an address, say) is replaced on both sides of it.
            let own: Vec<Identifier> = found
                .iter()
                .map(|identifier| (identifier.class, identifier.bytes.start.max(start)..identifier.bytes.end.min(end)))
                .filter(|(_, bytes)| bytes.start < bytes.end)
                .map(|(class, bytes)| Identifier { class, bytes: bytes.start - start..bytes.end - start })
                .collect();
            redacted.push(redact_with(text, &own, &mut numbers));
            start = end + BREAK.len();
        }
        redacted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::labelled::LISTS;
    use proptest::prelude::*;

    fn finder() -> Identifiers {
        Identifiers::from_bytes(LISTS).expect("the lists")
    }

    #[test]
    fn what_is_a_name_in_the_note_is_one_in_the_question() {
        let texts =
            ["Can Brackwell have amoxicillin?", "Mrs Brackwell, born 12/03/1948, tel. 020 7946 0958. Pain in 36."];
        let redacted = finder().redact_all(&texts);
        assert_eq!(redacted[0].text, "Can [NAME 1] have amoxicillin?");
        assert!(redacted[1].text.starts_with("Mrs [NAME 1], born [DATE 1], tel. [PHONE 1]."), "{}", redacted[1].text);
        assert!(redacted[1].text.ends_with("Pain in 36."), "{}", redacted[1].text);
        assert_eq!(redacted[1].replaced.len(), 3);
    }

    #[test]
    fn every_text_comes_back_in_its_place() {
        let finder = finder();
        assert!(finder.redact_all(&[]).is_empty());
        let plain = ["", "Pain in 36.", ""];
        let texts: Vec<String> = finder.redact_all(&plain).into_iter().map(|redacted| redacted.text).collect();
        assert_eq!(texts, plain);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Arbitrary texts never panic, and what is not replaced stays.
        #[test]
        fn any_texts(texts in proptest::collection::vec("\\PC{0,40}(Dr Smith|12/03/1948|\n)?\\PC{0,20}", 0..4)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            for (text, redacted) in texts.iter().zip(finder().redact_all(&texts)) {
                if redacted.replaced.is_empty() {
                    prop_assert_eq!(*text, redacted.text);
                }
            }
        }
    }
}
