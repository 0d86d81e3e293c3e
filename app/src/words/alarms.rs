//! What the page says of red flags. What a red flag is called and what to do are the rule's own words.

use mambaformer_wasm::answer::{Alarm, FoundBy, Urgency};

use super::quoted;

words! { alarms:
    /// Under the reader's question where a red flag is only asked about.
    ASKED_ABOUT = asked_about;
    /// In the place of the words that a red flag rests on, where the second net raised it.
    BY_LIKENESS = by_likeness;
    /// Before whose advice it is.
    GUIDELINE = guideline;
}

/// The most urgent red flag, said again where the answer ends: a heading and what it means. A pathway is no emergency, and what is only
/// possible is to be ruled out.
#[must_use]
pub fn first(urgency: Urgency, found_by: FoundBy) -> (&'static str, &'static str) {
    if found_by == FoundBy::Net {
        return (say!(alarms.possible_first), say!(alarms.possible_first_means));
    }
    match urgency {
        Urgency::Immediate => (say!(alarms.now_first), say!(alarms.now_first_means)),
        Urgency::SameDay => (say!(alarms.today_first), say!(alarms.today_first_means)),
        Urgency::TwoWeeks => (say!(alarms.two_weeks_first), say!(alarms.two_weeks_first_means)),
    }
}

/// How soon something has to be done.
#[must_use]
pub fn urgency(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Immediate => say!(alarms.now),
        Urgency::SameDay => say!(alarms.today),
        Urgency::TwoWeeks => say!(alarms.two_weeks),
    }
}

/// An urgency as the style sheet and the tests name it.
#[must_use]
pub fn urgency_key(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Immediate => "immediate",
        Urgency::SameDay => "same_day",
        Urgency::TwoWeeks => "two_weeks",
    }
}

/// What a red flag is called. What the second net raised is only possible.
#[must_use]
pub fn name(alarm: &Alarm) -> String {
    match alarm.found_by {
        FoundBy::Rule => alarm.name.clone(),
        FoundBy::Net => say!(alarms.possibly, name = alarm.name.as_str()),
    }
}

/// What a red flag rests on: its words, each once, or its likeness to others; `None` where a rule names no words.
#[must_use]
pub fn rests_on(alarm: &Alarm) -> Option<String> {
    if alarm.found_by == FoundBy::Net {
        return Some(BY_LIKENESS().to_owned());
    }
    let mut words: Vec<String> = Vec::new();
    for word in alarm.words.iter().map(|word| quoted(word)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    (!words.is_empty()).then(|| say!(alarms.because, words = words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::alarm;
    use mambaformer_wasm::answer::AlarmKind;

    #[test]
    fn only_what_cannot_wait_is_an_emergency() {
        assert!(first(Urgency::Immediate, FoundBy::Rule).0.contains("Emergency"));
        for (urgency, found_by) in
            [(Urgency::SameDay, FoundBy::Rule), (Urgency::TwoWeeks, FoundBy::Rule), (Urgency::Immediate, FoundBy::Net)]
        {
            let (heading, meaning) = first(urgency, found_by);
            assert!(!heading.contains("Emergency") && !meaning.contains("emergency"), "{urgency:?} {found_by:?}");
        }
    }

    #[test]
    fn nor_in_german() {
        crate::language::speak(crate::language::Locale::de);
        assert!(first(Urgency::Immediate, FoundBy::Rule).0.contains("Notfall"));
        for (urgency, found_by) in
            [(Urgency::SameDay, FoundBy::Rule), (Urgency::TwoWeeks, FoundBy::Rule), (Urgency::Immediate, FoundBy::Net)]
        {
            let (heading, meaning) = first(urgency, found_by);
            assert!(!heading.contains("Notfall") && !meaning.contains("Notfall"), "{urgency:?} {found_by:?}");
        }
    }

    #[test]
    fn what_the_second_net_raised_is_possible_and_quotes_nothing() {
        let alarm = |found_by| Alarm { found_by, name: "Sepsis".to_owned(), ..alarm(AlarmKind::Alarm, "sepsis") };
        assert_eq!(name(&alarm(FoundBy::Rule)), "Sepsis");
        assert_eq!(name(&alarm(FoundBy::Net)), "Possibly: Sepsis");
        assert_eq!(rests_on(&alarm(FoundBy::Net)).as_deref(), Some(BY_LIKENESS()));
    }

    #[test]
    fn typed_words_are_quoted_once() {
        let word = |text: &str| text.to_owned();
        let typed = |words: Vec<String>| rests_on(&Alarm { words, ..alarm(AlarmKind::Alarm, "airway") });
        assert_eq!(typed(vec![]), None);
        assert_eq!(
            typed(vec![word("stridor"), word("  swollen tongue "), word("stridor")]).as_deref(),
            Some("Because you wrote: “stridor”, “swollen tongue”")
        );
    }
}
