//! Whether an answer says something: key facts and forbidden strings of DentalQA are looked for letter by letter, case aside.

#[path = "../../../data/words.rs"]
mod words;

pub(crate) use words::holds;
