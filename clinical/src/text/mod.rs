//! Text as bytes: white space, sentences and clauses.

pub mod marked;
pub mod phrases;
pub mod sentences;
pub mod whitespace;
