//! Questions about doses and limits, answered by records: never by the row of another drug, and never by an adult's dose
//! where a child's was asked.
//!
//! [`DoseIndex::of`] once a knowledge base; then [`DoseIndex::parse`] says whether a question asks for a dose and
//! [`DoseIndex::answer`] which rows answer it, what was assumed, and what was asked and is not there.

mod answer;
mod growth;
mod index;
mod lexicon;
mod patient;
mod question;
mod region;
mod terms;
#[cfg(test)]
mod tests;
pub(crate) mod words;
mod worked;

pub use answer::{Assumption, DoseAnswer, DoseRow, Missing};
pub use index::DoseIndex;
pub use lexicon::Lexicon;
pub use patient::{Condition, Patient};
pub use question::DoseQuestion;
