//! Finding the passages for a question: words ([`analyze`]) and BM25 over them ([`bm25`]).

pub mod analyze;
pub mod bm25;
