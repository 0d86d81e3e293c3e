//! What is only told to a screen reader.

words! { spoken:
    /// Questions are answered from now on.
    READY = ready;
}

/// How many sources were found.
#[must_use]
pub fn sources(count: usize) -> String {
    say!(spoken.sources, count = count)
}

/// How many dose records were found; `None` where the question is about something else.
#[must_use]
pub fn doses(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some(say!(spoken.dose_one).to_owned()),
        count => Some(say!(spoken.dose_many, count = count)),
    }
}
