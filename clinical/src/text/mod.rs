//! Text as bytes: white space, sentences and clauses.

pub mod marked;
pub mod sentences;
pub mod whitespace;
