//! Finding the passages for a question: words ([`analyze`]), BM25 over them ([`bm25`]), and vectors of meaning ([`dense`]).

pub mod analyze;
pub mod bm25;
pub mod dense;
