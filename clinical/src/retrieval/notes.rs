//! A pasted note, searched as well: its lines that matter to the question. They are the patient's facts, never advice.

use std::ops::Range;

use super::index::{Entry, SearchIndex};
use super::lexicon::Lexicon;
use super::parameters::Ranking;
use crate::question::Note;

/// The most words of one chunk.
pub const MAX_CHUNK_WORDS: usize = 80;

/// A part of the patient's note that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct NoteHit {
    /// Its bytes in [`Note::text`].
    pub range: Range<usize>,
    /// What it was ranked by; comparable within one search only.
    pub score: f32,
    /// Share of the question's words that it holds, weighted by rarity within the note.
    pub coverage: f32,
}

/// The index of one note.
pub struct NoteIndex {
    chunks: Vec<Range<usize>>,
    index: SearchIndex,
}

impl NoteIndex {
    /// Cuts a note into its sentences and lines, long ones at [`MAX_CHUNK_WORDS`], and indexes them.
    #[must_use]
    pub fn of(note: &Note, lexicon: &Lexicon, ranking: Ranking) -> NoteIndex {
        let chunks: Vec<Range<usize>> =
            note.sentences().iter().flat_map(|sentence| cut(note.text(), sentence.clone())).collect();
        let entries = chunks
            .iter()
            .map(|range| Entry { text: note.text().get(range.clone()).unwrap_or_default(), ..Entry::default() });
        let index = SearchIndex::build(entries, lexicon, ranking);
        NoteIndex { chunks, index }
    }

    /// The chunks, in the note's order: bytes of [`Note::text`].
    #[must_use]
    pub fn chunks(&self) -> &[Range<usize>] {
        &self.chunks
    }

    /// The `limit` chunks that matter most to `question`, best first.
    #[must_use]
    pub fn search(&self, question: &str, limit: usize) -> Vec<NoteHit> {
        let found = self.index.search(question, limit);
        let hits = found.hits.into_iter();
        hits.filter_map(|hit| {
            let range = self.chunks.get(hit.entry)?.clone();
            Some(NoteHit { range, score: hit.score, coverage: hit.coverage })
        })
        .collect()
    }
}

/// `range` of `text` in pieces of at most [`MAX_CHUNK_WORDS`] words.
fn cut(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut words, mut inside) = (range.start, 0, false);
    for (at, c) in text.get(range.clone()).unwrap_or_default().char_indices() {
        let at = range.start + at;
        if c.is_whitespace() {
            inside = false;
        } else if !inside {
            inside = true;
            if words == MAX_CHUNK_WORDS {
                pieces.push(start..text[start..at].trim_end().len() + start);
                (start, words) = (at, 0);
            }
            words += 1;
        }
    }
    if words > 0 {
        pieces.push(start..range.end);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::Question;
    use crate::retrieval::lexicon::tests::shipped as lexicon;
    use crate::retrieval::parameters::tests::shipped as parameters;
    use proptest::prelude::*;

    fn index(note: &str) -> (Question, NoteIndex) {
        let question = Question::parse("q", Some(note)).expect("within the limits");
        let index = NoteIndex::of(question.note().expect("visible"), &lexicon(), parameters().ranking);
        (question, index)
    }

    #[test]
    fn finds_the_lines_that_matter() {
        let (question, index) = index(
            "66 yo man, LL6 extraction planned.\nMH: atrial fibrillation, takes warfarin, INR 2.4 yesterday.\nNKDA.\nLikes gardening.",
        );
        let note = question.note().expect("a note");
        for (asked, expected) in
            [("Is he on an anticoagulant?", "warfarin"), ("allergies NKDA", "NKDA"), ("which tooth is for xla", "LL6")]
        {
            let found = index.search(asked, 1);
            let text = found.first().map(|hit| &note.text()[hit.range.clone()]);
            assert!(text.is_some_and(|text| text.contains(expected)), "{asked}: {text:?}");
        }
        assert!(index.search("fluoride varnish", 3).is_empty());
    }

    #[test]
    fn long_lines_are_cut_between_words() {
        let (question, index) = index(&"tooth ".repeat(200));
        let text = question.note().expect("a note").text().to_owned();
        let words: Vec<usize> =
            index.chunks().iter().map(|range| text[range.clone()].split_whitespace().count()).collect();
        assert_eq!(words, [80, 80, 40]);
    }

    proptest! {
        #[test]
        fn any_note_and_question(note in "(.|\\s){0,300}", question in "(.|\\s){0,80}") {
            if let Ok(parsed) = Question::parse("q", Some(&note))
                && let Some(note) = parsed.note()
            {
                let index = NoteIndex::of(note, &lexicon(), parameters().ranking);
                for hit in index.search(&question, 5) {
                    prop_assert!(note.text().get(hit.range).is_some(), "on character boundaries");
                }
            }
        }
    }
}
