//! Text as bytes: white space, sentences and clauses.

pub mod sentences;
pub mod whitespace;
