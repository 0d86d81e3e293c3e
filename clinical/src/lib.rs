//! What may be said: the question as typed, the sources an answer may use, and how they are found.
//!
//! Deterministic Rust without tensors and without a browser. Everything that comes from outside (what the user types,
//! `knowledge.json`, `grounding.json`) is read with limits and typed errors whose text the page can show as it is.
//!
//! The order of one question: [`question::Question::parse`] → [`retrieval::bm25::Bm25Index::search`] over a
//! [`knowledge::KnowledgeBase`] → the passages' [`text::sentences`] are the spans that grounded decoding
//! ([`grounding::Grounding`]) may copy from. A question about a dose is answered by rows of records, too: [`doses::DoseIndex`].

pub mod abbreviations;
pub mod assets;
pub mod calculator;
pub mod doses;
pub mod grounding;
#[cfg(test)]
mod growth;
pub mod identifiers;
pub mod integrity;
pub mod knowledge;
pub mod question;
pub mod records;
pub mod retrieval;
pub mod scope;
pub mod text;
pub mod triage;
pub mod verify;
