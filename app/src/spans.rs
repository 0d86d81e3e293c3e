//! Cutting a passage into marked and plain pieces.

/// How a piece of a passage is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Not used by the answer.
    Plain,
    /// Used by some sentence of the answer.
    Cited,
    /// Used by the sentence the reader has chosen.
    Chosen,
}

/// `text` as pieces that together are exactly `text`. Spans are bytes; one that does not fit the text is left out, so
/// that a wrong span can never hide or invent words.
#[must_use]
pub fn pieces<'t>(text: &'t str, cited: &[(usize, usize)], chosen: &[(usize, usize)]) -> Vec<(&'t str, Mark)> {
    let fits = |&&(start, end): &&(usize, usize)| start < end && text.get(start..end).is_some();
    let cited: Vec<_> = cited.iter().filter(fits).collect();
    let chosen: Vec<_> = chosen.iter().filter(fits).collect();
    let mut edges = vec![0, text.len()];
    for (start, end) in cited.iter().chain(&chosen) {
        edges.extend([*start, *end]);
    }
    edges.sort_unstable();
    edges.dedup();
    let covers = |spans: &[&(usize, usize)], at: usize| spans.iter().any(|(start, end)| (*start..*end).contains(&at));
    let mut pieces: Vec<(&str, Mark)> = Vec::new();
    let mut piece_start = 0;
    let mut open: Option<Mark> = None;
    for (&from, &to) in edges.iter().zip(edges.iter().skip(1)) {
        let mark = if covers(&chosen, from) {
            Mark::Chosen
        } else if covers(&cited, from) {
            Mark::Cited
        } else {
            Mark::Plain
        };
        if open.is_some_and(|previous| previous != mark) {
            pieces.extend(text.get(piece_start..from).zip(open));
            piece_start = from;
        }
        open = Some(mark);
        if to == text.len() {
            pieces.extend(text.get(piece_start..to).zip(open));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &[(&str, Mark)]) -> String {
        pieces.iter().map(|(text, _)| *text).collect()
    }

    #[test]
    fn pieces_are_cut_at_the_spans() {
        let text = "Größe: 5 mm. Mehr nicht.";
        assert_eq!(pieces(text, &[], &[]), vec![(text, Mark::Plain)]);
        assert_eq!(pieces(text, &[(0, 7)], &[]), vec![("Größe", Mark::Cited), (": 5 mm. Mehr nicht.", Mark::Plain)]);
        assert_eq!(
            pieces(text, &[(0, 14)], &[(9, 14), (15, 19)]),
            vec![
                ("Größe: ", Mark::Cited),
                ("5 mm.", Mark::Chosen),
                (" ", Mark::Plain),
                ("Mehr", Mark::Chosen),
                (" nicht.", Mark::Plain)
            ]
        );
    }

    #[test]
    fn adjoining_and_overlapping_spans_become_one_piece() {
        let found = pieces("abcdef", &[(0, 2), (2, 4), (1, 5)], &[]);
        assert_eq!(found, vec![("abcde", Mark::Cited), ("f", Mark::Plain)]);
    }

    #[test]
    fn wrong_spans_are_left_out_and_no_text_is_lost() {
        let text = "🦷 ok";
        for span in [(1, 4), (0, 99), (3, 1), (4, 4), (usize::MAX - 1, usize::MAX)] {
            assert_eq!(pieces(text, &[span], &[span]), vec![(text, Mark::Plain)], "{span:?}");
        }
        assert_eq!(joined(&pieces(text, &[(0, 4)], &[(5, 7)])), text);
        assert!(pieces("", &[(0, 0)], &[]).is_empty());
    }
}
