//! The answer as it grows: pieces of text with their citations, closed into sentences.

use crate::answer::{Citation, Sentence};
use crate::protocol::Event;

/// A growing answer.
#[derive(Debug, Default)]
pub(super) struct Composition {
    text: String,
    sentences: Vec<Sentence>,
    /// The last sentence still takes pieces.
    open: bool,
}

impl Composition {
    /// Appends a piece; a space is put before it where the answer needs one. Returns the event that shows it.
    pub(super) fn push(&mut self, id: &str, piece: &str, citation: Option<Citation>) -> Event {
        let spaced = !self.text.is_empty()
            && !self.text.ends_with(char::is_whitespace)
            && !piece.starts_with([',', ';', '.', ':']);
        self.append(id, if spaced { " " } else { "" }, piece, citation)
    }

    /// Appends a piece as it is (generated text brings its own spaces).
    pub(super) fn push_raw(&mut self, id: &str, piece: &str, citation: Option<Citation>) -> Event {
        self.append(id, "", piece, citation)
    }

    fn append(&mut self, id: &str, space: &str, piece: &str, citation: Option<Citation>) -> Event {
        if !self.open {
            self.sentences.push(Sentence { text: String::new(), citations: Vec::new() });
            self.open = true;
        }
        let index = self.sentences.len() - 1;
        let sentence = &mut self.sentences[index];
        if !sentence.text.is_empty() {
            sentence.text.push_str(space);
        }
        sentence.text.push_str(piece);
        if let Some(citation) = &citation {
            match sentence.citations.last_mut() {
                // Neighbouring spans of one passage are one span.
                Some(last)
                    if last.passage == citation.passage
                        && last.end <= citation.start
                        && citation.start - last.end <= 1 =>
                {
                    last.end = citation.end;
                }
                _ => sentence.citations.push(citation.clone()),
            }
        }
        if piece.trim_end().ends_with(['.', '!', '?']) {
            self.open = false;
        }
        self.text.push_str(space);
        self.text.push_str(piece);
        Event::Text {
            id: id.to_owned(),
            text: format!("{space}{piece}"),
            sentence: u32::try_from(index).unwrap_or(u32::MAX),
            citation,
        }
    }

    /// Ends the sentence at hand: what comes next starts another.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// The answer and its sentences so far.
    pub(super) fn parts(&self) -> (String, Vec<Sentence>) {
        let mut sentences = self.sentences.clone();
        for sentence in &mut sentences {
            sentence.text = sentence.text.trim().to_owned();
        }
        (self.text.trim().to_owned(), sentences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cite(start: usize, end: usize) -> Citation {
        Citation { passage: "p".to_owned(), start, end }
    }

    #[test]
    fn pieces_become_sentences_with_merged_citations() {
        let mut answer = Composition::default();
        answer.push("1", "Yes.", None);
        answer.push("1", "Rinse the tooth,", Some(cite(0, 16)));
        let event = answer.push("1", "then replant it.", Some(cite(17, 33)));
        answer.push("1", "See a dentist.", Some(cite(60, 74)));
        let Event::Text { text, sentence, .. } = event else { unreachable!("a text event") };
        assert_eq!((text.as_str(), sentence), (" then replant it.", 1));
        let (text, sentences) = answer.parts();
        assert_eq!(text, "Yes. Rinse the tooth, then replant it. See a dentist.");
        assert_eq!(sentences.len(), 3);
        assert_eq!(sentences[1].citations, [Citation { passage: "p".to_owned(), start: 0, end: 33 }]);
        assert!(sentences[0].citations.is_empty());
    }
}
