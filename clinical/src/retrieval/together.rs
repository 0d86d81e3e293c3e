//! A question and the facts of the note that came with it, searched for as one: "can he have the strong gel?" is about what the note says.
//!
//! The sense of both is that of one text, question first. What gives orders in a note is no fact: what is asked decides what is shown.

/// Question and facts as one text; an encoder that takes less reads its beginning.
#[must_use]
pub fn both(question: &str, facts: &str) -> String {
    format!("{question} {facts}")
}

/// What everything is compared with: the weighed mean of the question's vector and that of [`both`], `[dimensions]` each. Cosines are linear in
/// the vector, so each becomes the mean of two.
#[must_use]
pub fn mean(question: &[f32], both: &[f32], weight: f32) -> Vec<f32> {
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
}
