//! Finding the entries of the knowledge base for a question.
//!
//! [`lexicon`] and [`parameters`] are read once; [`index::SearchIndex::build`] takes the entries with the words of their topics ([`topics`]);
//! [`index::SearchIndex::search`] ranks them by words, [`dense`] compares their lines by meaning, and [`fusion::fuse`] puts both together;
//! [`lines`] says which of their lines an answer begins with. A
//! pasted note is searched for with the question ([`together`]). [`bm25`] is the plain ranking that the assistant began with; training follows it.

pub mod alike;
pub mod analyze;
pub mod bm25;
pub mod dense;
pub mod fit;
pub mod fusion;
pub mod index;
pub mod lexicon;
pub mod lines;
pub mod parameters;
pub mod query;
pub mod read;
pub mod sealed;
pub mod search;
pub mod spelling;
pub mod together;
pub mod topics;
