//! A question and the facts of the note that came with it, searched for as one: "can he have the strong gel?" is about what the note says.
//!
//! The sense of both is that of one text, question first. What gives orders in a note is no fact: what is asked decides what is shown.
//! A question with short forms or drugs is read twice, as it is typed and with what they stand for.

/// Question and facts as one text; an encoder that takes less reads its beginning.
#[must_use]
pub fn both(question: &str, facts: &str) -> String {
    format!("{question} {facts}")
}

/// The vectors of a question, `[dimensions]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Sense {
    /// Of what was typed and nothing else.
    pub typed: Vec<f32>,
    /// Of the question: the mean of that and of the question in full.
    pub asked: Vec<f32>,
    /// Of question and facts as one text; nothing without facts.
    pub with_facts: Option<Vec<f32>>,
    /// What everything is compared with.
    pub searched: Vec<f32>,
}

/// Reads a question by `vector`, with itself `in_full` where that says more, and with the facts of its note and how many times they count.
pub fn sense<E>(
    vector: impl Fn(&str) -> Result<Vec<f32>, E>,
    question: &str,
    in_full: Option<&str>,
    facts: Option<(&str, f32)>,
) -> Result<Sense, E> {
    let typed = vector(question)?;
    let asked = match in_full {
        Some(in_full) => mean(&typed, &vector(in_full)?, 1.0),
        None => typed.clone(),
    };
    let Some((facts, weight)) = facts else {
        return Ok(Sense { searched: asked.clone(), typed, asked, with_facts: None });
    };
    let with_facts = vector(&both(in_full.unwrap_or(question), facts))?;
    Ok(Sense { searched: mean(&asked, &with_facts, weight), typed, asked, with_facts: Some(with_facts) })
}

/// The weighed mean of two vectors, `[dimensions]` each. Cosines are linear in the vector, so each becomes the mean of two.
fn mean(question: &[f32], both: &[f32], weight: f32) -> Vec<f32> {
    question.iter().zip(both).map(|(own, both)| (own + weight * both) / (1.0 + weight)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_the_mean_of_both() {
        let found = mean(&[1.0, 0.0], &[0.0, 1.0], 3.0);
        assert_eq!(found, [0.25, 0.75]);
        assert_eq!(mean(&[1.0, 0.5], &[0.0, 1.0], 0.0), [1.0, 0.5]);
    }

    #[test]
    fn each_text_that_is_there_counts() {
        // The vector of a text: its letters, and its brackets.
        let vector = |text: &str| Ok::<_, ()>(vec![text.len() as f32, text.matches('(').count() as f32]);
        let read = |in_full, facts| sense(vector, "MI?", in_full, facts).expect("reads");
        let plain = read(None, None);
        assert_eq!(
            (&plain.typed, &plain.asked, &plain.searched, &plain.with_facts),
            (&vec![3.0, 0.0], &vec![3.0, 0.0], &vec![3.0, 0.0], &None)
        );
        let full = read(Some("MI? (heart)"), None);
        assert_eq!((full.typed, &full.asked, &full.searched), (vec![3.0, 0.0], &vec![7.0, 0.5], &vec![7.0, 0.5]));
        let noted = read(Some("MI? (heart)"), Some(("Last week.", 3.0)));
        assert_eq!(
            (noted.asked, noted.with_facts, noted.searched),
            (vec![7.0, 0.5], Some(vec![22.0, 1.0]), vec![18.25, 0.875])
        );
        assert!(sense(|_| Err::<Vec<f32>, _>("broken"), "MI?", None, None).is_err());
    }
}
